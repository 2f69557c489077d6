"""Durations that add up: histograms whose percentiles are within 1 % and can be summed at will.

Bins grow by a constant ratio (as in DDSketch, Masson et al., VLDB 2019): bin b holds the values in
(RATIO**(b-1), RATIO**b] milliseconds, and its middle is never further than 1 % from any of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

ACCURACY = 0.01
RATIO = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_RATIO = math.log(RATIO)
#: Durations under a millisecond, zero included, share this bin.
ZERO_BIN = -1


class Cell(NamedTuple):
    """One row of `durations_1m`; `minute` is the one in which the duration ended."""

    minute: datetime
    metric: str
    office: str
    area: str
    bin: int


def bin_of(duration_ms: int) -> int:
    """Return the bin of a duration."""
    return ZERO_BIN if duration_ms < 1 else math.ceil(math.log(duration_ms) / _LOG_RATIO)


def middle_ms(bin_number: int) -> float:
    """Return the value that stands for a bin, in milliseconds."""
    if bin_number == ZERO_BIN:
        return 0.0
    return 2 * RATIO**bin_number / (RATIO + 1)


def percentile_ms(bins: Mapping[int, int], share: float) -> float | None:
    """Return the nearest-rank percentile of a histogram (bin -> n); None when it is empty."""
    total = sum(bins.values())
    if total == 0:
        return None
    rank = max(1, math.ceil(share * total))
    seen = 0
    for number in sorted(bins):
        seen += bins[number]
        if seen >= rank:
            return middle_ms(number)
    raise AssertionError("a rank is never beyond the total")


class Duration(NamedTuple):
    """One measured duration, where and when it ended."""

    metric: str
    office: str
    area: str
    ended_at: datetime
    duration_ms: int

    def cell(self) -> Cell:
        """Return the histogram row that counts it."""
        minute = self.ended_at.replace(second=0, microsecond=0)
        return Cell(minute, self.metric, self.office, self.area, bin_of(self.duration_ms))


def change(before: Iterable[Duration], after: Iterable[Duration]) -> dict[Cell, tuple[int, int]]:
    """Return what to add to each row (n, sum_ms) so that it counts `after` instead of `before`."""
    net = Counter(after)
    net.subtract(before)
    totals: dict[Cell, tuple[int, int]] = {}
    for duration, times in net.items():
        if times:  # most that were counted before are still
            cell = duration.cell()
            n, sum_ms = totals.get(cell, (0, 0))
            totals[cell] = (n + times, sum_ms + times * duration.duration_ms)
    return {cell: total for cell, total in totals.items() if total != (0, 0)}
