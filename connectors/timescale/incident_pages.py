"""Incidents to look at: lists, one with its alarms and its evidence, its log."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.timescale.alarms import from_row
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.alarm import Alarm
from ioc.area import gazetteer
from ioc.severity import Severity

SQL = queries("incident_pages")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A row of `incidents`; times are aware UTC, `rule` None: a person made it."""

    id: UUID
    number: int
    rule: str | None
    title: str
    title_en: str
    severity: Severity
    state: str
    area: str | None
    lat: float | None
    lon: float | None
    radius_m: float
    sources: list[str]
    alarms: int
    began_at: datetime
    last_at: datetime
    opened_at: datetime
    changed_at: datetime
    lead: str | None
    closed_at: datetime | None
    closing_code: str | None
    merged_into: UUID | None
    version: int

    def to_json(self) -> Json:
        """Return the incident object of the API and of the tile, times as datetimes."""
        area = gazetteer().by_code(self.area) if self.area else None
        found: Json = {name: getattr(self, name) for name in _FIELDS}
        found["id"], found["severity"] = str(self.id), self.severity.value
        found["merged_into"] = self.merged_into and str(self.merged_into)
        found["area_name"] = area.full_name if area else None
        return found


_FIELDS = tuple(each.name for each in fields(Incident))


@dataclass(frozen=True, slots=True)
class OpenIncidents:
    """How many incidents of one area and severity are open."""

    area: str
    severity: str
    n: int


def incident_of(row: dict[str, Any]) -> Incident:
    """Return the incident of a row."""
    values = {name: row[name] for name in _FIELDS}
    return Incident(**{**values, "severity": Severity(row["severity"])})


def page(
    conn: Conn,
    states: list[str],
    severities: list[str] | None,
    area: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Incident]:
    """Return incidents, the one that was opened last first, behind `after`."""
    params = {
        "states": states,
        "severities": severities,
        "area": area,
        "opened_at": after and after[0],
        "id": after and after[1],
        "limit": limit,
    }
    rows = conn.execute(SQL["page"], params, prepare=False)
    return [incident_of(row) for row in rows]


def one(conn: Conn, incident_id: UUID) -> Incident | None:
    """Return one incident; None when there is none with this id."""
    row = conn.execute(SQL["one"], {"id": incident_id}).fetchone()
    return incident_of(row) if row else None


def lock_one(conn: Conn, incident_id: UUID) -> Incident | None:
    """Return one incident, its row locked; the caller holds the lock of incidents already."""
    row = conn.execute(SQL["lock_one"], {"id": incident_id}).fetchone()
    return incident_of(row) if row else None


def members(conn: Conn, incident_id: UUID, limit: int) -> list[tuple[Alarm, str | None]]:
    """Return the alarms that stand in it, the worst first, and who put each there; None: a rule."""
    rows = conn.execute(SQL["members"], {"id": incident_id, "limit": limit})
    return [(from_row(row), row["put_by"]) for row in rows]


def evidence(conn: Conn, incident_id: UUID, limit: int) -> list[Json]:
    """Return its evidence as rows, the earliest first."""
    return conn.execute(SQL["evidence"], {"id": incident_id, "limit": limit}).fetchall()


def log(conn: Conn, incident_id: UUID, after: int, limit: int) -> list[Json]:
    """Return what happened to it after a line of its log, oldest first."""
    values = {"id": incident_id, "after": after, "limit": limit}
    return conn.execute(SQL["log"], values).fetchall()


def open_counts(conn: Conn) -> list[OpenIncidents]:
    """Return how many are open, by area and severity."""
    return [OpenIncidents(**row) for row in conn.execute(SQL["open_counts"])]


def newest_open(conn: Conn, limit: int) -> list[Incident]:
    """Return the `limit` newest of each area that are open, the newest first."""
    rows = conn.execute(SQL["newest_open"], {"limit": limit})
    return [incident_of(row) for row in rows]
