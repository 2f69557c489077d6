"""Delays on the real database: raises that come after their event, one by one and many together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from connectors.timescale.database import Database
from ioc.rule import RuleSet, load
from ioc.settings import Settings
from streams.handlers import bulk_of, handlers_of
from streams.timers import run_due
from tests.integration.telling import BASE, NOW, Copy, JsonObject, Store, plainly

RULES = load(
    """
rules:
  - id: warm
    title: "{device}: {value} °C"
    title_en: "{device} is warm"
    type: ioc.fire.reading
    kind: threshold
    when: {kind: temperature}
    threshold: {value: value, above: 60, on_delay: 5m}
    per: device
    severity:
      - {when: {value: {ge: 90}}, is: critical}
      - {is: medium}
""",
    "site.yaml",
)


def warm(minute: int, device: str, value: float) -> JsonObject:
    return {
        "specversion": "1.0",
        "type": "ioc.fire.reading",
        "source": "/a",
        "id": f"{device} {minute}",
        "time": (BASE + timedelta(minutes=minute)).isoformat(),
        "area": "05443",
        "device": device,
        "data": {"kind": "temperature", "state": "normal", "value": value},
    }


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    opened = Store.opened(database.url, RULES)
    opened.empty()
    yield opened
    opened.conn.close()


def passes(store: Store, database: Database, progress: datetime, rules: RuleSet = RULES) -> int:
    """Let the stream be read up to there and run what is due; return how many timers ran."""
    store.conn.execute(
        "UPDATE offsets SET held_at = %s, progress_at = greatest(progress_at, %s)", (NOW, progress)
    )
    handlers = handlers_of(Settings(retention_days=None), rules)
    return run_due(database, handlers, NOW, bulk_of(rules))


def test_a_delayed_raise_tells_of_its_first_event_and_is_as_severe_as_the_newest(
    store: Store, database: Database
) -> None:
    told = [warm(0, "d1", 70), warm(3, "d1", 95)]
    store.tell(told, plainly(told))
    assert passes(store, database, BASE + timedelta(minutes=4)) == 0
    assert store.rows("SELECT key FROM alarms") == []
    assert passes(store, database, BASE + timedelta(minutes=5)) == 1
    assert store.rows("SELECT title, severity, event_id, raised_at FROM alarms") == [
        ("d1: 70 °C", "critical", "d1 0", BASE + timedelta(minutes=5))
    ]
    assert store.rows("SELECT kind FROM timers WHERE kind = 'delay'") == []


def test_many_delays_that_are_over_together_are_handled_together(
    store: Store, database: Database
) -> None:
    told = [warm(n % 3, f"d{n}", 70) for n in range(300)]
    store.tell(told, plainly(told))
    assert passes(store, database, BASE + timedelta(minutes=30)) == 300
    assert store.rows("SELECT count(*), count(DISTINCT key), min(count) FROM alarms") == [
        (300, 300, 1)
    ]
    began = "SELECT count(DISTINCT at) FROM alarm_log WHERE type = 'raised'"
    assert store.rows(began) == [(1,)]


def test_a_delayed_raise_comes_though_its_event_is_deleted_by_now(
    store: Store, database: Database
) -> None:
    told = [warm(0, "d1", 70)]
    store.tell(told, plainly(told))
    store.conn.execute("DELETE FROM events")
    assert passes(store, database, BASE + timedelta(minutes=5)) == 1
    assert store.rows("SELECT device, state, active FROM alarms") == [
        ("d1", "unacknowledged", True)
    ]


def test_a_rule_that_is_of_another_kind_by_now_lets_the_old_timer_go(
    store: Store, database: Database
) -> None:
    told = [warm(0, "d1", 70)]
    store.tell(told, plainly(told))
    other = load(
        """
rules:
  - {id: warm, title: t, title_en: t, type: ioc.fire.reading, kind: match, per: device,
     when: {state: alarm}, severity: low}
""",
        "site.yaml",
    )
    assert passes(store, database, BASE + timedelta(minutes=5), other) == 1
    assert store.rows("SELECT key FROM alarms") == []
    assert store.rows("SELECT key FROM timers WHERE kind = 'delay'") == []


def test_what_a_late_event_lets_go_on_is_another_occurrence_and_the_ended_one_stays_as_it_was(
    database: Database,
) -> None:
    rules = load(
        """
rules:
  - {id: warm, title: t, title_en: t, type: ioc.fire.reading, kind: threshold, per: device,
     when: {kind: temperature}, threshold: {value: value, above: 60, off_delay: 5m},
     acknowledge: false, severity: medium}
""",
        "site.yaml",
    )
    store = Store.opened(database.url, rules)
    store.empty()
    told = [warm(0, "d1", 70), warm(10, "d1", 20)]
    store.tell(told, plainly(told))
    assert passes(store, database, BASE + timedelta(minutes=30), rules) == 1
    ended = store.rows("SELECT id, state, version, ended_at FROM alarms")
    assert [row[1] for row in ended] == ["normal"]
    store.tell(
        [*told, warm(12, "d1", 70)],
        [Copy(event=2, rank=0, delay=timedelta(minutes=20))],
    )
    assert store.rows("SELECT state, active FROM alarms WHERE ended_at IS NULL") == [
        ("unacknowledged", True)
    ]
    over = "SELECT id, state, version, ended_at FROM alarms WHERE ended_at IS NOT NULL"
    assert store.rows(over) == ended
    store.conn.close()
