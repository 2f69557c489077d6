"""Open alarms as rows of a list: many of them at once, each as a short tuple."""

from __future__ import annotations

from typing import Any

from psycopg.rows import tuple_row

from connectors.timescale import feed
from connectors.timescale.alarm_pages import After
from connectors.timescale.database import Conn, of_one_moment
from connectors.timescale.sql import queries

SQL = queries("alarm_rows")

#: The values of a row, in their order.
COLUMNS = (
    *("id", "rule", "source", "severity", "state", "area", "device", "title"),
    *("raised_at", "changed_at", "owner", "version", "flags", "until", "incident", "hidden", "key"),
)
#: The bits of the column `flags`; the query sets them.
FLAGS = {
    "active": 1,
    "folded": 2,
    "latched": 4,
    "one_shot": 8,
    "chattering": 16,
    "two_person_acknowledge": 32,
    "two_person_close": 64,
}

Row = tuple[Any, ...]


def page(
    conn: Conn,
    area: str | None,
    sources: list[str] | None,
    after: After | None,
    limit: int,
    *,
    lang: str = "vi",
) -> tuple[int, list[Row], After | None]:
    """Return the log's position, the rows after an alarm, and the last one unless it is the end.

    Position and rows are of one moment: the caller's transaction has asked for nothing yet.
    """
    of_one_moment(conn)
    at = feed.position(conn)
    params = {
        "area": area,
        "sources": sources,
        "lang": lang,
        "priority": after and after.priority,
        "raised_at": after and after.raised_at,
        "id": after and after.id,
        "limit": limit,
    }
    with conn.cursor(row_factory=tuple_row) as cursor:
        # Never prepared: with and without an area it wants another plan.
        rows = cursor.execute(SQL["page"], params, prepare=False).fetchall()
    if len(rows) < limit:
        return at, rows, None
    last = conn.execute(SQL["place"], {"id": rows[-1][0]}).fetchone()
    assert last is not None
    return at, rows, After(**last)
