"""What a site declares that hides: inhibitions, states of plant, maintenance windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from ioc.alarm import Alarm
from ioc.suppression.matcher import Matcher

_INHIBITIONS = UUID("b0d1a1f6-0c8e-5a55-8f4b-2b6f4d0f5c11")


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alarm of `parent` is active, those of `hides` that agree in `equal` do not ring."""

    id: str
    parent: Matcher
    hides: Matcher
    equal: tuple[str, ...]

    def hidden_by(self, parent: Alarm) -> Matcher | None:
        """Return what this parent hides; None: nothing, it has no word to agree in."""
        agreed: dict[str, frozenset[str]] = {}
        for name in self.equal:
            word = EQUALS[name](parent)
            if word is None:
                return None
            agreed[f"{name}s"] = frozenset((word,))
        return self.hides.narrowed(Matcher(**agreed))  # type: ignore[arg-type]

    def suppression_id(self, parent: UUID, matcher: Matcher) -> UUID:
        """Return the id of the suppression that this parent makes; always the same.

        What it hides is part of it: an inhibition that was changed makes another.
        """
        return uuid5(_INHIBITIONS, f"{self.id}\0{parent}\0{matcher.to_json()}")


@dataclass(frozen=True, slots=True)
class PlantState:
    """A state of plant that a person switches on for a time, and what does not ring meanwhile."""

    id: str
    title: str
    hides: Matcher
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window from a file; `start` is aware, `recurrence` an RRULE in local time."""

    id: str
    hides: Matcher
    start: datetime
    lasts: timedelta
    recurrence: str | None
    reason: str


#: What parent and child can agree in.
EQUALS: Mapping[str, Callable[[Alarm], str | None]] = {
    "area": lambda alarm: alarm.area,
    "device": lambda alarm: alarm.device,
    "source": lambda alarm: alarm.source,
    "key": lambda alarm: alarm.key,
}


def circle(inhibitions: Sequence[Inhibition]) -> tuple[str, ...]:
    """Return the ids along a circle of inhibitions, or () when there is none.

    In a circle two alarms could hide each other, and nobody would hear of either. Whether one
    leads to the next is judged by their matchers alone: what could be both counts as both.
    """
    following = {
        each.id: [other.id for other in inhibitions if each.hides.meets(other.parent)]
        for each in inhibitions
    }
    done: set[str] = set()
    for start, first in following.items():
        path: list[str] = [start]
        turns = [iter(first)]
        while turns:
            step = next(turns[-1], None)
            if step is None:
                turns.pop()
                done.add(path.pop())
            elif step in path:
                return tuple(path[path.index(step) :])
            elif step not in done:
                path.append(step)
                turns.append(iter(following[step]))
    return ()
