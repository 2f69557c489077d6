"""What an API process is made of; opened in the lifespan, reached through the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from api.problem import Problem
from connectors.kafka.producer import Producer
from connectors.timescale.database import Database
from ioc.settings import Settings
from ioc.targets import Targets
from ioc.targets.reading import shipped


@dataclass(frozen=True, slots=True)
class Parts:
    """The open resources of one API process."""

    settings: Settings
    database: Database
    producer: Producer
    #: Whether the embedded broker has no room at the moment; real Kafka never says so.
    broker_is_full: Callable[[], bool]
    name: str
    started_at: datetime
    #: Whether Kafka did not answer a moment ago: then nobody has to wait to be told so.
    broker_is_away: Callable[[], bool] = field(default=lambda: False)
    #: What the site promises, as its file said when the process started.
    targets: Targets = field(default_factory=shipped)


def check_broker(of: Parts) -> None:
    """Refuse to publish while that cannot work.

    Raises:
        Problem: 503 with Retry-After.
    """
    if of.broker_is_full():
        raise come_back("broker_full", "the embedded broker is being drained")
    if of.broker_is_away():
        raise come_back("kafka_unavailable", "Kafka does not answer")


def come_back(code: str, why: str) -> Problem:
    """Return the 503 of what could not be published now."""
    return Problem(503, f"{why}; send the same again, nothing counts twice", code=code)


def parts(request: Request) -> Parts:
    """Return the parts of the application that answers this request."""
    return cast("Parts", request.app.state.parts)


def database(request: Request) -> Database:
    """Return the open database, for `Db`."""
    return parts(request).database


#: `def call(db: Db)`: the open database of this process.
Db = Annotated[Database, Depends(database)]
