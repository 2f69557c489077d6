"""Records as Kafka packs them, made by aiokafka's own writer."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.fetched import Fetched

LZ4 = 3
BYTES_MAX = 64 * 2**20


def packed(
    start: int, timestamp_ms: int, values: Sequence[bytes | None], compression: int = LZ4
) -> bytes:
    """Return one of Kafka's batches, whose first record has the offset `start`."""
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, BYTES_MAX)
    for n, value in enumerate(values):
        builder.append(n, timestamp_ms, None, value, [])
    data = bytearray(builder.build())
    struct.pack_into(">q", data, 0, start)  # as the broker does; the checksum begins behind it
    return bytes(data)


def fetched(
    topic: str, partition: int, start: int, timestamp_ms: int, values: Sequence[bytes | None]
) -> Fetched:
    """Return what a worker has of a partition when these are its records from `start` on."""
    data = packed(start, timestamp_ms, values)
    return Fetched(topic, partition, start, start + len(values), (data,))
