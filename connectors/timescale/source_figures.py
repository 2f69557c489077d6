"""How the sources do: lag, clocks, what came late, what is usual, and the devices one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from connectors.timescale.database import Conn, bound
from connectors.timescale.overview import Place
from connectors.timescale.sql import queries
from ioc.health import AHEAD_AFTER, LATE_AFTER

SQL = queries("source_figures")

#: `events` has no index for lateness: a long range of a busy province is not worth a longer look.
LOOK_TIMEOUT_MS = 2_000
#: For one screen no more events than this are looked through, some 0.3 s: those of a busy day would
#: be given up after 2 s, for each of a thousand screens, each minute.
LOOKED_THROUGH_MAX = 1_000_000
#: Counted minutes that are added up to know how many they are.
MINUTES_MAX = 300_000
#: More clocks than this are not wrong one by one.
AHEAD_MAX = 10_000
HOUR = timedelta(hours=1)
HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A device whose clock is ahead of ours."""

    source: str
    device: str
    area: str
    ahead_s: float


@dataclass(frozen=True, slots=True)
class UsualHour:
    """Events of one hour by place, and the sources that spoke in the day around it."""

    counts: dict[Place, int]
    spoke: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sending:
    """How telling others goes."""

    endpoints: int
    running: int
    pending: int
    failed_24h: int


@dataclass(frozen=True, slots=True)
class DevicesAsked:
    """Devices of one source; None means any."""

    source: str
    area: str | None = None
    is_silent: bool | None = None
    names: Sequence[str] | None = None
    after: str | None = None


@contextlib.contextmanager
def _in_time(conn: Conn) -> Iterator[None]:
    with conn.transaction(force_rollback=True):  # inside another one its own bound comes back
        bound(conn, LOOK_TIMEOUT_MS)
        yield


def lags(conn: Conn, since: datetime) -> dict[str, float]:
    """Return the median lag of each source's events since a time, in seconds; {}: too many."""
    try:
        with _in_time(conn):
            rows = conn.execute(SQL["lags"], {"since": since}, prepare=False).fetchall()
    except psycopg.errors.QueryCanceled:
        return {}
    return {row["source"]: round(row["lag_s"], 3) for row in rows}


def ahead(conn: Conn, since: datetime) -> list[Ahead]:
    """Return the devices whose clock was ahead since a time, the worst first; []: too many."""
    wanted = {"since": since, "ahead": AHEAD_AFTER, "limit": AHEAD_MAX}
    try:
        with _in_time(conn):
            rows = conn.execute(SQL["ahead"], wanted, prepare=False).fetchall()
    except psycopg.errors.QueryCanceled:
        return []
    return [Ahead(**row) for row in rows]


def late(
    conn: Conn,
    start: datetime,
    end: datetime,
    *,
    source: str | None = None,
    area: str | None = None,
    kind: str | None = None,
) -> dict[Place, int] | None:
    """Return the events of [start, end) that came late; None when that takes too long to know."""
    wanted = {
        **{"start": start, "end": end, "late": LATE_AFTER},
        **{"source": source, "area": area, "kind": kind},
    }
    try:
        with _in_time(conn):
            rows = conn.execute(SQL["late"], wanted, prepare=False).fetchall()
    except psycopg.errors.QueryCanceled:
        return None
    return {Place(row["source"], row["area"]): row["n"] for row in rows}


def is_many(conn: Conn, start: datetime, end: datetime) -> bool:
    """Return whether [start, end) has too many events to look through them for one screen."""
    wanted = {"start": start, "end": end, "many": LOOKED_THROUGH_MAX, "minutes": MINUTES_MAX}
    row = conn.execute(SQL["is_many"], wanted, prepare=False).fetchone()
    return row is not None and bool(row["yes"])


def usual_hour(conn: Conn, hour: datetime) -> UsualHour:
    """Return the events of the hour that begins then."""
    wanted = {"hour": hour, "start": hour - HALF_A_DAY, "end": hour + HALF_A_DAY}
    rows = conn.execute(SQL["hour_of_day"], wanted, prepare=False).fetchall()
    counts = {Place(row["source"], row["area"]): row["n"] for row in rows}
    return UsualHour(counts, frozenset(place.source for place in counts))


def letters(conn: Conn, since: datetime) -> dict[str, int]:
    """Return the dead letters since a time, by source."""
    rows = conn.execute(SQL["letters"], {"since": since}, prepare=False)
    return {row["source"]: row["n"] for row in rows}


def letters_unseen(conn: Conn, since: datetime) -> int:
    """Return how many dead letters since a time wait, and nobody has opened them."""
    row = conn.execute(SQL["letters_unseen"], {"since": since}, prepare=False).fetchone()
    return int(row["n"]) if row else 0


def sending(conn: Conn, since: datetime) -> Sending:
    """Return how the endpoints do; what failed is counted since a time."""
    row = conn.execute(SQL["sending"], {"since": since}, prepare=False).fetchone()
    assert row is not None
    return Sending(**row)


def devices(
    conn: Conn, asked: DevicesAsked, silent_before: datetime, limit: int
) -> list[dict[str, Any]]:
    """Return at most `limit` devices by name."""
    return conn.execute(
        SQL["devices"],
        {
            "source": asked.source,
            "area": asked.area,
            "silent": asked.is_silent,
            "names": None if asked.names is None else list(asked.names),
            "after": asked.after,
            "cutoff": silent_before,
            "limit": limit,
        },
        prepare=False,
    ).fetchall()
