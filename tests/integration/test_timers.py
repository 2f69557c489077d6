from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from connectors.timescale import alarms, offsets, suppressions, timers, windows
from connectors.timescale.database import Database
from connectors.timescale.timers import Timer
from ioc import clock
from ioc.alarm import (
    Alarm,
    State,
    Step,
    Transition,
    acknowledge,
    shelve,
    unacknowledge,
    unshelve,
)
from ioc.rule import Clear, Raise, RuleSet, Verdict, Window, load
from ioc.settings import Settings
from ioc.severity import Severity
from ioc.suppression import Kind, Matcher, Suppression
from streams import timers as handling
from streams.handlers import bulk_of, handlers_of
from streams.timers import EXPIRE_ROWS, arm_housekeeping, run_due
from streams.verdicts import applied

NOW = clock.now()
RULES = load(
    """
rules:
  - id: smoke
    title: "Khói"
    title_en: "Smoke"
    type: ioc.fire.reading
    kind: match
    when: {state: alarm}
    clear: {silence: 5m}
    per: device
    severity: high
  - id: trouble
    title: "Lỗi"
    title_en: "Trouble"
    type: ioc.fire.reading
    kind: match
    when: {state: trouble}
    clear: {when: {state: normal}}
    per: device
    severity: low
""",
    "test.yaml",
)


@dataclass(frozen=True)
class Reading:
    """A fire reading, as a rule sees it."""

    time: datetime
    ce_id: str
    ce_source: str = "/sia/1234"
    source: str = "fire"
    type: str = "ioc.fire.reading"
    kind: str = "smoke"
    area: str | None = "05443"
    device: str | None = "panel-1"
    severity: str | None = None
    received_at: datetime = NOW
    data: dict[str, object] = field(default_factory=dict)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def due(db: Database, now: datetime, rules: RuleSet | None = None) -> int:
    settings = Settings(dead_letter_days=30, retention_days=90)
    found = rules or RuleSet()
    return run_due(db, handlers_of(settings, found), now, bulk_of(found))


def raise_alarm(db: Database, key: str = "panel-1") -> Alarm:
    alarm = Alarm(
        id=uuid4(),
        rule="smoke",
        key=key,
        source="fire",
        severity=Severity.HIGH,
        state=State.UNACKNOWLEDGED,
        active=True,
        area="05443",
        device=key,
        title="Khói",
        title_en="Smoke",
        guidance=(),
        ack_required=True,
        raised_at=NOW,
        changed_at=NOW,
        condition_at=NOW,
        event_source="/sia/1234",
        event_id="e-1",
        event_time=NOW,
    )
    with db.transaction() as conn:
        alarms.apply(conn, [Transition(Step.RAISED, State.NORMAL, alarm, NOW)])
    return alarm


def state_of(db: Database, alarm_id: UUID) -> State:
    with db.reading() as conn:
        row = conn.execute("SELECT state FROM alarms WHERE id = %s", [alarm_id]).fetchone()
    assert row is not None
    return State(row["state"])


def armed(db: Database, kind: str) -> list[datetime]:
    with db.reading() as conn:
        rows = conn.execute("SELECT due_at FROM timers WHERE kind = %s ORDER BY 1", [kind])
        return [row["due_at"] for row in rows]


def read_up_to(db: Database, progress: list[datetime | None], log: str = "log") -> None:
    with db.transaction() as conn:
        for partition, progress_at in enumerate(progress):
            conn.execute(
                "INSERT INTO offsets (log, topic, partition, next, progress_at, held_at)"
                " VALUES (%s, 'ioc.fire.v1', %s, 0, %s, now())"
                " ON CONFLICT (log, topic, partition)"
                " DO UPDATE SET progress_at = excluded.progress_at, held_at = clock_timestamp()",
                [log, partition, progress_at],
            )


def test_a_shelf_that_is_over_rings_again_also_after_an_outage(database: Database) -> None:
    alarm = raise_alarm(database)
    alarms.move(database, alarm.id, lambda now: shelve(now, at(10), "An", NOW))
    assert due(database, at(9)) == 0
    assert state_of(database, alarm.id) is State.SHELVED
    assert due(database, at(600)) == 1
    assert state_of(database, alarm.id) is State.UNACKNOWLEDGED
    assert armed(database, "shelf") == []


def test_a_shelf_that_a_person_ended_is_left_alone(database: Database) -> None:
    alarm = raise_alarm(database)
    alarms.move(database, alarm.id, lambda now: shelve(now, at(10), "An", NOW))
    alarms.move(database, alarm.id, lambda now: unshelve(now, "An", at(1)))
    with database.transaction() as conn:
        timers.arm(conn, Timer("shelf", str(alarm.id), timers.WALL, at(10)))
    assert due(database, at(11)) == 1
    assert state_of(database, alarm.id) is State.ACKNOWLEDGED
    assert armed(database, "shelf") == []


def log_of(db: Database) -> list[tuple[str, str]]:
    """The keys and types of what was logged, in order, but for the raises."""
    with db.reading() as conn:
        rows = conn.execute("SELECT key, type FROM alarm_log WHERE type <> 'raised' ORDER BY seq")
        return [(row["key"], row["type"]) for row in rows]


def known_until(db: Database, alarm: Alarm, until: datetime) -> None:
    """Acknowledge, until then."""
    seconds = int((until - NOW).total_seconds())

    def known(now: Alarm) -> Transition:
        return acknowledge(replace(now, ack_expires_s=seconds), "An", NOW)

    alarms.move(db, alarm.id, known)


def test_an_acknowledgement_that_has_expired_rings_again_and_can_be_given_again(
    database: Database,
) -> None:
    alarm = raise_alarm(database)
    known_until(database, alarm, at(30))
    assert armed(database, "ack") == [at(30)]
    assert due(database, at(29)) == 0
    assert due(database, at(31)) == 1
    assert state_of(database, alarm.id) is State.UNACKNOWLEDGED
    assert log_of(database) == [("panel-1", "acknowledged"), ("panel-1", "reminder")]
    assert armed(database, "ack") == []
    alarms.move(database, alarm.id, lambda now: acknowledge(now, "An", at(32)))
    assert armed(database, "ack") == [at(62)], "the row remembers how long it is worth"


def test_an_acknowledgement_that_is_taken_back_takes_its_timer_along(database: Database) -> None:
    alarm = raise_alarm(database)
    known_until(database, alarm, at(30))
    alarms.move(database, alarm.id, lambda now: unacknowledge(now, "An", at(1)))
    assert armed(database, "ack") == []


def test_a_shelf_takes_the_place_of_an_acknowledgement(database: Database) -> None:
    alarm = raise_alarm(database)
    known_until(database, alarm, at(30))
    alarms.move(database, alarm.id, lambda now: shelve(now, at(10), "An", at(1)))
    assert (armed(database, "ack"), armed(database, "shelf")) == ([], [at(10)])


def test_what_is_overdue_after_an_outage_is_handled_in_the_order_in_which_it_was_due(
    database: Database,
) -> None:
    def shelved_until(until: datetime) -> Callable[[Alarm], Transition]:
        return lambda now: shelve(now, until, "An", NOW)

    for n in range(20):
        alarm = raise_alarm(database, f"panel-{n:02}")
        if n % 3:
            alarms.move(database, alarm.id, shelved_until(at(60 - n)))
        else:
            known_until(database, alarm, at(60 - n))
    before = len(log_of(database))
    assert due(database, at(600)) >= 20
    found = log_of(database)[before:]
    assert [key for key, _ in found] == [f"panel-{n:02}" for n in reversed(range(20))]
    assert {kind for _, kind in found} == {"unshelved", "reminder"}
    assert (armed(database, "ack"), armed(database, "shelf")) == ([], [])


def test_one_bad_timer_among_many_steps_aside_and_the_others_are_handled(
    database: Database,
) -> None:
    alarm = raise_alarm(database)
    alarms.move(database, alarm.id, lambda now: shelve(now, at(10), "An", NOW))
    with database.transaction() as conn:
        timers.arm(conn, Timer("shelf", "no alarm's id", timers.WALL, at(1)))
    assert due(database, at(11)) == 2
    assert state_of(database, alarm.id) is State.UNACKNOWLEDGED
    assert armed(database, "shelf") == [at(1)]
    assert due(database, at(11)) == 0, "it is tried again later"


def test_two_notifiers_let_a_shelf_run_out_once(database: Database) -> None:
    alarm = raise_alarm(database)
    alarms.move(database, alarm.id, lambda now: shelve(now, at(10), "An", NOW))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: due(database, at(11)), range(4)))
    assert log_of(database) == [("panel-1", "shelved"), ("panel-1", "unshelved")]


def test_a_shelf_that_ends_in_a_maintenance_window_is_followed_by_it(database: Database) -> None:
    alarm = raise_alarm(database)
    alarms.move(database, alarm.id, lambda now: shelve(now, at(10), "An", NOW))
    with database.transaction() as conn:
        work = Suppression(
            id=uuid4(),
            kind=Kind.MAINTENANCE,
            matcher=Matcher(rules=frozenset({"smoke"})),
            reason="thử tủ",
            by="An",
            from_at=at(5),
            until_at=at(60),
            created_at=at(5),
            origin="api",
        )
        suppressions.make(conn, work)
    run_due(database, {"shelf": handlers_of(Settings(), RuleSet())["shelf"]}, at(11))
    assert state_of(database, alarm.id) is State.SUPPRESSED
    due(database, at(61))
    assert state_of(database, alarm.id) is State.UNACKNOWLEDGED


# Unrest -----------------------------------------------------------------------------------------


def reading(second: int, state: str) -> Verdict:
    """What the rule says of a reading at so many seconds."""
    event = Reading(NOW + timedelta(seconds=second), ce_id=f"e-{second}")
    rule = RULES.by_id["trouble"]
    said = Raise if state == "trouble" else Clear
    return said(rule, "panel-1", event.time, event)


def told(db: Database, *verdicts: Verdict) -> None:
    with db.transaction() as conn:
        for verdict in verdicts:
            alarms.apply(conn, applied(conn, RULES, [verdict], NOW))


def steps(db: Database) -> list[tuple[str, bool]]:
    with db.reading() as conn:
        rows = conn.execute("SELECT type, annunciated FROM alarm_log ORDER BY seq").fetchall()
        return [(row["type"], row["annunciated"]) for row in rows]


def test_what_comes_and_goes_too_fast_rings_once_and_again_when_it_is_calm(
    database: Database,
) -> None:
    for second in range(0, 50, 10):
        told(database, reading(second, "trouble"), reading(second + 5, "normal"))
    told(database, reading(50, "trouble"))
    assert [each for each, rang in steps(database) if rang] == ["raised"]
    assert ("chattering", False) in steps(database)
    assert armed(database, "calm") == [NOW + timedelta(seconds=110)]
    read_up_to(database, [NOW + timedelta(seconds=109)])
    assert due(database, NOW, RULES) == 0
    read_up_to(database, [NOW + timedelta(seconds=110)])
    assert due(database, NOW, RULES) == 1
    assert steps(database)[-1] == ("calmed", True), "it is true now: somebody must hear of it"
    with database.reading() as conn:
        row = conn.execute("SELECT state, active, chattering_at FROM alarms").fetchone()
    assert row == {"state": "unacknowledged", "active": True, "chattering_at": None}
    assert armed(database, "calm") == []


def test_flips_are_forgotten_a_day_after_the_last(database: Database) -> None:
    told(database, reading(0, "trouble"), reading(30, "normal"))
    with database.transaction() as conn:
        arm_housekeeping(conn, at(60 * 23))
    due(database, at(60 * 23))
    with database.reading() as conn:
        row = conn.execute("SELECT count(*) AS n FROM chatter").fetchone()
    assert row == {"n": 1}
    due(database, at(60 * 48))
    with database.reading() as conn:
        row = conn.execute("SELECT count(*) AS n FROM chatter").fetchone()
    assert row == {"n": 0}


def test_an_outage_of_ours_makes_nothing_silent(database: Database) -> None:
    seen = []

    def silence(db: Database, timer: Timer, now: datetime) -> None:
        seen.append(timer.key)
        with db.transaction() as conn:
            assert timers.take(conn, timer)

    def run() -> list[str]:
        run_due(database, {"silence": silence}, at(60))
        return seen

    with database.transaction() as conn:
        timers.arm(conn, Timer("silence", "smoke panel-1", timers.STREAM, at(5)))
    assert run() == [], "no stream was ever read"
    read_up_to(database, [at(60), None])
    assert run() == [], "a partition was never read"
    read_up_to(database, [at(60), at(4)])
    assert run() == [], "a partition is behind"
    read_up_to(database, [at(60), at(6)])
    assert run() == ["smoke panel-1"]


def test_logs_of_former_lives_do_not_hold_back_the_stream(database: Database) -> None:
    read_up_to(database, [at(-600)], log="before")
    read_up_to(database, [at(3), at(2)], log="now")
    with database.reading() as conn:
        assert timers.stream_progress(conn) == at(2)


def test_an_alarm_is_cleared_when_the_stream_has_been_silent_about_it(database: Database) -> None:
    alarm, key = raise_alarm(database), ("smoke", "panel-1")
    with database.transaction() as conn:
        windows.save(conn, {key: Window(raised=NOW)}, {"silence": {key: at(5)}}, NOW)
    read_up_to(database, [at(6)])
    assert due(database, at(6), RULES) == 1
    assert state_of(database, alarm.id) is State.RETURNED
    assert armed(database, "silence") == []


def test_what_came_meanwhile_moves_the_silence_on(database: Database) -> None:
    alarm, key = raise_alarm(database), ("smoke", "panel-1")
    with database.transaction() as conn:
        windows.save(conn, {key: Window(raised=at(3))}, {"silence": {key: at(5)}}, NOW)
    read_up_to(database, [at(6)])
    assert due(database, at(6), RULES) == 1
    assert state_of(database, alarm.id) is State.UNACKNOWLEDGED
    assert armed(database, "silence") == [at(8)]


def test_a_timer_that_was_armed_anew_meanwhile_is_not_taken(database: Database) -> None:
    timer = Timer("silence", "k", timers.STREAM, at(5), {"rule": "r"})
    with database.transaction() as conn:
        timers.arm(conn, timer)
        timers.arm(conn, Timer("silence", "k", timers.STREAM, at(9), {"rule": "r"}))
        assert not timers.is_mine(conn, timer)
        assert not timers.take(conn, timer)
        assert not timers.rearm(conn, timer, at(20))
    assert armed(database, "silence") == [at(9)]


def test_two_notifiers_do_not_work_on_one_timer_and_neither_waits(database: Database) -> None:
    timer = Timer("silence", "k", timers.WALL, at(0))
    with database.transaction() as conn:
        timers.arm(conn, timer)
    with database.transaction() as first, database.transaction() as second:
        assert timers.is_mine(first, timer)
        assert not timers.is_mine(second, timer)
        assert timers.take(first, timer)
        assert not timers.take(second, timer), "it does not wait for the first either"


def test_a_timer_whose_handler_fails_steps_aside_and_the_others_run(database: Database) -> None:
    done = []

    def broken(db: Database, timer: Timer, now: datetime) -> None:
        raise ValueError(timer.key)

    def good(db: Database, timer: Timer, now: datetime) -> None:
        done.append(timer.key)
        with db.transaction() as conn:
            timers.take(conn, timer)

    with database.transaction() as conn:
        timers.arm(conn, Timer("broken", "1", timers.WALL, at(-2)))
        timers.arm(conn, Timer("good", "2", timers.WALL, at(-1)))
    handlers = {"broken": broken, "good": good}
    assert run_due(database, handlers, NOW) == 2
    assert done == ["2"]
    assert run_due(database, handlers, NOW) == 0
    assert run_due(database, handlers, at(1)) == 1, "it is tried again later"


def test_old_dead_letters_go_in_pieces_and_the_next_look_is_tomorrow(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute(
            'INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source,'
            " reason, detail, raw)"
            " SELECT %s::timestamptz - n * interval '1 day', 'l', 't', 0, n,"
            " %s, 'fire', 'schema', '', ''"
            " FROM generate_series(1, 40) AS n",
            [NOW, NOW],
        )
        arm_housekeeping(conn, NOW)
        arm_housekeeping(conn, at(5))
    assert due(database, NOW) == 5
    with database.reading() as conn:
        row = conn.execute("SELECT count(*) AS n FROM dead_letters").fetchone()
    assert row == {"n": 30}
    assert armed(database, "dead_letters_expire") == [NOW + timedelta(days=1)]
    assert EXPIRE_ROWS >= 1000


def remember(db: Database, found: dict[tuple[str, str], Window]) -> None:
    """Store windows; arm the timer that deletes those that are spent."""
    with db.transaction() as conn:
        windows.save(conn, found, {}, NOW)
        timers.arm_once(conn, Timer("windows_expire", "", timers.WALL, NOW))


def remembered(db: Database) -> list[str]:
    with db.reading() as conn:
        rows = conn.execute("SELECT rule || ' ' || key AS it FROM rule_windows ORDER BY 1")
        return [row["it"] for row in rows]


def test_windows_that_no_event_to_come_needs_are_deleted_and_the_others_stay(
    database: Database,
) -> None:
    remember(
        database,
        {
            ("trouble", "over"): Window(raised=at(-130), cleared=at(-120)),
            ("trouble", "over-but-late-ones-may-come"): Window(raised=at(-130), cleared=at(-50)),
            ("trouble", "goes-on"): Window(raised=at(-9_000)),
            ("smoke", "silent"): Window(raised=at(-120)),
            ("smoke", "silence-not-handled"): Window(raised=at(-120)),
            ("of-another-process", "over"): Window(raised=at(-130), cleared=at(-120)),
        },
    )
    with database.transaction() as conn:
        payload = {"rule": "smoke", "key": "silence-not-handled"}
        key = "smoke silence-not-handled"
        timers.arm(conn, Timer("silence", key, timers.STREAM, at(600), payload))
    read_up_to(database, [at(60), at(0)])
    assert due(database, NOW, RULES) == 1
    assert remembered(database) == [
        "of-another-process over",
        "smoke silence-not-handled",
        "trouble goes-on",
        "trouble over-but-late-ones-may-come",
    ]
    assert armed(database, "windows_expire") == [NOW + timedelta(days=1)]


def test_no_window_is_deleted_while_a_part_of_the_stream_was_never_read(
    database: Database,
) -> None:
    remember(database, {("trouble", "over"): Window(raised=at(-130), cleared=at(-120))})
    read_up_to(database, [at(60), None])
    assert due(database, NOW, RULES) == 1
    assert remembered(database) == ["trouble over"]
    assert armed(database, "windows_expire") == [NOW + timedelta(days=1)]


def test_windows_are_gone_through_in_pages_past_those_that_stay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "EXPIRE_WINDOWS", 2)
    stays, goes = Window(raised=NOW), Window(raised=at(-130), cleared=at(-120))
    remember(
        database,
        {("smoke", f"{n}"): stays for n in range(3)}
        | {("trouble", f"{n}"): goes for n in range(4)},
    )
    read_up_to(database, [NOW])
    for _ in range(3):
        assert due(database, NOW, RULES) == 1
        assert armed(database, "windows_expire") == [NOW], "there is more: at once again"
    assert due(database, NOW, RULES) == 1
    assert remembered(database) == ["smoke 0", "smoke 1", "smoke 2"]
    assert armed(database, "windows_expire") == [NOW + timedelta(days=1)]
    assert due(database, at(24 * 60), RULES) == 1
    assert armed(database, "windows_expire") == [at(24 * 60)], "a new day begins at the first"


def test_a_window_that_a_worker_is_about_to_change_is_not_deleted(database: Database) -> None:
    key = ("trouble", "panel-1")
    remember(database, {key: Window(raised=at(-130), cleared=at(-120))})
    read_up_to(database, [NOW])
    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as worker:
            windows.lock_rules(worker, [], ["trouble"])
            round_ = threads.submit(due, database, NOW, RULES)
            assert wait_for([round_], timeout=0.5).not_done, "it waits for the rule"
            windows.save(worker, {key: Window(raised=NOW, cleared=at(-120))}, {}, NOW)
        assert round_.result() == 1
    assert remembered(database) == ["trouble panel-1"]


def test_a_late_events_window_is_refreshed_and_forgotten(database: Database) -> None:
    window = {"from": at(-10_000).isoformat(), "to": at(-9_999).isoformat()}
    with database.transaction() as conn:
        timers.arm(conn, Timer("cagg_refresh", "x", timers.WALL, NOW, window))
    assert due(database, NOW) == 1
    assert armed(database, "cagg_refresh") == []


def test_a_refresh_that_was_cut_off_is_done_again_and_misses_no_later_event(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = {"from": at(-10_000).isoformat(), "to": at(-9_999).isoformat()}
    late = Timer("cagg_refresh", "x", timers.WALL, NOW, window)
    began = []

    def cut_off(*_: object) -> None:
        began.append(1)
        with database.transaction() as conn:
            timers.arm_once(conn, late)
        raise ValueError("killed")

    with database.transaction() as conn:
        timers.arm_once(conn, late)
    with monkeypatch.context() as patched:
        patched.setattr(timers, "refresh_aggregates", cut_off)
        due(database, NOW)
    assert began
    assert armed(database, "cagg_refresh") == [NOW, NOW + timedelta(minutes=10)]
    assert due(database, at(11)) == 2
    assert armed(database, "cagg_refresh") == []


def test_a_source_of_which_too_much_cannot_be_read_raises_an_alarm_of_our_own(
    database: Database,
) -> None:
    log = "log"
    partition = ("ioc.fire.v1", 0)
    with database.transaction() as conn:
        offsets.claim(conn, log, {partition: 0})
        batch = offsets.Advance(*partition, 0, 300, 300, 100)
        offsets.advance(conn, log, batch, 250, NOW)
        arm_housekeeping(conn, NOW)
    due(database, NOW)
    with database.reading() as conn:
        row = conn.execute("SELECT rule, key, severity, active FROM alarms").fetchone()
    assert row == {"rule": "dead-letters", "key": "fire", "severity": "high", "active": True}
    with database.transaction() as conn:
        offsets.advance(conn, log, offsets.Advance(*partition, 300, 600, 300, 3), 250, NOW)
    due(database, at(60))
    with database.reading() as conn:
        row = conn.execute("SELECT state, active FROM alarms").fetchone()
    assert row == {"state": "returned", "active": False}
