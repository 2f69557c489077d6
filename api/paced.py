"""Values that many ask for and few read: each is read again only as often as it can be paid for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from connectors.timescale.database import Conn
from ioc.errors import DatabaseUnavailableError

T = TypeVar("T")

#: A part that took 10 ms is read again after 200 ms at the earliest: the screens together never
#: take more than a twentieth of one database core, however large the province has grown.
PACE = 20
#: But never older than this.
AGE_MAX_S = 10.0
#: Who finds another thread reading waits so long, then takes what was read last.
TURN_S = 2.0
#: How old that may be; older numbers are worse than none.
LAST_READ_AGE_MAX_S = 60.0


def rest_s(took_s: float, most_s: float = AGE_MAX_S) -> float:
    """Return how long what took so long to read is not read again."""
    return min(took_s * PACE, most_s)


class Paced(Generic[T]):
    """A value that is read again only after `PACE` times as long as the reading took.

    `every_s` is for what would be dear even so: it is kept at least that long.
    """

    def __init__(self, read: Callable[[Conn, datetime], T], every_s: float = 0.0) -> None:
        self._read = read
        self._every_s = every_s
        self._value: T | None = None
        self._stale_at = 0.0

    def value(self, conn: Conn, now: datetime) -> T:
        """Return the value, read at `now` or a moment ago."""
        if self._value is None or time.monotonic() >= self._stale_at:
            started = time.monotonic()
            self._value = self._read(conn, now)
            ended = time.monotonic()
            self._stale_at = ended + max(rest_s(ended - started), self._every_s)
        return self._value

    def forget(self) -> None:
        """Read again the next time."""
        self._stale_at = 0.0


class Shared(Generic[T]):
    """What all callers of one process read together; thread-safe, one reading at a time.

    `what` is how the error names it: "the sources".
    """

    def __init__(self, read: Callable[[datetime], T], what: str) -> None:
        self._read = read
        self._what = what
        self._lock = threading.Lock()
        self._last: tuple[float, T] | None = None

    def read(self, now: datetime) -> T:
        """Return what is read now; what was read last while another thread is still reading.

        Raises:
            DatabaseUnavailableError: it cannot be read, or the last reading is over a minute old.
        """
        if not self._lock.acquire(timeout=TURN_S):
            last = self._last
            if last is None or time.monotonic() - last[0] > LAST_READ_AGE_MAX_S:
                raise DatabaseUnavailableError(f"{self._what} could not be read in time")
            return last[1]
        try:
            value = self._read(now)
            self._last = (time.monotonic(), value)
            return value
        finally:
            self._lock.release()
