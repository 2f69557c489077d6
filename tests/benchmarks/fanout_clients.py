"""Thousands of SSE clients in one process, cheap enough not to be what is measured.

Started by `tests.benchmarks.fanout`. Opens the connections, says so in a line of JSON, then reads
until it is told `end` on its standard input, and says in another what came and how late. Every
message bears the moment in which it was published, on the monotonic clock that the machine's
processes share. Deaf clients connect and never read.
"""

from __future__ import annotations

import argparse
import array
import json
import os
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.benchmarks.live_figures import quantile
from tests.benchmarks.live_limits import raise_open_files

#: Before the publishing moment in nanoseconds, 16 digits.
MARK = b"@sent:"
DIGITS = 16
#: So many handshakes are under way at once, as when screens come back after a break.
AT_ONCE = 64
READ_BYTES = 256 * 1024
CONNECT_WITHIN_S = 120.0
#: A deaf client's own machine keeps next to nothing for it.
DEAF_RECEIVE_BYTES = 4096
_READABLE = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR


@dataclass(slots=True)
class Clients:
    """The open connections, and what came on them."""

    waiting_for: bytes
    sockets: dict[int, socket.socket] = field(default_factory=dict)
    deaf: list[socket.socket] = field(default_factory=list)
    #: What a read left over: less than one whole event.
    rest: dict[int, bytes] = field(default_factory=dict)
    late_us: array.array[int] = field(default_factory=lambda: array.array("I"))
    #: Read first from a connection; the client counts as open once `waiting_for` is in it.
    opening: dict[int, bytes] = field(default_factory=dict)
    told_dropped: int = 0
    cut: int = 0

    def read(self, fd: int) -> None:
        """Read what there is, and note how late each message is."""
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        now = time.monotonic_ns()
        if not data:
            self.cut += 1
            self.sockets.pop(fd).close()
            return
        if fd in self.rest:
            data = self.rest.pop(fd) + data
        end = data.rfind(b"\n\n") + 2
        if len(data) - end > 2:  # more than the end of a chunk: the beginning of another event
            self.rest[fd] = data[end:]
        if fd in self.opening:
            self.opening[fd] = (self.opening[fd] + data)[-READ_BYTES:]
            return
        at = data.find(MARK, 0, end)
        while at >= 0:
            at += len(MARK)
            self.late_us.append(max(0, now - int(data[at : at + DIGITS])) // 1000)
            at = data.find(MARK, at, end)
        if b"event: dropped" in data:
            self.told_dropped += 1


def connect_all(
    clients: Clients, poll: select.epoll, place: tuple[str, int], request: bytes, wanted: int
) -> None:
    """Open `wanted` clients and wait until each has been sent its beginning.

    Raises:
        TimeoutError: not all of them came in.
    """
    deadline = time.monotonic() + CONNECT_WITHIN_S
    started = 0
    while started < wanted or clients.opening:
        while started < wanted and len(clients.opening) < AT_ONCE:
            opened = socket.create_connection(place, timeout=CONNECT_WITHIN_S)
            opened.sendall(request)
            opened.setblocking(False)
            clients.sockets[opened.fileno()] = opened
            clients.opening[opened.fileno()] = b""
            poll.register(opened.fileno(), _READABLE)
            started += 1
        for fd, _ in poll.poll(1.0):
            clients.read(fd)
            if clients.waiting_for in clients.opening.get(fd, b""):
                del clients.opening[fd]
        if clients.cut or time.monotonic() > deadline:
            raise TimeoutError(
                f"{started - len(clients.opening)} of {wanted} clients are in, {clients.cut} cut"
            )


def connect_deaf(clients: Clients, place: tuple[str, int], request: bytes, wanted: int) -> None:
    """Open clients that ask and never read."""
    for _ in range(wanted):
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DEAF_RECEIVE_BYTES)
        opened.connect(place)
        opened.sendall(request)
        clients.deaf.append(opened)


def serve(clients: Clients, poll: select.epoll) -> None:
    """Read until standard input says so; then print what came."""
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == sys.stdin.fileno():
                if not _asked(clients):
                    return
            elif fd in clients.sockets:
                clients.read(fd)


def _asked(clients: Clients) -> bool:
    word = os.read(sys.stdin.fileno(), 100).decode().strip()
    if word == "count":
        _say(delivered=len(clients.late_us), cut=clients.cut)
        return True
    late_ms = sorted(clients.late_us)
    _say(
        delivered=len(late_ms),
        cut=clients.cut,
        told_dropped=clients.told_dropped,
        p50_ms=quantile(late_ms, 0.5) / 1000 if late_ms else None,
        p99_ms=quantile(late_ms, 0.99) / 1000 if late_ms else None,
        max_ms=late_ms[-1] / 1000 if late_ms else None,
    )
    return False


def _say(**told: object) -> None:
    print(json.dumps(told), flush=True)


def _request(url: str) -> tuple[tuple[str, int], bytes]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    head = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n\r\n"
    return (parts.hostname, parts.port), head.encode()


def main() -> None:
    """Connect, say so, read, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--deaf", type=int, default=0)
    parser.add_argument("--deaf-url", default="", help="what they ask for, if not the same")
    parser.add_argument("--waiting-for", required=True, help="a client is in once it has read this")
    asked = parser.parse_args()
    raise_open_files(asked.clients + asked.deaf + 100)
    place, request = _request(asked.url)
    clients = Clients(asked.waiting_for.encode())
    with select.epoll() as poll:
        began = time.monotonic()
        connect_all(clients, poll, place, request, asked.clients)
        _say(connected=len(clients.sockets), seconds=round(time.monotonic() - began, 2))
        connect_deaf(clients, place, _request(asked.deaf_url or asked.url)[1], asked.deaf)
        serve(clients, poll)


if __name__ == "__main__":
    main()
