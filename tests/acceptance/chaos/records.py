"""What Kafka holds at the end, read back by a plain consumer: every record, with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from tests.acceptance.chaos.places import Places
from tests.acceptance.chaos.traffic import PARTITIONS, TOPICS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Identity = tuple[str, str, datetime]
Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Record:
    """One record: topic, partition and offset, when Kafka had it, and its bytes."""

    place: Place
    received_at: datetime
    value: bytes
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Copy:
    """An event as one record says it; `area` is the commune in which it belongs."""

    place: Place
    received_at: datetime
    at: datetime
    type: str
    ce_source: str
    ce_id: str
    area: str
    device: str | None
    data: dict[str, Any]

    @property
    def identity(self) -> Identity:
        """What a resend repeats."""
        return self.ce_source, self.ce_id, self.at

    @property
    def source(self) -> str:
        """The family."""
        return self.type.split(".")[1]

    @property
    def late(self) -> timedelta:
        """How long after it happened Kafka had it."""
        return self.received_at - self.at


def read_all(bootstrap: str) -> list[Record]:
    """Return every record of the event topics, each partition in its order."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        check_crcs=False,
        max_poll_records=5_000,
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in sorted(set(TOPICS.values()))
            for number in range(PARTITIONS)
        ]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        found: list[Record] = []
        while any(consumer.position(each) < ends[each] for each in partitions):
            for partition, records in consumer.poll(timeout_ms=1_000).items():
                for record in records:
                    place = (partition.topic, partition.partition, record.offset)
                    at = EPOCH + timedelta(milliseconds=record.timestamp)
                    found.append(Record(place, at, record.value, record.headers))
        return sorted(found, key=lambda record: record.place)
    finally:
        consumer.close()


def copies(
    records: Sequence[Record], refused: Mapping[bytes, str], places: Places
) -> tuple[list[Copy], dict[Place, str]]:
    """Return what can be used, and the place of what cannot with its reason.

    `refused`: the bytes that the run made so that they must be refused.
    """
    dead = {record.place: refused[record.value] for record in records if record.value in refused}
    good = [record for record in records if record.place not in dead]
    envelopes = [_envelope(record) for record in good]
    areas = places.of_many(envelopes)
    found = [
        Copy(
            record.place,
            record.received_at,
            datetime.fromisoformat(envelope["time"]).astimezone(UTC),
            envelope["type"],
            envelope["source"],
            envelope["id"],
            area,
            envelope.get("device"),
            envelope["data"],
        )
        for record, envelope, area in zip(good, envelopes, areas, strict=True)
    ]
    return found, dead


def _envelope(record: Record) -> dict[str, Any]:
    """Return the CloudEvent, whether it is in the value or its attributes are headers."""
    found: dict[str, Any] = json.loads(record.value)
    attributes = {
        name.removeprefix("ce_"): value.decode()
        for name, value in record.headers
        if name.startswith("ce_")
    }
    return attributes | {"data": found} if attributes else found
