"""A wall and a console whose cable is pulled for five minutes while 200 alarms change every second.

Real processes, and two Chromiums behind one cable (tests/acceptance/cut.py). Measures from the
last byte that arrived: how long until each says that its figures are old, and that the alarm
system is lost; and from the moment the cable is whole again until it is live. While it is pulled
three alarms of priority 1 are raised, one of them over again before anybody could see it.
At the end each screen must stand where the log stands, count what is open, and show both others.
Writes build/outage.json; ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg

from connectors.timescale.database import Database
from ioc.severity import Severity
from tests.acceptance.browser import Page, browser
from tests.acceptance.cut import Cable, cable
from tests.acceptance.house import House, eventually
from tests.acceptance.panel import Panel
from tests.benchmarks import meter, report
from tests.benchmarks.changes import Changes
from tests.benchmarks.contest import OTHERS_MAX, REPOSITORY, running_house, running_postgres
from tests.benchmarks.fast_clock import FastClock

OUTPUT = REPOSITORY / "build" / "outage.json"
CUT_S, CHANGES_PER_S = 300.0, 200
AREA = "05443"
#: From the last byte, and from the moment the cable is whole.
STALE_GOAL_S, LOST_GOAL_S, BACK_GOAL_S = 15.0, 61.0, 15.0
LOADED_WITHIN_S, SETTLED_WITHIN_S = 60.0, 30.0
#: Where each screen counts the open alarms of a severity.
COUNTS = {
    "/wall": "[data-figure='{severity}']",
    "/console": "[data-command='priority_{priority}']",
}
LAST: LiteralString = "SELECT max(seq) FROM alarm_log"
OPEN: LiteralString = """
    SELECT severity, count(*) FROM alarms WHERE ended_at IS NULL GROUP BY severity"""
OF_DEVICE: LiteralString = """
    SELECT id::text FROM alarms WHERE device = ANY(%s) AND severity = 'critical'
        AND ended_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Outage:
    """What one screen did; seconds."""

    stale_s: float
    lost_s: float
    back_s: float
    shows_what_was_raised: bool

    def faults(self) -> list[str]:
        """Return what is wrong; nothing is the goal."""
        claims = {
            f"stale after {self.stale_s:.1f} s": self.stale_s <= STALE_GOAL_S,
            f"lost after {self.lost_s:.1f} s": self.lost_s <= LOST_GOAL_S,
            f"back after {self.back_s:.1f} s": self.back_s <= BACK_GOAL_S,
            "does not show what was raised meanwhile": self.shows_what_was_raised,
        }
        return [fault for fault, holds in claims.items() if not holds]


@dataclass(frozen=True, slots=True)
class Screen:
    """One page, and where it counts."""

    path: str
    page: Page

    def counts(self) -> dict[str, int]:
        """Return how many alarms of each severity it says are open."""
        found = {}
        for severity in Severity:
            place = COUNTS[self.path].format(severity=severity, priority=severity.priority)
            found[str(severity)] = int(self.page.data(place, "value") or 0)
        return found

    def shows(self, alarm: str) -> bool:
        """Return whether it shows an alarm."""
        return self.page.shows(f"[data-alarm='{alarm}']")

    @property
    def position(self) -> int:
        """How far in the log it is."""
        return int(self.page.root("position") or 0)


def seconds_until(screens: list[Screen], name: str, since_s: float, within_s: float) -> list[float]:
    """Return after how long each screen says that it is in this condition."""
    found: dict[str, float] = {}

    def look() -> bool:
        for screen in screens:
            if screen.path not in found and screen.page.root("condition") == name:
                found[screen.path] = time.monotonic() - since_s
        return len(found) == len(screens)

    eventually(look, within_s, f"both screens {name}")
    return [round(found[screen.path], 1) for screen in screens]


def raised(house: House, devices: list[str]) -> list[str]:
    """Return the open alarms of these devices, once they are there."""
    with psycopg.connect(house.database_url, autocommit=True) as conn:

        def look() -> list[str] | None:
            found = [row[0] for row in conn.execute(OF_DEVICE, [devices])]
            return found if len(found) == len(devices) else None

        return eventually(look, SETTLED_WITHIN_S, "three alarms of priority 1")


def pulled(house: House, line: Cable, screens: list[Screen], cut_s: float) -> dict[str, Outage]:
    """Pull the cable, look, mend it, look again; what was raised meanwhile must be in sight."""
    with Panel(house.kafka, f"cut-{uuid4()}") as panel:
        devices = [f"{panel.name}-{n}" for n in range(3)]
        line.cut()
        pulled_s = line.last_answer_s
        stale = seconds_until(screens, "stale", pulled_s, 2 * STALE_GOAL_S)
        for device in devices:
            panel.alarm(device, area=AREA)
        lost = seconds_until(screens, "lost", pulled_s, 2 * LOST_GOAL_S)
        over, *standing = raised(house, devices)
        body = {"by": "bench", "code": "test", "comment": "over before anybody saw it"}
        answer = house.post(f"/alarms/{over}/close", body)
        assert answer.status_code == 200, answer.text
    left_s = pulled_s + cut_s - time.monotonic()
    print(f"stale after {stale} s, lost after {lost} s; {left_s:.0f} s more", flush=True)
    time.sleep(max(0.0, left_s))
    line.heal()
    back = seconds_until(screens, "live", time.monotonic(), 4 * BACK_GOAL_S)
    print(f"back after {back} s", flush=True)

    def is_right(screen: Screen) -> bool:
        return all(screen.shows(each) for each in standing) and not screen.shows(over)

    return {
        screen.path: Outage(stale[n], lost[n], back[n], is_true(lambda: is_right(screen)))  # noqa: B023
        for n, screen in enumerate(screens)
    }


def is_true(look: Callable[[], bool]) -> bool:
    """Return whether it becomes true in time."""
    try:
        return eventually(look, SETTLED_WITHIN_S, "it")
    except AssertionError:
        return False


def settled(house: House, screens: list[Screen]) -> list[str]:
    """Return what a screen says of the open alarms that is not so, now that nothing changes."""
    with psycopg.connect(house.database_url, autocommit=True) as conn:
        last = (conn.execute(LAST).fetchone() or (0,))[0]
        stored = {str(each): 0 for each in Severity} | dict(conn.execute(OPEN).fetchall())
    for screen in screens:
        is_true(lambda: screen.position == last and screen.counts() == stored)  # noqa: B023
    return [
        f"{screen.path} is at {screen.position} of {last} and counts {screen.counts()} of {stored}"
        for screen in screens
        if screen.position != last or screen.counts() != stored
    ]


def measure(folder: Path, cut_s: float, per_s: int) -> tuple[dict[str, Outage], list[str]]:
    """Start everything, open both screens behind a cable, pull it."""
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(folder / "postgres"))
        house = stack.enter_context(running_house(server, folder))
        house.start("api", "notifier", "worker")
        house.wait_ready()
        line = stack.enter_context(cable(house.port))
        screens = []
        for path in COUNTS:
            page = stack.enter_context(browser(folder / path.strip("/"), hears_network=False))
            page.open(f"{line.url}{path}")
            screens.append(Screen(path, page))
        for screen in screens:
            screen.page.until_live()
        database = Database(house.database_url, "outage", size=2).open()
        stack.callback(database.close)
        with Changes(database, FastClock.started(1), per_s).running():
            found = pulled(house, line, screens, cut_s)
        return found, settled(house, screens)


def main() -> int:
    """Measure, print, and say whether the goals were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=CUT_S, help="how long it is pulled")
    parser.add_argument("--changes", type=int, default=CHANGES_PER_S, help="a second")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ioc-outage-") as folder:
        first = meter.read({"outage": os.getpid()})
        found, untrue = measure(Path(folder), given.seconds, given.changes)
        others = meter.between(first, meter.read({"outage": os.getpid()})).others
    faults = [f"{path}: {fault}" for path, one in found.items() for fault in one.faults()] + untrue
    for path, one in found.items():
        print(
            f"{path:9} stale {one.stale_s:5.1f} s   lost {one.lost_s:5.1f}   back {one.back_s:5.1f}"
        )
    print("\n".join(faults) or "nothing is missing on either screen")
    figures = {path: asdict(one) for path, one in found.items()}
    report.write(OUTPUT, machine=meter.machine(), others=round(others, 3), outage=figures)
    return 1 if faults and others <= OTHERS_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
