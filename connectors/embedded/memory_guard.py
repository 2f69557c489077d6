"""When the embedded broker, which keeps everything in memory, is to be emptied."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

#: Of the limit; what is on its way while producers notice must still fit.
NEAR = 0.9
#: Producers look once a second; a request that they began before must also be through.
GRACE_S = 3.0
CHECK_INTERVAL_S = 1.0
#: One look can fall between two batches.
DRAINED_LOOKS = 2
REMIND_INTERVAL_S = 60.0


class Advice(StrEnum):
    """What to do about the broker now."""

    NOTHING = "nothing"
    HOLD_PRODUCERS = "hold_producers"
    STILL_DRAINING = "still_draining"
    RENEW = "renew"


class MemoryGuard:
    """Watches the broker's memory: near the limit producers are held, drained it is renewed.

    `resident_mib` tells the broker's memory, `drained` whether the workers have stored all that it
    holds. Times are monotonic seconds.
    """

    def __init__(
        self, limit_mib: int, resident_mib: Callable[[], float], drained: Callable[[], bool]
    ) -> None:
        self._near_mib = limit_mib * NEAR
        self._resident_mib = resident_mib
        self._drained = drained
        self._held_since_s: float | None = None
        self._drained_looks = 0
        self._reminded_s = 0.0
        self._looked_s = float("-inf")

    def look(self, now_s: float) -> Advice:
        """Return what to do; call it as often as you like, it looks once a second."""
        if now_s - self._looked_s < CHECK_INTERVAL_S:
            return Advice.NOTHING
        self._looked_s = now_s
        if self._held_since_s is not None:
            return self._look_while_held(now_s, self._held_since_s)
        if self._resident_mib() < self._near_mib:
            return Advice.NOTHING
        self._held_since_s = self._reminded_s = now_s
        return Advice.HOLD_PRODUCERS

    def _look_while_held(self, now_s: float, since_s: float) -> Advice:
        if now_s - since_s < GRACE_S:
            return Advice.NOTHING
        self._drained_looks = self._drained_looks + 1 if self._drained() else 0
        if self._drained_looks >= DRAINED_LOOKS:
            return Advice.RENEW
        if now_s - self._reminded_s >= REMIND_INTERVAL_S:
            self._reminded_s = now_s
            return Advice.STILL_DRAINING
        return Advice.NOTHING

    def reset(self) -> None:
        """Start over with an empty broker."""
        self._held_since_s, self._drained_looks = None, 0
