"""Queues at the one-stop desks, counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("queues")


@dataclass(frozen=True, slots=True)
class VisitCounts:
    """Visits by what happened in a range; `waiting` are those still uncalled at its end."""

    issued: int = 0
    called: int = 0
    served: int = 0
    abandoned: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting times in seconds; None when nobody's waiting ended."""

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    max: float | None = None


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


def waits_by_area(conn: Conn, start: datetime, end: datetime) -> dict[str | None, Waits]:
    """Return the same by area code, and under None for all areas together."""
    rows = conn.execute(SQL["waits_by_area"], {"start": start, "end": end}, prepare=False)
    return {row.pop("area"): Waits(**row) for row in rows}
