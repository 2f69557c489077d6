"""What the calls about suppressions take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.alarm_body import NO_NUL, AlarmObject, Comment, Name, SaidTime
from ioc.suppression import Kind
from ioc.suppression.matcher import WORD_CHARACTERS_MAX, WORDS_MAX

Made = Literal["silence", "maintenance", "plant_state", "out_of_service"]
Words = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=WORD_CHARACTERS_MAX, pattern=NO_NUL)]],
    Field(min_length=1, max_length=WORDS_MAX),
]
MINUTES_MAX = 366 * 24 * 60


class MatcherBody(BaseModel):
    """Which alarms: every list that is given must hold the alarm's word.

    A source is a family (`fire`) or the CloudEvents source of one sender (`/sia/1234`). Alarms of
    priority 1 are only hidden when `severities` names `critical`.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"rules": ["fire-trouble"], "areas": ["05443"]}},
    )

    rules: Words | None = None
    areas: Words | None = None
    sources: Words | None = None
    devices: Words | None = None
    keys: Words | None = None
    severities: Words | None = None


class NewSuppression(BaseModel):
    """What is to be hidden, why, and until when.

    `by` counts only while authentication is off. `from` is now when it is left out. A silence, a
    window and a state of plant say when they end: `until` or `minutes`. A window that comes again
    has a `recurrence` (RRULE, local time) and `duration_minutes`; `from` is its first day and hour.
    `name` is a plant state's id, else a word to find it by.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={
            "example": {
                "kind": "silence",
                "matcher": {"rules": ["fire-trouble"], "areas": ["05443"]},
                "reason": "Thử tủ báo cháy cùng đội PCCC",
                "minutes": 60,
                "by": "Trực ban 1",
            }
        },
    )

    kind: Made
    matcher: MatcherBody | None = None
    reason: Comment
    name: Name | None = None
    starts_at: SaidTime | None = Field(None, alias="from")
    until: SaidTime | None = None
    minutes: int | None = Field(None, ge=1, le=MINUTES_MAX)
    recurrence: str | None = Field(None, min_length=1, max_length=300, pattern=NO_NUL)
    duration_minutes: int | None = Field(None, ge=1, le=MINUTES_MAX)
    review_at: SaidTime | None = None
    by: Name | None = None


class End(BaseModel):
    """Who ends it, and why."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"by": "Trực ban 1", "comment": "Đã thử xong"}}
    )

    by: Name | None = None
    comment: Comment | None = None


class SuppressionObject(BaseModel):
    """One suppression. `from` and `until` are its present turn.

    `state` is planned, live or ended. `until` null: until its parent alarm or a person ends it;
    `review_at`: when somebody should look again. `origin` is api, yaml (a file) or rule (an
    inhibition).
    """

    model_config = ConfigDict(populate_by_name=True)

    id: str = Field(examples=["d3b6a4a0-5d5b-4f5e-8f0b-0c2f5f3f7a11"])
    kind: Kind
    state: Literal["planned", "live", "ended"]
    name: str | None = Field(examples=["camera-by-power"])
    matcher: dict[str, list[str]] = Field(examples=[{"areas": ["05443"]}])
    reason: str = Field(examples=["Thử tủ báo cháy"])
    by: str = Field(examples=["Trực ban 1"])
    parent_alarm: str | None
    starts_at: datetime = Field(alias="from")
    until: datetime | None
    recurrence: str | None = Field(examples=["FREQ=MONTHLY;BYDAY=4SA"])
    duration_minutes: float | None
    origin: str = Field(examples=["api"])
    created_at: datetime
    begun_at: datetime | None
    review_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None


class SuppressionLine(BaseModel):
    """A step: made, begun, over (one turn) or ended (for good).

    `alarms` is how many open alarms it hid in its beginning, or let go at its end.
    """

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    type: str = Field(examples=["begun"])
    by: str | None
    comment: str | None
    alarms: int | None = Field(examples=[12])


class SuppressionWithLog(SuppressionObject):
    """One suppression with its newest steps, oldest first."""

    log: list[SuppressionLine]


class SuppressionPage(BaseModel):
    """Suppressions; `next` is the cursor of the following page, null on the last."""

    suppressions: list[SuppressionObject]
    next: str | None


class HiddenAlarm(BaseModel):
    """An alarm that does not ring now.

    `reason` is shelved, a kind of suppression, or folded (by a flood); `why` is what was said.
    `would_ring`: it would be ringing if nothing hid it.
    """

    alarm: AlarmObject
    reason: str = Field(examples=["maintenance"])
    why: str | None = Field(examples=["Thử tủ báo cháy"])
    by: str | None = Field(examples=["Trực ban 1"])
    since: datetime | None
    until: datetime | None
    would_ring: bool


class HiddenPage(BaseModel):
    """What is hidden right now: exact counts over all of it, and a page of the alarms."""

    counts: dict[str, int] = Field(
        examples=[
            {
                "shelved": 18,
                "silence": 0,
                "maintenance": 11,
                "inhibition": 4,
                "plant_state": 0,
                "out_of_service": 2,
                "folded": 120,
            }
        ]
    )
    would_ring: int = Field(examples=[31])
    hidden: list[HiddenAlarm]
    next: str | None


Json = dict[str, Any]
