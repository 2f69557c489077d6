"""Dossiers of the one-stop desks, counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("dossiers")


@dataclass(frozen=True, slots=True)
class DossierCounts:
    """Dossiers received, resolved (on time) in a range, and open (overdue) at its end."""

    received: int = 0
    resolved: int = 0
    on_time: int = 0
    open: int = 0
    overdue: int = 0

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
    rows = [(p.received, p.resolved, p.on_time, p.open, p.overdue) for p in parts]
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
    rows = conn.execute(
        SQL["dossiers_by_area"],
        {"start": start, "end": end, "office": office, "area": area},
        prepare=False,  # a day and ten months want different plans
    )
    return {row.pop("area"): DossierCounts(**row) for row in rows}
