"""What the calls about incidents take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.alarm_body import NO_NUL, AlarmObject, Comment, Name
from ioc.alarm import ClosingCode
from ioc.severity import Severity

#: Most alarms that one call may name.
ALARMS_MAX = 500

Title = Annotated[
    str, Field(min_length=1, max_length=200, pattern=NO_NUL, examples=["Cháy chợ Thái"])
]
Alarms = Annotated[list[UUID], Field(min_length=1, max_length=ALARMS_MAX)]


class IncidentObject(BaseModel):
    """Alarms that belong together; place in degrees, `radius_m` around it.

    `alarms` counts what has raised them (a rule and its key), however often. `rule` null: a person
    made it.
    """

    id: str = Field(examples=["5c7f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    number: int = Field(examples=[17])
    rule: str | None = Field(examples=["double-knock"])
    title: str = Field(examples=["Cháy, 3 nguồn cùng báo"])
    title_en: str = Field(examples=["Fire, 3 sources agree"])
    severity: Severity
    state: Literal["open", "closed", "merged"]
    area: str | None = Field(examples=["05443"])
    area_name: str | None = Field(examples=["Phường Phan Đình Phùng"])
    lat: float | None = Field(examples=[21.59])
    lon: float | None = Field(examples=[105.84])
    radius_m: float = Field(examples=[120.5])
    sources: list[str] = Field(examples=[["camera", "citizen", "fire"]])
    alarms: int = Field(examples=[3])
    began_at: datetime
    last_at: datetime
    opened_at: datetime
    changed_at: datetime
    lead: str | None = Field(examples=["Trực ban 1"])
    closed_at: datetime | None
    closing_code: ClosingCode | None
    merged_into: str | None
    version: int = Field(examples=[4])


class IncidentPage(BaseModel):
    """Incidents; `next` is the cursor of the following page, null on the last."""

    incidents: list[IncidentObject]
    next: str | None


class Member(BaseModel):
    """An alarm that stands in the incident; `by` has put it there, null: a rule."""

    alarm: AlarmObject
    by: str | None


class Piece(BaseModel):
    """A run of raising events of one alarm at one place."""

    incident_rule: str = Field(examples=["double-knock"])
    alarm: str
    rule: str = Field(examples=["fire-alarm"])
    key: str = Field(examples=["panel-1234/zone-101"])
    source: str = Field(examples=["fire"])
    severity: Severity
    area: str | None = Field(examples=["05443"])
    place: str = Field(examples=["-10300,-11130"])
    lat: float | None = Field(examples=[21.59])
    lon: float | None = Field(examples=[105.84])
    from_at: datetime
    to_at: datetime
    n: int = Field(examples=[2])


class WholeIncident(BaseModel):
    """One incident with its alarms, the worst first, and its evidence, the earliest first."""

    incident: IncidentObject
    members: list[Member]
    evidence: list[Piece]


class IncidentLine(BaseModel):
    """Something that happened to an incident."""

    seq: int = Field(examples=[12])
    at: datetime
    type: str = Field(examples=["merged"])
    by: str | None
    comment: str | None
    body: dict[str, Any]


class IncidentLog(BaseModel):
    """What happened to an incident, oldest first."""

    log: list[IncidentLine]
    next: str | None


class Said(BaseModel):
    """Who says it; `by` counts only while authentication is off."""

    model_config = ConfigDict(json_schema_extra={"example": {"by": "Trực ban 1"}})

    by: Name | None = None
    comment: Comment | None = None


class Make(Said):
    """An incident of a person's own: these alarms belong together."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "by": "Trực ban 1",
                "title": "Cháy chợ Thái",
                "alarms": ["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"],
            }
        }
    )

    title: Title
    alarms: Alarms


class Merge(Said):
    """The incident that this one is part of."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"by": "Trực ban 1", "into": "6d8f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a11"}
        }
    )

    into: UUID


class Split(Said):
    """The alarms that are something else."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"by": "Trực ban 1", "alarms": ["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"]}
        }
    )

    alarms: Alarms
    title: Title | None = None


class Lead(Said):
    """Who leads; null: nobody."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"by": "Trực ban 1", "lead": "Đội PCCC khu vực 1"}}
    )

    lead: Name | None


class Remark(Said):
    """A remark."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"by": "Trực ban 1", "comment": "Đã có xe tại chỗ"}}
    )

    comment: Comment


class Close(Said):
    """What it was."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"by": "Trực ban 1", "code": "true", "comment": "Đã dập tắt"}}
    )

    code: ClosingCode
