"""`ioc up` as a user runs it: a command with a data folder and a port, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from connectors.embedded.run import Run, read_run
from tests.acceptance.house import JsonObject, eventually, free_port
from tests.acceptance.quiet import quiet_settings

READY_WITHIN_S = 90.0
STOPPED_WITHIN_S = 40.0


class Up:
    """One `ioc up`; every other command is given the same environment and finds it."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = free_port() if port is None else port
        self.screen = folder.with_suffix(".screen")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
        self.environment = kept | {
            "IOC_API_PORT": str(self.port),
            "IOC_DATA_DIR": str(folder),
            "IOC_SIMULATE": "false",
            "IOC_SESSION_TIMEOUT_S": "6",
            **quiet_settings(folder.with_suffix(".config")),
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def run(self) -> Run:
        found = read_run(self.folder)
        assert found is not None, self.screen.read_text()
        return found

    def start(self) -> None:
        """Start it; do not wait."""
        with self.screen.open("wb") as screen:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ioc.cli", "up"],
                env=self.environment,
                stdout=screen,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until `/readyz` is 200."""
        eventually(self._is_ready, READY_WITHIN_S, f"ready; its screen is {self.screen}")

    def ctrl_c(self) -> int:
        """SIGINT to the group, as a terminal does; return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOPPED_WITHIN_S)

    def ioc(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run another command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "ioc.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def send(self, events: Sequence[JsonObject]) -> None:
        """Send events with `ioc send`; every one must go."""
        lines = "".join(json.dumps(event) + "\n" for event in events)
        done = subprocess.run(
            [sys.executable, "-m", "ioc.cli", "send", "-"],
            env=self.environment,
            input=lines,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout.splitlines()[-1:] == [f"sent {len(events)}, refused 0"], done.stderr

    def get(self, path: str, **query: str | int) -> Any:
        """Return the JSON of a GET on the API."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", params=query, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.screen.read_text()
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


@contextmanager
def running_up(folder: Path) -> Iterator[Up]:
    """Run `ioc up` until the block ends; it is ready."""
    up = Up(folder)
    up.start()
    try:
        up.wait_ready()
        yield up
    finally:
        up.ctrl_c()
