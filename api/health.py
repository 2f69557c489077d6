"""Is this process alive, is it of use, and its figures for Prometheus."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from connectors.kafka.ping import answers
from connectors.timescale import processes
from connectors.timescale.database import Database
from connectors.timescale.processes import ALIVE_WITHIN, BEAT_EVERY_S
from ioc import clock
from ioc.errors import DatabaseUnavailableError
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS

log = logging.getLogger(__name__)
router = APIRouter(tags=["health"])

KIND = "api"
#: A sender must hear within 2 s that Kafka is away, also from a process that just started.
ASK_KAFKA_TIMEOUT_S = 1.5


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look at a part found; `missing` None: it answered."""

    at: datetime
    missing: str | None


class Pulse:
    """A thread that says each second that this process lives, and looks whether its parts do.

    `/readyz` reads what was seen last, so however many ask, the parts are asked once.
    """

    def __init__(
        self, settings: Settings, database: Database, name: str, started_at: datetime
    ) -> None:
        self._settings = settings
        self._database = database
        self._name = name
        self._started_at = started_at
        self._stop = threading.Event()
        self._seen: dict[str, Seen] = {}
        # Two threads: a database that hangs must not hide how Kafka is.
        self._threads = [
            threading.Thread(target=self._watch_database, name="pulse-database", daemon=True),
            threading.Thread(target=self._watch_kafka, name="pulse-kafka", daemon=True),
        ]

    def start(self) -> None:
        """Start looking."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop looking and sign off."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=ASK_KAFKA_TIMEOUT_S + 1)
        if self._missing("database", clock.now()) is not None:
            return
        try:
            with self._database.reading() as conn:
                processes.leave(conn, self._name)
        except DatabaseUnavailableError:
            log.info("no database to sign off from", extra={"action": "leave_processes"})

    def broker_is_away(self) -> bool:
        """Whether Kafka did not answer when it was asked last, at most a few seconds ago."""
        if "broker" not in self._seen:
            self._ask_kafka()
        return self._missing("broker", clock.now()) is not None

    def seen(self, now: datetime) -> dict[str, str | None]:
        """Return what is missing of each part; None: it answered within the last 10 s."""
        # Under `ioc up` this process speaks for all: there is one address to wait for.
        is_whole = self._settings.log_id is not None
        parts = ("database", "broker", *(("worker", "notifier") if is_whole else ()))
        return {part: self._missing(part, now) for part in parts}

    def _missing(self, part: str, now: datetime) -> str | None:
        seen = self._seen.get(part)
        if seen is None:
            return "not asked yet"
        if now - seen.at > ALIVE_WITHIN:
            return f"has not answered since {seen.at:%H:%M:%S}Z"
        return seen.missing

    def _watch_database(self) -> None:
        while not self._stop.is_set():
            now = clock.now()
            try:
                self._look_at_database(now)
            except DatabaseUnavailableError as error:
                if self._missing("database", now) is None:
                    log.warning("%s", error, extra={"action": "miss_database"})
                self._seen["database"] = Seen(clock.now(), "does not answer")
            self._stop.wait(BEAT_EVERY_S)

    def _look_at_database(self, now: datetime) -> None:
        with self._database.transaction() as conn:
            processes.beat(conn, self._name, KIND, self._started_at, now)
            living = processes.living(conn, now)
            log_id = self._settings.log_id  # the embedded broker's; it restarts us with a new one
            held = processes.held(conn, log_id, now) if log_id else set()
        self._seen["database"] = Seen(now, None)
        has_notifier = bool(living.get("notifier"))
        self._seen["notifier"] = Seen(now, None if has_notifier else "none has spoken for 10 s")
        wanted = {
            (topic, partition)
            for topic in EVENT_TOPICS
            for partition in range(self._settings.partitions)
        }
        unheld = len(wanted - held)
        says = f"{unheld} of {len(wanted)} partitions are held by none"
        self._seen["worker"] = Seen(now, says if unheld else None)

    def _watch_kafka(self) -> None:
        while not self._stop.is_set():
            self._ask_kafka()
            self._stop.wait(BEAT_EVERY_S)

    def _ask_kafka(self) -> None:
        does_answer = answers(self._settings.kafka, ASK_KAFKA_TIMEOUT_S)
        self._seen["broker"] = Seen(clock.now(), None if does_answer else "does not answer")


class Readiness(BaseModel):
    """Whether work can be done here; `missing` says what is not there, and since when."""

    ready: bool
    missing: dict[str, str] = Field(examples=[{}])


@router.get("/livez", summary="Does this process run")
async def livez() -> dict[str, str]:
    """Answer, which is all that there is to show."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    summary="Can work be done",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Something is missing"}},
)
async def readyz(request: Request) -> Response:
    """Say whether database and broker answer; under `ioc up` also the worker and the notifier."""
    pulse: Pulse = request.app.state.pulse
    missing = {part: why for part, why in pulse.seen(clock.now()).items() if why is not None}
    body: dict[str, Any] = {"ready": not missing, "missing": missing}
    return JSONResponse(body, status_code=503 if missing else 200)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics() -> Response:
    """Return the figures of this process; workers and notifiers have their own."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
