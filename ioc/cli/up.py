"""`ioc up`: the whole center on one machine, from an empty folder to the wall's address."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from rich.console import Console

from connectors.embedded.broker import Broker, broker_program
from connectors.embedded.children import Command, StopRequestedError, Supervisor
from connectors.embedded.identity import server_identity
from connectors.embedded.memory_guard import Advice, MemoryGuard
from connectors.embedded.postgres import Postgres, postgres_programs
from connectors.embedded.run import DataDir, Run, mark_broker_full, remove_run, write_run
from connectors.timescale import keys
from connectors.timescale.database import connect
from ioc.errors import ConfigError, IocError
from ioc.settings import Settings

TICK_INTERVAL_S = 0.2
MIGRATE_TIMEOUT_S = 120.0
READY_TIMEOUT_S = 60.0
READY_CHECK_INTERVAL_S = 0.5
RENEW_RETRY_S = 5.0
DRAINED_TIMEOUT_S = 15.0
#: To our own machine: at once, or somebody listens and has no time.
LISTENS_TIMEOUT_S = 0.5
#: A worker that was just killed is back and through with what waited for it.
DRAIN_WITHIN_S = 40.0

EXIT_FAILED = 1
EXIT_CONFIG = 2


@dataclass(frozen=True, slots=True)
class Process:
    """One of our own processes under `ioc up`."""

    name: str
    arguments: tuple[str, ...]
    #: Knows positions in the broker's log, so it starts anew with each new log.
    reads_log: bool = False
    #: Puts events into the broker, so it ends before those who read them.
    publishes: bool = False
    simulates: bool = False


#: Started from top to bottom, stopped from bottom to top.
PROCESSES = (
    Process("worker", ("worker",), reads_log=True),
    Process("notifier", ("notifier",), reads_log=True),
    Process("api", ("api",), reads_log=True, publishes=True),
    Process("simulate", ("simulate", "--live"), publishes=True, simulates=True),
)


def key_exists(database_url: str) -> bool:
    """Whether there is an API key that was not revoked; the database is migrated."""
    with connect(database_url, "ioc up") as connection:
        return keys.has_any(connection)


@dataclass(frozen=True, slots=True)
class Site:
    """What is started around the broker and the database."""

    program: tuple[str, ...] = (sys.executable, "-m", "ioc.cli")
    processes: tuple[Process, ...] = PROCESSES
    #: Given the database's URL: whether an API key exists.
    key_exists: Callable[[str], bool] = key_exists


@dataclass(slots=True)
class Stop:
    """Whether a stop was asked for, by Ctrl-C, `kill` or a terminal that was closed."""

    requested: bool = field(default=False)

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Catch the signals while inside; a second one changes nothing."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True


def run(
    settings: Settings, port: int, data_dir: Path, simulate: bool, site: Site | None = None
) -> int:
    """Start everything, watch over it until asked to stop, stop it; return the exit code."""
    console, stop = Console(highlight=False, soft_wrap=True), Stop()
    site = site or Site()
    if not simulate:
        kept = tuple(process for process in site.processes if not process.simulates)
        site = replace(site, processes=kept)
    try:
        with stop.on_signals():
            refuse_open_door(settings)
            with DataDir(data_dir) as folder:
                _Up(settings, port, folder.path, site, console, stop).run()
    except StopRequestedError:
        return 0
    except ConfigError as error:
        _say(console, str(error))
        return EXIT_CONFIG
    except IocError as error:
        _say(console, str(error))
        return EXIT_FAILED
    except OSError as error:  # a disk that is full, a folder that is gone
        _say(console, f"Cannot go on: {error.strerror} ({error.filename or data_dir}).")
        return EXIT_FAILED
    return 0


def refuse_open_door(settings: Settings) -> None:
    """Refuse an address that others can reach while nobody is asked for a key.

    Raises:
        ConfigError: authentication is off on an address that is not loopback.
    """
    if not settings.auth and not is_loopback(settings.api_host):
        raise ConfigError(
            f"IOC_API_HOST={settings.api_host} can be reached from other machines, and "
            "authentication is off: set IOC_AUTH=true, or leave IOC_API_HOST at 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address; an unknown name counts as reachable."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0, after a look at whether it can be had.

    Raises:
        ConfigError: something listens there, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} on {host} cannot be used ({error.strerror}). Stop what uses it, or "
                f"choose another one: IOC_API_PORT={port + 1 if port < 65_535 else 8080}."
            ) from error
        return int(probe.getsockname()[1])


class _Up:
    """One `ioc up`: what it started and what it is waiting for."""

    def __init__(
        self, settings: Settings, port: int, folder: Path, site: Site, console: Console, stop: Stop
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._site = site
        self._console = console
        self._stop = stop
        self._say = functools.partial(_say, console)
        self._port = checked_port(settings.api_host, port)
        self._supervisor = Supervisor(
            folder / "logs", self._say, stop_requested=lambda: stop.requested
        )
        tools = postgres_programs()
        programs = (broker_program(folder), tools / "postgres", tools / "initdb")
        identity = server_identity(folder / "postgres", programs)
        self._broker = Broker(folder, self._supervisor, identity)
        self._postgres = Postgres(folder, self._supervisor, identity)
        self._guard = MemoryGuard(
            settings.broker_memory_mib,
            self._broker.resident_mib,
            self._doctor_says_drained,
        )
        self._renew_at_s: float | None = None
        self._written: Run | None = None
        self._last_trouble = ""

    def run(self) -> None:
        """Start, watch, stop."""
        mark_broker_full(self._folder, full=False)
        try:
            self._start()
            self._watch()
            self._say("Stopping.")
            self._drain()
        finally:
            self._supervisor.stop_all()
            self._postgres.close()
            remove_run(self._folder)
            mark_broker_full(self._folder, full=False)
            self._say("Everything has stopped.")

    # Starting

    def _start(self) -> None:
        with self._step("broker") as done:
            self._broker.start()
            done(self._broker.address)
        with self._step("PostgreSQL") as done:
            self._postgres.start()
            done(str(self._folder / "postgres"))
        with self._step("migrations") as done:
            self._migrate()
            done("the database and the topics are up to date")
        self._check_keys()
        with self._step("processes") as done:
            for process in self._site.processes:
                self._supervisor.start(self._command(process.name, process.arguments))
            done(", ".join(process.name for process in self._site.processes))
        self._write_run()

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Show that a step is under way, and how it ended and how long it took."""
        began_s = time.monotonic()
        ended: list[str] = []
        with self._console.status(f"{name} …"):
            yield ended.append
        took_s = time.monotonic() - began_s
        self._say(f"  {name:<11} {took_s:5.1f} s  {''.join(ended)}")

    def _migrate(self) -> None:
        code, lines = self._supervisor.run(
            self._command("migrate", ("migrate",)), MIGRATE_TIMEOUT_S
        )
        if code != 0:
            why = f"took more than {MIGRATE_TIMEOUT_S:g} s" if code is None else "failed"
            raise IocError("\n".join((f"`ioc migrate` {why}. Its last lines:", *lines)))

    def _check_keys(self) -> None:
        if not self._settings.auth or self._site.key_exists(self._postgres.url):
            return
        raise ConfigError(
            "Authentication is on (IOC_AUTH), and there is no API key yet. Start once on 127.0.0.1 "
            "with IOC_AUTH=false, make a key beside it with `ioc key create NAME --role admin`, "
            "and start again as now."
        )

    def _command(self, name: str, arguments: tuple[str, ...]) -> Command:
        environment = os.environ | {
            "IOC_KAFKA": self._broker.address,
            "IOC_DATABASE_URL": self._postgres.url,
            "IOC_LOG_ID": self._broker.log_id,
            "IOC_DATA_DIR": str(self._folder),
            "IOC_API_HOST": self._settings.api_host,
            "IOC_API_PORT": str(self._port),
            "PYTHONUNBUFFERED": "1",
        }
        return Command(
            name=name,
            argv=(*self._site.program, *arguments),
            cwd=Path.cwd(),
            environment=environment,
            may_finish=name == "simulate",
            answers=self._api_listens if name == "api" else None,
        )

    def _api_listens(self) -> bool:
        """Whether the API takes connections, which is the last thing that it begins with."""
        address = (self._base_host(), self._port)
        with contextlib.suppress(OSError), socket.create_connection(address, LISTENS_TIMEOUT_S):
            return True
        return False

    # Watching

    def _watch(self) -> None:
        began_s = asked_s = time.monotonic()
        ready, complained = False, False
        with self._console.status("waiting until everything is ready …") as status:
            while not self._stop.requested:
                now_s = time.monotonic()
                self._tick(now_s)
                if not ready and now_s - asked_s >= READY_CHECK_INTERVAL_S:
                    asked_s = now_s
                    why = _why_not_ready(f"{self._base_url()}/readyz")
                    ready = why is None
                    if ready:
                        status.stop()
                        self._announce()
                    elif not complained and now_s - began_s >= READY_TIMEOUT_S:
                        complained = True
                        self._say(f"Not ready after {READY_TIMEOUT_S:g} s: {why}. Still trying;")
                        self._say(f"what each process says is in {self._folder / 'logs'}.")
                time.sleep(TICK_INTERVAL_S)

    def _tick(self, now_s: float) -> None:
        try:
            self._supervisor.tick()
            broker = self._supervisor.child("broker")
            if self._renew_at_s is None and (broker is None or broker.gone):
                self._renew_at_s = now_s
                self._say("What the broker had accepted and no worker had read yet is lost.")
            if self._renew_at_s is None:
                self._watch_memory(now_s)
            elif now_s >= self._renew_at_s:
                self._renew_broker()
            self._write_run()
        except OSError as error:
            # A full disk ends neither us nor those who can do without: it may have room again.
            self._say_trouble(f"Cannot write in {self._folder}: {error.strerror}.")

    def _watch_memory(self, now_s: float) -> None:
        advice = self._guard.look(now_s)
        if advice is Advice.NOTHING:
            return
        resident = f"{self._broker.resident_mib():.0f} MiB"
        if advice is Advice.HOLD_PRODUCERS:
            mark_broker_full(self._folder, full=True)
            self._say(
                f"The broker holds {resident} of {self._settings.broker_memory_mib} MiB: "
                "producers wait until the workers have read everything."
            )
        elif advice is Advice.STILL_DRAINING:
            self._say(
                f"The broker still holds {resident}, not all of it read. A producer that is not "
                "ours does not know that it should wait."
            )
        else:
            self._renew_broker()

    def _renew_broker(self) -> None:
        """Put an empty broker in the place of the old one, and its readers on the new log."""
        self._renew_at_s = time.monotonic() + RENEW_RETRY_S  # until it has come to its end
        mark_broker_full(self._folder, full=True)
        readers = [process for process in self._site.processes if process.reads_log]
        # First of all: a reader would count positions of the new log under the old log's id.
        self._supervisor.stop(*(process.name for process in readers))
        try:
            self._broker.renew()
            self._migrate()
        except StopRequestedError:
            return
        except IocError as error:
            self._say_trouble(f"The broker cannot be renewed yet: {error}")
            return
        for process in readers:
            self._supervisor.start(self._command(process.name, process.arguments))
        self._renew_at_s = None
        self._last_trouble = ""
        self._guard.reset()
        mark_broker_full(self._folder, full=False)
        self._say(f"An empty broker answers on {self._broker.address}; producers go on.")

    def _doctor_says_drained(self) -> bool:
        command = self._command("doctor", ("doctor", "--drained"))
        try:
            code, _ = self._supervisor.run(command, DRAINED_TIMEOUT_S)
        except StopRequestedError:
            return False
        return code == 0

    # Stopping

    def _drain(self) -> None:
        """Have the workers store what the broker has accepted: its memory ends with it."""
        broker = self._supervisor.child("broker")
        if broker is None or broker.gone or self._renew_at_s is not None:
            return
        mark_broker_full(self._folder, full=True)  # who sends from elsewhere waits
        self._supervisor.stop(*(each.name for each in self._site.processes if each.publishes))
        self._stop.requested = False  # a second one is the wish not to wait
        began_s = time.monotonic()
        is_said = False
        while not self._doctor_says_drained():
            self._supervisor.tick()
            if self._stop.requested or time.monotonic() - began_s >= DRAIN_WITHIN_S:
                self._say("Not all that the broker had accepted is stored; what is not, is lost.")
                return
            if not is_said:
                is_said = True
                self._say("Storing what the broker has accepted; Ctrl-C again stops at once.")

    # Telling

    def _announce(self) -> None:
        base = self._base_url()
        self._say("")
        self._say(f"  Wall      {base}/wall")
        self._say(f"  API       {base}/api/docs")
        self._say(f"  Kafka     {self._broker.address}")
        self._say("")
        if not self._settings.auth:
            self._say("Authentication is off: only this machine can reach it.")
        self._say("Ctrl-C stops everything.")

    def _say_trouble(self, text: str) -> None:
        """Say what is tried again and again, once."""
        if text != self._last_trouble:
            self._last_trouble = text
            self._say(text)

    def _base_host(self) -> str:
        host = self._settings.api_host
        if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not listened on
            return "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
        return host

    def _base_url(self) -> str:
        host = self._base_host()
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    def _write_run(self) -> None:
        """Keep the file that other commands read up to date; written only when it changes."""
        now = Run(
            pid=os.getpid(),
            kafka=self._broker.address,
            database_url=self._postgres.url,
            log_id=self._broker.log_id,
            api_host=self._settings.api_host,
            api_port=self._port,
            pids=self._supervisor.pids(),
        )
        if now != self._written:
            write_run(self._folder, now)
            self._written = now


def _why_not_ready(url: str) -> str | None:
    """Ask once; return None when ready, else the reason in the server's or the system's words."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - http, our own
            return None if answer.status == 200 else f"{url} answers {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"{url} answers {error.code}: {error.read(500).decode(errors='replace')}"
    except urllib.error.URLError as error:
        return f"{url} does not answer: {error.reason}"
    except OSError as error:
        return f"{url} does not answer: {error}"


def _say(console: Console, text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone; what is left must still stop
        console.print(text, markup=False)
