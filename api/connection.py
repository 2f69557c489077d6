"""What uvicorn does not do by itself for streams that never end."""

from __future__ import annotations

import asyncio
import socket
import typing
from collections.abc import Callable
from functools import partial

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

#: In the scope's extensions: a `TakeOver`.
TAKE_OVER = "ioc.take_over"


class Heir(asyncio.Protocol):
    """Whom a connection may be left to: writes the rest of a chunked response, then closes it."""

    __slots__ = ("_connections", "transport")

    def inherit(self, transport: asyncio.Transport, connections: set[typing.Any]) -> None:
        """Take the connection; the server waits for those in `connections` when it stops."""
        self.transport = transport
        self._connections = connections
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Be gone."""
        self._connections.discard(self)

    def shutdown(self) -> None:
        """Come to an end soon: the server stops."""
        self.transport.close()


#: Leaves the connection to somebody for good; False when it is lost already. The application
#: then returns without another word.
TakeOver = Callable[[Heir], bool]


class Protocol(HttpToolsProtocol):
    """HTTP whose applications may take over a connection once they have sent their headers.

    uvicorn keeps a task and the whole call for every response that goes on, and passes every write
    through all of them: five times the work of the write itself (ADR 11).
    """

    def on_headers_complete(self) -> None:
        """Begin a call that may take the connection over."""
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:  # not a WebSocket's
            take_over: TakeOver = partial(self._leave_to, cycle=self.cycle)
            self.scope["extensions"] = {TAKE_OVER: take_over}  # type: ignore[dict-item]

    def _leave_to(self, heir: Heir, *, cycle: RequestResponseCycle) -> bool:
        # As uvicorn does it for a WebSocket; it forgets us, but counts the heir as a connection.
        if cycle.disconnected or self.transport.is_closing():
            return False
        cycle.disconnected = True  # for uvicorn this call is over: nothing is said about its end
        self.pipeline.clear()
        self.flow.resume_reading()
        self.connections.discard(self)
        self.parser = None  # type: ignore[assignment]
        self.transport.set_protocol(heir)
        heir.inherit(self.transport, self.connections)
        return True


class Server(uvicorn.Server):
    """A server that ends the live views before it waits for its connections to finish."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end the live views, wait for the calls under way."""
        app = self.config.loaded_app
        while not isinstance(app, FastAPI) and hasattr(app, "app"):
            app = app.app
        hub = getattr(getattr(app, "state", None), "hub", None)
        if hub is not None:
            hub.end()
        await super().shutdown(sockets)
