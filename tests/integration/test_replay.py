"""A replay of what is stored makes today's log again, and counts what other rules would change."""

from __future__ import annotations

import os
import pickle
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from pydantic import SecretStr

from connectors.timescale import alarms, offsets, replays, rule_versions, staging
from connectors.timescale.database import Database, connect
from connectors.timescale.offsets import Hold
from connectors.timescale.replays import Heard, Said
from ioc import alarm as life
from ioc import rulebook
from ioc.alarm import Alarm, ClosingCode, NotAllowed, Transition
from ioc.cli.replay import ends_when_told, lines
from ioc.errors import ConfigError
from ioc.rule import RuleError
from ioc.settings import Settings
from ioc.source import BY_TYPE
from ioc.topics import EVENT_TOPICS
from streams.batch import Caches, Memory, commit, decode_batch
from streams.fetched import RecordBatch
from streams.handlers import bulk_of, handlers_of
from streams.replay import Answer, Told, range_of, replay
from streams.timers import run_due

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SECOND, QUARTER = timedelta(seconds=1), timedelta(minutes=15)
LOG, PARTITIONS = "log", 3
SITE = """\
rules:
  - id: busy
    title: "Đông người"
    title_en: "Crowd"
    type: ioc.camera.alert
    kind: count
    when: {label: person}
    count: {n: 3, within: 2m}
    per: area
    severity: medium
    clear: {silence: 4m}
    acknowledge: false
  - id: held
    title: "Rò khí kéo dài"
    title_en: "Gas for a while"
    type: ioc.fire.reading
    kind: duration
    when: {state: alarm, kind: gas}
    duration: {held: 90s}
    per: device
    severity: high
    clear: {when: {state: restore}}
"""
#: Fewer people are enough, and nobody is told of trouble.
CHANGED = (
    SITE.replace("n: 3", "n: 2").split("  - id: held")[0]
    + """\
  - id: fire-trouble
    enabled: false
"""
)
AREAS = ("05443", "02143")


class Town:
    """A house as it lives: units of many shapes, timers every second, people; but its clock."""

    def __init__(self, database: Database, url: str) -> None:
        self.db, self.conn = database, connect(url, "test")
        staging.prepare(self.conn)
        with self.conn.transaction():
            wordings = [*rulebook.of_site(None), *rulebook.wordings("site.yaml", SITE)]
            quiet = [each for each in wordings if each.body.get("kind") not in {"absence", "sla"}]
            rule_versions.follow_files(self.conn, quiet, now=START)
            self.next = {(topic, n): 0 for topic in EVENT_TOPICS for n in range(PARTITIONS)}
            offsets.claim(self.conn, LOG, self.next)
        rules = rule_versions.in_force(self.conn)
        self.memory = Memory(dict.fromkeys(EVENT_TOPICS, LOG), rules, False, 100)
        settings = Settings(database_url=SecretStr(url), retention_days=None)
        self.handlers, self.bulk = handlers_of(settings, rules), bulk_of(rules)
        self.chance = random.Random(7)
        self.caches = Caches()

    def live(self, told: list[tuple[datetime, dict[str, Any]]], until: datetime) -> None:
        """Let a time go by in steps of a second."""
        now, waiting = START, list(told)
        while now < until:
            now += SECOND
            due = [event for at, event in waiting if at <= now]
            times = [at for at, _ in waiting if at <= now]
            waiting = waiting[len(due) :]
            for n in self._cut(len(due)):
                self._store(list(zip(times[:n], due[:n], strict=True)), now)
                times, due = times[n:], due[n:]
            for (topic, partition), position in self.next.items():
                offsets.hold(self.conn, LOG, [Hold(topic, partition, position, now)], "w", now)
            run_due(self.db, self.handlers, now, self.bulk)
            if self.chance.random() < 0.05:
                self._move(now)

    def _cut(self, n: int) -> Iterator[int]:
        while n:
            some = self.chance.randint(1, n)
            yield some
            n -= some

    def _store(self, heard: list[tuple[datetime, dict[str, Any]]], now: datetime) -> None:
        """Store neighbours, each topic by itself, spread over partitions."""
        for topic in dict.fromkeys(BY_TYPE[event["type"]].topic for _, event in heard):
            spread: dict[int, list[Any]] = {}
            for at, event in heard:
                if BY_TYPE[event["type"]].topic == topic:
                    partition = self.chance.randrange(PARTITIONS)
                    records = spread.setdefault(partition, [])
                    records.append(
                        SimpleNamespace(
                            value=orjson.dumps(event),
                            headers=(),
                            timestamp=round(at.timestamp() * 1000),
                            offset=self.next[topic, partition] + len(records),
                            key=None,
                        )
                    )
            unit = []
            for partition, records in sorted(spread.items()):
                start = self.next[topic, partition]
                end = self.next[topic, partition] = start + len(records)
                unit.append(decode_batch(RecordBatch(topic, partition, start, end, records), now))
            commit(self.conn, unit, self.memory, self.caches, now)

    def _move(self, now: datetime) -> None:
        """Let somebody do something to some open alarm."""
        rows = self.conn.execute("SELECT id FROM alarms WHERE ended_at IS NULL ORDER BY id")
        ids = [row["id"] for row in rows]
        if not ids:
            return
        kind = self.chance.choice(["acknowledge", "shelve", "true", "false", "comment"])

        def decide(alarm: Alarm) -> Transition:
            match kind:
                case "acknowledge":
                    return life.acknowledge(alarm, "lan", now)
                case "shelve":
                    return life.shelve(alarm, now + timedelta(minutes=6), "lan", now, "ồn")
                case "comment":
                    return life.comment(alarm, "đã gọi", "lan", now)
            return life.close(alarm, ClosingCode(kind), "lan", now, "xong")

        try:
            alarms.move(self.db, self.chance.choice(ids), decide)
        except NotAllowed:
            return


def events(n: int) -> list[tuple[datetime, dict[str, Any]]]:
    """`n` events of a quarter of an hour; some late, each told once, in order of arrival."""
    chance = random.Random(11)
    told = []
    for number in range(n):
        at = START + QUARTER * chance.random()
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        late = chance.choice([0, 0, 0, 1, 40])
        event: dict[str, Any] = {
            "specversion": "1.0",
            "source": "/town",
            "id": str(number),
            "time": (at - late * SECOND).isoformat(),
            "area": chance.choice(AREAS),
            "device": f"d-{chance.randrange(3)}",
        }
        if chance.random() < 0.5:
            kind, state = chance.choice(["smoke", "gas", "gas"]), chance.choice(STATES)
            event |= {"type": "ioc.fire.reading", "data": {"kind": kind, "state": state}}
        else:
            label = chance.choice(["person", "person", "smoke"])
            event |= {"type": "ioc.camera.alert", "data": {"label": label, "phase": "new"}}
        told.append((at, event))
    return sorted(told, key=lambda each: each[0])


STATES = ("alarm", "alarm", "restore", "trouble", "normal")


@pytest.fixture
def town(database: Database, database_url: str) -> Iterator[Town]:
    made = Town(database, database_url)
    yield made
    made.conn.close()


def answer_of(url: str, text: str, **more: Any) -> Answer:
    settings = Settings(database_url=SecretStr(url))
    of = range_of(START, START + QUARTER, QUARTER)
    return replay(settings, rulebook.wordings("changed.yaml", text), of, **more)


def databases(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        rows = conn.execute("SELECT datname FROM pg_database WHERE datname LIKE 'ioc_replay%'")
        return {name for (name,) in rows}


def test_the_rules_of_now_make_the_log_of_now_again(town: Town, database_url: str) -> None:
    town.live(events(200), START + QUARTER + 90 * SECOND)
    with town.db.reading() as conn:
        steps = conn.execute("SELECT type, count(*) AS n FROM alarm_log GROUP BY type").fetchall()
    found = {row["type"]: row["n"] for row in steps}
    assert found.keys() >= {"raised", "returned", "acknowledged", "closed", "shelved"}, found
    answer = answer_of(database_url, CHANGED)
    assert answer.events == 200
    assert answer.logged.total() > 60
    assert not answer.missing, list(answer.missing)[:3]
    assert not answer.more, list(answer.more)[:3]
    assert databases(database_url) == set(), "the sandboxes are gone"


def test_a_changed_rule_shows_what_it_would_have_changed(town: Town, database_url: str) -> None:
    town.live(events(100), START + QUARTER + 90 * SECOND)
    answer = answer_of(database_url, CHANGED)
    rules = {found: row["rule"] for run in (answer.now, answer.changed)
             for found, row in run.rang.items()}  # fmt: skip
    lost = {rules[found] for found in answer.lost}
    assert "fire-trouble" in lost
    assert not any(row["rule"] == "fire-trouble" for row in answer.changed.rang.values())
    assert answer.changed.counts.rings != answer.now.counts.rings
    with town.db.reading() as conn:
        true = conn.execute(
            "SELECT DISTINCT alarm_id FROM alarm_log WHERE alarm->>'closing_code' = 'true'"
        ).fetchall()
    assert answer.closed_true == {row["alarm_id"] for row in true} & set(answer.lost)
    printed = "\n".join(lines(answer))
    assert f"reproduced {answer.logged.total()} of {answer.logged.total()} entries" in printed
    assert f"lost: {len(answer.lost)}, of which {len(answer.closed_true)} were" in printed


def test_events_of_one_second_are_told_in_two_when_somebody_acted_between_them() -> None:
    def at(micros: int) -> datetime:
        return START + timedelta(microseconds=micros)

    heard = [Heard(at(micros), "ioc.fire", b"{}") for micros in (1, 200_000, 777_000)]
    said = [Said(at(769_000), uuid4(), "shelved", "An", None, {})]
    with tempfile.TemporaryFile() as spool:
        pickle.dump(heard, spool)
        times = [when for when, _, _ in Told(spool, said, []).in_order()]
    assert times == [at(1), at(769_000), at(777_000)]


def test_the_house_itself_is_not_touched(town: Town, database_url: str) -> None:
    town.live(events(40), START + QUARTER)
    before = town.conn.execute("SELECT max(seq) AS seq, count(*) AS n FROM alarm_log").fetchone()
    versions = rule_versions.revision(town.conn)
    answer_of(database_url, CHANGED)
    assert town.conn.execute(
        "SELECT max(seq) AS seq, count(*) AS n FROM alarm_log"
    ).fetchone() == before  # fmt: skip
    assert rule_versions.revision(town.conn) == versions


def test_wrong_rules_are_refused_and_nothing_is_left_behind(town: Town, database_url: str) -> None:
    with pytest.raises(RuleError, match="busy"):
        answer_of(database_url, CHANGED.replace("severity: medium", "severity: loud"))
    assert databases(database_url) == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_leaves_no_database_behind(database_url: str, number: int) -> None:
    name = f"ioc_replay_test_{os.getpid()}"

    def run() -> None:
        with ends_when_told(), replays.database(database_url, name):
            assert databases(database_url) == {name}
            os.kill(os.getpid(), number)
            time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert databases(database_url) == set()


def test_what_a_killed_one_has_left_does_not_stop_the_next(town: Town, database_url: str) -> None:
    """In a container every process has the same number."""
    town.live(events(20), START + QUARTER)
    with replays.database(database_url, f"ioc_replay_{os.getpid()}_now"):
        assert answer_of(database_url, CHANGED).events == 20


def test_a_database_that_is_not_empty_is_refused(town: Town, database_url: str) -> None:
    with pytest.raises(ConfigError, match="must be empty"):
        answer_of(database_url, CHANGED, database_url=database_url)
