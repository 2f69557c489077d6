"""Kind `rate`: much more, or much less, than at other times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """Events in `window` against the same hour of `weeks` weeks, or the window just before.

    `against` is weeks or before; `above` and `below` are multiples of it. `least` events must be
    there (for `below`: in what it is compared with).
    """

    window: timedelta
    against: str
    weeks: int = 4
    above: float | None = None
    below: float | None = None
    least: int = 1
