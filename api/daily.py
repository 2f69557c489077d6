"""The report of a day: the briefing of the morning, as data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Annotated

import psycopg
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.auth import AskedArea, Caller, Viewer, seen_area
from api.daily_body import DailyBody, Lang, body
from api.daily_csv import MEDIA_TYPE, written
from api.parts import Parts, parts
from api.problem import Problem, problems
from connectors.timescale import daily as stored
from ioc import clock
from ioc.clock import LOCAL_ZONE
from ioc.daily import day_of

router = APIRouter(prefix="/reports", tags=["reports"])

Day = Annotated[
    date | None,
    Query(
        alias="date",
        description="A day of Asia/Ho_Chi_Minh, the running one as far as it is; none: yesterday",
    ),
]
Words = Annotated[Lang, Query(description="Of titles")]


@router.get(
    "/daily",
    response_model=DailyBody,
    summary="The report of a day",
    responses=problems(400, 401, 403, 503),
)
def get_daily(
    request: Request, who: Viewer, *, day: Day = None, area: AskedArea = None, lang: Words = "vi"
) -> DailyBody:
    """Return what happened in a day, all figures of one moment."""
    return _report(parts(request), who, day, area, lang)


@router.get(
    "/daily.csv",
    summary="The report of a day as CSV",
    response_class=Response,
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
        **problems(400, 401, 403, 503),
    },
)
def get_daily_csv(
    request: Request, who: Viewer, *, day: Day = None, area: AskedArea = None, lang: Words = "vi"
) -> Response:
    """Return the same figures, one a line: `section,name,area,value,unit,target,note`.

    `name` is the path of the figure in the JSON, things of a list numbered from 1.
    """
    report = _report(parts(request), who, day, area, lang)
    name = f"ioc-{report.date}{f'-{report.area}' if report.area else ''}.csv"
    return Response(
        written(report),
        media_type=f"{MEDIA_TYPE}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _report(of: Parts, who: Caller, asked: date | None, area: str | None, lang: Lang) -> DailyBody:
    where = seen_area(who, area)
    now = clock.now()
    with _in_time(), of.database.transaction() as conn:
        stored.begin(conn)
        day = _checked(asked, stored.first_minute(conn), now)
        found = stored.read(conn, day_of(day, now), where, now)
    return body(found, (day, where, lang), now, of.targets)


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise Problem(
            503,
            "the day could not be read in time; ask again when there is less to do",
            code="too_slow",
        ) from None


def _checked(asked: date | None, first: datetime | None, now: datetime) -> date:
    """Return the day to report on; without one yesterday, or today where nothing is older.

    Raises:
        Problem: 400, the day has not begun, or there was nothing yet.
    """
    today = now.astimezone(LOCAL_ZONE).date()
    oldest = (first or now).astimezone(LOCAL_ZONE).date()
    if asked is None:
        return max(today - timedelta(days=1), min(oldest, today))
    if asked > today:
        raise Problem(400, f"{asked} has not begun; today is {today}", code="date")
    if asked < oldest:
        raise Problem(400, f"there is nothing before {oldest}", code="date")
    return asked
