"""Queues at the one-stop desks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import AskedArea, Viewer, seen_area
from api.parts import Db
from api.problem import problems
from api.province import queues_tile
from api.span import When
from connectors.timescale import rule_versions
from connectors.timescale.queues import added_up, by_office, visits_by_area, waits, worst
from ioc import clock
from ioc.severity import Severity

router = APIRouter(prefix="/queues", tags=["desks"])

Office = Annotated[
    str | None, Query(max_length=256, pattern=r"^[^\x00]*$", examples=["PDP"], description="One.")
]


class WaitSeconds(BaseModel):
    """Waiting times in seconds; null when nobody's waiting ended. p50 and p90 are nearest ranks."""

    mean: float | None = Field(examples=[612.4])
    p50: float | None = Field(examples=[540.0])
    p90: float | None = Field(examples=[1260.0])
    max: float | None = Field(examples=[2415.0])


class QueueSummary(BaseModel):
    """Visits by what happened in the range; `waiting`: issued in it and not called before its end.

    The waits of those who left without being called are not among `wait_s`.
    """

    issued: int = Field(examples=[212])
    called: int = Field(examples=[198])
    served: int = Field(examples=[190])
    abandoned: int = Field(examples=[5])
    waiting: int = Field(examples=[9])
    wait_s: WaitSeconds


@router.get(
    "/summary",
    response_model=QueueSummary,
    summary="Queues in a range of time",
    responses=problems(400, 401, 403, 503),
)
def get_summary(
    db: Db,
    who: Viewer,
    when: When,
    office: Office = None,
    area: AskedArea = None,
) -> dict[str, Any]:
    """Return how many tickets were issued, called, served and abandoned, and the waiting times."""
    where = seen_area(who, area)
    with db.reading() as conn:
        counts = visits_by_area(conn, when.start, when.end, office=office or None, area=where)
        waited = waits(conn, when.start, when.end, office=office or None, area=where)
    return queues_tile(added_up(counts.values()), waited)


class OfficeQueue(BaseModel):
    """One desk; waits in seconds, null when nobody waits or nobody's waiting ended.

    The rate is abandoned of all that ended. `counters` is null: no source says how many are open.
    """

    office: str = Field(examples=["PDP"])
    area: str = Field(examples=["05443"])
    waiting: int = Field(examples=[31])
    longest_s: float | None = Field(examples=[2830.0])
    p50_s: float | None = Field(examples=[720.0])
    p90_s: float | None = Field(examples=[2460.0])
    mean_s: float | None = Field(examples=[810.5])
    issued: int = Field(examples=[212])
    served: int = Field(examples=[190])
    abandoned: int = Field(examples=[12])
    abandoned_rate: float | None = Field(ge=0, le=1, examples=[0.0594])
    counters: None = None
    open_now: bool
    worst: Severity | None


class OfficeQueues(BaseModel):
    """Every desk that did anything in the range, where somebody waits longest first.

    `open_now` is of this moment: office hours of the calendar in force.
    """

    offices: list[OfficeQueue]


@router.get(
    "/offices",
    response_model=OfficeQueues,
    summary="Queues desk by desk",
    responses=problems(400, 401, 403, 503),
)
def get_offices(
    db: Db,
    who: Viewer,
    when: When,
    area: AskedArea = None,
) -> dict[str, Any]:
    """Return who waits at each desk and for how long, the waits of the range, its worst alarm."""
    where, now = seen_area(who, area), clock.now()
    with db.reading() as conn:
        offices = by_office(conn, when.start, when.end, area=where)
        alarms = worst(conn, "ioc.queue.ticket")
        is_open = rule_versions.calendar(conn).is_open(now)
    to_come_s = max(0.0, (when.end - now).total_seconds())
    return {
        "offices": [
            {
                **asdict(each),
                # Nobody has waited yet for what of the range is still to come.
                "longest_s": each.longest_s and max(0.0, each.longest_s - to_come_s),
                "abandoned_rate": each.abandoned_rate,
                "open_now": is_open,
                "worst": alarms.get(each.office),
            }
            for each in offices
        ]
    }
