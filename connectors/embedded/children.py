"""Starts processes in order, starts again the one that died, and stops all in the reverse order.

One thread and no event loop: the caller calls `tick` a few times a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from connectors.embedded import child as child_script
from connectors.embedded.identity import Identity
from connectors.embedded.log_file import LogFile
from ioc.errors import ConfigError, IocError

POLL_INTERVAL_S = 0.05
KILL_TIMEOUT_S = 5.0
LOG_CHECK_INTERVAL_S = 2.0
RESTART_DELAY_MIN_S = 0.5
RESTART_DELAY_MAX_S = 30.0
#: After this long a process counts as healthy, and its next death as the first one.
HEALTHY_AFTER_S = 60.0

Say = Callable[[str], None]


class StopRequestedError(IocError):
    """Somebody asked to stop while we were waiting."""


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start and how it wants to be treated."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    #: The whole environment, not an addition.
    environment: Mapping[str, str]
    identity: Identity | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    #: What it gets when its parent dies.
    death_signal: signal.Signals = signal.SIGKILL
    #: Started again when it dies; if not, the caller of `tick` decides.
    restarts: bool = True
    #: Exit code 0 is an end, not a death.
    may_finish: bool = False
    #: Called before each new start; a ConfigError puts it off.
    prepare: Callable[[], None] | None = None
    #: Whether it is of use; asked, at each tick after a new start, until it is. Answers at once.
    answers: Callable[[], bool] | None = None


@dataclass(slots=True)
class Child:
    """A process of ours. Times are monotonic seconds."""

    command: Command
    log: LogFile
    process: subprocess.Popen[bytes]
    started_s: float
    restart_delay_s: float = RESTART_DELAY_MIN_S
    #: None: it runs, or nobody starts it again.
    restart_at_s: float | None = None
    #: When it was found dead; None once it answers again, or when nobody can ask it.
    missed_since_s: float | None = None
    gone: bool = field(default=False)

    @property
    def pid(self) -> int:
        """The process id of the program itself, not of a wrapper."""
        return self.process.pid

    def is_running(self) -> bool:
        """Whether the process is there; reaps it when it is not."""
        return self.process.poll() is None


class Supervisor:
    """The processes that one `ioc up` started, in the order in which it started them."""

    def __init__(
        self,
        log_dir: Path,
        say: Say,
        *,
        stop_requested: Callable[[], bool] = lambda: False,
        watch_by_pipe: bool = platform.system() != "Linux",
    ) -> None:
        self._log_dir = log_dir
        self._say = say
        self._stop_requested = stop_requested
        self._children: dict[str, Child] = {}
        self._logs_checked_s = 0.0
        # Never written to: that it ends is the message. Only for systems without a death signal.
        self._pipe = os.pipe() if watch_by_pipe else None

    def start(self, command: Command) -> Child:
        """Start a process and keep it; the same name again takes the old one's place."""
        log = LogFile(self._log_dir / f"{command.name}.log")
        child = Child(command, log, self._spawn(command, log), time.monotonic())
        self._children[command.name] = child
        return child

    def child(self, name: str) -> Child | None:
        """Return the process of that name, running or not."""
        return self._children.get(name)

    def pids(self) -> dict[str, int]:
        """Return the process ids of those that run, by name."""
        return {name: child.pid for name, child in self._children.items() if child.is_running()}

    def run(self, command: Command, timeout_s: float) -> tuple[int | None, list[str]]:
        """Run a program to its end; return its exit code (None: it took too long) and last lines.

        Raises:
            StopRequestedError: while it ran; it was ended.
        """
        log = LogFile(self._log_dir / f"{command.name}.log")
        process = self._spawn(command, log)
        try:
            self.wait_for(lambda: process.poll() is not None, timeout_s)
        finally:
            _ask_to_end(process, command)
            _see_ended(process, command.stop_timeout_s)
        code = process.returncode
        return (None if code == -command.stop_signal else code), log.tail()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until the condition holds; return whether it did in time.

        Raises:
            StopRequestedError: a stop was asked for meanwhile.
        """
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            if self._stop_requested():
                raise StopRequestedError
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(POLL_INTERVAL_S)
        return True

    def tick(self) -> list[str]:
        """Look after everybody once; return the names of those found dead just now."""
        now_s = time.monotonic()
        died = [
            child.command.name
            for child in self._children.values()
            if not child.gone and not child.is_running()
        ]
        for name in died:
            self._bury(self._children[name], now_s)
        for child in tuple(self._children.values()):
            if child.restart_at_s is not None and now_s >= child.restart_at_s:
                self._restart(child, now_s)
            elif child.missed_since_s is not None and not child.gone:
                self._hear(child, now_s)
        if now_s - self._logs_checked_s >= LOG_CHECK_INTERVAL_S:
            self._logs_checked_s = now_s
            for child in self._children.values():
                child.log.bound()
        return died

    def stop(self, *names: str) -> None:
        """Stop processes at the same time; a name that nobody has changes nothing."""
        # The number of a process long gone may be somebody else's by now: leave it alone.
        children = [child for name in names if (child := self._children.get(name)) is not None]
        alive = [child for child in children if not child.gone]
        for child in alive:
            _ask_to_end(child.process, child.command)
        for child in alive:
            _see_ended(child.process, child.command.stop_timeout_s)
        for child in children:
            child.gone, child.restart_at_s, child.missed_since_s = True, None, None

    def stop_all(self) -> None:
        """Stop everybody, the last started first, each one before the next."""
        for name in reversed(tuple(self._children)):
            self.stop(name)

    def _bury(self, child: Child, now_s: float) -> None:
        child.gone = True
        command, code = child.command, child.process.returncode
        _see_ended(child.process, 0)  # whatever it left behind in its session
        if command.may_finish and code == 0:
            self._say(f"{command.name} is finished.")
            return
        lines = child.log.tail()
        where = f" Its last lines, from {child.log.path}:" if lines else ""
        self._say(f"{command.name} died ({_outcome(code)}).{where}")
        for line in lines:
            self._say(f"    {line}")
        if not command.restarts:
            return
        if now_s - child.started_s >= HEALTHY_AFTER_S:
            child.restart_delay_s = RESTART_DELAY_MIN_S
        child.restart_at_s = now_s + child.restart_delay_s
        self._say(f"{command.name} starts again in {child.restart_delay_s:g} s.")
        child.restart_delay_s = min(child.restart_delay_s * 2, RESTART_DELAY_MAX_S)
        if command.answers is not None and child.missed_since_s is None:
            child.missed_since_s = now_s

    def _restart(self, child: Child, now_s: float) -> None:
        command = child.command
        try:
            if command.prepare is not None:
                command.prepare()
        except ConfigError as error:
            self._say(f"{command.name} cannot start: {error}")
            child.restart_at_s = now_s + RESTART_DELAY_MAX_S
            return
        child.process = self._spawn(command, child.log)
        child.started_s, child.restart_at_s, child.gone = now_s, None, False
        self._say(f"{command.name} started again (process {child.pid}).")

    def _hear(self, child: Child, now_s: float) -> None:
        """Say once that a process that had died is of use again: it starts long before that."""
        command, since_s = child.command, child.missed_since_s
        if command.answers is None or since_s is None or not command.answers():
            return
        child.missed_since_s = None
        self._say(f"{command.name} answers again after {now_s - since_s:.1f} s.")

    def _spawn(self, command: Command, log: LogFile) -> subprocess.Popen[bytes]:
        watch_fd = self._pipe[0] if self._pipe is not None else None
        identity = command.identity
        plan: child_script.Plan = {
            "parent": os.getpid(),
            "death_signal": command.death_signal,
            "watch_fd": watch_fd,
            "uid": identity.uid if identity is not None else None,
            "gid": identity.gid if identity is not None else None,
            "capabilities": list(identity.capabilities) if identity is not None else [],
        }
        wrapper = (sys.executable, "-I", "-S", str(Path(child_script.__file__).resolve()))
        output: BinaryIO
        with log.open() as output:
            return subprocess.Popen(  # noqa: S603 - our own table of programs
                (*wrapper, json.dumps(plan), *command.argv),
                cwd=command.cwd,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C goes to the group of the terminal: it must reach us alone, once.
                start_new_session=True,
                pass_fds=() if watch_fd is None else (watch_fd,),
            )


def _ask_to_end(process: subprocess.Popen[bytes], command: Command) -> None:
    if process.poll() is None:
        process.send_signal(command.stop_signal)


def _see_ended(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """Wait for a process that was asked, then kill it and what is left of its session."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_s)
    # Its own group, which bears its number as long as one member lives.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(KILL_TIMEOUT_S)


def _outcome(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
