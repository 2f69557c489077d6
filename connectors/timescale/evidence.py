"""What stands around an alarm and what it said then: devices, their events, citizens' reports."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from connectors.timescale.database import Conn, bound
from connectors.timescale.sql import queries
from ioc.incident import EAST_M, NORTH_M

SQL = queries("evidence")

READ_TIMEOUT_MS = 2_000
#: Most devices that are counted for how far an alarm can be relied on.
EXAMINED_MAX = 2_000
EVENTS_EACH = 5

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Where and when to look; `area` is the only one that the caller may see, None: all."""

    lat: float
    lon: float
    radius_m: float
    area: str | None
    start: datetime
    end: datetime

    def params(self) -> dict[str, Any]:
        """Return them as parameters of a query."""
        return {
            "lat": self.lat,
            "lon": self.lon,
            "radius_m": self.radius_m,
            "north_m": NORTH_M,
            "east_m": EAST_M,
            "area": self.area,
            "from": self.start,
            "to": self.end,
        }


@contextlib.contextmanager
def in_time(conn: Conn) -> Iterator[None]:
    """Give up what takes longer than 2 s; `conn` is inside a transaction.

    Raises:
        TimeoutError: one of the questions asked here took longer.
    """
    bound(conn, READ_TIMEOUT_MS)
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise TimeoutError("what stands around this alarm cannot be found in time") from error


def devices(conn: Conn, around: Around) -> list[Row]:
    """Return the devices of all sources within the radius, nearest first."""
    params = {**around.params(), "limit": EXAMINED_MAX}
    return conn.execute(SQL["devices"], params, prepare=False).fetchall()


def device(conn: Conn, source: str, name: str | None) -> Row | None:
    """Return one device; None when it was never heard."""
    return conn.execute(SQL["device"], {"source": source, "device": name}).fetchone()


def alarms(conn: Conn, near: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """Return the most urgent open alarm of each of these devices that has one."""
    params = {**_named(near), "areas": sorted({row["area"] for row in near})}
    rows = conn.execute(SQL["alarms"], params)
    return {(row.pop("source"), row.pop("device")): row for row in rows}


def events(conn: Conn, near: Sequence[Row], start: datetime, end: datetime) -> list[Row]:
    """Return the newest events of each of these devices in a range of time."""
    params = {**_named(near), "from": start, "to": end, "each": EVENTS_EACH}
    return conn.execute(SQL["events"], params).fetchall()


def reports(conn: Conn, around: Around, limit: int) -> list[Row]:
    """Return the reports that citizens opened there and then, nearest first; nothing personal."""
    params = {**around.params(), "limit": limit, "examined": EXAMINED_MAX}
    return conn.execute(SQL["reports"], params, prepare=False).fetchall()


def _named(near: Sequence[Row]) -> dict[str, list[str]]:
    return {
        "sources": [row["source"] for row in near],
        "devices": [row["device"] for row in near],
    }
