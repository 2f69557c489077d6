"""Reading what a rule says besides its condition: when it holds good, how its alarms live."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Literal

from ioc.rule.definition import Schedule
from ioc.rule.document import Fields, Node, Scalar
from ioc.rule.notes import Notes

GUIDANCE_LINES_MAX = 10
GUIDANCE_CHARACTERS_MAX = 300
DAY = timedelta(days=1)
LATENESS_MAX = 7 * DAY
EXPIRES_MIN, EXPIRES_MAX = timedelta(minutes=1), 7 * DAY
#: Moves of a person that a rule may ask a second one for.
TWO_PERSON = ("acknowledge", "close", "reset", "shelve", "remove-from-service")

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")

Days = frozenset[int] | Literal["working", "holidays"] | None


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, or what holds when nothing was; words as in `Rule`."""

    max_lateness: timedelta
    ack_required: bool
    ack_expires: timedelta | None
    guidance: tuple[str, ...]
    schedule: Schedule | None
    latch: bool
    damped: bool
    two_person: frozenset[str]


def read(at: Mapping[str, Node], notes: Notes) -> Options:
    """Return the options of a rule's entries; what is wrong is noted."""
    lateness: timedelta | None = timedelta(hours=1)
    if "max_lateness" in at:
        lateness = notes.duration(at["max_lateness"], "max_lateness", timedelta(0), LATENESS_MAX)
    required, expires = _acknowledge(at.get("acknowledge"), notes)
    lines: tuple[Node, ...] = ()
    if "guidance" in at:
        lines = notes.listed(at["guidance"], "guidance", GUIDANCE_LINES_MAX)
    guidance = [notes.text(line, "guidance", GUIDANCE_CHARACTERS_MAX) or "" for line in lines]
    moves: list[str | None] = []
    if "two_person" in at:
        items = notes.listed(at["two_person"], "two_person", len(TWO_PERSON))
        moves = [notes.choice(item, "two_person", TWO_PERSON) for item in items]
    return Options(
        max_lateness=lateness or timedelta(0),
        ack_required=required,
        ack_expires=expires,
        guidance=tuple(guidance),
        schedule=_schedule(at["schedule"], notes) if "schedule" in at else None,
        latch="latch" in at and notes.truth(at["latch"], "latch") is True,
        damped="damped" not in at or notes.truth(at["damped"], "damped") is not False,
        two_person=frozenset(move for move in moves if move is not None),
    )


def _acknowledge(node: Node | None, notes: Notes) -> tuple[bool, timedelta | None]:
    if not isinstance(node, Fields):
        return node is None or notes.truth(node, "acknowledge") is not False, None
    notes.fields(node, "acknowledge", ("required", "expires"))
    required: bool | None = True
    if "required" in node.entries:
        required = notes.truth(node.entries["required"], "acknowledge.required")
    expires = None
    if "expires" in node.entries:
        expires = notes.duration(
            node.entries["expires"], "acknowledge.expires", EXPIRES_MIN, EXPIRES_MAX
        )
    return required is not False, expires


def _schedule(node: Node, notes: Notes) -> Schedule | None:
    fields = notes.fields(node, "schedule", ("days", "hours"))
    if fields is None:
        return None
    if not fields.entries:
        notes.add(fields.line, "schedule needs 'days:' or 'hours:'; or leave it out")
    at = fields.entries
    days = _days(at["days"], notes) if "days" in at else None
    hours = _hours(at["hours"], notes) if "hours" in at else None
    return Schedule(days, hours)


def _days(node: Node, notes: Notes) -> Days:
    if isinstance(node, Scalar):
        if node.text == "working":
            return "working"
        if node.text == "holidays":
            return "holidays"
        notes.add(node.line, "schedule.days is working, holidays, or a list like [mon, sat]")
        return None
    items = notes.listed(node, "schedule.days", len(_WEEKDAYS))
    words = [notes.choice(item, "schedule.days", _WEEKDAYS) for item in items]
    return frozenset(_WEEKDAYS.index(word) for word in words if word is not None)


def _hours(node: Node, notes: Notes) -> tuple[time, time] | None:
    found = _HOURS.fullmatch(node.text) if isinstance(node, Scalar) else None
    if found is None:
        notes.add(node.line, 'schedule.hours is written in quotes, like "07:30-17:00"')
        return None
    start = time(int(found[1]), int(found[2]))
    # Midnight at the end of a day is that of the next: the hours go up to it.
    end = time(int(found[3]), int(found[4])) if found[3] else time(0)
    if start == end:
        notes.add(node.line, "schedule.hours begin and end at the same time; leave them out")
        return None
    return start, end
