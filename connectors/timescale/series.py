"""Numbers over time, from the rollups; a bucket without anything is not in the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("series")

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


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
