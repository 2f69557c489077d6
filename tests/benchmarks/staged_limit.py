"""The limit: our staged transaction alone, rows already built, on one connection.

It reads all records, in the order of their arrival, and builds what each transaction sends; only
then the clock starts: stage, insert what is new, count, commit, and nothing else. The statements
are the worker's own (intake.sql, rollups.sql). The first argument says how many records one
transaction has.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiokafka

from connectors.timescale import database, intake, rollups, staging
from connectors.timescale.intake import Placed
from ioc.area import place_many
from ioc.event import Event, decode
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from tests.benchmarks.theirs import BEGIN

#: When nothing more has come for so long, that was all.
SILENCE_MS = 2_000
FETCH_RECORDS = 20_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

#: A minute since 1970, and the source, area, kind and severity of a series.
Cell = tuple[int, tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class Block:
    """What one transaction sends: a document of `COPY`, and counts as one statement has them."""

    document: bytes
    partition: int
    counts: Counter[Cell]

    def store(self, conn: database.Conn, series: dict[tuple[str, str, str, str], int]) -> None:
        """Do the transaction, as `intake.store` and `Rollups.count` do it."""
        minutes, words, n = zip(
            *((minute, words, n) for (minute, words), n in self.counts.items()), strict=True
        )
        with conn.transaction():
            staging.EVENTS.send(conn, self.document)
            conn.execute(intake.SQL["store"]).fetchall()
            conn.execute(
                rollups.SQL["count"],
                {
                    "partition": self.partition,
                    "minute": list(minutes),
                    "series": [series[each] for each in words],
                    "n": list(n),
                },
            )


async def read_all(bootstrap: str) -> list[Any]:
    """Return every record of the four topics, in the order of their arrival."""
    consumer = aiokafka.AIOKafkaConsumer(
        *EVENT_TOPICS, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    records: list[Any] = []
    try:
        while found := await consumer.getmany(timeout_ms=SILENCE_MS, max_records=FETCH_RECORDS):
            for of_partition in found.values():
                records += of_partition
    finally:
        await consumer.stop()
    return sorted(records, key=lambda record: (record.timestamp, record.topic, record.offset))


def blocks(records: Sequence[Any], size: int) -> Iterator[Block]:
    """Cut the records into transactions; one that was in a block before is not counted again."""
    known: set[tuple[datetime, str]] = set()
    for start in range(0, len(records), size):
        rows = placed(records[start : start + size])
        new = [row for row in rows if (row.event.time, row.event.id) not in known]
        known |= {(row.event.time, row.event.id) for row in new}
        counts = Counter([_cell(row) for row in new])
        if new:
            yield Block(intake.packed(rows), rows[0].partition, counts)


def placed(records: Sequence[Any]) -> list[Placed]:
    """Read and place records; a resend among them is left out, as the worker does."""
    found: dict[tuple[datetime, str], Placed] = {}
    for record in records:
        received_at = _EPOCH + record.timestamp * _MILLISECOND
        event = decode(record.value, record.headers, record.topic, received_at)
        if isinstance(event, Event):
            row = Placed(event, record.partition, record.offset)
            found.setdefault((event.time, event.id), row)
    events = [row.event for row in found.values()]
    places = place_many(
        [event.area for event in events],
        [event.lat for event in events],
        [event.lon for event in events],
    )
    for event, place in zip(events, places, strict=True):
        event.area = place.code
    return list(found.values())


def _cell(row: Placed) -> Cell:
    event = row.event
    words = (event.source, row.area, event.kind, event.severity or "")
    return int(event.time.timestamp()) // 60, words


def numbered(
    conn: database.Conn, wanted: Sequence[tuple[str, str, str, str]]
) -> dict[tuple[str, str, str, str], int]:
    """Return the numbers of series, which the worker has in its memory."""
    names = ("source", "area", "kind", "severity")
    asked = dict(zip(names, map(list, zip(*wanted, strict=True)), strict=True))
    conn.execute(rollups.SQL["add_series"], asked)
    rows = conn.execute(rollups.SQL["find_series"], asked)
    return {(row["source"], row["area"], row["kind"], row["severity"]): row["id"] for row in rows}


def main() -> None:
    """Build all blocks, say that it begins, and store them one after the other."""
    settings = Settings()
    records = asyncio.run(read_all(settings.kafka))
    built = list(blocks(records, int(sys.argv[1])))
    conn = database.connect(settings.database_url.get_secret_value(), "bench-limit")
    staging.prepare(conn)
    series = numbered(conn, sorted({words for each in built for _, words in each.counts}))
    conn.execute(BEGIN)
    for block in built:
        block.store(conn, series)
    signal.pause()  # the bench reads what it used, then ends it


if __name__ == "__main__":
    main()
