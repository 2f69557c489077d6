"""The alarm log as a feed: what is open at a position, and what came after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.timescale.alarms import from_row
from connectors.timescale.database import Conn, Database, of_one_moment, unavailable
from connectors.timescale.sql import queries
from ioc.alarm import Alarm

SQL = queries("feed")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of the log: its number, and the alarm object as it was after it."""

    seq: int
    alarm: Json


@dataclass(frozen=True, slots=True)
class OpenAlarms:
    """The open alarms at one position of the log; `total` counts also those beyond the limit."""

    position: int
    alarms: list[Alarm]
    total: int


def listen(conn: Conn) -> None:
    """Hear the bell on this connection from now on."""
    with unavailable():
        conn.execute(SQL["listen"])


def wait(conn: Conn, timeout_s: float) -> bool:
    """Return whether the bell rang within the time; several rings are one."""
    with unavailable():
        rang = any(True for _ in conn.notifies(timeout=timeout_s, stop_after=1))
        if rang:
            for _ in conn.notifies(timeout=0):
                pass
    return rang


def position(conn: Conn) -> int:
    """Return the number of the newest entry; 0 when there is none."""
    with unavailable():
        row = conn.execute(SQL["position"]).fetchone()
    assert row is not None
    return int(row["position"])


def after(conn: Conn, seq: int, limit: int) -> list[Entry]:
    """Return the entries that follow a number, in order."""
    with unavailable():
        return [Entry(**row) for row in conn.execute(SQL["after"], {"after": seq, "limit": limit})]


def newest(conn: Conn, limit: int) -> list[Entry]:
    """Return the last entries, in order."""
    with unavailable():
        rows = conn.execute(SQL["newest"], {"limit": limit}).fetchall()
    return [Entry(**row) for row in reversed(rows)]


def open_alarms(
    database: Database, area: str | None, limit: int, *, unfolded_first: bool = False
) -> OpenAlarms:
    """Return what is open in an area (None: everywhere), most urgent first, of one moment.

    With `unfolded_first` what a flood has folded comes behind everything else.
    """
    with database.transaction() as conn:
        of_one_moment(conn)
        at = position(conn)
        wanted: dict[str, Any] = {"area": area, "limit": limit, "folded": None}
        if unfolded_first:
            rows = conn.execute(SQL["open_alarms"], {**wanted, "folded": False}).fetchall()
            rest = {**wanted, "folded": True, "limit": limit - len(rows)}
            rows += conn.execute(SQL["open_alarms"], rest).fetchall()
        else:
            rows = conn.execute(SQL["open_alarms"], wanted).fetchall()
        total = len(rows)
        if total == limit:
            counted = conn.execute(SQL["count_open"], {"area": area}).fetchone()
            total = counted["n"] if counted else total
    return OpenAlarms(at, [from_row(row) for row in rows], total)
