"""Alarms come to the same occurrences and end states in any order (docs/rules.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.timescale.database import Database
from ioc.philosophy import ChatterLimits, Philosophy
from ioc.rule import RuleSet, load, shipped
from ioc.settings import Settings
from streams.handlers import handlers_of
from streams.timers import arm_housekeeping, run_due
from tests.integration.telling import (
    NOW,
    Copy,
    JsonObject,
    Rows,
    Store,
    copies,
    events,
    in_order_of_arrival,
    in_order_of_rank,
    plainly,
    received_at,
)

#: Beside the shipped ones: what ends by itself, by silence, by either, for each sort of key.
SITE = """
rules:
  - id: phone
    title: "Máy gọi khẩn cấp"
    title_en: "Phone in distress"
    type: ioc.citizen.report
    kind: match
    when: {emergency: true, status: [open, reopened]}
    per: device
    severity: high
    clear: {when: {status: [resolved, rejected]}}
  - id: heat
    title: "Nóng"
    title_en: "Heat"
    type: ioc.fire.reading
    kind: match
    when: {kind: heat, state: alarm}
    per: device
    severity: medium
    clear: {when: {kind: heat, state: [restore, normal]}, silence: 15m}
  - id: place
    title: "Cháy tại {area}"
    title_en: "Fire in {area}"
    type: ioc.fire.reading
    kind: match
    when: {kind: smoke, state: alarm}
    per: [area, kind]
    severity: high
    clear: {when: {kind: smoke, state: restore}}
    acknowledge: false
  - id: crowd
    title: "Khói ở {device}"
    title_en: "Smoke at {device}"
    type: ioc.camera.alert
    kind: count
    when: {label: [smoke, fire], phase: new}
    count: {n: 2, within: 12m}
    per: device
    severity: low
    clear: {when: {phase: update}, silence: 15m}
    acknowledge: false
  - id: glare
    title: "Chói ở {device}"
    title_en: "Glare at {device}"
    type: ioc.camera.alert
    kind: threshold
    threshold: {value: score, above: 0.7, on_delay: 5m, off_delay: 12m}
    per: device
    severity:
      - {when: {label: fire}, is: high}
      - {is: low}
  - id: long-fire
    title: "Cháy lâu ở {area}"
    title_en: "Long fire in {area}"
    type: ioc.fire.reading
    kind: duration
    when: {state: alarm}
    duration: {held: 25m}
    per: area
    severity: high
    clear: {when: {state: restore}, silence: 50m}
  - id: fire-and-smoke
    title: "Báo cháy rồi camera thấy {label}"
    title_en: "A panel, then cameras see {label}"
    kind: sequence
    sequence:
      within: 20m
      steps:
        - {type: ioc.fire.reading, when: {state: alarm}}
        - {type: ioc.camera.alert, when: {label: [smoke, fire]}}
    per: area
    severity: critical
    clear: {when: {label: person}, silence: 30m}
"""
#: Nothing is held back: what comes and goes too fast must come and go the same way.
RULES = RuleSet(
    shipped().overlaid(load(SITE, "site.yaml")).rules,
    philosophy=Philosophy(chattering=ChatterLimits(is_on=False)),
)
#: A house in which nearly everything that returns chatters: its rings and endings wait.
DAMPED = RuleSet(
    RULES.rules,
    philosophy=Philosophy(chattering=ChatterLimits(flips=2, within=timedelta(minutes=15))),
)
ALARMING = ("ioc.fire.reading", "ioc.camera.alert", "ioc.citizen.report")
#: Every one of the rules takes an event that is less than an hour late.
DELAYS = st.sampled_from([timedelta(minutes=n) for n in (0, 0, -4, 1, 10, 30, 59)])
#: What the stream has passed when everybody looks: some silences are over, or all.
ENDS = st.sampled_from([timedelta(0), timedelta(0), timedelta(minutes=9), timedelta(days=1)])
BOUNDED = settings(
    deadline=None,
    max_examples=45,
    # The fixture is one database for all examples; each begins with emptying it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

#: The pool's threads roll dice too, perhaps while Hypothesis draws; it takes that for ours.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

Order = Callable[[Sequence[JsonObject], Sequence[Copy]], list[Copy]]


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    opened = Store.opened(database.url, RULES)
    yield opened
    opened.conn.close()


@pytest.fixture
def damped(database: Database) -> Iterator[Store]:
    opened = Store.opened(database.url, DAMPED)
    yield opened
    opened.conn.close()


class Notifier:
    """Runs timers when the stream has passed them, as far as it has."""

    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database
        self._handlers = handlers_of(Settings(retention_days=None), store.rules)
        with database.transaction() as conn:
            arm_housekeeping(conn, NOW)

    def passes(self, progress: datetime) -> None:
        """Let the stream be read up to there, and run what is due until nothing is."""
        self._store.conn.execute(
            "UPDATE offsets SET held_at = %s, progress_at = greatest(progress_at, %s)",
            (NOW, progress),
        )
        while run_due(self._database, self._handlers, NOW):
            pass


def told_and_timed(
    store: Store, database: Database, told: list[JsonObject], way: list[Copy], end: datetime
) -> dict[str, Rows]:
    """Tell it; timers run on the way, and at last all that are due at `end`."""
    store.empty()
    notifier = Notifier(store, database)
    arrivals = [received_at(told[copy.event], copy) for copy in way]
    # The stream is where the earliest record that is still to come was.
    store.tell(told, way, after=lambda n: notifier.passes(min(arrivals[n:], default=end)))
    notifier.passes(end)
    return ended(store)


def ended(store: Store) -> dict[str, Rows]:
    """Return what rules.md promises for any order, where nobody has acted."""
    matches = [rule.id for rule in RULES.rules if rule.kind == "match" and rule.ack_required]
    kept = store.rows(
        "SELECT rule, key, state, active, severity, count, raised_at, event_source, event_id, "
        "event_time, area, device, title, lat, lon, ended_at FROM alarms"
    )
    return {
        "occurrences": [row for row in kept if row[0] in matches],
        # Nothing but silence clears it: a person must have seen each, however it came.
        "camera-fire": [row[:4] for row in kept if row[0] == "camera-fire"],
        "active": store.rows("SELECT rule, key FROM alarms WHERE active AND ended_at IS NULL"),
        "due": store.rows(
            "SELECT kind, key, due_at FROM timers WHERE kind IN ('silence', 'delay')"
        ),
    }


def check(
    store: Store, database: Database, told: list[JsonObject], data: st.DataObject, order: Order
) -> None:
    drawn = data.draw(copies(len(told), DELAYS), label="copies")
    way = order(told, drawn)
    last = max(received_at(told[copy.event], copy) for copy in way)
    end = last + data.draw(ENDS, label="end")
    expected = told_and_timed(store, database, told, plainly(told), end)
    assert told_and_timed(store, database, told, way, end) == expected


@BOUNDED
@given(data=st.data())
def test_an_hour_of_events_ends_in_the_same_alarms_in_any_order(
    store: Store, database: Database, data: st.DataObject
) -> None:
    told = data.draw(events(types=ALARMING, least=4), label="events")
    check(store, database, told, data, in_order_of_rank)


@BOUNDED
@given(data=st.data())
def test_four_hours_end_in_the_same_alarms_however_late_each_event_is(
    store: Store, database: Database, data: st.DataObject
) -> None:
    told = data.draw(events(types=ALARMING, least=6, size=16, minutes=240), label="events")
    check(store, database, told, data, in_order_of_arrival)


@BOUNDED
@given(data=st.data())
def test_what_chatters_is_active_in_any_order_though_its_rings_wait(
    damped: Store, database: Database, data: st.DataObject
) -> None:
    """Occurrences and states may differ by a calm; whether it is true now may not (ADR 22)."""
    told = data.draw(events(types=ALARMING, least=6, size=16, minutes=20), label="events")
    way = in_order_of_arrival(told, data.draw(copies(len(told), DELAYS), label="copies"))
    end = max(received_at(told[copy.event], copy) for copy in way)
    expected = told_and_timed(damped, database, told, plainly(told), end)
    found = told_and_timed(damped, database, told, way, end)
    assert found["active"] == expected["active"]
    assert found["due"] == expected["due"]


def test_a_rule_about_phones_goes_by_the_phone_and_not_by_its_report(store: Store) -> None:
    def word(second: int, phone: str, status: str) -> JsonObject:
        return {
            "specversion": "1.0",
            "type": "ioc.citizen.report",
            "source": "/a",
            "id": f"{second}",
            "time": f"2026-11-22T16:30:{second:02}Z",
            "device": phone,
            "data": {"report": "r1", "category": "x", "status": status, "emergency": True},
        }

    # Somebody else's word on the same report comes between the two of this phone.
    told = [word(1, "d1", "open"), word(14, "d2", "resolved"), word(30, "d1", "resolved")]
    for order in permutations(told):
        for ends_unit in (False, True):
            store.empty()
            store.tell(order, [Copy(n, ends_unit=ends_unit) for n in range(3)])
            found = store.rows("SELECT key, state FROM alarms WHERE rule = 'phone'")
            assert found == [("d1", "returned")], (order, ends_unit)


def test_a_clear_that_came_before_its_window_is_found_when_a_late_event_needs_it(
    store: Store,
) -> None:
    """Of a device, a clear is remembered only when something was raised (ADR 8)."""

    def word(minute: int, phase: str) -> JsonObject:
        return {
            "specversion": "1.0",
            "type": "ioc.camera.alert",
            "source": "/a",
            "id": f"{minute}",
            "time": f"2026-11-22T16:{minute}:00Z",
            "device": "d1",
            "data": {"label": "smoke", "phase": phase, "score": 0.5},
        }

    # Two within the time, but for what was said between them.
    told = [word(31, "new"), word(33, "update"), word(35, "new")]
    for order in permutations(told):
        for ends_unit in (False, True):
            store.empty()
            store.tell(order, [Copy(n, ends_unit=ends_unit) for n in range(3)])
            found = store.rows("SELECT active FROM alarms WHERE rule = 'crowd' AND active")
            assert found == [], (order, ends_unit)
