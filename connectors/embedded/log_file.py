"""A log file that cannot fill the disk: what one child process writes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

SIZE_MAX_BYTES = 10 * 1024 * 1024
TAIL_BYTES = 8 * 1024


class LogFile:
    """`<name>.log` and the one before it, `<name>.log.1`; together at most 20 MiB and a bit."""

    def __init__(self, path: Path, size_max_bytes: int = SIZE_MAX_BYTES) -> None:
        self.path = path
        self._size_max_bytes = size_max_bytes
        self._marked_at = 0

    def open(self) -> BinaryIO:
        """Return the file for a child to append to; its tail starts here."""
        self.bound()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._marked_at = os.fstat(descriptor).st_size
        return os.fdopen(descriptor, "wb")

    def bound(self) -> None:
        """Put a file that has grown too large aside.

        Copied and emptied, not renamed: the child holds it open and goes on appending. What it
        writes between the two steps is lost.
        """
        if not self.path.exists() or self.path.stat().st_size <= self._size_max_bytes:
            return
        shutil.copyfile(self.path, self.path.with_name(self.path.name + ".1"))
        os.truncate(self.path, 0)
        self._marked_at = 0

    def tail(self, lines: int = 15) -> list[str]:
        """Return the last lines that were written since the last `open`."""
        if not self.path.exists():
            return []
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(max(self._marked_at, size - TAIL_BYTES))
            text = file.read(TAIL_BYTES).decode(errors="replace")
        return text.splitlines()[-lines:]
