"""The API put together: one straight page."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from api import (
    alarms,
    approvals,
    areas,
    auth,
    dead_letters,
    deliveries,
    dossiers,
    events,
    health,
    incidents,
    kpis,
    live,
    openapi,
    overview,
    problem,
    queues,
    rules,
    series,
    session,
    suppressions,
    webhooks,
)
from api.gate import Gate
from api.hub import Hub
from api.parts import Parts
from api.province import ProvinceReader
from connectors.embedded.run import broker_is_full
from connectors.kafka.producer import Producer
from connectors.timescale import processes
from connectors.timescale.database import Database
from ioc import __version__, clock
from ioc.settings import Settings

WEB = Path(__file__).parent / "web"
#: Threads that answer calls wait for a connection; more of them would only wait longer.
CONNECTIONS = 12


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its lifespan opens and closes everything that it needs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        name, started_at = processes.name_of(health.KIND), clock.now()
        database = Database(
            settings.database_url.get_secret_value(), "ioc api", size=CONNECTIONS
        ).open()
        producer = Producer(settings.kafka, "ioc-api")
        pulse = health.Pulse(settings, database, name, started_at)
        province = ProvinceReader(database)
        app.state.parts = Parts(
            settings=settings,
            database=database,
            producer=producer,
            broker_is_full=functools.partial(broker_is_full, settings.data_dir),
            broker_is_away=pulse.broker_is_away,
            name=name,
            started_at=started_at,
        )
        app.state.keyring = auth.Keyring(database)
        app.state.publishing = anyio.CapacityLimiter(events.PUBLISHING_MAX)
        app.state.pulse = pulse
        app.state.province = province
        app.state.hub = Hub(database, province)
        pulse.start()
        app.state.hub.start()
        try:
            yield
        finally:
            await app.state.hub.stop()
            await anyio.to_thread.run_sync(pulse.stop)
            producer.close()
            database.close()

    app = FastAPI(
        title="IOC",
        version=__version__,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # the stock page loads its parts from the internet, with inline scripts
        redoc_url=None,
        redirect_slashes=False,
    )
    app.openapi = functools.partial(openapi.document, app)  # type: ignore[method-assign]
    problem.install(app)
    app.add_middleware(Gate, host=settings.api_host, allowed_hosts=settings.api_allowed_hosts)

    for router in (
        session.router,
        events.router,
        overview.router,
        series.router,
        queues.router,
        dossiers.router,
        alarms.router,
        approvals.router,
        suppressions.router,
        incidents.router,
        kpis.router,
        live.router,
        areas.router,
        rules.router,
        dead_letters.router,
        webhooks.router,
        deliveries.router,
    ):
        app.include_router(router, prefix="/api/v1", dependencies=list(auth.SECURITY))
    app.include_router(session.wall_router)
    app.include_router(health.router)

    _pages(app)
    return app


def _pages(app: FastAPI) -> None:
    """Serve the screens: files of ours, without secrets; what they show comes from the API."""
    for path, file in {
        "/wall": "wall.html",
        "/login": "login.html",
        "/api/docs": "docs.html",
    }.items():
        app.add_api_route(path, functools.partial(_page, WEB / file), include_in_schema=False)
    app.add_api_route("/", lambda: RedirectResponse("/wall"), include_in_schema=False)
    app.mount("/web", StaticFiles(directory=WEB), name="web")


async def _page(file: Path) -> Any:
    # Looked at each time: after an update no display may go on with the page of before.
    return FileResponse(file, headers={"Cache-Control": "no-cache"})
