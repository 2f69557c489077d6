"""Alarms that a suppression hides, page by page."""

from __future__ import annotations

from uuid import UUID

from psycopg.types.json import Jsonb

from connectors.timescale.alarms import from_row as alarm_of
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.alarm import Alarm
from ioc.severity import Severity
from ioc.suppression import Suppression

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
