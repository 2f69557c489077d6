"""A cable between a browser and the API: pulled, refused, slow, or whole again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

HOST = "127.0.0.1"
#: A browser opens six to a host; a few of them and their screens.
CONNECTIONS_MAX = 100
CHUNK_BYTES = 65_536
#: A slow cable gives its bytes this often.
TICK_S = 0.1
DONE_WITHIN_S = 10.0


class Cable:
    """A TCP proxy on a port of its own; everything that it does not say is forwarded.

    `last_answer_s` is `time.monotonic()` of the last byte that went to a client: what a screen's
    15 s of silence are counted from.
    """

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.last_answer_s = time.monotonic()
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cable", daemon=True)
        self._server: asyncio.Server | None = None
        self._asks, self._answers = asyncio.Event(), asyncio.Event()
        self._bytes_per_s: int | None = None
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What the browser opens instead of the API's address."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self.heal()

    def stop(self) -> None:
        """End every connection and the thread."""
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DONE_WITHIN_S)
        assert not self._thread.is_alive(), "the cable did not stop"
        self._loop.close()

    def cut(self, *, answers_only: bool = False) -> None:
        """Forward nothing and close nothing: what a pulled cable does.

        With `answers_only` requests still arrive, and are obeyed: whoever asked does not know.
        """
        self._do(self._set_gates(asks=answers_only, answers=False))

    def refuse(self) -> None:
        """End every connection and take no new one."""
        self._do(self._close())

    def slow(self, bytes_per_s: int) -> None:
        """Give each connection this many bytes of answers a second until healed."""
        assert bytes_per_s > 0
        self._bytes_per_s = bytes_per_s

    def heal(self) -> None:
        """Forward everything again, what was held back first, on the same port as before."""
        self._bytes_per_s = None
        self._do(self._open())

    def _do(self, deed: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(deed, self._loop).result(DONE_WITHIN_S)

    async def _set_gates(self, *, asks: bool, answers: bool) -> None:
        for gate, is_open in ((self._asks, asks), (self._answers, answers)):
            if is_open:
                gate.set()
            else:
                gate.clear()

    async def _open(self) -> None:
        await self._set_gates(asks=True, answers=True)
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        ended = tuple(self._serving)
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._serving) >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        self._serving.add(task)
        ends = [writer]
        try:
            # A pulled cable takes no new connection to the other end either.
            await self._asks.wait()
            far_reader, far_writer = await asyncio.open_connection(HOST, self._to_port)
            ends.append(far_writer)
            await asyncio.gather(
                self._forward(reader, far_writer, self._asks, is_answer=False),
                self._forward(far_reader, writer, self._answers, is_answer=True),
            )
        except (OSError, asyncio.CancelledError):
            pass  # one end is gone, or the cable refuses: so is the other end, in a moment
        finally:
            self._serving.discard(task)
            for end in ends:
                end.transport.abort()

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gate: asyncio.Event,
        *,
        is_answer: bool,
    ) -> None:
        while True:
            limit = self._bytes_per_s if is_answer else None
            size = CHUNK_BYTES if limit is None else max(1, int(limit * TICK_S))
            found = await reader.read(size)
            await gate.wait()
            if not found:
                # The end of a request's connection, or of an answer's: the other side hears of it.
                if is_answer:
                    await writer.drain()
                    writer.close()
                elif writer.can_write_eof():
                    writer.write_eof()
                return
            if is_answer:
                self.last_answer_s = time.monotonic()
            writer.write(found)
            await writer.drain()
            if limit is not None:
                await asyncio.sleep(TICK_S)


@contextmanager
def cable(to_port: int) -> Iterator[Cable]:
    """Lay a cable to a port of this machine."""
    laid = Cable(to_port)
    laid.start()
    try:
        yield laid
    finally:
        laid.stop()
