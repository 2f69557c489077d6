"""Queues at the one-stop desks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import Viewer, seen_area
from api.parts import Db
from api.problem import problems
from api.province import queues_tile
from api.span import When
from connectors.timescale.queues import added_up, visits_by_area, waits

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
    area: Annotated[str | None, Query(max_length=10, examples=["05443"])] = None,
) -> dict[str, Any]:
    """Return how many tickets were issued, called, served and abandoned, and the waiting times."""
    where = seen_area(who, area)
    with db.reading() as conn:
        counts = visits_by_area(conn, when.start, when.end, office=office or None, area=where)
        waited = waits(conn, when.start, when.end, office=office or None, area=where)
    return queues_tile(added_up(counts.values()), waited)
