"""Kind `sla`: somebody waits too long, or a due date is near or past, on the working calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ioc.working_calendar import Working


@dataclass(frozen=True, slots=True)
class Sla:
    """One of these: a ticket is `waiting` so long, a due date `is_past`, is `due_within` a span, or
    a report is open so long `after_opened`. All in working time.
    """

    waiting: timedelta | Working | None = None
    is_past: bool = False
    due_within: timedelta | Working | None = None
    after_opened: timedelta | Working | None = None
