"""What the two plain Faust apps share: the app, its topics, and a message as a record."""

from __future__ import annotations

from typing import Any

import faust
import psycopg
from faust.types import EventT

from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from tests.benchmarks.theirs import Raw, headers_of

#: The embedded broker lets a group begin half of this later (Faust's default: 60 s).
SESSION_TIMEOUT_S = 6.0


def make_app(name: str, settings: Settings) -> faust.App:
    """Return a Faust app as its manual shows one, on the product's topics."""
    return faust.App(
        name,
        broker=f"kafka://{settings.kafka}",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_session_timeout=SESSION_TIMEOUT_S,
    )


def event_topic(app: faust.App) -> Any:
    """Return the four topics as one channel of raw bytes."""
    return app.topic(*EVENT_TOPICS, key_serializer="raw", value_serializer="raw")


async def connect(settings: Settings) -> psycopg.AsyncConnection[Any]:
    """Open a connection in autocommit mode."""
    url = settings.database_url.get_secret_value()
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


def raw(event: EventT[Any]) -> Raw:
    """Return a message of Faust's as a record."""
    message: Any = event.message
    return Raw(
        message.topic,
        message.partition,
        message.offset,
        round(message.timestamp * 1000),
        message.key,
        message.value,
        headers_of(message.headers),
    )
