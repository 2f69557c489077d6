"""The newest word: when each device was last heard, and how each citizen's report stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.timescale.database import Conn
from connectors.timescale.intake import Placed
from connectors.timescale.sql import as_rows, queries

SQL = queries("latest")

#: A device heard again within this time is not written again: `last_seen` is that exact.
SEEN_GRAIN = timedelta(seconds=15)
#: Beyond this many devices the cache starts anew; it only saves writes.
DEVICES_MAX = 200_000


class _Seen(NamedTuple):
    area: str
    lat: float | None
    lon: float | None
    first: datetime
    last: datetime


class Devices:
    """Writes devices, and remembers what it wrote so as not to write it again at once.

    The memory is a cache of the table: `forget` it whenever a transaction did not commit.
    """

    def __init__(self) -> None:
        self._written: dict[tuple[str, str], datetime] = {}

    def forget(self) -> None:
        """Drop the cache."""
        self._written.clear()

    def see(self, conn: Conn, rows: Sequence[Placed]) -> None:
        """Store when and where devices were heard."""
        seen: dict[tuple[str, str], _Seen] = {}
        written = self._written
        for row in rows:
            event = row.event
            if event.device is None:
                continue
            key = (event.source, event.device)
            last = written.get(key)
            if last is not None and last - SEEN_GRAIN < event.time < last + SEEN_GRAIN:
                continue
            found = seen.get(key)
            if found is None:
                seen[key] = _Seen(row.area, event.lat, event.lon, event.time, event.time)
            elif event.time < found.first:
                seen[key] = found._replace(first=event.time)
            elif event.time > found.last:
                seen[key] = _Seen(
                    row.area,
                    found.lat if event.lat is None else event.lat,
                    found.lon if event.lon is None else event.lon,
                    found.first,
                    event.time,
                )
        if not seen:
            return
        _write(conn, seen)
        if len(written) + len(seen) > DEVICES_MAX:
            written.clear()
        written.update((key, found.last) for key, found in seen.items())


def _write(conn: Conn, seen: dict[tuple[str, str], _Seen]) -> None:
    rows = [
        {
            "source": source,
            "device": device,
            "area": found.area,
            "lat": found.lat,
            "lon": found.lon,
            "first_seen": found.first,
            "last_seen": found.last,
        }
        for (source, device), found in sorted(seen.items())
    ]
    conn.execute(SQL["see_devices"], {"devices": as_rows(rows)})


def hear_reports(conn: Conn, rows: Sequence[Placed]) -> None:
    """Store the newest word on each citizen's report, whatever order they come in."""
    if not rows or rows[0].event.source != "citizen":
        return
    heard: dict[str, list[Placed]] = {}
    for row in rows:
        heard.setdefault(row.event.data["report"], []).append(row)
    words = [_folded(heard[report]) for report in sorted(heard)]
    conn.execute(SQL["hear_reports"], {"reports": as_rows(words)})


def _folded(rows: Sequence[Placed]) -> dict[str, object]:
    """Return one row that says the same as several words on one report."""
    ordered = sorted(rows, key=lambda row: (row.event.time, row.event.id))
    newest = ordered[-1]
    opened = [row.event.time for row in ordered if row.event.data["status"] == "open"]
    dues = [
        (row.event.time, row.event.data["due_at"])
        for row in rows
        if row.event.data.get("due_at") is not None
    ]
    due_set_at, due_at = max(dues, default=(None, None))
    return {
        "report": newest.event.data["report"],
        "area": newest.area,
        "category": newest.event.data["category"],
        "status": newest.event.data["status"],
        "status_at": newest.event.time,
        "opened_at": opened[0] if opened else None,
        "due_at": due_at,
        "due_set_at": due_set_at,
        "emergency": any(row.event.data.get("emergency") is True for row in ordered),
        "event_id": newest.event.id,
    }
