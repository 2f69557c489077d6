"""A webhook receiver as a partner would run it: an HTTP server that checks the signature."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from tests.acceptance.house import eventually, free_port

#: Longer than any attempt lasts.
HANG_S = 30.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request; `heard_s` is the monotonic clock when its body was whole."""

    headers: dict[str, str]
    body: bytes
    answered: int | None
    heard_s: float

    @property
    def id(self) -> str:
        """The message's id, the same in every attempt."""
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def type(self) -> str:
        return str(self.json["type"])

    @property
    def alarm(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["data"]["alarm"]
        return found


@dataclass
class Receiver:
    """Keeps its port while it is down; `status` is what it answers, None: nothing at all."""

    status: int | None = 200
    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)
    _freed: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def url(self) -> str:
        """Where webhooks go."""
        return f"http://127.0.0.1:{self.port}/hooks"

    def up(self) -> None:
        """Listen."""
        self._freed.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        """Stop listening: whoever comes is refused. Twice is the same."""
        self._freed.set()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def of(self, alarm_id: str) -> list[Received]:
        """Return what came about an alarm, in order."""
        return [one for one in list(self.received) if one.alarm["id"] == alarm_id]

    def wait(self, is_it: Callable[[Received], bool], within_s: float, message: str) -> Received:
        """Return the first request that is meant."""
        return eventually(
            lambda: next((one for one in list(self.received) if is_it(one)), None),
            within_s,
            message,
        )

    def verify(self, secret: str) -> None:
        """Check every signature with the public package; it raises when one is not ours."""
        webhook = Webhook(secret)
        for one in self.received:
            webhook.verify(one.body, one.headers)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.status
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(headers, body, status, time.monotonic()))
                if status is None:
                    receiver._freed.wait(HANG_S)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: what came is in `received`."""

        return Handler
