"""The ledger: who was told what, when, and what they answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import Operator, whole_province
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.parts import Db
from api.problem import problems
from api.span import reading
from connectors.timescale import deliveries
from ioc import clock

router = APIRouter(prefix="/deliveries", tags=["webhooks"])

HOURS_MAX = 24 * 31


class Attempt(BaseModel):
    """One try; no duration: it is under way, or the notifier was killed in it."""

    attempt: int
    at: datetime
    duration_ms: int | None
    status: int | None
    error: str | None


class Delivery(BaseModel):
    """One message to one endpoint; `id` is its `webhook-id` in every attempt."""

    id: UUID
    endpoint_id: UUID
    endpoint: str
    alarm_id: UUID
    seq: int
    type: str
    priority: int
    at: datetime
    state: Literal["pending", "delivered", "failed"]
    next_at: datetime | None
    attempt_count: int
    ended_at: datetime | None
    title: str | None = Field(description="Of the alarm, as it was then.")
    title_en: str | None
    area: str | None
    attempts: list[Attempt]


class DeliveryPage(BaseModel):
    """Deliveries, newest first; `attempts` are the last ones of each, oldest first."""

    deliveries: list[Delivery]
    next: str | None


class EndpointSummary(BaseModel):
    """One endpoint; `p50_ms` and `p99_ms` of the attempts that got through, null without any.

    `paused`: it fails, and a probe is sent to it now and then. `pending` is all that waits for it.
    """

    endpoint_id: UUID
    name: str
    state: Literal["running", "paused", "disabled"]
    disabled_reason: str | None
    failures: int
    p50_ms: int | None
    p99_ms: int | None
    delivered: int
    pending: int
    failed: int
    last_error: str | None
    last_error_at: datetime | None
    next_probe_at: datetime | None


class Summary(BaseModel):
    """Every endpoint by name, and the sums."""

    since: datetime
    endpoints: list[EndpointSummary]
    delivered: int
    pending: int
    failed: int


@router.get("/summary", summary="How each endpoint is", responses=problems(400, 401, 403, 503))
def get_summary(
    db: Db,
    who: Operator,
    hours: Annotated[int, Query(ge=1, le=HOURS_MAX, description="How far back.")] = 24,
) -> Summary:
    """Return what became of the messages of the last hours, by endpoint."""
    whole_province(who)
    since = clock.now() - timedelta(hours=hours)
    with reading(db) as conn:
        rows = deliveries.summary(conn, since)
    return Summary(
        since=since,
        endpoints=[EndpointSummary.model_validate(row) for row in rows],
        **{word: sum(row[word] for row in rows) for word in deliveries.STATES},
    )


@router.get("", summary="Deliveries", responses=problems(400, 401, 403, 503))
def get_deliveries(  # noqa: PLR0913 - each filter of the contract is a parameter
    db: Db,
    who: Operator,
    *,
    alarm: Annotated[UUID | None, Query(description="An alarm's id.")] = None,
    endpoint: Annotated[
        str | None, Query(max_length=100, description="Its name or id.", examples=["fire-police"])
    ] = None,
    state: Literal["pending", "delivered", "failed"] | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> DeliveryPage:
    """Return what was sent, and every attempt at it."""
    whole_province(who)
    with db.reading() as conn:
        rows, following = deliveries.page(
            conn, alarm_id=alarm, endpoint=endpoint, state=state, cursor=cursor, limit=limit
        )
    return DeliveryPage(deliveries=[Delivery.model_validate(row) for row in rows], next=following)
