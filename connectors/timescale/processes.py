"""Which processes live: each says so every second, and others ask."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("processes")

BEAT_EVERY_S = 1.0
#: Who has not spoken for this long is taken for dead.
ALIVE_WITHIN = timedelta(seconds=10)
#: Rows of processes that ended without a word are kept this long, for whoever looks what happened.
FORGOTTEN_AFTER = timedelta(days=1)


def name_of(kind: str) -> str:
    """Return the name of this process, different from every other one that lives now."""
    return f"{kind}-{socket.gethostname()}-{os.getpid()}"


def beat(conn: Conn, name: str, kind: str, started_at: datetime, now: datetime) -> None:
    """Say that this process lives; the first beat also clears rows that nobody needs."""
    if now - started_at < timedelta(seconds=2):
        conn.execute(SQL["sweep"], {"before": now - FORGOTTEN_AFTER})
    conn.execute(SQL["beat"], {"name": name, "kind": kind, "started_at": started_at, "now": now})


def leave(conn: Conn, name: str) -> None:
    """Say that this process ends as it should."""
    conn.execute(SQL["leave"], {"name": name})


def living(conn: Conn, now: datetime) -> dict[str, int]:
    """Return how many processes of each kind spoke within the last 10 s."""
    rows = conn.execute(SQL["living"], {"since": now - ALIVE_WITHIN})
    return {row["kind"]: row["n"] for row in rows}


def held(conn: Conn, log: str, now: datetime) -> set[tuple[str, int]]:
    """Return the (topic, partition) pairs of a log that a worker held within the last 10 s."""
    rows = conn.execute(SQL["held"], {"log": log, "since": now - ALIVE_WITHIN})
    return {(row["topic"], row["partition"]) for row in rows}
