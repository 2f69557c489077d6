"""An alarm as a value, a step of its life, and a move that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from ioc.alarm.state import ANNOUNCED, HIDDEN, OF_THE_STREAM, RINGS_AGAIN, ClosingCode, State, Step
from ioc.errors import ConflictError
from ioc.rule.verdict import Verdict
from ioc.severity import Severity


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

    @property
    def stands(self) -> bool:
        """Whether it is not over: its condition is true, or somebody has to reset it."""
        return self.active or self.latched

    @property
    def is_held(self) -> bool:
        """Whether its rings and endings wait since it comes and goes too fast."""
        # What is most urgent always rings.
        return self.chattering_at is not None and self.severity is not Severity.CRITICAL

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
    #: What the stream said; the evidence of incidents is in its event.
    verdict: Verdict | None = field(default=None, compare=False, repr=False)
    #: Whether its rings waited until this step of the stream.
    was_held: bool = False

    @property
    def announced(self) -> str | None:
        """The webhook's word (`alarm.<word>`), None when nobody outside is told."""
        if self.type in RINGS_AGAIN:
            return Step.RAISED.value if self.alarm.state is State.UNACKNOWLEDGED else None
        if self.type is Step.CALMED:
            return None if self._was_told_at_once else self._after_chattering
        if self.type is Step.RESET:
            return Step.RETURNED.value
        if self.type in OF_THE_STREAM and (self.alarm.is_hidden or self.alarm.is_held):
            return None
        if self.type is Step.SUPPRESSED and self.before in HIDDEN:
            return None  # one more reason to hide it
        return self.type.value if self.type in ANNOUNCED else None

    @property
    def rings(self) -> bool:
        """Whether it is annunciated anew: what is counted for floods and figures."""
        if self.type is Step.UNACKNOWLEDGED or self.alarm.state is not State.UNACKNOWLEDGED:
            return False
        if self.type is Step.CALMED:
            return self.alarm.active and not self._was_told_at_once
        if self.type in OF_THE_STREAM and self.alarm.is_held:
            return False
        return self.before is not State.UNACKNOWLEDGED or self.was_held

    @property
    def _was_told_at_once(self) -> bool:
        return self.alarm.severity is Severity.CRITICAL

    @property
    def _after_chattering(self) -> str | None:
        """While it chattered nobody was told; now they are told how it ended."""
        if self.rings:
            return Step.RAISED.value
        is_told = self.alarm.is_hidden or self.alarm.active
        return None if is_told else Step.RETURNED.value


class NotAllowed(ConflictError):
    """The move is not allowed in the state that the alarm is in now.

    `code` is for programs: ended, state, already, severity, time, asked; `why` is a sentence;
    `extra` are further members of the problem that a program is answered with.
    """

    def __init__(
        self, alarm: Alarm, code: str, why: str, extra: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(why)
        self.alarm, self.code, self.why = alarm, code, why
        self.extra = extra or {}
