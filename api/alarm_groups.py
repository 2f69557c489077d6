"""Alarms by rule and area: what a screen shows instead of each when there are too many."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import Viewer, seen_area
from api.parts import Db
from api.problem import problems
from connectors.timescale import floods
from ioc.severity import Severity

router = APIRouter(prefix="/alarms", tags=["alarms"])

GROUPS_MAX = 200


class AlarmGroup(BaseModel):
    """Open, annunciated alarms of one rule in one area.

    `first_out` is the earliest of them; `folded` are out of sight in a flood.
    """

    rule: str = Field(examples=["fire-trouble"])
    area: str | None = Field(examples=["05443"])
    n: int = Field(examples=[37])
    folded: int = Field(examples=[36])
    worst: Severity
    first_out: str = Field(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    oldest_at: datetime


class AlarmGroups(BaseModel):
    """The most urgent groups first, then the largest; at most 200."""

    groups: list[AlarmGroup]


@router.get(
    "/groups",
    response_model=AlarmGroups,
    summary="Alarms by rule and area",
    responses=problems(400, 401, 403, 503),
)
def get_groups(
    db: Db,
    who: Viewer,
    area: Annotated[str | None, Query(max_length=10, examples=["05443"])] = None,
    source: Annotated[str | None, Query(max_length=100, examples=["fire"])] = None,
) -> dict[str, Any]:
    """Return the groups of open, annunciated alarms, with the first of each."""
    with db.reading() as conn:
        found = floods.groups(
            conn,
            GROUPS_MAX,
            area=seen_area(who, area),
            sources=source.split(",") if source else None,
        )
    return {
        "groups": [
            {
                "rule": each.rule,
                "area": each.area,
                "n": each.n,
                "folded": each.folded,
                "worst": each.worst,
                "first_out": str(each.first_out),
                "oldest_at": each.oldest_at,
            }
            for each in found
        ]
    }
