"""Citizens' reports, counted; and who made one, for those who may know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.errors import NotFoundError

SQL = queries("reports")

#: Who has to be answered within this time is due soon.
SOON = timedelta(hours=24)
#: Categories are words of the sender's; this many are read.
CATEGORIES_MAX = 50
OLDEST_MAX = 10


@dataclass(frozen=True, slots=True)
class ReportCounts:
    """Reports by what happened in a range, and how they stood at its end."""

    new: int
    resolved: int
    on_time: int
    resolve_median_s: float | None
    open: int
    in_progress: int
    overdue: int
    due_soon: int
    sos_open: int

    @property
    def on_time_rate(self) -> float | None:
        """The share resolved on time, to four decimals; None when nothing was resolved."""
        return round(self.on_time / self.resolved, 4) if self.resolved else None


@dataclass(frozen=True, slots=True)
class Overdue:
    """A report that nobody has answered in time."""

    report: str
    area: str
    category: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """All reports together, and each category, the busiest first."""

    total: ReportCounts
    by_category: dict[str, ReportCounts]
    oldest_overdue: list[Overdue]


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who made a report: restricted personal data."""

    name: str | None
    phone: str | None


def summary(
    conn: Conn, start: datetime, end: datetime, *, area: str | None = None
) -> ReportSummary:
    """Return the reports of [start, end)."""
    wanted = {"start": start, "end": end, "soon": end + SOON, "area": area}
    rows = conn.execute(
        SQL["summary"], {**wanted, "limit": CATEGORIES_MAX + 1}, prepare=False
    ).fetchall()
    counts = {row.pop("category"): ReportCounts(**row) for row in rows}
    late = conn.execute(
        SQL["oldest_overdue"], {"end": end, "area": area, "limit": OLDEST_MAX}, prepare=False
    )
    return ReportSummary(
        total=counts.pop(None), by_category=counts, oldest_overdue=[Overdue(**row) for row in late]
    )


def area_of(conn: Conn, report: str) -> str:
    """Return where a report is.

    Raises:
        NotFoundError: there is none of that name.
    """
    row = conn.execute(SQL["area_of"], {"report": report}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no report {report!r}")
    return str(row["area"])


def reporter(conn: Conn, report: str) -> Reporter | None:
    """Return who made a report; None: nobody said."""
    row = conn.execute(SQL["reporter"], {"report": report}).fetchone()
    return Reporter(**row) if row else None
