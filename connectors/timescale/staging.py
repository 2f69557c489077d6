"""Staging: many rows reach a statement in a temporary table, as one document of binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("staging")

MOMENT = pa.timestamp("us", "UTC")
UUID = pa.binary(16)
_TEXT, _INT, _BIGINT, _FLOAT = pa.string(), pa.int32(), pa.int64(), pa.float64()
_SINCE_EPOCH = pa.duration("us")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Staging:
    """A temporary table; its rows are gone with the transaction."""

    def __init__(self, name: str, columns: dict[str, pa.DataType]) -> None:
        """`columns` are those of the table, in its order."""
        self._copy = SQL[f"stage_{name}"]
        self._types = tuple(columns.values())
        self._schema = pa.schema(columns)

    def fill_rows(self, conn: Conn, rows: Sequence[Sequence[Any]]) -> None:
        """Put one or more rows in."""
        columns = zip(zip(*rows, strict=True), self._types, strict=True)
        self.send(conn, self.document([_array(values, of) for values, of in columns]))

    def send(self, conn: Conn, document: bytes) -> None:
        """Put the rows of a document in."""
        with conn.cursor() as cursor, cursor.copy(self._copy) as copy:
            copy.write(document)

    def document(self, columns: Iterable[pa.Array]) -> bytes:
        """Return rows as one document of COPY's binary format."""
        encoder = ArrowToPostgresBinaryEncoder(self._schema)
        batch = pa.record_batch(list(columns), schema=self._schema)
        return encoder.write_header() + encoder.write_batch(batch) + encoder.finish()


def moments(times: Iterable[datetime | None]) -> pa.Array:
    """Return times as a column; by way of the time since 1970 it costs a fifth."""
    return pa.array([at and at - _EPOCH for at in times], _SINCE_EPOCH).view(MOMENT)


def _array(values: Sequence[Any], of: pa.DataType) -> pa.Array:
    return moments(values) if of is MOMENT else pa.array(values, of)


EVENTS = Staging(
    "events",
    {
        "time": MOMENT,
        "id": UUID,
        "received_at": MOMENT,
        "source": _TEXT,
        "type": _TEXT,
        "ce_source": _TEXT,
        "ce_id": _TEXT,
        "subject": _TEXT,
        "area": _TEXT,
        "area_unknown": _TEXT,
        "device": _TEXT,
        "ref": _TEXT,
        "kind": _TEXT,
        "severity": _TEXT,
        "lat": _FLOAT,
        "lon": _FLOAT,
        "partition": _INT,
        "offset": _BIGINT,
        "data": pa.binary(),
    },
)
DURATIONS = Staging(
    "durations",
    {
        "minute": MOMENT,
        "metric": _TEXT,
        "office": _TEXT,
        "area": _TEXT,
        "bin": _INT,
        "n": _BIGINT,
        "sum_ms": _BIGINT,
    },
)
VISITS = Staging(
    "visits",
    {
        "office": _TEXT,
        "day": pa.date32(),
        "ticket": _TEXT,
        "visit": _INT,
        "area": _TEXT,
        "issued_at": MOMENT,
        "called_at": MOMENT,
        "ended_at": MOMENT,
        "outcome": _TEXT,
        "waited_until": MOMENT,
        "wait_ms": _BIGINT,
    },
)
REPORTS = Staging(
    "reports",
    {
        "report": _TEXT,
        "area": _TEXT,
        "category": _TEXT,
        "status": _TEXT,
        "status_at": MOMENT,
        "opened_at": MOMENT,
        "due_at": MOMENT,
        "due_set_at": MOMENT,
        "emergency": pa.bool_(),
        "event_id": UUID,
    },
)
DEVICES = Staging(
    "devices",
    {
        "source": _TEXT,
        "device": _TEXT,
        "area": _TEXT,
        "lat": _FLOAT,
        "lon": _FLOAT,
        "first_seen": MOMENT,
        "last_seen": MOMENT,
    },
)


def prepare(conn: Conn) -> None:
    """Make the session's staging tables."""
    conn.execute(SQL["create"])
