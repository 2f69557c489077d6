"""Contestant: Faust as its manual says to go fast, `take` and one transaction for each batch."""

from __future__ import annotations

from typing import Any

import faust
import psycopg

from ioc.settings import Settings
from tests.benchmarks import faust_parts as parts
from tests.benchmarks import theirs

BATCH = 1_000
WITHIN_S = 0.5


async def store(conn: psycopg.AsyncConnection[Any], batch: theirs.Batch) -> None:
    """Do everything that follows from a batch, in one transaction."""
    async with conn.transaction(), conn.cursor() as cursor:
        async with cursor.copy(theirs.STAGE) as copy:
            for row in batch.rows:
                await copy.write_row(row)
        await cursor.execute(theirs.STORE_STAGED)
        raised = batch.raised(await cursor.fetchall())
        if raised:
            await cursor.executemany(theirs.RAISE, raised)
        if batch.dead:
            await cursor.executemany(theirs.BURY, batch.dead)


def make_app(settings: Settings) -> faust.App:
    """Return the app: one agent over all four topics."""
    app = parts.make_app("bench-faust-take", settings)

    @app.agent(parts.event_topic(app))
    async def events(stream: Any) -> None:
        async with await parts.connect(settings) as conn:
            await conn.execute(theirs.CREATE_STAGING)
            begun = False
            async for messages in stream.take_events(BATCH, within=WITHIN_S):
                if not begun:
                    await conn.execute(theirs.BEGIN)
                    begun = True
                await store(conn, theirs.read([parts.raw(message) for message in messages]))

    return app


if __name__ == "__main__":
    make_app(Settings()).main()
