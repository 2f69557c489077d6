"""What the figures of `/kpis` are made of, counted from the alarm log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.clock import LOCAL_ZONE
from ioc.kpi import Actor, Answers, Closings, Counts

SQL = queries("kpis")

#: Only the rules and devices that were closed most often are worth a line.
LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the log: [start, end), of one position and one area or (None) of all."""

    start: datetime
    end: datetime
    position: str | None = None
    area: str | None = None


def counts(conn: Conn, scope: Scope, fleeting: timedelta) -> Counts:
    """Count; an alarm that is active for less than `fleeting` is fleeting."""
    wanted = {
        "from": scope.start,
        "to": scope.end,
        "position": scope.position,
        "area": scope.area,
        "fleeting": fleeting,
        "zone": LOCAL_ZONE.key,
    }
    row = conn.execute(SQL["figures"], wanted).fetchone()
    changes = conn.execute(SQL["unnamed_changes"], wanted).fetchone()
    assert row is not None
    assert changes is not None
    floods = conn.execute(SQL["floods"], wanted).fetchall()
    first = conn.execute(SQL["first"]).fetchone()
    return Counts(
        start=scope.start,
        end=scope.end,
        since=None if first is None else first["at"],
        rings=row["rings"],
        rings_last_10m=row["rings_last_10m"],
        most_in_10m=row["most_in_10m"],
        periods=_numbers(row["periods"]),
        hours=_numbers(row["hours"]),
        priorities=_numbers(row["priorities"]),
        actors=tuple(Actor(**each) for each in row["actors"]),
        floods=tuple((each["from_at"], each["until_at"]) for each in floods),
        chattering=row["chattering"],
        fleeting=row["fleeting"],
        stale=row["stale"],
        active_most_s=row["active_most_s"],
        unknown_most_s=row["unknown_most_s"],
        standing=row["standing"],
        shelved=row["shelved"],
        reminders_most=row["reminders_most"],
        answers=tuple(Answers(**each) for each in row["answers"]),
        by_rule=_closings(row["by_rule"], ("rule",)),
        by_device=_closings(row["by_device"], ("source", "device")),
        unauthorised_suppression=row["hushed"],
        unauthorised_changes=changes["n"],
    )


def positions(conn: Conn) -> list[dict[str, Any]]:
    """Return id, name and name_en of every operator's position, in their order."""
    return conn.execute(SQL["positions"]).fetchall()


def _numbers(counted: Mapping[str, int]) -> dict[int, int]:
    return {int(n): times for n, times in counted.items()}


def _closings(rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]) -> tuple[Closings, ...]:
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for row in rows:
        found.setdefault(tuple(row[each] for each in key), {})[row["code"]] = row["n"]
    every = [Closings(of, codes) for of, codes in found.items()]
    return tuple(sorted(every, key=lambda each: (-each.n, each.of))[:LINES_MAX])
