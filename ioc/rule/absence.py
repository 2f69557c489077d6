"""Kind `absence`: a device, or many of an area, have said nothing for a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Absence:
    """`of` is device or area; nothing was heard for `silent_for` (YAML: `for`), in stream time.

    For an area: the share of its devices that were heard, in percent, falls under `heard_below` and
    clears from `heard_above`; areas with fewer than `least` devices are not judged.
    """

    of: str
    silent_for: timedelta
    heard_below: float = 1.0
    heard_above: float = 1.0
    least: int = 1
