"""`ioc send`: files of CloudEvents, one a line, into Kafka."""

from __future__ import annotations

import gzip
import io
import queue
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from connectors.kafka.producer import Record
from ioc.area import place_many
from ioc.cli.outlet import (
    CHUNK_BYTES,
    CHUNK_RECORDS,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_REFUSED,
    PATIENCE_S,
    Feedback,
    Outlet,
    record_key,
)
from ioc.clock import now
from ioc.errors import IocError
from ioc.event import Event, Reason, Refusal, decode
from ioc.settings import Settings
from ioc.source import BY_TYPE
from ioc.topics import EVENT_TOPICS

STDIN = Path("-")
#: Kafka takes no larger record (1 MiB, less what is around it).
LINE_BYTES_MAX = 1_000_000
REFUSALS_SHOWN = 20
GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
#: A line that came through a pipe waits no longer than this for others.
IDLE_S = 0.2
LINES_AHEAD = 4_000

#: A topic, the bytes for it, and what they mean, unless nobody looked.
Checked = tuple[str, bytes, Event | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not empty; `read_bytes` is how much of its file has been read."""

    file: str
    number: int
    value: bytes
    read_bytes: int


@dataclass(slots=True)
class _Tally:
    """How many went and how many did not; the first refusals are shown."""

    say: Callable[[str], None]
    sent: int = 0
    refused: int = 0

    def refuse(self, line: Line, refusal: Refusal) -> None:
        self.refused += 1
        if self.refused <= REFUSALS_SHOWN:
            self.say(f"{line.file}:{line.number}: {refusal.reason}: {refusal.detail}")

    def say_rest(self) -> None:
        if self.refused > REFUSALS_SHOWN:
            self.say(f"... and {self.refused - REFUSALS_SHOWN} more were refused.")


def send(
    files: Sequence[Path],
    settings: Settings,
    *,
    check: bool = True,
    topic: str | None = None,
    patience_s: float = PATIENCE_S,
) -> int:
    """Send every line of the files (`-`: standard input; gzip is recognised) to Kafka.

    A line that the workers would refuse is refused here, unless `check` is off: then the bytes go
    as they are, to `topic` or to the one of their type. Prints `sent N, refused M`. Returns 0; 1
    when some were refused; 2 when Kafka is away, a file cannot be read or an option is wrong.
    """
    sizes = [file.stat().st_size if file.is_file() else None for file in files]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    with Feedback("sending", total, is_bytes=True) as feedback:
        tally = _Tally(feedback.say)
        try:
            _refuse_missing(files)
            with Outlet(settings, feedback.say, patience_s) as outlet:
                _send_all(
                    list(zip(files, sizes, strict=True)),
                    _reader(check, topic),
                    tally,
                    outlet,
                    feedback,
                )
            code = EXIT_REFUSED if tally.refused else EXIT_DONE
        except KeyboardInterrupt:
            code = EXIT_INTERRUPTED
        except IocError as error:
            feedback.say(str(error))
            code = EXIT_FAILED
        except (OSError, EOFError, zlib.error) as error:
            name = getattr(error, "filename", None)
            feedback.say(f"{name or 'The file'} cannot be read: {_why(error)}.")
            code = EXIT_FAILED
        tally.say_rest()
    print(f"sent {tally.sent}, refused {tally.refused}", flush=True)
    return code


def _refuse_missing(files: Sequence[Path]) -> None:
    """Raise an OSError for a file that cannot be read, before anything is sent."""
    for file in files:
        if file != STDIN:
            file.open("rb").close()


def _send_all(
    files: Sequence[tuple[Path, int | None]],
    read: Callable[[Line], Checked | Refusal],
    tally: _Tally,
    outlet: Outlet,
    feedback: Feedback,
) -> None:
    before = 0
    for file, size in files:
        for chunk, read_bytes in _chunks(lines(file), read, tally):
            outlet.publish(keyed(chunk))
            tally.sent += len(chunk)
            feedback.show(before + read_bytes, tally.sent)
        before += size or 0


def _chunks(
    found: Iterable[Line | None], read: Callable[[Line], Checked | Refusal], tally: _Tally
) -> Iterator[tuple[list[Checked], int]]:
    """Yield what can be sent, a bounded part at a time, and how much of the file that was."""
    chunk: list[Checked] = []
    chunk_bytes = read_bytes = 0
    for line in found:
        if line is not None:
            read_bytes = line.read_bytes
            checked = read(line)
            if isinstance(checked, Refusal):
                tally.refuse(line, checked)
                continue
            chunk.append(checked)
            chunk_bytes += len(checked[1])
            if len(chunk) < CHUNK_RECORDS and chunk_bytes < CHUNK_BYTES:
                continue
        if chunk:
            yield chunk, read_bytes
            chunk, chunk_bytes = [], 0
    if chunk:
        yield chunk, read_bytes


def keyed(chunk: Sequence[Checked]) -> list[Record]:
    """Return the records with their keys; one look at all places together."""
    events = [event for _, _, event in chunk if event is not None]
    places = iter(
        place_many(
            [event.area for event in events],
            [event.lat for event in events],
            [event.lon for event in events],
        )
    )
    records = []
    for topic, value, event in chunk:
        key = None if event is None else record_key(next(places).code, event.ref, event.ce_id)
        records.append(Record(topic, key, value))
    return records


# Reading


def lines(file: Path) -> Iterator[Line | None]:
    """Yield the lines of a file, or None when a pipe has nothing to say for a moment."""
    if file == STDIN:
        yield from _prompt(_lines(sys.stdin.buffer, "<stdin>"))
        return
    with file.open("rb") as raw:
        yield from _lines(raw, str(file))


def _lines(raw: BinaryIO, name: str) -> Iterator[Line]:
    """Yield the lines that are not empty; of one that is too long only its beginning."""
    stream = (
        raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", raw))
    )
    is_packed = stream.peek(2)[:2] == GZIP_MAGIC
    unpacked: BinaryIO = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if is_packed else stream
    can_tell = stream.seekable()
    number = 0
    while value := unpacked.readline(LINE_BYTES_MAX + 1):
        number += 1
        end = value
        while len(end) > LINE_BYTES_MAX and not end.endswith(b"\n"):
            end = unpacked.readline(LINE_BYTES_MAX + 1)  # the rest of a line that is too long
        value = value.removesuffix(b"\n").removeprefix(BOM if number == 1 else b"")
        if value.strip():
            yield Line(name, number, value, stream.tell() if can_tell else 0)


def _prompt(source: Iterator[Line]) -> Iterator[Line | None]:
    """Yield what comes, and None when nothing does: what has come must not wait for the rest."""
    ahead: queue.Queue[Line | BaseException | None] = queue.Queue(LINES_AHEAD)

    def read() -> None:
        try:
            for line in source:
                ahead.put(line)
            ahead.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            ahead.put(error)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while True:
        try:
            found = ahead.get(timeout=IDLE_S)
        except queue.Empty:
            yield None
            continue
        if found is None:
            return
        if isinstance(found, BaseException):
            raise found
        yield found


# Checking


def _reader(check: bool, topic: str | None) -> Callable[[Line], Checked | Refusal]:
    if not check:
        return lambda line: _unchecked(line, topic)
    return lambda line: _checked(line, topic)


def _checked(line: Line, topic: str | None) -> Checked | Refusal:
    value = line.value.strip()
    chosen = topic or _topic_of(value)
    event = decode(value, (), chosen, now())
    return event if isinstance(event, Refusal) else (chosen, value, event)


def _unchecked(line: Line, topic: str | None) -> Checked | Refusal:
    if len(line.value) > LINE_BYTES_MAX:
        return Refusal(Reason.TOO_LARGE, f"more than {LINE_BYTES_MAX} bytes: Kafka takes no such")
    return topic or _topic_of(line.value), line.value, None


def _topic_of(value: bytes) -> str:
    """Return the topic of the event's type; the first one when it does not say."""
    try:
        source = BY_TYPE[orjson.loads(value)["type"]]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return EVENT_TOPICS[0]
    return source.topic


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
