"""Live views: a snapshot, then every change, as server-sent events."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import Callable
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.auth import AskedArea, Viewer, seen_area
from api.connection import TAKE_OVER, Heir, TakeOver
from api.hub import FullError, Hub, Profile
from api.problem import Problem, problems
from api.subscription import Dropped, Subscription, chunked, encoded, event
from ioc import metrics

log = logging.getLogger(__name__)
router = APIRouter(tags=["live"])

#: A client that does not take one write within this time is gone, or as good as gone.
WRITE_S = 5.0
#: A last word to a client that is being dropped.
FAREWELL_S = 2.0
#: Whose key was revoked is asked again after this long; a view goes on where it was.
STREAM_S = 3600.0
#: What the system keeps for a client that does not read; by itself it would keep up to 4 MiB for
#: each. Enough for a megabyte a second at a round trip of 250 ms.
LINE_BYTES = 256 * 1024
#: Views come back spread over this time, not all in one moment.
RETRY_MS = (1_000, 4_000)

MEDIA_TYPE = "text/event-stream"
END_OF_BODY = b"0\r\n\r\n"
_HEADERS = {
    "Cache-Control": "no-store",
    "Connection": "close",  # nothing follows the stream on its connection
    "X-Accel-Buffering": "no",  # nginx would keep events until its buffer is full
}
_EXAMPLE = """\
id: 1042
event: snapshot
data: {"as_of":"2026-11-22T07:05:09Z","position":1042,"overview":{},"alarms":[],"alarms_total":0}

id: 1043
event: alarm
data: {"id":"0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10","severity":"critical","state":"unacknowledged"}

id: 1043
event: heartbeat
data: {"now":"2026-11-22T07:05:19Z"}
"""


def hub(request: Request) -> Hub:
    """Return the hub of this process, for `TheHub`."""
    return cast("Hub", request.app.state.hub)


TheHub = Annotated[Hub, Depends(hub)]


class Stream(Heir):
    """Writes what a subscription gives to its connection until either side ends it.

    Nothing here waits: what a client does not take stays in the transport's buffer up to its mark
    (64 KiB), then in the view's queue, up to its own.
    """

    __slots__ = ("_first", "_hour", "_hub", "_patience", "_view")

    def __init__(self, hub: Hub, first: bytes, view: Subscription) -> None:
        self._hub = hub
        self._first = first
        self._view = view
        self._hour: asyncio.TimerHandle | None = None
        #: Runs while the client takes nothing more.
        self._patience: asyncio.TimerHandle | None = None

    def inherit(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        """Begin to write; the response's headers are on their way."""
        super().inherit(transport, connections)
        line: socket.socket = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LINE_BYTES)
        self._hour = asyncio.get_running_loop().call_later(
            STREAM_S * random.uniform(0.9, 1.0),  # noqa: S311 - spreads load, guards nothing
            self._view.close,
        )
        retry_ms = random.randint(*RETRY_MS)  # noqa: S311 - spreads load, guards nothing
        transport.write(chunked(b"retry: %d\n\n" % retry_ms))
        transport.write(self._first)
        self._first = b""
        self._view.attach(transport.write, self._end)

    def pause_writing(self) -> None:
        """Let the view queue; whoever does not read for long is ended."""
        if self.transport.is_closing():
            return  # it has its last word, and its time for that runs
        self._view.pause()
        self._wait(WRITE_S, self._give_up)

    def resume_writing(self) -> None:
        """Go on."""
        if self.transport.is_closing():
            return
        self._wait(None)
        self._view.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the view: the client has left, or has been left."""
        super().connection_lost(exc)
        self.leave()

    def leave(self) -> None:
        """Forget the view; twice is the same."""
        self._wait(None)
        if self._hour is not None:
            self._hour.cancel()
        self._view.close()
        self._hub.leave(self._view)

    def shutdown(self) -> None:
        """End the view: the server stops."""
        self._view.close()

    def _give_up(self) -> None:
        self._view.drop(Dropped.WRITE_TIMEOUT)

    def _end(self) -> None:
        """Say the last word: the view has ended."""
        self._hub.leave(self._view)
        if self.transport.is_closing():
            return
        reason = self._view.dropped
        if reason is not None:
            metrics.API_SSE_DROPPED.labels(reason).inc()
            log.info("dropped: %s", reason, extra={"action": "drop_view"})
            told = event(self._view.position, "dropped", encoded({"reason": reason}))
            self.transport.write(chunked(told))
        if reason is Dropped.WRITE_TIMEOUT:
            self.transport.abort()  # to close it would first write out what is not taken
            return
        self.transport.write(END_OF_BODY)
        self.transport.close()
        self._wait(FAREWELL_S, self.transport.abort)

    def _wait(self, seconds: float | None, then: Callable[[], None] = lambda: None) -> None:
        """Do something after a while unless told to wait for something else before."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if seconds is not None:
            self._patience = asyncio.get_running_loop().call_later(seconds, then)


class EventStream(Response):
    """Sends the headers, then leaves the connection to a stream."""

    media_type = MEDIA_TYPE

    def __init__(self, stream: Stream) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        take_over: TakeOver = scope["extensions"][TAKE_OVER]
        is_ours = False
        try:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            async with asyncio.timeout(WRITE_S):
                await send(start)
            is_ours = take_over(self._stream)
        finally:
            if not is_ours:
                self._stream.leave()


@router.get(
    "/live",
    summary="A live view",
    response_class=Response,
    responses={
        200: {
            "description": "snapshot, then alarm, tile, health, heartbeat; reset, dropped",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **problems(400, 401, 403, 503),
    },
)
async def get_live(
    hub: TheHub,
    who: Viewer,
    area: AskedArea = None,
    profile: Profile = "wall",
    last_event_id: Annotated[str | None, Query(max_length=40)] = None,
    last_event_id_header: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=40)
    ] = None,
) -> Response:
    """Send a snapshot, then every change as it happens.

    Each event's `id` is a position in the alarm log, the same on every API process. Who comes back
    with the last one (as `Last-Event-ID`, or in the query where a browser cannot send headers) gets
    the alarms that it missed, or `reset` and a fresh snapshot when they are not kept any more.
    """
    where = seen_area(who, area)
    last_id = last_event_id_header or last_event_id
    try:
        if last_id:
            first, view = await hub.resume(where, profile, last_id)
        else:
            first, view = await hub.slurp_and_subscribe(where, profile)
    except FullError:
        raise Problem(503, "too many live views on this process", code="too_many_views") from None
    return EventStream(Stream(hub, first, view))
