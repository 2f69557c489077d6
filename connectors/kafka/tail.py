"""Where the partitions of the embedded broker end: it says the beginning of the last batch."""

from __future__ import annotations

import time
from collections.abc import Mapping

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ioc.errors import BrokerUnavailableError
from ioc.settings import Settings

TIMEOUT_S = 10.0
POLL_MS = 500
#: A batch must come out of the client whole; no producer of ours makes one of more.
RECORDS_MAX = 1_000_000

Ends = dict[tuple[str, int], tuple[int, int]]


def true_ends(settings: Settings, said: Mapping[tuple[str, int], tuple[int, int]]) -> Ends:
    """Return the first and the next offset of each partition, read from the records themselves.

    `said` is what `topics.ends` returns: of the embedded broker one beyond the first record of the
    last batch. It hands over whole batches, so asking for that record shows all of it. Apache Kafka
    needs none of this.

    Raises:
        BrokerUnavailableError: not every last batch came in time.
    """
    found: Ends = dict(said)
    waiting = {TopicPartition(*key): end for key, (start, end) in said.items() if start < end}
    if not waiting:
        return found
    deadline = time.monotonic() + TIMEOUT_S
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka.split(","),
            bootstrap_timeout_ms=int(TIMEOUT_S * 1000),
            enable_auto_commit=False,
            max_poll_records=RECORDS_MAX,
        )
        try:
            consumer.assign(list(waiting))
            for partition, end in waiting.items():
                consumer.seek(partition, end - 1)
            while waiting and time.monotonic() < deadline:
                for partition, records in consumer.poll(timeout_ms=POLL_MS).items():
                    key = (partition.topic, partition.partition)
                    found[key] = (said[key][0], records[-1].offset + 1)
                    waiting.pop(partition, None)
                consumer.pause(*[each for each in consumer.assignment() if each not in waiting])
        finally:
            consumer.close()
    except (KafkaError, RuntimeError) as error:  # the latter: a batch that it cannot unpack
        raise BrokerUnavailableError(f"Kafka at {settings.kafka}: {error}") from error
    if waiting:
        raise BrokerUnavailableError(
            f"Kafka at {settings.kafka} does not hand over the end of {min(waiting).topic}"
        )
    return found
