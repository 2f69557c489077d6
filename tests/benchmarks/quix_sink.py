"""Contestant: Quix Streams, a batching sink that stores each checkpoint in one transaction."""

from __future__ import annotations

from typing import Any

from quixstreams import Application
from quixstreams.sinks import BaseSink

from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from tests.benchmarks import theirs
from tests.benchmarks.theirs import Raw, headers_of

#: Records of all partitions for one checkpoint, and with it for one transaction.
COMMIT_EVERY = 10_000
#: What does not fill a checkpoint waits this long; and so long for a record that does not come.
COMMIT_WITHIN_S, POLL_S = 0.5, 0.1
#: The embedded broker lets a group of librdkafka's begin half of this later (the default: 45 s).
SESSION_TIMEOUT_MS = 6_000


class StagedSink(BaseSink):  # type: ignore[misc]  # the types are in another environment
    """Keeps what was added until the checkpoint; a `BatchingSink` writes each partition alone."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._url = settings.database_url.get_secret_value()
        self._records: list[Raw] = []

    def setup(self) -> None:
        """Connect."""
        self._writer = theirs.Writer(self._url)

    def add(  # noqa: PLR0913, PLR0917 - the framework's signature
        self,
        value: bytes,
        key: bytes | None,
        timestamp: int,
        headers: Any,
        topic: str,
        partition: int,
        offset: int,
    ) -> None:
        """Keep a record."""
        if not self._records:
            self._writer.begin()
        self._records.append(
            Raw(topic, partition, offset, timestamp, key, value, headers_of(headers))
        )

    def flush(self) -> None:
        """Store what was kept; the framework commits the offsets after it."""
        records, self._records = self._records, []
        if records:
            self._writer.store(theirs.read(records))

    def on_paused(self) -> None:
        """Forget what will be read again."""
        self._records.clear()


def make_app(settings: Settings) -> Application:
    """Return the app: a dataframe for each of the four topics, all into one sink."""
    app = Application(
        broker_address=settings.kafka,
        consumer_group="bench-quix",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=COMMIT_EVERY,
        commit_interval=COMMIT_WITHIN_S,
        consumer_poll_timeout=POLL_S,
        consumer_extra_config={"session.timeout.ms": SESSION_TIMEOUT_MS},
    )
    sink = StagedSink(settings)
    for name in EVENT_TOPICS:
        topic = app.topic(name, value_deserializer="bytes", key_deserializer="bytes")
        app.dataframe(topic).sink(sink)
    return app


if __name__ == "__main__":
    make_app(Settings()).run()
