"""Incidents and their evidence as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.timescale.database import Conn
from ioc.alarm import Transition
from ioc.incident import IncidentRule

#: Held alone by who adds evidence (architecture.md, rule 8).
INCIDENTS_LOCK = 7_109


def link(
    conn: Conn, rules: Sequence[IncidentRule], steps: Sequence[Transition], now: datetime
) -> list[Transition]:
    """Add the evidence of these steps; return the steps of alarms that joined an incident."""
    return []
