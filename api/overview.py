"""The wall's numbers in one answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.auth import AskedArea, Viewer, seen_area
from api.dossiers import DossierSummary
from api.incident_body import IncidentObject
from api.problem import problems
from api.province import ProvinceReader, overview
from api.queues import QueueSummary
from ioc import clock
from ioc.health import ProcessingHealth, SourceHealth
from ioc.severity import Severity

router = APIRouter(tags=["overview"])


class EventCounts(BaseModel):
    """Events of the last minute, five minutes, hour and day."""

    n_1m: int = Field(alias="1m", examples=[12])
    n_5m: int = Field(alias="5m", examples=[61])
    n_1h: int = Field(alias="1h", examples=[702])
    n_24h: int = Field(alias="24h", examples=[15_904])


class DeviceCounts(BaseModel):
    """Devices that were ever heard, and those that should have spoken and did not."""

    known: int = Field(examples=[120])
    silent: int = Field(examples=[3])


class SourceNumbers(BaseModel):
    """One source. `state` is that of the whole feed, also where the numbers are one area's."""

    counts: EventCounts
    last_event_at: datetime | None
    devices: DeviceCounts
    state: SourceHealth
    dead_letters_24h: int | None = Field(examples=[0], description="Null for an area: of none.")


class AlarmNumbers(BaseModel):
    """Open alarms.

    `open` and `by_state` count all of them; `by_severity`, `by_area` and `by_source` those that are
    annunciated: not shelved, suppressed or out of service.
    """

    open: int = Field(examples=[5])
    by_severity: dict[str, int] = Field(
        examples=[{"critical": 1, "high": 2, "medium": 0, "low": 1}]
    )
    by_state: dict[str, int] = Field(
        examples=[{"unacknowledged": 3, "acknowledged": 1, "shelved": 1}]
    )
    by_area: dict[str, dict[str, int]] = Field(
        examples=[{"05443": {"critical": 1, "high": 0, "medium": 0, "low": 0}}]
    )
    by_source: dict[str, dict[str, int]] = Field(
        examples=[{"fire": {"critical": 1, "high": 2, "medium": 0, "low": 1}}]
    )


class HiddenNumbers(BaseModel):
    """Open alarms that are not to be seen: set aside, hidden by rule, or folded in a flood."""

    total: int = Field(examples=[7])
    by_reason: dict[str, int] = Field(
        examples=[
            {
                **{"shelved": 1, "silence": 0, "maintenance": 2, "inhibition": 4},
                **{"plant_state": 0, "out_of_service": 0, "folded": 0},
            }
        ]
    )


class FloodGroup(BaseModel):
    """Alarms of one rule and area in a flood; `first_out` is the alarm that came first."""

    rule: str = Field(examples=["silent-camera"])
    area: str | None = Field(examples=["05443"])
    n: int = Field(examples=[14])
    folded: int = Field(examples=[13])
    worst: Severity
    first_out: str = Field(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    oldest_at: datetime


class FloodNumbers(BaseModel):
    """A flood at one operator's position; `hidden` is exact, `groups` are the most urgent 50."""

    position: str = Field(examples=["main"])
    id: str
    since: datetime
    rate_10m: int = Field(examples=[112])
    hidden: int = Field(examples=[98])
    groups: list[FloodGroup]
    groups_total: int = Field(examples=[7])


class FloodOver(BaseModel):
    """A flood that ended within the last minute."""

    position: str = Field(examples=["main"])
    id: str
    ended_at: datetime
    alarms: int = Field(examples=[240])
    peak_10m: int = Field(examples=[180])


class Floods(BaseModel):
    """Floods that are on, and those that have just ended."""

    positions: list[FloodNumbers]
    ended: list[FloodOver]


class IncidentNumbers(BaseModel):
    """Open incidents, and the newest of them as in `/incidents`."""

    open: int = Field(examples=[1])
    by_severity: dict[str, int] = Field(
        examples=[{"critical": 1, "high": 0, "medium": 0, "low": 0}]
    )
    newest: list[IncidentObject]


class ReportNumbers(BaseModel):
    """Citizens' reports: new since midnight, past their due date, and open emergencies."""

    new_today: int = Field(examples=[17])
    overdue: int = Field(examples=[2])
    sos_open: int = Field(examples=[0])


class ProcessingNumbers(BaseModel):
    """Whether events are turned into numbers and alarms; `lag_s` null: nobody reads."""

    state: ProcessingHealth
    lag_s: float | None = Field(examples=[0.4])
    workers: int = Field(examples=[1])
    notifiers: int = Field(examples=[1])


class Overview(BaseModel):
    """Everything on the wall that is a number; queues and dossiers are those of the local day."""

    as_of: datetime
    version: str = Field(examples=["0.1.0"])
    area: str = Field(examples=["19"])
    sources: dict[str, SourceNumbers]
    alarms: AlarmNumbers
    hidden: HiddenNumbers
    flood: Floods
    incidents: IncidentNumbers
    reports: ReportNumbers
    queues: QueueSummary
    dossiers: DossierSummary
    processing: ProcessingNumbers


def province(request: Request) -> ProvinceReader:
    """Return the reader that all calls and live views of this process share."""
    return cast("ProvinceReader", request.app.state.province)


@router.get(
    "/overview",
    response_model=Overview,
    summary="The wall's numbers",
    responses=problems(400, 401, 403, 503),
)
def get_overview(
    who: Viewer,
    reader: Annotated[ProvinceReader, Depends(province)],
    area: AskedArea = None,
) -> dict[str, Any]:
    """Return the numbers of one area, or of the whole province."""
    where = seen_area(who, area)
    return overview(reader.read(clock.now()), where)
