"""Who is too late, on the working calendar: against a recount of open minutes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.clock import LOCAL_ZONE
from ioc.rule.condition import Condition
from ioc.rule.definition import Kind, Per, Rule
from ioc.rule.document import Fields, read
from ioc.rule.findings import late
from ioc.rule.notes import Notes
from ioc.rule.scan import Finding
from ioc.rule.sla import Group, Sla, bounds, read_sla, since
from ioc.rule.title import Title
from ioc.severity import Severity
from ioc.working_calendar import Working, shipped_calendar

CALENDAR = shipped_calendar()
MINUTE = timedelta(minutes=1)
#: Ten weeks around Tết 2026, with a worked Saturday.
FIRST = datetime(2026, 1, 5, tzinfo=LOCAL_ZONE)
DAYS = 70


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


@cache
def open_before() -> list[int]:
    ones = []
    for number in range(DAYS):
        worked = CALENDAR.is_working_day(FIRST.date() + timedelta(days=number))
        hours = (450 <= each < 690 or 780 <= each < 1020 for each in range(1440))
        ones += [int(worked and is_open) for is_open in hours]
    return [0, *accumulate(ones)]


def minute(n: int) -> datetime:
    return FIRST + n * MINUTE


def open_minutes(start: int, end: int) -> int:
    return open_before()[end] - open_before()[start] if start < end else 0


def is_open(n: int) -> bool:
    return open_before()[n + 1] > open_before()[n]


def is_late(sla: Sla, time: datetime, at: datetime) -> bool:
    found = bounds(sla, CALENDAR, at)
    if found is None:
        return False
    return (found.first is None or found.first <= time) and time < found.before


MOMENTS = st.integers(20 * 1440, (DAYS - 20) * 1440)
WORKING = st.one_of(
    st.integers(1, 3).map(lambda n: Working(days=n)),
    st.integers(1, 9).map(lambda n: Working(time=timedelta(hours=n))),
)
CLOCK = st.integers(1, 3 * 1440).map(lambda n: n * MINUTE)


def length(span: Working) -> int:
    return span.days * 480 + span.time // MINUTE


@settings(deadline=None)  # the recount is made once, by the first of them
@given(MOMENTS, MOMENTS)
def test_a_due_date_is_past_when_an_office_has_worked_since(due: int, at: int) -> None:
    assert is_late(Sla(is_past=True), minute(due), minute(at)) is (open_minutes(due, at) > 0)


@settings(deadline=None)  # the recount is made once, by the first of them
@given(MOMENTS, st.integers(-2000, 6000), st.integers(1, 300))
def test_a_ticket_waits_too_long_in_open_time_only(at: int, ago: int, minutes: int) -> None:
    issued = at - ago
    sla = Sla(waiting=minutes * MINUTE)
    day_ends = minute(at).replace(hour=17, minute=0)
    is_served = CALENDAR.is_working_day(minute(at).date()) and minute(at) < day_ends
    waits = open_minutes(issued, at) >= minutes
    assert is_late(sla, minute(issued), minute(at)) is (is_served and waits)


@settings(deadline=None)  # the recount is made once, by the first of them
@given(MOMENTS, st.integers(-3000, 20_000), WORKING)
def test_open_too_long_is_counted_in_working_time(at: int, ago: int, span: Working) -> None:
    sla = Sla(after_opened=span)
    expected = open_minutes(at - ago, at) >= length(span)
    assert is_late(sla, minute(at - ago), minute(at)) is expected


@settings(deadline=None)  # the recount is made once, by the first of them
@given(MOMENTS, st.integers(-3000, 20_000), WORKING)
def test_what_is_near_is_not_past_and_so_near_in_working_time(
    at: int, ahead: int, span: Working
) -> None:
    due = at + ahead
    left, wanted = open_minutes(at, due), length(span)
    near = left < wanted or (left == wanted and is_open(at))
    not_past = open_minutes(due, at) == 0
    assert is_late(Sla(due_within=span), minute(due), minute(at)) is (near and not_past)


@settings(deadline=None)  # the recount is made once, by the first of them
@given(MOMENTS, st.integers(-3000, 20_000), CLOCK)
def test_by_the_clock_is_by_the_clock(at: int, ahead: int, span: timedelta) -> None:
    due, opened = minute(at + ahead), minute(at - ahead)
    not_past = open_minutes(at + ahead, at) == 0
    near = Sla(due_within=span)
    assert is_late(near, due, minute(at)) is (due - minute(at) <= span and not_past)
    assert is_late(Sla(after_opened=span), opened, minute(at)) is (minute(at) - opened >= span)


SLAS = st.one_of(
    st.just(Sla(is_past=True)),
    WORKING.map(lambda span: Sla(due_within=span)),
    WORKING.map(lambda span: Sla(after_opened=span)),
    CLOCK.map(lambda span: Sla(due_within=span)),
    CLOCK.map(lambda span: Sla(after_opened=span)),
    st.integers(1, 300).map(lambda n: Sla(waiting=n * MINUTE)),
)


@settings(deadline=None)  # the recount is made once, by the first of them
@given(SLAS, MOMENTS, MOMENTS)
def test_the_limit_never_goes_back_as_time_goes_on(sla: Sla, one: int, other: int) -> None:
    early = bounds(sla, CALENDAR, minute(min(one, other)))
    later = bounds(sla, CALENDAR, minute(max(one, other)))
    if early is not None and later is not None:
        assert early.before <= later.before


@settings(deadline=None)  # the recount is made once, by the first of them
@given(SLAS, MOMENTS, st.integers(-8000, 20_000))
def test_what_is_late_became_so_before_now_and_was_not_before_that(
    sla: Sla, at: int, ago: int
) -> None:
    time = minute(at - ago)
    if not is_late(sla, time, minute(at)):
        return
    began = since(sla, CALENDAR, time)
    assert began <= minute(at)
    assert not is_late(replace(sla), time, began - timedelta(seconds=1))


def test_friday_evening_s_due_date_is_late_on_monday_morning() -> None:
    due, past = local("2026-11-20T17:00"), Sla(is_past=True)
    assert not is_late(past, due, local("2026-11-22T12:00"))
    assert not is_late(past, due, local("2026-11-23T07:30"))
    assert is_late(past, due, local("2026-11-23T07:31"))
    assert since(past, CALENDAR, due) == local("2026-11-23T07:30")


def test_over_tet_nothing_becomes_late() -> None:
    due, past = local("2026-02-14T10:00"), Sla(is_past=True)
    assert not is_late(past, due, local("2026-02-22T23:59"))
    assert is_late(past, due, local("2026-02-23T08:00"))


def test_nobody_waits_at_a_desk_that_is_closed_until_tomorrow() -> None:
    half_hour = Sla(waiting=30 * MINUTE)
    assert bounds(half_hour, CALENDAR, local("2026-11-23T17:00")) is None
    assert bounds(half_hour, CALENDAR, local("2026-11-24T10:00")) is None, "a day off"
    at_noon = bounds(half_hour, CALENDAR, local("2026-11-23T12:30"))
    assert at_noon is not None
    assert at_noon.before - timedelta(microseconds=1) == local("2026-11-23T11:00")


# Findings ---------------------------------------------------------------------------------------


def sla_rule(sla: Sla, *per: Per) -> Rule:
    return Rule(
        id="late",
        title=Title("Quá hạn"),
        title_en=Title("Overdue", "en"),
        source="queue",
        type="ioc.queue.dossier",
        kind=Kind.SLA,
        when=Condition(lambda fact: True),
        per=per,
        severity=Severity.LOW,
        of=sla,
    )


NOON = local("2026-11-23T12:00")
MORNING = [local(f"2026-11-23T{hour:02d}:15") for hour in range(8, 12)]


def found_late(sla: Sla, per: Per, *groups: Group) -> list[Finding]:
    return late(sla_rule(sla, per), sla, CALENDAR, groups, NOON)


def test_one_alarm_of_an_office_says_how_many_and_how_old() -> None:
    sla = Sla(is_past=True)
    (found,) = found_late(sla, Per.OFFICE, Group("MC-01", "05443", None, 3, MORNING[:1]))
    assert (found.key, found.area, found.since) == ("MC-01", "05443", MORNING[0])
    assert found.data == {
        "n": 3,
        "oldest_at": MORNING[0].isoformat(),
        "oldest_h": 3.8,
        "office": "MC-01",
    }


def test_offices_of_one_area_and_of_all_add_up() -> None:
    groups = [
        Group("MC-01", "05443", None, 2, MORNING[1:3]),
        Group("MC-02", "05443", None, 1, MORNING[:1]),
        Group("MC-03", "05518", None, 1, MORNING[3:]),
    ]
    by_area = {each.key: each for each in found_late(Sla(is_past=True), Per.AREA, *groups)}
    assert {key: each.data["n"] for key, each in by_area.items()} == {"05443": 3, "05518": 1}
    assert by_area["05443"].since == MORNING[0]
    assert "office" not in by_area["05443"].data
    (all_of_them,) = found_late(Sla(is_past=True), Per.SOURCE, *groups)
    assert (all_of_them.key, all_of_them.area, all_of_them.data["n"]) == ("queue", None, 4)


def test_it_begins_with_the_one_that_made_them_enough() -> None:
    sla = Sla(is_past=True, least=3)
    groups = [
        Group("MC-01", "05443", None, 2, MORNING[1:3]),
        Group("MC-02", "05443", None, 1, MORNING[:1]),
    ]
    assert found_late(sla, Per.AREA, *groups)[0].since == MORNING[2]
    assert found_late(sla, Per.OFFICE, *groups) == []


# Reading ----------------------------------------------------------------------------------------


def read_own(text: str, event_type: str = "ioc.queue.dossier") -> tuple[Sla | None, str]:
    notes, root = Notes("r.yaml"), read(text)
    assert isinstance(root, Fields)
    return read_sla(root, notes, event_type), "\n".join(map(str, notes.problems))


@pytest.mark.parametrize(
    ("text", "event_type", "expected"),
    [
        ("waiting: 30m", "ioc.queue.ticket", Sla(waiting=30 * MINUTE)),
        ("{waiting: 1wh, least: 3}", "ioc.queue.ticket", Sla(Working(0, 60 * MINUTE), least=3)),
        ("due: past", "ioc.queue.dossier", Sla(is_past=True)),
        ("due_within: 1wd", "ioc.citizen.report", Sla(due_within=Working(days=1))),
        ("after_opened: 2h", "ioc.citizen.report", Sla(after_opened=120 * MINUTE)),
    ],
)
def test_the_own_part_is_read(text: str, event_type: str, expected: Sla) -> None:
    assert read_own(text, event_type) == (expected, "")


@pytest.mark.parametrize(
    ("text", "event_type", "problem"),
    [
        ("due: past", "ioc.camera.alert", "has no due date"),
        ("waiting: 30m", "ioc.queue.dossier", "has one of due, due_within, after_opened"),
        ("due: past", "ioc.queue.ticket", "has one of waiting"),
        ("{due: past, due_within: 1wd}", "ioc.queue.dossier", "has one of"),
        ("least: 3", "ioc.queue.dossier", "has one of"),
        ("due: soon", "ioc.queue.dossier", "sla.due cannot be 'soon'"),
        ("due_within: 500wd", "ioc.queue.dossier", "out of range"),
        ("due_within: 0wd", "ioc.queue.dossier", "out of range"),
        ("waiting: 1wd", "ioc.queue.ticket", "out of range"),
        ("waiting: 9h", "ioc.queue.ticket", "out of range"),
        ("waiting: long", "ioc.queue.ticket", "no duration"),
        ("{due: past, least: 0}", "ioc.queue.dossier", "sla.least is a whole number"),
    ],
)
def test_what_is_wrong_is_told(text: str, event_type: str, problem: str) -> None:
    found, problems = read_own(text, event_type)
    assert found is None
    assert problem in problems


def test_the_recount_knows_its_minutes() -> None:
    assert open_minutes(0, 1440) == 480
    assert bisect_right(open_before(), 0) - 1 == 450
