"""Alarms that change at an even pace, written as the product itself writes them."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from connectors.timescale import alarms, offsets, processes
from connectors.timescale.database import Database
from ioc.alarm import Alarm, ClosingCode, State, Step, Transition, acknowledge, close, comment
from ioc.area import gazetteer
from ioc.severity import Severity
from tests.benchmarks.fast_clock import FastClock

#: Of our time: often enough that nobody takes the workers for dead.
TICK_S = 0.1
#: How long an alarm lives; so many changes are one life.
LIFE = timedelta(seconds=20)
CHANGES = 4
#: Rare enough that a wall has time for its pages, often enough that they take the stage.
CRITICAL_EVERY, HIGH_EVERY = timedelta(minutes=10), timedelta(minutes=3)
ENDS_WITHIN_S = 60.0
PARTITION = ("ioc.fire", 0)


@dataclass
class Changes:
    """Writes alarms' lives into a database at an even pace by a fast clock, as the product does."""

    database: Database
    clock: FastClock
    per_s: int
    written: int = 0
    failure: BaseException | None = None
    _living: deque[Alarm] = field(default_factory=deque)
    _next: dict[Severity, datetime] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(5))
    _stop: threading.Event = field(default_factory=threading.Event)
    _raised: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write in a thread until the end; raises what it died of."""
        thread = threading.Thread(target=self._run, name="changes", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(ENDS_WITHIN_S)
        if self.failure is not None:
            raise self.failure

    def beat(self) -> None:
        """Say that a worker and a notifier live: none runs, since nothing comes through Kafka."""
        now = self.clock.now()
        with self.database.transaction() as conn:
            processes.beat(conn, "notifier-soak", "notifier", self.clock.began, now)
            offsets.claim(conn, "soak", {PARTITION: 0})
            offsets.hold(conn, "soak", [offsets.Hold(*PARTITION, 0, now)], "worker-soak", now)

    def _run(self) -> None:
        began = self.clock.now()
        try:
            while not self._stop.wait(TICK_S):
                now = self.clock.now()
                # By lives, not by changes: what lives end with comes a life later, and would swing.
                lives = int((now - began).total_seconds() * self.per_s / CHANGES)
                steps = self._steps(now, lives - self._raised)
                with self.database.transaction() as conn:
                    alarms.apply(conn, steps)
                self.written += len(steps)
                self.beat()
        except BaseException as error:  # noqa: BLE001 - told by who waits for the thread
            self.failure = error

    def _steps(self, now: datetime, lives: int) -> list[Transition]:
        steps = [self._raise(now) for _ in range(lives)]
        self._living.extend(step.alarm for step in steps)
        while self._living and self._living[0].raised_at < now - LIFE:
            for move in (acknowledge(self._living.popleft(), "soak", now),):
                said = comment(move.alarm, "seen", "soak", now)
                steps += [move, said, close(said.alarm, ClosingCode.TRUE, "soak", now)]
        return steps

    def _raise(self, now: datetime) -> Transition:
        self._raised += 1
        alarm = Alarm(
            id=uuid4(),
            rule="fire-alarm",
            key=f"soak {self._raised}",
            source="fire",
            severity=self._severity(now),
            state=State.UNACKNOWLEDGED,
            active=True,
            area=self._random.choice(gazetteer().communes).code,
            device=f"panel-{self._raised % 2000}",
            title=f"Báo cháy: panel-{self._raised % 2000}",
            title_en=f"Fire alarm: panel-{self._raised % 2000}",
            guidance=("Gọi 114.",),
            ack_required=True,
            raised_at=now,
            changed_at=now,
            condition_at=now,
            event_source="/sia/1",
            event_id=f"soak {self._raised}",
            event_time=now,
        )
        return Transition(Step.RAISED, State.NORMAL, alarm, now)

    def _severity(self, now: datetime) -> Severity:
        for severity, every in ((Severity.CRITICAL, CRITICAL_EVERY), (Severity.HIGH, HIGH_EVERY)):
            if now >= self._next.setdefault(severity, now + every):
                self._next[severity] = now + every
                return severity
        return self._random.choice((Severity.MEDIUM, Severity.LOW))
