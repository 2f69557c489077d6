"""The simulated province under the shipped rules about time: a quiet day, and a rush."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import orjson

from connectors.timescale import offsets
from connectors.timescale.database import Database
from ioc.clock import LOCAL_ZONE
from ioc.rule import RuleSet, shipped
from ioc.simulation import events
from ioc.source import BY_TYPE
from ioc.topics import EVENT_TOPICS
from streams.batch import Memory, decode_batch
from streams.fetched import RecordBatch
from streams.guard import Guard
from tests.integration.scanned import DAY, HOUR, MINUTE, UNDAMPED, House

#: A Friday, a busy hour of it.
FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=LOCAL_ZONE)
RULES = RuleSet(shipped().rules, philosophy=UNDAMPED)
#: Long after: no timestamp of a record is ahead of the worker's clock.
NOW = FRIDAY + 60 * DAY


class Province:
    """A worker that stores a scenario minute by minute, and the scans that look at it."""

    def __init__(self, database: Database, url: str) -> None:
        self.house = House(database, RULES)
        memory = Memory(
            dict.fromkeys(EVENT_TOPICS, "log"), RULES, aggregates=False, recent_records=250
        )
        self.guard = Guard(url, memory)
        self._next: dict[str, int] = defaultdict(int)
        with database.transaction() as conn:
            offsets.claim(conn, "log", {(topic, 0): 0 for topic in EVENT_TOPICS})

    def live(
        self, scenario: str, start: datetime, duration: timedelta, *, rate: float, seed: int = 1
    ) -> None:
        """Store the scenario, and scan at the end of each of its minutes."""
        told = events(scenario, seed, start, rate=rate, duration=duration)
        for minute, found in groupby(told, lambda event: event["time"][:16]):
            self._store(list(found))
            self._scan(datetime.fromisoformat(minute).replace(tzinfo=LOCAL_ZONE) + MINUTE)

    def idle(self, start: datetime, end: datetime) -> None:
        """Let time pass in which nothing comes."""
        while start <= end:
            self._scan(start)
            start += 10 * MINUTE

    @property
    def raised(self) -> set[str]:
        """Rule and key of whatever a rule about time has ever raised."""
        names = [rule.id for rule in RULES.scan_rules]
        rows = self.house.rows("SELECT rule, key FROM alarms WHERE rule = ANY(%s)", names)
        return {f"{row['rule']} {row['key']}" for row in rows}

    def _scan(self, at: datetime) -> None:
        self.house.execute("UPDATE offsets SET progress_at = %s, held_at = now()", at)
        self.house.run(at)

    def _store(self, found: list[dict[str, Any]]) -> None:
        by_topic: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in found:
            by_topic[BY_TYPE[event["type"]].topic].append(event)
        for topic, told in by_topic.items():
            start = self._next[topic]
            end = self._next[topic] = start + len(told)
            records: list[Any] = [
                SimpleNamespace(
                    value=orjson.dumps(event),
                    headers=(),
                    timestamp=round(datetime.fromisoformat(event["time"]).timestamp() * 1000),
                    offset=offset,
                    key=None,
                )
                for offset, event in enumerate(told, start)
            ]
            batch = decode_batch(RecordBatch(topic, 0, start, end, records), NOW)
            assert not self.guard.commit([batch]).fenced


@contextmanager
def province(database: Database, url: str) -> Iterator[Province]:
    found = Province(database, url)
    with closing(found.guard):
        yield found


def test_half_an_hour_of_a_quiet_day_raises_nothing_about_time(
    database: Database, database_url: str
) -> None:
    with province(database, database_url) as found:
        found.live("quiet-day", FRIDAY, 30 * MINUTE, rate=10)
        assert found.raised == set()
        assert found.house.rows("SELECT count(*) AS n FROM visits")[0]["n"] > 1_000


def test_after_a_night_off_nobody_is_silent_and_no_queue_is_left_over(
    database: Database, database_url: str
) -> None:
    with province(database, database_url) as found:
        found.live("quiet-day", FRIDAY - DAY, 20 * MINUTE, rate=5)
        found.live("quiet-day", FRIDAY, 40 * MINUTE, rate=5, seed=2)
        # Dossiers of yesterday that nobody was there to resolve are late indeed, at a few offices.
        late = {each for each in found.raised if each.startswith("dossier-overdue ")}
        assert found.raised == late
        assert len(late) <= 5


def test_a_restart_in_office_hours_leaves_no_queue_behind(
    database: Database, database_url: str
) -> None:
    """Who waited when it was stopped is never called; but those who came after them are."""
    with province(database, database_url) as found:
        found.live("quiet-day", FRIDAY, 15 * MINUTE, rate=10)
        found.live("quiet-day", FRIDAY + 17 * MINUTE, 40 * MINUTE, rate=10, seed=2)
        assert found.raised == set()


def test_a_rush_raises_the_two_desks_and_only_them(database: Database, database_url: str) -> None:
    with province(database, database_url) as found:
        found.live("queue-rush", FRIDAY - HOUR, 2 * HOUR, rate=1.5)
        assert found.raised == {"queue-wait MC-05443", "queue-wait MC-05518"}
        found.idle(FRIDAY + HOUR, FRIDAY + 9 * HOUR)
        active = found.house.rows("SELECT key FROM alarms WHERE active")
        assert active == [], "offices have closed"
