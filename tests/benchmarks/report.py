"""What the bench says: a table with medians and ratios for people, JSON for comparisons."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.contest import OTHERS_MAX, REPOSITORY, Run

OURS = "ioc"
#: The figures of a run whose medians are told.
FIGURES = (
    "events_per_s",
    "worker_cpu_s",
    "postgres_cpu_s",
    "broker_cpu_s",
    "peak_mib",
    "idle",
    "steal",
    "others",
)
HEADINGS = (
    f"{'':12} {'':>9} {'':>10}  {'CPU s for 100,000 events':^26}  {'peak':>6}  {'CPU time':^19}",
    f"{'':12} {'events':>9} {'events/s':>10}  {'worker':>8} {'postgres':>9} {'broker':>7}  "
    f"{'MiB':>6}  {'idle':>5} {'steal':>6} {'others':>6}",
)


def line(name: str, run: Run) -> str:
    """Return one run as a line of the table."""
    return _line(name, run.events, asdict(run)) + ("  BUSY" if run.busy else "")


def summary(runs: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, Any]]:
    """Return the medians of each contestant over its quiet runs, or over all when none was."""
    found: dict[str, dict[str, Any]] = {}
    for name, of_name in runs.items():
        counted = [run for run in of_name if not run.busy] or list(of_name)
        medians = {
            figure: round(statistics.median(getattr(run, figure) for run in counted), 3)
            for figure in FIGURES
        }
        found[name] = medians | {
            "busy": all(run.busy for run in of_name),
            "runs": [asdict(run) for run in of_name],
        }
    return found


def ratios(drain: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return how many times as fast as each of the others ours is."""
    if OURS not in drain:
        return {}
    ours = drain[OURS]["events_per_s"]
    return {
        name: round(ours / medians["events_per_s"], 2)
        for name, medians in drain.items()
        if name != OURS
    }


def missed(drain: Mapping[str, Mapping[str, Any]], goals: Mapping[str, float]) -> list[str]:
    """Return whom ours is not far enough ahead of; a busy machine proves nothing."""
    return [
        name
        for name, ratio in ratios(drain).items()
        if ratio < goals.get(name, 0) and not drain[name]["busy"] and not drain[OURS]["busy"]
    ]


def text(drain: Mapping[str, Mapping[str, Any]], goals: Mapping[str, float]) -> str:
    """Return the table of medians, the ratios beside their goals, and how far to trust them."""
    lines = ["", "medians", *HEADINGS]
    for name, medians in drain.items():
        lines.append(_line(name, medians["runs"][0]["events"], medians))
    lines.append("")
    for name, ratio in ratios(drain).items():
        cpu = _cpu_s(drain[name]) / max(_cpu_s(drain[OURS]), 0.001)
        verdict = ""
        if name in goals and ratio >= goals[name]:
            verdict = f"   goal {goals[name]:g}: met"
        elif name in goals:
            is_missed = name in missed(drain, goals)
            verdict = f"   goal {goals[name]:g}: {'MISSED' if is_missed else 'not seen, busy'}"
        lines.append(f"{OURS} / {name:12} {ratio:6.2f}   CPU 1 : {cpu:.1f}{verdict}")
    busy = [name for name, medians in drain.items() if medians["busy"]]
    if busy:
        lines += [
            "",
            f"The machine was busy in every run of {', '.join(busy)}: others took more than "
            f"{OTHERS_MAX:.0%} of it. Repeat this on a quiet machine.",
        ]
    return "\n".join(lines)


def write(path: Path, **parts: object) -> None:
    """Put these parts into the file; what other benches of the same commit wrote stays."""
    commit = _commit()
    kept: dict[str, object] = {}
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        kept = found if found.get("commit") == commit else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = kept | {"commit": commit} | parts
    path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _line(name: str, events: int, of: Mapping[str, Any]) -> str:
    return (
        f"{name:12} {events:>9,} {of['events_per_s']:>10,.0f}  {of['worker_cpu_s']:>8.2f} "
        f"{of['postgres_cpu_s']:>9.2f} {of['broker_cpu_s']:>7.2f}  {of['peak_mib']:>6,.0f}  "
        f"{of['idle']:>5.0%} {of['steal']:>6.0%} {of['others']:>6.0%}"
    )


def _cpu_s(medians: Mapping[str, Any]) -> float:
    """Return the CPU seconds for 100,000 events, all processes together."""
    return float(medians["worker_cpu_s"] + medians["postgres_cpu_s"] + medians["broker_cpu_s"])


def _commit() -> str | None:
    """Name what was measured; None outside of a repository, or before its first commit."""
    done = subprocess.run(
        ("git", "describe", "--always", "--dirty", "--abbrev=12"),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or None
