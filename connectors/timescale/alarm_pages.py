"""Alarms in lists: filtered, searched, page by page; and the life of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.timescale.alarms import from_row
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.alarm import Alarm
from ioc.severity import Severity

SQL = queries("alarm_pages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which alarms; None means all.

    `words` is a tsquery over title and device without marks; `named` are areas whose name was
    searched: an alarm in one of them is found, too.
    """

    states: list[str] | None = None
    severities: list[str] | None = None
    area: str | None = None
    sources: list[str] | None = None
    rules: list[str] | None = None
    incident: UUID | None = None
    folded: bool | None = None
    latched: bool | None = None
    words: str | None = None
    named: tuple[str, ...] = ()

    def params(self) -> dict[str, Any]:
        """Return them as parameters of a query."""
        return {
            "states": self.states,
            "severities": self.severities,
            "area": self.area,
            "sources": self.sources,
            "rules": self.rules,
            "incident": self.incident,
            "folded": self.folded,
            "latched": self.latched,
            "words": self.words,
            "named": list(self.named),
        }


@dataclass(frozen=True, slots=True)
class After:
    """The alarm that the page before ended with."""

    priority: int
    raised_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One step in an alarm's life."""

    seq: int
    at: datetime
    type: str
    from_state: str
    to_state: str
    by: str | None
    comment: str | None


def open_page(conn: Conn, wanted: Wanted, after: After | None, limit: int) -> list[Alarm]:
    """Return open alarms, most urgent first, then newest."""
    return _page(conn, "open_page", wanted, after, limit)


def page(conn: Conn, wanted: Wanted, after: After | None, limit: int) -> list[Alarm]:
    """Return alarms in any of `wanted.states`, open or over, newest first."""
    return _page(conn, "page", wanted, after, limit)


def _page(conn: Conn, query: str, wanted: Wanted, after: After | None, limit: int) -> list[Alarm]:
    params = {
        **wanted.params(),
        "priority": after and after.priority,
        "raised_at": after and after.raised_at,
        "id": after and after.id,
        "limit": limit,
    }
    # Never prepared: each set of filters wants its own plan.
    return [from_row(row) for row in conn.execute(SQL[query], params, prepare=False)]


def first_out(conn: Conn, alarms: Sequence[Alarm]) -> frozenset[UUID]:
    """Return the first alarm in sight of each group (rule and area) of these; one is no group."""
    groups = sorted({(alarm.rule, alarm.area or "") for alarm in alarms if alarm.is_open})
    if not groups:
        return frozenset()
    rows = conn.execute(
        SQL["first_out"],
        {"rules": [rule for rule, _ in groups], "areas": [area or None for _, area in groups]},
    )
    return frozenset(row["id"] for row in rows)


def groups(
    conn: Conn, area: str | None, sources: Sequence[str] | None, limit: int
) -> list[dict[str, Any]]:
    """Return the groups of open alarms in sight, most urgent first, then oldest."""
    params = {"area": area, "sources": sources, "limit": limit}
    rows = conn.execute(SQL["groups"], params, prepare=False)
    worst = list(Severity)
    return [
        {
            "rule": row["rule"],
            "area": row["area"],
            "n": row["n"],
            "worst": worst[row["priority"] - 1],
            "first_out": str(row["first_out"]),
            "oldest_at": row["oldest_at"],
            "folded": row["folded"],
        }
        for row in rows
    ]


def last_change(conn: Conn, alarm_id: UUID) -> LogEntry | None:
    """Return the newest step of an alarm's life; None when it has none."""
    row = conn.execute(SQL["last_change"], {"id": alarm_id}).fetchone()
    return LogEntry(**row) if row else None


def one(conn: Conn, alarm_id: UUID) -> Alarm | None:
    """Return one alarm; None when there is none with this id."""
    row = conn.execute(SQL["one"], {"id": alarm_id}).fetchone()
    return from_row(row) if row else None


def severity_at(conn: Conn, alarm_id: UUID, version: int) -> Severity | None:
    """Return how severe an alarm was at a version; None when there was none."""
    row = conn.execute(SQL["severity_at"], {"id": alarm_id, "version": version}).fetchone()
    return Severity(row["severity"]) if row else None


def log(conn: Conn, alarm_id: UUID, after: int, limit: int) -> list[LogEntry]:
    """Return the steps of one alarm's life after a number of the log, oldest first."""
    rows = conn.execute(SQL["log"], {"id": alarm_id, "after": after, "limit": limit})
    return [LogEntry(**row) for row in rows]
