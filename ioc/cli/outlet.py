"""The way of many events into Kafka: bounded chunks, patience, and a word on how it goes."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from connectors.embedded.run import broker_is_full, is_unsaid, of_run, read_run
from connectors.kafka.producer import Producer, Record
from ioc.area import PROVINCE_CODE
from ioc.errors import BrokerUnavailableError
from ioc.settings import Settings

CHUNK_RECORDS = 2_000
CHUNK_BYTES = 4 * 1024 * 1024
#: Seconds that one chunk may take; a broker on a slow disk needs more than an API call.
CHUNK_TIMEOUT_S = 10.0
#: Seconds that a broker may be away before we give up.
PATIENCE_S = 30.0
RETRY_INTERVAL_S = 0.5
FULL_CHECK_INTERVAL_S = 1.0
CONNECT_TIMEOUT_S = 1.0
#: Seconds between two lines where there is no terminal; what has no end speaks seldom.
SAY_INTERVAL_S, LIVE_SAY_INTERVAL_S = 10.0, 600.0

EXIT_DONE, EXIT_REFUSED, EXIT_FAILED = 0, 1, 2
EXIT_INTERRUPTED = 130


def record_key(area: str, ref: str | None, event_id: str) -> bytes:
    """Return the key of an event's record: its commune; without one, what it is about.

    The same event has the same key whenever it is sent again.
    """
    return (area if area != PROVINCE_CODE else ref or event_id).encode()


class Feedback:
    """A progress bar on a terminal; elsewhere a line now and then. All on stderr."""

    def __init__(self, what: str, total: int | None, *, is_bytes: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._what = what
        count = TextColumn("{task.fields[note]}") if is_bytes else MofNCompleteColumn()
        self._say_interval_s = SAY_INTERVAL_S if total or is_bytes else LIVE_SAY_INTERVAL_S
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            count,
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task(what, total=total, note="")
        self._said_s = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int, sent: int) -> None:
        """Show how far it is, in the unit of the total, and how many events were sent."""
        self._progress.update(self._task, completed=done, note=f"{sent:,} sent")
        if (
            not self._console.is_terminal
            and time.monotonic() - self._said_s >= self._say_interval_s
        ):
            self._said_s = time.monotonic()
            self.say(f"{self._what}: {sent} sent so far")

    def say(self, sentence: str) -> None:
        """Print a line; above the bar when there is one."""
        readable = "".join(letter if letter.isprintable() else "?" for letter in sentence)
        self._console.print(readable, markup=False)


class Outlet:
    """Publishes chunk after chunk to the broker of the settings, or of their `ioc up`.

    `patience_s` None: waits for ever. While the embedded broker is full, it always waits.
    """

    def __init__(
        self, settings: Settings, say: Callable[[str], None], patience_s: float | None
    ) -> None:
        self._settings = settings
        self._say = say
        self._patience_s = patience_s
        self._address = ""
        self._producer: Producer | None = None
        self._full_checked_s = float("-inf")
        # kafka-python tells of each refused connection; we say it once, in a sentence.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._close()

    def publish(self, records: Sequence[Record]) -> None:
        """Return once Kafka has all of them.

        Raises:
            BrokerUnavailableError: it did not answer for the whole patience.
        """
        since_s: float | None = None
        while True:
            self._wait_while_full()
            try:
                self._connected().publish(records, CHUNK_TIMEOUT_S)
            except BrokerUnavailableError as error:
                self._close()
                now_s = time.monotonic()
                if since_s is None:
                    since_s = now_s
                    self._say(f"{error}{self._hint()} Trying again{self._for_how_long()}.")
                if self._patience_s is not None and now_s - since_s >= self._patience_s:
                    raise
                time.sleep(RETRY_INTERVAL_S)
            else:
                if since_s is not None:
                    self._say(f"Kafka answers again on {self._address}.")
                return

    def _connected(self) -> Producer:
        """Return the producer; each new one looks again for where the broker is."""
        if self._producer is None:
            address = of_run(self._settings).kafka
            self._address = address
            if not any(_answers(one.strip()) for one in address.split(",")):
                # Found out in a moment; the client would wait for its whole timeout.
                raise BrokerUnavailableError(f"Kafka does not answer on {address}.")
            self._producer = Producer(address, "ioc-send", bulk=True)
        return self._producer

    def _close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close()

    def _wait_while_full(self) -> None:
        """Wait while the embedded broker, if it is the one we send to, is drained and renewed."""
        now_s = time.monotonic()
        if now_s - self._full_checked_s < FULL_CHECK_INTERVAL_S:
            return
        is_said = False
        while self._is_full():
            if not is_said:
                self._say("The broker's memory is full: waiting until the workers have read it.")
                is_said = True
            time.sleep(FULL_CHECK_INTERVAL_S)
        if is_said:
            self._say("The broker has room again: going on.")
        self._full_checked_s = time.monotonic()

    def _is_full(self) -> bool:
        folder = self._settings.data_dir
        if not broker_is_full(folder):
            return False
        run = read_run(folder)  # a mark without a run was left behind
        return run is not None and run.kafka == of_run(self._settings).kafka

    def _hint(self) -> str:
        if not is_unsaid(self._settings, "kafka"):
            return ""
        folder = self._settings.data_dir
        return f" No `ioc up` runs on {folder} (IOC_DATA_DIR), and IOC_KAFKA is not set."

    def _for_how_long(self) -> str:
        return "" if self._patience_s is None else f" for {self._patience_s:g} s"


def _answers(address: str) -> bool:
    """Return whether something accepts connections at host:port."""
    try:
        parts = urlsplit(f"//{address}")
        with contextlib.closing(
            socket.create_connection((parts.hostname, parts.port or 9092), CONNECT_TIMEOUT_S)
        ):
            return True
    except (OSError, ValueError):
        return False
