"""The Faust app: who reads what. One straight page."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import faust
from faust.types import TP
from yarl import URL

from connectors.timescale import offsets
from connectors.timescale.database import Conn, connect
from connectors.timescale.offsets import Hold
from ioc import clock, metrics
from ioc.errors import DatabaseUnavailableError
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from streams.committer import Brief
from streams.committers import CommitterProcess
from streams.ledger import StoredPositions
from streams.own_http import is_fresh, serve
from streams.pipeline import Pipeline
from streams.transport import BatchConsumer, BatchTransport
from streams.watchdog import Watchdog

log = logging.getLogger(__name__)

#: Faust would kick out a worker that waits for its database; our watchdog knows the difference.
MAX_POLL_INTERVAL_S = 7 * 24 * 3600.0
HOLD_EVERY_S = 1.0
ASK_ENDS_EVERY_S = 2.0


class BatchSchema(faust.Schema[Any, Any]):
    """Batches arrive as they are: decoding is ours."""

    def loads_key(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """Return the key as it is."""
        return message.key

    def loads_value(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """Return the batch as it is."""
        return message.value


def make_app(settings: Settings, brief: Brief) -> faust.App:
    """Return a worker that reads every source's topic into the database."""
    url = settings.database_url.get_secret_value()
    app = faust.App(
        settings.group,
        broker=[URL(f"kafka://{server}") for server in settings.kafka.split(",")],
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 4,
        broker_max_poll_interval=MAX_POLL_INTERVAL_S,
        consumer_max_fetch_size=settings.fetch_bytes,
        consumer_auto_offset_reset="none",  # positions are ours, and a missing one is an error
        store="memory://",
        datadir=Path(tempfile.gettempdir()) / "ioc-worker",  # nothing is kept there: no tables
        stream_buffer_maxsize=2,  # batches, not records
        stream_wait_empty=False,  # the fence makes a batch that is still on its way harmless
        table_standby_replicas=1,  # 0 would mean a round-robin that is not co-partitioned
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    committers = [CommitterProcess(brief) for _ in range(settings.committers)]
    pipeline = Pipeline(committers, settings.batch_rows, app.crash)
    app.transport = BatchTransport(
        app.conf.broker,
        app,
        ledger=StoredPositions(url, brief.logs, pipeline.settle),
        trust_ends=settings.log_id is None,
    )
    watchdog = Watchdog(
        lambda: _standing(pipeline.consumer),
        lambda: pipeline.waits_for_database,
        settings.watchdog_s,
    )
    holder = Holder(url, brief.logs)

    @app.agent(app.topic(*EVENT_TOPICS, schema=BatchSchema()), name="events")
    async def events(stream: Any) -> None:
        pipeline.consumer = cast("BatchConsumer", app.consumer)
        if not watchdog.is_alive():
            watchdog.start()
        async for event in stream.noack().events():
            await pipeline.take(event)

    async def hold() -> None:
        pipeline.consumer = cast("BatchConsumer", app.consumer)
        holds = _holds(pipeline.consumer, pipeline.processed_at)
        await asyncio.to_thread(holder.say, holds, clock.now())

    async def ask_ends() -> None:
        await cast("BatchConsumer", app.consumer).ask_ends()

    app.timer(HOLD_EVERY_S, name="hold")(hold)
    app.timer(ASK_ENDS_EVERY_S, name="ask_ends")(ask_ends)

    async def answer() -> None:
        host, port = settings.metrics_host, settings.worker_metrics_port
        await serve(host, port, lambda now: is_fresh(holder.said_at, now), asyncio.Event())

    app.task(answer)
    app.on_before_shutdown.connect(_closing(pipeline, watchdog), weak=False)
    return app


def _closing(pipeline: Pipeline, watchdog: Watchdog) -> Any:
    async def close(*_: Any, **__: Any) -> None:
        watchdog.stop()
        await asyncio.to_thread(pipeline.close)

    return close


class Holder:
    """Says each second which partitions this worker holds and how far it is with each."""

    def __init__(self, url: str, logs: Mapping[str, str]) -> None:
        self._url = url
        self._logs = logs
        self._conn: Conn | None = None
        self.said_at: datetime | None = None
        self.name = f"{socket.gethostname()}:{os.getpid()}"

    def say(self, holds: list[Hold], now: datetime) -> None:
        """Write the rows; a database that is away is the guard's to wait for, not ours."""
        try:
            if self._conn is None or self._conn.closed:
                self._conn = connect(self._url, "ioc worker hold")
            for topic in sorted({held.topic for held in holds}):
                of_topic = [held for held in holds if held.topic == topic]
                offsets.hold(self._conn, self._logs[topic], of_topic, self.name, now)
            self.said_at = now
        except DatabaseUnavailableError:
            self._conn = None


def _holds(consumer: BatchConsumer, processed_at: Mapping[TP, datetime]) -> list[Hold]:
    lag: dict[str, int] = dict.fromkeys(EVENT_TOPICS, 0)
    holds = []
    for tp, position in sorted(consumer.stored.items()):
        if tp not in consumer.assignment():
            continue
        lag[tp.topic] += consumer.lag(tp)
        progress_at = consumer.empty_since(tp) or processed_at.get(tp)
        holds.append(Hold(tp.topic, tp.partition, position, progress_at))
    for topic, records in lag.items():
        metrics.WORKER_LAG.labels(topic).set(records)
    return holds


def _standing(consumer: BatchConsumer | None) -> Mapping[str, tuple[int, int]]:
    if consumer is None:
        return {}
    held = consumer.assignment()
    return {
        f"{tp.topic}[{tp.partition}]": (position, consumer.lag(tp))
        for tp, position in list(consumer.stored.items())
        if tp in held
    }
