"""The working calendar against a recount, day by day and minute by minute."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.clock import LOCAL_ZONE
from ioc.rule.calendar import read_calendar
from ioc.rule.document import Fields, read
from ioc.rule.notes import Notes
from ioc.working_calendar import Working, WorkingCalendar, hours_of, shipped_calendar

CALENDAR = shipped_calendar()
MINUTE = timedelta(minutes=1)
FIRST = datetime(2025, 1, 1, tzinfo=LOCAL_ZONE)
DAYS = 3 * 365

#: Days off as they were announced (2027: by law, with the usual choice), weekends among them.
ANNOUNCED = {
    "New Year": ["2025-01-01", "2026-01-01..2026-01-04", "2027-01-01"],
    "Tết": ["2025-01-25..2025-02-02", "2026-02-14..2026-02-22", "2027-02-04..2027-02-10"],
    "The kings": ["2025-04-07", "2026-04-26..2026-04-27", "2027-04-16"],
    "30 April, 1 May": [
        *("2025-04-30..2025-05-04", "2026-04-30..2026-05-03", "2027-04-30..2027-05-03")
    ],
    "2 September": ["2025-08-30..2025-09-02", "2026-08-29..2026-09-02", "2027-09-02..2027-09-03"],
    "Culture": ["2026-11-24", "2027-11-24"],
}
WORKED_SATURDAYS = {date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)}


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


@cache
def days_off() -> frozenset[date]:
    found = set()
    for spans in ANNOUNCED.values():
        for span in spans:
            first, _, last = span.partition("..")
            day, end = date.fromisoformat(first), date.fromisoformat(last or first)
            while day <= end:
                found.add(day)
                day += timedelta(days=1)
    return frozenset(found)


def is_worked(day: date) -> bool:
    weekend = day.strftime("%a") in {"Sat", "Sun"}
    return day in WORKED_SATURDAYS or not (weekend or day in days_off())


@cache
def open_minutes() -> list[int]:
    """For each minute of three years: how many open ones lie before it."""
    ones = []
    for number in range(DAYS):
        worked = is_worked(FIRST.date() + timedelta(days=number))
        for minute in range(1440):
            morning, afternoon = 450 <= minute < 690, 780 <= minute < 1020
            ones.append(int(worked and (morning or afternoon)))
    return [0, *accumulate(ones)]


def minutes(n: int) -> datetime:
    return FIRST + n * MINUTE


#: Minutes with a month on either side that the recount knows too.
_MOMENTS = st.integers(31 * 1440, (DAYS - 40) * 1440)
_SPANS = st.one_of(
    st.builds(Working, days=st.integers(0, 12)),
    st.builds(Working, time=st.integers(0, 3000).map(lambda n: n * MINUTE)),
    st.builds(Working, st.integers(0, 5), st.sampled_from([MINUTE, 30 * MINUTE, 4 * 60 * MINUTE])),
)


def test_every_day_of_three_years_is_off_or_worked_as_announced() -> None:
    days = [FIRST.date() + timedelta(days=number) for number in range(DAYS)]
    assert [day for day in days if CALENDAR.is_working_day(day) != is_worked(day)] == []


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2026-02-13", True),
        ("2026-02-16", False),
        ("2026-02-20", False),
        ("2026-02-23", True),
        ("2026-01-02", False),
        ("2026-01-10", True),
        ("2026-08-22", True),
        ("2026-08-31", False),
        ("2026-09-03", True),
        ("2026-11-24", False),
        ("2024-04-29", False),
        ("2024-05-04", True),
        ("2023-01-20", False),
        ("2035-12-31", True),
    ],
)
def test_days_that_everybody_remembers(day: str, worked: bool) -> None:
    assert CALENDAR.is_working_day(date.fromisoformat(day)) is worked


def test_offices_are_open_in_the_morning_and_in_the_afternoon() -> None:
    day = "2026-11-23T"
    open_at = {
        clock: CALENDAR.is_open(local(day + clock))
        for clock in ("07:29", "07:30", "11:29", "11:30", "12:59", "13:00", "16:59", "17:00")
    }
    assert [clock for clock, is_open in open_at.items() if is_open] == [
        *("07:30", "11:29", "13:00", "16:59")
    ]
    assert CALENDAR.is_open(datetime(2026, 11, 23, 1, 0, tzinfo=UTC)), "8:00 in the province"


def test_a_working_day_from_before_tet_ends_after_it() -> None:
    assert CALENDAR.add(local("2026-02-13T16:00"), Working(days=1)) == local("2026-02-23T16:00")
    assert CALENDAR.subtract(local("2026-02-23T16:00"), Working(days=1)) == local(
        "2026-02-13T16:00"
    )
    assert CALENDAR.next_open(local("2026-02-13T17:00")) == local("2026-02-23T07:30")
    assert CALENDAR.last_open(local("2026-02-20T09:00")) == local("2026-02-13T17:00")


def test_a_whole_day_begins_at_the_opening_and_ends_at_the_closing() -> None:
    assert CALENDAR.add(local("2026-11-20T18:00"), Working(days=1)) == local("2026-11-23T17:00")
    # The 24th is a day off.
    assert CALENDAR.subtract(local("2026-11-25T07:00"), Working(days=1)) == local(
        "2026-11-23T07:30"
    )
    assert CALENDAR.add(local("2026-11-23T11:20"), Working(time=30 * MINUTE)) == local(
        "2026-11-23T13:20"
    )


@settings(deadline=None)  # the recount is made once, by the first of them
@given(_MOMENTS)
def test_what_is_open_is_open_in_the_recount(n: int) -> None:
    counts = open_minutes()
    is_open = counts[n + 1] > counts[n]
    assert CALENDAR.is_open(minutes(n)) is is_open
    # The first minute from n on of which one more open one is behind it than before n.
    assert CALENDAR.next_open(minutes(n)) == minutes(bisect_right(counts, counts[n]) - 1)
    closed_at = n if is_open else bisect_left(counts, counts[n])
    assert CALENDAR.last_open(minutes(n)) == minutes(closed_at)


@settings(deadline=None)  # the recount is made once, by the first of them
@given(_MOMENTS, _SPANS)
def test_adding_and_subtracting_is_what_a_recount_by_minutes_finds(n: int, span: Working) -> None:
    counts = open_minutes()
    wanted = span.days * 480 + span.time // MINUTE
    if wanted == 0:
        assert CALENDAR.add(minutes(n), span) == CALENDAR.subtract(minutes(n), span) == minutes(n)
        return
    assert CALENDAR.add(minutes(n), span) == minutes(bisect_left(counts, counts[n] + wanted))
    assert CALENDAR.subtract(minutes(n), span) == minutes(
        bisect_right(counts, counts[n] - wanted) - 1
    )


@settings(deadline=None)  # the recount is made once, by the first of them
@given(_MOMENTS, _MOMENTS, _SPANS)
def test_later_is_never_earlier_and_both_ends_ask_the_same(
    one: int, other: int, span: Working
) -> None:
    x, y = minutes(min(one, other)), minutes(max(one, other))
    assert CALENDAR.last_open(x) <= CALENDAR.last_open(y)
    assert CALENDAR.next_open(x) <= CALENDAR.next_open(y)
    assert CALENDAR.add(x, span) <= CALENDAR.add(y, span)
    assert CALENDAR.subtract(x, span) <= CALENDAR.subtract(y, span)
    assert (CALENDAR.add(x, span) <= y) is (x <= CALENDAR.subtract(y, span))


def test_of_a_year_without_data_only_fixed_dates_are_known() -> None:
    assert CALENDAR.unknown_years(2034, 2037) == (2036, 2037)
    assert not CALENDAR.is_working_day(date(2036, 5, 1))
    assert CALENDAR.is_working_day(date(2036, 1, 28)), "Tết of 2036: nobody has said so yet"


def test_a_site_says_otherwise_of_single_days_and_hours() -> None:
    site = CALENDAR.overlaid(
        off=[date(2027, 2, 11)],
        work=[date(2027, 2, 20), date(2027, 9, 3)],
        years=[2027, 2036],
        hours=(hours_of("07:00-12:00"),),
    )
    assert not site.is_working_day(date(2027, 2, 11))
    assert site.is_working_day(date(2027, 2, 20))
    assert site.is_working_day(date(2027, 9, 3))
    assert not site.is_working_day(date(2027, 2, 10)), "what the site does not name stays"
    assert site.unknown_years(2036, 2037) == (2037,)
    assert not site.is_working_day(date(2036, 1, 1)), "nor do its other years lose fixed dates"
    assert site.add(local("2026-11-23T08:00"), Working(days=1)) == local("2026-11-25T08:00")


@pytest.mark.parametrize("text", ["7:30-11:30", "11:30-07:30", "08:00", "08:60-09:00", "x-y"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        hours_of(text)


def test_a_calendar_without_any_open_day_ends_with_a_word() -> None:
    monday = date(2026, 11, 23)
    never = WorkingCalendar(off=frozenset(monday + timedelta(days=n) for n in range(-900, 900)))
    with pytest.raises(ValueError, match="no office is open"):
        never.next_open(local("2026-11-23T08:00"))


# A site's file ------------------------------------------------------------------------------------


def read_site(text: str) -> tuple[list[WorkingCalendar], str]:
    notes, root = Notes("calendar.yaml"), read(text)
    assert isinstance(root, Fields)
    return read_calendar(root.entries["calendar"], notes), "\n".join(map(str, notes.problems))


@pytest.mark.parametrize(
    ("due", "now", "days"),
    [
        ("2026-11-18T09:00", "2026-11-18T17:00", 0),  # late, and still the same day
        ("2026-11-18T17:00", "2026-11-19T00:00", 1),
        ("2026-11-20T09:00", "2026-11-22T12:00", 0),  # a Friday to the Sunday after it
        ("2026-11-20T09:00", "2026-11-23T00:00", 1),
        ("2026-04-29T09:00", "2026-05-04T09:00", 1),  # two public holidays and a weekend
        ("2026-11-18T09:00", "2026-11-10T09:00", 0),  # not late at all
    ],
)
def test_overdue_is_counted_in_working_days_after_the_due_day(
    due: str, now: str, days: int
) -> None:
    assert CALENDAR.working_days_after(local(due), local(now)) == days


def test_years_of_being_late_are_not_counted_day_by_day() -> None:
    late = CALENDAR.working_days_after(local("1990-01-01T09:00"), local("2026-11-18T09:00"))
    assert 600 < late < 720


def test_a_site_s_file_lies_over_what_is_shipped() -> None:
    text = """
calendar:
  office_hours: ["07:00-11:30", "13:30-17:00"]
  years:
    2027: {off: [02-11], work: [02-20]}
"""
    (site,), problems = read_site(text)
    assert problems == ""
    assert not site.is_working_day(date(2027, 2, 11))
    assert site.is_working_day(date(2027, 2, 20))
    assert not site.is_working_day(date(2027, 2, 10))
    assert not site.is_open(local("2026-11-23T13:15"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("calendar: 2027", "calendar is a mapping"),
        ("calendar: {hours: []}", "calendar has no 'hours'"),
        ("calendar: {office_hours: [7-11]}", "office hours are written"),
        ('calendar: {office_hours: ["07:00-12:00", "11:00-17:00"]}', "do not overlap"),
        ("calendar: {years: [2027]}", "years is a mapping"),
        ("calendar: {years: {twenty: {off: [01-01]}}}", "a year is"),
        ("calendar:\n  years:\n    2027:\n      off: [02-30]", "calendar.yaml:4: 2027 has no day"),
        ("calendar: {years: {2027: {off: [02-11], work: [02-11]}}}", "cannot be off and worked"),
        ("calendar: {years: {2027: {free: [02-11]}}}", "year 2027 has no 'free'"),
    ],
)
def test_what_is_wrong_in_a_site_s_file_is_told_with_its_line(text: str, problem: str) -> None:
    found, problems = read_site(text)
    assert problem in problems
    assert found == []
