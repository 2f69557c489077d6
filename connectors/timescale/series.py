"""Numbers over time, from the rollups; a bucket without anything is not in the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("series")

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
#: A day of a busy province has 720,000 counted minutes; of more, silence is looked up by the hour.
MINUTES_WITHIN = 2 * DAY


@dataclass(frozen=True, slots=True)
class Window:
    """Buckets of `step` over [start, end); `start` is the first one's beginning."""

    start: datetime
    end: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Only:
    """What is counted; None means all."""

    source: str | None = None
    area: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One kind, rule or area in a range, and in the same range a week before."""

    key: str
    n: int
    week_ago: int


def counted(conn: Conn, window: Window, only: Only, split: datetime) -> dict[datetime, int]:
    """Return the events by bucket.

    Buckets before `split` come from the aggregate of that step (hours and days only), which may
    not know yet of a late event there; the others are exact.
    """
    params = {
        "start": window.start,
        "end": window.end,
        "step": window.step,
        "split": split,
        "source": only.source,
        "area": only.area,
        "kind": only.kind,
    }
    rows = conn.execute(SQL["counts"], params, prepare=False).fetchall()
    if split > window.start:
        coarse = SQL["counts_1h"] if window.step == HOUR else SQL["counts_1d"]
        rows += conn.execute(coarse, params, prepare=False).fetchall()
    return {row["t"]: row["n"] for row in rows}


def raised(conn: Conn, window: Window, only: Only) -> dict[datetime, int]:
    """Return the alarms raised by bucket; `only.kind` is a rule."""
    rows = conn.execute(
        SQL["raised"],
        {
            "start": window.start,
            "end": window.end,
            "step": window.step,
            "source": only.source,
            "area": only.area,
            "kind": only.kind,
        },
        prepare=False,
    )
    return {row["t"]: row["n"] for row in rows}


def percentile_bins(
    conn: Conn, window: Window, metric: str, share: float, area: str | None
) -> dict[datetime, int]:
    """Return the histogram bin (ioc.rollup) of the nearest-rank percentile by bucket."""
    rows = conn.execute(
        SQL["percentile_bins"],
        {
            "start": window.start,
            "end": window.end,
            "step": window.step,
            "metric": metric,
            "share": share,
            "area": area,
        },
        prepare=False,
    )
    return {row["t"]: row["bin"] for row in rows}


def gaps(
    conn: Conn, source: str | None, start: datetime, end: datetime, longer: timedelta
) -> list[tuple[datetime, datetime]]:
    """Return the stretches of [start, end) in which a source said nothing for longer than that.

    A silence that began before counts from `start` on. Long ranges are looked at by the hour.
    """
    is_long = end - start > MINUTES_WITHIN
    rows = conn.execute(
        SQL["hours_heard" if is_long else "minutes_heard"],
        {
            **{"source": source, "start": start, "end": end, "longer": longer},
            "grain": HOUR if is_long else MINUTE,
        },
        prepare=False,
    )
    return [(max(row["gap_from"], start), row["gap_to"]) for row in rows]


def spoke(conn: Conn, source: str | None, start: datetime, end: datetime) -> bool:
    """Return whether a source said anything in [start, end)."""
    wanted = {"source": source, "start": start, "end": end}
    row = conn.execute(SQL["spoke"], wanted, prepare=False).fetchone()
    return row is not None and bool(row["spoke"])


def counted_by(
    conn: Conn,
    what: Literal["events", "alarms"],
    by: str,
    span: tuple[datetime, datetime],
    only: Only,
) -> list[Share]:
    """Return the counts of a range by kind or area, the largest first, beside a week before.

    The range and the one a week before must not meet.
    """
    start, end = span
    rows = conn.execute(
        SQL[f"{what}_by"],
        {
            **{"by": by, "start": start, "end": end, "source": only.source, "area": only.area},
            **{"week_start": start - WEEK, "week_end": end - WEEK},
        },
        prepare=False,
    )
    return sorted(
        (Share(**row) for row in rows), key=lambda each: (-each.n, -each.week_ago, each.key)
    )
