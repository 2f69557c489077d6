"""Who takes part: ours, what a user would else write, and the limit."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from ioc.settings import Settings
from tests.benchmarks.contest import REPOSITORY, Contestant

#: The frameworks that we compare with ask for other versions than ours, so they live on their own.
BENCH_PYTHON = REPOSITORY / ".venv-bench" / "bin" / "python"
#: What a worker under load puts into one transaction at most; the bench knows how many it did.
LIMIT_ROWS = int(Settings.model_fields["batch_rows"].default)
#: Faust's web server has a fixed port, on which another one may be.
_WORKER = ("worker", "--without-web")


def contestants() -> tuple[Contestant, ...]:
    """Return everybody, those that are likest side by side."""
    return (
        # It has claimed its partitions and reads from here on.
        Contestant(
            "ioc",
            ("-m", "ioc.cli", "worker"),
            begun="SELECT 1 FROM offsets LIMIT 1",
            rollup="rollup_1m",
        ),
        Contestant(
            "staged_limit",
            ("-m", "tests.benchmarks.staged_limit", str(LIMIT_ROWS)),
            rollup="rollup_1m",
            whole=False,
        ),
        Contestant(
            "bytewax",
            ("-m", "bytewax.run", "tests.benchmarks.bytewax_flow:make_flow()"),
            package="bytewax",
            python=str(BENCH_PYTHON),
        ),
        Contestant(
            "quix",
            ("-m", "tests.benchmarks.quix_sink"),
            package="quixstreams",
            python=str(BENCH_PYTHON),
        ),
        Contestant("faust_take", ("-m", "tests.benchmarks.faust_take", *_WORKER), divisor=3),
        Contestant("faust", ("-m", "tests.benchmarks.faust_each", *_WORKER), divisor=10),
    )


def missing(contestant: Contestant) -> str | None:
    """Say why a contestant can't run here; None: it can."""
    if contestant.package is None:
        return None
    if not BENCH_PYTHON.exists():
        return f"{contestant.name} needs {contestant.package}: run `make bench`, which installs it"
    look = (
        f"import importlib.util as u; raise SystemExit(u.find_spec({contestant.package!r}) is None)"
    )
    done = subprocess.run((contestant.python, "-c", look), check=False)
    if done.returncode:
        return f"{contestant.name} is left out: {contestant.package} has no wheel for this Python"
    return None


def able(wanted: Sequence[Contestant]) -> list[Contestant]:
    """Return those that can run here, and say of each other why it can't."""
    found = []
    for contestant in wanted:
        reason = missing(contestant)
        if reason is None:
            found.append(contestant)
        else:
            print(reason, flush=True)
    return found
