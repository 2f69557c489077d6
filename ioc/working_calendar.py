"""The working calendar: which days are worked, and in which hours offices are open.

Days and hours are those of `ioc.clock.LOCAL_ZONE`; instants are aware, answers are in UTC. Offices
are open from an hour's beginning to just before its end.

**Open time** between two instants is the time in it during which offices are open. Adding and
subtracting are one question asked from both ends: `add(x, span) <= y`, `x <= subtract(y, span)` and
"between x and y there is at least `span` of open time" are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files

import yaml

from ioc.clock import LOCAL_ZONE

#: From and to, since local midnight; in order, apart from each other, the last one by 24 h.
Hours = tuple[tuple[timedelta, timedelta], ...]

_ZERO, _DAY = timedelta(0), timedelta(days=1)
OFFICE_HOURS: Hours = (
    (timedelta(hours=7, minutes=30), timedelta(hours=11, minutes=30)),
    (timedelta(hours=13), timedelta(hours=17)),
)
#: Holidays of a fixed date (month, day): all that is known of a year without data.
FIXED = frozenset({(1, 1), (4, 30), (5, 1), (9, 2), (11, 24)})
#: Longest run of days without any open hour that is looked over; a broken site file must not spin.
CLOSED_DAYS_MAX = 400
#: Days after a due date that are counted one by one.
LATE_DAYS_MAX = 1_000
_HOURS = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Working:
    """A span of working time: whole working days, and time in which offices are open."""

    days: int = 0
    time: timedelta = _ZERO


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Weekends, public holidays with their make-up days, and office hours.

    `off` are days off beside the weekends, `work` are weekend days that are worked; both are
    complete for `years`, for all others the holidays of a fixed date are known.
    """

    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()
    hours: Hours = OFFICE_HOURS

    @property
    def day_length(self) -> timedelta:
        """The open time of a working day."""
        return sum((end - start for start, end in self.hours), _ZERO)

    def is_working_day(self, day: date) -> bool:
        """Return whether a local day is worked."""
        if day in self.work:
            return True
        if day.weekday() >= 5 or day in self.off:
            return False
        return day.year in self.years or (day.month, day.day) not in FIXED

    def is_open(self, at: datetime) -> bool:
        """Return whether offices are open at an instant."""
        return any(start <= at < end for start, end in self._open_on(_local_day(at)))

    def next_open(self, at: datetime) -> datetime:
        """Return the first instant from `at` on at which offices are open."""
        start, _ = next(self._open_from(at))
        return max(start, at).astimezone(UTC)

    def last_open(self, at: datetime) -> datetime:
        """Return `at` when offices are open then, else when they closed last before it."""
        _, end = next(self._open_until(at))
        return min(end, at).astimezone(UTC)

    def closes_for_the_day(self, at: datetime) -> datetime | None:
        """Return when the local day of `at` has its last closing; None when it is not worked."""
        return max((end for _, end in self._open_on(_local_day(at))), default=None)

    def add(self, at: datetime, span: Working) -> datetime:
        """Return the first instant up to which there is a span of open time from `at` on."""
        left = self._open_time(span)
        if left <= _ZERO:
            return at.astimezone(UTC)
        for start, end in self._open_from(at):
            begins = max(start, at)
            if left <= end - begins:
                return (begins + left).astimezone(UTC)
            left -= end - begins
        raise AssertionError("there is always another working day")

    def subtract(self, at: datetime, span: Working) -> datetime:
        """Return the last instant from which on there is a span of open time up to `at`."""
        left = self._open_time(span)
        if left <= _ZERO:
            return at.astimezone(UTC)
        for start, end in self._open_until(at):
            ends = min(end, at)
            if left <= ends - start:
                return (ends - left).astimezone(UTC)
            left -= ends - start
        raise AssertionError("there was always a working day before")

    def working_days_after(self, due_at: datetime, at: datetime) -> int:
        """Return how many working days after its due day it is: what is overdue «by 3 days».

        Years of them are looked over no further; who is that late is late enough.
        """
        day, last = _local_day(due_at), _local_day(at)
        last = min(last, day + LATE_DAYS_MAX * _DAY)
        count = 0
        while day < last:
            day += _DAY
            count += self.is_working_day(day)
        return count

    def unknown_years(self, first: int, last: int) -> tuple[int, ...]:
        """Return the years from first to last of which only holidays of a fixed date are known."""
        return tuple(year for year in range(first, last + 1) if year not in self.years)

    def overlaid(
        self,
        off: Iterable[date],
        work: Iterable[date],
        years: Iterable[int],
        hours: Hours | None = None,
    ) -> WorkingCalendar:
        """Return this calendar with a site's days on top: a day is what the site says of it."""
        off, work = frozenset(off), frozenset(work)
        new = frozenset(years) - self.years
        fixed = frozenset(date(year, month, day) for year in new for month, day in FIXED)
        return replace(
            self,
            off=((self.off | fixed) - work) | off,
            work=(self.work - off) | work,
            years=self.years | new,
            hours=hours or self.hours,
        )

    def _open_time(self, span: Working) -> timedelta:
        return span.days * self.day_length + span.time

    def _open_on(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.is_working_day(day):
            return []
        midnight = datetime.combine(day, time.min, LOCAL_ZONE)
        return [(midnight + start, midnight + end) for start, end in self.hours]

    def _open_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the hours that end after `at`."""
        for day in self._days(_local_day(at), _DAY):
            for start, end in self._open_on(day):
                if end > at:
                    yield start, end

    def _open_until(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the hours that begin at `at` or before it, the last ones first."""
        for day in self._days(_local_day(at), -_DAY):
            for start, end in reversed(self._open_on(day)):
                if start <= at:
                    yield start, end

    def _days(self, day: date, step: timedelta) -> Iterator[date]:
        closed = 0
        while closed < CLOSED_DAYS_MAX:
            closed = 0 if self.is_working_day(day) else closed + 1
            yield day
            day += step
        raise ValueError(f"no office is open on {CLOSED_DAYS_MAX} days; look at the calendar")


@cache
def shipped_calendar() -> WorkingCalendar:
    """Return the calendar that every site starts with."""
    text = (files("ioc") / "working_calendar.yaml").read_text(encoding="utf-8")
    # Every scalar as it is written: to the safe loader `off` is a truth value.
    found = yaml.load(text, Loader=yaml.BaseLoader)["calendar"]  # noqa: S506
    years: Mapping[str, Mapping[str, list[str]]] = found["years"]
    return WorkingCalendar(
        off=_days_of(years, "off"),
        work=_days_of(years, "work"),
        years=frozenset(int(year) for year in years),
        hours=tuple(hours_of(each) for each in found["office_hours"]),
    )


def hours_of(text: str) -> tuple[timedelta, timedelta]:
    """Return the hours that `07:30-11:30` says; ValueError when it says none. `24:00` may end."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hour, minute, end_hour, end_minute = map(int, found.groups())
    start = timedelta(hours=hour, minutes=minute)
    end = timedelta(hours=end_hour, minutes=end_minute)
    if not start < end <= _DAY:
        raise ValueError(text)
    return start, end


def _days_of(years: Mapping[str, Mapping[str, list[str]]], word: str) -> frozenset[date]:
    return frozenset(
        date.fromisoformat(f"{year}-{day}")
        for year, words in years.items()
        for day in words.get(word, [])
    )


def _local_day(at: datetime) -> date:
    return at.astimezone(LOCAL_ZONE).date()
