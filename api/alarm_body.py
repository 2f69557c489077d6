"""What the calls about alarms take and answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from ioc.alarm import ClosingCode, State
from ioc.severity import Severity

#: Times are passed on as they stand in the feed: RFC 3339, UTC, `Z`.
Instant = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-22T07:05:09Z"])
]
#: A time that a person says. PostgreSQL stores years that nobody here can read again.
SaidTime = Annotated[
    AwareDatetime,
    Field(gt=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
]
#: PostgreSQL stores no NUL.
NO_NUL = r"^[^\x00]*$"
#: Blanks alone say nothing, and " An" is "An".
_SAID = StringConstraints(strip_whitespace=True)
Comment = Annotated[
    str,
    _SAID,
    Field(min_length=1, max_length=2000, pattern=NO_NUL, examples=["Đã cử tổ kiểm tra"]),
]
Reason = Annotated[
    str, _SAID, Field(min_length=1, max_length=50, pattern=NO_NUL, examples=["maintenance"])
]
Name = Annotated[
    str, _SAID, Field(min_length=1, max_length=100, pattern=NO_NUL, examples=["Trực ban 1"])
]


def _example(**body: str | int) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [{**body}]})


class RaisedBy(BaseModel):
    """The event that raised it."""

    ce_source: str = Field(examples=["/sia/1234"])
    id: str = Field(examples=["panel-1234-0007"])
    time: Instant


class HiddenBy(BaseModel):
    """A reason why it does not ring: a suppression."""

    id: str = Field(examples=["5c8f9a52-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    kind: str = Field(examples=["maintenance"])
    reason: str | None = Field(examples=["Bảo trì tủ báo cháy"])
    by: str | None = Field(examples=["Trực ban 1"])
    until: str | None = Field(examples=["2026-11-22T09:00:00Z"])


class AlarmObject(BaseModel):
    """One occurrence, the same object here, in the live view and in webhooks."""

    id: str = Field(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    rule: str = Field(examples=["fire-alarm"])
    key: str = Field(examples=["panel-1234/zone-101"])
    source: str = Field(examples=["fire"])
    severity: Severity
    priority: int = Field(ge=1, le=4, examples=[1])
    state: State
    active: bool
    area: str | None = Field(examples=["05443"])
    area_name: str | None = Field(examples=["Phường Phan Đình Phùng"])
    device: str | None = Field(examples=["panel-1234/zone-101"])
    title: str = Field(examples=["Báo cháy: panel-1234/zone-101"])
    title_en: str = Field(examples=["Fire alarm: panel-1234/zone-101"])
    guidance: list[str]
    raised_at: Instant
    changed_at: Instant
    returned_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    assignee: str | None
    shelved_until: Instant | None
    closed_at: Instant | None
    closing_code: ClosingCode | None
    ended_at: Instant | None
    lat: float | None = Field(examples=[21.59])
    lon: float | None = Field(examples=[105.84])
    event: RaisedBy
    count: int = Field(examples=[1])
    version: int = Field(examples=[1])
    latched: bool = Field(description="Over, and kept until somebody resets it.")
    one_shot: bool = Field(description="Its shelf ends with its condition.")
    shelved_by: str | None = Field(examples=["Trực ban 1"])
    shelve_reason: str | None = Field(examples=["maintenance"])
    acknowledge_until: Instant | None = Field(description="Then it rings again.")
    hidden_by: list[HiddenBy] = Field(description="What hides it now, shelves apart.")
    chattering_at: Instant | None = Field(description="Since when it comes and goes too fast.")
    folded: bool = Field(description="A flood shows its group instead.")
    first_out: bool | None = Field(
        description="Whether it came first of its group (rule and area); null: not looked up."
    )
    incident: str | None = Field(description="The incident that it is part of.")
    facts: dict[str, Any] = Field(examples=[{"n": 12}], description="What its rule found.")
    rule_version: int = Field(examples=[3], description="0: from files, never stored.")
    two_person: list[str] = Field(description="Moves that a second person must approve.")


class AlarmPage(BaseModel):
    """Alarms; `next` is the cursor of the following page, null on the last."""

    alarms: list[AlarmObject]
    next: str | None


class AlarmGroup(BaseModel):
    """Open alarms of one rule in one area that are in sight; `first_out` came first."""

    rule: str = Field(examples=["silent-camera"])
    area: str | None = Field(examples=["05443"])
    n: int = Field(examples=[12])
    worst: Severity
    first_out: str = Field(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    oldest_at: datetime
    folded: int = Field(examples=[11], description="How many of them a flood folds.")


class AlarmGroups(BaseModel):
    """Groups, most urgent first."""

    groups: list[AlarmGroup]


class LogLine(BaseModel):
    """One step in an alarm's life; `seq` is its position in the alarm log."""

    model_config = ConfigDict(from_attributes=True)

    seq: int = Field(examples=[1043])
    at: datetime
    type: str = Field(examples=["acknowledged"])
    from_state: State
    to_state: State
    by: str | None
    comment: str | None


class AlarmLog(BaseModel):
    """The steps of one alarm's life, oldest first."""

    log: list[LogLine]
    next: str | None


class Move(BaseModel):
    """Who moves the alarm, and what they saw.

    `by` counts only while authentication is off. With `severity` or `version` as they were on the
    screen the move is refused when the alarm is more severe by now.
    """

    model_config = _example(by="Trực ban 1", comment="Đã cử tổ kiểm tra", severity="critical")

    by: Name | None = None
    comment: Comment | None = None
    severity: Severity | None = Field(None, examples=["high"])
    version: int | None = Field(None, ge=1, examples=[1])


class Shelve(Move):
    """Until when, or for how many minutes, and why; `one_shot`: at most until its condition ends.

    How long it may be depends on the severity. Without a time a `one_shot` shelf is that long.
    """

    model_config = _example(by="Trực ban 1", minutes=60, comment="Đơn vị thử hệ thống báo cháy")

    comment: Comment
    until: SaidTime | None = Field(None, examples=["2026-11-22T09:00:00Z"])
    minutes: int | None = Field(None, ge=1, le=10_080, examples=[60])
    one_shot: bool = False
    reason: Reason | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Shelve:
        times = (self.until is not None) + (self.minutes is not None)
        if times > 1 or (times == 0 and not self.one_shot):
            raise ValueError("say either `until` or `minutes`")
        return self

    def ends_at(self, now: datetime, longest: timedelta) -> datetime:
        """Return when the shelf ends."""
        if self.until is None and self.minutes is None:
            return now + longest
        return self.until or now + timedelta(minutes=self.minutes or 0)


class OutOfService(Move):
    """Why, and when somebody should look whether it can come back."""

    model_config = _example(by="Trực ban 1", comment="Chờ thay đầu báo")

    comment: Comment
    review_at: SaidTime | None = Field(None, examples=["2026-12-01T01:00:00Z"])


class Assign(Move):
    """To whom; null takes it from them."""

    model_config = _example(by="Trực ban 1", assignee="Đội PCCC khu vực 1")

    assignee: Name | None


class Remark(Move):
    """A remark."""

    model_config = _example(by="Trực ban 1", comment="Chủ cơ sở nghe máy, đang kiểm tra")

    comment: Comment


class Close(Move):
    """What it was; a duplicate may say of which alarm."""

    model_config = _example(by="Trực ban 1", code="false", comment="Hơi nước từ bếp")

    code: ClosingCode = Field(examples=["true"])
    of: UUID | None = Field(None, examples=["5c8f9a52-3a53-5d9e-8f0b-0c2f5f3f7a10"])

    @model_validator(mode="after")
    def _of_duplicates_only(self) -> Close:
        if self.of is not None and self.code is not ClosingCode.DUPLICATE:
            raise ValueError("`of` belongs to the code `duplicate`")
        return self


class ApprovalObject(BaseModel):
    """A move that a second person must approve; `outcome` null: nobody has decided yet."""

    id: str = Field(examples=["9a3c1f52-3a53-4d9e-8f0b-0c2f5f3f7a10"])
    subject: str = Field(examples=["alarm"])
    subject_id: str = Field(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    move: str = Field(examples=["close"])
    body: dict[str, Any] = Field(examples=[{"code": "false"}])
    by: str = Field(examples=["Trực ban 1"])
    at: Instant
    expires_at: Instant
    outcome: str | None = Field(examples=["approved"], description="approved, rejected or expired")
    decided_by: str | None = Field(examples=["Trực ban 2"])
    decided_at: Instant | None


class Approvals(BaseModel):
    """Moves that were asked for, newest first; `next` is the cursor of the following page."""

    approvals: list[ApprovalObject]
    next: str | None


class Awaiting(BaseModel):
    """The alarm as it is, and the request that a second person must approve."""

    alarm: AlarmObject
    approval: ApprovalObject


class Decision(BaseModel):
    """Who decides; `by` counts only while authentication is off."""

    model_config = _example(by="Trực ban 2", comment="Đã gọi lại cơ sở")

    by: Name | None = None
    comment: Comment | None = None
