"""A batch, whole. Read `commit` and you know what happens to an event.

    decode -> place -> keep only the new -> store + roll up -> evaluate -> apply -> outbox, timers

Decoding is pure; everything from the fence to the outbox is one database transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from connectors.timescale import alarms, desks, intake, latest, offsets, timers
from connectors.timescale.database import Conn
from connectors.timescale.intake import DeadLetter, Placed
from connectors.timescale.rollups import Rollups
from connectors.timescale.timers import Timer
from ioc.alarm import Transition
from ioc.area import place_many
from ioc.errors import IocError
from ioc.event import Event, Reason, Refusal, decode
from ioc.rule import RuleSet
from ioc.source import BY_TOPIC
from streams import evaluate
from streams.fetched import Record, RecordBatch

#: A producer may write any timestamp; one this far ahead of our clock is not believed: then it is
#: now.
TIMESTAMP_AHEAD_MAX = timedelta(hours=1)
#: The policies of 0001_core.timescale.sql look this far back by themselves.
POLICY_WINDOW = timedelta(days=3)
#: A backfill touches the same day in many batches; it is worked out once, after they are in.
REFRESH_DELAY = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A batch as values: events that know their commune, and records that cannot be used."""

    batch: RecordBatch
    events: Sequence[Placed]
    dead: Sequence[DeadLetter]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What a worker knows that every batch needs."""

    logs: Mapping[str, str]
    rules: RuleSet
    #: The database has continuous aggregates, which do not look at late events by themselves.
    aggregates: bool
    #: How many of a partition's latest records say whether its source can be read (ioc.intake).
    recent_records: int
    #: The site's folder: a database that nobody has given any rule runs on the rules there.
    config_dir: Path | None = None


class RulesChangedError(IocError):
    """The rules are not those any more that were to judge; nothing was written."""


class Caches:
    """What one connection knows of rows that it wrote; only saves asking and writing again."""

    def __init__(self) -> None:
        self.devices = latest.Devices()
        self.rollups = Rollups()

    def forget(self) -> None:
        """Drop everything: a transaction did not commit."""
        self.devices.forget()
        self.rollups.forget()


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction did."""

    fresh: int
    duplicates: int
    transitions: Sequence[Transition]
    #: How long the rules took, the database's answers included.
    evaluate_s: float = 0.0


def decode_batch(batch: RecordBatch, now: datetime) -> Decoded:
    """Read every record; a bad one becomes a dead letter and its neighbours go on."""
    rows: list[Placed] = []
    dead: list[DeadLetter] = []
    topic, partition = batch.topic, batch.partition
    believed_ms = (now + TIMESTAMP_AHEAD_MAX - _EPOCH) // _MILLISECOND
    received_ms, received_at = -1, now
    newest = _EPOCH
    for record in batch.records:
        if record.timestamp != received_ms:
            received_ms = record.timestamp
            received_at = (
                _EPOCH + received_ms * _MILLISECOND if 0 <= received_ms <= believed_ms else now
            )
            newest = max(newest, received_at)
        found = decode(record.value, record.headers, topic, received_at)
        if isinstance(found, Event):
            rows.append(Placed(found, partition, record.offset))
        else:
            dead.append(_dead_letter(batch, record, received_at, found))
    _place([row.event for row in rows])
    return Decoded(batch, rows, dead, newest)


def _dead_letter(
    batch: RecordBatch, record: Record, received_at: datetime, refusal: Refusal
) -> DeadLetter:
    return DeadLetter(
        batch.topic,
        batch.partition,
        record.offset,
        received_at,
        BY_TOPIC[batch.topic].name,
        refusal,
        record.key,
        record.headers,
        record.value or b"",
    )


def as_dead_letter(decoded: Decoded, detail: str) -> Decoded:
    """Return a batch of one event as a batch of one dead letter: the database refused its text."""
    (row,) = decoded.events
    record = next(each for each in decoded.batch.records if each.offset == row.offset)
    refusal = Refusal(Reason.SCHEMA, detail)
    letter = _dead_letter(decoded.batch, record, row.event.received_at, refusal)
    return Decoded(decoded.batch, (), (*decoded.dead, letter), decoded.received_at)


def commit(
    conn: Conn, unit: Sequence[Decoded], memory: Memory, caches: Caches, now: datetime
) -> Committed:
    """Do everything that follows from batches of one topic, in one transaction of `conn`.

    `unit` has at most one batch of a partition, in the order of partitions.

    Raises:
        FencedError: another worker was faster with one of them; nothing was written.
        RulesChangedError: it must be judged by other rules than those of `memory`.
    """
    log = memory.logs[unit[0].batch.topic]
    rows = [row for decoded in unit for row in decoded.events]
    with conn.transaction():
        for decoded in unit:
            revision = offsets.advance(conn, log, _advance(decoded), memory.recent_records, now)
            if revision != memory.rules.revision:
                raise RulesChangedError
        fresh = intake.store(conn, rows)
        caches.rollups.count(conn, fresh)
        intake.bury(conn, log, [letter for decoded in unit for letter in decoded.dead], now)
        desks.apply(conn, fresh)
        latest.hear_reports(conn, fresh)
        caches.devices.see(conn, fresh)
        began_s = perf_counter()
        transitions = evaluate.transitions(conn, memory.rules, [row.event for row in fresh], now)
        evaluate_s = perf_counter() - began_s
        if memory.aggregates:
            _refresh_late(conn, fresh, now)
        alarms.apply(conn, transitions)
    return Committed(len(fresh), len(rows) - len(fresh), transitions, evaluate_s)


def _advance(decoded: Decoded) -> offsets.Advance:
    batch, dead = decoded.batch, len(decoded.dead)
    records = len(decoded.events) + dead
    return offsets.Advance(batch.topic, batch.partition, batch.start, batch.end, records, dead)


def _refresh_late(conn: Conn, fresh: Sequence[Placed], now: datetime) -> None:
    """Have the hours and days worked out again that late events fell into, each UTC day once."""
    # The day in which the policy's window begins is only partly in it.
    behind = (now - POLICY_WINDOW + timedelta(days=1)).date()
    for day in sorted({row.event.time.astimezone(UTC).date() for row in fresh}):
        if day <= behind:
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            span = {"from": start.isoformat(), "to": (start + timedelta(days=1)).isoformat()}
            due_at = now + REFRESH_DELAY
            timers.arm_once(conn, Timer("cagg_refresh", day.isoformat(), timers.WALL, due_at, span))


def _place(events: Sequence[Event]) -> None:
    places = place_many(
        [event.area for event in events],
        [event.lat for event in events],
        [event.lon for event in events],
    )
    for event, place in zip(events, places, strict=True):
        if place.flagged:
            event.area_unknown = event.area
        event.area = place.code
