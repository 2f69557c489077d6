"""Reading a site's `calendar.yaml`: days off, make-up days and office hours of its own."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from ioc.rule.document import Fields, Node, Scalar
from ioc.rule.notes import Notes
from ioc.working_calendar import Hours, WorkingCalendar, hours_of, shipped_calendar

YEARS_MAX = 50
DAYS_MAX = 200
HOURS_MAX = 6
FIRST_YEAR, LAST_YEAR = 2000, 2100


def read_calendar(node: Node, notes: Notes) -> list[WorkingCalendar]:
    """Return the shipped calendar with what stands under `calendar:` on top; [] when that is wrong.

    What is wrong is noted with its line.
    """
    before = len(notes.problems)
    found = _laid_over(shipped_calendar(), node, notes)
    return [found] if len(notes.problems) == before else []


def _laid_over(calendar: WorkingCalendar, node: Node, notes: Notes) -> WorkingCalendar:
    fields = notes.fields(node, "calendar", ("office_hours", "years"))
    if fields is None:
        return calendar
    hours: Hours | None = None
    if "office_hours" in fields.entries:
        hours = _hours(fields.entries["office_hours"], notes)
    days: dict[str, set[date]] = {"off": set(), "work": set()}
    years: list[int] = []
    node = fields.entries.get("years", Fields(fields.line, {}, {}))
    if not isinstance(node, Fields) or len(node.entries) > YEARS_MAX:
        notes.add(node.line, f"years is a mapping of at most {YEARS_MAX}: 2027: {{off: [02-11]}}")
        return calendar
    for text, each in node.entries.items():
        if not text.isdecimal() or not FIRST_YEAR <= int(text) <= LAST_YEAR:
            notes.add(node.lines[text], f"a year is {FIRST_YEAR} to {LAST_YEAR}, not {text!r}")
            continue
        years.append(int(text))
        words = notes.fields(each, f"year {text}", tuple(days))
        for word, listed in words.entries.items() if words else ():
            if word in days:
                days[word] |= _days(text, word, listed, notes)
    for day in sorted(days["off"] & days["work"]):
        notes.add(fields.line, f"{day} cannot be off and worked")
    return calendar.overlaid(days["off"], days["work"], years, hours)


def _days(year: str, word: str, node: Node, notes: Notes) -> set[date]:
    found: set[date] = set()
    for item in notes.listed(node, word, DAYS_MAX):
        text = item.text if isinstance(item, Scalar) else ""
        try:
            found.add(date.fromisoformat(f"{year}-{text}"))
        except ValueError:
            notes.add(item.line, f"{year} has no day {text!r}; write month and day: 02-11")
    return found


def _hours(node: Node, notes: Notes) -> Hours | None:
    hours: list[tuple[timedelta, timedelta]] = []
    for item in notes.listed(node, "office_hours", HOURS_MAX):
        try:
            hours.append(hours_of(item.text if isinstance(item, Scalar) else ""))
        except ValueError:
            notes.add(item.line, 'office hours are written "07:30-11:30"; the end may be 24:00')
    if any(before[1] > after[0] for before, after in pairwise(hours)):
        notes.add(node.line, "office hours are in order and do not overlap")
    return tuple(hours) or None
