"""Committers in processes of their own: the worker fetches, they decode and commit.

A unit is left, as Kafka packed it, in memory that both sides hold, a socket says how long it is,
and a report comes back. A committer that dies takes nothing with it but a transaction that did not
happen; its worker then ends, loudly. A worker that dies takes its committers with it: their socket
ends.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection

from ioc import metrics
from ioc.area import gazetteer
from ioc.errors import IocError
from streams.collector import calm_collector
from streams.committer import Brief, Committer, Report
from streams.fetched import Fetched
from streams.guard import Guard, StoppingError

#: A transaction takes a second at most, and a database that is away is not waited for.
END_WITHIN_S = 15.0


class CommitterDiedError(IocError):
    """A committer has ended by itself."""


class CommitterProcess:
    """A committer behind a socket; used from one thread at a time."""

    def __init__(self, brief: Brief) -> None:
        ours, theirs = socket.socketpair()
        self._memory = _memory()
        descriptors = (theirs.fileno(), self._memory)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "ioc.cli", "committer", *map(str, descriptors)],
                pass_fds=descriptors,
                start_new_session=True,  # a Ctrl-C is the worker's to pass on
            )
        self._conn = Connection(ours.detach())
        self._conn.send(brief)
        #: Whether it waits for a database that is away.
        self.waits = False
        self._is_stopping = False

    def commit(self, unit: Sequence[Fetched]) -> Report:
        """Have batches of one topic decoded and committed together.

        Raises:
            StoppingError: the committer was told to end; what was committed before is.
            CommitterDiedError: it ended by itself; nobody knows whether it committed.
        """
        try:
            document = pickle.dumps(unit, pickle.HIGHEST_PROTOCOL)
            os.pwrite(self._memory, document, 0)
            self._conn.send(len(document))
            while isinstance(found := self._conn.recv(), bool):
                self.waits = found
                metrics.WORKER_RETRIES.labels("database").inc(found)
        except (EOFError, OSError) as error:
            if self._is_stopping:
                raise StoppingError from error
            raise CommitterDiedError(
                f"a committer ended with {self._process.poll()}; its log says why"
            ) from error
        self.waits = False
        if isinstance(found, Report):
            return found
        raise found

    def stop(self) -> None:
        """Have it finish what it does, not wait for the database, and end."""
        self._is_stopping = True
        with contextlib.suppress(OSError):
            self._process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Wait for its end."""
        with contextlib.suppress(OSError):
            self._conn.close()
        try:
            self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._memory)


def _memory() -> int:
    """Return a file that is only memory (where there is such a thing), for one unit at a time.

    Megabytes through a socket go in hundreds of small pieces, each with a change of process.
    """
    if hasattr(os, "memfd_create"):
        return os.memfd_create("ioc-unit")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def serve(descriptor: int, memory: int) -> None:
    """Commit what a worker leaves in memory until it ends: the other side of `CommitterProcess`."""
    conn = Connection(descriptor)
    lengths: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    brief: Brief = conn.recv()
    guard = Guard(brief.database_url, brief.memory(), conn.send)
    committer = Committer(guard)

    def end(*_: object) -> None:
        committer.stop()
        lengths.put(None)

    def receive() -> None:
        # In a thread of its own, so that the worker's death is seen while the database is away.
        with contextlib.suppress(EOFError, OSError):
            while True:
                lengths.put(conn.recv())
        end()

    signal.signal(signal.SIGTERM, end)
    gazetteer().at(21.59, 105.84)  # the polygons are loaded now, not with the first event
    calm_collector()
    threading.Thread(target=receive, name="receive", daemon=True).start()
    while (length := lengths.get()) is not None:
        unit: Sequence[Fetched] = pickle.loads(os.pread(memory, length, 0))  # noqa: S301 - our worker's
        report: Report | Exception
        try:
            report = committer.commit(unit)
        except StoppingError:
            break
        except Exception as error:  # noqa: BLE001 - the worker is told, and ends
            report = error
        with contextlib.suppress(OSError):
            conn.send(report)
    committer.close()
