"""Chattering and fleeting alarms: what comes and goes faster than a person can follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ioc.philosophy import ChatterLimits

#: As many flips of a rule and key are remembered.
FLIPS_MAX = 16
#: So close together, fleeting alarms are a chattering one; ISA-18.2 leaves the time to the site.
FLEETING_WITHIN = timedelta(hours=1)


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
    """Return what is known after a raise (`was_active_for` None) or a return at event time `at`.

    It chatters once as many flips as `limits.flips` lie within `limits.within`, in event time and
    whatever the order of their arrival; and so does what flips when as many conditions were
    fleeting within `FLEETING_WITHIN` before it: its ring then waits whether it lasts. Only `calm`
    ends that.
    """
    flips = _newest((*known.flips, at))
    fleeting = known.fleeting
    if was_active_for is not None and timedelta(0) <= was_active_for < limits.fleeting:
        fleeting = _newest((*fleeting, at))
    is_unsteady = _crowded(flips, limits.flips, flips[-1] - limits.within) or _crowded(
        fleeting, limits.flips, flips[-1] - FLEETING_WITHIN
    )
    since_at = known.since_at
    if since_at is None and is_unsteady and limits.is_on:
        since_at = at
    return Chatter(flips, fleeting, since_at)


def calm_due(known: Chatter, limits: ChatterLimits) -> datetime | None:
    """Return the event time at which it is calm if nothing flips any more; None: it is."""
    if known.since_at is None:
        return None
    return max((*known.flips, known.since_at)) + limits.calm


def calm(known: Chatter) -> Chatter:
    """Return what is known once it has kept still; the flips count on for the next unrest."""
    return replace(known, since_at=None)


def _newest(times: tuple[datetime, ...]) -> tuple[datetime, ...]:
    return tuple(sorted(times)[-FLIPS_MAX:])


def _crowded(times: tuple[datetime, ...], n: int, since: datetime) -> bool:
    """Whether the newest `n` of these are not older than that."""
    return len(times) >= n and times[-n] >= since
