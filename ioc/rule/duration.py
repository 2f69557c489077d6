"""Kind `duration`: a condition that has held for a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Duration:
    """It raises when the condition has held for so long, in event time."""

    held: timedelta
