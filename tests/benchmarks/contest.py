"""One run of one contestant: a fresh broker that holds the load, a fresh database, one process."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from connectors.embedded.broker import Broker
from connectors.kafka.producer import Producer
from connectors.timescale.replays import drop_database
from tests import embedded
from tests.acceptance.house import House
from tests.benchmarks import meter
from tests.benchmarks.load import Load, publish
from tests.benchmarks.profiled import MEASURING
from tests.benchmarks.theirs import CREATE_ROLLUP

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BEGIN_WITHIN_S = 60.0
DONE_WITHIN_S = 300.0
#: Faust goes on, doing nothing, when its agent has died.
STANDS_STILL_S = 30.0
LOOK_FOR_BEGIN_EVERY_S = 0.02
TUNABLE = ("IOC_BATCH_ROWS", "IOC_COMMITTERS", "IOC_FETCH_BYTES")
#: The sum over the rollup costs the machine a few milliseconds, so it is asked for rarely while
#: the end is far; this is how exactly the end is seen.
LOOK_FOR_DONE_MIN_S, LOOK_FOR_DONE_MAX_S = 0.05, 0.5
#: From this share of the CPU taken by others on, the machine was busy with something else.
OTHERS_MAX = 0.10

CREATE_BEGUN = "CREATE TABLE bench_begun (at timestamptz)"
COUNTS = """
SELECT (SELECT coalesce(sum(n), 0)::bigint FROM {rollup}), (SELECT count(*) FROM dead_letters)
"""
TOTALS = """
SELECT (SELECT count(*) FROM events), (SELECT coalesce(sum(n), 0)::bigint FROM {rollup}),
    (SELECT count(*) FROM dead_letters), (SELECT count(*) FROM alarms)
"""
#: Every row knows the transaction that wrote it.
ROWS_PER_TRANSACTION = "SELECT count(*)::float / count(DISTINCT xmin::text) FROM events"

_numbers = itertools.count(1)


class WrongError(Exception):
    """A contestant did not do the work; its last lines and what is wrong are in the message."""


class Wanted(NamedTuple):
    """What must be in the database, to the last one."""

    events: int
    counted: int
    dead_letters: int
    alarms: int


@dataclass(frozen=True, slots=True)
class Contestant:
    """Somebody who does the work: `arguments` of Python that start it as one process."""

    name: str
    arguments: tuple[str, ...]
    #: Answers with a row once the first record is in its hands.
    begun: str = "SELECT 1 FROM bench_begun"
    #: It gets this part of the events: 10 is a tenth.
    divisor: int = 1
    #: Where it counts.
    rollup: str = "bench_rollup"
    #: It does the whole work; the limit writes no dead letters and raises no alarms.
    whole: bool = True
    #: The package that it stands on, in the environment of the bench; None: in ours.
    package: str | None = None
    python: str = sys.executable

    def wanted(self, load: Load) -> Wanted:
        """Return what it must have counted when it is done."""
        rest = (load.malformed, load.alarms) if self.whole else (0, 0)
        return Wanted(load.distinct, load.distinct, *rest)


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured; CPU in seconds for 100,000 events, shares of all CPU time."""

    events: int
    seconds: float
    events_per_s: float
    worker_cpu_s: float
    postgres_cpu_s: float
    broker_cpu_s: float
    peak_mib: float
    rows_per_transaction: float
    idle: float
    steal: float
    others: float
    load_average: float
    busy: bool


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL of the whole bench."""

    url: str
    pid: int

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database; yield its URL."""
        name = f"bench_{next(_numbers)}"
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield self.url.replace("@/ioc?", f"@/{name}?")
        finally:
            drop_database(self.url, name)


@contextmanager
def running_postgres(folder: Path) -> Iterator[Server]:
    """Start the embedded PostgreSQL on an empty folder."""
    with embedded.running_postgres(folder) as (supervisor, postgres):
        yield Server(postgres.url, supervisor.pids()["postgres"])


@contextmanager
def running_broker(folder: Path) -> Iterator[tuple[Broker, int]]:
    """Start an empty embedded broker; yield it and its process id."""
    with embedded.running_broker(folder) as (supervisor, broker):
        yield broker, supervisor.pids()["broker"]


@contextmanager
def running_house(server: Server, folder: Path) -> Iterator[House]:
    """Yield a house with an empty database and broker of its own; nothing in it is started yet."""
    with ExitStack() as stack:
        url = stack.enter_context(server.database())
        broker, _ = stack.enter_context(running_broker(folder / "broker"))
        house = House(folder, broker.address, url, broker.log_id)
        migrated = house.ioc("migrate")
        assert migrated.returncode == 0, migrated.stderr
        stack.callback(house.stop)
        yield house


def run(contestant: Contestant, load: Load, server: Server, folder: Path) -> Run:
    """Let one contestant drain the load; its counts must be exact.

    Raises:
        WrongError: it died, took too long, or counted wrong; its log is in `folder`.
    """
    with ExitStack() as stack:
        url = stack.enter_context(server.database())
        broker, broker_pid = stack.enter_context(running_broker(folder / "broker"))
        house = House(folder, broker.address, url, broker.log_id)
        migrated = house.ioc("migrate")
        assert migrated.returncode == 0, migrated.stderr
        producer = Producer(broker.address, "bench", bulk=True)
        publish(load, producer)
        producer.close()
        conn = stack.enter_context(psycopg.connect(url, autocommit=True))
        conn.execute(CREATE_BEGUN)
        conn.execute(CREATE_ROLLUP)
        load_average = os.getloadavg()[0]
        stack.callback(house.stop)
        worker = house.running["worker"] = _start(contestant, house)
        wanted = contestant.wanted(load)
        trees = {"worker": worker.pid, "postgres": server.pid, "broker": broker_pid}
        try:
            first = _begun(conn, worker, contestant, trees)
            (folder / MEASURING).touch()
            last = _done(conn, worker, contestant, wanted, first, trees)
            (folder / MEASURING).unlink()
            peak_mib = meter.peak_mib(worker.pid)
            _check(conn, contestant, wanted)
            rows = float((conn.execute(ROWS_PER_TRANSACTION).fetchone() or (0,))[0])
        except AssertionError as error:
            lines = (folder / "worker.log").read_text(errors="replace").splitlines()[-30:]
            raise WrongError("\n".join((*lines, f"{contestant.name}: {error}"))) from None
    found = _figures(len(load.records), meter.between(first, last))
    return Run(
        **found,
        peak_mib=round(peak_mib, 1),
        rows_per_transaction=round(rows, 1),
        load_average=round(load_average, 2),
    )


def _tuned() -> dict[str, str]:
    """Return the settings that somebody wants to try; without them the worker's are stock."""
    return {name: os.environ[name] for name in TUNABLE if name in os.environ}


def _start(contestant: Contestant, house: House) -> subprocess.Popen[bytes]:
    with (house.folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [contestant.python, *contestant.arguments],
            cwd=house.folder,  # Faust leaves a folder where it stands
            env=house.environment | _tuned() | {"PYTHONPATH": str(REPOSITORY)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _begun(
    conn: psycopg.Connection[Any],
    worker: subprocess.Popen[bytes],
    contestant: Contestant,
    trees: dict[str, int],
) -> meter.Reading:
    """Return what was read when the first record was in the contestant's hands."""
    deadline_s = time.monotonic() + BEGIN_WITHIN_S
    while conn.execute(contestant.begun.encode()).fetchone() is None:
        assert worker.poll() is None, f"ended with {worker.returncode} before it began"
        assert time.monotonic() < deadline_s, f"has not begun within {BEGIN_WITHIN_S:g} s"
        time.sleep(LOOK_FOR_BEGIN_EVERY_S)
    return meter.read(trees)


def _done(
    conn: psycopg.Connection[Any],
    worker: subprocess.Popen[bytes],
    contestant: Contestant,
    wanted: Wanted,
    first: meter.Reading,
    trees: dict[str, int],
) -> meter.Reading:
    """Return what was read when everything was counted."""
    counts = COUNTS.format(rollup=contestant.rollup).encode()
    moved_s, before = first.at_s, (0, 0)
    while True:
        counted, dead = conn.execute(counts).fetchone() or (0, 0)
        if (counted, dead) != before:
            moved_s, before = time.monotonic(), (counted, dead)
        if (counted, dead) == (wanted.counted, wanted.dead_letters):
            return meter.read(trees)
        assert counted <= wanted.counted, f"counted {counted} of {wanted.counted}: too many"
        assert dead <= wanted.dead_letters, f"{dead} dead letters, not {wanted.dead_letters}"
        assert worker.poll() is None, f"ended with {worker.returncode} at {counted}"
        now_s = time.monotonic()
        spent_s = now_s - first.at_s
        so_far = f"{counted} of {wanted.counted} counted, {dead} of {wanted.dead_letters} dead"
        assert spent_s < DONE_WITHIN_S, f"after {DONE_WITHIN_S:g} s: {so_far}"
        assert now_s - moved_s < STANDS_STILL_S, f"stands still for {STANDS_STILL_S:g} s: {so_far}"
        left_s = spent_s * (wanted.counted - counted) / counted if counted else 0.0
        time.sleep(min(max(left_s / 4, LOOK_FOR_DONE_MIN_S), LOOK_FOR_DONE_MAX_S))


def _check(conn: psycopg.Connection[Any], contestant: Contestant, wanted: Wanted) -> None:
    found = conn.execute(TOTALS.format(rollup=contestant.rollup).encode()).fetchone()
    assert found == wanted, f"{' '.join(wanted._fields)}: {found}, not {tuple(wanted)}"


def _figures(events: int, span: meter.Span) -> dict[str, Any]:
    def for_100_000(name: str) -> float:
        return round(span.trees_s[name] / events * 100_000, 3)

    return {
        "events": events,
        "seconds": round(span.seconds, 3),
        "events_per_s": round(events / span.seconds, 1),
        "worker_cpu_s": for_100_000("worker"),
        "postgres_cpu_s": for_100_000("postgres"),
        "broker_cpu_s": for_100_000("broker"),
        "idle": round(span.idle, 3),
        "steal": round(span.steal, 3),
        "others": round(span.others, 3),
        "busy": span.others > OTHERS_MAX,
    }
