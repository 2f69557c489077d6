"""The working calendar: which days are worked, and in which hours offices are open.

Days and hours are those of `ioc.clock.LOCAL_ZONE`; instants are aware.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache


@dataclass(frozen=True, slots=True)
class Working:
    """A span of working time: whole working days, and hours in which offices are open."""

    days: int = 0
    hours: int = 0


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Weekends, public holidays with their make-up days, and office hours."""

    def is_working_day(self, day: date) -> bool:
        """Return whether a local day is worked."""
        return day.weekday() < 5

    def is_open(self, at: datetime) -> bool:
        """Return whether offices are open at an instant."""
        return True

    def next_open(self, at: datetime) -> datetime:
        """Return the first instant from `at` on at which offices are open."""
        return at

    def last_open(self, at: datetime) -> datetime:
        """Return `at` when offices are open then, else when they closed last before it."""
        return at

    def add(self, at: datetime, span: Working) -> datetime:
        """Return the instant that lies a span of working time after `at`."""
        return at

    def subtract(self, at: datetime, span: Working) -> datetime:
        """Return the instant that lies a span of working time before `at`."""
        return at


@cache
def shipped_calendar() -> WorkingCalendar:
    """Return the calendar that every site starts with."""
    return WorkingCalendar()
