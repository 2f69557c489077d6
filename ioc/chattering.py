"""Chattering and fleeting alarms: what comes and goes faster than a person can follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ioc.philosophy import ChatterLimits

#: As many flips of a rule and key are remembered.
FLIPS_MAX = 16


@dataclass(frozen=True, slots=True)
class Chatter:
    """Flips of a rule and key across its occurrences: event times, newest last.

    `fleeting` are the ends of conditions that were true too shortly, `since_at` is since when it
    chatters (None: it is calm).
    """

    flips: tuple[datetime, ...] = ()
    fleeting: tuple[datetime, ...] = ()
    since_at: datetime | None = None


def flipped(
    known: Chatter, at: datetime, *, was_active_for: timedelta | None, limits: ChatterLimits
) -> Chatter:
    """Return what is known after a raise (`was_active_for` None) or a return at event time `at`."""
    return known


def calm_due(known: Chatter, limits: ChatterLimits) -> datetime | None:
    """Return the event time at which it is calm if nothing flips any more; None: it is."""
    return None
