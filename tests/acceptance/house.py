"""The whole product as processes, on a real broker and a real PostgreSQL, to be knocked about."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg
from psycopg.rows import TupleRow

from tests.acceptance.quiet import quiet_settings
from tests.patience import patient

T = TypeVar("T")
JsonObject = dict[str, Any]

READY_WITHIN_S = 60.0


def eventually(look: Callable[[], T | None], within_s: float, message: str) -> T:
    """Return the first thing that is true; fail with the message and the last thing seen."""
    within_s = patient(within_s)
    deadline = time.monotonic() + within_s
    seen: T | None = None
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s:g} s: {message} (last seen: {seen!r})")


def free_port() -> int:
    """Return a port that nobody listens on, below those given to outgoing connections."""
    for port in range(20_000 + os.getpid() % 5_000, 32_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no free port")


@dataclass
class House:
    """Processes by name, all on one database and one broker."""

    folder: Path
    kafka: str
    database_url: str
    log_id: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    #: Whether the shipped rules about time are off.
    is_quiet: bool = True

    def __post_init__(self) -> None:
        """Write the site's folder; a test that has one of its own keeps it."""
        own = self.settings.get("IOC_CONFIG_DIR")
        config_dir = Path(own) if own else self.folder / "config"
        self._quiet = quiet_settings(config_dir) if self.is_quiet else {}

    @property
    def environment(self) -> dict[str, str]:
        """Return what every process is told."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
        ours = {
            "IOC_KAFKA": self.kafka,
            "IOC_DATABASE_URL": self.database_url,
            "IOC_DATA_DIR": str(self.folder),
            "IOC_API_PORT": str(self.port),
            "IOC_WEBHOOK_ALLOW_PRIVATE": "true",
            "IOC_SESSION_TIMEOUT_S": "6",
            **self._quiet,
            **self.settings,
        }
        return kept | ours | ({"IOC_LOG_ID": self.log_id} if self.log_id else {})

    @property
    def url(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *names: str, **settings: str) -> None:
        """Start processes, with these IOC_* on top; `worker-2` is another `worker`."""
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", "ioc.cli", name.partition("-")[0]],
                    env=self.environment | settings,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """SIGKILL: no goodbye."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End whatever still runs."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + patient(10)
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()

    def wait_ready(self) -> None:
        """Wait until a worker holds every partition and the API answers."""
        eventually(self.is_ready, READY_WITHIN_S, f"ready; see the logs in {self.folder}")

    def is_ready(self) -> bool:
        """Return whether the workers that run hold every partition and the API answers."""
        if "api" in self.running and not self._api_answers():
            return False
        wants = sum(name.startswith("worker") for name in self.running)
        if not wants:
            return True
        row = self.row(
            "SELECT count(*), count(DISTINCT held_by) FROM offsets "
            "WHERE held_at > now() - interval '3 seconds'"
        )
        return bool(row[0] >= 16 and row[1] == wants)

    def _api_answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    # -- what people and systems do --

    def ioc(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "ioc.cli", *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            timeout=300,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def send(self, events: Iterable[JsonObject]) -> str:
        """Send events with `ioc send`; return its last line."""
        lines = "\n".join(json.dumps(event) for event in events).encode()
        done = self.ioc("send", "-", stdin=lines)
        assert done.stdout, done.stderr
        return done.stdout.splitlines()[-1]

    def get(self, path: str, **query: str | int) -> JsonObject:
        """Return the JSON of a GET on the API."""
        answer = httpx.get(f"{self.url}/api/v1{path}", params=query, timeout=30)
        assert answer.status_code == 200, answer.text
        found: JsonObject = answer.json()
        return found

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """POST JSON to the API."""
        return httpx.post(
            f"{self.url}/api/v1{path}",
            content=json.dumps(body),
            headers={"content-type": "application/json", **headers},
            timeout=30,
        )

    def row(self, query: str, *values: object) -> TupleRow:
        """Return one row, straight from the database."""
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            found = conn.execute(query.encode(), values).fetchone()
        assert found is not None
        return found

    def count(self, table: str = "events", where: str = "true") -> int:
        """Return how many rows a table has."""
        return int(self.row(f"SELECT count(*) FROM {table} WHERE {where}")[0])  # noqa: S608

    def position(self) -> int:
        """Return how many records of all topics have been read and stored, or buried."""
        return int(self.row("SELECT coalesce(sum(next), 0) FROM offsets")[0])

    def wait_read(self, records: int, within_s: float = 60) -> None:
        """Wait until the position, which counts duplicates too, is at least this."""
        eventually(lambda: self.position() >= records, within_s, f"{records} records read")

    def wait_stored(self, n: int, within_s: float = 60, where: str = "true") -> None:
        """Wait until exactly this many events are stored."""
        eventually(
            lambda: self.count(where=where) >= n, within_s, f"{n} events stored where {where}"
        )
        assert self.count(where=where) == n


def write_events(path: Path, events: Sequence[JsonObject]) -> Path:
    """Write NDJSON, gzipped when the name says so."""
    data = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    path.write_bytes(gzip.compress(data, 1) if path.suffix == ".gz" else data)
    return path
