"""What is said about many measured values."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value that `share` of all do not exceed (nearest rank); `ordered` ascends."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
