"""What the wall shows, by area: each function reads one part for all areas at once.

Every answer is keyed by area code, and the parts add up over areas unless it is said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.health import Processing

SQL = queries("overview")

MINUTE = timedelta(minutes=1)


class Place(NamedTuple):
    """A source's events in one area."""

    source: str
    area: str


@dataclass(frozen=True, slots=True)
class Recent:
    """Events of the newest minutes, and all since the edge at which `Long` ends."""

    n_1m: int
    n_5m: int
    n_since_edge: int
    last_minute: datetime


@dataclass(frozen=True, slots=True)
class Long:
    """Events of the last hour and day, up to the edge."""

    n_1h: int
    n_24h: int
    last_minute: datetime


@dataclass(frozen=True, slots=True)
class Devices:
    """Devices of one source in one area."""

    known: int
    silent: int
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class OpenAlarms:
    """Open alarms of one area, one severity and one state."""

    area: str
    severity: str
    state: str
    n: int


@dataclass(frozen=True, slots=True)
class Reports:
    """Citizens' reports of one area."""

    new_today: int = 0
    overdue: int = 0
    sos_open: int = 0


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _inside(now: datetime) -> float:
    """Return the share of the window's oldest minute that is still inside it."""
    return 1 - (now.second + now.microsecond / 1e6) / 60


def recent_counts(conn: Conn, edge: datetime, now: datetime) -> dict[Place, Recent]:
    """Return the events of the newest minutes; `edge` is a full minute."""
    minute = _minute(now)
    rows = conn.execute(
        SQL["recent_counts"],
        {
            "minute_1m": minute - MINUTE,
            "minute_5m": minute - 5 * MINUTE,
            "inside": _inside(now),
            "edge": edge,
        },
        prepare=False,
    )
    return {Place(row.pop("source"), row.pop("area")): Recent(**row) for row in rows}


def long_counts(conn: Conn, edge: datetime, now: datetime) -> dict[Place, Long]:
    """Return the events of the last hour and day before the edge."""
    minute = _minute(now)
    rows = conn.execute(
        SQL["long_counts"],
        {
            "minute_1h": minute - 60 * MINUTE,
            "minute_24h": minute - 24 * 60 * MINUTE,
            "inside": _inside(now),
            "edge": edge,
        },
        prepare=False,
    )
    return {Place(row.pop("source"), row.pop("area")): Long(**row) for row in rows}


def last_events(conn: Conn, minutes: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return the exact time of each source's last event, given the minute that it is in."""
    rows = conn.execute(
        SQL["last_events"], {"sources": list(minutes), "minutes": list(minutes.values())}
    )
    return {row["source"]: row["time"] for row in rows}


def last_words(conn: Conn) -> dict[str, datetime]:
    """Return when sources without devices last spoke, however long ago; in the whole province."""
    return {row["source"]: row["at"] for row in conn.execute(SQL["last_words"]) if row["at"]}


def devices(
    conn: Conn, silent_before: Mapping[str, datetime], otherwise: datetime
) -> dict[Place, Devices]:
    """Return known and silent devices; a source that is not named is silent before `otherwise`."""
    rows = conn.execute(
        SQL["devices"],
        {
            "sources": list(silent_before),
            "cutoffs": list(silent_before.values()),
            "cutoff": otherwise,
        },
    )
    return {Place(row.pop("source"), row.pop("area")): Devices(**row) for row in rows}


def open_alarms(conn: Conn) -> list[OpenAlarms]:
    """Return how many alarms are open, by area, severity and state."""
    return [OpenAlarms(**row) for row in conn.execute(SQL["open_alarms"])]


def reports(conn: Conn, day: datetime, now: datetime) -> dict[str, Reports]:
    """Return citizens' reports: new since `day`, overdue at `now`, open emergencies."""
    rows = conn.execute(SQL["reports"], {"day": day, "now": now}, prepare=False)
    return {row.pop("area"): Reports(**row) for row in rows}


def dead_letters(conn: Conn, since: datetime) -> dict[str, int]:
    """Return the dead letters by source; they belong to no area."""
    rows = conn.execute(SQL["dead_letters"], {"since": since}, prepare=False)
    return {row["source"]: row["n"] for row in rows}


def processing(conn: Conn, alive: datetime) -> Processing:
    """Return who of the workers and notifiers has lived since `alive`."""
    row = conn.execute(SQL["processing"], {"alive": alive}).fetchone()
    assert row is not None
    return Processing(**row)
