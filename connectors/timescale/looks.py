"""Who looked at personal data: law 91/2025/QH15 wants every look on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("looks")


def log(conn: Conn, by: str, whats: Sequence[str], now: datetime) -> None:
    """Record that `by` was shown each of `whats`, in the transaction that reads them.

    `whats` name things by their ids, never by what the data says.
    """
    if whats:
        conn.execute(SQL["log_looks"], {"now": now, "by": by, "whats": list(whats)})
