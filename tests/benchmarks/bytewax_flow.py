"""Contestant: Bytewax, its Kafka source and an output that stores each batch in one transaction.

Without a recovery store, as the fastest way that it has.
"""

from __future__ import annotations

from typing import Any

from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from tests.benchmarks import theirs
from tests.benchmarks.theirs import Raw, headers_of

#: Records of one partition that the source hands on together.
BATCH = 10_000


class StagedPartition(StatelessSinkPartition):  # type: ignore[misc]  # types: another environment
    """Stores what the dataflow hands over."""

    def __init__(self, url: str) -> None:
        self._writer = theirs.Writer(url)

    def write_batch(self, items: list[Any]) -> None:
        """Read, place and store a batch."""
        self._writer.begin()
        self._writer.store(theirs.read([_raw(message) for message in items]))


class StagedSink(DynamicSink):  # type: ignore[misc]  # types: another environment
    """A connection for each worker of the dataflow; there is one."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url.get_secret_value()

    def build(self, step_id: str, worker_index: int, worker_count: int) -> StagedPartition:
        """Connect."""
        return StagedPartition(self._url)


def make_flow() -> Dataflow:
    """Return the flow; `bytewax.run` calls this."""
    settings = Settings()
    flow = Dataflow("bench_bytewax")
    records = op.input(
        "records", flow, KafkaSource([settings.kafka], list(EVENT_TOPICS), batch_size=BATCH)
    )
    op.output("store", records, StagedSink(settings))
    return flow


def _raw(message: Any) -> Raw:
    return Raw(
        message.topic,
        message.partition,
        message.offset,
        message.timestamp[1],
        message.key,
        message.value,
        headers_of(message.headers),
    )
