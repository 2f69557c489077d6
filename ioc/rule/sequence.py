"""Kind `sequence`: events like these, one after the other, at the same key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ioc.rule.condition import Condition


@dataclass(frozen=True, slots=True)
class Step:
    """One of the events: its type and the condition on it."""

    type: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Sequence:
    """The steps in their order; the last at most `within` after the first, in event time."""

    within: timedelta
    steps: tuple[Step, ...]
