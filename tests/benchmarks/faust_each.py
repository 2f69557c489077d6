"""Contestant: Faust as its manual begins, an insert for each event."""

from __future__ import annotations

from typing import Any

import faust
import psycopg
from faust.types import EventT

from ioc.event import Refusal
from ioc.settings import Settings
from tests.benchmarks import faust_parts as parts

STORE = f"""
WITH fresh AS (
    INSERT INTO events ({parts.COLUMNS})
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (time, id) DO NOTHING
    RETURNING time, source, area, kind, severity, partition
)
INSERT INTO rollup_1m (minute, source, area, kind, severity, partition, n)
SELECT date_trunc('minute', time), source, area, kind, coalesce(severity, ''), partition, 1
FROM fresh
ON CONFLICT (minute, source, area, kind, severity, partition)
DO UPDATE SET n = rollup_1m.n + excluded.n
"""  # noqa: S608 - the columns are a constant


async def store(conn: psycopg.AsyncConnection[Any], message: EventT[Any]) -> None:
    """Store and count one event; a fire and its alarm go together."""
    event = parts.read(message)
    if isinstance(event, Refusal):
        await conn.execute(parts.BURY, parts.dead_row(event, message))
        return
    row = parts.event_row(event, message)
    if not parts.is_fire(event):
        await conn.execute(STORE, row)
        return
    async with conn.transaction():
        stored = await conn.execute(STORE, row)
        if stored.rowcount:
            await conn.execute(parts.RAISE, parts.alarm_row(event))


def make_app(settings: Settings) -> faust.App:
    """Return the app: one agent over all four topics."""
    app = parts.make_app("bench-faust", settings)

    @app.agent(parts.event_topic(app))
    async def events(stream: Any) -> None:
        async with await parts.connect(settings) as conn:
            begun = False
            async for message in stream.events():
                if not begun:
                    await conn.execute(parts.BEGIN)
                    begun = True
                await store(conn, message)

    return app


if __name__ == "__main__":
    make_app(Settings()).main()
