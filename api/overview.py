"""The wall's numbers in one answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.auth import Viewer, seen_area
from api.dossiers import DossierSummary
from api.problem import problems
from api.province import ProvinceReader, overview
from api.queues import QueueSummary
from ioc import clock
from ioc.health import ProcessingHealth, SourceHealth

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
    dead_letters_24h: int = Field(examples=[0])


class AlarmNumbers(BaseModel):
    """Open alarms.

    `open` and `by_state` count all of them; `by_severity` and `by_area` those that are annunciated:
    not shelved, suppressed or out of service.
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
    area: Annotated[str | None, Query(max_length=10, examples=["05443"])] = None,
) -> dict[str, Any]:
    """Return the numbers of one area, or of the whole province."""
    where = seen_area(who, area)
    return overview(reader.read(clock.now()), where)
