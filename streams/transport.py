"""Faust's Kafka transport, handing over whole partition batches instead of single records.

The group, the co-partitioned assignment, rebalances and the worker's life stay Faust's. Two things
change: `getmany` yields a message for thousands of fetched records of a partition, unopened (one
task instead of two tasks for each record), and positions come from the database instead of Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import aiokafka
from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from ioc.errors import UnknownPositionError
from streams.fetched import Fetched, Packed, cut, install, unopened

log = logging.getLogger(__name__)

#: How long the broker may hold a fetch that finds nothing; the driver's own 1500 ms would be the
#: latency of a quiet night.
FETCH_WAIT_MS = 100
#: So many records of a partition are a message, about; units of work are made of these.
PIECE_ROWS = 1_000
#: Kafka's number for a timestamp that the producer gave; nobody looks at it.
CREATE_TIME = 0
#: Between the broker's answer «there is no more» and our reading of the clock.
ANSWER_MARGIN = timedelta(seconds=1)
#: A broker that is away must not hold up who asks.
ASK_ENDS_S = 2.0


install()


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
        # Both are read when it starts; the driver fixes 1500, and knows of no such thing.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._value_deserializer = unopened
        return consumer

    async def _fetch_records(
        self, consumer: aiokafka.AIOKafkaConsumer, *args: Any, **kwargs: Any
    ) -> Any:
        try:
            found = await super()._fetch_records(consumer, *args, **kwargs)
        except NoOffsetForPartitionError:
            return {}  # asked between the assignment and our seek; raising it has cleared it
        for partition, packed in found.items():
            if packed:
                tp, first = ensure_TP(partition), packed[0].start
                self._starts[tp, first] = min(self._next.get(tp, first), first)
                self._next[tp] = packed[-1].end
        return found

    async def _seek_wait(
        self, consumer: aiokafka.AIOKafkaConsumer, partitions: Mapping[TP, int]
    ) -> None:
        # One that was taken away meanwhile is sought by whoever has it now, or by us when it comes
        # back; the driver would end the worker for it.
        ours = {tp: offset for tp, offset in partitions.items() if tp in consumer.assignment()}
        for tp, offset in ours.items():
            self._next[tp] = offset
            for stale in [key for key in self._starts if key[0] == tp]:
                del self._starts[stale]
        await super()._seek_wait(consumer, ours)

    def start_of(self, tp: TP, first: int) -> int:
        """Return where the fetch before the one that begins here has ended: between are markers."""
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
    """A consumer whose messages are `Fetched` and whose positions are the database's."""

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
            if found and (active is None or tp in active or tp in self._buffered_partitions):
                packed = cast("Sequence[Packed]", found)
                start = self._known_thread().start_of(tp, packed[0].start)
                for piece in cut(tp.topic, tp.partition, start, packed, PIECE_ROWS):
                    if not self.flow_active or self.app.consumer_generation_id != generation:
                        return
                    yield tp, self._message(ensure_TP(tp), piece)

    def _message(self, tp: TP, piece: Fetched) -> ConsumerMessage:
        self.fetched[tp] = piece.end
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            piece.end - 1,
            0.0,  # each record has its own
            CREATE_TIME,
            None,
            None,
            cast("bytes", piece),
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def _known_thread(self) -> ConsumerThreadWithShortWait:
        return cast("ConsumerThreadWithShortWait", self._thread)

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
            answered_at = self._known_thread().answered_at(tp)
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
                position = max(position, self._known_thread().passed(tp) or 0)
            return max(0, end - position)
        return 0


class BatchTransport(driver.Transport):
    """Hands out `BatchConsumer`s that ask `ledger` for their positions."""

    Consumer = BatchConsumer

    def __init__(self, *args: Any, ledger: Ledger, trust_ends: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ledger = ledger
        #: The embedded broker's high watermark is where its last batch begins, not where it ends.
        self.trust_ends = trust_ends
