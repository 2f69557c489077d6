"""How fast events that are in the broker already get into the database, ours beside plain Faust.

Every contestant does the same work on a fresh broker and a fresh database, in turn, in several
rounds; wrong counts end the bench. Prints a table and writes `build/bench.json`. See
docs/performance.md.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ioc import clock
from tests.benchmarks import meter, report
from tests.benchmarks.contest import REPOSITORY, Contestant, Run, Server, run, running_postgres
from tests.benchmarks.load import Load, make_load

EVENTS = 300_000
ROUNDS = 3
#: More would flatter us: what is promised is promised for a machine of this size.
CORES = 2
OUTPUT = REPOSITORY / "build" / "bench.json"
#: A run in which the machine was busy is repeated, but not for ever.
REPEAT_UNTIL_S = 6 * 60
#: Ours over theirs, at least.
GOALS = {"faust_take": 5.0}

CONTESTANTS = (
    # It has claimed its partitions and reads from here on.
    Contestant("ioc", ("-m", "ioc.cli", "worker"), begun="SELECT 1 FROM offsets LIMIT 1"),
    Contestant("faust_take", ("-m", "tests.benchmarks.faust_take", "worker"), divisor=3),
    Contestant("faust", ("-m", "tests.benchmarks.faust_each", "worker"), divisor=10),
)


def profiled(contestant: Contestant) -> Contestant:
    """Return the contestant under the sampler, which writes into build/."""
    output = OUTPUT.parent / f"profile-{contestant.name}.txt"
    _, *rest = contestant.arguments
    return replace(contestant, arguments=("-m", "tests.benchmarks.profiled", str(output), *rest))


def contest(
    contestants: Sequence[Contestant], events: int, rounds: int, server: Server, folder: Path
) -> Iterator[tuple[Contestant, Run]]:
    """Run everybody in turn, `rounds` times; then those again who met a busy machine."""
    started_s = time.monotonic()
    loads: dict[int, Load] = {}
    now = clock.now()
    busy: list[Contestant] = []
    numbers = itertools.count(1)

    def one(contestant: Contestant) -> tuple[Contestant, Run]:
        wanted = max(events // contestant.divisor, 1)
        if wanted not in loads:
            loads[wanted] = make_load(wanted, now)
            gc.freeze()  # hundreds of thousands of records that stay
        of_run = folder / f"{next(numbers):02}-{contestant.name}"
        of_run.mkdir()
        found = run(contestant, loads[wanted], server, of_run)
        if found.busy:
            busy.append(contestant)
        return contestant, found

    for _ in range(rounds):
        yield from map(one, contestants)
    while busy and time.monotonic() - started_s < REPEAT_UNTIL_S:
        yield one(busy.pop(0))


def take_cores(wanted: int) -> None:
    """Keep to the first `wanted` cores, we and all that we start."""
    there = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, there[:wanted])


def main() -> int:
    """Measure, print and write; 1 when a goal is missed on a quiet machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="for ours; others get a part")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--cores", type=int, default=CORES)
    parser.add_argument("--only", action="append", choices=[each.name for each in CONTESTANTS])
    parser.add_argument("--profile", action="store_true", help="write build/profile-NAME.txt")
    asked = parser.parse_args()
    if platform.system() != "Linux":
        print("the bench reads /proc: it runs on Linux only", file=sys.stderr)
        return 1
    take_cores(asked.cores)
    contestants = [each for each in CONTESTANTS if not asked.only or each.name in asked.only]
    if asked.profile:
        OUTPUT.parent.mkdir(exist_ok=True)
        contestants = [profiled(each) for each in contestants]
    machine = meter.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}")
    print(*report.HEADINGS, sep="\n", flush=True)
    runs: dict[str, list[Run]] = {}
    # Kept when a run fails: its logs are there.
    folder = Path(tempfile.mkdtemp(prefix="ioc-bench-"))
    with running_postgres(folder / "postgres") as server:
        for contestant, found in contest(contestants, asked.events, asked.rounds, server, folder):
            runs.setdefault(contestant.name, []).append(found)
            print(report.line(contestant.name, found), flush=True)
    drain = report.summary(runs)
    print(report.text(drain, GOALS))
    if not asked.profile:
        report.write(OUTPUT, machine=machine, drain=drain, ratios=report.ratios(drain))
    return 0


if __name__ == "__main__":
    sys.exit(main())
