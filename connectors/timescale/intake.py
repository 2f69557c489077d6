"""Storing a batch: stage, keep only the new, roll up; all inside the caller's transaction."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress

import msgspec
import numpy as np
import pyarrow as pa
from psycopg.types.json import Jsonb

from connectors.timescale import staging
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from connectors.timescale.staging import moments
from ioc.area import PROVINCE_CODE
from ioc.event import Event, Headers, Refusal
from ioc.rollup import Cell

SQL = queries("intake")

#: Where an event was in its topic, in PostgreSQL's byte order.
PLACE = np.dtype([("partition", ">i4"), ("offset", ">i8")])
#: A partition and an offset in one integer: at a million records a second, room for nine years.
_OFFSET_BITS = 48


class Placed(msgspec.Struct, gc=False):
    """An event that knows its commune, and where it came from."""

    event: Event
    partition: int
    offset: int

    @property
    def area(self) -> str:
        """The commune's code, or the province's."""
        return self.event.area or PROVINCE_CODE


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be used, with all that is needed to try it again."""

    topic: str
    partition: int
    offset: int
    received_at: datetime
    source: str
    refusal: Refusal
    key: bytes | None
    headers: Headers
    raw: bytes


def store(conn: Conn, rows: Sequence[Placed]) -> list[Placed]:
    """Store the events of one topic that are new; return these, in the order given."""
    if not rows:
        return []
    staging.EVENTS.send(conn, packed(rows))
    (stored,) = conn.execute(SQL["store"])
    fresh = np.frombuffer(stored["places"] or b"", PLACE)
    if len(fresh) == len(rows):
        return list(rows)
    given = np.array([row.partition << _OFFSET_BITS | row.offset for row in rows])
    is_fresh = np.isin(given, fresh["partition"].astype("i8") << _OFFSET_BITS | fresh["offset"])
    return list(compress(rows, is_fresh.tolist()))


def packed(rows: Sequence[Placed]) -> bytes:
    """Return the rows as one document of COPY's binary format, column by column."""
    events = [row.event for row in rows]
    ids = pa.py_buffer(bytes.fromhex("".join([event.id for event in events])))
    columns = (
        moments([event.time for event in events]),
        pa.Array.from_buffers(pa.binary(16), len(rows), [None, ids]),
        moments([event.received_at for event in events]),
        pa.array([event.source for event in events]),
        pa.array([event.type for event in events]),
        pa.array([event.ce_source for event in events]),
        pa.array([event.ce_id for event in events]),
        pa.array([event.subject for event in events], pa.string()),
        pa.array([event.area or PROVINCE_CODE for event in events]),
        pa.array([event.area_unknown for event in events], pa.string()),
        pa.array([event.device for event in events], pa.string()),
        pa.array([event.ref for event in events], pa.string()),
        pa.array([event.kind for event in events]),
        pa.array([event.severity for event in events], pa.string()),
        pa.array([event.lat for event in events], pa.float64()),
        pa.array([event.lon for event in events], pa.float64()),
        pa.array([row.partition for row in rows], pa.int32()),
        pa.array([row.offset for row in rows], pa.int64()),
        pa.array([event.text for event in events]),
    )
    return staging.EVENTS.document(columns)


def bury(conn: Conn, log: str, letters: Iterable[DeadLetter], now: datetime) -> None:
    """Keep records that cannot be used, each with its reason and its bytes."""
    with conn.cursor() as cursor:
        cursor.executemany(
            SQL["bury"],
            [
                {
                    "at": now,
                    "log": log,
                    "topic": letter.topic,
                    "partition": letter.partition,
                    "offset": letter.offset,
                    "received_at": letter.received_at,
                    "source": letter.source,
                    "reason": letter.refusal.reason.value,
                    "detail": letter.refusal.detail,
                    "key": letter.key,
                    "headers": Jsonb(
                        [
                            [name.replace("\0", "\ufffd"), b64encode(value or b"").decode()]
                            for name, value in letter.headers
                        ]
                    ),
                    "raw": letter.raw,
                }
                for letter in letters
            ],
        )


def add_durations(conn: Conn, cells: Mapping[Cell, tuple[int, int]]) -> None:
    """Add (n, sum_ms) to histogram rows, in key order."""
    if not cells:
        return
    rows = [(*cell, n, sum_ms) for cell, (n, sum_ms) in sorted(cells.items())]
    staging.DURATIONS.fill_rows(conn, rows)
    conn.execute(SQL["add_durations"])
