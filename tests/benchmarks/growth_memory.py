"""What a worker's memory does over five million events. See docs/scaling.md.

Waves of 300,000 of the events of `make bench`, each of another hour, are put into the embedded
broker while the worker runs; the next wave comes when all of the last is stored. Prints the
worker's memory (with its processes) at the end of each wave, and the most within it; 1 when the
last third of the waves needs more than the one before it, by more than a tenth.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import psycopg

from connectors.kafka.producer import Producer
from ioc import clock
from tests.acceptance.house import House, eventually
from tests.benchmarks import meter, report
from tests.benchmarks.contest import running_house, running_postgres
from tests.benchmarks.growth import OUTPUT
from tests.benchmarks.load import EVENTS_PER_S, make_load, publish

EVENTS, WAVE = 5_000_000, 300_000
#: The last third of the waves over the middle one, at most.
GOAL_RATIO = 1.1
STORED_WITHIN_S = 300.0
LOOK_EVERY_S = 0.1
LAST_LINES = 40

COUNTED = """
SELECT (SELECT coalesce(sum(next), 0)::bigint FROM offsets), pg_database_size(current_database()),
    pg_current_wal_insert_lsn() - '0/0'::pg_lsn
"""


@dataclass(frozen=True, slots=True)
class Wave:
    """What was seen when so many events had been stored; memory in MiB, sizes in bytes."""

    events: int
    seconds: float
    resident_mib: float
    peak_mib: float
    database_bytes: int
    log_bytes: int


class Watcher(threading.Thread):
    """Looks at a tree's memory ten times a second."""

    def __init__(self, root: int) -> None:
        super().__init__(name="watcher", daemon=True)
        self._root = root
        self._most_mib = 0.0

    def run(self) -> None:
        """Look for as long as the process lives."""
        while True:
            self._most_mib = max(self._most_mib, meter.resident_mib(self._root))
            time.sleep(LOOK_EVERY_S)

    def take_most_mib(self) -> float:
        """Return the most since this was asked last."""
        found, self._most_mib = self._most_mib, 0.0
        return found


@contextmanager
def running_worker(folder: Path) -> Iterator[House]:
    """Start a worker on an empty broker and an empty database."""
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(folder / "postgres"))
        house = stack.enter_context(running_house(server, folder))
        house.start("worker")
        house.wait_ready()
        yield house


def waves(house: House, sizes: Sequence[int]) -> Iterator[Wave]:
    """Send one wave after the other; yield what was seen after each."""
    worker = house.running["worker"]
    watcher = Watcher(worker.pid)
    watcher.start()
    producer = Producer(house.kafka, "bench", bulk=True)
    now, sent = clock.now(), 0
    with psycopg.connect(house.database_url, autocommit=True) as conn:
        _, _, log_start = conn.execute(COUNTED).fetchone() or (0, 0, 0)
        for number, size in enumerate(sizes):
            hours_ago = timedelta(seconds=(sum(sizes[number + 1 :])) / EVENTS_PER_S)
            publish(make_load(size, now - hours_ago, first=sent + 1), producer)
            sent += size
            began_s = time.monotonic()

            def stored(wanted: int = sent) -> bool:
                assert worker.poll() is None, _last_words(house.folder)
                return int((conn.execute(COUNTED).fetchone() or (0,))[0]) >= wanted

            eventually(stored, STORED_WITHIN_S, f"{sent:,} records stored")
            _, database_bytes, log_bytes = conn.execute(COUNTED).fetchone() or (0, 0, 0)
            yield Wave(
                sent,
                round(time.monotonic() - began_s, 1),
                round(meter.resident_mib(worker.pid), 1),
                round(watcher.take_most_mib(), 1),
                int(database_bytes),
                int(log_bytes - log_start),
            )
    producer.close()


def _last_words(folder: Path) -> str:
    lines = (folder / "worker.log").read_text(errors="replace").splitlines()[-LAST_LINES:]
    return "\n".join(("the worker ended", *lines))


def growth(found: Sequence[Wave]) -> float:
    """Return how many times the memory of the middle third the last third took."""
    third = len(found) // 3
    last = statistics.median(wave.peak_mib for wave in found[-third:])
    middle = statistics.median(wave.peak_mib for wave in found[third:-third])
    return last / middle


def main() -> int:
    """Send, print and write; 1 when memory grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--wave", type=int, default=WAVE)
    asked = parser.parse_args()
    if platform.system() != "Linux":
        print("the bench reads /proc: it runs on Linux only", file=sys.stderr)
        return 1
    whole, rest = divmod(asked.events, asked.wave)
    sizes = [asked.wave] * whole + [rest] * bool(rest)
    found: list[Wave] = []
    print(
        f"{'events':>10} {'MiB':>8} {'most':>8} {'bytes an event on disk':>24} {'in the log':>11}"
    )
    with (
        tempfile.TemporaryDirectory(prefix="ioc-memory-") as folder,
        running_worker(Path(folder)) as house,
    ):
        for wave in waves(house, sizes):
            found.append(wave)
            print(
                f"{wave.events:>10,} {wave.resident_mib:>8.0f} {wave.peak_mib:>8.0f} "
                f"{wave.database_bytes / wave.events:>24.0f} {wave.log_bytes / wave.events:>11.0f}",
                flush=True,
            )
    if len(found) < 3:
        return 0
    ratio = growth(found)
    print(f"last third over middle third: {ratio:.2f}, goal {GOAL_RATIO:g}")
    if asked.events == EVENTS:
        report.write(OUTPUT, memory=[asdict(wave) for wave in found], memory_ratio=round(ratio, 3))
    return 1 if ratio > GOAL_RATIO else 0


if __name__ == "__main__":
    sys.exit(main())
