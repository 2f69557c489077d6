"""The notifier's own small server: whether it lives, whether it works, and its figures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ioc import clock

#: It is configured to be asked from outside its container.
HOST = "0.0.0.0"  # noqa: S104
READY_WITHIN = timedelta(seconds=10)


@dataclass(slots=True)
class Pulse:
    """When the loops last did something; None: never yet."""

    claimed_at: datetime | None = None
    beat_at: datetime | None = None

    def is_ready(self, now: datetime) -> bool:
        """Whether deliveries are looked for and others can see that we live."""
        return all(
            at is not None and now - at <= READY_WITHIN for at in (self.claimed_at, self.beat_at)
        )


async def serve(port: int, pulse: Pulse, stop: asyncio.Event) -> None:
    """Serve /livez, /readyz and /metrics until told to stop; port 0: serve nothing."""
    runner = web.AppRunner(_app(pulse), access_log=None)
    if port:
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


def _app(pulse: Pulse) -> web.Application:
    async def livez(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        is_ready = pulse.is_ready(clock.now())
        body = {"status": "ok" if is_ready else "the database does not answer"}
        return web.json_response(body, status=200 if is_ready else 503)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", figures)
    return app
