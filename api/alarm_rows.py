"""The open alarms as rows: what a list of fifty thousand is filled from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api import cursor as cursors
from api.alarms import Listed, after_cursor, listed
from api.auth import AskedArea, Viewer, seen_area
from api.cursor import Cursor
from api.parts import Db
from api.problem import problems
from connectors.timescale import alarm_rows
from connectors.timescale.alarm_rows import COLUMNS

router = APIRouter(prefix="/alarms", tags=["alarms"])

#: A page of rows is some hundred bytes for each, a page of alarms some thousand.
ROWS_DEFAULT, ROWS_MAX = 5_000, 10_000
_EXAMPLE: list[Any] = [
    *("0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10", "fire-alarm", "fire", "critical", "unacknowledged"),
    *("05443", "panel-1234/zone-101", "Báo cháy: panel-1234/zone-101"),
    *(1_795_417_509_000, 1_795_417_509_000, None, 1, 1, None, None, None, None),
]


class AlarmRows(BaseModel):
    """Open alarms as tuples of `columns`; times are milliseconds since 1970.

    `position` is that of the alarm log at the moment of the page: what a live view says after it is
    newer. `owner` is the assignee, or who acknowledged; `until` the end of its shelf; `hidden` the
    kind of the first suppression; `key` what the alarm is about, null where that is its device.
    `flags` is a sum of 1 active, 2 folded, 4 latched, 8 one-shot, 16 chattering, 32 and 64 a second
    person must approve to acknowledge, to close.
    """

    position: int = Field(examples=[1043])
    columns: list[str] = Field(examples=[list(COLUMNS)])
    rows: list[list[Any]] = Field(examples=[[_EXAMPLE]])
    next: str | None


@router.get(
    "/rows",
    response_model=AlarmRows,
    summary="Open alarms as rows",
    responses=problems(400, 401, 403, 503),
)
def get_rows(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    *,
    area: AskedArea = None,
    source: Listed = None,
    lang: Annotated[Literal["vi", "en"], Query(description="Of the titles.")] = "vi",
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=ROWS_MAX, description="Most rows.")] = ROWS_DEFAULT,
) -> Response:
    """Return the open alarms in the order of `/alarms`, hidden ones too, each as a short tuple."""
    where, after = seen_area(who, area), after_cursor(cursor)
    with db.transaction() as conn:
        position, rows, last = alarm_rows.page(conn, where, listed(source), after, limit, lang=lang)
    following = cursors.written(last.priority, last.raised_at, last.id) if last else None
    return Response(rows_body(position, rows, following), media_type="application/json")


def rows_body(position: int, rows: Sequence[tuple[Any, ...]], following: str | None) -> bytes:
    """Return the answer, which takes longer through its model than all the rest together."""
    return orjson.dumps({"position": position, "columns": COLUMNS, "rows": rows, "next": following})
