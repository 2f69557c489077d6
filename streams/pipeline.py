"""From fetched batches to commits: the next is decoded while the database works on those before.

Batches of one partition are committed in their order; those of different partitions side by side,
each on a connection of its own.
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
from ioc.errors import FencedError
from ioc.source import BY_TOPIC
from streams.batch import Committed, Decoded, decode_batch
from streams.guard import Guard, StoppingError
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


class Pipeline:
    """Takes batches in order; as many are on their way to the database as there are guards."""

    def __init__(
        self, guards: Sequence[Guard], crash: Callable[[BaseException], Awaitable[None]]
    ) -> None:
        self._guards = tuple(guards)
        self._idle = list(guards)
        self._crash = crash
        self._threads = ThreadPoolExecutor(len(self._guards), thread_name_prefix="commit")
        self._on_their_way: dict[TP, asyncio.Task[None]] = {}
        self._is_closed = False
        self.consumer: BatchConsumer | None = None
        #: The newest `received_at` that is committed, by partition.
        self.processed_at: dict[TP, datetime] = {}

    @property
    def waits_for_database(self) -> bool:
        """Whether a batch waits for a database that is away."""
        return any(guard.waiting_since is not None for guard in self._guards)

    async def take(self, event: EventT[RecordBatch]) -> None:
        """Decode a batch, wait for its turn, and start its commit."""
        batch = cast("RecordBatch", event.value)
        try:
            decoded = decode_batch(batch, clock.now())
        except Exception as error:  # noqa: BLE001 - Faust would pass over the batch: stop, loudly
            await self._crash(error)
            return
        tp = TP(batch.topic, batch.partition)
        if tp in self._on_their_way:
            await asyncio.wait({self._on_their_way[tp]})
        if not self._idle:
            await asyncio.wait(self._on_their_way.values(), return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._commit(decoded, event, self._idle.pop()))
        self._on_their_way[tp] = task

    async def settle(self) -> None:
        """Wait until nothing is on its way to the database."""
        if self._on_their_way:
            await asyncio.wait(self._on_their_way.values())

    def close(self) -> None:
        """Stop waiting for the database, and end the threads."""
        self._is_closed = True
        for guard in self._guards:
            guard.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for guard in self._guards:
            guard.close()

    async def _commit(self, decoded: Decoded, event: EventT[RecordBatch], guard: Guard) -> None:
        consumer = self.consumer
        assert consumer is not None
        tp = TP(decoded.batch.topic, decoded.batch.partition)
        stored = consumer.stored.get(tp)
        left = None if stored is None else aligned(decoded.batch, stored)
        try:
            if isinstance(left, Ahead):
                await consumer.reread(tp)
            elif left is not None:
                if left is not decoded.batch:
                    decoded = decode_batch(left, clock.now())
                await self._commit_aligned(decoded, consumer, guard)
            event.ack()
        except StoppingError:
            return
        except Exception as error:  # noqa: BLE001 - the third failure: stop, loudly
            await self._crash(error)
        finally:
            self._idle.append(guard)
            del self._on_their_way[tp]

    async def _commit_aligned(
        self, decoded: Decoded, consumer: BatchConsumer, guard: Guard
    ) -> None:
        tp = TP(decoded.batch.topic, decoded.batch.partition)
        started = perf_counter()
        if self._is_closed:
            raise StoppingError
        try:
            done = await asyncio.get_running_loop().run_in_executor(
                self._threads, guard.commit, decoded
            )
        except FencedError as fenced:
            log.warning("%s; reading again", fenced, extra={"action": "reread_partition"})
            metrics.WORKER_RETRIES.labels("fenced").inc()
            await consumer.reread(tp)
            return
        consumer.stored[tp] = decoded.batch.end
        self.processed_at[tp] = decoded.received_at
        _measure(decoded, done, perf_counter() - started)


def _measure(decoded: Decoded, done: list[Committed], seconds: float) -> None:
    source = BY_TOPIC[decoded.batch.topic].name
    metrics.WORKER_BATCH_ROWS.observe(len(decoded.batch.records))
    metrics.WORKER_BATCH_SECONDS.observe(seconds)
    for committed in done:
        metrics.WORKER_EVENTS.labels(source, "stored").inc(committed.fresh)
        metrics.WORKER_EVENTS.labels(source, "duplicate").inc(committed.duplicates)
        for transition in committed.transitions:
            metrics.WORKER_TRANSITIONS.labels(transition.type.value).inc()
    metrics.WORKER_EVENTS.labels(source, "dead").inc(len(decoded.dead))
    for letter in decoded.dead:
        metrics.WORKER_DEAD_LETTERS.labels(source, letter.refusal.reason.value).inc()
