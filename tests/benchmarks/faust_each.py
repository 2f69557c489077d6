"""Contestant: Faust as its manual begins, an insert for each event."""

from __future__ import annotations

from typing import Any

import faust
import psycopg

from ioc.settings import Settings
from tests.benchmarks import faust_parts as parts
from tests.benchmarks import theirs

STORE = f"""
WITH fresh AS (
    INSERT INTO events ({theirs.COLUMNS})
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (time, id) DO NOTHING
    RETURNING time, source, area, kind, severity
)
INSERT INTO bench_rollup (minute, source, area, kind, severity, n)
SELECT date_trunc('minute', time), source, area, kind, coalesce(severity, ''), 1
FROM fresh
ON CONFLICT (minute, source, area, kind, severity)
DO UPDATE SET n = bench_rollup.n + excluded.n
"""  # noqa: S608 - the columns are a constant


async def store(conn: psycopg.AsyncConnection[Any], record: theirs.Raw) -> None:
    """Store and count one event; a fire and its alarm go together."""
    batch = theirs.read((record,))
    for dead in batch.dead:
        await conn.execute(theirs.BURY, dead)
    for row in batch.rows:
        if not batch.fires:
            await conn.execute(STORE, row)
            continue
        async with conn.transaction():
            stored = await conn.execute(STORE, row)
            if stored.rowcount:
                for alarm in batch.raised(batch.fires):
                    await conn.execute(theirs.RAISE, alarm)


def make_app(settings: Settings) -> faust.App:
    """Return the app: one agent over all four topics."""
    app = parts.make_app("bench-faust", settings)

    @app.agent(parts.event_topic(app))
    async def events(stream: Any) -> None:
        async with await parts.connect(settings) as conn:
            begun = False
            async for message in stream.events():
                if not begun:
                    await conn.execute(theirs.BEGIN)
                    begun = True
                await store(conn, parts.raw(message))

    return app


if __name__ == "__main__":
    make_app(Settings()).main()
