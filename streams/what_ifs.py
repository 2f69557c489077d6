"""Runs what-ifs: one at a time in the whole house, in a child process with little to spend.

Whoever is killed leaves a lease that runs out; the next takes the question up from its beginning,
and drops the databases that were left behind.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from connectors.timescale import replays, what_ifs
from connectors.timescale.database import Conn, Database, connect, unavailable
from connectors.timescale.what_ifs import Lease
from ioc import clock, rulebook
from ioc.errors import DatabaseUnavailableError, IocError
from ioc.kpi import flooded
from ioc.settings import Settings
from streams.replay import Answer, Run, range_of, replay
from streams.replay_progress import Phase

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
LOOK_S = 2.0
WATCH_S = 1.0
#: From being told to end until it is killed: it drops its databases in that time.
END_WITHIN_S = 20.0
#: The least urgent process of the machine, and with no more memory than this.
NICENESS = 10
MEMORY_BYTES_MAX = 2 * 1024**3
SAY_EVERY_S = 1.0
#: Of sysexits.h: nothing is wrong with the question, try again.
EX_TEMPFAIL = 75
#: So many occurrences are named; the others are counted.
NAMED_MAX = 200
MISSING_MAX = 20
TEN_MINUTES = timedelta(minutes=10)


# In the notifier ----------------------------------------------------------------------------------


class Runner:
    """The loop that takes questions and watches the child that answers."""

    def __init__(self, settings: Settings, db: Database, stop: threading.Event) -> None:
        self._settings = settings
        self._url = settings.database_url.get_secret_value()
        self._db = db
        self._stop = stop

    def run(self) -> None:
        """Answer one after the other until told to stop."""
        while not self._stop.is_set():
            try:
                lease = self._claimed()
                if lease is not None:
                    self._answer(lease)
                    continue
            except DatabaseUnavailableError as error:
                log.warning("what-ifs wait: %s", error, extra={"action": "wait_database"})
            self._stop.wait(LOOK_S)

    def _claimed(self) -> Lease | None:
        now = clock.now()
        with self._db.reading() as conn:
            left = what_ifs.abandoned(conn, now)
        for lease in left:
            replays.drop(self._url, what_ifs.database_of(lease))
            with self._db.transaction() as conn:
                what_ifs.put_back(conn, lease, now)
        with self._db.transaction() as conn:
            return what_ifs.claim(conn, now, LEASE)

    def _answer(self, lease: Lease) -> None:
        try:
            child = self._started(lease)
        except OSError as error:  # no memory for one more process: nothing to end this one for
            log.warning("what-if %s: %s", lease.id, error, extra={"action": "run_what_if"})
            self._finish(lease, EX_TEMPFAIL, was_told=False)
            return
        wants_end = False
        try:
            while child.poll() is None and not wants_end:
                self._stop.wait(WATCH_S)
                wants_end = self._stop.is_set() or self._wants_end(lease)
        finally:
            code = _ended(child)
        replays.drop(self._url, what_ifs.database_of(lease))
        self._finish(lease, code, was_told=wants_end)

    def _started(self, lease: Lease) -> subprocess.Popen[bytes]:
        environment = os.environ | {"IOC_DATABASE_URL": self._url}
        if self._settings.config_dir is not None:
            environment["IOC_CONFIG_DIR"] = str(self._settings.config_dir)
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "ioc.cli", "what-if", str(lease.id), str(lease.attempt)],
            stdin=subprocess.PIPE,  # held open by us: its end tells the child that we are gone
            start_new_session=True,  # a Ctrl-C is ours to pass on
            env=environment,
        )

    def _wants_end(self, lease: Lease) -> bool:
        """Hold the lease; whether the child must end."""
        try:
            with self._db.reading() as conn:
                is_ours, is_stopped = what_ifs.renew(conn, lease, clock.now(), LEASE)
        except DatabaseUnavailableError:
            return False  # the child finds out by itself
        return is_stopped or not is_ours

    def _finish(self, lease: Lease, code: int, *, was_told: bool) -> None:
        with self._db.transaction() as conn:
            now = clock.now()
            is_ours, is_stopped = what_ifs.renew(conn, lease, now, LEASE)
            if not is_ours:  # it has said itself how it ended, or another has it
                return
            if is_stopped:
                what_ifs.finish(conn, lease, now, is_stopped=True)
            elif was_told or code == EX_TEMPFAIL:
                what_ifs.put_back(conn, lease, now, in_order=was_told)
            else:
                error = f"its process ended with {code}: out of memory, or killed"
                what_ifs.finish(conn, lease, now, error=error)
                log.error("what-if %s: %s", lease.id, error, extra={"action": "run_what_if"})


def _ended(child: subprocess.Popen[bytes]) -> int:
    """Have it end, if it has not; return its exit code."""
    if child.poll() is None:
        child.terminate()
    try:
        return child.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
    finally:
        if child.stdin is not None:
            child.stdin.close()


# In the child -------------------------------------------------------------------------------------


def answer_one(settings: Settings, lease: Lease) -> None:
    """Run one and write its answer down; SIGTERM and the end of who started us end it in order."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    _follow_parent()
    url = settings.database_url.get_secret_value()
    try:
        with unavailable(), connect(url, "ioc what-if") as conn:
            _answer(settings, lease, conn)
    except DatabaseUnavailableError:
        sys.exit(EX_TEMPFAIL)


def _answer(settings: Settings, lease: Lease, conn: Conn) -> None:
    row = what_ifs.one(conn, lease.id)
    of = range_of(row["from_at"], row["to_at"], timedelta(hours=row["warm_up_hours"]))
    try:
        answer = replay(
            settings,
            rulebook.of_text("text", row["text"]),
            of,
            name=what_ifs.database_of(lease),
            say=Progress(conn, lease),
        )
    except DatabaseUnavailableError:
        raise
    except IocError as error:
        what_ifs.finish(conn, lease, clock.now(), error=str(error))
    except MemoryError:
        what_ifs.finish(conn, lease, clock.now(), error="out of memory: ask for less time")
    else:
        what_ifs.finish(conn, lease, clock.now(), answer=answered(answer))


class Progress:
    """Says how far it is: once a second, and whenever something else begins."""

    def __init__(self, conn: Conn, lease: Lease) -> None:
        self._conn = conn
        self._lease = lease
        self._phase: Phase | None = None
        self._said_s = time.monotonic()

    def __call__(self, phase: Phase, share: float) -> None:
        """Note it, unless that was done a moment ago."""
        now_s = time.monotonic()
        if phase is not self._phase or now_s - self._said_s >= SAY_EVERY_S:
            self._phase, self._said_s = phase, now_s
            what_ifs.say_progress(self._conn, self._lease, phase, share)


def _follow_parent() -> None:
    """End as by Ctrl-C when the pipe from who started us closes: a killed notifier says nothing."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(sys.stdin.fileno(), 1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True, name="parent").start()


# The answer ---------------------------------------------------------------------------------------


def answered(answer: Answer) -> dict[str, Any]:
    """Return the answer as it is stored and shown."""
    logged, missing = answer.logged.total(), answer.missing.total()
    true, before, after = answer.closed_true, answer.now.rang, answer.changed.rang
    # What was true and would be lost is what a person must look at.
    lost = sorted(answer.lost, key=lambda each: (each not in true, before[each]["at"]))
    new = sorted(answer.new, key=lambda each: after[each]["at"])
    return {
        "events": answer.events,
        "reproduced": logged - missing,
        "of": logged,
        "more": answer.more.total(),
        "missing": [
            {"rule": rule, "key": key, "step": step}
            for rule, key, step, *_ in sorted(answer.missing.elements(), key=lambda each: each[:4])[
                :MISSING_MAX
            ]
        ],
        "now": _figures(answer.now),
        "draft": _figures(answer.changed),
        "per_10min": _per_10min(answer),
        "lost": _named(lost, before, answer.closed_as),
        "new": _named(new, after, {}),
        "lost_n": len(lost),
        "new_n": len(new),
        "lost_true": len(true),
    }


def _figures(run: Run) -> dict[str, Any]:
    counts = run.counts
    return {
        "alarms": counts.rings,
        "per_10min_mean": round(counts.per(TEN_MINUTES), 3),
        "per_10min_max": counts.most_in_10m,
        "floods": len(counts.floods),
        "flood_s": flooded(counts.floods).total_seconds(),
    }


def _per_10min(answer: Answer) -> list[dict[str, Any]]:
    """Return how many rang in each ten minutes from the start of the range, now and changed."""
    of = answer.of
    now, draft = (
        Counter((row["at"] - of.start) // TEN_MINUTES for row in run.rang.values())
        for run in (answer.now, answer.changed)
    )
    return [
        {"t": (of.start + n * TEN_MINUTES).isoformat(), "now": now[n], "draft": draft[n]}
        for n in range(-((of.start - of.end) // TEN_MINUTES))
    ]


def _named(
    ids: Sequence[UUID], rang: Mapping[UUID, Mapping[str, Any]], closed_as: Mapping[UUID, str]
) -> list[dict[str, Any]]:
    return [
        {
            **{name: rang[each][name] for name in ("rule", "key", "title", "area")},
            "at": rang[each]["at"].isoformat(),
            "closed_as": closed_as.get(each),
        }
        for each in ids[:NAMED_MAX]
    ]
