"""Kind `absence`: a device, or many of an area, have said nothing for a time.

What we did not hear because we were not listening is no silence: `Listening` says since when a
source as a whole was heard without a break, and silence is counted from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ioc.rule.document import Fields
from ioc.rule.notes import Notes, shown_duration

DEVICE, AREA = "device", "area"
#: Types whose devices speak by themselves, however rarely.
TYPES = ("ioc.camera.alert", "ioc.fire.reading")
FOR_MIN, FOR_MAX = timedelta(minutes=5), timedelta(days=30)
LEAST_MAX = 1_000
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """`of` is device or area; nothing was heard for `silent_for` (YAML: `for`), in stream time.

    For an area: the share of its devices that were heard, in percent, falls under `heard_below` and
    clears from `heard_above`; areas with fewer than `least` devices are not judged.
    """

    of: str
    silent_for: timedelta
    heard_below: int = 1
    heard_above: int = 1
    least: int = 1


@dataclass(frozen=True, slots=True)
class Listening:
    """Since when a source was heard without a break, and when last; to the minute."""

    since: datetime
    heard: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """The devices of an area, how many are silent, and since when each of those, in order."""

    area: str
    devices: int
    silent: int
    since: Sequence[datetime]


def gap_max(judged: timedelta) -> timedelta:
    """Return the longest pause of a whole source that is none, for a rule that judges so long.

    A quarter of it, and at most an hour: a small source speaks now and then.
    """
    return min(judged / 4, _HOUR)


#: Whether nothing heard from one time to a later one is a break, and no ordinary pause.
IsBreak = Callable[[datetime, datetime], bool]


def longer_than(gap: timedelta) -> IsBreak:
    """Return what calls a pause a break by the clock."""
    return lambda heard, at: at - heard > gap


def listened(
    known: Listening | None, minutes: Iterable[datetime], is_break: IsBreak
) -> Listening | None:
    """Return what is known after some minutes more in which the source was heard, in order.

    None as long as it was never heard. A minute counts as heard to its end, and a new beginning is
    the end of the minute after the break: silence is rather found too late than too early.
    """
    for minute in minutes:
        end = minute + _MINUTE
        if known is None or is_break(known.heard, minute):
            known = Listening(end, end)
        elif end > known.heard:
            known = Listening(known.since, end)
    return known


def is_deaf(listening: Listening, at: datetime, is_break: IsBreak) -> bool:
    """Return whether nothing of the whole source was heard lately; then nothing can be judged."""
    return listening.heard < at and is_break(listening.heard, at)


def enough_silent(absence: Absence, devices: int) -> int:
    """Return how many silent devices bring the share of those heard under `heard_below`."""
    heard_enough = -(-devices * absence.heard_below // 100)  # rounded up
    return devices - heard_enough + 1


def is_blind(absence: Absence, devices: int, silent: int, *, was: bool) -> bool:
    """Return whether too few of an area's devices are heard; one that `was` so clears later."""
    if devices < absence.least:
        return False
    if silent >= enough_silent(absence, devices):
        return True
    return was and 100 * (devices - silent) < absence.heard_above * devices


def read_absence(fields: Fields, notes: Notes, event_type: str) -> Absence | None:
    """Return what stands under `absence:`; None when something in it was noted as wrong."""
    before = len(notes.problems)
    at = fields.entries
    missing = [key for key in ("of", "for") if key not in at]
    if missing:
        notes.add(fields.line, f"absence lacks {', '.join(missing)}: {{of: device, for: 24h}}")
        return None
    if event_type not in TYPES:
        notes.add(fields.line, f"absence looks at devices: type is one of {', '.join(TYPES)}")
    of = notes.choice(at["of"], "absence.of", (DEVICE, AREA))
    silent_for = notes.duration(at["for"], "absence.for", FOR_MIN, FOR_MAX)
    numbers = {"heard_below": 1, "least": 1}
    for key, largest in (("heard_below", 100), ("heard_above", 100), ("least", LEAST_MAX)):
        if key not in at:
            continue
        if of == DEVICE:
            notes.add(fields.lines[key], f"absence.{key} belongs to 'of: area'")
        numbers[key] = notes.integer(at[key], f"absence.{key}", 1, largest) or 1
    above = numbers.get("heard_above", numbers["heard_below"])
    if above < numbers["heard_below"]:
        notes.add(fields.lines["heard_above"], "heard_above is not under heard_below")
    if of is None or silent_for is None or len(notes.problems) > before:
        return None
    return Absence(of, silent_for, numbers["heard_below"], above, numbers["least"])


#: The keys under `absence:`.
KEYS = ("of", "for", "heard_below", "heard_above", "least")
#: For messages and the page.
BOUNDS = f"{shown_duration(FOR_MIN)} to {shown_duration(FOR_MAX)}"
