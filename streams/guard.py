"""The one place that knows how a batch can fail, and the three answers; there is no fourth.

- slow down: the database is away, or full: wait and do the same again, nothing is lost;
- bury: the database refuses one event's text: cut the batch down until it stands alone;
- stop: anything else: the transaction is rolled back and the worker ends, loudly.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from connectors.timescale import intake
from connectors.timescale.database import AWAY, Conn, connect
from ioc import clock, metrics
from ioc.errors import DatabaseUnavailableError, FencedError, IocError
from streams.batch import Caches, Committed, Decoded, Memory, as_dead_letter, commit

log = logging.getLogger(__name__)

WAIT_FIRST_S = 0.1
WAIT_MOST_S = 5.0
#: A deadlock or a lock's timeout is retried at once, this often before it counts as slow down.
CLASHES_MAX = 5

_CLASH = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
)
_REFUSED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)


class StoppingError(IocError):
    """The worker is ending; the batch is left for the next one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was committed, and the partitions with which somebody else was faster."""

    committed: Sequence[Committed]
    fenced: Set[int] = frozenset()


class Guard:
    """Commits batches on a connection of its own; used from one thread at a time."""

    def __init__(self, url: str, memory: Memory) -> None:
        self._url = url
        self._memory = memory
        #: A cache of what was written; forgotten whenever a transaction fails.
        self._caches = Caches()
        self._conn: Conn | None = None
        self._stopping = threading.Event()
        #: Since when the database has been away; the watchdog must not take that for a hang.
        self.waiting_since: datetime | None = None

    def stop(self) -> None:
        """Give up waiting; called from any thread."""
        self._stopping.set()

    def close(self) -> None:
        """Close the connection; nothing is being committed any more."""
        self._drop()

    def commit(self, unit: Sequence[Decoded]) -> Outcome:
        """Commit batches of one topic together; alone and in pieces when that is refused.

        Raises:
            StoppingError: the worker ends; what was committed before is.
        """
        try:
            return Outcome([self._committed(unit)])
        except FencedError as fenced:
            if len(unit) == 1:
                log.warning("%s; reading again", fenced, extra={"action": "reread_partition"})
                metrics.WORKER_RETRIES.labels("fenced").inc()
                return Outcome([], {unit[0].batch.partition})
        except _REFUSED as error:
            self._caches.forget()
            if len(unit) == 1:
                return self._commit_in_pieces(unit[0], error)
        return joined(self.commit([decoded]) for decoded in unit)

    def _commit_in_pieces(self, decoded: Decoded, error: psycopg.Error) -> Outcome:
        if not decoded.events:
            raise error
        if len(decoded.events) == 1:
            return Outcome([self._committed([as_dead_letter(decoded, _reason(error))])])
        return joined(self.commit([half]) for half in halves(decoded))

    def _committed(self, unit: Sequence[Decoded]) -> Committed:
        clashes = 0
        wait_s = WAIT_FIRST_S
        while not self._stopping.is_set():
            try:
                committed = commit(self._connected(), unit, self._memory, self._caches, clock.now())
            except FencedError:
                self.waiting_since = None
                self._caches.forget()
                raise
            except _CLASH as error:
                clashes += 1
                self._caches.forget()
                metrics.WORKER_RETRIES.labels("clash").inc()
                log.info("again: %s", error, extra={"action": "retry_batch"})
                if clashes >= CLASHES_MAX:
                    self._stopping.wait(WAIT_FIRST_S)
            except (*AWAY, DatabaseUnavailableError) as error:
                self._drop()
                self.waiting_since = self.waiting_since or clock.now()
                metrics.WORKER_RETRIES.labels("database").inc()
                log.warning(
                    "waiting for the database: %s", error, extra={"action": "wait_database"}
                )
                self._stopping.wait(wait_s)
                wait_s = min(wait_s * 2, WAIT_MOST_S)
            else:
                self.waiting_since = None
                return committed
        raise StoppingError

    def _connected(self) -> Conn:
        if self._conn is None or self._conn.closed:
            self._conn = connect(self._url, "ioc worker")
            intake.prepare(self._conn)
        return self._conn

    def _drop(self) -> None:
        self._caches.forget()
        if self._conn is not None:
            self._conn.close()
            self._conn = None


def joined(outcomes: Iterable[Outcome]) -> Outcome:
    """Return several outcomes as one."""
    every = list(outcomes)
    return Outcome(
        [committed for each in every for committed in each.committed],
        {partition for each in every for partition in each.fenced},
    )


def halves(decoded: Decoded) -> tuple[Decoded, Decoded]:
    """Cut a batch of two or more events in two; their positions still follow each other."""
    middle = decoded.events[len(decoded.events) // 2].offset
    batch = decoded.batch
    return (
        replace(
            decoded,
            batch=replace(batch, end=middle),
            events=[row for row in decoded.events if row.offset < middle],
            dead=[letter for letter in decoded.dead if letter.offset < middle],
        ),
        replace(
            decoded,
            batch=replace(batch, start=middle),
            events=[row for row in decoded.events if row.offset >= middle],
            dead=[letter for letter in decoded.dead if letter.offset >= middle],
        ),
    )


def _reason(error: psycopg.Error) -> str:
    """Say what the database disliked, without the value: it may be personal."""
    return error.diag.message_primary or type(error).__name__
