"""Alarm floods: more rings than a person can follow, and what is folded meanwhile (ISA-18.2)."""

from __future__ import annotations

from ioc.philosophy import FloodLimits


def begins(rings: int, limits: FloodLimits) -> bool:
    """Return whether so many rings of one position within `limits.within` are a flood."""
    return False


def ends(rings: int, limits: FloodLimits) -> bool:
    """Return whether a flood is over with so many rings within `limits.within`."""
    return True
