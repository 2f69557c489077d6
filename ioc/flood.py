"""Alarm floods: more rings than a person can follow, and what is folded meanwhile (ISA-18.2)."""

from __future__ import annotations

from collections.abc import Sequence

from ioc.alarm import Alarm
from ioc.philosophy import FloodLimits, Position


def begins(rings: int, limits: FloodLimits) -> bool:
    """Return whether so many rings of one position within `limits.within` are a flood."""
    return rings > limits.start_gt


def ends(rings: int, limits: FloodLimits) -> bool:
    """Return whether a flood is over with so many rings within `limits.within`."""
    return rings < limits.end_lt


def position_of(positions: Sequence[Position], alarm: Alarm) -> Position | None:
    """Return who looks after the alarm: the first position that takes it; None: nobody does."""
    for position in positions:
        if (position.areas is None or alarm.area in position.areas) and (
            position.sources is None or alarm.source in position.sources
        ):
            return position
    return None
