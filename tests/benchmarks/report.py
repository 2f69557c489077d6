"""What the bench says: a table with medians and ratios for people, JSON for comparisons."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.contest import OTHERS_MAX, REPOSITORY, Run

OURS = "ioc"
#: What a user would pick instead of ours.
FRAMEWORKS = ("bytewax", "quix", "faust_take", "faust")
#: The figures of a run whose medians are told.
FIGURES = (
    "events_per_s",
    "worker_cpu_s",
    "postgres_cpu_s",
    "broker_cpu_s",
    "peak_mib",
    "rows_per_transaction",
    "idle",
    "steal",
    "others",
)
HEADINGS = (
    f"{'':12} {'':>9} {'':>10}  {'CPU s for 100,000 events':^26}  {'peak':>6} {'rows per':>11}  "
    f"{'CPU time':^19}",
    f"{'':12} {'events':>9} {'events/s':>10}  {'worker':>8} {'postgres':>9} {'broker':>7}  "
    f"{'MiB':>6} {'transaction':>11}  {'idle':>5} {'steal':>6} {'others':>6}",
)

Drain = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Goal:
    """How many times as fast as `name` ours should be, and below what it has failed."""

    name: str
    goal: float
    floor: float


GOALS = (
    Goal("best_framework", 2.5, 1.5),
    Goal("faust_take", 5.0, 5.0),
    Goal("staged_limit", 0.8, 0.55),
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


def rivals(drain: Drain) -> dict[str, str]:
    """Return who stands behind each ratio, as far as they took part."""
    frameworks = [name for name in FRAMEWORKS if name in drain]
    found = {name: name for name in ("faust_take", "staged_limit") if name in drain}
    if frameworks:
        found["best_framework"] = max(frameworks, key=lambda name: drain[name]["events_per_s"])
    return {goal.name: found[goal.name] for goal in GOALS if goal.name in found}


def ratios(drain: Drain) -> dict[str, float]:
    """Return how many times as fast ours is, by the names of the goals."""
    if OURS not in drain:
        return {}
    ours = drain[OURS]["events_per_s"]
    return {
        name: round(ours / drain[rival]["events_per_s"], 2) for name, rival in rivals(drain).items()
    }


def below_floor(drain: Drain) -> list[str]:
    """Return the goals of which not even the floor is reached; a busy machine proves nothing."""
    found, behind = ratios(drain), rivals(drain)
    return [
        goal.name
        for goal in GOALS
        if goal.name in found
        and found[goal.name] < goal.floor
        and not drain[behind[goal.name]]["busy"]
        and not drain[OURS]["busy"]
    ]


def text(drain: Drain) -> str:
    """Return the table of medians, the ratios beside their goals, and how far to trust them."""
    lines = ["", "medians", *HEADINGS]
    for name, medians in drain.items():
        lines.append(_line(name, medians["runs"][0]["events"], medians))
    lines.append("")
    if OURS in drain:
        lines += _ratio_lines(drain)
    busy = [name for name, medians in drain.items() if medians["busy"]]
    if busy:
        lines += [
            "",
            f"The machine was busy in every run of {', '.join(busy)}: others took more than "
            f"{OTHERS_MAX:.0%} of it. Repeat this on a quiet machine.",
        ]
    return "\n".join(lines)


def _ratio_lines(drain: Drain) -> list[str]:
    lines = []
    for name, medians in drain.items():
        if name == OURS:
            continue
        ratio = drain[OURS]["events_per_s"] / medians["events_per_s"]
        cpu = _cpu_s(medians) / max(_cpu_s(drain[OURS]), 0.001)
        lines.append(f"{OURS} / {name:12} {ratio:6.2f}   CPU 1 : {cpu:.1f}")
    lines.append("")
    found, behind = ratios(drain), rivals(drain)
    for goal in GOALS:
        if goal.name not in found:
            continue
        rival = behind[goal.name]
        is_busy = drain[rival]["busy"] or drain[OURS]["busy"]
        who = f"{goal.name} ({rival})" if rival != goal.name else goal.name
        lines.append(
            f"{OURS} / {who:28} {found[goal.name]:6.2f}   goal {goal.goal:g}, "
            f"floor {goal.floor:g}: {_verdict(found[goal.name], goal, is_busy=is_busy)}"
        )
    return lines


def _verdict(ratio: float, goal: Goal, *, is_busy: bool) -> str:
    if is_busy:
        return "not seen, busy"
    if ratio >= goal.goal:
        return "met"
    return f"MISSED, {'above' if ratio >= goal.floor else 'below'} the floor"


def live_parts(path: Path) -> dict[str, object]:
    """Return fan-out and latency as `make bench-live` wrote them, each None when it did not."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if found and found.get("commit") != _commit():
        print(f"{path.name} is of {found.get('commit')}: run `make bench-live` for this commit")
    return {
        "fanout": found.get("fanout"),
        "latency": found.get("latency"),
        "live_commit": found.get("commit"),
    }


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
        f"{of['postgres_cpu_s']:>9.2f} {of['broker_cpu_s']:>7.2f}  {of['peak_mib']:>6,.0f} "
        f"{of['rows_per_transaction']:>11,.0f}  "
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
