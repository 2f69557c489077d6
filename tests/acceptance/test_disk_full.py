"""What happens when the database's disk is full: it is said, nothing is lost, it goes on by itself.

The disk is a small tmpfs: ENOSPC is the kernel's own, and PostgreSQL refuses with SQLSTATE 53100.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.embedded.children import Supervisor
from connectors.embedded.identity import server_identity
from connectors.embedded.postgres import Postgres, postgres_programs
from connectors.embedded.run import DataDir
from ioc import clock
from tests.acceptance.conftest import embedded_broker
from tests.acceptance.house import House, JsonObject, eventually
from tests.real.need import missing

DISK_MIB = 512
EVENTS = 6_000
SENT = f"sent {EVENTS - 100}, refused 0"
SAID_WITHIN_S = 20.0
#: More than any lag of a worker that can store.
LAG_S = 5.0
BACK_WITHIN_S = 60.0
JSON = {"content-type": "application/cloudevents+json"}


@dataclass
class Disk:
    """A small disk of its own, and how to fill it."""

    path: Path

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"\0" * 65_536)
            except OSError:
                return

    def stays_full(self) -> Callable[[], bool]:
        """Return a look that fills up what comes free; true once nothing has for two seconds.

        A connection that ends gives back its temporary tables, and a little can be written again.
        """
        taken: deque[int] = deque(maxlen=40)

        def look() -> bool:
            self.fill()
            taken.append((self.path / "ballast").stat().st_size)
            return len(taken) == taken.maxlen and taken[0] == taken[-1]

        return look

    def make_room(self) -> None:
        """Give back what was taken."""
        (self.path / "ballast").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount a tmpfs; only root may, or who is let by sudo without a password."""
    if sys.platform != "linux":
        missing("a small disk is made with tmpfs, which is Linux only")
    path = tmp_path / "disk"
    path.mkdir()
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and shutil.which("sudo") is None:
        missing("mounting a small disk needs root or sudo")
    options = f"size={DISK_MIB}m,mode=0777"
    done = subprocess.run(
        [*sudo, "mount", "-t", "tmpfs", "-o", options, "ioc-test", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        missing(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield Disk(path)
    finally:
        subprocess.run([*sudo, "umount", "--lazy", str(path)], check=True)


@pytest.fixture
def site(disk: Disk, tmp_path: Path) -> Iterator[House]:
    """A house whose database is on the small disk, and nothing else."""
    with ExitStack() as stack:
        data_dir = stack.enter_context(DataDir(disk.path / "database"))
        (tmp_path / "logs").mkdir()
        supervisor = Supervisor(tmp_path / "logs", lambda _: None)
        tools = postgres_programs()
        identity = server_identity(
            data_dir.path / "postgres", (tools / "postgres", tools / "initdb")
        )
        postgres = Postgres(data_dir.path, supervisor, identity, free_disk_min_mib=0)
        stack.callback(postgres.close)
        stack.callback(supervisor.stop_all)
        url = postgres.start()
        broker = embedded_broker(stack, tmp_path / "broker")
        built = House(tmp_path, broker.address, url, broker.log_id)
        done = built.ioc("migrate")
        assert done.returncode == 0, done.stderr
        stack.callback(built.stop)
        built.start("worker", "notifier", "api")
        built.wait_ready()
        yield built


def event(number: int, state: str = "test") -> JsonObject:
    return {
        "specversion": "1.0",
        "id": f"{number}",
        "source": "/full",
        "type": "ioc.fire.reading",
        "time": clock.now().isoformat(),
        "area": "05443",
        "device": f"sensor-{number}",
        "data": {"kind": "smoke", "state": state, "note": "x" * 1_000},
    }


def test_with_a_full_disk_nothing_is_lost_and_with_room_again_all_goes_on(
    disk: Disk, site: House
) -> None:
    before = {name: each.pid for name, each in site.running.items()}
    site.send([event(number) for number in range(100)])
    site.wait_stored(100)

    disk.fill()
    assert site.send([event(number) for number in range(100, EVENTS)]) == SENT
    eventually(lambda: says_full(site), SAID_WITHIN_S, "the worker says that the disk is full")
    eventually(disk.stays_full(), SAID_WITHIN_S, "nothing comes free any more")
    # Events are taken as ever: Kafka has another disk.
    fire = site.post("/events", event(EVENTS, "alarm"), **JSON)
    assert fire.status_code == 202, fire.text
    refused = site.post("/webhooks", {"name": "full", "url": "http://127.0.0.1:9/hooks"})
    assert refused.status_code == 503, "what must be written is refused"
    assert refused.json()["code"] == "database_full", "it answers: only its disk is full"
    assert refused.json()["detail"] == "the database's disk is full"
    assert int(refused.headers["retry-after"]) >= 1
    assert site.get("/events", source="fire")["events"], "what is stored can be read"
    eventually(
        lambda: site.get("/overview")["processing"]["lag_s"] > LAG_S, SAID_WITHIN_S, "lag is shown"
    )
    said = site.ioc("doctor").stdout
    assert said.startswith("- the database's disk is full")
    assert "records waiting" in said
    assert site.count() == 100, "a batch is stored whole or not at all"

    disk.make_room()
    site.wait_stored(EVENTS + 1, BACK_WITHIN_S)
    raised = site.get("/alarms", rule="fire-alarm")["alarms"]
    assert [alarm["device"] for alarm in raised] == [f"sensor-{EVENTS}"]
    assert site.count("dead_letters") == 0, "no event is to blame for a full disk"
    assert "disk is full" not in site.ioc("doctor").stdout
    again = site.post("/webhooks", {"name": "full", "url": "http://127.0.0.1:9/hooks"})
    assert again.status_code == 201, again.text
    now = {name: each.pid for name, each in site.running.items() if each.poll() is None}
    assert now == before, "nobody had to be started again"


def says_full(site: House) -> bool:
    log = (site.folder / "worker.log").read_text()
    return "wait_database" in log and "No space left on device" in log
