"""Moves of the stream: a condition becomes true, goes on, or is over. They never refuse."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from ioc.alarm.alarm import Alarm, Hidden, Transition
from ioc.alarm.clock import chattering
from ioc.alarm.move import UNKNOWN, asking, ended, z
from ioc.alarm.state import State, Step
from ioc.chattering import Chatter, flipped
from ioc.philosophy import Philosophy
from ioc.rule.definition import SCANNED
from ioc.rule.fact import Fact
from ioc.rule.verdict import Clear, Raise, Verdict
from ioc.severity import Severity

_OCCURRENCES = UUID("3f0c9a52-6b1e-5d0e-9a55-7c3d1f8e2b64")
#: What an alarm shows of the newest raising event beyond what every event has.
_FACTS = ("value", "n", "oldest_at", "baseline", "heard", "devices", "share", "limit", "since")
#: And of what a scan has found. An event's `kind` is in the title where it matters.
_FOUND = ("office", "kind", "oldest_h", "ratio", "silent", "last_seen")
_SHIPPED = Philosophy()


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
    philosophy: Philosophy = _SHIPPED,
) -> Transition:
    """Return what a raise does to the open occurrence of its rule and key, or to none.

    A condition that never went false keeps its acknowledgement unless it has got worse; one that
    had returned rings again. What would ring is hidden when there is something that hides it; what
    is suppressed and has nothing any more that hides it comes out. A raise that is older than the
    first one moves the beginning back, with title and place.
    """
    since = chatter.since_at if chatter else None
    if alarm is None or not alarm.is_open:
        opened = replace(
            _opened(verdict, now, area_name, philosophy),
            chattering_at=since,
            rule_version=rule_version or verdict.rule.version,
        )
        if hidden is not None:
            opened = replace(opened, state=hidden.state, hidden_by=hidden.by)
        return _streamed(Step.RAISED, State.NORMAL, opened, now, verdict)
    changes = _heard(alarm, verdict, now, philosophy)
    severity = changes.get("severity", alarm.severity)
    rose = severity.priority < alarm.severity.priority
    changes["chattering_at"] = since if chatter else alarm.chattering_at
    is_held = changes["chattering_at"] is not None and severity is not Severity.CRITICAL
    step = Step.REPEATED if severity is alarm.severity else Step.SEVERITY_CHANGED
    if not alarm.active:
        step = Step.RAISED
        changes |= {"active": True, "condition_at": verdict.at, "returned_at": None}
        # Held back, the acknowledgement of what comes and goes is that of the whole unrest.
        changes |= {} if is_held and alarm.state is State.ACKNOWLEDGED else UNKNOWN
    comes_back = not alarm.active and not is_held
    if alarm.state in {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}:
        changes["latched"] = False
    if alarm.state is State.RETURNED or (
        alarm.state is State.ACKNOWLEDGED and (rose or comes_back)
    ):
        changes |= asking(True, False, hidden)
    elif alarm.state is State.SUPPRESSED:
        changes |= asking(True, False, hidden)
        changes["latched"] = alarm.latched and hidden is not None
        if hidden is None and step is Step.REPEATED:
            step = Step.UNSUPPRESSED
    elif alarm.state is State.OUT_OF_SERVICE and rose and severity is Severity.CRITICAL:
        # Priority 1 stays out of service only by what names it.
        changes |= asking(True, alarm.latched and hidden is not None, hidden)
    if _identity(verdict) < (alarm.event_time, alarm.event_source, alarm.event_id):
        changes |= _described(verdict, area_name)
    changes["raised_at"] = min(alarm.raised_at, verdict.at)
    found = _streamed(step, alarm.state, alarm.evolve(now, **changes), now, verdict)
    return replace(found, was_held=True) if alarm.is_held else found


def returned(
    alarm: Alarm | None, verdict: Clear, now: datetime, *, chatter: Chatter | None = None
) -> Transition | None:
    """Return what the end of the condition does; None when there was nothing to end.

    A latched alarm stays as it was until somebody resets it, one that chatters until it is calm.
    """
    if alarm is None or not alarm.is_open or not alarm.active:
        return None
    since = chatter.since_at if chatter else alarm.chattering_at
    over: dict[str, Any] = {"condition_at": verdict.at, "returned_at": verdict.at}
    over |= {"active": False, "chattering_at": since}
    is_held = since is not None and alarm.severity is not Severity.CRITICAL
    match alarm.state:
        case State.UNACKNOWLEDGED | State.ACKNOWLEDGED if alarm.latch:
            over["latched"] = True
        case State.UNACKNOWLEDGED if alarm.ack_required:
            over["state"] = State.RETURNED
        case State.UNACKNOWLEDGED | State.ACKNOWLEDGED if not is_held:
            over |= ended(now)
        case State.SHELVED if alarm.one_shot and not alarm.latched:
            over |= ended(now)
    return _streamed(Step.RETURNED, alarm.state, alarm.evolve(now, **over), now, verdict)


# All that one verdict does ------------------------------------------------------------------------


def _nothing_hides(_: Alarm) -> Hidden | None:
    return None


@dataclass(frozen=True, slots=True)
class Around:
    """What an alarm meets besides the verdict.

    `area_name` is for its title, `hides` says what would hide it if it rang, `chatter` what is
    known of its unrest; None: it is not damped.
    """

    area_name: str = ""
    hides: Callable[[Alarm], Hidden | None] = _nothing_hides
    chatter: Chatter | None = None
    philosophy: Philosophy = _SHIPPED


def followed(
    alarm: Alarm | None, verdict: Verdict, now: datetime, around: Around
) -> tuple[tuple[Transition, ...], Chatter | None]:
    """Return the steps that follow from a verdict, and what is known of the unrest after it."""
    step = _one(alarm, verdict, now, around, None)
    if step is None:
        return (), around.chatter
    chatter = around.chatter
    if chatter is not None and step.type in {Step.RAISED, Step.RETURNED}:
        lasted = None
        if alarm is not None and isinstance(verdict, Clear):
            lasted = verdict.at - alarm.condition_at
        limits = around.philosophy.chattering
        chatter = flipped(chatter, verdict.at, was_active_for=lasted, limits=limits)
        step = _one(alarm, verdict, now, around, chatter)
        assert step is not None
    begins = alarm is None or not alarm.is_open or alarm.chattering_at is None
    if begins and step.alarm.is_open and step.alarm.chattering_at is not None:
        return (step, chattering(step.alarm, now)), chatter
    return (step,), chatter


def _one(
    alarm: Alarm | None, verdict: Verdict, now: datetime, around: Around, chatter: Chatter | None
) -> Transition | None:
    if isinstance(verdict, Clear):
        return returned(alarm, verdict, now, chatter=chatter)
    judged = partial(
        raised,
        alarm,
        verdict,
        now,
        around.area_name,
        chatter=chatter,
        philosophy=around.philosophy,
    )
    step = judged()
    asks = step.alarm.state is State.UNACKNOWLEDGED and step.before is not State.UNACKNOWLEDGED
    hidden = around.hides(step.alarm) if asks else None
    return step if hidden is None else judged(hidden=hidden)


# What it is made of -------------------------------------------------------------------------------


def _opened(verdict: Raise, now: datetime, area_name: str, philosophy: Philosophy) -> Alarm:
    rule, fact = verdict.rule, verdict.fact
    severity = rule.severity_of(fact)
    return Alarm(
        id=occurrence_id(rule.id, verdict.key, fact),
        rule=rule.id,
        key=verdict.key,
        source=rule.source,
        severity=severity,
        state=State.UNACKNOWLEDGED,
        active=True,
        guidance=rule.guidance,
        ack_required=rule.ack_required,
        raised_at=verdict.at,
        changed_at=now,
        condition_at=verdict.at,
        severity_at=fact.time.astimezone(UTC),
        repeated_at=verdict.at,
        latch=rule.latch,
        ack_expires_s=_ack_expires_s(verdict, severity, philosophy),
        two_person=tuple(sorted(rule.two_person)),
        facts=_facts(verdict),
        rule_version=rule.version,
        **_described(verdict, area_name),
    )


def _heard(alarm: Alarm, verdict: Raise, now: datetime, philosophy: Philosophy) -> dict[str, Any]:
    """Return what one more raising event changes in any state.

    How severe it is says the newest event, at equal times the one that says worse: so it does not
    depend on the order in which they arrive.
    """
    newest = max(alarm.repeated_at or verdict.at, verdict.at)
    changes: dict[str, Any] = {"count": alarm.count + 1, "repeated_at": newest}
    said, at = verdict.rule.severity_of(verdict.fact), verdict.fact.time.astimezone(UTC)
    if alarm.severity_at is not None and at < alarm.severity_at:
        return changes
    if at == alarm.severity_at and said.priority > alarm.severity.priority:
        said = alarm.severity
    changes |= {"severity_at": at, "facts": {**alarm.facts, **_facts(verdict)}}
    if said is alarm.severity:
        return changes
    changes |= {"severity": said, "ack_expires_s": _ack_expires_s(verdict, said, philosophy)}
    longest = philosophy.shelve_max.get(said)
    if alarm.shelved_until is not None and longest is not None:
        changes["shelved_until"] = min(alarm.shelved_until, now + longest)
    return changes


def _ack_expires_s(verdict: Raise, severity: Severity, philosophy: Philosophy) -> int | None:
    expires = verdict.rule.ack_expires or philosophy.ack_expires.get(severity)
    return None if expires is None else int(expires.total_seconds())


def _facts(verdict: Raise) -> Mapping[str, object]:
    names = (*_FACTS, *_FOUND) if verdict.rule.kind in SCANNED else _FACTS
    found = {name: verdict.fact.data[name] for name in names if name in verdict.fact.data}
    return {
        name: z(value) if isinstance(value, datetime) else value
        for name, value in found.items()
        if isinstance(value, str | int | float | datetime)
    }


def _described(verdict: Raise, area_name: str) -> dict[str, Any]:
    """Return the fields that tell of the raising event."""
    rule, fact = verdict.rule, verdict.fact
    found = fact.data.get("n") if rule.kind in SCANNED else None
    n = found if isinstance(found, int) else rule.n
    return {
        "area": fact.area,
        "device": fact.device,
        "title": rule.title.of(fact, area_name, n),
        "title_en": rule.title_en.of(fact, area_name, n),
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
