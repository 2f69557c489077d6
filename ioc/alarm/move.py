"""What every move does: it asks whether it is allowed, and makes the next version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ioc.alarm.alarm import Alarm, NotAllowed, Transition
from ioc.alarm.state import State, Step

UNKNOWN: Mapping[str, Any] = {"acknowledged_at": None, "acknowledged_by": None}


def require(alarm: Alarm, allowed: frozenset[State] | set[State], what: str) -> None:
    """Refuse a move of an alarm that is over, or in none of the states that the move is for."""
    if not alarm.is_open:
        ended = f"the alarm ended at {z(alarm.ended_at)}; it cannot be {what}"
        raise NotAllowed(alarm, "ended", ended)
    if alarm.state not in allowed:
        raise NotAllowed(alarm, "state", f"an alarm that is {alarm.state} cannot be {what}")


def ended(now: datetime) -> dict[str, Any]:
    """Return the changes that end an occurrence."""
    # Nobody follows the condition of an occurrence that is over.
    return {"state": State.NORMAL, "active": False, "ended_at": now, "shelved_until": None}


def back(
    step: Step, alarm: Alarm, now: datetime, who: tuple[str | None, str | None] = (None, None)
) -> Transition:
    """Return from hidden by itself: nobody has looked, so what is true is unacknowledged."""
    changes = ended(now)
    if alarm.active:
        changes = {"state": State.UNACKNOWLEDGED, "shelved_until": None, **UNKNOWN}
    return moved(step, alarm, now, who, **changes)


def moved(
    step: Step,
    alarm: Alarm,
    now: datetime,
    who: tuple[str | None, str | None] = (None, None),
    **changes: Any,
) -> Transition:
    """Return one step from the alarm as it is; `who` is a person and their comment."""
    return Transition(step, alarm.state, alarm.evolve(now, **changes), now, *who)


def z(instant: datetime | None) -> str | None:
    """Return an instant as the feed shows it: RFC 3339, UTC, `Z`."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
