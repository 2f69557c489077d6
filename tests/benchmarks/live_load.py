"""Events into the broker at an even pace, from a process of its own that costs next to nothing.

Started by `tests.benchmarks.latency`. Everything is made, packed and compressed before it says
`ready`; told `go`, it only hands batches to the broker, 20 times a second. Then it says how well it
kept its pace.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from connectors.kafka.producer import Record
from ioc import clock
from tests.benchmarks.load import make_load

TICK_S = 0.05
BATCH_BYTES = 1024 * 1024
PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Parcel:
    """Packed records of one partition that go out together."""

    topic: str
    partition: int
    batch: BatchBuilder


def place(record: Record) -> tuple[str, int]:
    """Return where a record goes: what bears one key goes to one partition."""
    return record.topic, zlib.crc32(record.key or b"") % PARTITIONS


def packed(producer: AIOKafkaProducer, records: Sequence[Record]) -> list[Parcel]:
    """Return the records of one tick, packed by partition."""
    found = []
    for (topic, partition), of_place in itertools.groupby(sorted(records, key=place), place):
        batch = producer.create_batch()
        for record in of_place:
            fits = batch.append(key=record.key, value=record.value, timestamp=record.timestamp_ms)
            assert fits is not None, f"a tick holds more than {BATCH_BYTES} bytes of a partition"
        batch.close()
        found.append(Parcel(topic, partition, batch))
    return found


def ticks(records: Sequence[Record], rate: int) -> Iterator[Sequence[Record]]:
    """Yield what is due in each tick."""
    sent = number = 0
    while sent < len(records):
        number += 1
        due = min(round(number * TICK_S * rate), len(records))
        yield records[sent:due]
        sent = due


async def send_all(kafka: str, rate: int, seconds: float) -> None:
    """Make everything, wait for the word, send it at its pace."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka,
        acks="all",
        max_batch_size=BATCH_BYTES,
        compression_type="gzip",
        linger_ms=0,
    )
    await producer.start()
    try:
        records = make_load(max(1, round(rate * seconds)), clock.now()).records
        parcels = [packed(producer, of_tick) for of_tick in ticks(records, rate)]
        gc.collect()
        gc.freeze()  # it stays, and to look through it again and again would cost the pace
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.monotonic()
        behind_s = 0.0
        acknowledged = []
        for number, of_tick in enumerate(parcels):
            due = began + number * TICK_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            behind_s = max(behind_s, time.monotonic() - due)
            acknowledged += [
                await producer.send_batch(each.batch, each.topic, partition=each.partition)
                for each in of_tick
            ]
        await asyncio.gather(*acknowledged)
        took_s = time.monotonic() - began
    finally:
        await producer.stop()
    said = {"events": len(records), "events_per_s": len(records) / took_s, "behind_s": behind_s}
    print(json.dumps(said), flush=True)


def main() -> None:
    """Send; see the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kafka")
    parser.add_argument("--rate", type=int, required=True, help="events a second")
    parser.add_argument("--seconds", type=float, required=True)
    asked = parser.parse_args()
    asyncio.run(send_all(asked.kafka, asked.rate, asked.seconds))


if __name__ == "__main__":
    main()
