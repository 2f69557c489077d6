"""The cable that tests put between a browser and the API can be pulled and mended."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.acceptance.cut import Cable, cable


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while found := self.request.recv(65_536):
            with _heard_lock:
                heard.append(found)
            self.request.sendall(found.upper())


heard: list[bytes] = []
_heard_lock = threading.Lock()


@pytest.fixture
def laid() -> Iterator[Cable]:
    """A cable to a server that says everything again in capitals."""
    heard.clear()
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with cable(server.server_address[1]) as found:
                yield found
        finally:
            server.shutdown()
            thread.join()


def dial(laid: Cable) -> socket.socket:
    return socket.create_connection(("127.0.0.1", laid.port), timeout=5)


def test_a_whole_cable_forwards_both_ways(laid: Cable) -> None:
    with dial(laid) as line:
        line.sendall(b"one")
        assert line.recv(10) == b"ONE"
        line.shutdown(socket.SHUT_WR)
        assert line.recv(10) == b""


def test_a_pulled_cable_keeps_its_connections_and_holds_everything_back(laid: Cable) -> None:
    with dial(laid) as line:
        line.sendall(b"one")
        assert line.recv(10) == b"ONE"
        quiet_since = laid.last_answer_s
        laid.cut()
        line.sendall(b"two")
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(10)
        assert heard == [b"one"]
        assert laid.last_answer_s == quiet_since
        laid.heal()
        line.settimeout(5)
        assert line.recv(10) == b"TWO"
        assert laid.last_answer_s > quiet_since


def test_with_answers_cut_alone_what_was_asked_is_done(laid: Cable) -> None:
    with dial(laid) as line:
        laid.cut(answers_only=True)
        line.sendall(b"one")
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(10)
        assert heard == [b"one"]
        laid.heal()
        line.settimeout(5)
        assert line.recv(10) == b"ONE"


def test_a_refused_cable_ends_connections_and_comes_back_on_its_port(laid: Cable) -> None:
    port = laid.port
    with dial(laid) as line:
        line.sendall(b"one")
        assert line.recv(10) == b"ONE"
        laid.refuse()
        with pytest.raises((ConnectionError, AssertionError)):
            assert line.recv(10) != b""
    with pytest.raises(ConnectionRefusedError):
        dial(laid)
    laid.heal()
    assert laid.port == port
    with dial(laid) as line:
        line.sendall(b"two")
        assert line.recv(10) == b"TWO"


def test_a_slow_cable_gives_a_few_bytes_at_a_time(laid: Cable) -> None:
    with dial(laid) as line:
        line.sendall(b"one")
        assert line.recv(10) == b"ONE"
        laid.slow(50)
        line.sendall(b"x" * 12)
        # The piece that was asked for before it became slow is given whole; those after it are not.
        got = [line.recv(100)]
        while sum(map(len, got)) < 12:
            got.append(line.recv(100))
        line.sendall(b"y" * 12)
        got = [line.recv(100)]
        while sum(map(len, got)) < 12:
            got.append(line.recv(100))
        assert max(map(len, got)) <= 5
        assert len(got) >= 3
