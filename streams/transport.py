"""Faust's Kafka transport, handing over whole partition batches instead of single records.

The group, the co-partitioned assignment, rebalances and the worker's life stay Faust's. Two things
change: `getmany` yields one message for each fetched partition batch (one task for thousands of
records instead of two tasks for each), and positions come from the database instead of Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol, cast

import aiokafka
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from ioc.errors import UnknownPositionError
from ioc.event import Headers
from streams import lenient

log = logging.getLogger(__name__)

#: How long the broker may hold a fetch that finds nothing; the driver's own 1500 ms would be the
#: latency of a quiet night.
FETCH_WAIT_MS = 100
#: Kafka's number for a timestamp that the producer gave; nobody looks at it.
CREATE_TIME = 0
#: Between the broker's answer «there is no more» and our reading of the clock.
ANSWER_MARGIN = timedelta(seconds=1)
#: A broker that is away must not hold up who asks.
ASK_ENDS_S = 2.0


class Record(Protocol):
    """A Kafka record, as aiokafka's compiled reader makes it."""

    @property
    def offset(self) -> int:
        """Where it is in its partition."""

    @property
    def timestamp(self) -> int:
        """When Kafka had it, in milliseconds since 1970."""

    @property
    def key(self) -> bytes | None:
        """Whatever its producer chose."""

    @property
    def value(self) -> bytes | None:
        """An event, it is hoped."""

    @property
    def headers(self) -> Headers:
        """Names and values."""


class BareRecord(NamedTuple):
    """A record that has come through a socket."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records of one partition: everything in [start, end), `start` being where it was fetched."""

    topic: str
    partition: int
    start: int
    end: int
    records: Sequence[Record]


class _BareRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """Hands records over as they were read; aiokafka would make a second object of each."""

    def __iter__(self) -> Iterator[Record]:
        return cast("Iterator[Record]", self._records_iterator)

    def _consumer_record(self, tp: Any, record: Record) -> Record:
        return record


fetcher.PartitionRecords = _BareRecords


class Ledger(Protocol):
    """Who knows where each partition is read up to."""

    async def settle(self) -> None:
        """Wait until no batch of ours is on its way to the database."""

    async def claim(self, earliest: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        """Return the stored position of each partition; those never seen start at the earliest."""


class ConsumerThreadWithShortWait(driver.AIOKafkaConsumerThread):
    """The driver's consumer thread, with a fetch wait of our own.

    It knows where each fetch began: between a fetch and its delivery a seek may come, and a batch
    must never claim records that it does not hold.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._next: dict[TP, int] = {}
        self._starts: dict[tuple[TP, int], int] = {}

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # read when it starts; the driver fixes 1500
        return consumer

    async def _fetch_records(
        self, consumer: aiokafka.AIOKafkaConsumer, *args: Any, **kwargs: Any
    ) -> Any:
        try:
            found = await super()._fetch_records(consumer, *args, **kwargs)
        except NoOffsetForPartitionError:
            return {}  # asked between the assignment and our seek; raising it has cleared it
        except UnicodeDecodeError:
            if lenient.is_installed():
                raise
            lenient.install()
            for tp, position in self._next.items():
                if tp in self.assignment():
                    consumer.seek(driver.ensure_aiokafka_TP(tp), position)
            return {}
        for fetched, records in found.items():
            if records:
                tp, first = ensure_TP(fetched), records[0].offset
                self._starts[tp, first] = min(self._next.get(tp, first), first)
                self._next[tp] = records[-1].offset + 1
        return found

    async def _seek_wait(
        self, consumer: aiokafka.AIOKafkaConsumer, partitions: Mapping[TP, int]
    ) -> None:
        for tp, offset in partitions.items():
            self._next[tp] = offset
            for stale in [key for key in self._starts if key[0] == tp]:
                del self._starts[stale]
        await super()._seek_wait(consumer, partitions)

    def start_of(self, tp: TP, first: int) -> int:
        """Return the position at which the fetch that begins with this record was made."""
        return self._starts.pop((tp, first), first)

    def passed(self, tp: TP) -> int | None:
        """Return up to where the partition was read; beyond the last record are only markers."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment
        position: int | None = assignment.state_value(driver.ensure_aiokafka_TP(tp))._position
        return position

    def answered_at(self, tp: TP) -> datetime | None:
        """Return when the broker last said how far the partition goes."""
        timestamp_ms = self._ensure_consumer().last_poll_timestamp(driver.ensure_aiokafka_TP(tp))
        return None if timestamp_ms is None else datetime.fromtimestamp(timestamp_ms / 1000, UTC)


class BatchConsumer(driver.Consumer):
    """A consumer whose messages are `RecordBatch`es and whose positions are the database's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Where the next fetched batch of each partition starts.
        self.fetched: dict[TP, int] = {}
        #: Where the database stands, as far as this worker knows.
        self.stored: dict[TP, int] = {}
        #: How far the partitions that are behind go, as the broker said when it was last asked.
        self.ends: dict[TP, int] = {}

    def _new_consumer_thread(self) -> ConsumerThreadWithShortWait:
        return ConsumerThreadWithShortWait(self, loop=self.loop, beacon=self.beacon)

    # -- positions ------------------------------------------------------------------------------

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where the database stands; Kafka's own committed offsets are for displays."""
        await cast("BatchTransport", self.transport).ledger.settle()
        positions = await self._positions(self.assignment())
        await self._thread.seek_wait(positions)
        self.fetched = dict(positions)
        self.stored = dict(positions)
        log.info("reading from the stored positions", extra={"action": "seek_partitions"})
        return positions

    async def reread(self, tp: TP) -> None:
        """Go back to where the database stands, after somebody else was faster."""
        if tp not in self.assignment():
            return
        positions = await self._positions({tp})
        await self._thread.seek_wait(positions)
        self.fetched[tp] = self.stored[tp] = positions[tp]

    async def _positions(self, partitions: set[TP]) -> dict[TP, int]:
        if not partitions:
            return {}
        transport = cast("BatchTransport", self.transport)
        earliest = await self._thread.earliest_offsets(*partitions)
        ends = await self._thread.highwaters(*partitions)
        stored = await transport.ledger.claim(
            {(tp.topic, tp.partition): offset for tp, offset in earliest.items()}
        )
        positions = {tp: stored[tp.topic, tp.partition] for tp in partitions}
        for tp, position in positions.items():
            too_far = transport.trust_ends and position > ends[tp]
            if position < earliest[tp] or too_far:
                error = UnknownPositionError(
                    f"{tp.topic}[{tp.partition}] is stored as read up to {position}, but Kafka has "
                    f"only {earliest[tp]} to {ends[tp]}: events are missing there. Restore the "
                    "topic, or accept the gap with `ioc doctor --accept-gap`."
                )
                await self.app.crash(error)
                raise error
        return positions

    # -- batches --------------------------------------------------------------------------------

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - the driver's signature
        """Yield one message for each partition that has records."""
        records, active = await self._wait_next_records(timeout)
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            # Stopped while we waited: what was fetched is dropped, so go back to before it.
            await self.perform_seek()
            return
        generation = self.app.consumer_generation_id
        for tp, found in records.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if found and (active is None or tp in active or tp in self._buffered_partitions):
                yield tp, self._batch_message(ensure_TP(tp), cast("Any", found))

    def _batch_message(self, tp: TP, records: Sequence[Record]) -> ConsumerMessage:
        last = records[-1]
        start = cast("ConsumerThreadWithShortWait", self._thread).start_of(tp, records[0].offset)
        end = last.offset + 1
        self.fetched[tp] = end
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            CREATE_TIME,
            None,
            None,
            cast("bytes", RecordBatch(tp.topic, tp.partition, start, end, records)),
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    # -- commits (for displays of lag) ------------------------------------------------------------

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: the offsets between two batches are inside the second one."""

    def _new_offset(self, tp: TP) -> int | None:
        """Return the end of the last acknowledged batch; batches finish in order."""
        acked = self._acked[tp]
        if not acked:
            return None
        newest = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return newest + 1

    # -- how far the stream is --------------------------------------------------------------------

    def empty_since(self, tp: TP) -> datetime | None:
        """Return until when the partition is known to have nothing that is not stored.

        None while there is something left to do, or nobody can say. It is the broker's answer that
        counts, not our clock: while Kafka is away, time does not pass for silence timers.
        """
        position = self.stored.get(tp)
        if position is None or position != self.fetched.get(tp) or self.lag(tp) > 0:
            return None
        with contextlib.suppress(AssertionError):  # lost to a rebalance a moment ago
            answered_at = cast("ConsumerThreadWithShortWait", self._thread).answered_at(tp)
            return None if answered_at is None else answered_at - ANSWER_MARGIN
        return None

    async def ask_ends(self) -> None:
        """Ask how far the partitions go that are behind: while nothing is fetched, nobody says."""
        behind = [tp for tp in self.stored if tp in self.assignment() and self.lag(tp) > 0]
        try:
            async with asyncio.timeout(ASK_ENDS_S):
                self.ends = dict(await self._thread.highwaters(*behind)) if behind else {}
        except (TimeoutError, KafkaError) as error:
            log.debug("Kafka does not say how far it goes: %s", error)

    def lag(self, tp: TP) -> int:
        """Return how many records are waiting, as far as the broker has said."""
        position = self.stored.get(tp, 0)
        with contextlib.suppress(AssertionError, KeyError):  # lost to a rebalance a moment ago
            end = max(self.highwater(tp) or 0, self.ends.get(tp, 0))
            if position == self.fetched.get(tp):
                # A transaction's markers take offsets and are no records.
                position = max(
                    position, cast("ConsumerThreadWithShortWait", self._thread).passed(tp) or 0
                )
            return max(0, end - position)
        return 0


class BatchTransport(driver.Transport):
    """Hands out `BatchConsumer`s that ask `ledger` for their positions."""

    Consumer = BatchConsumer

    def __init__(self, *args: Any, ledger: Ledger, trust_ends: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ledger = ledger
        #: The embedded broker's high watermark reads low; only Kafka's is worth a comparison.
        self.trust_ends = trust_ends
