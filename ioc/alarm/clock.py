"""Moves that nobody makes: times that are over, what hides by design, and what is found out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ioc.alarm.alarm import Alarm, NotAllowed, Transition
from ioc.alarm.move import UNKNOWN, back, moved, require, z
from ioc.alarm.state import ANNUNCIATED, State, Step


def shelf_elapsed(alarm: Alarm, now: datetime) -> Transition:
    """Return: the shelf is over; what is still true rings again. Refused before its time."""
    require(alarm, {State.SHELVED}, "unshelved")
    if alarm.shelved_until is not None and now < alarm.shelved_until:
        raise NotAllowed(alarm, "time", f"it is shelved until {z(alarm.shelved_until)}")
    return back(Step.UNSHELVED, alarm, now)


def acknowledgement_expired(alarm: Alarm, now: datetime) -> Transition:
    """Return: acknowledged long ago and still true: it rings again (the re-alarm timer)."""
    require(alarm, {State.ACKNOWLEDGED}, "reminded of")
    changes = {"state": State.UNACKNOWLEDGED, **UNKNOWN}
    return moved(Step.REMINDER, alarm, now, **changes)


def suppress(alarm: Alarm, now: datetime, why: str | None = None) -> Transition:
    """Return: hidden by design: a parent alarm, a maintenance window, a state of plant."""
    require(alarm, ANNUNCIATED, "suppressed")
    return moved(Step.SUPPRESSED, alarm, now, (None, why), state=State.SUPPRESSED)


def unsuppress(alarm: Alarm, now: datetime) -> Transition:
    """Return: the reason to hide it is over."""
    require(alarm, {State.SUPPRESSED}, "unsuppressed")
    return back(Step.UNSUPPRESSED, alarm, now)


def linked(alarm: Alarm, incident: UUID, now: datetime) -> Transition:
    """Return: it is part of an incident; in any state."""
    return moved(Step.LINKED, alarm, now, incident_id=incident)
