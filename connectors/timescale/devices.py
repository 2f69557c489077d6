"""Devices as points: where each stands and whether it is silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import tuple_row

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("devices")


class Point(NamedTuple):
    """One device; `lat` and `lon` are None where nobody ever said where it stands."""

    source: str
    device: str
    area: str
    lat: float | None
    lon: float | None
    silent: bool


def points(
    conn: Conn, silent_before: Mapping[str, datetime], otherwise: datetime, most: int
) -> Iterator[Point]:
    """Yield at most `most` devices; a source that is not named is silent before `otherwise`."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            SQL["points"],
            {
                "sources": list(silent_before),
                "cutoffs": list(silent_before.values()),
                "cutoff": otherwise,
                "most": most,
            },
        )
        # One by one: the driver turns thousands of rows at once without letting others work.
        for row in cursor:
            yield Point._make(row)
