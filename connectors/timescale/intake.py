"""Storing a batch: stage, keep only the new, roll up; all inside the caller's transaction."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg.types.json import Jsonb

from connectors.timescale.database import Conn
from connectors.timescale.sql import as_rows, queries
from ioc.area import PROVINCE_CODE
from ioc.event import Event, Headers, Refusal
from ioc.rollup import Cell

SQL = queries("intake")

#: The null mark of our COPY. A sender's text may be just this, so a text with its first character
#: is escaped; two characters, because Python shares strings of one, and this one is known by `is`.
_NULL = "\x01N"
_SPECIAL = re.compile(r"[\\\t\n\r\x01]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x01": "\\x01"}


class Placed(NamedTuple):
    """An event that knows its commune, the offset of its record, and its line for COPY."""

    event: Event
    offset: int
    line: str

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


def prepare(conn: Conn) -> None:
    """Make the session's staging table."""
    conn.execute(SQL["create_staging"])


def store(conn: Conn, rows: Sequence[Placed]) -> list[Placed]:
    """Store and count the events of one partition that are new; return them in the order given."""
    first: dict[tuple[datetime, str], Placed] = {}
    for row in rows:
        first.setdefault((row.event.time, row.event.id), row)
    distinct = list(first.values())
    if not distinct:
        return []
    with conn.cursor() as cursor, cursor.copy(SQL["stage"]) as copy:
        copy.write("".join([row.line for row in distinct]))
    known = {row["offset"] for row in conn.execute(SQL["store"])}
    if not known:
        return distinct
    return [row for row in distinct if row.offset not in known]


def placed(event: Event, partition: int, offset: int) -> Placed:
    """Return an event with its line of COPY's text format; hand-packed: it is the hot loop.

    Made while the batch is decoded, when the database still works on the batch before.
    """
    lat, lon = event.lat, event.lon
    fields = (
        event.time.isoformat(),
        event.id,
        event.received_at.isoformat(),
        event.source,
        event.type,
        event.ce_source,
        event.ce_id,
        event.subject or _NULL,
        event.area or PROVINCE_CODE,
        event.area_unknown or _NULL,
        event.device or _NULL,
        event.ref or _NULL,
        event.kind,
        event.severity or _NULL,
        _NULL if lat is None else repr(lat),
        _NULL if lon is None else repr(lon),
        str(partition),
        str(offset),
        _json(event.data),
    )
    line = "\t".join(fields)
    if (
        "\\" in line
        or line.count("\t") != len(fields) - 1
        or "\n" in line
        or "\r" in line
        or _holds_mark(event)
    ):
        line = "\t".join([field if field is _NULL else _escaped(field) for field in fields])
    return Placed(event, offset, line + "\n")


def _holds_mark(event: Event) -> bool:
    """Return whether a text of the sender's has our null mark in it."""
    return "\x01" in "".join(
        (
            event.ce_source,
            event.ce_id,
            event.subject or "",
            event.area_unknown or "",
            event.device or "",
            event.ref or "",
            event.kind,
        )
    )


def _escaped(field: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], field)


def _json(data: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(data).decode()
    except TypeError:  # an integer beyond 64 bits: rare, allowed in JSON, kept exactly
        return json.dumps(data, ensure_ascii=False, default=datetime.isoformat)


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
    rows = [
        {
            "minute": cell.minute,
            "metric": cell.metric,
            "office": cell.office,
            "area": cell.area,
            "bin": cell.bin,
            "n": n,
            "sum_ms": sum_ms,
        }
        for cell, (n, sum_ms) in sorted(cells.items())
    ]
    conn.execute(SQL["add_durations"], {"cells": as_rows(rows)})
