"""Floods: when they begin and end, what is folded meanwhile, and that the count is exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from connectors.timescale import alarms, floods, suppression_pages
from connectors.timescale.database import Database
from ioc.alarm import State, acknowledge, unacknowledge
from ioc.philosophy import Position
from ioc.rule import RuleSet
from ioc.suppression import Matcher
from streams import flood_timers
from streams.alarm_gauges import Gauges
from tests.integration.suppressed import RULES, UNDAMPED, House, at

AREA = Matcher(areas=frozenset({"05443"}))


@pytest.fixture
def house(database: Database) -> House:
    return House(database, RuleSet(RULES.rules, philosophy=UNDAMPED))


def open_floods(house: House) -> list[dict[str, Any]]:
    return house.rows("SELECT * FROM floods WHERE ended_at IS NULL ORDER BY position")


def folded(house: House) -> set[str]:
    rows = house.rows("SELECT key FROM alarms WHERE folded AND ended_at IS NULL")
    return {row["key"] for row in rows}


def ring(house: House, n: int, now: datetime, rule: str = "camera", prefix: str = "c") -> None:
    for number in range(n):
        house.raised(rule, f"{prefix}-{number}", now)


def test_ten_rings_are_no_flood_and_the_eleventh_begins_one(house: House) -> None:
    ring(house, 10, at(0))
    assert open_floods(house) == []
    house.raised("lamp", "l-1", at(1))
    (flood,) = open_floods(house)
    assert (flood["position"], flood["began_at"], flood["alarms"]) == ("main", at(1), 11)
    assert folded(house) == set(), "a group's first can be seen, and what rang before stays"
    house.raised("lamp", "l-2", at(1))
    house.raised("camera", "c-10", at(1))
    assert folded(house) == {"l-2", "c-10"}


def test_rings_of_ten_minutes_ago_do_not_count(house: House) -> None:
    ring(house, 10, at(0))
    house.raised("camera", "c-10", at(10))
    assert open_floods(house) == []


def test_all_of_one_transaction_count_in_their_order(house: House) -> None:
    house.raised_together("camera", [f"c-{n:02}" for n in range(14)], at(0), "05443")
    (flood,) = open_floods(house)
    assert flood["alarms"] == 14
    assert folded(house) == {"c-10", "c-11", "c-12", "c-13"}, "ten rang before the flood"


def test_a_flood_goes_on_at_five_and_ends_at_four(house: House) -> None:
    ring(house, 7, at(0))
    ring(house, 5, at(6), "lamp", "l")
    assert folded(house) == {"l-3", "l-4"}, "the fourth lamp is the eleventh ring"
    house.run(at(10.5))
    assert len(open_floods(house)) == 1, "five lamps within the last ten minutes"
    house.run(at(16.1))
    assert open_floods(house) == []
    assert folded(house) == set()
    assert house.rows("SELECT FROM timers") == []
    (row,) = house.rows("SELECT ended_at, alarms, peak_10m FROM floods")
    assert (row["alarms"], row["peak_10m"]) == (12, 12)


def test_four_rings_are_few_enough(house: House) -> None:
    ring(house, 8, at(0))
    ring(house, 4, at(6), "lamp", "l")
    assert len(open_floods(house)) == 1
    house.run(at(10.5))
    assert open_floods(house) == []


def test_priority_1_is_never_folded(house: House) -> None:
    ring(house, 12, at(0))
    ring(house, 5, at(1), "fire", "f")
    assert not {key for key in folded(house) if key.startswith("f")}


def test_a_folded_alarm_that_becomes_critical_is_shown(house: House) -> None:
    ring(house, 12, at(0))
    house.raised("camera", "c-12", at(1))
    assert "c-12" in folded(house)
    house.worse("camera", "c-12", at(2))
    assert "c-12" not in folded(house)
    (row,) = house.rows("SELECT alarm FROM alarm_log ORDER BY seq DESC LIMIT 1")
    assert row["alarm"]["folded"] is False


def test_the_log_says_what_is_folded(house: House) -> None:
    ring(house, 12, at(0))
    rows = house.rows("SELECT key, alarm FROM alarm_log ORDER BY seq")
    assert [row["key"] for row in rows if row["alarm"]["folded"]] == ["c-10", "c-11"]


def test_what_hides_is_not_counted_and_what_comes_back_from_hiding_is(house: House) -> None:
    silence = house.hide(AREA, at(0))
    ring(house, 20, at(0))
    house.run(at(0))
    assert open_floods(house) == []
    house.end(silence, at(1))
    house.run(at(1))
    (flood,) = open_floods(house)
    assert flood["alarms"] == 20
    assert len(folded(house)) == 10


def test_what_people_have_seen_stays_where_it_is(house: House) -> None:
    first = house.raised("camera", "c-0", at(0))
    second = house.raised("camera", "c-1", at(0))
    ring(house, 12, at(1), "lamp", "l")
    alarms.move(house.db, second, lambda found: acknowledge(found, "An", at(2)))
    alarms.move(house.db, second, lambda found: unacknowledge(found, "An", at(2)))
    house.cleared("camera", "c-1", at(3))
    house.raised("camera", "c-1", at(3))
    assert house.state(first) is house.state(second) is State.UNACKNOWLEDGED
    assert not {"c-0", "c-1"} & folded(house)


def test_a_group_whose_head_is_gone_shows_another(house: House) -> None:
    ring(house, 11, at(0), "lamp", "l")
    for n in range(3):
        house.raised("door", f"d-{n}", at(1 + n / 10))
    assert {"d-1", "d-2"} <= folded(house)
    house.cleared("door", "d-0", at(2))
    house.run(at(2))
    assert "d-1" not in folded(house)
    assert "d-2" in folded(house)


def test_a_site_decides_what_a_flood_is_and_a_change_counts_at_once(house: House) -> None:
    house.decide(start_gt=2, end_lt=2)
    ring(house, 3, at(0))
    assert len(open_floods(house)) == 1
    house.decide(start_gt=50, end_lt=50)
    house.run(at(1))
    assert open_floods(house) == []


def test_each_position_has_floods_of_its_own(house: House) -> None:
    positions = [
        Position("town", "Phường", "Town", areas=frozenset({"05443"})),
        Position("rest", "Trực ban", "Desk"),
    ]
    with house.db.transaction() as conn:
        floods.follow_positions(conn, positions)
    for n in range(8):
        house.raised("camera", f"t-{n}", at(0), area="05443")
        house.raised("camera", f"r-{n}", at(0), area="02143")
    house.raised("camera", "nowhere", at(0), area=None)
    assert open_floods(house) == []
    for n in range(8, 12):
        house.raised("camera", f"t-{n}", at(1), area="05443")
    assert [row["position"] for row in open_floods(house)] == ["town"]
    house.raised("camera", "r-8", at(1), area="02143")
    assert folded(house) == {"t-10", "t-11"}
    house.raised("camera", "r-9", at(1), area="02143")
    assert [row["position"] for row in open_floods(house)] == ["rest", "town"], (
        "with the one nowhere"
    )


def test_positions_that_are_not_there_any_more_leave_nothing_folded(house: House) -> None:
    with house.db.transaction() as conn:
        floods.follow_positions(conn, [Position("a", "A", "A"), Position("b", "B", "B")])
    ring(house, 13, at(0))
    assert folded(house)
    with house.db.transaction() as conn:
        floods.follow_positions(conn, [Position("b", "B", "B")])
    house.run(at(1))
    assert folded(house) == set()
    assert open_floods(house) == []


def test_after_a_flood_everything_is_shown_page_by_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood_timers, "PAGE", 3)
    house.raised_together("camera", [f"c-{n:02}" for n in range(25)], at(0), "05443")
    assert len(folded(house)) == 15
    house.run(at(11))
    assert folded(house) == set()
    assert house.rows("SELECT FROM timers") == []


def test_rings_at_once_are_counted_exactly(house: House) -> None:
    def ringing(worker: int) -> None:
        for n in range(10):
            house.raised("camera", f"c-{worker}-{n}", at(0))

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(ringing, n) for n in range(4)]:
            each.result(timeout=120)
    (flood,) = open_floods(house)
    assert flood["alarms"] == 40
    assert len(folded(house)) == 30, "exactly those after the tenth"


# Whatever happens ---------------------------------------------------------------------------------

_KEYS = [("camera", f"c-{n}") for n in range(6)] + [("lamp", f"l-{n}") for n in range(4)]
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["raise", "raise", "raise", "clear", "ack", "fire", "worse", "hide", "run"]
        ),
        st.integers(0, len(_KEYS) - 1),
        st.sampled_from([0, 0, 1, 20, 400]),
    ),
    max_size=40,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_STEPS)
def test_whatever_happens_the_hidden_count_is_right_and_nothing_urgent_is_in_it(
    house: House, steps: Sequence[tuple[str, int, int]]
) -> None:
    _empty(house)
    house.decide(start_gt=3, end_lt=2)
    seconds = 0
    for what, number, later in steps:
        seconds += later
        now = at(seconds / 60)
        _do(house, what, *_KEYS[number], now)
        _check(house)
    house.run(at(seconds / 60 + 11))
    house.run(at(seconds / 60 + 200))
    assert folded(house) == set(), "after the flood nothing is"
    assert open_floods(house) == []


def _empty(house: House) -> None:
    with house.db.transaction() as conn:
        conn.execute(
            "TRUNCATE alarms, alarm_log, floods, timers, suppressions, suppression_log,"
            " rule_versions, deliveries CASCADE"
        )


def _do(house: House, what: str, rule: str, key: str, now: datetime) -> None:
    match what:
        case "raise":
            house.raised(rule, key, now)
        case "clear":
            house.cleared(rule, key, now)
        case "fire":
            house.raised("fire", key, now)
        case "worse":
            house.worse(rule, key, now)
        case "hide":
            house.hide(Matcher(keys=frozenset({key})), now, until_at=at(120))
        case "run":
            house.run(now)
        case "ack":
            for row in house.rows(
                "SELECT id FROM alarms WHERE key = %s AND state = 'unacknowledged'", key
            ):
                found: UUID = row["id"]
                alarms.move(house.db, found, lambda each: acknowledge(each, "An", now))


def _check(house: House) -> None:
    rows = house.rows("SELECT * FROM alarms WHERE ended_at IS NULL")
    hidden = [row for row in rows if row["folded"] and row["state"] not in _HIDDEN]
    assert all(row["severity"] != "critical" for row in hidden)
    if hidden:
        assert open_floods(house) or house.rows("SELECT FROM timers WHERE kind = 'flood'")
    recount = Counter(_reason(row) for row in rows)
    with house.db.reading() as conn:
        counted = suppression_pages.hidden_counts(conn)
    assert {reason: n for reason, n in counted.by_reason.items() if n} == {
        reason: n for reason, n in recount.items() if reason
    }
    logged = {
        row["alarm_id"]: row["folded"]
        for row in house.rows(
            "SELECT DISTINCT ON (alarm_id) alarm_id, (alarm ->> 'folded')::bool AS folded"
            " FROM alarm_log ORDER BY alarm_id, seq DESC"
        )
    }
    for row in rows:
        # Only the end of a flood, and a head that is gone, show an alarm without a step of its own.
        assert logged[row["id"]] or not row["folded"]


def _reason(row: dict[str, Any]) -> str | None:
    """Return why an alarm cannot be seen, as a person would count it in the list of all."""
    if row["state"] == "suppressed":
        return str(row["hidden_by"][0]["kind"])
    if row["state"] in _HIDDEN:
        return str(row["state"])
    return "folded" if row["folded"] else None


_HIDDEN = {"shelved", "suppressed", "out_of_service"}


def test_what_is_hidden_and_how_often_it_rang_is_measured(house: House) -> None:
    def measured(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    gauges = Gauges()
    ring(house, 3, at(0))
    with house.db.reading() as conn:
        gauges.look(conn)
    before = measured("ioc_alarms_rung_total", priority="3")
    ring(house, 12, at(1), "camera", "d")
    with house.db.reading() as conn:
        gauges.look(conn)
        gauges.look(conn)
    assert measured("ioc_alarms_rung_total", priority="3") == before + 12
    assert measured("ioc_alarms_hidden", reason="folded") == len(folded(house)) == 5
    assert measured("ioc_floods_open") == 1
