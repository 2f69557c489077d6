"""What an event costs, stage by stage: CPU of the worker and of PostgreSQL. See docs/scaling.md.

Batches as a worker fetches them, decoded and committed one after the other by the worker's own
functions in this process, on one connection: nothing is hidden by threads, and nothing waits. What
is not in it: Kafka (fetching and unpacking) and the handing over between a worker's processes.
"""

from __future__ import annotations

import argparse
import functools
import gc
import itertools
import platform
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from connectors.kafka.producer import Record
from connectors.timescale import alarms, desks, intake, latest, offsets, staging
from connectors.timescale.database import connect
from connectors.timescale.migrate import migrate
from connectors.timescale.rollups import Rollups
from ioc import clock
from ioc.intake import RECENT_RECORDS
from ioc.rulebook import in_force
from ioc.topics import EVENT_TOPICS
from streams import batch, evaluate
from streams.fetched import RecordBatch
from tests.benchmarks import meter
from tests.benchmarks.contest import running_postgres
from tests.benchmarks.load import make_load

EVENTS, UNIT_ROWS, PARTITIONS = 200_000, 20_000, 4
LOG = "bench"
PLACES = tuple(itertools.product(EVENT_TOPICS, range(PARTITIONS)))
#: The functions of each stage, where the worker looks them up; what one calls counts as its own.
STAGES: tuple[tuple[str, Any, str], ...] = (
    ("decode", batch, "decode_batch"),
    ("place", batch, "place_many"),
    ("fence", offsets, "advance"),
    ("pack", intake, "packed"),
    ("stage and store", intake, "store"),
    ("count", Rollups, "count"),
    ("dead letters", intake, "bury"),
    ("desks", desks, "apply"),
    ("reports", latest, "hear_reports"),
    ("devices", latest.Devices, "see"),
    ("rules", evaluate, "transitions"),
    ("alarms", alarms, "apply"),
    ("begin, commit", batch, "commit"),
)


class Fetched(NamedTuple):
    """A record as a fetch brings it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Cpu(NamedTuple):
    """CPU seconds: ours, and the database connection's."""

    ours_s: float
    theirs_s: float


class Stages:
    """Adds up the CPU of each stage, without what it spends in another."""

    def __init__(self, backend: int) -> None:
        self._backend = backend
        self._inner: list[Cpu] = []
        self.spent: dict[str, Cpu] = defaultdict(lambda: Cpu(0.0, 0.0))

    def _now(self) -> Cpu:
        theirs = Path(f"/proc/{self._backend}/schedstat").read_text(encoding="ascii")
        return Cpu(time.thread_time(), int(theirs.split()[0]) / 1e9)

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and writes down what it took."""

        @functools.wraps(call)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            began = self._now()
            self._inner.append(Cpu(0.0, 0.0))
            try:
                return call(*args, **kwargs)
            finally:
                ended, inner = self._now(), self._inner.pop()
                whole = Cpu(ended.ours_s - began.ours_s, ended.theirs_s - began.theirs_s)
                self.spent[name] = _sum(self.spent[name], _minus(whole, inner))
                if self._inner:
                    self._inner[-1] = _sum(self._inner[-1], whole)

        return wrapper

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time the worker's functions while the block runs."""
        before = [(owner, name, getattr(owner, name)) for _, owner, name in STAGES]
        for stage, owner, name in STAGES:
            setattr(owner, name, self.timed(stage, getattr(owner, name)))
        try:
            yield
        finally:
            for owner, name, call in before:
                setattr(owner, name, call)


def _sum(one: Cpu, other: Cpu) -> Cpu:
    return Cpu(one.ours_s + other.ours_s, one.theirs_s + other.theirs_s)


def _minus(one: Cpu, other: Cpu) -> Cpu:
    return Cpu(one.ours_s - other.ours_s, one.theirs_s - other.theirs_s)


def units(records: Sequence[Record], rows: int) -> Iterator[list[RecordBatch]]:
    """Yield what a worker under load commits together: batches of one topic, by partition."""
    next_offset: dict[tuple[str, int], int] = defaultdict(int)
    streams = [[record for record in records if record.topic == topic] for topic in EVENT_TOPICS]
    slices = [
        [stream[start : start + rows] for start in range(0, len(stream), rows)]
        for stream in streams
    ]
    for of_topics in itertools.zip_longest(*slices):
        for taken in of_topics:
            if taken:
                yield _batches(taken, next_offset)


def _batches(
    records: Sequence[Record], next_offset: dict[tuple[str, int], int]
) -> list[RecordBatch]:
    by_partition: dict[int, list[Fetched]] = defaultdict(list)
    topic = records[0].topic
    for record in records:
        partition = zlib.crc32(record.key or b"") % PARTITIONS
        offset = next_offset[topic, partition]
        next_offset[topic, partition] += 1
        bare = Fetched(offset, record.timestamp_ms or 0, record.key, record.value, ())
        by_partition[partition].append(bare)
    return [
        RecordBatch(topic, partition, found[0].offset, found[-1].offset + 1, found)
        for partition, found in sorted(by_partition.items())
    ]


def measure(url: str, postgres_pid: int, records: Sequence[Record], rows: int) -> None:
    """Commit everything and print the table, in microseconds an event."""
    migrate(url)
    memory = batch.Memory(
        dict.fromkeys(EVENT_TOPICS, LOG), in_force(None), False, RECENT_RECORDS // PARTITIONS
    )
    with connect(url, "ioc bench") as conn:
        staging.prepare(conn)
        offsets.claim(conn, LOG, dict.fromkeys(PLACES, 0))
        stages, caches = Stages(conn.info.backend_pid), batch.Caches()
        made = list(units(records, rows))
        gc.collect()
        gc.freeze()
        first = meter.read({"postgres": postgres_pid})
        with stages.watching():
            for unit in made:
                decoded = [batch.decode_batch(each, clock.now()) for each in unit]
                batch.commit(conn, decoded, memory, caches, clock.now())
        span = meter.between(first, meter.read({"postgres": postgres_pid}))
    _print(stages, len(records), span.trees_s["postgres"])


def _print(stages: Stages, events: int, postgres_s: float) -> None:
    print(f"{'us an event':18} {'worker':>8} {'PostgreSQL':>11}")
    for name, _, _ in STAGES:
        ours_s, theirs_s = stages.spent[name]
        print(f"{name:18} {ours_s / events * 1e6:>8.2f} {theirs_s / events * 1e6:>11.2f}")
    ours_s = sum(spent.ours_s for spent in stages.spent.values())
    theirs_s = sum(spent.theirs_s for spent in stages.spent.values())
    aside_s = max(0.0, postgres_s - theirs_s)
    print(f"{'log, checkpoints':18} {'':>8} {aside_s / events * 1e6:>11.2f}")
    print(f"{'together':18} {ours_s / events * 1e6:>8.2f} {postgres_s / events * 1e6:>11.2f}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rows", type=int, default=UNIT_ROWS, help="of one transaction")
    asked = parser.parse_args()
    if platform.system() != "Linux":
        print("the bench reads /proc: it runs on Linux only", file=sys.stderr)
        return 1
    records = make_load(asked.events, clock.now()).records
    sizes = sum(len(record.value) for record in records) / len(records)
    print(f"{asked.events:,} events of {sizes:.0f} bytes, {asked.rows:,} in a transaction")
    with (
        tempfile.TemporaryDirectory(prefix="ioc-costs-") as folder,
        running_postgres(Path(folder) / "postgres") as server,
        server.database() as url,
    ):
        measure(url, server.pid, records, asked.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
