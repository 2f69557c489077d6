"""What the two plain Faust apps share: reading, placing, the tables and the one rule.

The tables are the product's own, with the same keys and indexes, so that the database has the same
work. What these apps leave out (visits, devices, reports, three of four rules, the alarm log) is in
their favour.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import faust
import orjson
import psycopg
from faust.types import EventT

from ioc.area import place
from ioc.event import Event, Refusal, decode
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS

Row = tuple[object, ...]

COLUMNS = (
    "time, id, received_at, source, type, ce_source, ce_id, subject, area, device, ref, kind,"
    ' severity, lat, lon, partition, "offset", data'
)
BURY = (
    'INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source, reason,'
    " detail, key, raw) VALUES (%s, 'bench', %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
RAISE = (
    "INSERT INTO alarms (id, rule, key, source, severity, state, active, area, device, title,"
    " title_en, guidance, ack_required, raised_at, changed_at, condition_at, event_source,"
    " event_id, event_time, lat, lon, count, version)"
    " VALUES (%s, 'fire-alarm', %s, 'fire', 'critical', 'unacknowledged', true, %s, %s, %s,"
    " %s, '{}', true, %s, %s, %s, %s, %s, %s, %s, %s, 1, 1)"
    " ON CONFLICT (rule, key) WHERE ended_at IS NULL DO UPDATE SET count = alarms.count + 1"
)
#: The bench measures from here.
BEGIN = "INSERT INTO bench_begun VALUES (clock_timestamp())"
FIRE_KINDS = frozenset({"smoke", "heat", "flame", "gas", "manual", "waterflow"})


def make_app(name: str, settings: Settings) -> faust.App:
    """Return a Faust app as its manual shows one, on the product's topics."""
    return faust.App(
        name,
        broker=f"kafka://{settings.kafka}",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )


def event_topic(app: faust.App) -> Any:
    """Return the four topics as one channel of raw bytes."""
    return app.topic(*EVENT_TOPICS, key_serializer="raw", value_serializer="raw")


async def connect(settings: Settings) -> psycopg.AsyncConnection[Any]:
    """Open a connection in autocommit mode."""
    url = settings.database_url.get_secret_value()
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


def read(message: EventT[Any]) -> Event | Refusal:
    """Read and place one record."""
    record = message.message
    received_at = datetime.fromtimestamp(record.timestamp, UTC)
    event = decode(_raw(message), _headers(message), record.topic, received_at)
    if isinstance(event, Event):
        event.area = place(event.area, event.lat, event.lon).code
    return event


def event_row(event: Event, message: EventT[Any]) -> Row:
    """Return the values of `COLUMNS`."""
    return (
        event.time,
        event.id,
        event.received_at,
        event.source,
        event.type,
        event.ce_source,
        event.ce_id,
        event.subject,
        event.area,
        event.device,
        event.ref,
        event.kind,
        event.severity,
        event.lat,
        event.lon,
        message.message.partition,
        message.message.offset,
        orjson.dumps(event.data).decode(),
    )


def dead_row(refusal: Refusal, message: EventT[Any]) -> Row:
    """Return the parameters of `BURY`."""
    record = message.message
    at = datetime.fromtimestamp(record.timestamp, UTC)
    place_ = (record.topic, record.partition, record.offset)
    source = record.topic.split(".")[1]
    what = (refusal.reason.value, refusal.detail, record.key, _raw(message))
    return (at, *place_, at, source, *what)


def is_fire(event: Event) -> bool:
    """Return whether the rule `fire-alarm` says so."""
    return (
        event.type == "ioc.fire.reading"
        and event.data["state"] == "alarm"
        and event.kind in FIRE_KINDS
    )


def alarm_row(event: Event) -> Row:
    """Return the parameters of `RAISE`."""
    at = event.received_at
    title = f"Báo cháy ({event.kind}) tại {event.area}"
    title_en = f"Fire alarm ({event.kind}) in {event.area}"
    what = (uuid4(), event.device or event.ce_source, event.area, event.device, title, title_en)
    caused_by = (event.ce_source, event.ce_id, event.time, event.lat, event.lon)
    return (*what, at, at, event.time, *caused_by)


def _raw(message: EventT[Any]) -> bytes:
    value: bytes = message.value
    return value


def _headers(message: EventT[Any]) -> list[tuple[str, bytes]]:
    headers = message.message.headers or []
    return list(headers.items() if isinstance(headers, Mapping) else headers)
