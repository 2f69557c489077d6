"""Flips of rules and keys as rows: what is known of alarms that come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.timescale.database import Conn
from connectors.timescale.sql import as_rows, queries
from ioc.chattering import Chatter, calm_due
from ioc.philosophy import ChatterLimits

SQL = queries("chatter")

Key = tuple[str, str]


def lock(conn: Conn, keys: Sequence[Key]) -> dict[Key, Chatter]:
    """Return what is known of these rules and keys, locked in their order until COMMIT."""
    if not keys:
        return {}
    ordered = sorted(keys)
    columns = {"rule": [rule for rule, _ in ordered], "key": [key for _, key in ordered]}
    return {
        (row["rule"], row["key"]): Chatter(
            tuple(row["flips"]), tuple(row["fleeting"]), row["since_at"]
        )
        for row in conn.execute(SQL["lock"], columns)
    }


def save(conn: Conn, known: Mapping[Key, Chatter], limits: ChatterLimits) -> None:
    """Store what is known now, and arm the timer that looks whether what chatters is calm."""
    if not known:
        return
    rows = [
        {"rule": rule, "key": key, "flips": c.flips, "fleeting": c.fleeting, "since_at": c.since_at}
        for (rule, key), c in sorted(known.items())
    ]
    conn.execute(SQL["save"], {"rows": as_rows(rows)})
    due = {key: at for key, each in known.items() if (at := calm_due(each, limits)) is not None}
    if due:
        keys = sorted(due)
        columns = {"rule": [rule for rule, _ in keys], "key": [key for _, key in keys]}
        conn.execute(SQL["set_calm_timers"], columns | {"due_at": [due[key] for key in keys]})


def expire(conn: Conn, before: datetime, limit: int) -> int:
    """Delete at most `limit` rows of what has not flipped since then; return how many."""
    return conn.execute(SQL["expire"], {"before": before, "limit": limit}).rowcount
