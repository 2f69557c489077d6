"""What a worker fetches, as Kafka packs it: handed on unopened, opened by a committer.

To unpack records, make an object of each and pack them again for another process would cost the
worker, of which there is one, more than all else that it does.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, cast

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from ioc.event import Headers
from streams import lenient

log = logging.getLogger(__name__)

#: The first field of Kafka's batches, whatever else is in them.
FIRST_OFFSET = struct.Struct(">q")


class Record(Protocol):
    """A Kafka record, as aiokafka's compiled reader makes it."""

    @property
    def offset(self) -> int:
        """Where it is in its partition."""

    @property
    def timestamp(self) -> int:
        """When Kafka had it, in milliseconds since 1970."""

    @property
    def key(self) -> bytes | None:
        """Whatever its producer chose."""

    @property
    def value(self) -> bytes | None:
        """An event, it is hoped."""

    @property
    def headers(self) -> Headers:
        """Names and values."""


class Unreadable(NamedTuple):
    """A batch of Kafka's that nobody can unpack, as one record: a dead letter, whole."""

    offset: int
    value: bytes
    timestamp: int = -1
    key: None = None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records of one partition: everything in [start, end), `start` being where it was fetched."""

    topic: str
    partition: int
    start: int
    end: int
    records: Sequence[Record]


class Packed(NamedTuple):
    """One of Kafka's own batches: records of [start, end), packed and perhaps compressed.

    Its first records may lie before `start`, the position at which it was asked for.
    """

    start: int
    end: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a `RecordBatch` is before it is opened; its first records may lie before `start`."""

    topic: str
    partition: int
    start: int
    end: int
    packed: tuple[bytes, ...]

    @property
    def rows_max(self) -> int:
        """How many records it has; fewer where Kafka has removed some, or has markers."""
        return self.end - self.start


def joined(first: Fetched, second: Fetched) -> Fetched:
    """Return as one what follows each other."""
    assert (first.topic, first.partition, first.end) == (
        second.topic,
        second.partition,
        second.start,
    )
    return replace(first, end=second.end, packed=first.packed + second.packed)


def cut(
    topic: str, partition: int, start: int, found: Iterable[Packed], rows_max: int
) -> Iterator[Fetched]:
    """Yield what follows `start` in pieces of about so many records; Kafka's batches stay whole."""
    taken: list[bytes] = []
    at = end = start
    for each in found:
        taken.append(each.data)
        end = each.end
        if end - at >= rows_max:
            yield Fetched(topic, partition, at, end, tuple(taken))
            at = end
            taken.clear()
    if taken:
        yield Fetched(topic, partition, at, end, tuple(taken))


def opened(fetched: Fetched) -> RecordBatch:
    """Return the records of what was fetched, each once.

    Kafka answers with whole batches, so one may begin before the position that was asked for, and
    what was fetched again may lie beside what it overlaps.
    """
    records: list[Record] = []
    position = fetched.start
    for data in fetched.packed:
        found = _records(data)
        if found and found[0].offset < position:
            found = [record for record in found if record.offset >= position]
        if found:
            records += found
            position = found[-1].offset + 1
    return RecordBatch(fetched.topic, fetched.partition, fetched.start, fetched.end, records)


def _records(data: bytes) -> Sequence[Record]:
    try:
        try:
            return list(_batch(data))
        except UnicodeDecodeError:
            return lenient.records(data)
    except Exception as error:  # noqa: BLE001 - each codec has errors of its own
        # A producer has packed what nobody can unpack: its neighbours must not wait for it.
        log.warning("a batch cannot be unpacked: %s", error, extra={"action": "keep_whole"})
        (offset,) = FIRST_OFFSET.unpack_from(data)
        return [Unreadable(offset, data)]


def _batch(data: bytes) -> Iterable[Record]:
    return cast("Iterable[Record]", MemoryRecords(data).next_batch())


def unopened(_: object) -> object:
    """Stand as a consumer's `value_deserializer` for «leave everything as it is»."""
    raise AssertionError("nothing of such a consumer is read one by one")


class _Unopened(fetcher.PartitionRecords):  # type: ignore[misc]
    """Yields Kafka's batches as they came; of aborted transactions, too: we read uncommitted.

    Other consumers of this process have their records as ever.
    """

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Any]:
        if self._value_deserializer is unopened:
            return self._batches()
        return cast("Iterator[Any]", super()._unpack_records())

    def _batches(self) -> Iterator[Packed]:
        while self._records.has_next():
            data = self._records.next_data
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            start, end = self.next_fetch_offset, batch.next_offset
            if end > start:
                self.next_fetch_offset = end
                if not batch.is_control_batch:
                    yield Packed(start, end, data)


class _Slices(_MemoryRecordsPy):  # type: ignore[misc]
    """Knows also the bytes of the next batch."""

    @property
    def next_data(self) -> bytes:
        """Return them; they stay valid when the rest of the answer is gone."""
        return bytes(self._next_slice)


def install() -> None:
    """Have consumers that ask for it (`unopened`) yield `Packed` instead of records."""
    fetcher.MemoryRecords = _Slices
    fetcher.PartitionRecords = _Unopened
