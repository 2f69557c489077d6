"""Running the API: `ioc api`."""

from __future__ import annotations

import uvicorn

from api.app import create_app
from api.auth import check_start
from api.connection import Protocol, Server
from ioc.settings import Settings

#: Live views hold a connection each; beyond this many of anything the answer is 503.
CONNECTIONS_MAX = 6_000
KEEP_ALIVE_S = 20
#: Live views never end by themselves.
SHUTDOWN_S = 3


def serve(settings: Settings) -> None:
    """Listen until SIGINT or SIGTERM.

    Raises:
        ConfigError: strangers could come in without a key; see `check_start`.
    """
    check_start(settings)
    config = uvicorn.Config(
        create_app(settings),
        http=Protocol,
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        # Who asked for what is in the figures; a line for each request would be most of the log.
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    Server(config).run()
