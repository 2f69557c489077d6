"""Dossiers of the one-stop desks, counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.clock import LOCAL_ZONE

SQL = queries("dossiers")

DAY = timedelta(days=1)
#: The grain of stored times.
MOMENT = timedelta(microseconds=1)


class Desk(NamedTuple):
    """An office, and the area of its dossiers."""

    office: str
    area: str


@dataclass(frozen=True, slots=True)
class Due:
    """Due dates in [start, before); None: any, also none."""

    start: datetime | None = None
    before: datetime | None = None


class After(NamedTuple):
    """The last dossier of the page before; `due_at` is a time or `infinity`."""

    due_at: str
    office: str
    dossier: str


@dataclass(frozen=True, slots=True)
class DossierCounts:
    """Dossiers received, resolved (on time) in a range, and open (overdue) at its end."""

    received: int = 0
    resolved: int = 0
    on_time: int = 0
    open: int = 0
    overdue: int = 0
    due_today: int = 0

    @property
    def late(self) -> int:
        """Resolved after they were due."""
        return self.resolved - self.on_time

    @property
    def on_time_rate(self) -> float | None:
        """The share resolved on time, to four decimals; None when nothing was resolved."""
        return round(self.on_time / self.resolved, 4) if self.resolved else None


def added_up(parts: Iterable[DossierCounts]) -> DossierCounts:
    """Return the counts of several areas together."""
    rows = [(p.received, p.resolved, p.on_time, p.open, p.overdue, p.due_today) for p in parts]
    return DossierCounts(*(sum(column) for column in zip(*rows, strict=True)))


def dossiers_by_area(
    conn: Conn,
    start: datetime,
    end: datetime,
    *,
    office: str | None = None,
    area: str | None = None,
) -> dict[str, DossierCounts]:
    """Return the counts of [start, end) by area code; an area without any is left out."""
    found: dict[str, list[DossierCounts]] = {}
    for place, counts in by_place(conn, start, end, office=office, area=area).items():
        found.setdefault(place.area, []).append(counts)
    return {code: added_up(parts) for code, parts in found.items()}


def by_place(
    conn: Conn,
    start: datetime,
    end: datetime,
    *,
    office: str | None = None,
    area: str | None = None,
) -> dict[Desk, DossierCounts]:
    """Return the counts of [start, end) by office and area.

    Due today is what is open at the end and due on the day of the range's last moment.
    """
    day = _local_day(end)
    rows = conn.execute(
        SQL["dossiers_by_place"],
        {
            **{"start": start, "end": end, "office": office, "area": area},
            **{"day": day, "next_day": day + DAY},
        },
        prepare=False,  # a day and ten months want different plans
    )
    return {Desk(row.pop("office"), row.pop("area")): DossierCounts(**row) for row in rows}


def page(
    conn: Conn,
    *,
    office: str | None,
    area: str | None,
    due: Due,
    after: After | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return at most `limit` open dossiers, what is due first first."""
    return conn.execute(
        SQL["page"],
        {
            **{"office": office, "area": area, "limit": limit},
            **{"from": due.start, "before": due.before},
            "after_due": after and after.due_at,
            "after_office": after and after.office,
            "after_dossier": after and after.dossier,
        },
        prepare=False,
    ).fetchall()


def day_of(at: datetime) -> Due:
    """Return the day of the province that a moment is in, as due dates."""
    day = _local_day(at + MOMENT)
    return Due(day, day + DAY)


def _local_day(end: datetime) -> datetime:
    """Return the beginning of the day of the last moment before `end`."""
    local = (end - MOMENT).astimezone(LOCAL_ZONE)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
