"""Running the API: `ioc api`."""

from __future__ import annotations

import logging
import resource

import uvicorn

from api.app import create_app
from api.auth import check_start
from api.connection import Protocol, Server
from ioc.settings import Settings

log = logging.getLogger(__name__)

#: Live views hold a connection each; beyond this many of anything the answer is 503.
CONNECTIONS_MAX = 6_000
KEEP_ALIVE_S = 20
#: Live views never end by themselves.
SHUTDOWN_S = 3
#: What a process opens that is no client: the database, Kafka, its own files.
OTHER_FILES = 200


def serve(settings: Settings) -> None:
    """Listen until SIGINT or SIGTERM.

    Raises:
        ConfigError: strangers could come in without a key; see `check_start`.
    """
    check_start(settings)
    raise_open_files(CONNECTIONS_MAX + OTHER_FILES)
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


def raise_open_files(wanted: int) -> None:
    """Let this process open so many files, or as many as the machine allows.

    Most systems give a process 1,024 to begin with: a fifth of the live views.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning(
            "this machine allows a process %d open files: about %d live views; %d are served where "
            "the hard limit is %d",
            hard,
            max(0, hard - OTHER_FILES),
            CONNECTIONS_MAX,
            wanted,
            extra={"action": "limit_views"},
        )
