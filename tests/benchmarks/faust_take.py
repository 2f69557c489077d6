"""Contestant: Faust as its manual says to go fast, `take` and one transaction for each batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import faust
import psycopg
from faust.types import EventT

from ioc.event import Event, Refusal
from ioc.settings import Settings
from tests.benchmarks import faust_parts as parts

BATCH = 1_000
WITHIN_S = 0.5

STAGING = """
CREATE TEMP TABLE staged (
    time timestamptz, id uuid, received_at timestamptz, source text, type text, ce_source text,
    ce_id text, subject text, area text, device text, ref text, kind text, severity text,
    lat double precision, lon double precision, partition int, "offset" bigint, data jsonb
) ON COMMIT DELETE ROWS
"""
STAGE = f"COPY staged ({parts.COLUMNS}) FROM STDIN"
STORE = f"""
WITH fresh AS (
    INSERT INTO events ({parts.COLUMNS}) SELECT {parts.COLUMNS} FROM staged
    ON CONFLICT (time, id) DO NOTHING
    RETURNING time, source, ce_source, ce_id, area, kind, severity, partition
), counted AS (
    INSERT INTO rollup_1m (minute, source, area, kind, severity, partition, n)
    SELECT date_trunc('minute', time), source, area, kind, coalesce(severity, ''), partition,
        count(*)
    FROM fresh GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (minute, source, area, kind, severity, partition)
    DO UPDATE SET n = rollup_1m.n + excluded.n
)
SELECT ce_source, ce_id FROM fresh WHERE source = 'fire'
"""  # noqa: S608 - the columns are a constant


async def store(conn: psycopg.AsyncConnection[Any], messages: Sequence[EventT[Any]]) -> None:
    """Do everything that follows from a batch, in one transaction."""
    pairs = [(parts.read(message), message) for message in messages]
    dead = [parts.dead_row(each, message) for each, message in pairs if isinstance(each, Refusal)]
    async with conn.transaction(), conn.cursor() as cursor:
        async with cursor.copy(STAGE) as copy:
            for event, message in pairs:
                if isinstance(event, Event):
                    await copy.write_row(parts.event_row(event, message))
        await cursor.execute(STORE)
        fresh = set(await cursor.fetchall())
        fires = {
            (event.ce_source, event.ce_id): event
            for event, _ in pairs
            if isinstance(event, Event) and parts.is_fire(event)
        }
        raised = [parts.alarm_row(event) for key, event in fires.items() if key in fresh]
        if raised:
            await cursor.executemany(parts.RAISE, raised)
        if dead:
            await cursor.executemany(parts.BURY, dead)


def make_app(settings: Settings) -> faust.App:
    """Return the app: one agent over all four topics."""
    app = parts.make_app("bench-faust-take", settings)

    @app.agent(parts.event_topic(app))
    async def events(stream: Any) -> None:
        async with await parts.connect(settings) as conn:
            await conn.execute(STAGING)
            begun = False
            async for messages in stream.take_events(BATCH, within=WITHIN_S):
                if not begun:
                    await conn.execute(parts.BEGIN)
                    begun = True
                await store(conn, messages)

    return app


if __name__ == "__main__":
    make_app(Settings()).main()
