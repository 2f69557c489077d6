"""The one place that knows how a batch can fail, and the three answers; there is no fourth.

- slow down: the database is away, or full: wait and do the same again, nothing is lost;
- bury: the database refuses one event's text: cut the batch down until it stands alone;
- stop: anything else: the transaction is rolled back and the worker ends, loudly.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace

import psycopg

from connectors.timescale import staging
from connectors.timescale.database import AWAY, Conn, connect
from ioc import clock
from ioc.errors import DatabaseUnavailableError, FencedError, IocError
from ioc.rule import RuleSet
from streams.batch import (
    Caches,
    Committed,
    Decoded,
    Memory,
    RulesChangedError,
    as_dead_letter,
    commit,
)
from streams.reload import reloaded

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

    def __init__(
        self, url: str, memory: Memory, say_waiting: Callable[[bool], None] = lambda _: None
    ) -> None:
        """`say_waiting` hears True with each try that meets no database, and False after."""
        self._url = url
        self._memory = memory
        #: A cache of what was written; forgotten whenever a transaction fails.
        self._caches = Caches()
        self._conn: Conn | None = None
        self._stopping = threading.Event()
        self._say_waiting = say_waiting
        #: Whether the database is away; the watchdog must not take that for a hang.
        self.waits = False
        #: How often something was done again, by cause; who reads it empties it.
        self.retries: Counter[str] = Counter()
        self._has_new_rules = False

    @property
    def rules(self) -> RuleSet:
        """The rules that judge now."""
        return self._memory.rules

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
                self.retries["fenced"] += 1
                return Outcome([], {unit[0].batch.partition})
        except _REFUSED as error:
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
                committed = self._try(unit)
            except RulesChangedError:
                self._has_new_rules = True
            except FencedError:
                self._wait_is_over()
                raise
            except _CLASH as error:
                clashes += 1
                self.retries["clash"] += 1
                log.info("again: %s", error, extra={"action": "retry_batch"})
                if clashes >= CLASHES_MAX:
                    self._stopping.wait(WAIT_FIRST_S)
            except (*AWAY, DatabaseUnavailableError) as error:
                self._drop()
                self.waits = True
                self._say_waiting(True)
                log.warning(
                    "waiting for the database: %s", error, extra={"action": "wait_database"}
                )
                self._stopping.wait(wait_s)
                wait_s = min(wait_s * 2, WAIT_MOST_S)
            else:
                self._wait_is_over()
                return committed
        raise StoppingError

    def _try(self, unit: Sequence[Decoded]) -> Committed:
        """Commit once, and remember nothing of a transaction that did not happen."""
        try:
            conn = self._connected()
            if self._has_new_rules:
                rules = reloaded(conn, self._memory.rules, self._memory.config_dir)
                self._memory = replace(self._memory, rules=rules)
                self._has_new_rules = False
            return commit(conn, unit, self._memory, self._caches, clock.now())
        except Exception:
            self._caches.forget()
            raise

    def _wait_is_over(self) -> None:
        if self.waits:
            self.waits = False
            self._say_waiting(False)

    def _connected(self) -> Conn:
        if self._conn is None or self._conn.closed:
            self._conn = connect(self._url, "ioc worker")
            staging.prepare(self._conn)
        return self._conn

    def _drop(self) -> None:
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
