"""Kind `rate`: much more, or much less, than at other times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from ioc.rule.document import Fields, Node, Scalar
from ioc.rule.notes import Notes

WEEKS, BEFORE = "weeks", "before"
WEEK = timedelta(days=7)
#: The window ends so long before the grid point, so that ordinary lateness is in it.
SETTLED = timedelta(minutes=1)
WINDOW_MIN, WINDOW_MAX = timedelta(minutes=10), timedelta(hours=6)
WEEKS_MAX, LEAST_MAX, FACTOR_MAX = 8, 1_000_000, 1_000.0
#: An alarm goes on until it is well back: under four fifths of the limit, or over five fourths.
RETURN_ABOVE, RETURN_BELOW = (4, 5), (5, 4)
#: The word of each type by which it is counted, and its words where a source has several types.
COUNTED_BY: Mapping[str, str] = {
    "ioc.camera.alert": "label",
    "ioc.fire.reading": "kind",
    "ioc.citizen.report": "category",
    "ioc.queue.ticket": "action",
    "ioc.queue.dossier": "action",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """Events in `window` against the same hour of `weeks` weeks, or the window just before.

    `against` is weeks or before; `above` and `below` are multiples of it. `least` events must be
    there (for `below`: in what it is compared with).
    """

    window: timedelta
    against: str
    weeks: int = 4
    above: float | None = None
    below: float | None = None
    least: int = 1


@dataclass(frozen=True, slots=True)
class Count:
    """Events of one area and kind in one of the spans, which are numbered from 0."""

    span: int
    area: str
    kind: str
    n: int


#: From and to, the end not in it.
Span = tuple[datetime, datetime]


def spans(rate: Rate, at: datetime) -> list[Span]:
    """Return the windows [from, to) to count for a grid point: the judged one, then the others."""
    end = at - SETTLED
    step = rate.window if rate.against == BEFORE else WEEK
    times = 1 if rate.against == BEFORE else rate.weeks
    return [(end - rate.window - n * step, end - n * step) for n in range(times + 1)]


def listened_from(rate: Rate, at: datetime) -> datetime | None:
    """Return since when the source must have been heard without a break to be judged at all.

    None where a break can hide something but raise nothing: more than in other weeks is more.
    """
    judged = spans(rate, at)
    if rate.against == BEFORE:
        return judged[1][0]
    return None if rate.below is None else judged[0][0]


def baseline(counts: Sequence[int], heard: Sequence[bool]) -> float | None:
    """Return what is usual: the median of the windows in which the source was heard at all.

    None when that was so in fewer than half of them: then nothing is judged.
    """
    known = [n for n, was_heard in zip(counts, heard, strict=True) if was_heard]
    return float(median(known)) if 2 * len(known) >= max(1, len(counts)) and known else None


def is_unusual(rate: Rate, n: int, usual: float, *, was: bool) -> bool:
    """Return whether n is too far from what is usual; what `was` so must come well back."""
    # Whole numbers, so that what is exactly at the limit is so on every machine.
    if rate.above is not None:
        of, share = RETURN_ABOVE if was else (1, 1)
        return n * share >= of * rate.above * usual and n * share >= of * rate.least
    assert rate.below is not None
    of, share = RETURN_BELOW if was else (1, 1)
    return n * share <= of * rate.below * usual and of * usual >= share * rate.least


def read_rate(fields: Fields, notes: Notes, event_type: str) -> Rate | None:
    """Return what stands under `rate:`; None when something in it was noted as wrong."""
    before = len(notes.problems)
    at = fields.entries
    missing = [key for key in ("window", "against") if key not in at]
    if missing or ("above" in at) is ("below" in at):
        wanted = "{window: 1h, against: weeks, above: 3, least: 20}"
        notes.add(fields.line, f"rate needs window, against, and one of above, below: {wanted}")
        return None
    window = notes.duration(at["window"], "rate.window", WINDOW_MIN, WINDOW_MAX)
    if window is not None and window % timedelta(minutes=1):
        notes.add(at["window"].line, "rate.window is in whole minutes")
    against = notes.choice(at["against"], "rate.against", (WEEKS, BEFORE))
    weeks, least = 4, 1
    if "weeks" in at:
        weeks = notes.integer(at["weeks"], "rate.weeks", 1, WEEKS_MAX) or 4
        if against == BEFORE:
            notes.add(fields.lines["weeks"], "rate.weeks belongs to 'against: weeks'")
    if "least" in at:
        least = notes.integer(at["least"], "rate.least", 1, LEAST_MAX) or 1
    above = _factor(at.get("above"), "rate.above", (1.0, FACTOR_MAX), notes)
    below = _factor(at.get("below"), "rate.below", (0.0, 1.0), notes)
    if window is None or against is None or len(notes.problems) > before:
        return None
    return Rate(window, against, weeks, above, below, least)


def _factor(
    node: Node | None, name: str, bounds: tuple[float, float], notes: Notes
) -> float | None:
    if node is None:
        return None
    value = node.value if isinstance(node, Scalar) else None
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        notes.add(node.line, f"{name} is a number from {low:g} to {high:g}")
        return None
    return float(value)


#: The keys under `rate:`.
KEYS = ("window", "against", "weeks", "above", "below", "least")
