"""Kind `sla`: somebody waits too long, or a due date is near or past, on the working calendar."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ioc.rule.document import Fields, Node, Scalar
from ioc.rule.notes import Notes
from ioc.working_calendar import Working, WorkingCalendar

Span = timedelta | Working

TICKET, DOSSIER, REPORT = "ioc.queue.ticket", "ioc.queue.dossier", "ioc.citizen.report"
#: What can be asked of each type.
ASKED: Mapping[str, tuple[str, ...]] = {
    TICKET: ("waiting",),
    DOSSIER: ("due", "due_within", "after_opened"),
    REPORT: ("due", "due_within", "after_opened"),
}
LEAST_MAX = 10_000
SPAN_MIN, SPAN_MAX, WAITING_MAX = timedelta(minutes=1), timedelta(days=90), timedelta(hours=8)
WORKING_DAYS_MAX = 90
_INSTANT = timedelta(microseconds=1)
_WORKING = re.compile(r"([0-9]{1,4})(wd|wh)")


@dataclass(frozen=True, slots=True)
class Sla:
    """One of these: a ticket is `waiting` so long, a due date `is_past`, is `due_within` a span, or
    a report is open so long `after_opened`.

    Spans are clock time or working time; `waiting` counts open hours only. It is true of a key from
    `least` tickets, dossiers or reports on.
    """

    waiting: Span | None = None
    is_past: bool = False
    due_within: Span | None = None
    after_opened: Span | None = None
    least: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets, dossiers or reports of one office or area and category that are too late.

    `times` are the oldest ones' (issue, due date or opening), in order.
    """

    office: str | None
    area: str
    kind: str | None
    n: int
    times: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The times that are too late: from `first` on (None: from ever), before `before`."""

    first: datetime | None
    before: datetime


def bounds(sla: Sla, calendar: WorkingCalendar, at: datetime) -> Bounds | None:
    """Return which issues, due dates or openings are too late at `at`; None: nobody is, now.

    A due date is past when an office has worked since then: what was due on Friday evening is not
    late before Monday morning.
    """
    if sla.waiting is not None:
        closing = calendar.closes_for_the_day(at)
        if closing is None or at >= closing:
            return None  # nobody waits at a desk that is closed until tomorrow
        return Bounds(None, _just_after(calendar.subtract(at, _open_time(sla.waiting))))
    # Open time up to now: at the very moment of opening there was none yet.
    past = calendar.last_open(at - _INSTANT)
    if sla.due_within is not None:
        return Bounds(past, _near(sla.due_within, calendar, at))
    if sla.after_opened is not None:
        return Bounds(None, _just_after(_before(sla.after_opened, calendar, at)))
    return Bounds(None, past)


def _near(span: Span, calendar: WorkingCalendar, at: datetime) -> datetime:
    if isinstance(span, timedelta):
        return _just_after(at + span)
    ahead = calendar.add(at, span)
    # Out of hours, what is exactly so far away becomes near with the next opening.
    return _just_after(calendar.next_open(ahead)) if calendar.is_open(at) else ahead


def _before(span: Span, calendar: WorkingCalendar, at: datetime) -> datetime:
    return at - span if isinstance(span, timedelta) else calendar.subtract(at, span)


def _after(span: Span, calendar: WorkingCalendar, at: datetime) -> datetime:
    return at + span if isinstance(span, timedelta) else calendar.add(at, span)


def since(sla: Sla, calendar: WorkingCalendar, time: datetime) -> datetime:
    """Return when a ticket issued, a dossier due or a report opened at `time` became too late."""
    if sla.waiting is not None:
        return calendar.add(time, _open_time(sla.waiting))
    if sla.due_within is not None:
        return _before(sla.due_within, calendar, time)
    if sla.after_opened is not None:
        return _after(sla.after_opened, calendar, time)
    return calendar.next_open(time)


def read_sla(fields: Fields, notes: Notes, event_type: str) -> Sla | None:
    """Return what stands under `sla:`; None when something in it was noted as wrong."""
    before = len(notes.problems)
    at = fields.entries
    asked = ASKED.get(event_type)
    if asked is None:
        notes.add(fields.line, f"sla looks at {', '.join(ASKED)}; {event_type} has no due date")
        return None
    given = [key for key in at if key != "least" and key in KEYS]
    if len(given) != 1 or given[0] not in asked:
        notes.add(fields.line, f"sla of {event_type} has one of {', '.join(asked)}")
        return None
    key = given[0]
    least = 1
    if "least" in at:
        least = notes.integer(at["least"], "sla.least", 1, LEAST_MAX) or 1
    found: Sla | None = Sla(is_past=True, least=least)
    if key == "due":
        notes.choice(at["due"], "sla.due", ("past",))
    else:
        longest = WAITING_MAX if key == "waiting" else SPAN_MAX
        span = _span(at[key], f"sla.{key}", longest, notes)
        found = _of_span(key, span, least) if span is not None else None
    return found if len(notes.problems) == before else None


def _of_span(key: str, span: Span, least: int) -> Sla:
    if key == "waiting":
        return Sla(waiting=span, least=least)
    if key == "due_within":
        return Sla(due_within=span, least=least)
    return Sla(after_opened=span, least=least)


def _span(node: Node, name: str, longest: timedelta, notes: Notes) -> Span | None:
    found = _WORKING.fullmatch(node.text) if isinstance(node, Scalar) else None
    if found is None:
        return notes.duration(node, name, SPAN_MIN, longest)
    n, unit = int(found[1]), found[2]
    is_short = unit == "wh" and timedelta(hours=n) <= longest
    if n == 0 or not (is_short or (unit == "wd" and longest == SPAN_MAX and n <= WORKING_DAYS_MAX)):
        notes.add(node.line, f"{name}: {found[0]} is out of range")
        return None
    return Working(days=n) if unit == "wd" else Working(time=timedelta(hours=n))


def _open_time(span: Span) -> Working:
    return span if isinstance(span, Working) else Working(time=span)


def _just_after(at: datetime) -> datetime:
    # An instant that is too late from its very moment on, where `Bounds.before` leaves it out.
    return at + _INSTANT


#: The keys under `sla:`.
KEYS = ("waiting", "due", "due_within", "after_opened", "least")
