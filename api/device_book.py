"""Every device as a map draws it, read for all who look, with the moment of its last change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.paced import Shared, rest_s
from connectors.timescale import devices as stored
from connectors.timescale.database import Database
from connectors.timescale.devices import Point
from ioc.health import SILENT_AFTER, silent_after

#: Three times the largest province that this is made for; what is beyond it is told as left out.
DEVICES_MAX = 200_000
#: Another process reads at other moments: what changed this long before is told once more.
OVERLAP = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Devices:
    """What was read at one moment; `changed_at` of a device is when we saw it change."""

    as_of: datetime
    #: Since when changes are known; before it, everything counts as changed.
    known_since: datetime
    is_complete: bool
    changed_at: dict[Point, datetime]

    def since(self, at: datetime | None) -> Iterator[Point]:
        """Yield the devices that are new, moved, or became silent or were heard again since."""
        if at is None or at < self.known_since:
            yield from self.changed_at
            return
        for point, changed_at in self.changed_at.items():
            if changed_at >= at - OVERLAP:
                yield point


class DeviceBook:
    """Reads the devices for all callers of one process; thread-safe, one reading at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared = Shared(self._paced, "the devices")
        self._last: Devices | None = None
        self._stale_at = 0.0

    def read(self, now: datetime) -> Devices:
        """Return the devices, as fresh as the reading's cost allows.

        Raises:
            DatabaseUnavailableError: they cannot be read, nor were they within the last minute
                while another thread is still trying.
        """
        return self._shared.read(now)

    def _paced(self, now: datetime) -> Devices:
        # Not `Paced`, which wants a connection: what is fresh enough is there without a database.
        if self._last is None or time.monotonic() >= self._stale_at:
            started = time.monotonic()
            self._last = self._read(now)
            ended = time.monotonic()
            self._stale_at = ended + rest_s(ended - started)
        return self._last

    def _read(self, now: datetime) -> Devices:
        # A device that does not look as before is not among the known ones: it has changed now.
        before = self._last.changed_at if self._last else {}
        cutoffs = {source: now - after for source, after in SILENT_AFTER.items()}
        with self._database.reading() as conn:
            found = stored.points(conn, cutoffs, now - silent_after(""), DEVICES_MAX + 1)
            changed_at = {point: before.get(point, now) for point in found}
        is_complete = len(changed_at) <= DEVICES_MAX
        if not is_complete:
            changed_at.popitem()
        known_since = self._last.known_since if self._last else now
        return Devices(now, known_since, is_complete, changed_at)
