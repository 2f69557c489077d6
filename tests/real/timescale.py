"""TimescaleDB's real code for tests: 2.23 on PostgreSQL 17 in WebAssembly, run by Node, in memory.

Good for proving the schema and the queries (hypertables, continuous aggregates, compression, COPY,
LISTEN). Not for speed, not for concurrency: there is one session inside, clients take turns at the
borders of transactions, and no background worker runs the policies (`CALL run_job(id)` does).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real.child import Child, free_port
from tests.real.need import BUILD, fetched, missing, program

SOURCE = Path(__file__).with_name("timescale-node")
FILES = ("package.json", "package-lock.json", "server.mjs")
NODE_AT_LEAST = 20
START_WITHIN_S = 60.0
_FETCH_WITHIN_S = 180.0


def find_or_explain() -> Path:
    """Return the folder with the server and its modules under build/; else skip, or fail in CI."""
    node = program("node", "Node 20 or newer, for example: apt-get install nodejs npm")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)", told)
    if major is None or int(major[1]) < NODE_AT_LEAST:
        missing(
            f"TimescaleDB needs Node {NODE_AT_LEAST} or newer, and this one says: {told.strip()}"
        )
    sources = b"".join((SOURCE / name).read_bytes() for name in FILES)
    installed = BUILD / "timescale" / hashlib.sha256(sources).hexdigest()[:12]
    if not installed.is_dir():
        _install(installed)
    return installed


def _install(installed: Path) -> None:
    """Install next to the place, then move the whole folder in at once."""
    npm = program("npm", "npm, for example: apt-get install npm")
    installed.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=installed.parent) as half:
        got = Path(half) / "installed"
        got.mkdir()
        for name in FILES:
            shutil.copy(SOURCE / name, got / name)
        fetched(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=got,
            within_s=_FETCH_WITHIN_S,
        )
        if not installed.is_dir():  # or another run was faster
            got.rename(installed)


class RealTimescale:
    """One empty database per start; it lives in memory and is gone with the process."""

    def __init__(self, installed: Path, folder: Path) -> None:
        """Take a free port; nothing runs yet. `folder` gets the log."""
        self.port = free_port()
        self._node = program("node", "Node 20 or newer")
        self._installed = installed
        self._log = folder / "timescale.log"
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """What goes into `IOC_DATABASE_URL`."""
        return f"postgresql://postgres:any@127.0.0.1:{self.port}/postgres?sslmode=disable"

    def start(self) -> None:
        """Start an empty database and wait until clients may connect."""
        assert self._child is None, "TimescaleDB is started already"
        self._log.write_bytes(b"")
        self._child = Child(
            [self._node, "server.mjs", str(self.port)], log=self._log, cwd=self._installed
        )
        until = time.monotonic() + START_WITHIN_S
        while "ready" not in self._child.last_words():
            if not self._child.is_running or time.monotonic() > until:
                words = self._child.last_words()
                self.stop()
                raise RuntimeError(f"TimescaleDB did not start:\n{words}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; what was in it is gone."""
        if self._child is not None:
            self._child.stop()
            self._child = None


@contextmanager
def running_timescale() -> Iterator[RealTimescale]:
    """Run an empty database for as long as the block lasts; skips or fails as find_or_explain."""
    installed = find_or_explain()
    with tempfile.TemporaryDirectory(prefix="ioc-timescale-") as folder:
        timescale = RealTimescale(installed, Path(folder))
        try:
            timescale.start()
            yield timescale
        finally:
            timescale.stop()
