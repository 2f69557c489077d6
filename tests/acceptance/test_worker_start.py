"""A worker that is started before Kafka waits for it a minute, then says what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.embedded.broker import Broker
from connectors.embedded.children import Supervisor
from connectors.embedded.run import DataDir
from tests.acceptance.house import House, eventually, free_port

READY_WITHIN_S = 30.0
#: The product's own minute would be the test's, too.
IMPATIENT = (
    "import sys, streams.worker; streams.worker.PATIENCE_S = 2; sys.argv = ['ioc', 'worker'];"
    "from ioc.cli import main; main()"
)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[tuple[House, Broker, Supervisor]]:
    """A migrated house whose broker can be taken away."""
    with ExitStack() as stack:
        folder = stack.enter_context(DataDir(tmp_path / "broker")).path
        supervisor = Supervisor(folder / "logs", lambda _: None)
        stack.callback(supervisor.stop_all)
        broker = Broker(folder, supervisor)
        broker.start()
        house = House(tmp_path, broker.address, database_url, broker.log_id)
        stack.callback(house.stop)
        yield house, broker, supervisor


def test_a_worker_that_is_started_before_kafka_waits_and_then_works(
    site: tuple[House, Broker, Supervisor],
) -> None:
    house, broker, supervisor = site
    supervisor.stop("broker")
    house.start("worker")
    log = house.folder / "worker.log"
    said = f"Kafka at {house.kafka} does not answer; waiting"
    eventually(lambda: said in log.read_text(), READY_WITHIN_S, "the worker says why it waits")
    broker.start()
    done = house.ioc("migrate")
    assert done.returncode == 0, done.stderr
    eventually(house.is_ready, READY_WITHIN_S, "the worker that waited holds every partition")
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("log_id", ["of-ioc-up", None])
def test_a_worker_whose_kafka_never_comes_ends_with_a_sentence(
    database_url: str, tmp_path: Path, log_id: str | None
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT],
        env={**os.environ, **House(tmp_path, nowhere, database_url, log_id).environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"ioc: Kafka at {nowhere} does not answer"
    assert "Traceback" not in done.stderr
