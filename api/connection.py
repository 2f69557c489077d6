"""What uvicorn does not do by itself for streams that never end."""

from __future__ import annotations

import socket
from typing import cast

import uvicorn
from fastapi import FastAPI
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: In the scope's extensions: a function that ends the connection at once.
ABORT = "ioc.abort"


class Protocol(HttpToolsProtocol):
    """HTTP whose applications may end a connection without waiting for a client to read.

    Closing it would first write out what the client does not take: it would stay for ever.
    """

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        scope = cast("Scope", self.scope)
        scope["extensions"] = {**(scope.get("extensions") or {}), ABORT: self.transport.abort}


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
