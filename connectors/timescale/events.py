"""Reading what happened: raw events, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from connectors.timescale.database import Conn, bound
from connectors.timescale.sql import queries

SQL = queries("events")

READ_TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events: time in [`start`, `end`), each other field None for any.

    `before` is the (time, id) of the last event of the page before this one.
    """

    source: str | None = None
    area: str | None = None
    device: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    before: tuple[datetime, UUID] | None = None


def page(conn: Conn, asked: Asked, limit: int) -> list[dict[str, Any]]:
    """Return at most `limit` events, newest first; `conn` is inside a transaction.

    Raises:
        TimeoutError: so few events match that finding them takes longer than 5 s.
    """
    before_time, before_id = asked.before or (None, None)
    try:
        bound(conn, READ_TIMEOUT_MS)  # a filter that matches almost nothing reads the whole past
        return conn.execute(
            SQL["page"],
            {
                "source": asked.source,
                "area": asked.area,
                "device": asked.device,
                "from": asked.start,
                "to": asked.end,
                "before_time": before_time,
                "before_id": before_id,
                "limit": limit,
            },
        ).fetchall()
    except psycopg.errors.QueryCanceled as error:
        raise TimeoutError("so few events match that they cannot be found in time") from error


def snapshot(conn: Conn, time: datetime, event_id: UUID) -> tuple[str, str] | None:
    """Return the area of a camera's event and where its picture stands; None when it has none."""
    row = conn.execute(SQL["snapshot"], {"time": time, "id": event_id}).fetchone()
    return (row["area"], row["url"]) if row else None
