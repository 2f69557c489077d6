"""The shapes of the contract: a CloudEvents 1.0 envelope with typed data, five types.

Both readers stand on these definitions: pydantic, the judge, reads `Field`; msgspec, the quick
reader, reads `Meta`. A bound that only one of them has is found by their property test.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, NotRequired

from msgspec import Meta
from pydantic import AwareDatetime, ConfigDict, Field
from typing_extensions import TypedDict

EVENT_BYTES_MAX = 256 * 1024
DEPTH_MAX = 32
ID_CHARACTERS_MAX = 256
#: Nothing that we are told about happened before this; an older time is a broken clock.
TIME_MIN = datetime(1970, 1, 1, tzinfo=UTC)
#: A due date beyond is a mistake, and no database time at the end of the calendar.
DUE_MAX = datetime(2999, 12, 31, tzinfo=UTC)

#: A text that must say something.
Text = Annotated[str, Field(min_length=1, max_length=256), Meta(min_length=1, max_length=256)]
#: One that may be empty.
Line = Annotated[str, Field(max_length=256), Meta(max_length=256)]
#: A moment with an offset.
Moment = Annotated[datetime, AwareDatetime, Meta(tz=True)]
Share = Annotated[float, Field(ge=0, le=1), Meta(ge=0, le=1)]
Latitude = Annotated[float, Field(ge=-90, le=90), Meta(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180), Meta(ge=-180, le=180)]
Several = Annotated[list[str], Field(max_length=100), Meta(max_length=100)]
SeverityName = Literal["critical", "high", "medium", "low"]

_KEEP = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class CameraAlert(TypedDict):
    """What a camera, or the software behind it, has seen."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    label: Text
    phase: NotRequired[Literal["new", "update", "end"]]
    score: NotRequired[Share | None]
    zones: NotRequired[Several | None]
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
    due_at: NotRequired[Moment | None]
    reporter: NotRequired[Reporter | None]
    media: NotRequired[Several | None]


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
    due_at: NotRequired[Moment | None]
    level: NotRequired[str | None]


class Envelope(TypedDict):
    """The CloudEvents attributes that we know; others are allowed and not kept."""

    __pydantic_config__ = _KEEP  # type: ignore[misc]
    specversion: Literal["1.0"]
    id: Text
    source: Text
    time: Moment
    subject: NotRequired[Line | None]
    area: NotRequired[Line | None]
    device: NotRequired[Text | None]


class CameraAlertEvent(Envelope):
    """`ioc.camera.alert` on `ioc.camera.v1`."""

    type: Literal["ioc.camera.alert"]
    data: CameraAlert


class FireReadingEvent(Envelope):
    """`ioc.fire.reading` on `ioc.fire.v1`."""

    type: Literal["ioc.fire.reading"]
    data: FireReading


class CitizenReportEvent(Envelope):
    """`ioc.citizen.report` on `ioc.citizen.v1`."""

    type: Literal["ioc.citizen.report"]
    data: CitizenReport


class QueueTicketEvent(Envelope):
    """`ioc.queue.ticket` on `ioc.queue.v1`."""

    type: Literal["ioc.queue.ticket"]
    data: QueueTicket


class QueueDossierEvent(Envelope):
    """`ioc.queue.dossier` on `ioc.queue.v1`."""

    type: Literal["ioc.queue.dossier"]
    data: QueueDossier


AnyEvent = Annotated[
    CameraAlertEvent | FireReadingEvent | CitizenReportEvent | QueueTicketEvent | QueueDossierEvent,
    Field(discriminator="type"),
]
