"""A small client of `/live` that reads in a thread of its own and can be cut at any moment."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from tests.patience import patient

CONNECT_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """One server-sent event; `heard_s` is the monotonic clock when its last line was read."""

    id: int
    event: str
    data: dict[str, Any]
    heard_s: float


@dataclass
class Live:
    """A connection to `/live`; `told` grows until the server ends it or the client leaves."""

    url: str
    last_event_id: int | str | None = None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    has_ended: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _socket: socket.socket | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        place = urlsplit(self.url)
        headers = {"Accept": "text/event-stream", **self.headers}
        if self.last_event_id is not None:
            headers["Last-Event-ID"] = str(self.last_event_id)
        self._connection = http.client.HTTPConnection(place.netloc, timeout=CONNECT_WITHIN_S)
        self._connection.request("GET", f"/api/v1/live?{urlencode(self.query)}", headers=headers)
        self._socket = self._connection.sock
        answer = self._connection.getresponse()
        assert answer.status == 200, answer.read().decode()
        self._thread = threading.Thread(target=self._read, args=(answer,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        assert self._connection is not None
        self._connection.close()

    def cut(self) -> None:
        """Break the connection as a network would; returns when nothing more can come."""
        assert self._socket is not None
        assert self._thread is not None
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)

    @property
    def last_id(self) -> int | None:
        """What a browser would come back with: the id of the last whole event."""
        return self.told[-1].id if self.told else None

    def alarms(self) -> list[Told]:
        """Return the alarm events so far."""
        return [one for one in list(self.told) if one.event == "alarm"]

    def wait(self, is_it: Callable[[Told], bool], within_s: float, message: str) -> Told:
        """Return the first event, heard already or still to come, that is meant."""
        deadline = time.monotonic() + patient(within_s)
        looked = 0
        while True:
            with self._changed:
                if looked == len(self.told) and not self.has_ended.is_set():
                    self._changed.wait(max(0.0, deadline - time.monotonic()))
                fresh = self.told[looked:]
            for one in fresh:
                looked += 1
                if is_it(one):
                    return one
            if not fresh and (self.has_ended.is_set() or time.monotonic() >= deadline):
                names = [one.event for one in self.told[-5:]]
                raise AssertionError(f"not within {within_s:g} s: {message} (last: {names})")

    def wait_event(self, name: str, within_s: float = 10) -> Told:
        """Return the first event of this name."""
        return self.wait(lambda one: one.event == name, within_s, name)

    def wait_count(self, n: int, within_s: float) -> bool:
        """Return whether `n` events came in time; it is no error when they did not."""
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self.told) >= n or self.has_ended.is_set(), within_s
            )

    def _read(self, answer: http.client.HTTPResponse) -> None:
        # A cut connection ends in whatever way it was just being read.
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            for one in self._events(answer):
                with self._changed:
                    self.told.append(one)
                    self._changed.notify_all()
        with self._changed:
            self.has_ended.set()
            self._changed.notify_all()

    def _events(self, answer: http.client.HTTPResponse) -> Iterator[Told]:
        lines: dict[str, str] = {}
        while line := answer.readline():
            self.raw += line
            text = line.decode().rstrip("\n")
            if text:
                name, _, value = text.partition(": ")
                lines[name] = value
                continue
            if "event" in lines:
                data = json.loads(lines["data"])
                yield Told(int(lines["id"]), lines["event"], data, time.monotonic())
            lines = {}


@dataclass
class DeafClient:
    """Opens a live view and never reads it, with little room in its own machine's buffer."""

    url: str
    _socket: socket.socket | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        place = urlsplit(self.url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect((place.hostname, place.port))
        self._socket.sendall(f"GET /api/v1/live HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._socket is not None
        self._socket.close()
