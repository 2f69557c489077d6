"""Moves of the stream: a condition becomes true, goes on, or is over. They never refuse."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from ioc.alarm.alarm import Alarm, Hidden, Transition
from ioc.alarm.move import UNKNOWN, ended, z
from ioc.alarm.state import State, Step
from ioc.chattering import Chatter
from ioc.rule.fact import Fact
from ioc.rule.verdict import Clear, Raise

_OCCURRENCES = UUID("3f0c9a52-6b1e-5d0e-9a55-7c3d1f8e2b64")


def occurrence_id(rule: str, key: str, fact: Fact) -> UUID:
    """Return the id of the occurrence that this event opens; a replay gives the same."""
    # The time is part of an event's identity: some senders use their ids again.
    at = z(fact.time) or ""
    # NUL cannot be in any of them (such events are dead letters), so no two names run together.
    return uuid5(_OCCURRENCES, "\0".join((rule, key, fact.ce_source, fact.ce_id, at)))


def raised(  # noqa: PLR0913 - what an alarm meets when it is raised
    alarm: Alarm | None,
    verdict: Raise,
    now: datetime,
    area_name: str = "",
    *,
    hidden: Hidden | None = None,
    chatter: Chatter | None = None,
    rule_version: int = 0,
) -> Transition:
    """Return what a raise does to the open occurrence of its rule and key, or to none.

    A condition that never went false keeps its acknowledgement; one that had returned rings again.
    A raise that is older than the first one moves the beginning back, with title and place.
    """
    if alarm is None or not alarm.is_open:
        return _streamed(Step.RAISED, State.NORMAL, _opened(verdict, now, area_name), now, verdict)
    changes: dict[str, Any] = {"count": alarm.count + 1}
    step = Step.REPEATED
    if verdict.rule.severity.priority < alarm.severity.priority:
        step = Step.SEVERITY_CHANGED
        changes["severity"] = verdict.rule.severity
    if not alarm.active:
        step = Step.RAISED
        changes |= {"active": True, "condition_at": verdict.at, "returned_at": None, **UNKNOWN}
        if alarm.state is State.RETURNED:
            changes["state"] = State.UNACKNOWLEDGED
    if _identity(verdict) < (alarm.event_time, alarm.event_source, alarm.event_id):
        changes |= _described(verdict, area_name)
    changes["raised_at"] = min(alarm.raised_at, verdict.at)
    return _streamed(step, alarm.state, alarm.evolve(now, **changes), now, verdict)


def returned(
    alarm: Alarm | None, verdict: Clear, now: datetime, *, chatter: Chatter | None = None
) -> Transition | None:
    """Return what the end of the condition does; None when there was nothing to end."""
    if alarm is None or not alarm.is_open or not alarm.active:
        return None
    over: dict[str, Any] = {"condition_at": verdict.at, "returned_at": verdict.at}
    over["active"] = False
    match alarm.state:
        case State.UNACKNOWLEDGED if alarm.ack_required:
            over["state"] = State.RETURNED
        case State.UNACKNOWLEDGED | State.ACKNOWLEDGED:
            over |= ended(now)
    return _streamed(Step.RETURNED, alarm.state, alarm.evolve(now, **over), now, verdict)


def _opened(verdict: Raise, now: datetime, area_name: str) -> Alarm:
    rule, fact = verdict.rule, verdict.fact
    return Alarm(
        id=occurrence_id(rule.id, verdict.key, fact),
        rule=rule.id,
        key=verdict.key,
        source=rule.source,
        severity=rule.severity,
        state=State.UNACKNOWLEDGED,
        active=True,
        guidance=rule.guidance,
        ack_required=rule.ack_required,
        raised_at=verdict.at,
        changed_at=now,
        condition_at=verdict.at,
        **_described(verdict, area_name),
    )


def _described(verdict: Raise, area_name: str) -> dict[str, Any]:
    """Return the fields that tell of the raising event."""
    rule, fact = verdict.rule, verdict.fact
    return {
        "area": fact.area,
        "device": fact.device,
        "title": rule.title.of(fact, area_name, rule.n),
        "title_en": rule.title_en.of(fact, area_name, rule.n),
        "lat": _degrees(fact.data.get("lat")),
        "lon": _degrees(fact.data.get("lon")),
        "event_source": fact.ce_source,
        "event_id": fact.ce_id,
        "event_time": fact.time.astimezone(UTC),
    }


def _streamed(
    step: Step, before: State, alarm: Alarm, now: datetime, verdict: Raise | Clear
) -> Transition:
    fact = verdict.fact
    event = None if fact is None else (fact.ce_source, fact.ce_id)
    return Transition(step, before, alarm, now, event_at=verdict.at, event=event, verdict=verdict)


def _identity(verdict: Raise) -> tuple[datetime, str, str]:
    return verdict.fact.time, verdict.fact.ce_source, verdict.fact.ce_id


def _degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
