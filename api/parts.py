"""What an API process is made of; opened in the lifespan, reached through the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from connectors.kafka.producer import Producer
from connectors.timescale.database import Database
from ioc.settings import Settings


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


def parts(request: Request) -> Parts:
    """Return the parts of the application that answers this request."""
    return cast("Parts", request.app.state.parts)


def database(request: Request) -> Database:
    """Return the open database, for `Db`."""
    return parts(request).database


#: `def call(db: Db)`: the open database of this process.
Db = Annotated[Database, Depends(database)]
