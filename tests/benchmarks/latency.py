"""How long from a fire alarm in Kafka to a screen, and from its commit to a partner's webhook.

Starts an `ioc up` of its own with stock settings (but that webhooks may go to this machine), puts
events into its broker at an even pace, and raises alarms among them at odd moments. Everything is
measured on one monotonic clock: from just before the alarm's record is handed to the producer to
the last line of its SSE event; from the bell that the database rings at COMMIT to the whole body at
the receiver. Ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, LiteralString, Self, cast
from uuid import uuid4

import httpx
import psycopg

from connectors.embedded.run import Run, read_run
from tests.acceptance.house import eventually, free_port
from tests.acceptance.panel import Panel
from tests.acceptance.receiver import Receiver
from tests.acceptance.sse import Live
from tests.benchmarks import meter
from tests.benchmarks.contest import REPOSITORY
from tests.benchmarks.live_figures import quantile

#: Events a second; the last stands for half of what one machine drains.
RATES = (10, 1_000, 31_000)
ALARMS_PER_S = 10
ALARMS = 150
GOAL_P99_MS = 250.0
#: Above this pace a machine is there for throughput: the figure is shown and no goal.
GOAL_RATE_MAX = 1_000
SETTLES_S = 3.0
READY_WITHIN_S = 120.0
TOLD_WITHIN_S = 30.0
#: Making and packing the events of the fastest load.
PACKED_WITHIN_S = 120.0

LOG: LiteralString = "SELECT seq, alarm->>'device' FROM alarm_log WHERE type = 'raised'"


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds."""

    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Return the spread of these; p99 is by nearest rank: of 150, the second worst."""
        ordered = sorted(1000 * each for each in seconds)
        return cls(*(round(quantile(ordered, share), 1) for share in (0.5, 0.99, 1.0)))


@dataclass(frozen=True, slots=True)
class Latency:
    """What was measured at one pace; `others`: the share of the CPU that other programs took."""

    rate: int
    events_per_s: float
    alarms: int
    published_to_screen: Spread
    committed_to_screen: Spread
    published_to_partner: Spread
    committed_to_partner: Spread
    idle: float
    others: float


@dataclass
class Bell:
    """Hears, as every API process and notifier does, that the alarm log has grown."""

    database_url: str
    rings: list[tuple[int, float]] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        hears = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(hears,), daemon=True)
        self._thread.start()
        assert hears.wait(TOLD_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        assert self._thread is not None
        self._thread.join(TOLD_WITHIN_S)

    def _listen(self, hears: threading.Event) -> None:
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            conn.execute("LISTEN ioc_alarm_log")
            hears.set()
            while not self._ends.is_set():
                for told in conn.notifies(timeout=0.5):
                    self.rings.append((int(told.payload), time.monotonic()))

    def committed(self, entries: Mapping[str, int]) -> dict[str, float]:
        """Return when the entry of each name was committed; a bell tells the last of several."""
        found: dict[str, float] = {}
        rings = iter(sorted(self.rings))
        last, at = next(rings)
        for name, seq in sorted(entries.items(), key=lambda entry: entry[1]):
            while last < seq:
                last, at = next(rings)
            found[name] = at
        return found


@contextmanager
def running_up(folder: Path, settings: Mapping[str, str]) -> Iterator[Run]:
    """Start `ioc up` on an empty folder; yield where everything is once it is ready."""
    ours = {
        "IOC_API_PORT": str(free_port()),
        "IOC_DATA_DIR": str(folder / "state"),
        "IOC_SIMULATE": "false",
        **settings,
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


class SteadyLoad:
    """The process that keeps the broker busy; made ready by the constructor."""

    def __init__(self, kafka: str, rate: int, seconds: float) -> None:
        arguments = [kafka, "--rate", str(rate), "--seconds", str(seconds)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.live_load", *arguments],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._said() == "ready", "the load was not made; what is wrong stands above"

    def go(self) -> None:
        """Begin."""
        pipe = cast("IO[str]", self._process.stdin)
        pipe.write("go\n")
        pipe.flush()

    def end(self) -> dict[str, Any]:
        """Wait until all is sent; return how well it went."""
        found: dict[str, Any] = json.loads(self._said())
        self._process.communicate()
        return found

    def kill(self) -> None:
        """End it, whatever it does; twice is the same."""
        self._process.kill()
        self._process.communicate()

    def _said(self) -> str:
        return cast("IO[str]", self._process.stdout).readline().strip()


def measure(run: Run, rates: Sequence[int], alarms: int) -> list[Latency]:
    """Measure at each pace in turn, on one running system."""
    url = f"http://127.0.0.1:{run.api_port}"
    receiver = Receiver()
    receiver.up()
    try:
        made = httpx.post(f"{url}/api/v1/webhooks", json={"name": "latency", "url": receiver.url})
        made.raise_for_status()
        with Panel(run.kafka, "warm-up") as panel, Live(url) as live:
            raise_alarms(panel, 5)  # connections are made now
            eventually(lambda: len(live.alarms()) >= 5, TOLD_WITHIN_S, "the first alarms")
        found = [measure_one(run, url, receiver, rate, alarms) for rate in rates]
        receiver.verify(made.json()["secret"])
    finally:
        receiver.down()
    return found


def measure_one(run: Run, url: str, receiver: Receiver, rate: int, alarms: int) -> Latency:
    """Raise alarms at odd moments while events come at this pace, alarms among them."""
    seconds = SETTLES_S + alarms / ALARMS_PER_S + 1.0
    beside = rate - ALARMS_PER_S
    with ExitStack() as stack:
        load = SteadyLoad(run.kafka, beside, seconds) if beside > 0 else None
        if load is not None:
            stack.callback(load.kill)
        live = stack.enter_context(Live(url))
        panel = stack.enter_context(Panel(run.kafka, f"latency-{rate}"))
        bell = stack.enter_context(Bell(run.database_url))
        live.wait_event("snapshot")
        if load is not None:
            load.go()
            time.sleep(SETTLES_S)
        first = meter.read({"us": os.getpid()})
        sent = raise_alarms(panel, alarms)
        took_s = time.monotonic() - first.at_s
        span = meter.between(first, meter.read({"us": os.getpid()}))
        said = load.end() if load is not None else {"events_per_s": alarms / took_s}
        on_screen, at_partner = arrivals(sent, live, receiver)
        committed = bell.committed(entries(run.database_url, sent))
    return Latency(
        rate,
        round(said["events_per_s"], 1),
        len(sent),
        Spread.of([on_screen[name] - at for name, at in sent.items()]),
        Spread.of([on_screen[name] - at for name, at in committed.items()]),
        Spread.of([at_partner[name] - at for name, at in sent.items()]),
        Spread.of([at_partner[name] - at for name, at in committed.items()]),
        round(span.idle, 3),
        round(span.others, 3),
    )


def raise_alarms(panel: Panel, count: int) -> dict[str, float]:
    """Raise alarms of different devices; return when the record of each was handed over.

    None may profit from the rhythm of a poll, so the pauses between them are odd.
    """
    sent: dict[str, float] = {}
    for _ in range(count):
        time.sleep(random.uniform(0, 2 / ALARMS_PER_S))
        device = f"{panel.name}-{uuid4()}"
        event = panel.reading(device, "alarm")
        sent[device] = time.monotonic()
        panel.send(event)
    return sent


def arrivals(
    sent: Mapping[str, float], live: Live, receiver: Receiver
) -> tuple[dict[str, float], dict[str, float]]:
    """Return when each alarm came to the screen and to the partner; all of them must."""

    def seen() -> dict[str, float]:
        return {str(one.data.get("device")): one.heard_s for one in reversed(live.alarms())}

    def got() -> dict[str, float]:
        return {one.alarm["device"]: one.heard_s for one in reversed(list(receiver.received))}

    eventually(lambda: sent.keys() <= seen().keys(), TOLD_WITHIN_S, "all on the screen")
    eventually(lambda: sent.keys() <= got().keys(), TOLD_WITHIN_S, "all at the partner")
    return seen(), got()


def entries(database_url: str, sent: Mapping[str, float]) -> dict[str, int]:
    """Return the number of each alarm's entry in the log."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        return {device: seq for seq, device in conn.execute(LOG) if device in sent}


def text(found: Sequence[Latency]) -> str:
    """Return the table, in milliseconds."""
    three = f"{'p50':>9}{'p99':>8}{'max':>8}"
    ways = ("published -> screen", "committed -> screen", "committed -> webhook")
    lines = [
        f"{'':8} {'':>8}" + "".join(f"{way:>25}" for way in ways) + f"{'CPU time':>14}",
        f"{'events/s':8} {'reached':>8}{three * 3} {'idle':>6} {'others':>6}   (milliseconds)",
    ]
    for each in found:
        spreads = (each.published_to_screen, each.committed_to_screen, each.committed_to_partner)
        lines.append(
            f"{each.rate:<8,} {each.events_per_s:>8,.0f}"
            + "".join(f"{one.p50:>9.1f}{one.p99:>8.1f}{one.max:>8.1f}" for one in spreads)
            + f" {each.idle:>6.0%} {each.others:>6.0%}"
        )
    late = missed(found)
    lines.append(
        f"goal: p99 under {GOAL_P99_MS:.0f} ms, both, up to {GOAL_RATE_MAX:,} events/s: "
        + (f"MISSED at {', '.join(f'{each:,}' for each in late)}" if late else "met")
    )
    return "\n".join(lines)


def missed(found: Sequence[Latency]) -> list[int]:
    """Return the paces at which a goal was missed."""
    return [
        each.rate
        for each in found
        if each.rate <= GOAL_RATE_MAX
        and max(each.published_to_screen.p99, each.committed_to_partner.p99) >= GOAL_P99_MS
    ]


def measured(rates: Sequence[int], alarms: int = ALARMS) -> list[Latency]:
    """Start the product, measure, stop it."""
    with (
        tempfile.TemporaryDirectory(prefix="ioc-latency-") as folder,
        running_up(Path(folder), {"IOC_WEBHOOK_ALLOW_PRIVATE": "true"}) as run,
    ):
        return measure(run, rates, alarms)


def summary(found: Sequence[Latency]) -> dict[str, Any]:
    """Return the figures by pace, for JSON."""
    return {"goal_p99_ms": GOAL_P99_MS, "rates": {str(each.rate): asdict(each) for each in found}}


def main() -> int:
    """Measure, print, and say whether the goals were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="events a second")
    parser.add_argument("--alarms", type=int, default=ALARMS, help="at each pace")
    asked = parser.parse_args()
    found = measured(asked.rates, asked.alarms)
    print(text(found))
    return 1 if missed(found) else 0


if __name__ == "__main__":
    sys.exit(main())
