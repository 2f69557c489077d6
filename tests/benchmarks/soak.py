"""A wall that is open for eight hours while 200 alarms change every second, in forty minutes.

A real database and API and a real Chromium, all by one clock that runs twelve times as fast: the
wall turns its pages, moves against burn-in and redraws its charts as often as in eight hours.
Alarms are raised, acknowledged, remarked on and closed as the product itself writes them. Every
half hour of that clock the page's heap and nodes are counted after a collection; at the end what
the page received is compared with the log, and what it shows with the open alarms.
Writes build/soak.json; ends with 1 when something was lost or something grows.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg

from connectors.timescale.database import Database
from ioc.cli.replay import ends_when_told
from ioc.severity import Severity
from tests.acceptance.browser import browser
from tests.acceptance.house import House, eventually
from tests.acceptance.wall_page import WallPage
from tests.benchmarks import meter, report
from tests.benchmarks.changes import Changes
from tests.benchmarks.contest import REPOSITORY, running_broker, running_postgres
from tests.benchmarks.fast_clock import FastClock, running_api

OUTPUT = REPOSITORY / "build" / "soak.json"
#: Beyond thirteen a page without a graphics card is behind: it takes in 2,800 changes a second.
HOURS, SPEED, CHANGES_PER_S = 8.0, 12.0, 200
SAMPLES = 16
#: The least of them is what stays: a collection meets messages that are just being read.
READINGS = 5
LOADED_WITHIN_S, CAUGHT_UP_WITHIN_S = 60.0, 60.0
#: What a server gives up after ten seconds: figures over the millions of entries of such a day.
DEAR = "/api/v1/kpis?"
#: Of the mean, an hour, over the last half; and the greatest of them to the least. In the first
#: half the browser still compiles what is run often: 0.3 MiB, and none after it.
HEAP_SLOPE_MAX, HEAP_SPREAD_MAX = 0.01, 1.15
NODES_SPREAD_MAX = 1.05

IN_LOG: LiteralString = "SELECT count(*), max(seq) FROM alarm_log WHERE seq > %s"
OPEN: LiteralString = """
    SELECT severity, count(*) FROM alarms WHERE ended_at IS NULL GROUP BY severity"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The least that a page holds after a collection; `hours` by the fast clock."""

    hours: float
    heap_mib: float
    nodes: int
    listeners: int
    received: int


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came out."""

    hours: float
    speed: float
    changes: int
    changes_per_s: float
    received: int
    snapshots: int
    errors: int
    refused: int
    samples: Sequence[Sample]
    shown_as_stored: bool

    @property
    def heap_slope(self) -> float:
        """Growth an hour, as a share of the mean, over the last half."""
        late = self._late()
        mean_h = sum(each.hours for each in late) / len(late)
        mean = sum(each.heap_mib for each in late) / len(late)
        above = sum((each.hours - mean_h) * (each.heap_mib - mean) for each in late)
        below = sum((each.hours - mean_h) ** 2 for each in late)
        return above / below / mean if below else 0.0

    def faults(self) -> list[str]:
        """Return what is wrong; nothing is the goal."""
        late = self._late()
        heap = [each.heap_mib for each in late]
        nodes = [each.nodes for each in late]
        claims = {
            f"{self.changes - self.received} changes of the log were not received": (
                self.received == self.changes
            ),
            f"{self.snapshots} snapshots, and one is needed": self.snapshots == 1,
            f"{self.errors} errors on the page": self.errors == 0,
            "the screen counts other open alarms than the database": self.shown_as_stored,
            f"the heap grows by {self.heap_slope:.1%} an hour": self.heap_slope <= HEAP_SLOPE_MAX,
            f"the heap is between {min(heap)} and {max(heap)} MiB": (
                max(heap) <= HEAP_SPREAD_MAX * min(heap)
            ),
            f"there are between {min(nodes)} and {max(nodes)} nodes": (
                max(nodes) <= NODES_SPREAD_MAX * min(nodes)
            ),
        }
        return [fault for fault, holds in claims.items() if not holds]

    def _late(self) -> Sequence[Sample]:
        return self.samples[len(self.samples) // 2 :]


def sample(page: WallPage, hours: float) -> Sample:
    """Return what the page holds at its overview; other pages hold other things."""
    readings = []
    for _ in range(READINGS):
        eventually(
            lambda: page.page() == "overview" and page.stage() == "none", 60.0, "an overview"
        )
        page.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        heap = page.driver.execute_cdp_cmd("Runtime.getHeapUsage", {})
        counters = page.driver.execute_cdp_cmd("Memory.getDOMCounters", {})
        readings.append((heap["usedSize"], counters["nodes"], counters["jsEventListeners"]))
    heaps, nodes, listeners = zip(*readings, strict=True)
    return Sample(
        round(hours, 2),
        round(min(heaps) / 2**20, 2),
        min(nodes),
        min(listeners),
        hook(page, "received"),
    )


def hook(page: WallPage, name: str) -> int:
    """Return a number that the page tells of itself."""
    return int(page.driver.execute_script(f"return document.documentElement.dataset.{name} ?? 0"))


def shown(page: WallPage) -> dict[str, int | None]:
    """Return the header's counts."""
    return {severity: page.open_alarms(severity) for severity in Severity}


def watched(page: WallPage, changes: Changes, hours: float) -> list[Sample]:
    """Look at the page every sixteenth of the time; prints each look."""
    clock, began = changes.clock, changes.clock.now()
    every = timedelta(hours=hours) / SAMPLES
    found: list[Sample] = []
    while changes.failure is None:
        past = clock.now() - began
        one = sample(page, past / timedelta(hours=1))
        found.append(one)
        print(
            f"{one.hours:5.2f} h  heap {one.heap_mib:6.2f} MiB  nodes {one.nodes:6,}  listeners "
            f"{one.listeners:4}  received {one.received:9,}  written {changes.written:9,}  "
            f"{page.condition()} {page.root('error')}".rstrip(),
            flush=True,
        )
        if len(found) > SAMPLES:
            break
        ahead = began + len(found) * every - clock.now()
        time.sleep(max(0.0, clock.real(ahead)))
    return found


def soak(folder: Path, hours: float, speed: float, per_s: int) -> Soaked:
    """Start everything, watch, compare."""
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(folder / "postgres"))
        url = stack.enter_context(server.database())
        broker, _ = stack.enter_context(running_broker(folder / "broker"))
        house = House(folder, broker.address, url)
        migrated = house.ioc("migrate")
        assert migrated.returncode == 0, migrated.stderr
        clock = FastClock.started(speed)
        stack.enter_context(running_api(house, clock))
        database = Database(url, "soak", size=2).open()
        stack.callback(database.close)
        changes = Changes(database, clock, per_s)
        chromium = browser(folder / "chromium", hears_network=False)
        page = WallPage(stack.enter_context(chromium).driver)
        page.driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": clock.script()}
        )
        eventually(lambda: is_ready(house), LOADED_WITHIN_S, "an API")
        changes.beat()
        page.open(f"{house.url}/wall?rotate=15&reload=off")

        def is_live() -> bool:
            changes.beat()
            return page.condition() == "live"

        eventually(is_live, LOADED_WITHIN_S, "a live wall")
        began = clock.now()
        with changes.running():
            samples = watched(page, changes, hours)
            took = clock.now() - began
        return compared(page, changes, samples, took)


def compared(
    page: WallPage, changes: Changes, samples: Sequence[Sample], took: timedelta
) -> Soaked:
    """Wait until the page has all that was written, and compare."""
    with psycopg.connect(changes.database.url) as conn:
        logged, last = conn.execute(IN_LOG, [0]).fetchone() or (0, 0)
        assert logged == changes.written

        def is_there() -> bool:
            changes.beat()
            return hook(page, "position") >= (last or 0)

        eventually(is_there, CAUGHT_UP_WITHIN_S, f"position {last} on the page")
        stored = dict.fromkeys(Severity, 0) | dict(conn.execute(OPEN).fetchall())

        def is_same() -> bool:
            changes.beat()
            return shown(page) == stored

        try:
            eventually(is_same, 10.0, f"{stored} on the screen")
        except AssertionError as error:
            print(error)
        complaints = page.complaints()
        print("\n".join(sorted(set(complaints))))
        return Soaked(
            hours=round(took / timedelta(hours=1), 2),
            speed=changes.clock.speed,
            changes=logged,
            changes_per_s=round(logged / took.total_seconds(), 1),
            received=hook(page, "received"),
            snapshots=hook(page, "snapshots"),
            errors=hook(page, "errors") + sum(DEAR not in each for each in complaints),
            refused=sum(DEAR in each for each in complaints),
            samples=samples,
            shown_as_stored=shown(page) == stored,
        )


def is_ready(house: House) -> bool:
    """Whether the API answers."""
    try:
        return bool(house.get("/overview"))
    except (httpx.HTTPError, AssertionError):
        return False


def main() -> int:
    """Soak, print, and say whether it held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=HOURS, help="by the fast clock")
    parser.add_argument("--speed", type=float, default=SPEED, help="of that clock")
    parser.add_argument("--changes", type=int, default=CHANGES_PER_S, help="a second of it")
    given = parser.parse_args()
    with ends_when_told(), tempfile.TemporaryDirectory(prefix="ioc-soak-") as folder:
        first = meter.read({"soak": os.getpid()})
        found = soak(Path(folder), given.hours, given.speed, given.changes)
        others = meter.between(first, meter.read({"soak": os.getpid()})).others
    faults = found.faults()
    print(
        f"{found.hours} hours, {found.changes:,} changes ({found.changes_per_s:g} a second), "
        f"{found.received:,} received, {found.refused} figures given up; "
        f"heap {found.heap_slope:+.2%} an hour; others took {others:.0%} of the CPU"
    )
    print("\n".join(faults) or "nothing lost, nothing grows")
    figures: dict[str, Any] = asdict(found) | {"heap_slope": round(found.heap_slope, 5)}
    report.write(OUTPUT, machine=meter.machine(), others=round(others, 3), wall=figures)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
