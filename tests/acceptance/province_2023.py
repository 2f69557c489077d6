"""The province's ten months, whole: `python -m tests.acceptance.province_2023`.

Sends January to October 2023 (1.2 million dossier events) through `ioc up`, asks for the summary,
then sends the same file again in another order through two workers, one of which is killed
half-way, and asks again. Uses the `ioc up` of IOC_DATA_DIR when one runs there, else starts one on
a new folder. Takes minutes, so pytest does not run it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from connectors.embedded.run import Run, read_run
from tests.acceptance.house import eventually
from tests.acceptance.up_process import running_up

WANTED = {
    "received": 612_221,
    "resolved": 594_406,
    "on_time": 592_504,
    "on_time_rate": 0.9968,
    "open": 17_815,
}
TEN_MONTHS = {"from": "2023-01-01T00:00:00+07:00", "to": "2023-11-01T00:00:00+07:00"}
EVENTS = WANTED["received"] + WANTED["resolved"]
DRAINED_WITHIN_S = 1800.0
DRAINED_CHECK_S = 2.0


def main() -> None:
    """Run the proof; end with an error when a number is another."""
    folder = Path(os.environ.get("IOC_DATA_DIR", ".ioc"))
    run = read_run(folder) if folder.is_dir() else None
    if run is not None:
        prove(folder, run)
        return
    with (
        tempfile.TemporaryDirectory(prefix="ioc-2023-") as fresh,
        running_up(Path(fresh) / "data") as up,
    ):
        prove(up.folder, up.run)


def prove(folder: Path, run: Run) -> None:
    """Send once, check, send again in disorder with a death in the middle, check."""
    with tempfile.TemporaryDirectory(prefix="ioc-2023-files-") as files:
        path = Path(files) / "dossiers.ndjson"
        say(f"writing {EVENTS:,} events to a file")
        ioc(folder, "simulate", "--scenario", "dossiers-2023", "--out", str(path))
        with timed("sent with ioc simulate, and all stored"):
            ioc(folder, "simulate", "--scenario", "dossiers-2023")
            wait_drained(folder)
        check(run)
        shuffled = shuffle(path, Path(files) / "shuffled.ndjson")
        with timed("sent again in another order, with a worker killed, and all read"):
            send_with_a_death(folder, shuffled)
            wait_drained(folder)
        check(run)
    say("every number is exact, twice")


def check(run: Run) -> None:
    """Ask the API for the ten months."""
    url = f"http://{run.api_host}:{run.api_port}/api/v1/dossiers/summary"
    began_s = time.monotonic()
    answer = httpx.get(url, params=TEN_MONTHS, timeout=120)
    found: dict[str, Any] = answer.json()
    say(f"/dossiers/summary ({time.monotonic() - began_s:.1f} s): {json.dumps(found)}")
    wrong = {name: found.get(name) for name, n in WANTED.items() if found.get(name) != n}
    if wrong:
        raise SystemExit(f"wrong: {wrong}; wanted {WANTED}")


def shuffle(path: Path, shuffled: Path) -> Path:
    """Write the same lines in another order, the same one each time."""
    lines = path.read_bytes().splitlines(keepends=True)
    random.Random(2023).shuffle(lines)
    shuffled.write_bytes(b"".join(lines))
    return shuffled


def send_with_a_death(folder: Path, path: Path) -> None:
    """Send a file while a second worker runs; SIGKILL `ioc up`'s own once half of it is read."""
    with second_worker(folder):
        before = position(folder)
        sender = subprocess.Popen(
            [sys.executable, "-m", "ioc.cli", "send", str(path)], env=environment(folder)
        )
        try:
            eventually(
                lambda: position(folder) >= before + EVENTS // 2, DRAINED_WITHIN_S, "half is read"
            )
            run = read_run(folder)
            assert run is not None, "ioc up is gone"
            os.kill(run.pids["worker"], signal.SIGKILL)
            left = before + EVENTS - position(folder)
            say(f"killed the worker (process {run.pids['worker']}) with {left:,} events to go")
            assert left > 0, "it was over before the kill"
            assert sender.wait(DRAINED_WITHIN_S) == 0, "ioc send failed"
        finally:
            if sender.poll() is None:
                sender.kill()
            sender.wait()
        wait_drained(folder)


@contextmanager
def second_worker(folder: Path) -> Iterator[None]:
    """Run another `ioc worker` beside the one of `ioc up`, once both hold partitions."""
    with tempfile.TemporaryFile() as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "ioc.cli", "worker"],
            env=environment(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            eventually(lambda: holders(folder) == 2, 60, "two workers hold partitions")
            yield
            assert worker.poll() is None, "the second worker has died"
        finally:
            worker.terminate()
            try:
                worker.wait(20)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


def holders(folder: Path) -> int:
    """Return how many workers have lately said that they hold partitions."""
    return _number(
        folder,
        "SELECT count(DISTINCT held_by) FROM offsets WHERE held_at > now() - interval '3 s'",
    )


def position(folder: Path) -> int:
    """Return how many records have been read of all logs."""
    return _number(folder, "SELECT coalesce(sum(next), 0) FROM offsets")


def _number(folder: Path, query: str) -> int:

    run = read_run(folder)
    assert run is not None, "ioc up is gone"
    with psycopg.connect(run.database_url) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def wait_drained(folder: Path) -> None:
    """Wait until `ioc doctor` says that everything in Kafka is stored."""
    deadline_s = time.monotonic() + DRAINED_WITHIN_S
    while True:
        code = subprocess.run(
            [sys.executable, "-m", "ioc.cli", "doctor", "--drained"],
            env=environment(folder),
            check=False,
        ).returncode
        if code == 0:
            return
        assert time.monotonic() < deadline_s, f"not drained within {DRAINED_WITHIN_S:g} s"
        time.sleep(DRAINED_CHECK_S)


def ioc(folder: Path, *arguments: str) -> None:
    """Run a command to its end, its words on our screen."""
    subprocess.run(
        [sys.executable, "-m", "ioc.cli", *arguments], env=environment(folder), check=True
    )


def environment(folder: Path) -> dict[str, str]:
    """Return what makes a command find the `ioc up` of this folder."""
    return {**os.environ, "IOC_DATA_DIR": str(folder)}


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say how long something took."""
    began_s = time.monotonic()
    yield
    took_s = time.monotonic() - began_s
    say(f"{what}: {took_s:.0f} s, {EVENTS / took_s:,.0f} events/s")


def say(sentence: str) -> None:
    """Print a line at once."""
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
