"""What a replay reads of the house, and the database of its own that it runs in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from connectors.timescale import suppressions
from connectors.timescale.database import Conn, connect, unavailable
from connectors.timescale.sql import queries
from ioc.errors import ConfigError
from ioc.source import BY_TYPE
from ioc.suppression import Suppression

SQL = queries("replays")

#: So many events are fetched at a time.
PAGE_ROWS = 5_000
PREFIX = "ioc_replay_"
DROP_WITHIN_S, DROP_AGAIN_S = 60.0, 0.5


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it came: when, on which topic, and as the CloudEvent that it was."""

    at: datetime
    topic: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What a person did to an alarm; `alarm` is the object after it."""

    at: datetime
    alarm_id: UUID
    type: str
    by: str
    comment: str | None
    alarm: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Range:
    """[start, end) is compared; a replay begins at `began` with nothing known, ends at `until`."""

    began: datetime
    start: datetime
    end: datetime
    until: datetime


#: Rule, key, step, state after it, raising event, returned_at, severity.
Entry = tuple[str, str, str, str, bytes, str | None, str]


def heard(conn: Conn, of: Range) -> Iterator[list[Heard]]:
    """Return stored events in pages, in the order in which they came."""
    with conn.transaction(), conn.cursor("heard") as cursor:
        cursor.execute(SQL["events"], {"from": of.began, "to": of.until})
        while rows := cursor.fetchmany(PAGE_ROWS):
            yield [_heard(row) for row in rows]


def said(conn: Conn, of: Range, types: Sequence[str]) -> list[Said]:
    """Return what people did to alarms."""
    wanted = {"from": of.began, "to": of.until, "types": list(types)}
    return [Said(**row) for row in conn.execute(SQL["said"], wanted)]


def hidden(conn: Conn, of: Range) -> list[tuple[datetime, Suppression, str | None]]:
    """Return what people hid (by None) and let go again (by whom), each with when, in order."""
    found: list[tuple[datetime, Suppression, str | None]] = []
    for row in conn.execute(SQL["suppressions"], {"from": of.began, "to": of.until}):
        whole = suppressions.from_row(row)
        fresh = replace(whole, ended_at=None, ended_by=None, begun_at=None)
        found.append((max(whole.created_at, of.began), fresh, None))
        if whole.ended_at is not None and whole.ended_by is not None:
            found.append((whole.ended_at, fresh, whole.ended_by))
    return sorted(found, key=lambda each: each[0])


def entries(conn: Conn, of: Range, types: Sequence[str], without: Sequence[str]) -> list[Entry]:
    """Return the steps of the log that a replay must make again."""
    wanted = {
        "began": of.began,
        "from": of.start,
        "to": of.end,
        "until": of.until,
        "types": list(types),
        "without": list(without),
    }
    return [
        (
            *(row["rule"], row["key"], row["type"], row["to_state"]),
            orjson.dumps(row["event"], option=orjson.OPT_SORT_KEYS),
            *(row["returned_at"], row["severity"]),
        )
        for row in conn.execute(SQL["entries"], wanted)
    ]


def rang(conn: Conn, of: Range, without: Sequence[str]) -> dict[UUID, dict[str, Any]]:
    """Return rule, key, title, area and at of every occurrence that rang, by its id."""
    wanted = {"from": of.start, "to": of.end, "without": list(without)}
    return {row["alarm_id"]: row for row in conn.execute(SQL["rang"], wanted)}


def closed_as(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return with which code a person has closed those that were closed."""
    rows = conn.execute(SQL["closed_as"], {"ids": list(ids)})
    return {row["alarm_id"]: row["code"] for row in rows}


def next_due(conn: Conn, kinds: Sequence[str]) -> datetime | None:
    """Return when the first timer of these kinds is due, by whichever clock."""
    row = conn.execute(SQL["next_due"], {"kinds": list(kinds)}).fetchone()
    return row["due_at"] if row else None


def names(name: str) -> tuple[str, str]:
    """Return the two databases of a replay: for the rules of now and for the changed ones."""
    return f"{name}_now", f"{name}_changed"


def drop(url: str, name: str) -> None:
    """Drop what a replay that was killed has left behind, if it has."""
    with unavailable():
        for each in names(name):
            drop_database(url, each)


def drop_database(url: str, name: str) -> None:
    """Drop a database with whoever is in it, if it is there.

    The server's own vacuum may be in it, whom only the server can send away: then it is tried again
    for a minute.

    Args:
        url: of another database of the same server.
        name: of the database to drop.

    Raises:
        psycopg.errors.InsufficientPrivilege: the vacuum did not leave in time.
    """
    deadline_s = time.monotonic() + DROP_WITHIN_S
    with connect(url, "ioc replay") as conn:
        while True:
            try:
                conn.execute(sql.SQL(SQL["drop_database"]).format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(DROP_AGAIN_S)
            else:
                return


@contextlib.contextmanager
def database(url: str, name: str) -> Iterator[str]:
    """Make a database beside that of `url`; yield its address, and drop it in the end.

    Raises:
        ConfigError: the database's user may not make one.
    """
    named = sql.Identifier(name)
    with connect(url, "ioc replay") as conn:
        try:
            conn.execute(sql.SQL(SQL["create_database"]).format(named))
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigError(
                "the database's user may not make a database for the replay: give it CREATEDB"
            ) from error
    try:
        with connect(url, "ioc replay") as conn:
            conn.execute(sql.SQL(SQL["do_not_wait"]).format(named))
        yield make_conninfo(url, dbname=name)
    finally:
        drop_database(url, name)


def check_empty(url: str) -> None:
    """Refuse a database in which there is something.

    Raises:
        ConfigError: there is.
    """
    with connect(url, "ioc replay") as conn:
        row = conn.execute(SQL["is_empty"]).fetchone()
    if not (row and row["yes"]):
        raise ConfigError("the database of a replay must be empty: what is in it would be mixed in")


def _heard(row: Mapping[str, Any]) -> Heard:
    # Placed already; a code that nobody knew is told again, so that it is flagged again.
    area = row["area_unknown"] or (None if row["area"] == "19" else row["area"])
    told = {
        "specversion": "1.0",
        "id": row["ce_id"],
        "source": row["ce_source"],
        "type": row["type"],
        "time": row["time"],
        "subject": row["subject"],
        "area": area,
        "device": row["device"],
    }
    envelope = orjson.dumps({name: word for name, word in told.items() if word is not None})
    value = envelope[:-1] + b',"data":' + row["data"].encode() + b"}"
    return Heard(row["received_at"], BY_TYPE[row["type"]].topic, value)
