"""Ends a worker that looks alive but moves nothing (faust-streaming #175, #640): it is restarted.

It lives in a thread of its own, because what it watches for is an event loop that stands still.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

log = logging.getLogger(__name__)

EXIT_STUCK = 70  # EX_SOFTWARE: whoever started us starts us again
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One partition: the stored position, what is waiting, and since when that position stands."""

    position: int
    lag: int
    since_s: float


def followed(
    before: Mapping[str, Standing], seen: Mapping[str, tuple[int, int]], now_s: float
) -> dict[str, Standing]:
    """Return what is known after a look at (position, lag) of each partition.

    The clock of a partition starts anew whenever it moves or has nothing to do.
    """
    after = {}
    for name, (position, lag) in seen.items():
        known = before.get(name)
        stands = known is not None and known.position == position and known.lag > 0 and lag > 0
        since_s = known.since_s if known is not None and stands else now_s
        after[name] = Standing(position, lag, since_s)
    return after


def stuck(standings: Mapping[str, Standing], now_s: float, limit_s: float) -> list[str]:
    """Return the partitions that have had work and not moved for longer than the limit."""
    return [
        name
        for name, standing in sorted(standings.items())
        if standing.lag > 0 and now_s - standing.since_s > limit_s
    ]


class Watchdog(threading.Thread):
    """Looks each second; while `excused` (the database is away), standing still is right."""

    def __init__(
        self,
        look: Callable[[], Mapping[str, tuple[int, int]]],
        excused: Callable[[], bool],
        limit_s: float,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._look = look
        self._excused = excused
        self._limit_s = limit_s
        self._ended = threading.Event()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()

    def run(self) -> None:
        """Look until stopped; end the process when something is stuck."""
        standings: dict[str, Standing] = {}
        while not self._ended.wait(LOOK_EVERY_S):
            if self._excused():
                standings = {}
                continue
            now_s = monotonic()
            standings = followed(standings, self._look(), now_s)
            names = stuck(standings, now_s, self._limit_s)
            if names:
                log.critical(
                    "nothing moves on %s for %.0f s though records are waiting; ending this worker "
                    "so that it is started again",
                    ", ".join(names),
                    self._limit_s,
                    extra={"action": "end_stuck_worker"},
                )
                logging.shutdown()
                os._exit(EXIT_STUCK)
