"""What every app that is not ours shares: reading, placing, the statements and the one rule.

They read with pydantic, as one would, and place as the product does; `events`, `dead_letters` and
`alarms` are its tables with their keys and indexes; the rollup is a table as one would make it for
one process. What these apps leave out (visits, devices, reports, three of four rules, the alarm
log, the fence) is in their favour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg

from ioc.area import place_many
from ioc.event import Event, Headers, Refusal
from ioc.event.judge import judge

Row = tuple[object, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

CREATE_ROLLUP = """
CREATE TABLE bench_rollup (
    minute timestamptz NOT NULL, source text NOT NULL, area text NOT NULL, kind text NOT NULL,
    severity text NOT NULL, n bigint NOT NULL, PRIMARY KEY (minute, source, area, kind, severity)
)
"""
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

CREATE_STAGING = f"""
CREATE TEMP TABLE staged ON COMMIT DELETE ROWS AS SELECT {COLUMNS} FROM events WITH NO DATA
"""  # noqa: S608 - the columns are a constant
STAGE = f"COPY staged ({COLUMNS}) FROM STDIN"
#: In key order, so that two threads of one app do not wait for each other in a ring; answers with
#: the new events that may be fires.
STORE_STAGED = f"""
WITH fresh AS (
    INSERT INTO events ({COLUMNS}) SELECT {COLUMNS} FROM staged ORDER BY time, id
    ON CONFLICT (time, id) DO NOTHING
    RETURNING time, source, ce_source, ce_id, area, kind, severity
), counted AS (
    INSERT INTO bench_rollup (minute, source, area, kind, severity, n)
    SELECT date_trunc('minute', time), source, area, kind, coalesce(severity, ''), count(*)
    FROM fresh GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (minute, source, area, kind, severity)
    DO UPDATE SET n = bench_rollup.n + excluded.n
)
SELECT ce_source, ce_id FROM fresh
WHERE source = 'fire' AND kind IN ('smoke', 'heat', 'flame', 'gas', 'manual', 'waterflow')
"""  # noqa: S608 - the columns are a constant


class Raw(NamedTuple):
    """A record as every client of Kafka has it; the timestamp is in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of some records: rows of `COLUMNS`, fires by source and id, dead letters."""

    rows: Sequence[Row]
    fires: dict[tuple[str, str], Event]
    dead: Sequence[Row]

    def raised(self, fresh: Iterable[tuple[str, str]]) -> list[Row]:
        """Return the alarms of those fires that were new."""
        return [alarm_row(self.fires[key]) for key in sorted(fresh) if key in self.fires]


def read(records: Iterable[Raw]) -> Batch:
    """Read and place records; one look at all points together."""
    events: list[tuple[Event, Raw]] = []
    dead: list[Row] = []
    for record in records:
        received_at = _EPOCH + record.timestamp_ms * _MILLISECOND
        found = judge(record.value, record.headers, record.topic, received_at)
        if isinstance(found, Event):
            events.append((found, record))
        else:
            dead.append(dead_row(found, record, received_at))
    places = place_many(
        [event.area for event, _ in events],
        [event.lat for event, _ in events],
        [event.lon for event, _ in events],
    )
    for (event, _), place in zip(events, places, strict=True):
        event.area = place.code
    return Batch(
        [event_row(event, record) for event, record in events],
        {(event.ce_source, event.ce_id): event for event, _ in events if is_fire(event)},
        dead,
    )


class Writer:
    """One connection that stores a batch in one transaction, staged."""

    def __init__(self, url: str) -> None:
        self._conn = psycopg.connect(url, autocommit=True)
        self._conn.execute(CREATE_STAGING)
        self._has_begun = False

    def begin(self) -> None:
        """Say, once, that the first records are in hand: the clock starts."""
        if not self._has_begun:
            self._conn.execute(BEGIN)
            self._has_begun = True

    def store(self, batch: Batch) -> None:
        """Do everything that follows from a batch, in one transaction."""
        with self._conn.transaction(), self._conn.cursor() as cursor:
            with cursor.copy(STAGE) as copy:
                for row in batch.rows:
                    copy.write_row(row)
            raised = batch.raised(cursor.execute(STORE_STAGED).fetchall())
            if raised:
                cursor.executemany(RAISE, raised)
            if batch.dead:
                cursor.executemany(BURY, batch.dead)


def event_row(event: Event, record: Raw) -> Row:
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
        record.partition,
        record.offset,
        event.text.decode(),
    )


def dead_row(refusal: Refusal, record: Raw, at: datetime) -> Row:
    """Return the parameters of `BURY`."""
    place_ = (record.topic, record.partition, record.offset)
    source = record.topic.split(".")[1]
    what = (refusal.reason.value, refusal.detail, record.key, record.value)
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


def headers_of(given: Any) -> Headers:
    """Return headers as a list of pairs; some clients give None for none, some a mapping."""
    return list(given.items() if hasattr(given, "items") else given) if given else ()
