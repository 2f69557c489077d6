"""What a run costs, read from /proc (Linux): CPU of process trees, peak memory, the machine's rest.

The share that «others» took is what a busy machine looks like from inside: everything that was not
idle and not one of the processes that take part, time stolen by the hypervisor included.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
#: Fields of /proc/PID/stat after the name: the parent, and CPU time of the process itself (user,
#: system) and of its children that have ended (user, system).
_PARENT, _CPU = 1, slice(11, 15)
#: Columns of a cpu line of /proc/stat; guest time is in `user` already.
_IDLE, _IOWAIT, _STEAL, _COLUMNS = 3, 4, 7, 8


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds since some start: the wall clock's, the CPU's by tree, and the machine's."""

    at_s: float
    trees_s: dict[str, float]
    machine_s: float
    idle_s: float
    steal_s: float


@dataclass(frozen=True, slots=True)
class Span:
    """What was used between two readings; shares are of all CPU time that there was."""

    seconds: float
    trees_s: dict[str, float]
    idle: float
    steal: float
    others: float


def read(trees: dict[str, int]) -> Reading:
    """Read the clocks of the trees (name -> process id of the root) and of our cores."""
    parents, cpu_s = _processes()
    machine_s = idle_s = steal_s = 0.0
    for ticks in _core_ticks(os.sched_getaffinity(0)):
        machine_s += sum(ticks[:_COLUMNS]) / TICKS_PER_S
        idle_s += (ticks[_IDLE] + ticks[_IOWAIT]) / TICKS_PER_S
        steal_s += ticks[_STEAL] / TICKS_PER_S
    used = {
        name: sum(cpu_s.get(pid, 0.0) for pid in _tree(root, parents))
        for name, root in trees.items()
    }
    return Reading(time.monotonic(), used, machine_s, idle_s, steal_s)


def between(first: Reading, last: Reading) -> Span:
    """Return what was used from the first reading to the last."""
    machine_s = max(last.machine_s - first.machine_s, 1 / TICKS_PER_S)
    trees_s = {name: last.trees_s[name] - first.trees_s[name] for name in first.trees_s}
    idle = (last.idle_s - first.idle_s) / machine_s
    return Span(
        last.at_s - first.at_s,
        trees_s,
        idle,
        (last.steal_s - first.steal_s) / machine_s,
        max(0.0, 1 - idle - sum(trees_s.values()) / machine_s),
    )


def peak_mib(root: int) -> float:
    """Return the most resident memory that a tree's processes have had, added up, in MiB."""
    return _added_up_mib(root, "VmHWM")


def resident_mib(root: int) -> float:
    """Return the resident memory of a tree's processes now, added up, in MiB."""
    return _added_up_mib(root, "VmRSS")


def machine() -> dict[str, object]:
    """Say what was measured on."""
    cpu = [line for line in _lines("cpuinfo") if line.startswith("model name")]
    memory = next((line for line in _lines("meminfo") if line.startswith("MemTotal")), "")
    return {
        "cpu": cpu[0].partition(":")[2].strip() if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory.split()[1]) / 1024**2, 1) if memory else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """Return the parent and the CPU seconds of every process."""
    parents: dict[int, int] = {}
    cpu_s: dict[int, float] = {}
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has just ended
            continue
        fields = stat.rpartition(")")[2].split()  # the name may hold spaces and brackets
        pid = int(folder.name)
        parents[pid] = int(fields[_PARENT])
        cpu_s[pid] = sum(map(int, fields[_CPU])) / TICKS_PER_S
    return parents, cpu_s


def _tree(root: int, parents: dict[int, int]) -> Iterable[int]:
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _core_ticks(cores: set[int]) -> Iterable[list[int]]:
    names = {f"cpu{number}" for number in cores}
    for line in _lines("stat"):
        name, *ticks = line.split()
        if name in names:
            yield [int(tick) for tick in ticks]


def _added_up_mib(root: int, figure: str) -> float:
    parents, _ = _processes()
    return sum(_kib(pid, figure) for pid in _tree(root, parents)) / 1024


def _kib(pid: int, figure: str) -> int:
    try:
        for line in _lines(f"{pid}/status"):
            if line.startswith(figure):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def _lines(name: str) -> list[str]:
    return (PROC / name).read_text(encoding="utf-8").splitlines()
