"""How urgent an alarm is: four priorities, as in ISA-18.2."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """Priority 1 (`critical`) to 4 (`low`)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def priority(self) -> int:
        """1 is the most urgent."""
        return _PRIORITIES[self]


_PRIORITIES = {severity: n for n, severity in enumerate(Severity, start=1)}
