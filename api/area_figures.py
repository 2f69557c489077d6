"""What a map colours its communes by: the figures of every area in one answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.auth import Viewer
from api.overview import province
from api.problem import problems
from api.province import Province, ProvinceReader
from connectors.timescale.dossiers import DossierCounts
from connectors.timescale.overview import Reports
from connectors.timescale.queues import VisitCounts
from ioc import clock
from ioc.alarm import HIDDEN
from ioc.area import gazetteer
from ioc.severity import Severity

router = APIRouter(prefix="/areas", tags=["areas"])


class Heard(BaseModel):
    """Devices of one source in an area, and how many of them were heard in time."""

    known: int = Field(examples=[8])
    heard: int = Field(examples=[7])


class AreaFigures(BaseModel):
    """One area now. `alarms` are those that ask for a person; `waiting` people were not called yet.

    `wait_longest_s` is how long the first of those has waited, null when nobody waits. A source
    without devices there is not in `devices`.
    """

    alarms: dict[str, int] = Field(examples=[{"critical": 1, "high": 0, "medium": 0, "low": 0}])
    reports_open: int = Field(examples=[4])
    reports_overdue: int = Field(examples=[1])
    waiting: int = Field(examples=[31])
    wait_longest_s: int | None = Field(examples=[2830])
    dossiers_overdue: int = Field(examples=[9])
    devices: dict[str, Heard] = Field(examples=[{"camera": {"known": 8, "heard": 7}}])


class Figures(BaseModel):
    """The figures by area code; under the province's own, what belongs to none of its communes."""

    as_of: datetime
    areas: dict[str, AreaFigures]


@router.get(
    "/figures",
    response_model=Figures,
    summary="Figures of every area",
    responses=problems(401, 403, 503),
)
def get_figures(
    who: Viewer, reader: Annotated[ProvinceReader, Depends(province)]
) -> dict[str, Any]:
    """Return the alarms, reports, waits, overdue dossiers and devices of every area."""
    found = reader.read(clock.now())
    areas = figures(found)
    seen = areas if who.area is None else {who.area: areas[who.area]}
    return {"as_of": found.as_of, "areas": seen}


def figures(found: Province) -> dict[str, dict[str, Any]]:
    """Return the figures by area code, areas without anything among them."""
    areas = {area.code: _figures(found, area.code) for area in gazetteer().areas}
    for alarms in found.alarms:
        if alarms.state not in HIDDEN and alarms.area in areas:
            areas[alarms.area]["alarms"][alarms.severity] += alarms.n
    for place, devices in found.devices.items():
        if place.area in areas:
            areas[place.area]["devices"][place.source] = {
                "known": devices.known,
                "heard": devices.known - devices.silent,
            }
    return areas


def _figures(found: Province, code: str) -> dict[str, Any]:
    reports = found.reports.get(code, Reports())
    visits = found.visits.get(code, VisitCounts())
    since = found.waiting_since.get(code)
    return {
        "alarms": dict.fromkeys((severity.value for severity in Severity), 0),
        "reports_open": reports.open,
        "reports_overdue": reports.overdue,
        "waiting": visits.waiting,
        "wait_longest_s": since and max(0, int((found.as_of - since).total_seconds())),
        "dossiers_overdue": found.dossiers.get(code, DossierCounts()).overdue,
        "devices": {},
    }
