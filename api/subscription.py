"""One live view's queue: frames that are already encoded, bounded, never waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import orjson

#: What a view may leave unread. The bytes are shared by all views, so they count once in memory;
#: 8 MiB is some 6,000 alarms.
QUEUE_CHUNKS = 256
QUEUE_BYTES = 8 * 1024 * 1024
#: One write; smaller pieces notice a view that has stopped reading sooner.
WRITE_BYTES = 256 * 1024


class Dropped(StrEnum):
    """Why we end a view."""

    #: What it had not read filled its queue.
    QUEUE_FULL = "queue_full"
    #: One write took too long: the client does not read.
    WRITE_TIMEOUT = "write_timeout"
    #: The database was put back to an earlier state: what the view knows may not be so.
    LOG_RESTORED = "log_restored"


def encoded(value: Any) -> bytes:
    """Return a value as JSON, times in UTC with `Z`."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def event(position: int, name: str, data: bytes) -> bytes:
    """Return one server-sent event; JSON has no line breaks, so the data is one line."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (position, name.encode(), data)


@dataclass(frozen=True, slots=True)
class Frame:
    """One alarm event, encoded once for every view. `area` None: the province's own."""

    seq: int
    area: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames that are queued together; without frames: numbers as of the position `last`."""

    last: int
    data: bytes
    frames: tuple[Frame, ...] = ()

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> Self:
        """Return these frames as one."""
        return cls(frames[-1].seq, b"".join(frame.data for frame in frames), tuple(frames))

    @classmethod
    def numbers(cls, position: int, data: bytes) -> Self:
        """Return tiles, health or a heartbeat."""
        return cls(position, data)

    def after(self, position: int) -> bytes:
        """Return what of it a view has not seen that is at this position."""
        if not self.frames:
            return self.data if self.last >= position else b""
        if self.frames[0].seq > position:
            return self.data
        return b"".join(frame.data for frame in self.frames if frame.seq > position)


class Subscription:
    """What one view is still to be sent. Belongs to the event loop; `put` never waits.

    `position` is where the hub was when it subscribed, then how far the view has been written.
    """

    def __init__(self, area: str | None, position: int) -> None:
        self.area = area
        self.position = position
        #: Why we ended it, for the client; None while it runs and when the client left.
        self.dropped: Dropped | None = None
        self._queue: deque[Chunk] = deque()
        self._bytes = 0
        self._first: list[bytes] = []
        self._wake = asyncio.Event()
        self._closed = False

    def begin(self, position: int, missed: Sequence[Frame]) -> None:
        """Say where the view has been brought to, and what comes before its queue."""
        self.position = max(self.position, position)
        if missed:
            self.first(b"".join(frame.data for frame in missed))

    def first(self, data: bytes) -> None:
        """Send this before the queue."""
        self._first.append(data)
        self._wake.set()

    def put(self, chunk: Chunk) -> None:
        """Queue a chunk; a view with a full queue is dropped instead."""
        if self._closed:
            return
        if len(self._queue) >= QUEUE_CHUNKS or self._bytes + len(chunk.data) > QUEUE_BYTES:
            self.drop(Dropped.QUEUE_FULL)
            return
        self._queue.append(chunk)
        self._bytes += len(chunk.data)
        self._wake.set()

    def drop(self, reason: Dropped) -> None:
        """End it with a reason; nothing more of its queue is sent."""
        if not self._closed:
            self.dropped = reason
            self.close()

    def close(self) -> None:
        """End it: the client has left, or the server stops."""
        self._closed = True
        self._queue.clear()
        self._first.clear()
        self._wake.set()

    async def next(self) -> bytes | None:
        """Return the next bytes to write; None when it has ended."""
        while not self._closed:
            data = self._taken()
            if data:
                return data
            self._wake.clear()
            await self._wake.wait()
        return None

    def _taken(self) -> bytes:
        taken = self._first
        self._first = []
        size = sum(map(len, taken))
        while self._queue and size < WRITE_BYTES:
            chunk = self._queue.popleft()
            self._bytes -= len(chunk.data)
            data = chunk.after(self.position)
            self.position = max(self.position, chunk.last)
            taken.append(data)
            size += len(data)
        return b"".join(taken)
