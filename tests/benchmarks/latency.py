"""How long from a fire panel's record in Kafka to a screen and to a partner, on an idle system.

Starts an `ioc up` of its own with stock settings (but that webhooks may go to this machine), and
measures on one monotonic clock: from just before the record is handed to the producer to the last
line of the SSE event, and to the whole body at the receiver. Ends with 1 when the goal is missed.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx

from connectors.embedded.run import Run, read_run
from tests.acceptance.house import eventually, free_port
from tests.acceptance.panel import Panel
from tests.acceptance.receiver import Receiver
from tests.acceptance.sse import Live

TRIES = 50
WARM_UP = 3
GOAL_P99_S = 0.5
READY_WITHIN_S = 120.0
TOLD_WITHIN_S = 10.0
#: Tries at odd moments: none may profit from the rhythm of a poll.
PAUSE_S = (0.2, 0.7)


@contextmanager
def running_up(folder: Path) -> Iterator[Run]:
    """Start `ioc up` on an empty folder; yield where everything is once it is ready."""
    ours = {
        "IOC_API_PORT": str(free_port()),
        "IOC_DATA_DIR": str(folder / "state"),
        "IOC_SIMULATE": "false",
        "IOC_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
    screen = folder / "screen"
    with screen.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ioc.cli", "up"],
            env=kept | ours,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        eventually(
            lambda: process.poll() is not None or is_ready(int(ours["IOC_API_PORT"])),
            READY_WITHIN_S,
            f"`ioc up` is ready; see {screen}",
        )
        run = read_run(folder / "state")
        if process.poll() is not None or run is None:
            raise SystemExit(screen.read_text())
        yield run
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(30)


def is_ready(port: int) -> bool:
    """Whether database, broker, worker and notifier have answered."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def measure(run: Run, tries: int) -> tuple[list[float], list[float]]:
    """Return seconds to the screen and to the partner, a pair for each try."""
    url = f"http://127.0.0.1:{run.api_port}"
    to_screen: list[float] = []
    to_partner: list[float] = []
    receiver = Receiver()
    receiver.up()
    try:
        made = httpx.post(f"{url}/api/v1/webhooks", json={"name": "latency", "url": receiver.url})
        made.raise_for_status()
        with Live(url) as live, Panel(run.kafka, "latency") as panel:
            live.wait_event("snapshot")
            for number in range(WARM_UP + tries):
                screen_s, partner_s = one_try(live, receiver, panel)
                if number >= WARM_UP:
                    to_screen.append(screen_s)
                    to_partner.append(partner_s)
                time.sleep(random.uniform(*PAUSE_S))
        receiver.verify(made.json()["secret"])
    finally:
        receiver.down()
    return to_screen, to_partner


def one_try(live: Live, receiver: Receiver, panel: Panel) -> tuple[float, float]:
    """Raise one alarm; return after how many seconds each of the two had it."""
    device = f"latency-{uuid4()}"
    event = panel.reading(device, "alarm")
    sent_s = time.monotonic()
    panel.send(event)
    seen = live.wait(lambda one: one.data.get("device") == device, TOLD_WITHIN_S, "the screen")
    got = receiver.wait(lambda one: one.alarm["device"] == device, TOLD_WITHIN_S, "the partner")
    return seen.heard_s - sent_s, got.heard_s - sent_s


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all do not exceed (nearest rank: of 50, the worst)."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def main() -> int:
    """Measure, print, and say whether the goal was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=TRIES)
    tries = parser.parse_args().tries
    with tempfile.TemporaryDirectory() as folder, running_up(Path(folder)) as run:
        to_screen, to_partner = measure(run, tries)
    print(f"fire alarm in Kafka to …, {tries} tries on the idle system, milliseconds")
    for name, values in (("screen (SSE)", to_screen), ("partner (webhook)", to_partner)):
        figures = (statistics.median(values), quantile(values, 0.99), max(values))
        p50, p99, most = (1000 * value for value in figures)
        print(f"  {name:<18} p50 {p50:6.1f}   p99 {p99:6.1f}   max {most:6.1f}")
    is_met = max(quantile(to_screen, 0.99), quantile(to_partner, 0.99)) < GOAL_P99_S
    print(f"goal: p99 under {1000 * GOAL_P99_S:.0f} ms: {'met' if is_met else 'MISSED'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
