"""Chaos: 300,000 events while everything dies, and every row held against a plain reference.

Prints a table and writes `build/chaos.json`; ends with 1 when anything differs. See
docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.chaos.plan import FULL, Kind, Plan
from tests.acceptance.chaos.rules import FULL as FULL_PACE
from tests.acceptance.chaos.run import Result, run
from tests.real.kafka import find_or_explain

REPOSITORY = Path(__file__).resolve().parents[3]
OUTPUT = REPOSITORY / "build" / "chaos.json"
SEEDS = (1, 2, 3)
EVENTS = 300_000
#: Below this the blows would stand on each other's feet: a rebalance alone takes the session's 6 s.
PERIOD_S = 140.0


def main(arguments: Sequence[str]) -> int:
    """Run the seeds one after the other; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="may be given several times")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--period", type=float, default=PERIOD_S, help="seconds")
    parser.add_argument("--plan", action="store_true", help="print what would be done, and end")
    chosen = parser.parse_args(arguments)
    plans = [Plan(seed, chosen.events, chosen.period) for seed in chosen.seed or SEEDS]
    if chosen.plan:
        for plan in plans:
            _print_plan(plan)
        return 0
    try:
        find_or_explain()
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        print(missing.msg)
        return 2
    results = []
    for plan in plans:
        results.append(run(plan, FULL_PACE, lambda line: print(line, flush=True)))
        _print_details(results[-1])
    _print_table(results)
    _write(results)
    return 1 if any(result.differences for result in results) else 0


def _print_plan(plan: Plan) -> None:
    print(f"seed {plan.seed}: {plan.events:,} events in {plan.period_s:g} s")
    for blow in plan.blows():
        print(f"{blow.at_s:8.2f} s  {blow.kind.value:10} {blow.target:10} {blow.lasts_s:5.2f} s")


def _print_details(result: Result) -> None:
    """Say what was compared, and the first few of what differs."""
    for each in result.compared:
        print(f"  {each.what:20} {each.rows:>9,} compared  {each.differences:>5,} differ")
        for example in each.examples:
            print(f"      {example[:2000]}")
    print("  " + ", ".join(f"{sign}: {n:,}" for sign, n in result.signs.items()))
    if result.ended:
        print(f"  ended by themselves, started again: {result.ended}")
    if result.logs is not None:
        print(f"  logs, and the database's folder: {result.logs}")
    sys.stdout.flush()


def _print_table(results: Sequence[Result]) -> None:
    names = " ".join(f"{kind.value:>10}" for kind in Kind)
    print(
        f"\n{'seed':>6} {names} {'ended':>6} {'records':>9} {'rows':>11} "
        f"{'differ':>7} {'rest s':>7} {'s':>5}"
    )
    for result in results:
        kills = " ".join(f"{result.kills[kind.value]:>10}" for kind in Kind)
        print(
            f"{result.plan.seed:>6} {kills} {sum(result.ended.values()):>6} "
            f"{result.records:>9,} {result.rows:>11,} {result.differences:>7} "
            f"{result.rest_s:>7.0f} {result.seconds:>5.0f}"
        )
    print("all equal" if not any(result.differences for result in results) else "NOT equal")


def _write(results: Sequence[Result]) -> None:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    ).stdout.strip()
    OUTPUT.parent.mkdir(exist_ok=True)
    told = {"commit": commit, "seeds": [_as_json(result) for result in results]}
    OUTPUT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {OUTPUT.relative_to(REPOSITORY)}")


def _as_json(result: Result) -> Mapping[str, Any]:
    return {
        "seed": result.plan.seed,
        "kills": result.kills,
        "events": result.records,
        "differences": result.differences,
        "ended_by_themselves": result.ended,
        "planned": {kind.value: FULL[kind] for kind in Kind},
        "signs": result.signs,
        "compared": {each.what: each.rows for each in result.compared},
        "rest_s": round(result.rest_s, 1),
        "seconds": round(result.seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
