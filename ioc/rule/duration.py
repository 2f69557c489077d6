"""Kind `duration`: a condition that has held for a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from ioc.rule.definition import Rule
from ioc.rule.document import Node
from ioc.rule.notes import Notes
from ioc.rule.samples import Delays

KEYS = ("held",)
HELD_MIN, HELD_MAX = timedelta(seconds=1), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Duration:
    """It raises when the condition has held for so long, in event time."""

    held: timedelta


def delays(rule: Rule) -> Delays:
    """Return how long it must hold; its end is at once."""
    of = rule.of
    assert isinstance(of, Duration)
    return Delays(of.held, timedelta(0))


def read(at: Mapping[str, Node], notes: Notes) -> Duration | None:
    """Return what `duration:` says; None when something was noted as wrong."""
    held = notes.duration(at["held"], "duration.held", HELD_MIN, HELD_MAX)
    return None if held is None else Duration(held)
