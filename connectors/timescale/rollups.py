"""Counting events by minute, by source, area, kind and severity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.timescale import staging
from connectors.timescale.database import Conn
from connectors.timescale.intake import Placed
from connectors.timescale.sql import queries
from ioc.area import PROVINCE_CODE

SQL = queries("rollups")

#: (source, area, kind, severity); no severity is an empty text.
Words = tuple[str, str, str, str]
#: A cell is a minute and the number of a series (32 bits), in one integer.
_SERIES_BITS = 32
_SERIES_MASK = 2**32 - 1
_MINUTE_US = 60_000_000
#: Beyond this many the memory starts anew; it only saves reads.
SERIES_MAX = 200_000


class Rollups:
    """Counts, and remembers the numbers of series so as not to ask for them again.

    The memory is a cache of the table: `forget` it whenever a transaction did not commit.
    """

    def __init__(self) -> None:
        self._series: dict[Words, int] = {}

    def forget(self) -> None:
        """Drop the cache."""
        self._series.clear()

    def count(self, conn: Conn, rows: Sequence[Placed]) -> None:
        """Count new events."""
        if not rows:
            return
        moments = staging.moments([row.event.time for row in rows])
        minutes = moments.view(pa.int64()).to_numpy() // _MINUTE_US
        found = minutes << _SERIES_BITS | self._numbers(conn, rows)
        partitions = np.array([row.partition for row in rows])
        for partition in np.unique(partitions).tolist():
            cells, ns = np.unique(found[partitions == partition], return_counts=True)
            conn.execute(
                SQL["count"],
                {
                    "partition": partition,
                    "minute": (cells >> _SERIES_BITS).tolist(),
                    "series": (cells & _SERIES_MASK).tolist(),
                    "n": ns.tolist(),
                },
            )

    def _numbers(self, conn: Conn, rows: Sequence[Placed]) -> NDArray[np.int64]:
        """Return the number of each row's series."""
        words = [
            (event.source, event.area or PROVINCE_CODE, event.kind, event.severity or "")
            for event in [row.event for row in rows]
        ]
        series = self._series
        try:
            return np.array([series[each] for each in words])
        except KeyError:
            self._learn(conn, set(words))
            return np.array([series[each] for each in words])

    def _learn(self, conn: Conn, words: set[Words]) -> None:
        unknown = sorted(words.difference(self._series))
        if len(self._series) + len(unknown) > SERIES_MAX:
            self._series.clear()
            unknown = sorted(words)
        source, area, kind, severity = map(list, zip(*unknown, strict=True))
        asked = {"source": source, "area": area, "kind": kind, "severity": severity}
        conn.execute(SQL["add_series"], asked)
        for row in conn.execute(SQL["find_series"], asked):
            key = (row["source"], row["area"], row["kind"], row["severity"])
            self._series[key] = row["id"]
