"""Who has the most: kinds, rules or areas of a range, beside the same range a week before."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import AskedArea, Viewer, seen_area
from api.parts import Db
from api.problem import Problem, problems
from api.series import STEPS, floor
from api.span import When, reading
from connectors.timescale import series as stored
from connectors.timescale.series import WEEK, Only

router = APIRouter(tags=["series"])


class Part(BaseModel):
    """One kind, rule or area; `week_ago` is the same range a week before."""

    key: str = Field(examples=["person"])
    n: int = Field(examples=[812])
    week_ago: int = Field(examples=[790])


class Total(BaseModel):
    """All of them, those that are not listed too."""

    n: int = Field(examples=[1284])
    week_ago: int = Field(examples=[1190])


class Parts(BaseModel):
    """The largest parts first."""

    rows: list[Part]
    total: Total


@router.get(
    "/series/by",
    response_model=Parts,
    summary="Numbers by kind or area",
    responses=problems(400, 401, 403, 503),
)
def get_series_by(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    when: When,
    *,
    metric: Literal["events", "alarms"] = "events",
    by: Literal["kind", "area"] = "kind",
    source: Annotated[
        str | None, Query(max_length=64, pattern=r"^[^\x00]*$", examples=["camera"])
    ] = None,
    area: AskedArea = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Parts:
    """Return the kinds (of alarms: the rules) or areas with the most, of at most a week.

    Events are counted by whole minutes, the first being the one that `from` lies in.
    """
    where = seen_area(who, area)
    if when.end - when.start > WEEK:
        raise Problem(400, "by kind or area at most a week can be asked for", code="range")
    start = floor(when.start, STEPS["1m"]) if metric == "events" else when.start
    with reading(db) as conn:
        found = stored.counted_by(conn, metric, by, (start, when.end), Only(source or None, where))
    return Parts(
        rows=[Part(key=each.key, n=each.n, week_ago=each.week_ago) for each in found[:limit]],
        total=Total(n=sum(each.n for each in found), week_ago=sum(each.week_ago for each in found)),
    )
