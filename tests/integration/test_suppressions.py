"""What hides alarms, as stories on the real database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connectors.timescale import alarms, rule_versions, suppression_pages, suppressions, timers
from connectors.timescale.database import Database
from connectors.timescale.rule_versions import Change
from connectors.timescale.suppressions import EndedError, FullError
from connectors.timescale.timers import Timer
from ioc.alarm import ClosingCode, State, acknowledge, close, shelf_elapsed, shelve
from ioc.clock import LOCAL_ZONE
from ioc.rule import RuleSet
from ioc.severity import Severity
from ioc.suppression import Inhibition, Kind, Matcher, Window, hiding, repeated
from streams import suppression_timers
from streams.timers import ArmedAnewError
from tests.integration.suppressed import BY_POWER, RULES, UNDAMPED, House, at

AREA = Matcher(areas=frozenset({"05443"}))
CAMERAS = Matcher(rules=frozenset({"camera"}))


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


# Silences -----------------------------------------------------------------------------------------


def test_a_silence_hides_what_is_open_and_what_comes_and_rings_when_it_is_over(
    house: House,
) -> None:
    before = house.raised("camera", "c-1", at(0))
    silence = house.hide(AREA, at(1))
    assert house.run(at(1)) == 1
    assert house.state(before) is State.SUPPRESSED
    during = house.raised("camera", "c-2", at(2))
    assert house.state(during) is State.SUPPRESSED
    assert house.rings(during) == 0
    elsewhere = house.raised("camera", "c-3", at(2), area="02143")
    assert house.state(elsewhere) is State.UNACKNOWLEDGED
    assert house.reasons(before) == house.reasons(during) == {str(silence.id)}

    assert house.run(at(60)) == 0, "not yet"
    assert house.run(at(61)) == 1
    assert house.state(before) is house.state(during) is State.UNACKNOWLEDGED
    assert (house.rings(before), house.rings(during)) == (2, 1)
    assert house.alarm(during).hidden_by == ()
    assert house.lines(silence.id) == ["made", "begun", "over"]
    counts = house.rows("SELECT alarms FROM suppression_log WHERE alarms IS NOT NULL ORDER BY id")
    assert [row["alarms"] for row in counts] == [1, 2]
    assert house.rows("SELECT FROM timers") == []


def test_what_is_over_by_then_does_not_ring_when_a_silence_ends(house: House) -> None:
    house.hide(AREA, at(0))
    house.run(at(0))
    alarm = house.raised("camera", "c-1", at(1))
    house.cleared("camera", "c-1", at(2))
    house.run(at(61))
    assert house.state(alarm) is State.NORMAL
    assert house.rings(alarm) == 0


def test_a_silence_is_in_force_before_its_timer_has_run(house: House) -> None:
    house.hide(AREA, at(0))
    assert house.state(house.raised("camera", "c-1", at(0.1))) is State.SUPPRESSED


def test_priority_1_rings_through_a_silence_that_does_not_name_it(house: House) -> None:
    house.hide(AREA, at(0))
    before = house.raised("fire", "f-0", at(0))
    house.run(at(0))
    assert house.state(before) is State.UNACKNOWLEDGED
    assert house.state(house.raised("fire", "f-1", at(1))) is State.UNACKNOWLEDGED
    house.hide(replace(AREA, severities=frozenset({Severity.CRITICAL})), at(2))
    house.run(at(2))
    assert house.state(before) is State.SUPPRESSED
    assert house.state(house.raised("fire", "f-2", at(3))) is State.SUPPRESSED


def test_what_becomes_critical_under_a_silence_comes_out_and_rings(house: House) -> None:
    house.hide(AREA, at(0))
    house.run(at(0))
    alarm = house.raised("camera", "c-1", at(1))
    house.worse("camera", "c-1", at(2))
    assert house.state(alarm) is State.UNACKNOWLEDGED
    assert house.rings(alarm) == 1


def test_who_ends_a_silence_makes_it_ring_at_once(house: House) -> None:
    silence = house.hide(AREA, at(0))
    house.run(at(0))
    alarm = house.raised("camera", "c-1", at(1))
    house.end(silence, at(2))
    house.run(at(2))
    assert house.state(alarm) is State.UNACKNOWLEDGED
    assert house.lines(silence.id) == ["made", "begun", "ended", "over"]
    with pytest.raises(EndedError):
        house.end(silence, at(3))


def test_a_silence_for_later_hides_nothing_until_then(house: House) -> None:
    silence = house.hide(AREA, at(0), from_at=at(30), until_at=at(40))
    alarm = house.raised("camera", "c-1", at(1))
    house.run(at(29))
    assert house.state(alarm) is State.UNACKNOWLEDGED
    house.run(at(30))
    assert house.state(alarm) is State.SUPPRESSED
    house.run(at(40))
    assert house.state(alarm) is State.UNACKNOWLEDGED
    assert house.lines(silence.id) == ["made", "begun", "over"]


def test_a_silence_that_nobody_was_there_for_is_over_and_has_hidden_nothing(house: House) -> None:
    alarm = house.raised("camera", "c-1", at(0))
    silence = house.hide(AREA, at(1))
    house.run(at(600))
    assert house.state(alarm) is State.UNACKNOWLEDGED
    assert house.rings(alarm) == 1
    assert house.lines(silence.id) == ["made", "over"]


def test_many_alarms_are_hidden_and_let_go_in_pages_the_most_urgent_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppression_timers, "PAGE", 4)
    house = House(database, RuleSet(RULES.rules, philosophy=UNDAMPED))
    house.raised_together("lamp", [f"l-{n}" for n in range(6)], at(0), "05443")
    house.raised_together("power", [f"p-{n}" for n in range(3)], at(0), "05443")
    silence = house.hide(AREA, at(1))
    assert house.run(at(1)) == 3
    assert house.states() == {"suppressed": 9}
    house.end(silence, at(2))
    assert house.run(at(2)) == 3
    assert house.states() == {"unacknowledged": 9}
    rung = house.rows("SELECT rule FROM alarm_log WHERE type = 'unsuppressed' ORDER BY seq")
    assert [row["rule"] for row in rung] == ["power"] * 3 + ["lamp"] * 6
    counts = house.rows("SELECT alarms FROM suppression_log WHERE alarms IS NOT NULL ORDER BY id")
    assert [row["alarms"] for row in counts] == [9, 9]


def test_an_acknowledged_alarm_is_hidden_too_and_asks_again_afterwards(house: House) -> None:
    alarm = house.raised("camera", "c-1", at(0))
    alarms.move(house.db, alarm, lambda found: acknowledge(found, "An", at(1)))
    house.hide(AREA, at(2))
    house.run(at(2))
    assert house.state(alarm) is State.SUPPRESSED
    house.run(at(62))
    assert house.state(alarm) is State.UNACKNOWLEDGED


def test_there_is_an_end_to_how_much_can_be_suppressed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppressions, "OPEN_MAX", 2)
    house.hide(AREA, at(0))
    second = house.hide(AREA, at(0))
    with pytest.raises(FullError):
        house.hide(AREA, at(0))
    power = house.raised("power", "p-1", at(1), area="02143")
    camera = house.raised("camera", "c-1", at(2), area="02143")
    assert house.state(power) is house.state(camera) is State.UNACKNOWLEDGED, "it rings instead"
    house.end(second, at(3))
    house.hide(AREA, at(3))


# Several at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_inner_first", [True, False])
def test_what_two_hide_rings_once_after_both(house: House, is_inner_first: bool) -> None:
    """Maintenance inside an inhibition: whoever ends first must not let it ring."""
    house.raised("power", "p-1", at(0))
    camera = house.raised("camera", "c-1", at(1))
    work = house.hide(CAMERAS, at(2), kind=Kind.MAINTENANCE)
    house.run(at(2))
    assert house.state(camera) is State.SUPPRESSED
    assert len(house.reasons(camera)) == 2
    if is_inner_first:
        house.end(work, at(3))
        house.run(at(3))
    else:
        house.cleared("power", "p-1", at(3))
        house.run(at(3))
    assert house.state(camera) is State.SUPPRESSED
    assert len(house.reasons(camera)) == 1
    assert house.rings(camera) == 0
    if is_inner_first:
        house.cleared("power", "p-1", at(4))
    else:
        house.end(work, at(4))
    house.run(at(4))
    assert house.state(camera) is State.UNACKNOWLEDGED
    assert house.rings(camera) == 1


def test_a_shelf_that_ends_under_a_silence_does_not_ring(house: House) -> None:
    alarm = house.raised("camera", "c-1", at(0))
    alarms.move(house.db, alarm, lambda found: shelve(found, at(10), "An", at(0), "lỗi"))
    house.hide(AREA, at(1))
    house.run(at(1))
    assert house.state(alarm) is State.SHELVED
    with house.db.transaction() as conn:
        live = suppressions.live(conn, at(10))
        alarms.moved(
            conn,
            alarm,
            lambda found: shelf_elapsed(found, at(10), hidden=hiding(live, found, at(10))),
        )
    assert house.state(alarm) is State.SUPPRESSED
    house.run(at(61))
    assert house.state(alarm) is State.UNACKNOWLEDGED
    assert house.rings(alarm) == 2


# Inhibitions --------------------------------------------------------------------------------------


def test_a_parent_hides_its_children_while_it_is_active(house: House) -> None:
    earlier = house.raised("camera", "c-1", at(0))
    power = house.raised("power", "p-1", at(1))
    later = house.raised("camera", "c-2", at(2))
    assert house.state(later) is State.SUPPRESSED
    elsewhere = house.raised("camera", "c-3", at(2), area="02143")
    assert house.state(elsewhere) is State.UNACKNOWLEDGED
    house.run(at(2))
    assert house.state(earlier) is State.SUPPRESSED, "a child that came first, one turn later"
    alarms.move(house.db, power, lambda found: acknowledge(found, "An", at(3)))
    house.run(at(3))
    assert house.state(later) is State.SUPPRESSED, "known, and still without power"
    house.cleared("power", "p-1", at(4))
    house.run(at(4))
    assert house.state(earlier) is house.state(later) is State.UNACKNOWLEDGED


def test_a_parent_that_comes_back_hides_again(house: House) -> None:
    house.raised("power", "p-1", at(0))
    camera = house.raised("camera", "c-1", at(1))
    house.cleared("power", "p-1", at(2))
    house.run(at(2))
    assert house.state(camera) is State.UNACKNOWLEDGED
    house.raised("power", "p-1", at(3))
    house.run(at(3))
    assert house.state(camera) is State.SUPPRESSED
    assert house.rings(camera) == 1


def test_a_parent_that_a_person_closes_hides_no_more(house: House) -> None:
    power = house.raised("power", "p-1", at(0))
    camera = house.raised("camera", "c-1", at(1))
    alarms.move(house.db, power, lambda found: close(found, ClosingCode.FALSE, "An", at(2)))
    house.run(at(2))
    assert house.state(camera) is State.UNACKNOWLEDGED


def test_an_inhibition_that_a_person_has_ended_stays_so_while_its_parent_goes_on(
    house: House,
) -> None:
    house.raised("power", "p-1", at(0))
    camera = house.raised("camera", "c-1", at(1))
    with house.db.reading() as conn:
        (inhibition,) = suppressions.live(conn, at(1))
    house.end(inhibition, at(2))
    house.run(at(2))
    house.raised("power", "p-1", at(3))
    house.cleared("power", "p-1", at(4))
    house.raised("power", "p-1", at(5))
    house.run(at(5))
    assert (house.state(camera), house.rings(camera)) == (State.UNACKNOWLEDGED, 1)


def test_a_hidden_parent_still_hides(house: House) -> None:
    house.hide(Matcher(rules=frozenset({"power"})), at(0))
    house.run(at(0))
    power = house.raised("power", "p-1", at(1))
    camera = house.raised("camera", "c-1", at(2))
    assert house.state(power) is house.state(camera) is State.SUPPRESSED


def test_of_two_parents_the_last_to_go_lets_ring(house: House) -> None:
    house.raised("power", "p-1", at(0))
    house.raised("power", "p-2", at(0))
    camera = house.raised("camera", "c-1", at(1))
    house.run(at(1))
    house.cleared("power", "p-1", at(2))
    house.run(at(2))
    assert house.state(camera) is State.SUPPRESSED
    house.cleared("power", "p-2", at(3))
    house.run(at(3))
    assert house.state(camera) is State.UNACKNOWLEDGED
    assert house.rings(camera) == 1


def test_a_parent_that_is_none_any_more_hides_no_more(database: Database) -> None:
    grave = Matcher(rules=frozenset({"power"}), severities=frozenset({Severity.HIGH}))
    by_grave = replace(BY_POWER, parent=grave)
    house = House(database, RuleSet(RULES.rules, philosophy=UNDAMPED, inhibitions=(by_grave,)))
    house.raised("power", "p-1", at(0))
    camera = house.raised("camera", "c-1", at(1))
    assert house.state(camera) is State.SUPPRESSED
    house.worse("power", "p-1", at(2), Severity.LOW)
    house.run(at(2))
    assert (house.state(camera), house.rings(camera)) == (State.UNACKNOWLEDGED, 1)
    house.worse("power", "p-1", at(3), Severity.HIGH)
    house.run(at(3))
    assert house.state(camera) is State.SUPPRESSED


def test_an_inhibition_that_is_new_changed_or_withdrawn_holds_for_what_is_active_already(
    database: Database,
) -> None:
    house = House(database, RuleSet(RULES.rules, philosophy=UNDAMPED))
    house.raised("power", "p-1", at(0))
    camera, lamp = house.raised("camera", "c-1", at(0)), house.raised("lamp", "l-1", at(0))

    def follow_inhibitions(found: list[Inhibition], now: datetime) -> tuple[State, State]:
        with house.db.transaction() as conn:
            suppression_pages.follow_inhibitions(conn, found, now)
        house.run(now)
        return house.state(camera), house.state(lamp)

    rings, hidden = State.UNACKNOWLEDGED, State.SUPPRESSED
    assert follow_inhibitions([BY_POWER], at(1)) == (hidden, hidden)
    assert follow_inhibitions([BY_POWER], at(2)) == (hidden, hidden)
    assert len(house.rows("SELECT FROM suppressions")) == 1
    changed = replace(BY_POWER, hides=CAMERAS)
    assert follow_inhibitions([changed], at(3)) == (hidden, rings)
    assert house.rings(camera) == 1, "it did not come out in between"
    assert follow_inhibitions([], at(4)) == (rings, rings)
    assert follow_inhibitions([BY_POWER], at(5)) == (hidden, hidden)
    house.cleared("power", "p-1", at(6))
    house.run(at(6))
    assert house.state(camera) is rings


# Out of service -----------------------------------------------------------------------------------


def test_what_becomes_critical_out_of_service_rings_unless_that_is_named(house: House) -> None:
    house.hide(AREA, at(0), kind=Kind.OUT_OF_SERVICE, until_at=None)
    house.run(at(0))
    alarm = house.raised("camera", "c-1", at(1))
    assert house.state(alarm) is State.OUT_OF_SERVICE
    house.worse("camera", "c-1", at(2))
    assert (house.state(alarm), house.rings(alarm)) == (State.UNACKNOWLEDGED, 1)
    with house.db.transaction() as conn:
        named = house.raise_in(conn, "lamp", "l-1", at(3), area="02143")
        suppressions.take_out(conn, named, by="An", reason="Hỏng", review_at=None, now=at(3))
    house.run(at(3))
    house.worse("lamp", "l-1", at(4))
    assert (house.state(named.id), house.rings(named.id)) == (State.OUT_OF_SERVICE, 1)


def test_what_is_out_of_service_stays_so_in_its_next_occurrences(house: House) -> None:
    alarm = house.alarm(house.raised("fire", "f-1", at(0)))
    with house.db.transaction() as conn:
        suppressions.take_out(
            conn, alarm, by="An", reason="Thay đầu báo", review_at=at(600), now=at(1)
        )
    house.run(at(1))
    assert house.state(alarm.id) is State.OUT_OF_SERVICE
    house.cleared("fire", "f-1", at(2))
    again = house.raised("fire", "f-1", at(3))
    assert house.state(again) is State.OUT_OF_SERVICE
    assert house.state(house.raised("fire", "f-2", at(3))) is State.UNACKNOWLEDGED
    with house.db.transaction() as conn:
        suppressions.put_back(conn, alarm, "Bình", None, at(4))
    house.run(at(4))
    assert house.state(again) is State.UNACKNOWLEDGED


# Turns --------------------------------------------------------------------------------------------


def test_a_window_that_comes_again_hides_each_time(house: House) -> None:
    start = at(0).astimezone(LOCAL_ZONE).replace(microsecond=0)
    lasts = timedelta(hours=1)
    window = house.hide(
        CAMERAS,
        at(-1),
        kind=Kind.MAINTENANCE,
        from_at=start,
        until_at=start + lasts,
        recurrence=repeated("FREQ=DAILY", start, lasts),
        duration_s=3600,
    )
    day = 24 * 60
    camera = house.raised("camera", "c-1", at(-0.5))
    for turn in range(3):
        house.run(at(turn * day + 1))
        assert house.state(camera) is State.SUPPRESSED, turn
        house.run(at(turn * day + 61))
        assert house.state(camera) is State.UNACKNOWLEDGED, turn
    assert house.lines(window.id) == ["made"] + ["begun", "over"] * 3
    assert house.rings(camera) == 4
    house.run(at(10 * day + 30))
    assert house.state(camera) is State.SUPPRESSED, "turns that nobody was there for are left out"


def test_turns_without_a_gap_do_not_ring_in_between(house: House) -> None:
    start = at(0).astimezone(LOCAL_ZONE).replace(microsecond=0)
    lasts = timedelta(hours=24)
    house.hide(
        CAMERAS,
        at(-1),
        from_at=start,
        until_at=start + lasts,
        recurrence=repeated("FREQ=DAILY;COUNT=2", start, lasts),
        duration_s=24 * 3600,
    )
    house.run(at(0))
    camera = house.raised("camera", "c-1", at(1))
    house.run(at(24 * 60 + 1))
    assert house.state(camera) is State.SUPPRESSED
    assert house.rings(camera) == 0
    house.run(at(48 * 60 + 1))
    assert house.rings(camera) == 1


def window(name: str, **changes: object) -> Window:
    made = Window(name, CAMERAS, at(-10), timedelta(hours=1), None, "Thử tủ")
    return replace(made, **changes)  # type: ignore[arg-type]


def follow(house: House, windows: list[Window], now: datetime) -> None:
    with house.db.transaction() as conn:
        suppressions.follow_windows(conn, windows, now)


def test_windows_of_files_are_followed(house: House) -> None:
    camera = house.raised("camera", "c-1", at(0))
    lamp = house.raised("lamp", "l-1", at(0))
    follow(house, [window("w")], at(0))
    follow(house, [window("w")], at(0))
    assert len(house.rows("SELECT FROM suppressions")) == 1, "told twice is one"
    house.run(at(0))
    assert house.state(camera) is State.SUPPRESSED
    follow(house, [window("w", hides=Matcher(rules=frozenset({"lamp"})))], at(1))
    house.run(at(1))
    assert (house.state(camera), house.state(lamp)) == (State.UNACKNOWLEDGED, State.SUPPRESSED)
    follow(house, [], at(2))
    house.run(at(2))
    assert house.state(lamp) is State.UNACKNOWLEDGED
    follow(house, [window("w")], at(3))
    house.run(at(3))
    assert house.state(camera) is State.SUPPRESSED, "written there again"


def test_a_window_of_a_file_that_a_person_has_ended_stays_ended(house: House) -> None:
    follow(house, [window("w")], at(0))
    (row,) = house.rows("SELECT id FROM suppressions")
    with house.db.transaction() as conn:
        suppressions.end(conn, row["id"], "An", None, at(1))
    follow(house, [window("w")], at(2))
    house.run(at(2))
    assert house.state(house.raised("camera", "c-1", at(3))) is State.UNACKNOWLEDGED


# Races --------------------------------------------------------------------------------------------


def test_a_silence_waits_for_who_rings_and_hides_what_it_has_rung(house: House) -> None:
    """In flight while the silence is made: it must not be left ringing."""
    with ThreadPoolExecutor(1) as pool:
        with house.db.transaction() as conn:
            alarm = house.raise_in(conn, "camera", "c-1", at(0)).id
            house.hide(AREA, at(0.01))
            following = pool.submit(house.run, at(0.02))
            with pytest.raises(TimeoutError):
                following.result(timeout=0.5)
        assert following.result(timeout=60) == 1
    assert house.state(alarm) is State.SUPPRESSED


def test_who_rings_with_an_old_clock_is_hidden_by_what_has_begun_since(house: House) -> None:
    house.hide(AREA, at(0))
    house.run(at(0))
    assert house.state(house.raised("camera", "c-1", at(-0.05))) is State.SUPPRESSED


def test_who_rings_with_an_old_clock_is_not_hidden_by_what_is_over(house: House) -> None:
    house.hide(AREA, at(0), until_at=at(10))
    house.run(at(0))
    house.run(at(10))
    assert house.state(house.raised("camera", "c-1", at(9.9))) is State.UNACKNOWLEDGED


def test_rings_and_silences_at_once_leave_nothing_ringing_and_nothing_hidden_for_nothing(
    house: House,
) -> None:
    """Four batches ring while silences are made, ended and followed by two notifiers."""
    gate = threading.Barrier(7)
    stop = threading.Event()

    def ringing(worker: int) -> None:
        gate.wait(timeout=60)
        for n in range(15):
            house.raised("camera", f"c-{worker}-{n}", at(n / 100))

    def silencing() -> None:
        gate.wait(timeout=60)
        for n in range(5):
            silence = house.hide(AREA, at(n / 100))
            house.end(silence, at(n / 100 + 0.005))
        house.hide(CAMERAS, at(0.5))

    def following() -> None:
        gate.wait(timeout=60)
        while not stop.is_set():
            house.run(at(0.6))

    with ThreadPoolExecutor(7) as pool:
        rung = [pool.submit(ringing, n) for n in range(4)] + [pool.submit(silencing)]
        followed = [pool.submit(following) for _ in range(2)]
        for each in rung:
            each.result(timeout=120)
        stop.set()
        for each in followed:
            each.result(timeout=120)
    house.run(at(1))
    assert house.states() == {"suppressed": 60}
    live = {
        str(row["id"]) for row in house.rows("SELECT id FROM suppressions WHERE ended_at IS NULL")
    }
    for row in house.rows("SELECT hidden_by FROM alarms"):
        assert {reason["id"] for reason in row["hidden_by"]} == live


def test_a_timer_that_was_armed_anew_while_its_page_was_hidden_leaves_nothing_behind(
    house: House,
) -> None:
    alarm = house.raised("camera", "c-1", at(0))
    silence = house.hide(AREA, at(1))
    (row,) = house.rows("SELECT kind, key, clock, due_at, payload FROM timers")
    stale = Timer(**row)
    house.end(silence, at(1))
    # It looks as if it was still due, and is another row by now.
    with house.db.transaction() as conn:
        assert not timers.is_mine(conn, replace(stale, due_at=at(-1)))
    suppression_timers.follow(house.db, replace(stale, due_at=at(-1)), at(2))
    assert house.state(alarm) is State.UNACKNOWLEDGED
    assert house.lines(silence.id) == ["made", "ended"]
    house.run(at(2))
    assert house.rings(alarm) == 1


def test_somebody_who_holds_the_row_of_a_suppression_is_not_waited_for(house: House) -> None:
    alarm = house.raised("camera", "c-1", at(0))
    silence = house.hide(AREA, at(1))
    (row,) = house.rows("SELECT kind, key, clock, due_at, payload FROM timers")
    with house.db.transaction() as conn:
        conn.execute("SELECT FROM suppressions WHERE id = %s FOR UPDATE", [silence.id])
        with pytest.raises(ArmedAnewError):
            suppression_timers.follow(house.db, Timer(**row), at(1))
    assert house.state(alarm) is State.UNACKNOWLEDGED, "nothing of it is kept"
    house.run(at(1))
    assert house.state(alarm) is State.SUPPRESSED


def test_what_files_say_of_hiding_is_in_force_with_their_version(database: Database) -> None:
    house = House(database, RuleSet(RULES.rules, philosophy=UNDAMPED))
    house.raised("power", "p-1", at(0))
    camera, lamp = house.raised("camera", "c-1", at(0)), house.raised("lamp", "l-1", at(0))
    start = at(0).astimezone(LOCAL_ZONE).strftime("%Y-%m-%dT%H:%M")
    inhibition = {"id": "i", "parent": {"rules": ["power"]}, "hides": {"rules": ["camera"]}}
    work = {"id": "w", "hides": {"rules": ["lamp"]}, "start": start, "lasts": "1h", "reason": "r"}

    def change(*changes: Change) -> tuple[State, State]:
        with house.db.transaction() as conn:
            rule_versions.change(conn, changes, by="An", now=at(1))
        house.run(at(1))
        return house.state(camera), house.state(lamp)

    rings, hidden = State.UNACKNOWLEDGED, State.SUPPRESSED
    said = Change("inhibition", "i", inhibition, "api", "why")
    assert change(said) == (hidden, rings)
    assert change(Change("maintenance", "w", work, "api", "why")) == (hidden, hidden)
    assert change(replace(said, body=None)) == (rings, hidden)
    assert change(Change("maintenance", "w", None, "api", "why")) == (rings, rings)
