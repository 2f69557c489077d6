"""What every move does: it asks whether it is allowed, and makes the next version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ioc.alarm.alarm import Alarm, Hidden, NotAllowed, Transition
from ioc.alarm.state import State, Step

#: Nobody knows of it.
UNKNOWN: Mapping[str, Any] = {
    "acknowledged_at": None,
    "acknowledged_by": None,
    "acknowledge_until": None,
}
NOT_SHELVED: Mapping[str, Any] = {
    "shelved_until": None,
    "shelved_by": None,
    "shelve_reason": None,
    "one_shot": False,
}


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
    over = {"state": State.NORMAL, "active": False, "ended_at": now, "acknowledge_until": None}
    return {**over, **NOT_SHELVED, "hidden_by": (), "latched": False, "chattering_at": None}


def acknowledged_until(alarm: Alarm, now: datetime) -> datetime | None:
    """Return until when an acknowledgement of now is worth something; None: for good."""
    seconds = alarm.ack_expires_s
    return None if seconds is None else now + timedelta(seconds=seconds)


def back(
    step: Step,
    alarm: Alarm,
    now: datetime,
    who: tuple[str | None, str | None] = (None, None),
    hidden: Hidden | None = None,
) -> Transition:
    """Return from hidden by itself: nobody has looked, so what stands is unacknowledged."""
    changes = ended(now)
    if alarm.stands:
        changes = {**NOT_SHELVED, **asking(alarm.active, alarm.latched, hidden)}
    return moved(step, alarm, now, who, **changes)


def asking(active: bool, latched: bool, hidden: Hidden | None) -> dict[str, Any]:
    """Return the changes of what asks for somebody, or would if nothing hid it."""
    if hidden is not None:
        return {"state": hidden.state, "hidden_by": hidden.by, **UNKNOWN}
    # In sight the latch is the condition's shadow: while that is true it says nothing.
    unhidden = {"state": State.UNACKNOWLEDGED, "hidden_by": ()}
    return {**unhidden, "latched": latched and not active, **UNKNOWN}


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
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat().replace("+00:00", "Z")
