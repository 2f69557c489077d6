"""A camera recorder as a site has one: an HTTP server with snapshots, good ones and bad ones."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def _chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return len(data).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)


def png(width: int, height: int) -> bytes:
    """Return a picture of one grey."""
    head = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 0, 0, 0, 0))
    rows = zlib.compress((b"\0" + b"\x7f" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    )


PNG = png(160, 90)


class _Snapshots(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        match self.path:
            case "/good.png":
                self._answer(200, PNG, "image/png")
            case "/lies.png":  # a page that says that it is a picture
                self._answer(200, b"<html><script>alert(1)</script>", "image/png")
            case "/large.png":
                self._answer(200, PNG + bytes(3 * 1024 * 1024), "image/png")
            case "/elsewhere.png":
                self._answer(302, b"", "text/plain", location="/good.png")
            case _:
                self._answer(404, b"none", "text/plain")

    def _answer(self, status: int, body: bytes, kind: str, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if location is not None:
            self.send_header("location", location)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # whoever has read enough hangs up
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing: tests look at what came."""


@contextmanager
def running_recorder() -> Iterator[str]:
    """Serve snapshots on a free port of 127.0.0.1; yield where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Snapshots) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(timeout=10)
