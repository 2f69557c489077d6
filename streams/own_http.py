"""A process's own small server: whether it lives, whether it works, and its figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ioc import clock

#: A process that has not been heard of for this long is not ready.
READY_WITHIN = timedelta(seconds=10)


def is_fresh(at: datetime | None, now: datetime) -> bool:
    """Return whether something happened lately; None: never yet."""
    return at is not None and now - at <= READY_WITHIN


async def serve(
    host: str, port: int, is_ready: Callable[[datetime], bool], stop: asyncio.Event
) -> None:
    """Serve /livez, /readyz and /metrics until told to stop; port 0: serve nothing."""
    runner = web.AppRunner(_app(is_ready), access_log=None)
    if port:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


def _app(is_ready: Callable[[datetime], bool]) -> web.Application:
    async def livez(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        ready = is_ready(clock.now())
        body = {"status": "ok" if ready else "the database does not answer, or nothing moves"}
        return web.json_response(body, status=200 if ready else 503)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", figures)
    return app
