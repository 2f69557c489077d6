"""Moves that nobody makes: times that are over, what hides by design, and what is found out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ioc.alarm.alarm import Alarm, Hidden, NotAllowed, Transition
from ioc.alarm.move import UNKNOWN, back, ended, moved, require, z
from ioc.alarm.state import ANNUNCIATED, HIDDEN, State, Step


def shelf_elapsed(alarm: Alarm, now: datetime, *, hidden: Hidden | None = None) -> Transition:
    """Return: the shelf is over; what still stands rings again, unless something else hides it.

    Refused before its time.
    """
    require(alarm, {State.SHELVED}, "unshelved")
    if alarm.shelved_until is not None and now < alarm.shelved_until:
        raise NotAllowed(alarm, "time", f"it is shelved until {z(alarm.shelved_until)}")
    return back(Step.UNSHELVED, alarm, now, hidden=hidden)


def acknowledgement_expired(alarm: Alarm, now: datetime) -> Transition:
    """Return: acknowledged long ago and it still stands: it rings again (the re-alarm timer).

    Refused before its time.
    """
    require(alarm, {State.ACKNOWLEDGED}, "reminded of")
    if alarm.acknowledge_until is not None and now < alarm.acknowledge_until:
        raise NotAllowed(alarm, "time", f"it is known until {z(alarm.acknowledge_until)}")
    return moved(Step.REMINDER, alarm, now, state=State.UNACKNOWLEDGED, **UNKNOWN)


def suppress(alarm: Alarm, now: datetime, hidden: Hidden) -> Transition:
    """Return: hidden by design: a parent alarm, a maintenance window, a state of plant.

    What is suppressed already gets the reasons of now; that is told nobody again.
    """
    require(alarm, ANNUNCIATED | {State.SUPPRESSED}, "suppressed")
    why = "; ".join(reason for each in hidden.by if (reason := each.get("reason"))) or None
    changes: dict[str, Any] = {"state": hidden.state, "hidden_by": hidden.by}
    changes["acknowledge_until"] = None
    return moved(Step.SUPPRESSED, alarm, now, (None, why), **changes)


def unsuppress(alarm: Alarm, now: datetime, *, hidden: Hidden | None = None) -> Transition:
    """Return: a reason to hide it is over; `hidden` are the reasons that are left."""
    require(alarm, {State.SUPPRESSED}, "unsuppressed")
    return back(Step.UNSUPPRESSED, alarm, now, hidden=hidden)


def chattering(alarm: Alarm, now: datetime) -> Transition:
    """Return: it comes and goes too fast to ring each time; its rings wait until it is calm."""
    require(alarm, ANNUNCIATED | HIDDEN, "called chattering")
    return moved(Step.CHATTERING, alarm, now)


def calmed(alarm: Alarm, now: datetime) -> Transition:
    """Return: it has kept still; what is over ends now, what is true and unknown rings once."""
    require(alarm, ANNUNCIATED | HIDDEN, "called calm")
    if alarm.chattering_at is None:
        raise NotAllowed(alarm, "state", f"an alarm that is {alarm.state} and calm cannot calm")
    is_over = not alarm.stands and alarm.state in {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}
    changes = ended(now) if is_over else {"chattering_at": None}
    return moved(Step.CALMED, alarm, now, **changes)


def linked(alarm: Alarm, incident: UUID, now: datetime) -> Transition:
    """Return: it is part of an incident; in any state."""
    return moved(Step.LINKED, alarm, now, incident_id=incident)


def timers_of(alarm: Alarm) -> Mapping[str, datetime | None]:
    """Return when each timer of the alarm is due, by kind; None: it has none."""
    return {"shelf": alarm.shelved_until, "ack": alarm.acknowledge_until}
