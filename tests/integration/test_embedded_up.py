"""`ioc up` with the real broker and the real PostgreSQL, and stand-ins for our processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaProducer

from connectors.embedded.run import DataDir, Run, broker_is_full, of_run, read_run
from ioc.cli.up import is_loopback, refuse_open_door
from ioc.errors import ConfigError
from ioc.settings import Settings
from tests.patience import patient
from tests.processes import is_alive

STAND_IN = '''
"""Every process of the product, as far as `ioc up` can tell."""
import http.server, json, os, pathlib, sys, time
folder = pathlib.Path(os.environ["IOC_DATA_DIR"])
start = {"command": sys.argv[1], "log_id": os.environ["IOC_LOG_ID"], "pid": os.getpid()}
with (folder / "starts").open("a") as file:
    file.write(json.dumps(start) + "\\n")
if sys.argv[1] == "doctor":
    sys.exit(1 if (folder / "busy").exists() else 0)
if sys.argv[1] == "migrate":
    import psycopg
    psycopg.connect(os.environ["IOC_DATABASE_URL"]).close()
    sys.exit()
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
if sys.argv[1] == "api":
    address = ("127.0.0.1", int(os.environ["IOC_API_PORT"]))
    http.server.HTTPServer(address, Ready).serve_forever()
time.sleep(600)
'''

UP = """
import pathlib, sys
from ioc.cli.up import Site, run
from ioc.settings import Settings
site = Site(program=(sys.executable, sys.argv[1]))
settings = Settings().model_copy(update={"broker_memory_mib": 40})
sys.exit(run(settings, int(sys.argv[3]), pathlib.Path(sys.argv[2]), True, site))
"""


class Up:
    """An `ioc up` in a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        stand_in = folder.parent / "stand_in.py"
        stand_in.write_text(STAND_IN)
        self.screen = folder.with_suffix(".screen")
        with self.screen.open("wb") as screen:
            self.process = subprocess.Popen(
                (sys.executable, "-c", UP, str(stand_in), str(folder), str(port)),
                stdout=screen,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self) -> Run:
        run = read_run(self.folder)
        assert run is not None
        return run

    def starts(self, command: str) -> list[str]:
        """Return the log ids with which a command was started, in order."""
        lines = (self.folder / "starts").read_text().splitlines()
        starts = [json.loads(line) for line in lines]
        return [start["log_id"] for start in starts if start["command"] == command]

    def says(self, text: str, timeout_s: float = 15) -> None:
        """Wait until the screen shows a text."""

        def shown() -> bool:
            return text in self.screen.read_text()

        self.until(shown, timeout_s)

    def until(self, condition: Callable[[], bool], timeout_s: float = 15) -> None:
        deadline_s = time.monotonic() + patient(timeout_s)
        while not condition():
            assert time.monotonic() < deadline_s, self.screen.read_text()
            time.sleep(0.05)


@contextmanager
def up(folder: Path, port: int = 0) -> Iterator[Up]:
    started = Up(folder, port)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            os.killpg(started.process.pid, signal.SIGINT)
        started.process.wait(30)


def test_two_run_side_by_side_and_ctrl_c_ends_all_that_each_started(tmp_path: Path) -> None:
    with up(tmp_path / "one") as one, up(tmp_path / "two") as two:
        for each in (one, two):
            each.says("Ctrl-C stops everything.")
            each.says("Authentication is off")
        first, second = one.run(), two.run()
        assert first.api_port != second.api_port
        assert first.kafka != second.kafka
        assert first.database_url != second.database_url
        assert set(first.pids) == {"broker", "postgres", "worker", "notifier", "api", "simulate"}
        assert one.starts("worker") == [first.log_id]
        with psycopg.connect(second.database_url) as connection:
            connection.execute("CREATE TABLE kept ()")

        # What `ioc send` with the same IOC_DATA_DIR finds, and that the environment has its way.
        found = of_run(Settings(data_dir=one.folder, api_port=1))
        assert (found.kafka, found.api_port) == (first.kafka, 1)

        os.killpg(one.process.pid, signal.SIGINT)
        os.killpg(one.process.pid, signal.SIGINT)  # an impatient second one
        assert one.process.wait(20) == 0
        assert not [name for name, pid in first.pids.items() if is_alive(pid)]
        assert read_run(one.folder) is None
        assert is_alive(second.pids["broker"])

    with up(tmp_path / "two") as again:
        again.says("Ctrl-C stops everything.")
        assert again.run().log_id != second.log_id
        with psycopg.connect(again.run().database_url) as connection:
            assert connection.execute("SELECT * FROM kept").fetchall() == []


def test_killing_it_leaves_nobody_behind_and_the_next_one_starts(tmp_path: Path) -> None:
    with up(tmp_path / "data") as killed:
        killed.says("Ctrl-C stops everything.")
        pids = killed.run().pids
        killed.process.kill()
        killed.process.wait()
        killed.until(lambda: not [name for name, pid in pids.items() if is_alive(pid)])
    with up(tmp_path / "data") as again:
        again.says("Ctrl-C stops everything.")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("running") / "data") as started:
        started.says("Ctrl-C stops everything.")
        yield started


def test_a_killed_broker_is_replaced_under_a_new_log_id(running: Up) -> None:
    before = running.run()
    os.kill(before.pids["broker"], signal.SIGKILL)
    running.says("no worker had read yet is lost")
    running.until(lambda: running.run().log_id != before.log_id)
    after = running.run()
    assert after.kafka == before.kafka
    expected = [before.log_id, after.log_id]
    for reader in ("migrate", "worker", "notifier", "api"):
        running.until(lambda reader=reader: running.starts(reader)[-2:] == expected)  # type: ignore[misc]
    assert after.pids["simulate"] == before.pids["simulate"]
    running.until(lambda: not broker_is_full(running.folder))


async def fill(address: str) -> None:
    large = os.urandom(3_000_000)
    async with AIOKafkaProducer(bootstrap_servers=address, max_request_size=4_000_000) as producer:
        for _ in range(14):
            await producer.send_and_wait("ioc.fire.v1", large)


def test_a_broker_near_its_limit_is_drained_and_renewed(running: Up) -> None:
    before = running.run()
    (running.folder / "busy").touch()
    asyncio.run(fill(before.kafka))
    running.says("producers wait until the workers have read everything")
    assert broker_is_full(running.folder)
    running.until(lambda: len(running.starts("doctor")) >= 2)
    assert running.run().log_id == before.log_id, "not before the workers are through"

    (running.folder / "busy").unlink()
    running.until(lambda: running.run().log_id != before.log_id)
    running.until(lambda: not broker_is_full(running.folder))
    assert running.run().kafka == before.kafka


def test_a_port_or_a_folder_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with up(tmp_path / "data", port) as refused:
            assert refused.process.wait(20) == 2
    screen = refused.screen.read_text()
    assert screen.startswith(f"Port {port} on 127.0.0.1 cannot be used (Address already in use)")
    assert f"IOC_API_PORT={port + 1}" in screen

    with DataDir(tmp_path / "data"), up(tmp_path / "data") as second:
        assert second.process.wait(20) == 2
    assert f"Another `ioc up` (process {os.getpid()}) runs on" in second.screen.read_text()


def test_an_open_door_is_refused() -> None:
    with pytest.raises(ConfigError, match="set IOC_AUTH=true"):
        refuse_open_door(Settings(api_host="0.0.0.0", auth=False))  # noqa: S104 - that is the point
    refuse_open_door(Settings(api_host="0.0.0.0", auth=True))  # noqa: S104
    refuse_open_door(Settings(api_host="::1"))
    assert not is_loopback("ioc.example")
