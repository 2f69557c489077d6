"""From fetched batches to commits: the next are decoded while the database works on those before.

What waits when a connection comes free goes into one transaction, up to a number of rows: a quiet
night's event is committed at once, a busy day's by the ten thousand. Batches of one partition are
committed in their order; those of different partitions side by side or together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import cast

from faust.types import TP, EventT

from ioc import clock, metrics
from ioc.source import BY_TOPIC
from streams.batch import Decoded, decode_batch
from streams.guard import Guard, Outcome, StoppingError
from streams.transport import BatchConsumer, RecordBatch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A batch that starts beyond the stored position: something between was dropped."""


def aligned(batch: RecordBatch, stored: int) -> RecordBatch | Ahead | None:
    """Return the part of a batch that is not stored yet; None when all of it is."""
    if batch.start == stored:
        return batch
    if batch.start > stored:
        return Ahead()
    if batch.end <= stored:
        return None
    left = [record for record in batch.records if record.offset >= stored]
    return replace(batch, start=stored, records=left)


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A decoded batch, and the message to acknowledge when it is stored."""

    decoded: Decoded
    event: EventT[RecordBatch]

    @property
    def tp(self) -> TP:
        """Whose records these are."""
        return TP(self.decoded.batch.topic, self.decoded.batch.partition)

    @property
    def size(self) -> int:
        """How many records it has."""
        return len(self.decoded.batch.records)


def next_unit(waiting: Sequence[Waiting], busy: frozenset[TP], rows_max: int) -> list[Waiting]:
    """Return what may be committed together now, in the order of partitions.

    Batches of one topic, at most one of a partition, none of a partition that is `busy`; the first
    that waits decides, and is taken however large it is.
    """
    unit: list[Waiting] = []
    passed: set[TP] = set()
    rows = 0
    for each in waiting:
        tp = each.tp
        if tp in busy or tp in passed:
            continue
        passed.add(tp)  # what comes later of this partition must not overtake
        if unit and (tp.topic != unit[0].tp.topic or rows + each.size > rows_max):
            continue
        unit.append(each)
        rows += each.size
    return sorted(unit, key=lambda each: each.tp.partition)


class Pipeline:
    """Takes batches in order; has as many units on their way as there are guards."""

    def __init__(
        self,
        guards: Sequence[Guard],
        rows_max: int,
        crash: Callable[[BaseException], Awaitable[None]],
    ) -> None:
        self._guards = tuple(guards)
        self._idle = list(guards)
        self._rows_max = rows_max
        self._crash = crash
        self._threads = ThreadPoolExecutor(len(self._guards), thread_name_prefix="commit")
        self._waiting: list[Waiting] = []
        self._busy: set[TP] = set()
        self._units: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.consumer: BatchConsumer | None = None
        #: The newest `received_at` that is committed, by partition.
        self.processed_at: dict[TP, datetime] = {}

    @property
    def waits_for_database(self) -> bool:
        """Whether a batch waits for a database that is away."""
        return any(guard.waiting_since is not None for guard in self._guards)

    async def take(self, event: EventT[RecordBatch]) -> None:
        """Decode a batch and have it committed; wait while more is decoded than a unit takes."""
        try:
            decoded = decode_batch(cast("RecordBatch", event.value), clock.now())
        except Exception as error:  # noqa: BLE001 - Faust would pass over the batch: stop, loudly
            await self._crash(error)
            return
        self._waiting.append(Waiting(decoded, event))
        self._start()
        while self._units and sum(each.size for each in self._waiting) >= self._rows_max:
            await asyncio.wait(self._units, return_when=asyncio.FIRST_COMPLETED)

    async def settle(self) -> None:
        """Wait until nothing is on its way to the database."""
        while self._units:
            await asyncio.wait(self._units)

    def close(self) -> None:
        """Stop waiting for the database, and end the threads."""
        self._is_closed = True
        for guard in self._guards:
            guard.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for guard in self._guards:
            guard.close()

    def _start(self) -> None:
        while self._idle:
            unit = next_unit(self._waiting, frozenset(self._busy), self._rows_max)
            if not unit:
                return
            self._waiting = [each for each in self._waiting if each not in unit]
            self._busy |= {each.tp for each in unit}
            task = asyncio.create_task(self._commit(unit, self._idle.pop()))
            self._units.add(task)
            task.add_done_callback(self._units.discard)

    async def _commit(self, unit: Sequence[Waiting], guard: Guard) -> None:
        try:
            await self._commit_aligned(await self._aligned(unit), guard)
            for each in unit:
                each.event.ack()
        except StoppingError:
            return
        except Exception as error:  # noqa: BLE001 - the third failure: stop, loudly
            await self._crash(error)
        finally:
            self._idle.append(guard)
            self._busy -= {each.tp for each in unit}
            if not self._is_closed:
                self._start()

    async def _aligned(self, unit: Sequence[Waiting]) -> list[Decoded]:
        """Return the batches, or what is left of each, that begin where the database stands."""
        consumer = self._known_consumer()
        found: list[Decoded] = []
        for each in unit:
            stored = consumer.stored.get(each.tp)
            left = None if stored is None else aligned(each.decoded.batch, stored)
            if isinstance(left, Ahead):
                await consumer.reread(each.tp)
            elif left is each.decoded.batch:
                found.append(each.decoded)
            elif left is not None:
                found.append(decode_batch(left, clock.now()))
        return found

    async def _commit_aligned(self, unit: Sequence[Decoded], guard: Guard) -> None:
        if not unit:
            return
        if self._is_closed:
            raise StoppingError
        started = perf_counter()
        consumer = self._known_consumer()
        done = await asyncio.get_running_loop().run_in_executor(self._threads, guard.commit, unit)
        for decoded in unit:
            tp = TP(decoded.batch.topic, decoded.batch.partition)
            if tp.partition in done.fenced:
                await consumer.reread(tp)
            else:
                consumer.stored[tp] = decoded.batch.end
                self.processed_at[tp] = decoded.received_at
        _measure(unit, done, perf_counter() - started)

    def _known_consumer(self) -> BatchConsumer:
        assert self.consumer is not None
        return self.consumer


def _measure(unit: Sequence[Decoded], done: Outcome, seconds: float) -> None:
    source = BY_TOPIC[unit[0].batch.topic].name
    stored = [decoded for decoded in unit if decoded.batch.partition not in done.fenced]
    metrics.WORKER_BATCH_ROWS.observe(sum(len(decoded.batch.records) for decoded in stored))
    metrics.WORKER_BATCH_SECONDS.observe(seconds)
    for committed in done.committed:
        metrics.WORKER_EVENTS.labels(source, "stored").inc(committed.fresh)
        metrics.WORKER_EVENTS.labels(source, "duplicate").inc(committed.duplicates)
        for transition in committed.transitions:
            metrics.WORKER_TRANSITIONS.labels(transition.type.value).inc()
    for letter in [letter for decoded in stored for letter in decoded.dead]:
        metrics.WORKER_EVENTS.labels(source, "dead").inc()
        metrics.WORKER_DEAD_LETTERS.labels(source, letter.refusal.reason.value).inc()
