"""Records that could not be used: looking at them, and noting what became of them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.errors import NotFoundError

SQL = queries("dead_letters")

#: Groups are made of so many of the newest that wait, and so many groups are shown.
SCANNED_MAX = 100_000
GROUPS_MAX = 200
ID_MAX = 2**63 - 1


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


@dataclass(frozen=True, slots=True)
class Group:
    """Letters of one source that are wrong in one way, up to the newest that somebody knows of.

    `after`: those with a number up to this one are left out.
    """

    source: str
    reason: str
    detail: str
    newest: int = ID_MAX
    start: datetime | None = None
    end: datetime | None = None
    after: int = 0


def page(
    conn: Conn,
    *,
    source: str | None,
    reason: str | None,
    before: int | None,
    limit: int,
    only_open: bool = False,
) -> list[dict[str, Any]]:
    """Return at most `limit` dead letters with an id under `before`, newest first, no bytes."""
    wanted = {
        "source": source,
        "reason": reason,
        "before": before,
        "limit": limit,
        "open": only_open,
    }
    return conn.execute(SQL["page"], wanted).fetchall()


def one(conn: Conn, letter_id: int) -> Letter:
    """Return a dead letter with its bytes.

    Raises:
        NotFoundError: it was never there, or is older than IOC_DEAD_LETTER_DAYS.
    """
    row = conn.execute(SQL["one"], {"id": letter_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no dead letter {letter_id} (any more)")
    raw, _ = bytes(row.pop("raw")), row.pop("key")
    return Letter(row, raw, _headers(row.pop("headers")))


def mark_seen(conn: Conn, letter_id: int, now: datetime) -> None:
    """Note that somebody has looked at its bytes."""
    conn.execute(SQL["mark_seen"], {"id": letter_id, "now": now})


def mark_retried(conn: Conn, ids: Sequence[int], by: str, now: datetime) -> None:
    """Note who published them again."""
    conn.execute(SQL["mark_retried"], {"ids": list(ids), "by": by, "now": now})


def groups(conn: Conn, start: datetime | None, end: datetime | None) -> list[dict[str, Any]]:
    """Return what waits, by source, reason and detail: the group with the newest letter first."""
    wanted = {"from": start, "to": end, "scanned": SCANNED_MAX, "limit": GROUPS_MAX}
    return conn.execute(SQL["groups"], wanted).fetchall()


def chosen(conn: Conn, of: Sequence[int] | Group, limit: int) -> list[int]:
    """Return the ids of those that still wait among these or in this group, oldest first."""
    group = of if isinstance(of, Group) else None
    wanted = {
        "ids": None if isinstance(of, Group) else list(of),
        "source": group and group.source,
        "reason": group and group.reason,
        "detail": group and group.detail,
        "after": group.after if group else 0,
        "newest": group.newest if group else ID_MAX,
        "from": group and group.start,
        "to": group and group.end,
        "limit": limit,
    }
    return [row["id"] for row in conn.execute(SQL["chosen"], wanted)]


def some(conn: Conn, ids: Sequence[int]) -> list[Letter]:
    """Return those that still wait, with their bytes, oldest first."""
    return _letters(conn, SQL["some"], ids)


def held(conn: Conn, ids: Sequence[int]) -> list[Letter]:
    """Return the same, locked until the transaction ends; without what another holds."""
    return _letters(conn, SQL["held"], ids)


def discard(conn: Conn, ids: Sequence[int], by: str, why: str, now: datetime) -> int:
    """Give up what still waits among these; return how many. Their bytes stay until they expire."""
    wanted = {"ids": list(ids), "by": by, "why": why, "now": now}
    return conn.execute(SQL["discard"], wanted).rowcount


def _letters(conn: Conn, query: LiteralString, ids: Sequence[int]) -> list[Letter]:
    return [
        Letter(row, bytes(row.pop("raw")), _headers(row.pop("headers")))
        for row in conn.execute(query, {"ids": list(ids)}).fetchall()
    ]


def _headers(stored: Sequence[Sequence[str]]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, b64decode(value)) for name, value in stored)
