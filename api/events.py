"""Events in, over HTTP, and the events that were stored."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from api import cursor as cursors
from api.auth import Caller, Sender, Viewer, seen_area
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.examples import BATCH_OF_EVENTS, EVENT
from api.intake import BATCH, STRUCTURED, Intake, Refused, taken
from api.parts import Db, Parts, check_broker, come_back, parts
from api.problem import Problem, problems
from connectors.timescale import events, looks
from connectors.timescale.database import Conn
from connectors.timescale.keys import Role
from ioc import clock
from ioc.errors import BrokerUnavailableError
from ioc.metrics import API_EVENTS
from ioc.source import BY_NAME

log = logging.getLogger(__name__)
router = APIRouter(tags=["events"])

#: Together less than the 2 s in which a sender is told that Kafka is away.
PUBLISH_TIMEOUT_S = 1.4
TURN_TIMEOUT_S = 0.4
#: Bodies that are read and published at a time; the pool of threads has other calls to answer.
PUBLISHING_MAX = 8


class RefusedEvent(BaseModel):
    """An event that was not taken: its place in the body, a reason code, a sentence."""

    index: int = Field(examples=[1])
    code: str = Field(examples=["schema"])
    detail: str = Field(examples=["data.score: Input should be less than or equal to 1"])


class Accepted(BaseModel):
    """Kafka has `accepted` events; the others are named."""

    accepted: int = Field(examples=[1])
    refused: list[RefusedEvent]


class KafkaPlace(BaseModel):
    """Where the record of an event stands in Kafka."""

    topic: str
    partition: int
    offset: int


class StoredEvent(BaseModel):
    """One event as it is stored; `area` is where it was placed, times are UTC.

    `kafka` is where it came from, the first of its copies; for operators and admins.
    """

    time: datetime
    id: UUID
    received_at: datetime
    source: str
    type: str
    ce_source: str
    ce_id: str
    subject: str | None
    area: str
    area_unknown: str | None
    device: str | None
    kind: str
    severity: str | None
    lat: float | None
    lon: float | None
    data: dict[str, Any]
    kafka: KafkaPlace | None


class EventPage(BaseModel):
    """Events, newest first; `next` is the cursor of the following page, null on the last."""

    events: list[StoredEvent]
    next: str | None


_BODY = {
    "required": True,
    "content": {
        STRUCTURED: {"schema": {"type": "object"}, "example": EVENT},
        BATCH: {
            "schema": {"type": "array", "items": {"type": "object"}, "maxItems": 1000},
            "example": BATCH_OF_EVENTS,
        },
    },
}


@router.post(
    "/events",
    status_code=202,
    summary="Send events",
    openapi_extra={"requestBody": _BODY},
    responses=problems(400, 401, 403, 413, 415, 503),
)
async def post_events(request: Request, who: Sender) -> Accepted:
    """Take one CloudEvent, a batch of up to 1,000, or one in binary mode (`ce-` headers).

    202 means that Kafka has the accepted ones; the refused ones will be refused again. After a 503
    send the whole body again: what arrived twice counts once.
    """
    body = await request.body()
    publishing: anyio.CapacityLimiter = request.app.state.publishing
    with anyio.move_on_after(TURN_TIMEOUT_S) as turn:
        await publishing.acquire()
    if turn.cancelled_caught:
        raise come_back("busy", "Kafka is slow at the moment")
    try:
        return await anyio.to_thread.run_sync(
            _take, parts(request), body, dict(request.headers), who
        )
    finally:
        publishing.release()


def _take(of: Parts, body: bytes, headers: dict[str, str], who: Caller) -> Accepted:
    intake = taken(body, headers, clock.now(), who.area)
    API_EVENTS.labels("refused").inc(len(intake.refused))
    if intake.refused:
        log.info(
            "refused %d of %d events of %s, first: %s",
            len(intake.refused),
            len(intake.refused) + len(intake.records),
            who.name,
            intake.refused[0].code,
            extra={"action": "refuse_events"},
        )
        if not intake.records:
            raise _nothing_usable(intake)
    check_broker(of)
    try:
        of.producer.publish(intake.records, PUBLISH_TIMEOUT_S)
    except BrokerUnavailableError as error:
        log.warning("%s", error, extra={"action": "miss_kafka"})
        raise come_back("kafka_unavailable", "Kafka does not answer") from error
    API_EVENTS.labels("accepted").inc(len(intake.records))
    return Accepted(accepted=len(intake.records), refused=_shown(intake.refused))


def _nothing_usable(intake: Intake) -> Problem:
    first = intake.refused[0]
    is_too_large = len(intake.refused) == 1 and first.code == "too_large"
    return Problem(
        413 if is_too_large else 400,
        f"no event can be used; the first: {first.detail}",
        code="too_large" if is_too_large else "nothing_usable",
        extra={
            "accepted": 0,
            "refused": [refused.model_dump() for refused in _shown(intake.refused)],
        },
    )


def _shown(refused: tuple[Refused, ...]) -> list[RefusedEvent]:
    return [RefusedEvent(index=one.index, code=one.code, detail=one.detail) for one in refused]


Text = Annotated[str | None, Query(max_length=256)]


@router.get("/events", summary="Stored events", responses=problems(400, 401, 403, 503))
def get_events(  # noqa: PLR0913 - each filter of the contract is a parameter
    db: Db,
    who: Viewer,
    *,
    source: Annotated[Text, Query(examples=["fire"])] = None,
    area: Annotated[Text, Query(description="A commune's code.", examples=["05443"])] = None,
    device: Text = None,
    start: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> EventPage:
    """Return events with time in [from, to), newest first.

    A reporter's name and phone are shown to operators and admins only, and each look is logged;
    `kafka` is for these too.
    """
    asked = events.Asked(
        source=source,
        area=seen_area(who, area),
        device=device,
        start=start,
        end=end,
        before=cursors.read_time_and_id(cursor),
    )
    with db.transaction() as conn:
        try:
            rows = events.page(conn, asked, limit + 1)
        except TimeoutError as error:
            raise Problem(400, f"{error}: narrow them with from and to", code="too_broad") from None
        shown = rows[:limit]
        _guard_reporters(conn, shown, who)
    last = shown[-1] if len(rows) > limit else None
    return EventPage(
        events=[_stored(row, who) for row in shown],
        next=cursors.written(last["time"], last["id"]) if last else None,
    )


def _stored(row: dict[str, Any], who: Caller) -> StoredEvent:
    place = KafkaPlace(
        topic=BY_NAME[row["source"]].topic, partition=row["partition"], offset=row["offset"]
    )
    return StoredEvent(**row, kafka=place if who.may(Role.OPERATOR) else None)


def _guard_reporters(conn: Conn, rows: list[dict[str, Any]], who: Caller) -> None:
    """Take the reporters out of the rows, or log that they are shown."""
    personal = [row for row in rows if "reporter" in row["data"]]
    if who.may(Role.OPERATOR):
        whats = [f"reporter of {row['ce_source']} {row['ce_id']}" for row in personal]
        looks.log(conn, who.name, whats, clock.now())
        return
    for row in personal:
        del row["data"]["reporter"]
