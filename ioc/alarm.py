"""The life of an alarm: one pure state machine, after ISA-18.2.

A move is a function of the alarm, the words of who makes it and `now`; it returns a `Transition`
or raises `NotAllowed`. Moves of the stream (`raised`, `returned`) never refuse: what changes
nothing is None. An occurrence lives from its first raise until it is `normal` again; then it is
over and the next raise opens another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID, uuid5

from ioc.chattering import Chatter
from ioc.errors import ConflictError
from ioc.rule.fact import Fact
from ioc.rule.verdict import Clear, Raise
from ioc.severity import Severity

#: Longest shelf; a shorter one by priority is for the rules to say.
SHELF_MAX = timedelta(days=7)

_OCCURRENCES = UUID("3f0c9a52-6b1e-5d0e-9a55-7c3d1f8e2b64")


class State(StrEnum):
    """Where an alarm is; the letters are those of the standard's state figure."""

    #: A: over, the occurrence has ended.
    NORMAL = "normal"
    #: B: active, nobody has said that they know.
    UNACKNOWLEDGED = "unacknowledged"
    #: C: active, somebody knows.
    ACKNOWLEDGED = "acknowledged"
    #: D: not active any more, and nobody has said that they saw it.
    RETURNED = "returned"
    #: E: set aside by a person until a time.
    SHELVED = "shelved"
    #: F: hidden by design.
    SUPPRESSED = "suppressed"
    #: G: under maintenance.
    OUT_OF_SERVICE = "out_of_service"


#: In these an alarm is not annunciated; its condition is still followed.
HIDDEN = frozenset({State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE})
_ANNUNCIATED = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED})


class Step(StrEnum):
    """The type of a transition: the word in the log, and for most in the webhook."""

    RAISED = "raised"
    #: The condition goes on: one more event for an open alarm.
    REPEATED = "repeated"
    SEVERITY_CHANGED = "severity_changed"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    #: An acknowledgement has expired: it rings again.
    REMINDER = "reminder"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    REMOVED_FROM_SERVICE = "removed_from_service"
    RETURNED_TO_SERVICE = "returned_to_service"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    CLOSED = "closed"
    #: A latched alarm is let go by a person.
    RESET = "reset"
    #: It is part of an incident now.
    LINKED = "linked"
    #: It comes and goes too fast to ring each time; it has calmed down.
    CHATTERING = "chattering"
    CALMED = "calmed"
    #: A move that waits for a second person; that person said no.
    REQUESTED = "requested"
    REJECTED = "rejected"


#: Which steps are told outside; `escalated` is told too and is no step of the alarm's own.
ANNOUNCED = frozenset(
    {
        Step.RAISED,
        Step.SEVERITY_CHANGED,
        Step.RETURNED,
        Step.ACKNOWLEDGED,
        Step.REMINDER,
        Step.SHELVED,
        Step.UNSHELVED,
        Step.SUPPRESSED,
        Step.CLOSED,
    }
)
#: Steps of the stream: while an alarm is hidden these are not told.
_OF_THE_STREAM = frozenset({Step.RAISED, Step.REPEATED, Step.SEVERITY_CHANGED, Step.RETURNED})
#: Coming back from these with a true condition rings like a new alarm.
_RINGS_AGAIN = frozenset({Step.UNSUPPRESSED, Step.RETURNED_TO_SERVICE})


class ClosingCode(StrEnum):
    """What it was, said by the person who closes."""

    TRUE = "true"
    FALSE = "false"
    TEST = "test"
    DUPLICATE = "duplicate"
    NO_IMPACT = "no_impact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One occurrence of a rule's condition at one key. All times are aware UTC.

    Title, place and `event_*` are those of the earliest event that raised it. `active` is the
    condition, `condition_at` the event time of its last change, `changed_at` the time of the last
    transition. `ended_at`: the occurrence is over, in any way; `closed_at`: a person closed it.
    """

    id: UUID
    rule: str
    key: str
    source: str
    severity: Severity
    state: State
    active: bool
    area: str | None
    device: str | None
    title: str
    title_en: str
    guidance: tuple[str, ...]
    ack_required: bool
    raised_at: datetime
    changed_at: datetime
    condition_at: datetime
    event_source: str
    event_id: str
    event_time: datetime
    returned_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    assignee: str | None = None
    shelved_until: datetime | None = None
    closed_at: datetime | None = None
    closing_code: ClosingCode | None = None
    ended_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    count: int = 1
    version: int = 1
    #: Event times of the newest event that says how severe, and of the newest that raised it.
    severity_at: datetime | None = None
    repeated_at: datetime | None = None
    #: Whether its rule keeps it until somebody resets it; whether it is kept so now.
    latch: bool = False
    latched: bool = False
    ack_expires_s: int | None = None
    acknowledge_until: datetime | None = None
    one_shot: bool = False
    shelved_by: str | None = None
    shelve_reason: str | None = None
    #: Moves that a second person must approve.
    two_person: tuple[str, ...] = ()
    #: What hides it: id, kind, reason, by and until of each.
    hidden_by: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    chattering_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    rule_version: int = 0
    #: Only read here: floods and incidents write these two, and no move does.
    folded: bool = False
    incident_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        """Whether the occurrence is not over."""
        return self.ended_at is None

    @property
    def is_hidden(self) -> bool:
        """Whether it is shelved, suppressed or out of service."""
        return self.state in HIDDEN

    def evolve(self, now: datetime, **changes: Any) -> Self:
        """Return the alarm after one transition at `now`: the next version."""
        return replace(self, changed_at=now, version=self.version + 1, **changes)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Why an alarm does not ring now: the state that follows, and the reasons for `hidden_by`.

    `state` is SUPPRESSED or OUT_OF_SERVICE; a reason is {"id", "kind", "reason", "by", "until"}.
    """

    state: State
    by: tuple[Mapping[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in an alarm's life, as the log has it.

    `at` is when it was applied. `by` and `comment` are a person's; `event_at` and `event`
    (CloudEvents source and id; None for silence) tell of a move of the stream.
    """

    type: Step
    before: State
    alarm: Alarm
    at: datetime
    by: str | None = None
    comment: str | None = None
    event_at: datetime | None = None
    event: tuple[str, str] | None = None
    #: Where the event was, (lat, lon) in degrees.
    point: tuple[float, float] | None = None

    @property
    def announced(self) -> str | None:
        """The webhook's word (`alarm.<word>`), None when nobody outside is told."""
        if self.type in _RINGS_AGAIN:
            return Step.RAISED.value if self.alarm.state is State.UNACKNOWLEDGED else None
        if self.type in _OF_THE_STREAM and self.alarm.is_hidden:
            return None
        return self.type.value if self.type in ANNOUNCED else None

    @property
    def rings(self) -> bool:
        """Whether it is annunciated anew: what is counted for floods and figures."""
        if self.type is Step.UNACKNOWLEDGED or self.alarm.state is not State.UNACKNOWLEDGED:
            return False
        return self.before is not State.UNACKNOWLEDGED


class NotAllowed(ConflictError):
    """The move is not allowed in the state that the alarm is in now.

    `code` is for programs: ended, state, already, severity, time; `why` is a sentence.
    """

    def __init__(self, alarm: Alarm, code: str, why: str) -> None:
        super().__init__(why)
        self.alarm, self.code, self.why = alarm, code, why


def occurrence_id(rule: str, key: str, fact: Fact) -> UUID:
    """Return the id of the occurrence that this event opens; a replay gives the same."""
    # The time is part of an event's identity: some senders use their ids again.
    at = _z(fact.time) or ""
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
        changes |= {"active": True, "condition_at": verdict.at, "returned_at": None, **_UNKNOWN}
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
            over |= _ended(now)
    return _streamed(Step.RETURNED, alarm.state, alarm.evolve(now, **over), now, verdict)


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
    _require(alarm, {State.UNACKNOWLEDGED, State.RETURNED}, "acknowledged")
    if seen is not None and alarm.severity.priority < seen.priority:
        why = f"the severity rose from {seen} to {alarm.severity}; look again, then acknowledge"
        raise NotAllowed(alarm, "severity", why)
    known: dict[str, Any] = {"acknowledged_at": now, "acknowledged_by": by}
    if alarm.state is State.RETURNED:
        known |= _ended(now)
    else:
        known["state"] = State.ACKNOWLEDGED
    return _moved(Step.ACKNOWLEDGED, alarm, now, (by, comment), **known)


def unacknowledge(alarm: Alarm, by: str, now: datetime, comment: str | None = None) -> Transition:
    """Return: nobody knows any more."""
    _require(alarm, {State.ACKNOWLEDGED}, "unacknowledged")
    changes = {"state": State.UNACKNOWLEDGED, **_UNKNOWN}
    return _moved(Step.UNACKNOWLEDGED, alarm, now, (by, comment), **changes)


def shelve(
    alarm: Alarm, until: datetime, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: set aside until a time that is ahead and not too far."""
    _require(alarm, _ANNUNCIATED, "shelved")
    if not now < until <= now + SHELF_MAX:
        why = f"a shelf ends later than now and within {SHELF_MAX.days} days"
        raise NotAllowed(alarm, "time", why)
    changes = {"state": State.SHELVED, "shelved_until": until}
    return _moved(Step.SHELVED, alarm, now, (by, comment), **changes)


def unshelve(alarm: Alarm, by: str, now: datetime, comment: str | None = None) -> Transition:
    """Return: taken back; whoever does it knows of the alarm, so it comes back acknowledged."""
    _require(alarm, {State.SHELVED}, "unshelved")
    changes: dict[str, Any] = {"shelved_until": None}
    if alarm.active:
        changes["state"] = State.ACKNOWLEDGED
        if alarm.acknowledged_by is None:
            changes |= {"acknowledged_at": now, "acknowledged_by": by}
    else:
        changes |= _ended(now)
    return _moved(Step.UNSHELVED, alarm, now, (by, comment), **changes)


def assign(
    alarm: Alarm, assignee: str | None, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: somebody takes it or is given it; None takes it from them."""
    _require(alarm, _ANNUNCIATED | HIDDEN, "assigned")
    return _moved(Step.ASSIGNED, alarm, now, (by, comment), assignee=assignee)


def comment(alarm: Alarm, text: str, by: str, now: datetime) -> Transition:
    """Return: a remark, in any state: a wrong closing is corrected by a further word."""
    return _moved(Step.COMMENTED, alarm, now, (by, text))


def close(
    alarm: Alarm, code: ClosingCode, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: over, with what it was; a condition that is still true may raise another."""
    _require(alarm, _ANNUNCIATED | HIDDEN, "closed")
    changes = {"closed_at": now, "closing_code": code, **_ended(now)}
    return _moved(Step.CLOSED, alarm, now, (by, comment), **changes)


def shelf_elapsed(alarm: Alarm, now: datetime) -> Transition:
    """Return: the shelf is over; what is still true rings again. Refused before its time."""
    _require(alarm, {State.SHELVED}, "unshelved")
    if alarm.shelved_until is not None and now < alarm.shelved_until:
        raise NotAllowed(alarm, "time", f"it is shelved until {_z(alarm.shelved_until)}")
    return _back(Step.UNSHELVED, alarm, now)


def acknowledgement_expired(alarm: Alarm, now: datetime) -> Transition:
    """Return: acknowledged long ago and still true: it rings again (the re-alarm timer)."""
    _require(alarm, {State.ACKNOWLEDGED}, "reminded of")
    changes = {"state": State.UNACKNOWLEDGED, **_UNKNOWN}
    return _moved(Step.REMINDER, alarm, now, **changes)


def suppress(alarm: Alarm, now: datetime, why: str | None = None) -> Transition:
    """Return: hidden by design: a parent alarm, a maintenance window, a state of plant."""
    _require(alarm, _ANNUNCIATED, "suppressed")
    return _moved(Step.SUPPRESSED, alarm, now, (None, why), state=State.SUPPRESSED)


def unsuppress(alarm: Alarm, now: datetime) -> Transition:
    """Return: the reason to hide it is over."""
    _require(alarm, {State.SUPPRESSED}, "unsuppressed")
    return _back(Step.UNSUPPRESSED, alarm, now)


def remove_from_service(
    alarm: Alarm, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: under maintenance; a shelf that it was on is forgotten."""
    _require(alarm, _ANNUNCIATED | {State.SHELVED, State.SUPPRESSED}, "taken out of service")
    changes = {"state": State.OUT_OF_SERVICE, "shelved_until": None}
    return _moved(Step.REMOVED_FROM_SERVICE, alarm, now, (by, comment), **changes)


def return_to_service(
    alarm: Alarm, by: str, now: datetime, comment: str | None = None
) -> Transition:
    """Return: maintenance is over."""
    _require(alarm, {State.OUT_OF_SERVICE}, "returned to service")
    return _back(Step.RETURNED_TO_SERVICE, alarm, now, (by, comment))


def linked(alarm: Alarm, incident: UUID, now: datetime) -> Transition:
    """Return: it is part of an incident; in any state."""
    return _moved(Step.LINKED, alarm, now, incident_id=incident)


def to_json(alarm: Alarm, area_name: str | None) -> dict[str, object]:
    """Return the alarm object of `/alarms`, SSE and webhooks."""
    return {
        "id": str(alarm.id),
        "rule": alarm.rule,
        "key": alarm.key,
        "source": alarm.source,
        "severity": alarm.severity.value,
        "priority": alarm.severity.priority,
        "state": alarm.state.value,
        "active": alarm.active,
        "area": alarm.area,
        "area_name": area_name,
        "device": alarm.device,
        "title": alarm.title,
        "title_en": alarm.title_en,
        "guidance": list(alarm.guidance),
        "raised_at": _z(alarm.raised_at),
        "changed_at": _z(alarm.changed_at),
        "returned_at": _z(alarm.returned_at),
        "acknowledged_at": _z(alarm.acknowledged_at),
        "acknowledged_by": alarm.acknowledged_by,
        "assignee": alarm.assignee,
        "shelved_until": _z(alarm.shelved_until),
        "closed_at": _z(alarm.closed_at),
        "closing_code": alarm.closing_code and alarm.closing_code.value,
        "ended_at": _z(alarm.ended_at),
        "lat": alarm.lat,
        "lon": alarm.lon,
        "event": {
            "ce_source": alarm.event_source,
            "id": alarm.event_id,
            "time": _z(alarm.event_time),
        },
        "count": alarm.count,
        "version": alarm.version,
    }


_UNKNOWN: Mapping[str, Any] = {"acknowledged_at": None, "acknowledged_by": None}


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
    return Transition(step, before, alarm, now, event_at=verdict.at, event=event)


def _identity(verdict: Raise) -> tuple[datetime, str, str]:
    return verdict.fact.time, verdict.fact.ce_source, verdict.fact.ce_id


def _require(alarm: Alarm, allowed: frozenset[State] | set[State], what: str) -> None:
    if not alarm.is_open:
        ended = f"the alarm ended at {_z(alarm.ended_at)}; it cannot be {what}"
        raise NotAllowed(alarm, "ended", ended)
    if alarm.state not in allowed:
        raise NotAllowed(alarm, "state", f"an alarm that is {alarm.state} cannot be {what}")


def _ended(now: datetime) -> dict[str, Any]:
    # Nobody follows the condition of an occurrence that is over.
    return {"state": State.NORMAL, "active": False, "ended_at": now, "shelved_until": None}


def _back(
    step: Step, alarm: Alarm, now: datetime, who: tuple[str | None, str | None] = (None, None)
) -> Transition:
    """Return from hidden by itself: nobody has looked, so what is true is unacknowledged."""
    changes = _ended(now)
    if alarm.active:
        changes = {"state": State.UNACKNOWLEDGED, "shelved_until": None, **_UNKNOWN}
    return _moved(step, alarm, now, who, **changes)


def _moved(
    step: Step,
    alarm: Alarm,
    now: datetime,
    who: tuple[str | None, str | None] = (None, None),
    **changes: Any,
) -> Transition:
    return Transition(step, alarm.state, alarm.evolve(now, **changes), now, *who)


def _degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _z(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
