"""Records that could not be used: looking at them, and noting that one was tried again."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.errors import NotFoundError

SQL = queries("dead_letters")


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter with the record that it was; `row` has the columns without the bytes."""

    row: dict[str, Any]
    raw: bytes
    headers: tuple[tuple[str, bytes], ...]

    @property
    def received_at(self) -> datetime:
        """When Kafka first had it: a retry must be judged as if it came in then."""
        at: datetime = self.row["received_at"]
        return at


def page(
    conn: Conn, *, source: str | None, reason: str | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return at most `limit` dead letters with an id under `before`, newest first, no bytes."""
    return conn.execute(
        SQL["page"], {"source": source, "reason": reason, "before": before, "limit": limit}
    ).fetchall()


def one(conn: Conn, letter_id: int) -> Letter:
    """Return a dead letter with its bytes.

    Raises:
        NotFoundError: it was never there, or is older than IOC_DEAD_LETTER_DAYS.
    """
    row = conn.execute(SQL["one"], {"id": letter_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no dead letter {letter_id} (any more)")
    raw, _ = bytes(row.pop("raw")), row.pop("key")
    headers = tuple((name, b64decode(value)) for name, value in row.pop("headers"))
    return Letter(row, raw, headers)


def mark_retried(conn: Conn, letter_id: int, by: str, now: datetime) -> None:
    """Note who published it again."""
    conn.execute(SQL["mark_retried"], {"id": letter_id, "by": by, "now": now})
