"""An event: a CloudEvents 1.0 envelope with typed data, and the one reader of its bytes.

`decode` never raises on bad input: it answers with an `Event` or with a `Refusal` whose reason is
what the dead letter will carry. The shapes are those of the contract; unknown data fields are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, Any, Literal, NotRequired

import orjson
from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ioc.source import BY_TOPIC, BY_TYPE

EVENT_BYTES_MAX = 256 * 1024
DEPTH_MAX = 32
ID_CHARACTERS_MAX = 256
#: A device's clock may run this far ahead of the moment in which Kafka had its message.
CLOCK_AHEAD_MAX = timedelta(minutes=5)
#: Nothing that we are told about happened before this; an older time is a broken clock.
TIME_MIN = datetime(1970, 1, 1, tzinfo=UTC)
#: A due date beyond is a mistake, and no database time at the end of the calendar.
DUE_MAX = datetime(2999, 12, 31, tzinfo=UTC)

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


@dataclass(slots=True)
class Event:
    """What a source said happened. `time` and `received_at` are aware; `data` is as it was sent.

    `id` is the 128-bit identity as 32 hexadecimal digits.

    Not frozen: freezing costs more than reading the JSON does, and one is made for every event of
    the province. Only placing changes it: `area` is what the sender wrote until then and a known
    code after, `area_unknown` keeps a code that nobody knows.
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
    area_unknown: str | None = None


Text = Annotated[str, Field(min_length=1, max_length=256)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
SeverityName = Literal["critical", "high", "medium", "low"]

_KEEP = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class CameraAlert(TypedDict):
    """What a camera, or the software behind it, has seen."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    label: Text
    phase: NotRequired[Literal["new", "update", "end"]]
    score: NotRequired[Annotated[float, Field(ge=0, le=1)] | None]
    zones: NotRequired[Annotated[list[str], Field(max_length=100)] | None]
    severity: NotRequired[SeverityName | None]
    lat: NotRequired[Latitude | None]
    lon: NotRequired[Longitude | None]
    snapshot_url: NotRequired[str | None]


class FireReading(TypedDict):
    """What a fire panel or a sensor reports."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    kind: Literal[
        "smoke",
        "heat",
        "flame",
        "gas",
        "manual",
        "waterflow",
        "temperature",
        "battery",
        "tamper",
        "heartbeat",
    ]
    state: Literal["alarm", "restore", "trouble", "test", "normal"]
    value: NotRequired[float | None]
    unit: NotRequired[str | None]
    battery: NotRequired[float | None]
    lat: NotRequired[Latitude | None]
    lon: NotRequired[Longitude | None]


class Reporter(TypedDict):
    """Who reported; restricted personal data."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    name: NotRequired[str | None]
    phone: NotRequired[str | None]


class CitizenReport(TypedDict):
    """A report from the citizens' app; `report` is its id, an event is a word on it."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    report: Text
    category: Text
    status: Literal["open", "in_progress", "resolved", "rejected", "reopened"]
    description: NotRequired[str | None]
    emergency: NotRequired[bool | None]
    channel: NotRequired[str | None]
    lat: NotRequired[Latitude | None]
    lon: NotRequired[Longitude | None]
    address: NotRequired[str | None]
    due_at: NotRequired[AwareDatetime | None]
    reporter: NotRequired[Reporter | None]
    media: NotRequired[Annotated[list[str], Field(max_length=100)] | None]


class QueueTicket(TypedDict):
    """A step of a ticket at a one-stop desk."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    office: Text
    ticket: Text
    action: Literal["issued", "called", "served", "abandoned", "transferred"]
    service: NotRequired[str | None]
    counter: NotRequired[str | None]


class QueueDossier(TypedDict):
    """A step of a dossier."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    office: Text
    dossier: Text
    action: Literal["received", "resolved", "withdrawn"]
    procedure: NotRequired[str | None]
    due_at: NotRequired[AwareDatetime | None]
    level: NotRequired[str | None]


class _Envelope(TypedDict):
    """The CloudEvents attributes that we know; others are allowed and not kept."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=ID_CHARACTERS_MAX)]
    source: Annotated[str, Field(min_length=1, max_length=ID_CHARACTERS_MAX)]
    time: AwareDatetime
    subject: NotRequired[Annotated[str, Field(max_length=ID_CHARACTERS_MAX)] | None]
    area: NotRequired[Annotated[str, Field(max_length=ID_CHARACTERS_MAX)] | None]
    device: NotRequired[Text | None]


class CameraAlertEvent(_Envelope):
    """`ioc.camera.alert` on `ioc.camera.v1`."""

    type: Literal["ioc.camera.alert"]
    data: CameraAlert


class FireReadingEvent(_Envelope):
    """`ioc.fire.reading` on `ioc.fire.v1`."""

    type: Literal["ioc.fire.reading"]
    data: FireReading


class CitizenReportEvent(_Envelope):
    """`ioc.citizen.report` on `ioc.citizen.v1`."""

    type: Literal["ioc.citizen.report"]
    data: CitizenReport


class QueueTicketEvent(_Envelope):
    """`ioc.queue.ticket` on `ioc.queue.v1`."""

    type: Literal["ioc.queue.ticket"]
    data: QueueTicket


class QueueDossierEvent(_Envelope):
    """`ioc.queue.dossier` on `ioc.queue.v1`."""

    type: Literal["ioc.queue.dossier"]
    data: QueueDossier


AnyEvent = Annotated[
    CameraAlertEvent | FireReadingEvent | CitizenReportEvent | QueueTicketEvent | QueueDossierEvent,
    Field(discriminator="type"),
]
_READER = TypeAdapter[Any](AnyEvent).validator
_WITH_DUE_DATE = frozenset({"citizen", "queue"})
#: Sources whose events are about a device; the others' are about a report, ticket or dossier.
_OF_DEVICES = frozenset({"camera", "fire"})
_KIND_FIELD = {
    "ioc.camera.alert": "label",
    "ioc.fire.reading": "kind",
    "ioc.citizen.report": "category",
    "ioc.queue.ticket": "action",
    "ioc.queue.dossier": "action",
}


def decode(
    value: bytes | None, headers: Headers, topic: str, received_at: datetime
) -> Event | Refusal:
    """Read one Kafka record, structured or binary mode; say why when it cannot be used."""
    if value is None:
        return Refusal(Reason.NOT_JSON, "the record has no value")
    if headers and any(name == "ce_type" for name, _ in headers):
        enveloped = _from_binary(value, headers)
        if isinstance(enveloped, Refusal):
            return enveloped
        value = enveloped
    if (refusal := _unreadable(value)) is not None:
        return refusal
    try:
        envelope: dict[str, Any] = _READER.validate_json(value)
    except ValidationError as error:
        return _refusal(error)
    return _event(envelope, topic, received_at)


def _unreadable(value: bytes) -> Refusal | None:
    """Refuse what the reader must not see; cheap counts first, exact looks on suspicion."""
    if len(value) > EVENT_BYTES_MAX:
        return Refusal(Reason.TOO_LARGE, f"{len(value)} bytes; at most {EVENT_BYTES_MAX}")
    if value.count(b"{") + value.count(b"[") > DEPTH_MAX and depth(value) > DEPTH_MAX:
        return Refusal(Reason.TOO_DEEP, f"nested deeper than {DEPTH_MAX}")
    if b"\\u0000" in value and _has_nul(value):
        return Refusal(Reason.NUL, "a text holds a NUL character, which no database text can")
    if b"NaN" in value or b"Infinity" in value:
        try:
            orjson.loads(value)  # pydantic's reader takes these words for numbers; JSON has none
        except orjson.JSONDecodeError as error:
            return Refusal(Reason.NOT_JSON, str(error))
    return None


def _event(envelope: dict[str, Any], topic: str, received_at: datetime) -> Event | Refusal:
    event_type: str = envelope["type"]
    source = BY_TYPE[event_type]
    if source.topic != topic:
        return Refusal(Reason.WRONG_TOPIC, f"{event_type} belongs on {source.topic}")
    time: datetime = envelope["time"]
    if time > received_at + CLOCK_AHEAD_MAX:
        return Refusal(Reason.CLOCK, f"time {time.isoformat()} is in the future")
    if time < TIME_MIN:
        return Refusal(Reason.CLOCK, f"time {time.isoformat()} is before 1970")
    data: dict[str, Any] = envelope["data"]
    due_at: datetime | None = data.get("due_at") if source.name in _WITH_DUE_DATE else None
    if due_at is not None and not TIME_MIN <= due_at <= DUE_MAX:
        return Refusal(Reason.SCHEMA, "data.due_at: a due date lies between 1970 and 2999")
    ce_source: str = envelope["source"]
    ce_id: str = envelope["id"]
    device: str | None = envelope.get("device")
    # One positional call: this line runs for every event of the province.
    return Event(
        time,
        identity(ce_source, ce_id),
        received_at,
        source.name,
        event_type,
        ce_source,
        ce_id,
        envelope.get("subject"),
        envelope.get("area"),
        device,
        device if source.name in _OF_DEVICES else _ref(event_type, data),
        data[_KIND_FIELD[event_type]],
        data.get("severity") if event_type == "ioc.camera.alert" else None,
        data.get("lat") if source.name != "queue" else None,
        data.get("lon") if source.name != "queue" else None,
        data,
    )


def identity(ce_source: str, ce_id: str) -> str:
    """Return the 128-bit hash of a CloudEvents source and id: with `time`, an event's identity."""
    return blake2b(f"{ce_source}\0{ce_id}".encode(), digest_size=16).hexdigest()


def _ref(event_type: str, data: dict[str, Any]) -> str:
    """Name the report, ticket or dossier that an event is about."""
    if event_type == "ioc.citizen.report":
        report: str = data["report"]
        return report
    return f"{data['office']}/{data['ticket' if event_type == 'ioc.queue.ticket' else 'dossier']}"


def _from_binary(value: bytes, headers: Headers) -> bytes | Refusal:
    """Put a binary-mode record (`ce_*` headers, data as the value) into one envelope."""
    try:
        envelope: dict[str, Any] = {
            name[3:]: raw.decode()
            for name, raw in headers
            if name.startswith("ce_") and raw is not None
        }
    except UnicodeDecodeError:
        return Refusal(Reason.SCHEMA, "a ce_ header is not UTF-8")
    try:
        orjson.loads(value)  # a Fragment is not looked at: broken data must not break the envelope
    except orjson.JSONDecodeError as error:
        return Refusal(Reason.NOT_JSON, f"data: {error}")
    envelope["data"] = orjson.Fragment(value)
    return orjson.dumps(envelope)


def depth(value: bytes) -> int:
    """Return how deep the brackets of a JSON text nest, not counting those inside strings."""
    deepest = level = 0
    in_string = escaped = False
    for byte in value:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:  # backslash
                escaped = True
            elif byte == 0x22:  # quotation mark
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"}]":
            level -= 1
    return deepest


def _has_nul(value: bytes) -> bool:
    r"""Tell a real `\u0000` from one whose backslash is itself escaped."""
    start = 0
    while (at := value.find(b"\\u0000", start)) >= 0:
        backslashes = at - len(value[:at].rstrip(b"\\"))
        if backslashes % 2 == 0:
            return True
        start = at + 1
    return False


def _refusal(error: ValidationError) -> Refusal:
    """Name the first problem; the value itself is never repeated: it may be personal."""
    first = error.errors(include_url=False, include_context=True, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Refusal(Reason.NOT_JSON, first["msg"])
    if first["type"] == "union_tag_invalid":
        return Refusal(Reason.WRONG_TYPE, "no such event type; see the contract's five")
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("ioc."))
    return Refusal(Reason.SCHEMA, f"{where}: {first['msg']}" if where else first["msg"])


def known_topic(topic: str) -> bool:
    """Return whether events are read from this topic."""
    return topic in BY_TOPIC
