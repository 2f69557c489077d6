"""What comes out of reading a record: an event, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from ioc.event.contract import DUE_MAX, TIME_MIN, Line, Moment, Text
from ioc.source import BY_TYPE

#: A device's clock may run this far ahead of the moment in which Kafka had its message.
CLOCK_AHEAD_MAX = timedelta(minutes=5)
Headers = Sequence[tuple[str, bytes]]


class Reason(StrEnum):
    """Why a record is a dead letter."""

    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    SCHEMA = "schema"
    WRONG_TYPE = "wrong_type"
    WRONG_TOPIC = "wrong_topic"
    NUL = "nul"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that will never get better by itself."""

    reason: Reason
    detail: str


class Event(msgspec.Struct, gc=False):
    """What a source said happened. `time` and `received_at` are aware.

    `id` is the 128-bit identity as 32 hexadecimal digits. `text` is the JSON of `data` as it is
    stored; in `data`, `due_at` is a moment.

    A struct that the garbage collector does not follow: one is made for every event of the
    province, and it holds no cycles. Only placing changes it: `area` is what the sender wrote until
    then and a known code after, `area_unknown` keeps a code that nobody knows.
    """

    time: datetime
    id: str
    received_at: datetime
    source: str
    type: str
    ce_source: str
    ce_id: str
    subject: str | None
    area: str | None
    device: str | None
    ref: str | None
    kind: str
    severity: str | None
    lat: float | None
    lon: float | None
    data: dict[str, Any]
    text: bytes = b""
    area_unknown: str | None = None


def identity(ce_source: str, ce_id: str) -> str:
    """Return the 128-bit hash of a CloudEvents source and id: with `time`, an event's identity."""
    return blake2b(f"{ce_source}\0{ce_id}".encode(), digest_size=16).hexdigest()


class Attributes(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The CloudEvents attributes that we know, and the data as it was sent."""

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: str
    time: Moment
    data: msgspec.Raw
    subject: Line | None = None
    area: Line | None = None
    device: Text | None = None


@dataclass(frozen=True, slots=True)
class _Type:
    """What the events of one type have in common."""

    name: str
    #: The fields of `data` that say what is counted, and what the event is about.
    kind: str
    ref: tuple[str, ...] | None
    has_severity: bool = False
    has_place: bool = True
    has_due_date: bool = False


_TYPES = {
    of.name: of
    for of in (
        _Type("ioc.camera.alert", "label", None, has_severity=True),
        _Type("ioc.fire.reading", "kind", None),
        _Type("ioc.citizen.report", "category", ("report",), has_due_date=True),
        _Type("ioc.queue.ticket", "action", ("office", "ticket"), has_place=False),
        _Type(
            "ioc.queue.dossier",
            "action",
            ("office", "dossier"),
            has_place=False,
            has_due_date=True,
        ),
    )
}


def admitted(
    attributes: Attributes, data: dict[str, Any], text: bytes, topic: str, received_at: datetime
) -> Event | Refusal:
    """Return the event that these describe; refuse what is wrong beyond the shape.

    Args:
        attributes: Of a known type.
        data: Each field that we know has its type.
        text: The JSON of `data` as it is stored.
        topic: Where it came.
        received_at: When Kafka had it.
    """
    of, source, time = _TYPES[attributes.type], BY_TYPE[attributes.type], attributes.time
    if source.topic != topic:
        return Refusal(Reason.WRONG_TOPIC, f"{of.name} belongs on {source.topic}")
    if time > received_at + CLOCK_AHEAD_MAX:
        return Refusal(Reason.CLOCK, f"time {time.isoformat()} is in the future")
    if time < TIME_MIN:
        return Refusal(Reason.CLOCK, f"time {time.isoformat()} is before 1970")
    due_at: datetime | None = data.get("due_at") if of.has_due_date else None
    if due_at is not None and not TIME_MIN <= due_at <= DUE_MAX:
        return Refusal(Reason.SCHEMA, "data.due_at: a due date lies between 1970 and 2999")
    device = attributes.device
    # One positional call: this line runs for every event of the province.
    return Event(
        time,
        identity(attributes.source, attributes.id),
        received_at,
        source.name,
        of.name,
        attributes.source,
        attributes.id,
        attributes.subject,
        attributes.area,
        device,
        device if of.ref is None else "/".join(map(data.__getitem__, of.ref)),
        data[of.kind],
        data.get("severity") if of.has_severity else None,
        data.get("lat") if of.has_place else None,
        data.get("lon") if of.has_place else None,
        data,
        text,
    )
