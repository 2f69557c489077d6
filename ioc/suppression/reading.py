"""Reading `inhibitions:`, `plant_states:` and `maintenance:`; every problem with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from ioc.clock import LOCAL_ZONE
from ioc.rule.document import Fields, Node, Scalar
from ioc.rule.notes import Notes
from ioc.suppression.inhibition import EQUALS, Inhibition, PlantState, Window, circle
from ioc.suppression.matcher import WORD_CHARACTERS_MAX, WORDS_MAX, Matcher
from ioc.suppression.recurrence import YEARS, repeated

ENTRIES_MAX = 200
#: Longest state of plant, and longest turn of a maintenance window.
STATE_MAX = timedelta(days=7)
WINDOW_MAX = timedelta(days=30)
MINUTE = timedelta(minutes=1)
TEXT_CHARACTERS_MAX = 300

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_MATCHER = ("rules", "areas", "sources", "devices", "keys", "severities")

T = TypeVar("T", Inhibition, PlantState, Window)


def read_inhibitions(node: Node, notes: Notes) -> Sequence[Inhibition]:
    """Return the inhibitions of a list; nothing when one of them has a problem."""
    found = _read(node, notes, "inhibitions", _inhibition)
    around = circle(found)
    if around:
        notes.add(
            node.line,
            f"the inhibitions {', '.join(around)} go in a circle: two alarms could hide each"
            " other; name the rules in 'parent' and in 'hides'",
        )
        return []
    return found


def read_plant_states(node: Node, notes: Notes) -> Sequence[PlantState]:
    """Return the states of plant of a list; nothing when one of them has a problem."""
    return _read(node, notes, "plant_states", _plant_state)


def read_windows(node: Node, notes: Notes) -> Sequence[Window]:
    """Return the maintenance windows of a list; nothing when one of them has a problem."""
    return _read(node, notes, "maintenance", _window)


def _read(node: Node, notes: Notes, name: str, one: Callable[[Fields, Notes], T | None]) -> list[T]:
    before = len(notes.problems)
    found: dict[str, T] = {}
    for each in notes.listed(node, name, ENTRIES_MAX):
        fields = notes.fields(each, f"an entry of {name}", _KEYS[name])
        if fields is None:
            continue
        missing = [key for key in _REQUIRED[name] if key not in fields.entries]
        if missing:
            notes.add(each.line, f"the entry of {name} lacks {', '.join(missing)}")
            continue
        made = one(fields, notes)
        if made is not None and made.id in found:
            notes.add(each.line, f"the id {made.id!r} is here a second time")
        elif made is not None:
            found[made.id] = made
    return list(found.values()) if len(notes.problems) == before else []


_KEYS = {
    "inhibitions": ("id", "parent", "hides", "equal"),
    "plant_states": ("id", "title", "hides", "longest"),
    "maintenance": ("id", "hides", "start", "lasts", "recurrence", "reason"),
}
_REQUIRED = {
    "inhibitions": ("id", "parent", "hides"),
    "plant_states": ("id", "title", "hides", "longest"),
    "maintenance": ("id", "hides", "start", "lasts", "reason"),
}


def _inhibition(fields: Fields, notes: Notes) -> Inhibition | None:
    at = fields.entries
    name = _id(at["id"], notes)
    parent, hides = (_matcher(at[key], key, notes) for key in ("parent", "hides"))
    equal: list[str] = []
    for each in notes.listed(at["equal"], "equal", len(EQUALS)) if "equal" in at else ():
        word = notes.choice(each, "equal", list(EQUALS))
        if word is not None:
            equal.append(word)
    if name is None or parent is None or hides is None:
        return None
    return Inhibition(name, parent, hides, tuple(equal))


def _plant_state(fields: Fields, notes: Notes) -> PlantState | None:
    at = fields.entries
    name = _id(at["id"], notes)
    title = notes.text(at["title"], "title", TEXT_CHARACTERS_MAX)
    hides = _matcher(at["hides"], "hides", notes)
    longest = notes.duration(at["longest"], "longest", MINUTE, STATE_MAX)
    if name is None or title is None or hides is None or longest is None:
        return None
    return PlantState(name, title, hides, longest)


def _window(fields: Fields, notes: Notes) -> Window | None:
    at = fields.entries
    name = _id(at["id"], notes)
    hides = _matcher(at["hides"], "hides", notes)
    start = _local(at["start"], notes)
    lasts = notes.duration(at["lasts"], "lasts", MINUTE, WINDOW_MAX)
    reason = notes.text(at["reason"], "reason", TEXT_CHARACTERS_MAX)
    if name is None or hides is None or start is None or lasts is None or reason is None:
        return None
    recurrence: str | None = None
    if "recurrence" in at:
        rule = notes.text(at["recurrence"], "recurrence", TEXT_CHARACTERS_MAX)
        if rule is None:
            return None
        try:
            recurrence = repeated(rule, start, lasts)
        except ValueError as error:
            notes.add(at["recurrence"].line, f"recurrence: {error}")
    return Window(name, hides, start, lasts, recurrence, reason)


def _id(node: Node, notes: Notes) -> str | None:
    if isinstance(node, Scalar) and _ID.fullmatch(node.text):
        return node.text
    notes.add(node.line, "id is 1 to 64 of a-z, 0-9 and '-', and does not begin with '-'")
    return None


def _local(node: Node, notes: Notes) -> datetime | None:
    """Return a local day and minute as an instant."""
    try:
        at = datetime.fromisoformat(node.text if isinstance(node, Scalar) else "")
    except ValueError:
        notes.add(node.line, 'start is a local day and minute; write "2026-11-28T08:00"')
        return None
    if at.year not in YEARS:
        notes.add(node.line, f"start is in a year from {YEARS[0]} to {YEARS[-1]}")
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=LOCAL_ZONE)


def _matcher(node: Node, name: str, notes: Notes) -> Matcher | None:
    before = len(notes.problems)
    fields = notes.fields(node, name, _MATCHER)
    found: dict[str, list[str]] = {}
    for key, each in fields.entries.items() if fields else ():
        words = [
            notes.text(word, f"{name}.{key}", WORD_CHARACTERS_MAX)
            for word in notes.listed(each, f"{name}.{key}", WORDS_MAX)
        ]
        found[key] = [word for word in words if word is not None]
    if len(notes.problems) > before:
        return None
    try:
        matcher = Matcher.parse(found)
    except ValueError as error:
        notes.add(node.line, f"{name}: {error}")
        return None
    if matcher.is_all:
        notes.add(node.line, f"{name} would be every alarm; name rules, areas, sources or devices")
        return None
    return matcher
