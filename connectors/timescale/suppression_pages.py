"""The ledger: suppressions, what they hide, and what is hidden in any way; page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from connectors.timescale import suppressions
from connectors.timescale.alarms import from_row as alarm_of
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from connectors.timescale.suppressions import from_row
from ioc.alarm import Alarm
from ioc.rule.document import DocumentError, read
from ioc.rule.notes import Notes
from ioc.severity import Severity
from ioc.suppression import Inhibition, Kind, PlantState, Suppression
from ioc.suppression.reading import read_plant_states

SQL = queries("suppression_pages")

_NOT_CRITICAL = tuple(each.value for each in Severity if each is not Severity.CRITICAL)


def lock_to_hide(conn: Conn, of: Suppression, after: tuple[str, str], limit: int) -> list[Alarm]:
    """Return the next open alarms that it hides, locked, by rule and key.

    Those on a shelf or out of service stay there.
    """
    words = {
        name: sorted(getattr(of.matcher, name))
        for name in ("rules", "areas", "devices", "keys", "sources")
    }
    # Priority 1 only when it is named (ioc.suppression.Suppression.hides).
    severities = sorted(of.matcher.severities) or _NOT_CRITICAL
    rows = conn.execute(
        SQL["to_hide"],
        {
            **words,
            "severities": [str(each) for each in severities],
            "parent_alarm": of.parent_alarm,
            "rule": after[0],
            "key": after[1],
            "limit": limit,
        },
        prepare=False,
    )
    return [alarm_of(row) for row in rows]


def lock_to_release(conn: Conn, suppression_id: UUID, limit: int) -> list[Alarm]:
    """Return hidden alarms that name it as a reason, locked; the most urgent of all first."""
    rows = conn.execute(
        SQL["to_release"], {"reason": Jsonb([{"id": str(suppression_id)}]), "limit": limit}
    )
    return [alarm_of(row) for row in rows]


def follow_inhibitions(conn: Conn, inhibitions: Sequence[Inhibition], now: datetime) -> None:
    """Make these the inhibitions in force, also for alarms that are active already.

    What one that was withdrawn or changed has hidden is let go, unless another hides it.
    """
    kept: frozenset[UUID] = frozenset()
    if inhibitions:
        # A parent that names no rule can be any alarm.
        names = [each.parent.rules for each in inhibitions]
        rules = sorted(frozenset[str]().union(*names)) if all(names) else None
        rows = conn.execute(SQL["active_parents"], {"rules": rules}, prepare=False)
        kept = suppressions.begin_of(conn, inhibitions, [alarm_of(row) for row in rows], now)
    for row in conn.execute(SQL["open_inhibitions"]).fetchall():
        if row["id"] not in kept:
            suppressions.end(conn, row["id"], row["name"], None, now)


# The ledger ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogLine:
    """One step of a suppression; `alarms` is how many it hid or let go."""

    at: datetime
    type: str
    by: str | None
    comment: str | None
    alarms: int | None


@dataclass(frozen=True, slots=True)
class HiddenCounts:
    """How many open alarms are hidden, by reason, and how many of them would ring otherwise."""

    by_reason: dict[str, int]
    would_ring: int


def page(
    conn: Conn,
    *,
    kind: Kind | None,
    is_ended: bool | None,
    area: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Suppression]:
    """Return suppressions, newest first; None: of all."""
    rows = conn.execute(
        SQL["page"],
        {
            "kind": kind and kind.value,
            "is_ended": is_ended,
            "area": area,
            "created_at": after and after[0],
            "id": after and after[1],
            "limit": limit,
        },
        prepare=False,
    )
    return [from_row(row) for row in rows]


def log(conn: Conn, suppression_id: UUID, limit: int) -> list[LogLine]:
    """Return the newest steps of a suppression, oldest first."""
    rows = conn.execute(SQL["log"], {"id": suppression_id, "limit": limit})
    return [LogLine(**row) for row in rows]


def hidden_counts(conn: Conn, area: str | None = None) -> HiddenCounts:
    """Return what is hidden of one area, or of all; every reason is there."""
    found = dict.fromkeys(REASONS, 0)
    would_ring = 0
    for row in conn.execute(SQL["hidden_counts"], {"area": area}, prepare=False):
        found[row["reason"]] += row["n"]
        would_ring += row["would_ring"]
    return HiddenCounts(found, would_ring)


#: Why an alarm is hidden; each counts once, by the strongest reason that it has.
REASONS = ("shelved", *(kind.value for kind in Kind), "folded")


def hidden_page(
    conn: Conn, area: str | None, after: tuple[int, datetime, UUID] | None, limit: int
) -> list[tuple[Alarm, datetime | None]]:
    """Return hidden alarms, most urgent first, then newest; each with since when it is."""
    rows = conn.execute(
        SQL["hidden_page"],
        {
            "area": area,
            "priority": after and after[0],
            "raised_at": after and after[1],
            "id": after and after[2],
            "limit": limit,
        },
        prepare=False,
    )
    found = [alarm_of(row) for row in rows]
    return list(zip(found, _since(conn, [alarm.id for alarm in found]), strict=True))


def _since(conn: Conn, ids: Sequence[UUID]) -> list[datetime | None]:
    rows = conn.execute(SQL["since"], {"ids": list(ids)})
    known = {row["alarm_id"]: row["at"] for row in rows}
    return [known.get(alarm_id) for alarm_id in ids]


def plant_state(conn: Conn, name: str) -> PlantState | None:
    """Return a state of plant that the site knows; None when it knows none of this name."""
    row = conn.execute(SQL["plant_state"], {"id": name}).fetchone()
    if row is None or row["body"] is None:
        return None
    notes = Notes(name)
    try:
        node = read(f"[{row['body']}]")
    except DocumentError:
        return None
    found = read_plant_states(node, notes) if node is not None else []
    return found[0] if found else None
