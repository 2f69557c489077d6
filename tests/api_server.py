"""A real API for tests: uvicorn on a free port of 127.0.0.1, and a real broker beside it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr

from api.app import create_app
from api.connection import Protocol, Server
from connectors.embedded.broker import Broker, broker_program
from connectors.embedded.children import Supervisor
from connectors.embedded.identity import server_identity
from connectors.embedded.run import DataDir
from connectors.kafka.topics import ensure_topics
from ioc.settings import Settings
from tests.patience import patient

START_WITHIN_S = 15.0


@contextmanager
def running_broker(folder: Path) -> Iterator[str]:
    """Start the embedded broker with our topics; yield its address."""
    with DataDir(folder) as data_dir:
        supervisor = Supervisor(data_dir.path / "logs", lambda _: None)
        identity = server_identity(data_dir.path / "none", (broker_program(data_dir.path),))
        broker = Broker(data_dir.path, supervisor, identity)
        try:
            broker.start()
            ensure_topics(Settings(kafka=broker.address))
            yield broker.address
        finally:
            supervisor.stop_all()


@contextmanager
def running_api(database_url: str, kafka: str, folder: Path, **more: Any) -> Iterator[httpx.Client]:
    """Serve the API on a free port; yield a client that has no key."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings = Settings(
            database_url=SecretStr(database_url),
            kafka=kafka,
            data_dir=folder,
            api_port=port,
            **more,
        )
        config = uvicorn.Config(
            create_app(settings), http=Protocol, log_config=None, timeout_graceful_shutdown=1
        )
        server = Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + patient(START_WITHIN_S)
            while not server.started:
                assert thread.is_alive(), "the API did not start"
                assert time.monotonic() < deadline, "the API is not up in time"
                time.sleep(0.01)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=patient(20)) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(timeout=patient(15))
            assert not thread.is_alive(), "the API did not stop"
