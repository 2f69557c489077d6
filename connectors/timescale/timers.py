"""Timers as rows: armed in somebody's transaction, due by the wall's clock or the stream's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("timers")

WALL, STREAM = "wall", "stream"


@dataclass(frozen=True, slots=True)
class Timer:
    """One row; `due_at` is wall time or stream time, as `clock` says."""

    kind: str
    key: str
    clock: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


def arm(conn: Conn, timer: Timer) -> None:
    """Set a timer, or set it anew."""
    conn.execute(SQL["arm"], _values(timer))


def arm_once(conn: Conn, timer: Timer) -> None:
    """Set a timer unless it is set."""
    conn.execute(SQL["arm_once"], _values(timer))


def disarm(conn: Conn, kind: str, key: str) -> None:
    """Forget a timer."""
    conn.execute(SQL["disarm"], {"kind": kind, "key": key})


def stream_progress(conn: Conn) -> datetime | None:
    """Return up to when the whole stream has been read; None while a part of it never was."""
    row = conn.execute(SQL["stream_progress"]).fetchone()
    return row["progress_at"] if row else None


def due(
    conn: Conn, clock: str, until: datetime, kinds: Sequence[str], now: datetime, limit: int
) -> list[Timer]:
    """Return what is due by `until`, in order; unlocked, so `take` or `rearm` may still refuse."""
    rows = conn.execute(
        SQL["due"],
        {"clock": clock, "until": until, "kinds": list(kinds), "now": now, "limit": limit},
    )
    return [Timer(**row) for row in rows]


def count_due(conn: Conn, now: datetime, progress: datetime | None, kinds: Sequence[str]) -> int:
    """Return how many are due by the wall at `now`, by the stream at `progress`; at most 10,000."""
    params = {"wall": now, "stream": progress, "kinds": list(kinds)}
    row = conn.execute(SQL["count_due"], params).fetchone()
    return int(row["n"]) if row else 0


def is_mine(conn: Conn, timer: Timer) -> bool:
    """Begin with a timer: False when another process has begun, or it is not due like this now."""
    alone = conn.execute(SQL["try_alone"], {"kind": timer.kind, "key": timer.key}).fetchone()
    if not (alone and alone["yes"]):
        return False
    row = conn.execute(SQL["still_due"], _values(timer)).fetchone()
    return bool(row and row["yes"])


def take(conn: Conn, timer: Timer) -> bool:
    """Delete a timer that was handled; False when it was armed anew, so nothing may be kept."""
    return conn.execute(SQL["take"], _values(timer)).rowcount == 1


def take_all(conn: Conn, due: Sequence[Timer]) -> None:
    """Delete timers that led to nothing; what was armed anew stays."""
    if due:
        columns = {
            "kind": [timer.kind for timer in due],
            "key": [timer.key for timer in due],
            "due_at": [timer.due_at for timer in due],
        }
        conn.execute(SQL["take_all"], columns)


def rearm(conn: Conn, timer: Timer, next_at: datetime) -> bool:
    """Set a timer that was handled to its next time; False as in `take`."""
    return conn.execute(SQL["rearm"], _values(timer) | {"next_at": next_at}).rowcount == 1


def hold(conn: Conn, timer: Timer, until: datetime) -> None:
    """Put aside a timer whose handler failed, so that the others run."""
    conn.execute(SQL["hold"], _values(timer) | {"until": until})


# What housekeeping does -------------------------------------------------------------------------


def expire_dead_letters(conn: Conn, before: datetime, limit: int) -> int:
    """Delete at most `limit` dead letters from before then; return how many."""
    return conn.execute(SQL["expire_dead_letters"], {"before": before, "limit": limit}).rowcount


def expire_events(conn: Conn, before: datetime, limit: int) -> int:
    """Delete raw events from before then; at most `limit` rows, or whole chunks of TimescaleDB."""
    if has_timescale(conn):
        conn.execute(SQL["drop_chunks"], {"before": before})
        return 0
    return conn.execute(SQL["expire_events"], {"before": before, "limit": limit}).rowcount


def has_timescale(conn: Conn) -> bool:
    """Whether this database has the extension."""
    row = conn.execute(SQL["has_timescale"]).fetchone()
    return bool(row and row["yes"])


def refresh_aggregates(conn: Conn, start: datetime, end: datetime) -> None:
    """Work out the hours and days in [start, end) again; not inside a transaction."""
    if not has_timescale(conn):
        return  # there they are views
    for name in ("refresh_1h", "refresh_1d"):
        conn.execute(SQL[name], {"from": start, "to": end})


def _values(timer: Timer) -> dict[str, Any]:
    return {
        "kind": timer.kind,
        "key": timer.key,
        "clock": timer.clock,
        "due_at": timer.due_at,
        "payload": Jsonb(dict(timer.payload)),
    }
