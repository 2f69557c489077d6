"""How fast events that are in the broker already get into the database, ours beside other ways.

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
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ioc import clock
from tests.benchmarks import meter, report
from tests.benchmarks.contest import (
    REPOSITORY,
    Contestant,
    Run,
    Server,
    WrongError,
    run,
    running_postgres,
)
from tests.benchmarks.contestants import able, contestants
from tests.benchmarks.load import Load, make_load

EVENTS = 300_000
ROUNDS = 3
#: More would flatter us: what is promised is promised for a machine of this size.
CORES = 2
OUTPUT = REPOSITORY / "build" / "bench.json"
#: What `make bench-live` writes.
LIVE = REPOSITORY / "build" / "bench-live.json"
#: A run in which the machine was busy is repeated, but not for ever.
REPEAT_UNTIL_S = 10 * 60


def profiled(contestant: Contestant) -> Contestant:
    """Return the contestant under the sampler, which writes into build/."""
    output = OUTPUT.parent / f"profile-{contestant.name}.txt"
    _, *rest = contestant.arguments
    return replace(contestant, arguments=("-m", "tests.benchmarks.profiled", str(output), *rest))


class Contest:
    """The loads, made once, and one run after the other."""

    def __init__(self, events: int, server: Server, folder: Path) -> None:
        self._events = events
        self._server = server
        self._folder = folder
        self._now = clock.now()
        self._loads: dict[int, Load] = {}
        self._numbers = itertools.count(1)

    def run(self, contestant: Contestant) -> Run:
        """Let one contestant do its part, print its line, and return what was measured."""
        folder = self._folder / f"{next(self._numbers):02}-{contestant.name}"
        folder.mkdir()
        wanted = max(self._events // contestant.divisor, 1)
        found = run(contestant, self._load(wanted), self._server, folder)
        print(report.line(contestant.name, found), flush=True)
        return found

    def _load(self, wanted: int) -> Load:
        if wanted not in self._loads:
            self._loads[wanted] = make_load(wanted, self._now)
            gc.collect()
            gc.freeze()  # hundreds of thousands of records that stay
        return self._loads[wanted]


def measure(
    contest: Contest,
    contestants: Sequence[Contestant],
    rounds: int,
    *,
    limit_rows: int | None,
    repeats: bool,
) -> dict[str, list[Run]]:
    """Run everybody in turn, `rounds` times; then, once, what met a busy machine."""
    started_s = time.monotonic()
    runs: dict[str, list[Run]] = {each.name: [] for each in contestants}
    busy: list[Contestant] = []
    for contestant in list(contestants) * rounds:
        found = contest.run(sized(contestant, limit_rows, runs))
        runs[contestant.name].append(found)
        if found.busy:
            busy.append(contestant)
    for contestant in busy if repeats else ():
        if time.monotonic() - started_s < REPEAT_UNTIL_S:
            runs[contestant.name].append(contest.run(sized(contestant, limit_rows, runs)))
    return runs


def sized(
    contestant: Contestant, limit_rows: int | None, runs: Mapping[str, Sequence[Run]]
) -> Contestant:
    """Return the contestant; the limit with transactions as large as ours were a moment ago."""
    if contestant.name != "staged_limit" or not (limit_rows or runs.get("ioc")):
        return contestant
    rows = limit_rows or round(runs["ioc"][-1].rows_per_transaction)
    return replace(contestant, arguments=(*contestant.arguments[:-1], str(rows)))


def take_cores(wanted: int) -> None:
    """Keep to the first `wanted` cores, we and all that we start."""
    there = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, there[:wanted])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="for ours; others get a part")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--cores", type=int, default=CORES)
    parser.add_argument("--only", action="append", choices=[each.name for each in contestants()])
    parser.add_argument(
        "--limit-rows",
        type=int,
        help="records of one staged transaction; else as many as ours had on average",
    )
    parser.add_argument(
        "--repeat",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run again what met a busy machine",
    )
    parser.add_argument("--profile", action="store_true", help="write build/profile-NAME.txt")
    return parser.parse_args()


def main() -> int:
    """Measure, print and write; 1 when counts are wrong or a floor is missed, the machine quiet."""
    # Whoever ends the bench ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    asked = _arguments()
    if platform.system() != "Linux":
        print("the bench reads /proc: it runs on Linux only", file=sys.stderr)
        return 1
    take_cores(asked.cores)
    everybody = contestants()
    taking_part = able([each for each in everybody if not asked.only or each.name in asked.only])
    if asked.profile:
        OUTPUT.parent.mkdir(exist_ok=True)
        taking_part = [profiled(each) for each in taking_part]
    machine = meter.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}")
    print(*report.HEADINGS, sep="\n", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="ioc-bench-"))
    try:
        with running_postgres(folder / "postgres") as server:
            contest = Contest(asked.events, server, folder)
            runs = measure(
                contest,
                taking_part,
                asked.rounds,
                limit_rows=asked.limit_rows,
                repeats=asked.repeat,
            )
    except WrongError as error:
        print(f"{error}\nThe logs are in {folder}.", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    drain = report.summary(runs)
    print(report.text(drain))
    if asked.profile or asked.only or asked.events < EVENTS or asked.rounds < ROUNDS:
        print(f"\n{OUTPUT.name} is not written: this was not the whole measurement")
        return 0
    report.write(
        OUTPUT,
        # Who could not take part is there as null.
        drain={each.name: drain.get(each.name) for each in everybody},
        ratios=report.ratios(drain),
        **report.live_parts(LIVE),
        machine=machine,
        limit_rows=asked.limit_rows,
    )
    return 1 if report.below_floor(drain) else 0


if __name__ == "__main__":
    sys.exit(main())
