"""The ledger: who was told what, when, and what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.auth import Operator, whole_province
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.parts import Db
from api.problem import problems
from connectors.timescale import deliveries

router = APIRouter(prefix="/deliveries", tags=["webhooks"])


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
    attempts: list[Attempt]


class DeliveryPage(BaseModel):
    """Deliveries, newest first; `attempts` are the last ones of each, oldest first."""

    deliveries: list[Delivery]
    next: str | None


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
