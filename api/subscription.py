"""What one live view is sent: frames that are already encoded, never waited for, bounded.

A view that keeps up has no queue: what is put is written at once, the same bytes to every view.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
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


def chunked(data: bytes) -> bytes:
    """Return a piece of a body as HTTP/1.1 sends what has no known length."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass(frozen=True, slots=True)
class Frame:
    """One alarm event, encoded once for every view. `area` None: the province's own."""

    seq: int
    area: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames that are sent together; without frames: numbers as of the position `last`.

    All of it is news to a view that is before `first`; `sent` is `data` as it goes over the line.
    """

    first: int
    last: int
    data: bytes
    sent: bytes
    frames: tuple[Frame, ...] = ()

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> Self:
        """Return these frames as one."""
        data = b"".join(frame.data for frame in frames)
        return cls(frames[0].seq, frames[-1].seq, data, chunked(data), tuple(frames))

    @classmethod
    def numbers(cls, position: int, data: bytes) -> Self:
        """Return tiles, health or a heartbeat."""
        return cls(position + 1, position, data, chunked(data))

    def after(self, position: int) -> bytes:
        """Return what of it a view has not seen that is at this position."""
        if self.first > position:
            return self.data
        return b"".join(frame.data for frame in self.frames if frame.seq > position)


class Subscription:
    """What one view is still to be sent. Belongs to the event loop; `put` never waits.

    `position` is where the hub was when it subscribed, then how far the view has been written.
    """

    __slots__ = (
        "_backlog",
        "_bytes",
        "_closed",
        "_ended",
        "_paused",
        "_queue",
        "_write",
        "_write_now",
        "area",
        "dropped",
        "position",
    )

    def __init__(self, area: str | None, position: int) -> None:
        self.area = area
        self.position = position
        #: Why we ended it, for the client; None while it runs and when the client left.
        self.dropped: Dropped | None = None
        #: What comes before the queue, and where the view is once it has it.
        self._backlog: deque[tuple[int, bytes]] | None = deque()
        self._queue: deque[Chunk] | None = deque()
        self._bytes = 0
        self._write: Callable[[bytes], None] | None = None
        #: The same while the view keeps up: nothing waits, and what is put can be written.
        self._write_now: Callable[[bytes], None] | None = None
        self._ended: Callable[[], None] | None = None
        self._closed = self._paused = False

    def begin(self, position: int, missed: Sequence[Frame]) -> None:
        """Say where the view has been brought to, and what comes before its queue."""
        subscribed_at, self.position = self.position, position
        backlog = self._waiting()
        # By reference: a thousand screens that come back have missed the same ten thousand frames.
        backlog.extend((frame.seq, frame.data) for frame in missed)
        if subscribed_at > position:
            backlog.append((subscribed_at, b""))

    def first(self, data: bytes) -> None:
        """Send this before the queue."""
        backlog = self._waiting()
        backlog.append((backlog[-1][0] if backlog else self.position, data))

    def attach(self, write: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        """Write from now on; `ended` is called once, when the view is ended.

        `write` never waits. While it takes nothing more, the view is to be paused.
        """
        self._write, self._ended = write, ended
        if self._closed:
            ended()
        elif not self._paused:
            self.resume()

    def pause(self) -> None:
        """Queue what comes."""
        self._paused, self._write_now = True, None

    def resume(self) -> None:
        """Write what is queued, until paused again; then what comes."""
        self._paused = False
        if self._write is None or self._closed:
            return
        self._write_now = self._write
        while self._write_now is not None and (data := self.taken()):
            self._write_now(chunked(data))

    def put(self, chunk: Chunk) -> None:
        """Write a chunk or queue it; a view with a full queue is dropped instead."""
        write = self._write_now
        if write is not None:
            if chunk.first > self.position:
                write(chunk.sent)
            elif data := chunk.after(self.position):
                write(chunked(data))
            self.position = max(self.position, chunk.last)
        elif not self._closed:
            self._keep(chunk)

    def _keep(self, chunk: Chunk) -> None:
        if self._queue is None:
            self._queue = deque()
        if len(self._queue) >= QUEUE_CHUNKS or self._bytes + len(chunk.data) > QUEUE_BYTES:
            self.drop(Dropped.QUEUE_FULL)
            return
        self._queue.append(chunk)
        self._bytes += len(chunk.data)

    def drop(self, reason: Dropped) -> None:
        """End it with a reason; nothing more of its queue is sent."""
        if not self._closed:
            self.dropped = reason
            self.close()

    def close(self) -> None:
        """End it: the client has left, or the server stops."""
        if self._closed:
            return
        self._closed = True
        self._queue = self._backlog = self._write_now = None
        if self._ended is not None:
            self._ended()

    def taken(self) -> bytes:
        """Return what is to be written next, about `WRITE_BYTES` at most; b"" when nothing is."""
        taken: list[bytes] = []
        size = 0
        while self._backlog and size < WRITE_BYTES:
            self.position, data = self._backlog.popleft()
            taken.append(data)
            size += len(data)
        while self._queue and size < WRITE_BYTES:
            chunk = self._queue.popleft()
            self._bytes -= len(chunk.data)
            data = chunk.after(self.position)
            self.position = max(self.position, chunk.last)
            taken.append(data)
            size += len(data)
        if not self._backlog and not self._queue:
            self._backlog = self._queue = None  # an empty deque is 700 bytes; most views keep up
        return b"".join(taken)

    def _waiting(self) -> deque[tuple[int, bytes]]:
        if self._backlog is None:
            self._backlog = deque()
        return self._backlog
