"""`ioc simulate`: events of the simulated province, into Kafka or into a file."""

from __future__ import annotations

import contextlib
import gzip
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from connectors.kafka.producer import Record
from ioc.cli.outlet import (
    CHUNK_RECORDS,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    PATIENCE_S,
    Feedback,
    Outlet,
    record_key,
)
from ioc.clock import now
from ioc.errors import ConfigError, IocError
from ioc.settings import Settings
from ioc.simulation import SCENARIOS, events, expected
from ioc.simulation.scenario import DURATION, RATE
from ioc.source import BY_TYPE

STDOUT = Path("-")
RATE_MAX = 100_000.0
DURATION_S_MAX = 3 * 366 * 86_400.0
#: Events are sent a few at a time: nobody sees the difference, and the processor rests.
TICK_S = 0.05
#: Further behind than this (a laptop slept, the broker was full) live goes on from now.
BEHIND_MAX = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to simulate; None takes the default, `start` None is now."""

    scenario: str = "quiet-day"
    rate: float | None = None
    duration_s: float | None = None
    seed: int = 1
    start: datetime | None = None
    #: Without end, at the time of now.
    live: bool = False
    #: Into this file (`.gz`: packed) instead of into Kafka.
    out: Path | None = None


def simulate(wish: Wish, settings: Settings) -> int:
    """Send the events of a scenario, each when its time has come (those of the past at once).

    Prints `sent N, refused 0`. Returns 0, or 2 when Kafka is away, a file cannot be written or
    an option is wrong. Live goes on until it is stopped.
    """
    sent = _Count()
    total = None if wish.live else _total(wish)
    with Feedback("simulating", total) as feedback, _ends_when_told():
        try:
            _refuse_nonsense(wish)
            if wish.out is not None:
                _write(wish, wish.out, sent, feedback)
            else:
                _send(wish, settings, sent, feedback)
            code = EXIT_DONE
        except KeyboardInterrupt:
            code = EXIT_DONE if wish.live else EXIT_INTERRUPTED
        except IocError as error:
            feedback.say(str(error))
            code = EXIT_FAILED
        except OSError as error:
            feedback.say(f"{error.filename or wish.out} cannot be written: {error.strerror}.")
            code = EXIT_FAILED
    # Events on standard output stay among themselves.
    last_line = sys.stderr if wish.out == STDOUT else sys.stdout
    print(f"sent {sent.events}, refused 0", file=last_line, flush=True)
    return code


@dataclass(slots=True)
class _Count:
    events: int = 0


def _refuse_nonsense(wish: Wish) -> None:
    if wish.scenario not in SCENARIOS:
        raise ConfigError(f"No scenario {wish.scenario!r}. There are: {', '.join(SCENARIOS)}.")
    if wish.rate is not None and not 0 < wish.rate <= RATE_MAX:
        raise ConfigError(
            f"--rate is {wish.rate:g}: more than 0 and at most {RATE_MAX:g} a second."
        )
    if wish.duration_s is not None and not 0 < wish.duration_s <= DURATION_S_MAX:
        raise ConfigError(
            f"--duration is {wish.duration_s:g}: more than 0, at most {DURATION_S_MAX:g} seconds."
        )
    if wish.live and (wish.out or wish.start or wish.duration_s is not None):
        raise ConfigError("--live is now and without end: leave out --out, --start and --duration.")
    if SCENARIOS[wish.scenario].story is None and (wish.live or wish.start or wish.duration_s):
        raise ConfigError(
            f"{wish.scenario} is a fixed set of events in the past: leave out --live, --start and "
            "--duration."
        )


def _total(wish: Wish) -> int | None:
    if wish.scenario not in SCENARIOS:
        return None
    return expected(wish.scenario, wish.rate or RATE, _duration(wish))


def _duration(wish: Wish) -> timedelta | None:
    if wish.live:
        return None
    return DURATION if wish.duration_s is None else timedelta(seconds=wish.duration_s)


def _events(wish: Wish) -> Iterator[dict[str, Any]]:
    start = wish.start or now()
    return events(
        wish.scenario,
        wish.seed,
        start.replace(microsecond=start.microsecond // 1000 * 1000),
        rate=wish.rate or RATE,
        duration=_duration(wish),
    )


# Into Kafka


def _send(wish: Wish, settings: Settings, sent: _Count, feedback: Feedback) -> None:
    with Outlet(settings, feedback.say, None if wish.live else PATIENCE_S) as outlet:

        def publish(records: list[Record]) -> None:
            outlet.publish(records)
            sent.events += len(records)
            feedback.show(sent.events, sent.events)

        while not _paced(wish, publish):
            feedback.say("The simulated province was behind; it goes on from now.")


def _paced(wish: Wish, publish: Callable[[list[Record]], None]) -> bool:
    """Publish each event when its time has come; return False when live has fallen behind."""
    is_past = SCENARIOS[wish.scenario].story is None
    chunk: list[Record] = []
    began_s = time.monotonic()
    for taken, event in enumerate(_events(wish)):
        ahead = _time(event) - now()
        if wish.live and -ahead > BEHIND_MAX:
            return False
        wait_s = ahead.total_seconds()
        if is_past and wish.rate is not None:  # a set of the past has only the rate to slow it
            wait_s = began_s + taken / wish.rate - time.monotonic()
        if chunk and (wait_s > 0 or len(chunk) >= CHUNK_RECORDS):
            publish(chunk)
            chunk = []
        if wait_s > 0:
            time.sleep(max(wait_s, TICK_S))
        chunk.append(_record(event))
    if chunk:
        publish(chunk)
    return True


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


def _record(event: dict[str, Any]) -> Record:
    data = event["data"]
    ref = event.get("device")
    if ref is None and "office" in data:
        ref = f"{data['office']}/{data.get('ticket') or data['dossier']}"
    key = record_key(event["area"], ref, event["id"])
    return Record(BY_TYPE[event["type"]].topic, key, orjson.dumps(event))


@contextlib.contextmanager
def _ends_when_told() -> Iterator[None]:
    """Let SIGTERM end it as Ctrl-C does, with its last line."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# Into a file


def _write(wish: Wish, out: Path, sent: _Count, feedback: Feedback) -> None:
    with _opened(out) as file:
        chunk: list[bytes] = []
        for event in _events(wish):
            chunk.append(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
            if len(chunk) >= CHUNK_RECORDS:
                _put(chunk, file, sent, feedback)
                chunk = []
        _put(chunk, file, sent, feedback)


def _put(chunk: list[bytes], file: BinaryIO, sent: _Count, feedback: Feedback) -> None:
    file.write(b"".join(chunk))
    sent.events += len(chunk)
    feedback.show(sent.events, sent.events)


@contextlib.contextmanager
def _opened(out: Path) -> Iterator[BinaryIO]:
    """Open the file; `-` is standard output. The same events make the same bytes, packed too."""
    if out == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with out.open("wb") as raw:
        if out.suffix == ".gz":
            with gzip.GzipFile("", "wb", 5, raw, mtime=0) as packed:
                yield cast("BinaryIO", packed)
        else:
            yield raw
