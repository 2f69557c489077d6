"""The embedded PostgreSQL and the embedded broker, each alone, for as long as somebody needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.embedded.broker import Broker, broker_program
from connectors.embedded.children import Supervisor
from connectors.embedded.identity import server_identity
from connectors.embedded.postgres import Postgres, postgres_programs
from connectors.embedded.run import DataDir


@contextmanager
def running_postgres(folder: Path) -> Iterator[tuple[Supervisor, Postgres]]:
    """Start PostgreSQL on an empty folder; yield who can stop it, and the server."""
    with DataDir(folder) as data_dir:
        supervisor = Supervisor(data_dir.path / "logs", lambda _: None)
        tools = postgres_programs()
        programs = (tools / "postgres", tools / "initdb")
        identity = server_identity(data_dir.path / "postgres", programs)
        postgres = Postgres(data_dir.path, supervisor, identity)
        try:
            postgres.start()
            yield supervisor, postgres
        finally:
            supervisor.stop_all()
            postgres.close()


@contextmanager
def running_broker(folder: Path) -> Iterator[tuple[Supervisor, Broker]]:
    """Start an empty broker; yield who can stop it, and the broker."""
    with DataDir(folder) as data_dir:
        supervisor = Supervisor(data_dir.path / "logs", lambda _: None)
        identity = server_identity(data_dir.path / "none", (broker_program(data_dir.path),))
        broker = Broker(data_dir.path, supervisor, identity)
        try:
            broker.start()
            yield supervisor, broker
        finally:
            supervisor.stop_all()
