"""A house without Kafka and without a clock: events and moves are told, and time passes when told.

Everything else is the product's own: units are committed by `streams.batch`, timers handled by
`streams.timers`. It runs in a database of its own, whose advisory locks are its own, too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self

from pydantic import SecretStr

from connectors.timescale import areas, offsets, replays, rule_versions, staging
from connectors.timescale.database import Database, connect
from connectors.timescale.migrate import migrate
from connectors.timescale.offsets import Hold
from connectors.timescale.replays import Heard
from connectors.timescale.rule_versions import Change
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from streams import scan
from streams.batch import Caches, Decoded, Memory, commit, decode_batch
from streams.fetched import RecordBatch
from streams.handlers import bulk_of, handlers_of
from streams.timers import run_due

LOG = "replay"
#: Time goes on by this when a timer is due and could not be handled.
STEP = timedelta(seconds=1)
DEAD_WINDOW = 1


class Sandbox:
    """One run from a moment on; not for several threads."""

    def __init__(self, url: str, rules: Sequence[Change], now: datetime) -> None:
        """`url` is of an empty database; `rules` are all that is in force.

        Raises:
            ioc.rule.RuleError: they are wrong.
        """
        migrate(url, timescale=False)
        self.conn = connect(url, "ioc replay")
        self.db = Database(url, "ioc replay", 2).open()
        staging.prepare(self.conn)
        self._next = dict.fromkeys(EVENT_TOPICS, 0)
        with self.conn.transaction():
            areas.replace_all(self.conn)
            rule_versions.change(self.conn, rules, by="replay", now=now)
            offsets.claim(self.conn, LOG, {(topic, 0): 0 for topic in EVENT_TOPICS})
            known = rule_versions.in_force(self.conn)
        self._has_heard = False
        self._memory = Memory(dict.fromkeys(EVENT_TOPICS, LOG), known, False, DEAD_WINDOW)
        self._caches = Caches()
        settings = Settings(database_url=SecretStr(url), retention_days=None)
        self._handlers = handlers_of(settings, known)
        self._bulk = bulk_of(known)
        self.now = now
        self._turn(now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.conn.close()
        self.db.close()

    def hear(self, heard: Sequence[Heard]) -> None:
        """Store events, those of a topic together; in pieces where a timer is due in between."""
        while heard:
            due_at = self._pass(max(heard[0].at, self.now))
            n = len(heard) if due_at is None else bisect_left(heard, due_at, key=lambda e: e.at)
            self._commit(heard[: max(n, 1)])
            heard = heard[max(n, 1) :]

    def pass_until(self, now: datetime) -> None:
        """Let time pass; what comes due on the way is handled when it is due."""
        self._pass(now)

    def _pass(self, now: datetime) -> datetime | None:
        """Let time pass; return when the next timer is due."""
        kinds = sorted(self._handlers)
        before: datetime | None = None
        while (due_at := replays.next_due(self.conn, kinds)) is not None and due_at <= now:
            # The same again was not handled, nor put aside: time goes on all the same.
            at = max(due_at, self.now) + (STEP if due_at == before else timedelta(0))
            if at > now:
                break
            self._turn(at)
            before = due_at
        self.now = max(self.now, now)
        return due_at

    def _turn(self, at: datetime) -> None:
        self.now = at
        self._say_progress()
        run_due(self.db, self._handlers, at, self._bulk)

    def _say_progress(self) -> None:
        """The stream has been read up to now: nothing is on its way."""
        holds = [Hold(topic, 0, offset, self.now) for topic, offset in self._next.items()]
        offsets.hold(self.conn, LOG, holds, LOG, self.now)

    def _commit(self, heard: Sequence[Heard]) -> None:
        self.now = max(self.now, heard[-1].at)
        by_topic: dict[str, list[Heard]] = {}
        for each in heard:
            by_topic.setdefault(each.topic, []).append(each)
        for of_one in by_topic.values():
            commit(self.conn, [self._batch(of_one)], self._memory, self._caches, self.now)
        if not self._has_heard:
            # Before that a scan finds nothing, on each of the thousands of points of its grid.
            self._has_heard = True
            scan.arm(self.conn, self._memory.rules)

    def _batch(self, heard: Sequence[Heard]) -> Decoded:
        topic = heard[0].topic
        start = self._next[topic]
        records: list[Any] = [
            SimpleNamespace(
                value=each.value,
                headers=(),
                timestamp=round(each.at.timestamp() * 1000),
                offset=offset,
                key=None,
            )
            for offset, each in enumerate(heard, start)
        ]
        end = self._next[topic] = start + len(records)
        return decode_batch(RecordBatch(topic, 0, start, end, records), self.now)
