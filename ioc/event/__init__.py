"""An event: a CloudEvents 1.0 envelope with typed data, and the two readers of its bytes.

`decode` never raises on bad input: it answers with an `Event` or with a `Refusal` whose reason is
what the dead letter will carry. The shapes are those of the contract; unknown data fields are kept.
"""

from __future__ import annotations

from datetime import datetime

from ioc.event import quick
from ioc.event.contract import (
    DEPTH_MAX,
    DUE_MAX,
    EVENT_BYTES_MAX,
    ID_CHARACTERS_MAX,
    TIME_MIN,
)
from ioc.event.event import CLOCK_AHEAD_MAX, Event, Headers, Reason, Refusal, identity
from ioc.event.judge import depth, is_binary, judge

__all__ = [
    "CLOCK_AHEAD_MAX",
    "DEPTH_MAX",
    "DUE_MAX",
    "EVENT_BYTES_MAX",
    "ID_CHARACTERS_MAX",
    "TIME_MIN",
    "Event",
    "Headers",
    "Reason",
    "Refusal",
    "decode",
    "depth",
    "identity",
]


def decode(
    value: bytes | None, headers: Headers, topic: str, received_at: datetime
) -> Event | Refusal:
    """Read one Kafka record, structured or binary mode; say why when it cannot be used."""
    if value is None:
        return Refusal(Reason.NOT_JSON, "the record has no value")
    if not (headers and is_binary(headers)):
        event = quick.read(value, topic, received_at)
        if event is not None:
            return event
    return judge(value, headers, topic, received_at)
