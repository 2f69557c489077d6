"""Suppressions as rows, with their log; what is hidden now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.timescale.database import Conn
from ioc.alarm import Transition
from ioc.suppression import Inhibition, Suppression

#: Who rings holds it shared, who begins or ends a suppression alone (architecture.md, rule 8).
SUPPRESSIONS_LOCK = 7_110


def live(conn: Conn, now: datetime) -> list[Suppression]:
    """Return what hides at `now` (wall time); from here to COMMIT none begins or ends."""
    return []


def inhibit(
    conn: Conn, rules: Sequence[Inhibition], steps: Sequence[Transition], now: datetime
) -> None:
    """Begin and end what alarms that became active, or are not any more, hide of others."""
