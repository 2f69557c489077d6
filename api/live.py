"""Live views: a snapshot, then every change, as server-sent events."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.auth import Viewer, seen_area
from api.connection import ABORT
from api.hub import FullError, Hub, Profile
from api.problem import Problem, problems
from api.subscription import Dropped, Subscription, encoded, event
from ioc import metrics

log = logging.getLogger(__name__)
router = APIRouter(tags=["live"])

#: A client that does not take one write within this time is gone, or as good as gone.
WRITE_S = 5.0
#: A last word to a client that is being dropped.
FAREWELL_S = 2.0
#: Whose key was revoked is asked again after this long; a view goes on where it was.
STREAM_S = 3600.0
#: Views come back spread over this time, not all in one moment.
RETRY_MS = (1_000, 4_000)

MEDIA_TYPE = "text/event-stream"
_HEADERS = {
    "Cache-Control": "no-store",
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


class EventStream(Response):
    """Writes what a subscription gives until either side ends it; no write waits for ever."""

    media_type = MEDIA_TYPE

    def __init__(self, hub: Hub, first: bytes, view: Subscription) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._hub = hub
        self._first = first
        self._view = view

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        watch = asyncio.create_task(self._until_gone(receive))
        timer = asyncio.get_running_loop().call_later(
            STREAM_S * random.uniform(0.9, 1.0),  # noqa: S311 - spreads load, guards nothing
            self._view.close,
        )
        try:
            await self._write_all(send)
        except TimeoutError:
            self._view.drop(Dropped.WRITE_TIMEOUT)
            _abort(scope)
            await asyncio.sleep(0)  # the server has to see that the connection is lost
        finally:
            timer.cancel()
            watch.cancel()
            self._hub.leave(self._view)
            if self._view.dropped:
                metrics.API_SSE_DROPPED.labels(self._view.dropped).inc()
                log.info("dropped: %s", self._view.dropped, extra={"action": "drop_view"})

    async def _write_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await asyncio.wait_for(send(start), WRITE_S)
        retry_ms = random.randint(*RETRY_MS)  # noqa: S311 - spreads load, guards nothing
        await _write(send, b"retry: %d\n\n" % retry_ms + self._first, WRITE_S)
        self._first = b""
        while (data := await self._view.next()) is not None:
            await _write(send, data, WRITE_S)
        if self._view.dropped:
            reason = encoded({"reason": self._view.dropped})
            await _write(send, event(self._view.position, "dropped", reason), FAREWELL_S)
        await asyncio.wait_for(
            send({"type": "http.response.body", "body": b"", "more_body": False}), FAREWELL_S
        )

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._view.close()


async def _write(send: Send, data: bytes, timeout_s: float) -> None:
    message = {"type": "http.response.body", "body": data, "more_body": True}
    await asyncio.wait_for(send(message), timeout_s)


def _abort(scope: Scope) -> None:
    """End the connection now; under a server without the extension it is closed as usual."""
    abort = (scope.get("extensions") or {}).get(ABORT)
    if abort is not None:
        abort()


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
    area: Annotated[str | None, Query(max_length=10, examples=["05443"])] = None,
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
    return EventStream(hub, first, view)
