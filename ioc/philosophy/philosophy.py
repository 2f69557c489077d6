"""The values of the house's philosophy, with what holds where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ioc.severity import Severity


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """More than `start_gt` rings within a time begin a flood, fewer than `end_lt` end it."""

    start_gt: int = 10
    end_lt: int = 5
    within: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ChatterLimits:
    """`flips` within a time are chattering; active for less than `fleeting` is fleeting.

    It is over when nothing flipped for `calm`. Not `is_on`: nothing is held back.
    """

    flips: int = 3
    within: timedelta = timedelta(minutes=1)
    fleeting: timedelta = timedelta(seconds=10)
    calm: timedelta = timedelta(minutes=1)
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Position:
    """An operator's position: the areas and sources that it looks after; None: all."""

    id: str
    name: str
    name_en: str
    areas: frozenset[str] | None = None
    sources: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be and may at most be, and the edition that says so."""

    target: float | None
    maximum: float | None
    edition: str


def _shelve_max() -> Mapping[Severity, timedelta]:
    return {
        Severity.CRITICAL: timedelta(hours=1),
        Severity.HIGH: timedelta(hours=8),
        Severity.MEDIUM: timedelta(hours=24),
        Severity.LOW: timedelta(days=7),
    }


@dataclass(frozen=True, slots=True)
class Philosophy:
    """What holds for all alarms where no rule says otherwise. Immutable.

    `shelve_max` is the longest shelf by severity, `ack_expires` how long an acknowledgement is
    worth (a severity that is not in it: for good), `targets` what each figure of `/kpis` should be.
    """

    shelve_max: Mapping[Severity, timedelta] = field(default_factory=_shelve_max)
    ack_expires: Mapping[Severity, timedelta] = field(default_factory=dict)
    flood: FloodLimits = FloodLimits()
    chattering: ChatterLimits = ChatterLimits()
    positions: tuple[Position, ...] = (Position("main", "Trực ban", "Duty desk"),)
    targets: Mapping[str, Target] = field(default_factory=dict)
