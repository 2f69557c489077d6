"""Moves of people; each is refused with a reason when the alarm is not in a state for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ioc.alarm.alarm import Alarm, Hidden, NotAllowed, Transition
from ioc.alarm.move import NOT_SHELVED, UNKNOWN, acknowledged_until, back, ended, moved, require
from ioc.alarm.state import ANNUNCIATED, HIDDEN, ClosingCode, State, Step
from ioc.severity import Severity

#: Longest shelf of all; the house's philosophy says how long one of each severity may be.
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
        until = acknowledged_until(alarm, now)
        known |= {"state": State.ACKNOWLEDGED, "acknowledge_until": until}
    return moved(Step.ACKNOWLEDGED, alarm, now, (by, comment), **known)


def unacknowledge(alarm: Alarm, by: str, now: datetime, comment: str | None = None) -> Transition:
    """Return: nobody knows any more."""
    require(alarm, {State.ACKNOWLEDGED}, "unacknowledged")
    changes = {"state": State.UNACKNOWLEDGED, **UNKNOWN}
    return moved(Step.UNACKNOWLEDGED, alarm, now, (by, comment), **changes)


def shelve(  # noqa: PLR0913 - a shelf has an end, a limit, a name and a reason
    alarm: Alarm,
    until: datetime,
    by: str,
    now: datetime,
    comment: str | None = None,
    *,
    limit: timedelta = SHELF_MAX,
    one_shot: bool = False,
    reason: str | None = None,
) -> Transition:
    """Return: set aside until a time that is ahead and within `limit`.

    `one_shot`: only until the condition is over (OPC UA's OneShotShelve); `reason` is a word from
    the house's list; without one the comment says why.
    """
    require(alarm, ANNUNCIATED, "shelved")
    if not now < until <= now + limit:
        why = f"a shelf ends later than now and within {_spoken(limit)}"
        raise NotAllowed(alarm, "time", why, {"limit_s": int(limit.total_seconds())})
    changes = {
        "state": State.SHELVED,
        "shelved_until": until,
        "shelved_by": by,
        "shelve_reason": reason or comment,
        "one_shot": one_shot,
        "acknowledge_until": None,
    }
    return moved(Step.SHELVED, alarm, now, (by, comment), **changes)


def unshelve(alarm: Alarm, by: str, now: datetime, comment: str | None = None) -> Transition:
    """Return: taken back; whoever does it knows of the alarm, so it comes back acknowledged."""
    require(alarm, {State.SHELVED}, "unshelved")
    changes = ended(now)
    if alarm.stands:
        until = acknowledged_until(alarm, now)
        changes = {**NOT_SHELVED, "state": State.ACKNOWLEDGED, "acknowledge_until": until}
        changes["latched"] = alarm.latched and not alarm.active
        if alarm.acknowledged_by is None:
            changes |= {"acknowledged_at": now, "acknowledged_by": by}
    return moved(Step.UNSHELVED, alarm, now, (by, comment), **changes)


def reset(alarm: Alarm, by: str, now: datetime, comment: str | None = None) -> Transition:
    """Return: a latched alarm is let go, once its condition is over and somebody knows of it."""
    require(alarm, {State.ACKNOWLEDGED}, "reset")
    if alarm.active or not alarm.latched:
        why = "its condition is still true" if alarm.active else "it is not latched"
        raise NotAllowed(alarm, "state", f"an alarm that is {alarm.state} cannot be reset: {why}")
    return moved(Step.RESET, alarm, now, (by, comment), **ended(now))


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
    alarm: Alarm,
    code: ClosingCode,
    by: str,
    now: datetime,
    comment: str | None = None,
    *,
    duplicate_of: UUID | None = None,
) -> Transition:
    """Return: over, with what it was; a condition that is still true may raise another."""
    require(alarm, ANNUNCIATED | HIDDEN, "closed")
    changes = {"closed_at": now, "closing_code": code, **ended(now)}
    if duplicate_of is not None:
        changes["facts"] = {**alarm.facts, "duplicate_of": str(duplicate_of)}
    return moved(Step.CLOSED, alarm, now, (by, comment), **changes)


def requested(
    alarm: Alarm, move: str, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: somebody asks for a move that a second person must approve; nothing moves yet."""
    require(alarm, ANNUNCIATED | HIDDEN, "moved")
    said = move if comment is None else f"{move}: {comment}"
    return moved(Step.REQUESTED, alarm, now, (by, said))


def rejected(
    alarm: Alarm, move: str, by: str | None, now: datetime, comment: str | None = None
) -> Transition:
    """Return: the second person said no, or (`by` None) nobody said yes in time; in any state."""
    said = move if comment is None else f"{move}: {comment}"
    return moved(Step.REJECTED, alarm, now, (by, said))


def remove_from_service(
    alarm: Alarm,
    by: str,
    now: datetime,
    comment: str | None = None,
    *,
    hidden: Hidden | None = None,
) -> Transition:
    """Return: under maintenance; a shelf that it was on is forgotten."""
    allowed = ANNUNCIATED | {State.SHELVED, State.SUPPRESSED}
    require(alarm, allowed, "taken out of service")
    reasons = () if hidden is None else hidden.by
    changes: dict[str, Any] = {"state": State.OUT_OF_SERVICE, "hidden_by": reasons, **NOT_SHELVED}
    changes["acknowledge_until"] = None
    return moved(Step.REMOVED_FROM_SERVICE, alarm, now, (by, comment), **changes)


def return_to_service(
    alarm: Alarm,
    by: str | None,
    now: datetime,
    comment: str | None = None,
    *,
    hidden: Hidden | None = None,
) -> Transition:
    """Return: maintenance is over; what stands rings, unless something else hides it."""
    require(alarm, {State.OUT_OF_SERVICE}, "returned to service")
    return back(Step.RETURNED_TO_SERVICE, alarm, now, (by, comment), hidden)


def _spoken(limit: timedelta) -> str:
    if limit % timedelta(days=1) == timedelta(0):
        return f"{limit // timedelta(days=1)} days"
    if limit % timedelta(hours=1) == timedelta(0):
        return f"{limit // timedelta(hours=1)} hours"
    return f"{limit // timedelta(minutes=1)} minutes"
