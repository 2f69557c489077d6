"""Storing batches: every text comes back as it was sent, whatever is in it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import psycopg
import pytest

from connectors.timescale import offsets, staging
from connectors.timescale.database import Database, connect
from ioc.rule import shipped
from streams.batch import Caches, Decoded, Memory, commit, decode_batch
from streams.committer import Committer
from streams.fetched import RecordBatch
from streams.guard import Guard
from streams.pipeline import Pipeline
from tests.kafka_batches import fetched

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
TOPIC = "ioc.fire.v1"
MEMORY = Memory({TOPIC: "log"}, shipped(), aggregates=False, recent_records=250)


def reading(number: int, **more: Any) -> dict[str, Any]:
    data = {"kind": "temperature", "state": "normal", **more.pop("data", {})}
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/store",
        "type": "ioc.fire.reading",
        "time": (NOW - timedelta(minutes=5)).isoformat(),
        "data": data,
        **more,
    }


def batch(start: int, events: list[dict[str, Any]]) -> RecordBatch:
    records: list[Any] = [
        SimpleNamespace(
            value=orjson.dumps(event), headers=(), timestamp=NOW_MS, offset=start + n, key=None
        )
        for n, event in enumerate(events)
    ]
    return RecordBatch(TOPIC, 0, start, start + len(events), records)


ODD = ["\x01", "\x01\x01", "a\x01b", "\t", "\n", "\\N", "\\.", "\\x01", "\r", "\x7f", "'", '"', "Ằ"]


def test_every_text_is_stored_as_it_was_sent(database_url: str) -> None:
    events = [
        reading(n, id=f"{text}{n}", device=text, subject=text, data={"unit": text, "more": text})
        for n, text in enumerate(ODD)
    ]
    events += [reading(100, id="\x01"), reading(101, source="\x01")]
    with connect(database_url, "test") as conn:
        staging.prepare(conn)
        offsets.claim(conn, "log", {(TOPIC, 0): 0})
        done = commit(conn, [decode_batch(batch(0, events), NOW)], MEMORY, Caches(), NOW)
        assert (done.fresh, done.duplicates) == (len(events), 0)
        rows = conn.execute(
            'SELECT ce_id, ce_source, device, subject, data FROM events ORDER BY "offset"'
        ).fetchall()
    assert [row["ce_id"] for row in rows] == [event["id"] for event in events]
    assert [row["ce_source"] for row in rows] == [event["source"] for event in events]
    assert [row["device"] for row in rows] == [event.get("device") for event in events]
    assert [row["subject"] for row in rows] == [event.get("subject") for event in events]
    assert [row["data"] for row in rows] == [event["data"] for event in events]


def test_a_second_copy_in_the_batch_or_later_changes_nothing(database_url: str) -> None:
    with connect(database_url, "test") as conn:
        staging.prepare(conn)
        offsets.claim(conn, "log", {(TOPIC, 0): 0})
        once = [reading(1), reading(2), reading(1)]
        assert commit(conn, [decode_batch(batch(0, once), NOW)], MEMORY, Caches(), NOW).fresh == 2
        again = [reading(3), reading(2), reading(1)]
        assert commit(conn, [decode_batch(batch(3, again), NOW)], MEMORY, Caches(), NOW).fresh == 1
        row = conn.execute("SELECT sum(n)::int AS n FROM rollup_1m").fetchone()
    assert row == {"n": 3}


@pytest.mark.parametrize("n", [1, 3])
async def test_a_fenced_batch_is_read_again_and_holds_nobody_up(database: Database, n: int) -> None:
    with database.transaction() as conn:
        offsets.claim(conn, "log", {(TOPIC, partition): 7 for partition in range(n)})
    crashed: list[BaseException] = []

    async def crash(error: BaseException) -> None:
        crashed.append(error)

    committers = [Committer(Guard(database.url, MEMORY)) for _ in range(2)]
    pipeline = Pipeline(committers, 20_000, crash)
    reread: list[int] = []

    async def note(tp: Any) -> None:
        # As the transport does it: waiting for positions must not wait for this very batch.
        await asyncio.sleep(0)
        reread.append(tp.partition)

    stored = {(TOPIC, partition): 0 for partition in range(n)}
    pipeline.consumer = SimpleNamespace(stored=stored, reread=note)  # type: ignore[assignment]
    acked: list[int] = []
    for partition in range(n):
        value = fetched(TOPIC, partition, 0, NOW_MS, [orjson.dumps(reading(partition))])
        event = SimpleNamespace(
            value=value, ack=lambda partition=partition: acked.append(partition)
        )
        await asyncio.wait_for(pipeline.take(event), 10)  # type: ignore[arg-type]
    await asyncio.wait_for(pipeline.settle(), 10)
    pipeline.close()
    assert sorted(reread) == sorted(acked) == list(range(n))
    assert crashed == []
    with database.reading() as conn:
        row = conn.execute("SELECT count(*) AS n FROM events").fetchone()
    assert row == {"n": 0}


def of_partition(partition: int, start: int, events: list[dict[str, Any]]) -> Decoded:
    found = batch(start, events)
    return decode_batch(RecordBatch(TOPIC, partition, found.start, found.end, found.records), NOW)


def test_one_fenced_partition_does_not_hold_up_the_others(database: Database) -> None:
    with database.transaction() as conn:
        offsets.claim(conn, "log", {(TOPIC, 0): 0, (TOPIC, 1): 7, (TOPIC, 2): 0})
    guard = Guard(database.url, MEMORY)
    done = guard.commit([of_partition(number, 0, [reading(number)]) for number in range(3)])
    guard.close()
    assert done.fenced == {1}
    assert sum(committed.fresh for committed in done.committed) == 2
    with database.reading() as conn:
        rows = conn.execute("SELECT ce_id, partition FROM events ORDER BY ce_id").fetchall()
        counted = conn.execute("SELECT sum(n)::int AS n FROM rollup_1m").fetchone()
    assert rows == [{"ce_id": "e0", "partition": 0}, {"ce_id": "e2", "partition": 2}]
    assert counted == {"n": 2}


def test_a_copy_on_another_partition_of_the_unit_counts_once(database: Database) -> None:
    with database.transaction() as conn:
        offsets.claim(conn, "log", {(TOPIC, 0): 0, (TOPIC, 1): 0})
    guard = Guard(database.url, MEMORY)
    same = [reading(1), reading(2)]
    done = guard.commit([of_partition(0, 0, same), of_partition(1, 0, [*same, reading(3)])])
    again = guard.commit([of_partition(0, 2, [reading(3)]), of_partition(1, 3, [reading(4)])])
    guard.close()
    assert [(each.fresh, each.duplicates) for each in done.committed] == [(3, 2)]
    assert [(each.fresh, each.duplicates) for each in again.committed] == [(1, 1)]
    with database.reading() as conn:
        rows = conn.execute(
            "SELECT partition, sum(n)::int AS n FROM rollup_1m GROUP BY 1 ORDER BY 1"
        )
        assert rows.fetchall() == [{"partition": 0, "n": 2}, {"partition": 1, "n": 2}]


def test_after_an_unexpected_error_nothing_is_remembered_that_was_not_stored(
    database: Database,
) -> None:
    with database.transaction() as conn:
        offsets.claim(conn, "log", {(TOPIC, 0): 0, (TOPIC, 1): 0})
        conn.execute("ALTER TABLE devices RENAME TO away")
    guard = Guard(database.url, MEMORY)
    with pytest.raises(psycopg.errors.UndefinedTable):
        guard.commit([of_partition(0, 0, [reading(1, device="d-1")])])
    with database.transaction() as conn:
        conn.execute("ALTER TABLE away RENAME TO devices")
    guard.commit([of_partition(1, 0, [reading(2)])])
    guard.close()
    with database.reading() as conn:
        row = conn.execute("SELECT sum(n)::int AS n FROM rollup_1m").fetchone()
    assert row == {"n": 1}
