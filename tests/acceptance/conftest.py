"""A house for each kind of broker: the embedded one and a real Apache Kafka."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from connectors.embedded.broker import Broker
from tests.acceptance.house import House
from tests.embedded import running_broker
from tests.real.kafka import find_or_explain, running_kafka

_numbers = itertools.count(1)


def embedded_broker(stack: ExitStack, folder: Path) -> Broker:
    """Start the embedded broker until the stack is closed."""
    _, broker = stack.enter_context(running_broker(folder))
    return broker


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def house(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A worker, a notifier and an API, for the tests of one module; empty at the start."""
    folder = tmp_path_factory.mktemp(f"house-{request.param}")
    name = f"house_{next(_numbers)}"
    with ExitStack() as stack:
        with psycopg.connect(postgres_url, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = postgres_url.replace("@/ioc?", f"@/{name}?")
        if request.param == "embedded":
            broker = embedded_broker(stack, folder / "broker")
            built = House(folder, broker.address, url, broker.log_id)
        else:
            find_or_explain()
            kafka = stack.enter_context(running_kafka())
            built = House(folder, kafka.bootstrap, url)
        done = built.ioc("migrate")
        assert done.returncode == 0, done.stderr
        stack.callback(built.stop)
        built.start("worker", "notifier", "api")
        built.wait_ready()
        yield built
