"""What the wall shows, by area: each function reads one part for all areas at once.

Every answer is keyed by area code, and the parts add up over areas unless it is said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from connectors.timescale import floods
from connectors.timescale.database import Conn
from connectors.timescale.floods import Flood
from connectors.timescale.sql import queries
from ioc.health import Processing
from ioc.philosophy import Position

SQL = queries("overview")

MINUTE = timedelta(minutes=1)
#: Nobody needs to know more exactly how much too much it is.
RINGS_MAX = 100_000


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
    """Open alarms of one area, one source, one severity and one state."""

    area: str
    source: str
    severity: str
    state: str
    n: int


@dataclass(frozen=True, slots=True)
class HiddenAlarms:
    """Open alarms of one area that are not to be seen now, by what hides them."""

    area: str
    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Group:
    """The open, annunciated alarms of one rule and area; `first_out` is the earliest of them."""

    rule: str
    source: str
    area: str | None
    n: int
    folded: int
    priority: int
    oldest_at: datetime
    first_out: UUID


@dataclass(frozen=True, slots=True)
class Floods:
    """Floods that are on or ended a moment ago, with the rings of each, and what is open then."""

    positions: list[Position]
    found: list[Flood]
    rings: dict[str, int]
    groups: list[Group]


@dataclass(frozen=True, slots=True)
class Reports:
    """Citizens' reports of one area."""

    new_today: int = 0
    open: int = 0
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


def hidden_alarms(conn: Conn) -> list[HiddenAlarms]:
    """Return how many open alarms are hidden, by area and reason; each counts once."""
    return [HiddenAlarms(**row) for row in conn.execute(SQL["hidden_alarms"])]


def flooded(conn: Conn, ended_since: datetime, rung_since: datetime) -> Floods:
    """Return floods that are on, or ended after a time; groups are read while one is on."""
    found = floods.in_force(conn, ended_since)
    on = [flood for flood in found if flood.ended_at is None]
    if not found:
        return Floods([], [], {}, [])
    positions = [
        Position(
            row["id"],
            row["name"],
            row["name_en"],
            areas=None if row["areas"] is None else frozenset(row["areas"]),
            sources=None if row["sources"] is None else frozenset(row["sources"]),
        )
        for row in conn.execute(SQL["positions"])
    ]
    rings = {
        flood.position: floods.rings(conn, flood.position, rung_since, RINGS_MAX) for flood in on
    }
    groups = [Group(**row) for row in conn.execute(SQL["groups"])] if on else []
    return Floods(positions, found, rings, groups)


def reports(conn: Conn, day: datetime, now: datetime) -> dict[str, Reports]:
    """Return citizens' reports: new since `day`, open, overdue at `now`, emergencies."""
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
