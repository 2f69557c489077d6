"""What it costs to tell a thousand screens, ours beside nginx with nchan, in one run.

The server has one core, all else the other: 10 messages of 600 bytes a second go to every client.
Ours is `ioc api` with stock settings; a message is a row of the alarm log. CPU is that of the
server's process from before the first message until every client has the last one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, LiteralString, cast
from uuid import UUID

import httpx
import orjson
import psycopg

from tests.benchmarks import meter
from tests.benchmarks.contest import REPOSITORY, Server, running_house
from tests.benchmarks.fanout_clients import DIGITS, MARK
from tests.benchmarks.nchan import running_nchan

MESSAGES_PER_S = 10
MESSAGE_BYTES = 600
SECONDS = 15
#: How long the last message may take to reach the last client.
DRAINED_WITHIN_S = 10.0
CONNECTED_WITHIN_S = 150.0
WARM_UP_CLIENTS = 50
DEAF = 50
#: What the deaf are sent at once, so that they are full before the measuring begins: they come back
#: and have missed this many entries.
DEAF_MISSED = 3000

INSERT: LiteralString = """
    INSERT INTO alarm_log (seq, alarm_id, at, type, from_state, to_state, alarm)
    VALUES (nextval('alarm_log_seq'), %s, now(), 'raised', 'normal', 'unacknowledged', %s::jsonb)
"""
RING: LiteralString = "SELECT pg_notify('ioc_alarm_log', '')"
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Target:
    """A server to be measured: where clients go, and how a message gets to all of them."""

    name: str
    pid: int
    url: str
    waiting_for: str
    publish: Callable[[bytes], None]
    #: Where deaf clients go; "" where `url` does.
    deaf_url: str = ""
    #: How many it has ended because they did not read.
    dropped: Callable[[], int] = lambda: 0


@dataclass(frozen=True, slots=True)
class Trial:
    """What is done to a server: so many clients, messages for so long."""

    clients: int
    seconds: int
    #: The server's core, and that of all else.
    cores: tuple[int, int]
    deaf: int = 0


@dataclass(frozen=True, slots=True)
class Fanout:
    """What was measured; CPU of the server's process alone, a message to a client is delivered."""

    server: str
    clients: int
    deaf: int
    delivered: int
    missing: int
    cut: int
    dropped: int
    cpu_us: float
    core: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    #: None on a process that has had as many before: it keeps memory for them.
    kib_per_client: float | None
    connect_s: float
    #: The share of the CPU that programs took which have nothing to do with it.
    others: float


class ClientProcess:
    """The process of the clients, and what it says."""

    def __init__(self, target: Target, trial: Trial) -> None:
        arguments = [target.url, "--clients", str(trial.clients), "--deaf", str(trial.deaf)]
        arguments += ["--deaf-url", target.deaf_url, "--waiting-for", target.waiting_for]
        with on_cores({trial.cores[1]}):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.fanout_clients", *arguments],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self.pid = self._process.pid
        self.connect_s = float(self._said()["seconds"])

    def delivered(self) -> int:
        """Return how many messages have come, of all clients."""
        return int(self._ask("count")["delivered"])

    def end(self) -> dict[str, Any]:
        """End it; return what came."""
        found = self._ask("end")
        self._process.communicate()
        return found

    def kill(self) -> None:
        """End it, whatever it does; twice is the same."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, word: str) -> dict[str, Any]:
        pipe = cast("IO[str]", self._process.stdin)
        pipe.write(word + "\n")
        pipe.flush()
        return self._said()

    def _said(self) -> dict[str, Any]:
        line = cast("IO[str]", self._process.stdout).readline()
        if not line:
            raise SystemExit("the clients have ended; what is wrong stands above")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Start processes that keep to these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def message(sent_ns: int) -> bytes:
    """Return an alarm of 600 bytes that says when it was sent."""
    alarm = {
        "id": "0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10",
        "severity": "critical",
        "state": "unacknowledged",
        "area": "05443",
        "title": f"{MARK.decode()}{sent_ns:0{DIGITS}d}",
        "guidance": "",
    }
    alarm["guidance"] = "x" * (MESSAGE_BYTES - len(orjson.dumps(alarm)))
    return orjson.dumps(alarm)


@contextmanager
def running_ours(server: Server, folder: Path, trial: Trial) -> Iterator[Target]:
    """Start `ioc api` on its core, with an empty database and broker of its own."""
    with ExitStack() as stack:
        house = stack.enter_context(running_house(server, folder))
        conn = stack.enter_context(psycopg.connect(house.database_url, autocommit=True))
        with conn.transaction(), conn.cursor() as cursor:
            rows = [(NOBODY, message(0).decode())] * DEAF_MISSED
            cursor.executemany(INSERT, rows)

        def publish(body: bytes) -> None:
            with conn.transaction():
                conn.execute(INSERT, (NOBODY, body.decode()))
                conn.execute(RING)

        with on_cores({trial.cores[0]}):
            house.start("api")
        house.wait_ready()
        live = f"{house.url}/api/v1/live"
        pid = house.running["api"].pid
        deaf_url = f"{live}?last_event_id=1"
        yield Target(
            "ioc", pid, live, "event: snapshot", publish, deaf_url, lambda: dropped_views(house.url)
        )


@contextmanager
def running_yardstick(folder: Path, trial: Trial) -> Iterator[Target]:
    """Start nginx with nchan on its core."""
    with ExitStack() as stack:
        with on_cores({trial.cores[0]}):
            nchan = stack.enter_context(running_nchan(folder, trial.clients))
        url = f"http://127.0.0.1:{nchan.port}/live"
        yield Target("nchan", nchan.pid, url, ": hi", nchan.publish)


def measure(target: Target, trial: Trial) -> Fanout:
    """Connect, publish for a while, and return what was seen."""
    if not trial.deaf:
        # What the first connections of a process cost once is not the price of a connection.
        ClientProcess(target, replace(trial, clients=WARM_UP_CLIENTS)).end()
        time.sleep(1)
    dropped_before = target.dropped()
    before_kib = resident_kib(target.pid)
    them = ClientProcess(target, trial)
    try:
        first, first_all = meter.read({"server": target.pid}), meter.read({"us": os.getpid()})
        sent = publish_all(target, trial.seconds)
        wait_delivered(them, sent * trial.clients)
        span = meter.between(first, meter.read({"server": target.pid}))
        whole = meter.between(first_all, meter.read({"us": os.getpid()}))
        after_kib = resident_kib(target.pid)
        dropped = wait_dropped(target, dropped_before, trial.deaf) if target.deaf_url else 0
        found = them.end()
    finally:
        them.kill()
    assert found["delivered"], f"{target.name} delivered nothing"
    return Fanout(
        server=target.name,
        clients=trial.clients,
        deaf=trial.deaf,
        delivered=found["delivered"],
        missing=sent * trial.clients - found["delivered"],
        cut=found["cut"],
        dropped=dropped,
        cpu_us=round(span.trees_s["server"] / max(found["delivered"], 1) * 1e6, 2),
        core=round(span.trees_s["server"] / span.seconds, 3),
        p50_ms=round(found["p50_ms"], 1),
        p99_ms=round(found["p99_ms"], 1),
        max_ms=round(found["max_ms"], 1),
        kib_per_client=None if trial.deaf else round((after_kib - before_kib) / trial.clients, 1),
        connect_s=them.connect_s,
        others=round(whole.others, 3),
    )


def publish_all(target: Target, seconds: int) -> int:
    """Publish at an even pace; return how many."""
    count = seconds * MESSAGES_PER_S
    start = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, start + number / MESSAGES_PER_S - time.monotonic()))
        target.publish(message(time.monotonic_ns()))
    return count


def wait_delivered(them: ClientProcess, wanted: int) -> None:
    """Wait until all has come, or nothing more will."""
    deadline = time.monotonic() + DRAINED_WITHIN_S
    while them.delivered() < wanted and time.monotonic() < deadline:
        time.sleep(0.1)


def wait_dropped(target: Target, before: int, wanted: int) -> int:
    """Return how many were ended for not reading, once it is as many as there are, or time."""
    deadline = time.monotonic() + DRAINED_WITHIN_S
    while (found := target.dropped() - before) < wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def dropped_views(url: str) -> int:
    """Return how many live views the API has ended because they did not keep up."""
    text = httpx.get(f"{url}/metrics", timeout=30).text
    found = re.findall(r"^ioc_api_sse_dropped_total\{\S+\} (\S+)", text, re.MULTILINE)
    return round(sum(map(float, found)))


def resident_kib(pid: int) -> int:
    """Return the memory that a process has now."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
