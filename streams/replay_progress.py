"""How far a replay is: in words, and as a share of the work that is before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: A second that passes costs as much as so many events: the scans that look meanwhile.
EVENTS_A_SECOND = 4.0
_SECOND = timedelta(seconds=1)
#: Of the whole: what is read before the runs, and compared after them; the runs share the rest.
READ, COMPARED = 0.02, 0.02
RUN = (1 - READ - COMPARED) / 2


class Phase(StrEnum):
    """What it does just now; `now` and `draft` are the rules that run."""

    PREPARING = "preparing"
    WARMING_UP_NOW = "warming_up_now"
    PLAYING_BACK_NOW = "playing_back_now"
    WARMING_UP_DRAFT = "warming_up_draft"
    PLAYING_BACK_DRAFT = "playing_back_draft"
    COMPARING = "comparing"


@dataclass(frozen=True, slots=True)
class Work:
    """What one run has before it: events, and time from the first of them to the end."""

    events: int
    first_at: datetime | None
    until: datetime

    def share(self, heard: int, at: datetime) -> float:
        """Return how much is done, 0 to 1, once so many were heard and time has come to `at`.

        Before the first event time passes for nothing: nobody knows anything yet.
        """
        if self.first_at is None:
            return 0.0
        whole = _cost(self.events, self.until - self.first_at)
        return min(max(_cost(heard, at - self.first_at) / whole, 0.0), 1.0) if whole > 0 else 0.0


def _cost(events: int, passed: timedelta) -> float:
    return events + EVENTS_A_SECOND * (passed / _SECOND)
