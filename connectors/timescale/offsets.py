"""Where each partition is read up to: the truth about what is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.timescale.database import Conn, unavailable
from connectors.timescale.sql import queries
from ioc.errors import FencedError

SQL = queries("offsets")

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Hold:
    """What a worker says of one partition: read up to `next`, nothing older than `progress_at`."""

    topic: str
    partition: int
    next: int
    progress_at: datetime | None


def claim(conn: Conn, log: str, earliest: Mapping[Partition, int]) -> dict[Partition, int]:
    """Return the stored position of each partition, after storing the earliest of unknown ones."""
    with conn.cursor() as cursor:
        cursor.executemany(
            SQL["claim"],
            [
                {"log": log, "topic": topic, "partition": partition, "earliest": offset}
                for (topic, partition), offset in sorted(earliest.items())
            ],
        )
    stored = positions(conn, log)
    return {key: stored[key] for key in earliest}


def positions(conn: Conn, log: str) -> dict[Partition, int]:
    """Return every stored position of a log."""
    rows = conn.execute(SQL["positions"], {"log": log})
    return {(row["topic"], row["partition"]): row["next"] for row in rows}


@dataclass(frozen=True, slots=True)
class Advance:
    """A batch's claim: [start, end) of a partition, and how many of its records were dead."""

    topic: str
    partition: int
    start: int
    end: int
    records: int
    dead: int


def advance(conn: Conn, log: str, batch: Advance, window: int, now: datetime) -> int:
    """Move a position, first in the batch's transaction; `FencedError` when it is elsewhere.

    `window` is how many of the partition's latest records are remembered as dead or alive. Returns
    the revision of the rules, so that no unit needs a round trip to ask for it.
    """
    moved = conn.execute(
        SQL["advance"],
        {
            "log": log,
            "topic": batch.topic,
            "partition": batch.partition,
            "from": batch.start,
            "to": batch.end,
            "records": batch.records,
            "dead": batch.dead,
            "window": window,
            "now": now,
        },
    ).fetchone()
    if moved is None:
        raise FencedError(f"{batch.topic}[{batch.partition}] is not at {batch.start} any more")
    return int(moved["revision"])


def recent(conn: Conn) -> dict[str, tuple[int, int]]:
    """Return (records, dead) among each topic's latest records."""
    return {row["topic"]: (row["records"], row["dead"]) for row in conn.execute(SQL["recent"])}


def hold(conn: Conn, log: str, holds: Iterable[Hold], by: str, now: datetime) -> None:
    """Say that these partitions are held by a living worker."""
    with unavailable(), conn.cursor() as cursor:
        cursor.executemany(
            SQL["hold"],
            [
                {
                    "log": log,
                    "topic": held.topic,
                    "partition": held.partition,
                    "next": held.next,
                    "progress_at": held.progress_at,
                    "by": by,
                    "now": now,
                }
                for held in holds
            ],
        )


def held(conn: Conn, since: datetime) -> set[Partition]:
    """Return the partitions that a worker has spoken for since then."""
    return {(row["topic"], row["partition"]) for row in conn.execute(SQL["held"], {"since": since})}


def skip(conn: Conn, log: str, partition: Partition, from_to: tuple[int, int]) -> None:
    """Move a position over events that are lost; a person has said so."""
    conn.execute(
        SQL["skip"],
        {
            "log": log,
            "topic": partition[0],
            "partition": partition[1],
            "from": from_to[0],
            "to": from_to[1],
        },
    )
