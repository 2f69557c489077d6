"""Moves of people; each is refused with a reason when the alarm is not in a state for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ioc.alarm.alarm import Alarm, NotAllowed, Transition
from ioc.alarm.move import UNKNOWN, back, ended, moved, require
from ioc.alarm.state import ANNUNCIATED, HIDDEN, ClosingCode, State, Step
from ioc.severity import Severity

#: Longest shelf; a shorter one by priority is for the rules to say.
SHELF_MAX = timedelta(days=7)


def acknowledge(
    alarm: Alarm,
    by: str,
    now: datetime,
    comment: str | None = None,
    seen: Severity | None = None,
) -> Transition:
    """Return: somebody knows. Refused when it is worse by now than the severity they have seen."""
    if alarm.state is State.ACKNOWLEDGED:
        why = f"{alarm.acknowledged_by} acknowledged it first"
        raise NotAllowed(alarm, "already", why)
    require(alarm, {State.UNACKNOWLEDGED, State.RETURNED}, "acknowledged")
    if seen is not None and alarm.severity.priority < seen.priority:
        why = f"the severity rose from {seen} to {alarm.severity}; look again, then acknowledge"
        raise NotAllowed(alarm, "severity", why)
    known: dict[str, Any] = {"acknowledged_at": now, "acknowledged_by": by}
    if alarm.state is State.RETURNED:
        known |= ended(now)
    else:
        known["state"] = State.ACKNOWLEDGED
    return moved(Step.ACKNOWLEDGED, alarm, now, (by, comment), **known)


def unacknowledge(alarm: Alarm, by: str, now: datetime, comment: str | None = None) -> Transition:
    """Return: nobody knows any more."""
    require(alarm, {State.ACKNOWLEDGED}, "unacknowledged")
    changes = {"state": State.UNACKNOWLEDGED, **UNKNOWN}
    return moved(Step.UNACKNOWLEDGED, alarm, now, (by, comment), **changes)


def shelve(
    alarm: Alarm, until: datetime, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: set aside until a time that is ahead and not too far."""
    require(alarm, ANNUNCIATED, "shelved")
    if not now < until <= now + SHELF_MAX:
        why = f"a shelf ends later than now and within {SHELF_MAX.days} days"
        raise NotAllowed(alarm, "time", why)
    changes = {"state": State.SHELVED, "shelved_until": until}
    return moved(Step.SHELVED, alarm, now, (by, comment), **changes)


def unshelve(alarm: Alarm, by: str, now: datetime, comment: str | None = None) -> Transition:
    """Return: taken back; whoever does it knows of the alarm, so it comes back acknowledged."""
    require(alarm, {State.SHELVED}, "unshelved")
    changes: dict[str, Any] = {"shelved_until": None}
    if alarm.active:
        changes["state"] = State.ACKNOWLEDGED
        if alarm.acknowledged_by is None:
            changes |= {"acknowledged_at": now, "acknowledged_by": by}
    else:
        changes |= ended(now)
    return moved(Step.UNSHELVED, alarm, now, (by, comment), **changes)


def assign(
    alarm: Alarm, assignee: str | None, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: somebody takes it or is given it; None takes it from them."""
    require(alarm, ANNUNCIATED | HIDDEN, "assigned")
    return moved(Step.ASSIGNED, alarm, now, (by, comment), assignee=assignee)


def comment(alarm: Alarm, text: str, by: str, now: datetime) -> Transition:
    """Return: a remark, in any state: a wrong closing is corrected by a further word."""
    return moved(Step.COMMENTED, alarm, now, (by, text))


def close(
    alarm: Alarm, code: ClosingCode, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: over, with what it was; a condition that is still true may raise another."""
    require(alarm, ANNUNCIATED | HIDDEN, "closed")
    changes = {"closed_at": now, "closing_code": code, **ended(now)}
    return moved(Step.CLOSED, alarm, now, (by, comment), **changes)


def remove_from_service(
    alarm: Alarm, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: under maintenance; a shelf that it was on is forgotten."""
    require(alarm, ANNUNCIATED | {State.SHELVED, State.SUPPRESSED}, "taken out of service")
    changes = {"state": State.OUT_OF_SERVICE, "shelved_until": None}
    return moved(Step.REMOVED_FROM_SERVICE, alarm, now, (by, comment), **changes)


def return_to_service(
    alarm: Alarm, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: maintenance is over."""
    require(alarm, {State.OUT_OF_SERVICE}, "returned to service")
    return back(Step.RETURNED_TO_SERVICE, alarm, now, (by, comment))
