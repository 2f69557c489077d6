"""Endpoints that are told of alarms, and the ledger of what they were told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, Field

from api.auth import Admin, Operator, whole_province
from api.parts import Db, parts
from api.problem import Problem, problems
from connectors.outbound.webhook import check_url
from connectors.timescale import endpoints
from ioc import clock

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


class NewWebhook(BaseModel):
    """Where to send, and which alarms; no filter: all of them."""

    name: str = Field(min_length=1, max_length=100, examples=["fire-police"])
    url: str = Field(max_length=2048, examples=["https://hooks.example.org/ioc"])
    filter: dict[str, Any] | None = Field(
        None, examples=[{"severity": {"min": "high"}, "area": ["05443"]}]
    )


class Created(BaseModel):
    """The secret signs every message (Standard Webhooks); it is shown here and never again."""

    id: UUID
    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class Webhook(BaseModel):
    """One endpoint as it is now; `failing_since` null: it answers."""

    id: UUID
    name: str
    url: str
    filter: dict[str, Any]
    origin: str
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    next_probe_at: datetime | None


class Webhooks(BaseModel):
    """Every endpoint, by name."""

    webhooks: list[Webhook]


@router.post("", status_code=201, summary="Add one", responses=problems(400, 401, 403, 409, 503))
def post_webhook(
    request: Request, db: Db, who: Admin, webhook: Annotated[NewWebhook, Body()]
) -> Created:
    """Tell this address of alarms from now on.

    Private and loopback addresses are refused unless IOC_WEBHOOK_ALLOW_PRIVATE is on; what a name
    stands for is checked again at each attempt, on the address that is connected to.
    """
    whole_province(who)
    check_url(webhook.url, parts(request).settings.webhook_allow_private)
    wanted = webhook.filter or {}
    _check_storable(wanted)
    with db.transaction() as conn:
        endpoint_id, secret = endpoints.create(conn, webhook.name, webhook.url, wanted, clock.now())
    return Created(id=endpoint_id, secret=secret)


@router.get("", summary="Webhooks", responses=problems(401, 403, 503))
def get_webhooks(db: Db, who: Operator) -> Webhooks:
    """Return every endpoint, without its secret."""
    whole_province(who)
    with db.reading() as conn:
        rows = endpoints.list_all(conn)
    return Webhooks(webhooks=[Webhook.model_validate(row) for row in rows])


@router.delete(
    "/{webhook_id}", status_code=204, summary="Remove one", responses=problems(401, 403, 404, 503)
)
def delete_webhook(
    db: Db,
    who: Admin,
    webhook_id: Annotated[UUID, Path(examples=["7f2c0d5e-6f0f-4b52-9b0b-0d6f7a1f2c3d"])],
) -> None:
    """Tell it nothing more; the ledger of what it was told stays."""
    whole_province(who)
    with db.transaction() as conn:
        endpoints.delete(conn, webhook_id)


def _check_storable(wanted: dict[str, Any]) -> None:
    """Refuse what JSON can say and the database cannot keep: NUL, half a surrogate pair, NaN."""
    text = json.dumps(wanted)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Problem(400, "filter: a value in it is no text and no number") from None
    if "\\u0000" in text:
        raise Problem(400, "filter: a text in it holds a NUL character")
