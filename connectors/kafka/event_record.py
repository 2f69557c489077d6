"""An event as the Kafka record that our own producers publish."""

from __future__ import annotations

from datetime import datetime

import orjson

from connectors.kafka.producer import Record
from ioc import area
from ioc.event import Headers, Refusal, decode
from ioc.source import BY_TYPE
from ioc.topics import EVENT_TOPICS

STRUCTURED_HEADERS: tuple[tuple[str, bytes], ...] = (
    ("content-type", b"application/cloudevents+json"),
)


def event_record(value: bytes, headers: Headers, received_at: datetime) -> Record | Refusal:
    """Return the record for the topic that the event's type belongs on, or why it is refused.

    Read by the very reader that the workers use: what becomes a record here is no dead letter
    there. The key is the commune's code when the place is known. `received_at` is cut to the
    milliseconds of Kafka's timestamps, because the workers judge by those.
    """
    received_at = received_at.replace(microsecond=received_at.microsecond // 1000 * 1000)
    source = BY_TYPE.get(_type(value, headers) or "")
    # The reader finds a type that nobody knows before it looks at the topic.
    topic = source.topic if source else EVENT_TOPICS[0]
    event = decode(value, headers, topic, received_at)
    if isinstance(event, Refusal):
        return event
    code = area.place(event.area, event.lat, event.lon).code
    key = None if code == area.PROVINCE_CODE else code.encode()
    return Record(topic, key, value, tuple(headers), round(received_at.timestamp() * 1000))


def area_of(record: Record) -> str:
    """Return the code of the area in which the event of this record was placed."""
    return record.key.decode() if record.key else area.PROVINCE_CODE


def _type(value: bytes, headers: Headers) -> str | None:
    """Return the event's `type` as far as it can be read."""
    for name, written in headers:
        if name == "ce_type":
            return written.decode(errors="replace")
    try:
        envelope = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    found = envelope.get("type") if isinstance(envelope, dict) else None
    return found if isinstance(found, str) else None
