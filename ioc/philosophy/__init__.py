"""What the house has decided about alarms in general (the «alarm philosophy» of ISA-18.2).

Only values; `ioc.philosophy.reading` reads them from a file.
"""

from __future__ import annotations

from ioc.philosophy.philosophy import (
    ChatterLimits,
    FloodLimits,
    Philosophy,
    Position,
    Target,
)

__all__ = ["ChatterLimits", "FloodLimits", "Philosophy", "Position", "Target"]
