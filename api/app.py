"""The API put together: one straight page."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
from fastapi import FastAPI

from api import (
    alarm_rows,
    alarms,
    approvals,
    area_figures,
    areas,
    auth,
    daily,
    dead_letter_groups,
    dead_letters,
    deliveries,
    devices,
    dossiers,
    events,
    evidence,
    health,
    incidents,
    kpis,
    live,
    openapi,
    overview,
    pages,
    pictures,
    problem,
    queues,
    reports,
    rules,
    series,
    series_by,
    session,
    sources,
    suppressions,
    targets,
    webhooks,
    what_ifs,
)
from api.device_book import DeviceBook
from api.gate import Gate
from api.hub import Hub
from api.parts import Parts
from api.province import ProvinceReader
from api.shared import Shared
from api.source_reader import SourceReader
from connectors.embedded.run import broker_is_full
from connectors.kafka.producer import Producer
from connectors.outbound.picture import Pictures, media_hosts
from connectors.timescale import processes
from connectors.timescale.database import Database
from ioc import __version__, clock
from ioc.settings import Settings
from ioc.targets.reading import of_site

#: Threads that answer calls wait for a connection; more of them would only wait longer.
CONNECTIONS = 12
#: The calls below /api/v1; of two that one path fits, the first answers.
ROUTERS = (
    session.router,
    events.router,
    overview.router,
    series.router,
    series_by.router,
    sources.router,
    queues.router,
    dossiers.router,
    reports.router,
    alarm_rows.router,  # before those of one alarm: «rows» is no id
    alarms.router,
    evidence.router,
    pictures.router,
    approvals.router,
    suppressions.router,
    incidents.router,
    kpis.router,
    daily.router,
    targets.router,
    live.router,
    area_figures.router,
    areas.router,
    devices.router,
    rules.router,
    what_ifs.router,
    dead_letter_groups.router,  # before the one that takes any word for a number
    dead_letters.router,
    webhooks.router,
    deliveries.router,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its lifespan opens and closes everything that it needs.

    Raises:
        ConfigError: the site's `targets.yaml` is wrong; the message names the lines.
    """
    promised = of_site(settings.config_dir)

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
            targets=promised,
            name=name,
            started_at=started_at,
        )
        app.state.pictures = Pictures(media_hosts(settings.media_hosts))
        app.state.keyring = auth.Keyring(database)
        app.state.publishing = anyio.CapacityLimiter(events.PUBLISHING_MAX)
        app.state.pulse = pulse
        app.state.province = province
        app.state.devices = DeviceBook(database)
        app.state.sources = SourceReader(database)
        app.state.compared = Shared(series.SHARED_MAX)
        app.state.kpis = Shared(kpis.SHARED_MAX, kpis.AGE_MAX_S)
        app.state.hub = Hub(database, province)
        pulse.start()
        app.state.hub.start()
        try:
            yield
        finally:
            await app.state.hub.stop()
            await app.state.pictures.close()
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

    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1", dependencies=list(auth.SECURITY))
    app.include_router(session.wall_router)
    app.include_router(health.router)

    pages.install(app)
    return app
