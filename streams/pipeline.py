"""From what is fetched to commits: the next is fetched while what was before is stored.

What waits when a committer comes free goes into one transaction, up to a number of rows: a quiet
night's event is committed at once, a busy day's by the ten thousand. What is of one partition is
committed in its order; different partitions side by side or together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import Protocol, cast

from faust.types import TP, EventT

from ioc import metrics
from ioc.source import BY_TOPIC
from streams.committer import Report
from streams.fetched import Fetched, joined
from streams.guard import StoppingError
from streams.transport import BatchConsumer

#: No unit is made smaller than this part of the largest so that the others have some, too.
SMALLEST_PART = 8


@dataclass(frozen=True, slots=True)
class Ahead:
    """What starts beyond the stored position: something between was dropped."""


def aligned(fetched: Fetched, stored: int) -> Fetched | Ahead | None:
    """Return the part that is not stored yet; None when all of it is."""
    if fetched.start > stored:
        return Ahead()
    if fetched.end <= stored:
        return None
    return replace(fetched, start=stored)


class Commits(Protocol):
    """Who decodes and commits units, one at a time: a committer, here or in another process."""

    @property
    def waits(self) -> bool:
        """Whether it waits for a database that is away."""

    def commit(self, unit: Sequence[Fetched]) -> Report:
        """Decode and commit what is of one topic together."""

    def stop(self) -> None:
        """Give up waiting."""

    def close(self) -> None:
        """Wait for its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Something fetched, and the message to acknowledge when it is stored."""

    fetched: Fetched
    event: EventT[Fetched]

    @property
    def tp(self) -> TP:
        """Whose records these are."""
        return TP(self.fetched.topic, self.fetched.partition)


def next_unit(waiting: Sequence[Waiting], busy: frozenset[TP], rows_max: int) -> list[Waiting]:
    """Return what may be committed together now, in the order in which it waits.

    All of one topic, nothing of a partition that is `busy`; the first that may go decides, and is
    taken however large it is.
    """
    unit: list[Waiting] = []
    passed: set[TP] = set()
    rows = 0
    for each in waiting:
        tp = each.tp
        if tp in busy or tp in passed:
            continue
        size = each.fetched.rows_max
        if unit and (tp.topic != unit[0].tp.topic or rows + size > rows_max):
            passed.add(tp)  # what comes later of this partition must not overtake
            continue
        unit.append(each)
        rows += size
    return unit


def fair_share(waiting_rows: int, committers: int, rows_max: int) -> int:
    """Return how many rows the next unit takes, so that at the end all committers end together."""
    return min(rows_max, max(waiting_rows // committers, rows_max // SMALLEST_PART))


class Pipeline:
    """Takes batches in order; has as many units on their way as there are committers."""

    def __init__(
        self,
        committers: Sequence[Commits],
        rows_max: int,
        crash: Callable[[BaseException], Awaitable[None]],
    ) -> None:
        self._committers = tuple(committers)
        self._idle = list(committers)
        self._rows_max = rows_max
        self._crash = crash
        self._threads = ThreadPoolExecutor(len(committers), thread_name_prefix="commit")
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
        return any(committer.waits for committer in self._committers)

    async def take(self, event: EventT[Fetched]) -> None:
        """Have a message's records committed; return when there is room for more.

        A unit's worth may wait for each committer: what waits for partitions that are busy must not
        keep a free committer from the others.
        """
        self._waiting.append(Waiting(cast("Fetched", event.value), event))
        self._start()
        room = self._rows_max * len(self._committers)
        while self._units and self._waiting_rows() >= room:
            await asyncio.wait(self._units, return_when=asyncio.FIRST_COMPLETED)

    async def settle(self) -> None:
        """Wait until nothing is on its way to the database."""
        while self._units:
            await asyncio.wait(self._units)

    def close(self) -> None:
        """Stop waiting for the database, and end the committers."""
        self._is_closed = True
        for committer in self._committers:
            committer.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for committer in self._committers:
            committer.close()

    def _waiting_rows(self) -> int:
        return sum(each.fetched.rows_max for each in self._waiting)

    def _start(self) -> None:
        while self._idle and not self._is_closed:
            share = fair_share(self._waiting_rows(), len(self._committers), self._rows_max)
            unit = next_unit(self._waiting, frozenset(self._busy), share)
            if not unit:
                return
            self._waiting = [each for each in self._waiting if each not in unit]
            self._busy |= {each.tp for each in unit}
            task = asyncio.create_task(self._commit(unit, self._idle.pop()))
            self._units.add(task)
            task.add_done_callback(self._units.discard)

    async def _commit(self, unit: Sequence[Waiting], committer: Commits) -> None:
        try:
            await self._commit_aligned(await self._aligned(unit), committer)
            for each in unit:
                each.event.ack()
        except StoppingError:
            return
        except Exception as error:  # noqa: BLE001 - the third failure: stop, loudly
            self._is_closed = True
            await self._crash(error)
        finally:
            self._idle.append(committer)
            self._busy -= {each.tp for each in unit}
            self._start()

    async def _aligned(self, unit: Sequence[Waiting]) -> list[Fetched]:
        """Return what begins where the database stands, one for each partition, in their order."""
        consumer = self._known_consumer()
        found: dict[TP, Fetched] = {}
        ahead: set[TP] = set()
        for each in unit:
            before = found.get(each.tp)
            stored = consumer.stored.get(each.tp) if before is None else before.end
            left = None if stored is None else aligned(each.fetched, stored)
            if isinstance(left, Ahead):
                ahead.add(each.tp)
            elif left is not None:
                found[each.tp] = left if before is None else joined(before, left)
        for tp in ahead:
            await consumer.reread(tp)
        return [found[tp] for tp in sorted(found.keys() - ahead)]

    async def _commit_aligned(self, unit: Sequence[Fetched], committer: Commits) -> None:
        if not unit:
            return
        if self._is_closed:
            raise StoppingError
        started = perf_counter()
        consumer = self._known_consumer()
        loop = asyncio.get_running_loop()
        report = await loop.run_in_executor(self._threads, committer.commit, unit)
        _measure(BY_TOPIC[unit[0].topic].name, report, perf_counter() - started)
        for fetched in unit:
            tp = TP(fetched.topic, fetched.partition)
            if tp.partition in report.fenced:
                await consumer.reread(tp)
            else:
                consumer.stored[tp] = fetched.end
                if tp.partition in report.received_at:
                    self.processed_at[tp] = report.received_at[tp.partition]

    def _known_consumer(self) -> BatchConsumer:
        assert self.consumer is not None
        return self.consumer


def _measure(source: str, report: Report, seconds: float) -> None:
    metrics.WORKER_BATCH_ROWS.observe(report.records)
    metrics.WORKER_BATCH_SECONDS.observe(seconds)
    metrics.WORKER_EVENTS.labels(source, "stored").inc(report.stored)
    metrics.WORKER_EVENTS.labels(source, "duplicate").inc(report.duplicates)
    metrics.WORKER_EVENTS.labels(source, "dead").inc(report.dead.total())
    for reason, n in report.dead.items():
        metrics.WORKER_DEAD_LETTERS.labels(source, reason).inc(n)
    for transition, n in report.transitions.items():
        metrics.WORKER_TRANSITIONS.labels(transition).inc(n)
    rules, revision = report.rules
    metrics.WORKER_RULES.set(rules)
    metrics.WORKER_RULES_REVISION.set(revision)
    for evaluate_s in report.evaluate_s:
        metrics.WORKER_EVALUATE_SECONDS.observe(evaluate_s)
    for kind, n in report.verdicts.items():
        metrics.WORKER_VERDICTS.labels(kind).inc(n)
    for cause, n in report.retries.items():
        metrics.WORKER_RETRIES.labels(cause).inc(n)
