"""A child process that ends when its parent does, even when the parent is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# `read` comes back when the pipe from us closes, which the kernel does for a killed process too.
# (PR_SET_PDEATHSIG would follow the *thread* that started the child, and is Linux only.)
_LEASH = 'read -r _; kill -9 "$1" 2>/dev/null'
_STOP_WITHIN_S = 20.0


class Child:
    """One running program with its output in a file; SIGTERM, SIGKILL, and gone with its parent."""

    def __init__(
        self, argv: Sequence[str], *, log: Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            # A session of its own: Ctrl-C in the terminal must not reach it before its users.
            self._process = subprocess.Popen(
                argv,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leash = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "sh", str(self._process.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id of the program itself."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end (SIGTERM), wait, and end it the hard way when it does not."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_WITHIN_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        # The leash goes first: later the number of the program may be somebody else's.
        self._leash.kill()
        self._leash.wait()
        if self._leash.stdin is not None:
            self._leash.stdin.close()
        if self.is_running:
            self._process.kill()
        self._process.wait()

    def last_words(self, lines: int = 30) -> str:
        """Return the end of its output, for the message of a failed start."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
