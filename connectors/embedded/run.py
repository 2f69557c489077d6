"""What a running `ioc up` leaves in its data folder for the other commands to find."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from ioc.errors import ConfigError
from ioc.settings import Settings

RUN_FILE = "run.json"
LOCK_FILE = "lock"
FULL_FILE = "broker.full"
#: A look-up holds the lock for a moment; that must not turn an `ioc up` away.
LOCK_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """Where the parts of a running `ioc up` are. The file is readable by its owner alone."""

    pid: int
    kafka: str
    database_url: str
    log_id: str
    api_host: str
    api_port: int
    pids: dict[str, int]


def read_run(data_dir: Path) -> Run | None:
    """Return the `ioc up` that runs on this folder; None when there is none (any more)."""
    try:
        if not _is_locked(data_dir / LOCK_FILE):
            return None
        return Run(**json.loads((data_dir / RUN_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except PermissionError:
        raise ConfigError(
            f"{data_dir.absolute()} belongs to another user: run this command as the user that "
            "runs `ioc up`."
        ) from None


def write_run(data_dir: Path, run: Run) -> None:
    """Put the file there in one step: a reader sees the old one or the new one."""
    write_private(data_dir / RUN_FILE, json.dumps(asdict(run), indent=2) + "\n")


def remove_run(data_dir: Path) -> None:
    """Forget the run; its processes have ended."""
    (data_dir / RUN_FILE).unlink(missing_ok=True)


def of_run(settings: Settings) -> Settings:
    """Return the settings with the addresses of the `ioc up` that runs on their data folder.

    What the environment says stays; without a run the settings come back as they are.
    """
    run = read_run(settings.data_dir)
    if run is None:
        return settings
    found = {
        "kafka": run.kafka,
        "database_url": SecretStr(run.database_url),
        "log_id": run.log_id,
        "api_host": run.api_host,
        "api_port": run.api_port,
    }
    unsaid = {name: value for name, value in found.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=unsaid)


def is_unsaid(settings: Settings, name: str) -> bool:
    """Return whether a setting has its default, and no `ioc up` is there to say better."""
    return name not in settings.model_fields_set and read_run(settings.data_dir) is None


def broker_is_full(data_dir: Path) -> bool:
    """Return whether producers must wait: the embedded broker is being drained and renewed.

    Cheap (one look at the file system): ask before each batch, at most once a second.
    """
    return (data_dir / FULL_FILE).exists()


def mark_broker_full(data_dir: Path, full: bool) -> None:
    """Ask all producers to wait, or let them go on."""
    if full:
        (data_dir / FULL_FILE).touch()
    else:
        (data_dir / FULL_FILE).unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class DataDir:
    """The folder of one `ioc up`, locked while it runs.

    The lock is the kernel's: it ends with its process, however that ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock_fd = -1

    def __enter__(self) -> Self:
        """Make the folder and lock it.

        Raises:
            ConfigError: it cannot be made, or another `ioc up` runs on it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "logs").mkdir(mode=0o700, exist_ok=True)
            self._lock_fd = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(
                f"Cannot keep state in {self.path}: {error.strerror}. "
                "Choose another folder with IOC_DATA_DIR."
            ) from error
        deadline_s = time.monotonic() + LOCK_PATIENCE_S
        while not _lock(self._lock_fd):
            if time.monotonic() >= deadline_s:
                pid = os.pread(self._lock_fd, 32, 0).decode().strip() or "unknown"
                os.close(self._lock_fd)
                raise ConfigError(
                    f"Another `ioc up` (process {pid}) runs on {self.path}. "
                    "Stop it, or choose another folder with IOC_DATA_DIR."
                )
            time.sleep(0.05)
        os.ftruncate(self._lock_fd, 0)
        os.pwrite(self._lock_fd, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock_fd)


def _lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        return not _lock(file.fileno(), fcntl.LOCK_SH)
