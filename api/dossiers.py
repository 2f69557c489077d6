"""Dossiers of the one-stop desks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import Viewer, seen_area
from api.parts import Db
from api.problem import problems
from api.province import dossiers_tile
from api.queues import Office
from api.span import When
from connectors.timescale.dossiers import added_up, dossiers_by_area

router = APIRouter(prefix="/dossiers", tags=["desks"])


class DossierSummary(BaseModel):
    """Distinct dossiers by what happened in the range; open and overdue are as of its end.

    On time: resolved not after the due date, or without one. The rate is null when nothing was
    resolved.
    """

    received: int = Field(examples=[612_221])
    resolved: int = Field(examples=[594_406])
    on_time: int = Field(examples=[592_504])
    late: int = Field(examples=[1_902])
    open: int = Field(examples=[17_815])
    overdue: int = Field(examples=[0])
    on_time_rate: float | None = Field(ge=0, le=1, examples=[0.9968])


@router.get(
    "/summary",
    response_model=DossierSummary,
    summary="Dossiers in a range of time",
    responses=problems(400, 401, 403, 503),
)
def get_summary(
    db: Db,
    who: Viewer,
    when: When,
    office: Office = None,
    area: Annotated[str | None, Query(max_length=10, examples=["05443"])] = None,
) -> dict[str, Any]:
    """Return how many dossiers were received, resolved (on time, late), are open and overdue."""
    where = seen_area(who, area)
    with db.reading() as conn:
        counts = dossiers_by_area(conn, when.start, when.end, office=office or None, area=where)
    return dossiers_tile(added_up(counts.values()))
