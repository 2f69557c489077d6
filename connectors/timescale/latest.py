"""The newest word: when each device was last heard, and how each citizen's report stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from connectors.timescale import staging
from connectors.timescale.database import Conn
from connectors.timescale.intake import Placed
from connectors.timescale.sql import queries
from ioc.health import SEEN_GRAIN

SQL = queries("latest")

#: Beyond this many devices the cache starts anew; it only saves writes.
DEVICES_MAX = 200_000


class _Seen(NamedTuple):
    area: str
    lat: float | None
    lon: float | None
    first: datetime
    last: datetime


class _Word(NamedTuple):
    """What a row of `reports` says."""

    report: str
    area: str
    category: str
    status: str
    status_at: datetime
    opened_at: datetime | None
    due_at: datetime | None
    due_set_at: datetime | None
    emergency: bool
    event_id: bytes


class Devices:
    """Writes devices, and remembers what it wrote so as not to write it again at once.

    The memory is a cache of the table: `forget` it whenever a transaction did not commit.
    """

    def __init__(self) -> None:
        #: When each device was last heard, by source.
        self._written: dict[str, dict[str, datetime]] = {}

    def forget(self) -> None:
        """Drop the cache."""
        self._written.clear()

    def see(self, conn: Conn, rows: Sequence[Placed]) -> None:
        """Store when and where devices of one source were heard."""
        if not rows:
            return
        source = rows[0].event.source
        written = self._written.setdefault(source, {})
        seen = _newly_seen(rows, written)
        if not seen:
            return
        devices = [(source, device, *seen[device]) for device in sorted(seen)]
        staging.DEVICES.fill_rows(conn, devices)
        conn.execute(SQL["see_devices"])
        if sum(map(len, self._written.values())) + len(seen) > DEVICES_MAX:
            self._written = {source: (written := {})}
        written.update({device: found.last for device, found in seen.items()})


def _newly_seen(rows: Sequence[Placed], written: Mapping[str, datetime]) -> dict[str, _Seen]:
    """Return when and where devices were heard, of those that were not written just now."""
    seen: dict[str, _Seen] = {}
    for row in rows:
        event = row.event
        if event.device is None:
            continue
        last = written.get(event.device)
        if last is not None and -SEEN_GRAIN < event.time - last < SEEN_GRAIN:
            continue
        found = seen.get(event.device)
        if found is None:
            seen[event.device] = _Seen(row.area, event.lat, event.lon, event.time, event.time)
        elif event.time < found.first:
            seen[event.device] = found._replace(first=event.time)
        elif event.time > found.last:
            seen[event.device] = _Seen(
                row.area,
                found.lat if event.lat is None else event.lat,
                found.lon if event.lon is None else event.lon,
                found.first,
                event.time,
            )
    return seen


def hear_reports(conn: Conn, rows: Sequence[Placed]) -> None:
    """Store the newest word on each citizen's report, whatever order they come in."""
    if not rows or rows[0].event.source != "citizen":
        return
    heard: dict[str, _Word] = {}
    for row in rows:
        word = _word(row)
        known = heard.get(word.report)
        heard[word.report] = word if known is None else _joined(known, word)
    staging.REPORTS.fill_rows(conn, [heard[report] for report in sorted(heard)])
    conn.execute(SQL["hear_reports"])


def _word(row: Placed) -> _Word:
    event, data = row.event, row.event.data
    due_at = data.get("due_at")
    return _Word(
        data["report"],
        row.area,
        data["category"],
        data["status"],
        event.time,
        event.time if data["status"] == "open" else None,
        due_at,
        None if due_at is None else event.time,
        data.get("emergency") is True,
        bytes.fromhex(event.id),
    )


def _joined(one: _Word, other: _Word) -> _Word:
    """Return one word that says the same as two on one report."""
    words = (one, other)
    newest = max(words, key=lambda word: (word.status_at, word.event_id))
    dues = [(word.due_set_at, word.due_at) for word in words if word.due_set_at and word.due_at]
    due_set_at, due_at = max(dues, default=(None, None))
    return newest._replace(
        opened_at=min((word.opened_at for word in words if word.opened_at), default=None),
        due_at=due_at,
        due_set_at=due_set_at,
        emergency=one.emergency or other.emergency,
    )
