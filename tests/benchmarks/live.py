"""What live views cost, and how soon they know: `make bench-live`. See docs/performance-live.md.

Fan-out beside nginx with nchan, in turn, in several rounds; then the way of an alarm from Kafka to
screen and partner. Prints tables and writes `build/bench-live.json`. Ends with 1 when a goal is
missed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from api.hub import VIEWS_MAX
from tests.benchmarks import fanout, latency, meter, report
from tests.benchmarks.contest import OTHERS_MAX, REPOSITORY, Server, running_postgres
from tests.benchmarks.fanout import DEAF, Fanout, Trial
from tests.benchmarks.live_limits import raise_open_files
from tests.benchmarks.nchan import HOW_TO, module

OUTPUT = REPOSITORY / "build" / "bench-live.json"
CLIENTS = (1_000, 5_000)
ROUNDS = 3
OURS, THEIRS = "ioc", "nchan"
#: Ours over nchan's, CPU for a delivered event, at most.
GOAL_RATIO = 1.5
GOAL_P99_MS = 250.0
GOAL_KIB = 24.0
FIGURES = ("cpu_us", "core", "p50_ms", "p99_ms", "max_ms", "kib_per_client", "others")
HEADING = (
    f"{'':16} {'clients':>8} {'CPU us':>8} {'core':>6} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} "
    f"{'KiB each':>9} {'missing':>8} {'dropped':>8} {'others':>7}"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One goal, and whether it was met; None: the machine was too busy to say."""

    goal: str
    found: str
    is_met: bool | None


def run_all(sizes: Sequence[int], rounds: int, like: Trial) -> list[Fanout]:
    """Measure everybody in turn; print a line for each run."""
    found: list[Fanout] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ioc-fanout-")))
        with fanout.on_cores({like.cores[1]}):
            server = stack.enter_context(running_postgres(folder / "postgres"))
        for number, clients in itertools.product(range(rounds), sizes):
            here, trial = folder / f"{number}-{clients}", replace(like, clients=clients)
            for run in itertools.chain(
                theirs(here, trial), ours(server, here, trial, with_deaf=number == 0)
            ):
                print(line(run), flush=True)
                found.append(run)
    return found


def theirs(folder: Path, trial: Trial) -> Iterator[Fanout]:
    """Measure nginx with nchan."""
    where = folder / THEIRS
    where.mkdir(parents=True)
    with fanout.running_yardstick(where, trial) as target:
        yield fanout.measure(target, trial)


def ours(server: Server, folder: Path, trial: Trial, *, with_deaf: bool) -> Iterator[Fanout]:
    """Measure `ioc api`; then, when asked, once more among clients that do not read."""
    where = folder / OURS
    where.mkdir(parents=True)
    with fanout.running_ours(server, where, trial) as target:
        yield fanout.measure(target, trial)
        if with_deaf:
            fewer = min(trial.clients, VIEWS_MAX - DEAF)
            yield fanout.measure(target, replace(trial, clients=fewer, deaf=DEAF))


def summary(runs: Sequence[Fanout]) -> dict[str, Any]:
    """Return the medians by size and server, the ratios, and the runs among deaf clients."""
    found: dict[str, Any] = {}
    for clients in sorted({run.clients for run in runs if not run.deaf}):
        of_size = {name: medians(runs, name, clients) for name in (OURS, THEIRS)}
        ratio = round(of_size[OURS]["cpu_us"] / of_size[THEIRS]["cpu_us"], 2)
        found[str(clients)] = of_size | {"ratio_cpu": ratio}
    found["deaf"] = [asdict(run) for run in runs if run.deaf]
    return found


def medians(runs: Sequence[Fanout], name: str, clients: int) -> dict[str, Any]:
    """Return the medians of one server at one size."""
    mine = [run for run in runs if (run.server, run.clients, run.deaf) == (name, clients, 0)]
    middle = {
        figure: round(statistics.median(getattr(run, figure) for run in mine), 2)
        for figure in FIGURES
    }
    total = {figure: sum(getattr(run, figure) for run in mine) for figure in ("missing", "dropped")}
    return middle | total | {"runs": [asdict(run) for run in mine]}


def verdicts(found: Mapping[str, Any]) -> list[Verdict]:
    """Return what became of each goal; CPU and memory are sure on a busy machine too."""
    said = []
    for clients, of_size in found.items():
        if clients == "deaf":
            continue
        mine, of = of_size[OURS], f"{int(clients):,} clients"
        ratio, kib, missing = of_size["ratio_cpu"], mine["kib_per_client"], mine["missing"]
        goal = f"{of}: CPU at most {GOAL_RATIO:g} times nchan's"
        said.append(Verdict(goal, f"{ratio:.2f}", ratio <= GOAL_RATIO))
        said.append(Verdict(f"{of}: under {GOAL_KIB:g} KiB each", f"{kib:.1f}", kib < GOAL_KIB))
        said.append(Verdict(f"{of}: nothing missing", f"{missing}", missing == 0))
        said.append(_in_time(of, mine))
    for run in found["deaf"]:
        of = f"{run['clients']:,} clients among {run['deaf']} deaf"
        is_whole = run["missing"] == 0 and run["dropped"] == run["deaf"]
        what = f"{run['missing']} missing, {run['dropped']} dropped"
        said.append(Verdict(f"{of}: none missing, the deaf dropped", what, is_whole))
        said.append(_in_time(of, run))
    return said


def _in_time(of: str, run: Mapping[str, Any]) -> Verdict:
    is_met = run["p99_ms"] < GOAL_P99_MS
    is_sure = is_met or run["others"] <= OTHERS_MAX
    return Verdict(
        f"{of}: p99 under {GOAL_P99_MS:g} ms", f"{run['p99_ms']:.0f}", is_met if is_sure else None
    )


def line(run: Fanout) -> str:
    """Return one run as a line of the table."""
    name = f"{run.server}, {run.deaf} deaf" if run.deaf else run.server
    return _line(name, run.clients, asdict(run))


def _line(name: str, clients: int, of: Mapping[str, Any]) -> str:
    kib = "" if of["kib_per_client"] is None else f"{of['kib_per_client']:.1f}"
    return (
        f"{name:16} {clients:>8,} {of['cpu_us']:>8.1f} {of['core']:>6.0%} {of['p50_ms']:>8.1f} "
        f"{of['p99_ms']:>8.1f} {of['max_ms']:>8.1f} {kib:>9} "
        f"{of['missing']:>8} {of['dropped']:>8} {of['others']:>7.0%}"
    )


def text(found: Mapping[str, Any]) -> str:
    """Return the table of medians, and the goals."""
    lines = ["", "medians", HEADING]
    for clients, of_size in found.items():
        if clients != "deaf":
            lines += [_line(name, int(clients), of_size[name]) for name in (OURS, THEIRS)]
    lines.append("")
    words = {True: "met", False: "MISSED", None: "not seen, busy"}
    lines += [f"{said.goal:56} {said.found:>24}   {words[said.is_met]}" for said in verdicts(found)]
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=fanout.SECONDS, help="of messages, each run")
    parser.add_argument("--rates", type=int, nargs="+", default=latency.RATES)
    parser.add_argument("--alarms", type=int, default=latency.ALARMS, help="at each rate")
    parser.add_argument("--only", choices=("fanout", "latency"))
    return parser.parse_args()


def main() -> int:
    """Measure, print and write; 1 when a goal is missed."""
    asked = _arguments()
    cores = sorted(os.sched_getaffinity(0)) if platform.system() == "Linux" else []
    if len(cores) < 2:
        print("this needs Linux (/proc) and two cores: a server's and its clients'")
        return 1
    if asked.only != "latency" and module() is None:
        print(HOW_TO)
        return 1
    raise_open_files(2 * max(asked.clients) + 500)
    machine = meter.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}")
    parts: dict[str, Any] = {"machine": machine}
    is_missed = False
    if asked.only != "latency":
        print(f"{fanout.MESSAGES_PER_S} messages of {fanout.MESSAGE_BYTES} bytes a second to all")
        print(HEADING, flush=True)
        trial = Trial(0, asked.seconds, (cores[0], cores[1]))
        parts["fanout"] = summary(run_all(asked.clients, asked.rounds, trial))
        print(text(parts["fanout"]), flush=True)
        is_missed = any(said.is_met is False for said in verdicts(parts["fanout"]))
    if asked.only != "fanout":
        found = latency.measured(asked.rates, asked.alarms)
        print("", latency.text(found), sep="\n")
        parts["latency"] = latency.summary(found)
        is_missed = is_missed or bool(latency.missed(found))
    report.write(OUTPUT, **parts)
    return 1 if is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
