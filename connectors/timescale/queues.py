"""Queues at the one-stop desks, counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.severity import Severity

SQL = queries("queues")

#: A province has some 200 offices.
OFFICES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class VisitCounts:
    """Visits by what happened in a range; `waiting` are those still uncalled at its end."""

    issued: int = 0
    called: int = 0
    served: int = 0
    abandoned: int = 0
    waiting: int = 0

    @property
    def abandoned_rate(self) -> float | None:
        """The share of visits that ended without service, to four decimals; None: none ended."""
        return _abandoned_rate(self.served, self.abandoned)


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting times in seconds; None when nobody's waiting ended."""

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """One desk in a range; seconds are None when nobody waits, or nobody's waiting ended."""

    office: str
    area: str
    issued: int
    served: int
    abandoned: int
    waiting: int
    longest_s: float | None
    mean_s: float | None
    p50_s: float | None
    p90_s: float | None

    @property
    def abandoned_rate(self) -> float | None:
        """The share of visits that ended without service, to four decimals; None: none ended."""
        return _abandoned_rate(self.served, self.abandoned)


def _abandoned_rate(served: int, abandoned: int) -> float | None:
    ended = served + abandoned
    return round(abandoned / ended, 4) if ended else None


def added_up(parts: Iterable[VisitCounts]) -> VisitCounts:
    """Return the counts of several areas together."""
    rows = [(p.issued, p.called, p.served, p.abandoned, p.waiting) for p in parts]
    return VisitCounts(*(sum(column) for column in zip(*rows, strict=True)))


def visits_by_area(
    conn: Conn,
    start: datetime,
    end: datetime,
    *,
    office: str | None = None,
    area: str | None = None,
) -> dict[str, VisitCounts]:
    """Return the counts of [start, end) by area code; an area without any is left out."""
    rows = conn.execute(
        SQL["visits_by_area"],
        {"start": start, "end": end, "office": office, "area": area},
        prepare=False,  # a day and a year want different plans
    )
    return {row.pop("area"): VisitCounts(**row) for row in rows}


def waits(
    conn: Conn,
    start: datetime,
    end: datetime,
    *,
    office: str | None = None,
    area: str | None = None,
) -> Waits:
    """Return how long people waited whose waiting ended in [start, end)."""
    row = conn.execute(
        SQL["waits"],
        {"start": start, "end": end, "office": office, "area": area},
        prepare=False,
    ).fetchone()
    return Waits(**row) if row else Waits()


def waiting_since(conn: Conn, start: datetime, end: datetime) -> dict[str, datetime]:
    """Return by area code since when somebody waits; an area where nobody does is left out."""
    rows = conn.execute(SQL["waiting_since"], {"start": start, "end": end}, prepare=False)
    return {row["area"]: row["since"] for row in rows}


def waits_by_area(conn: Conn, start: datetime, end: datetime) -> dict[str | None, Waits]:
    """Return the same by area code, and under None for all areas together."""
    rows = conn.execute(SQL["waits_by_area"], {"start": start, "end": end}, prepare=False)
    return {row.pop("area"): Waits(**row) for row in rows}


def by_office(
    conn: Conn, start: datetime, end: datetime, *, area: str | None = None
) -> list[Office]:
    """Return every desk of [start, end), where somebody waits longest first."""
    rows = conn.execute(
        SQL["by_office"],
        {"start": start, "end": end, "area": area, "limit": OFFICES_MAX},
        prepare=False,
    )
    return [Office(**row) for row in rows]


def worst(conn: Conn, of_type: str) -> dict[str, Severity]:
    """Return the worst open alarm of each office, of the rules about one type of event."""
    rows = conn.execute(SQL["worst"], {"type": of_type})
    return {row["office"]: tuple(Severity)[row["priority"] - 1] for row in rows}
