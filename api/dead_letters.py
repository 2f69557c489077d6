"""Records that could not be used: why, and again."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, Field

from api import cursor as cursors
from api.auth import Operator, whole_province
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.examples import EVENT
from api.parts import Db, check_broker, parts
from api.problem import Problem, problems
from connectors.retry import retry
from connectors.timescale import dead_letters, looks
from ioc import clock
from ioc.event import Reason, Refusal

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])


class DeadLetter(BaseModel):
    """A record that could not be used, and where it stands in Kafka."""

    id: int
    at: datetime
    topic: str
    partition: int
    offset: int
    received_at: datetime
    source: str
    reason: str
    detail: str
    bytes: int
    retried_at: datetime | None
    retried_by: str | None
    seen_at: datetime | None
    discarded_at: datetime | None
    discarded_by: str | None
    discard_reason: str | None


class DeadLetterPage(BaseModel):
    """Dead letters, newest first; `next` is the cursor of the following page."""

    dead_letters: list[DeadLetter]
    next: str | None


class DeadLetterWhole(DeadLetter):
    """With its bytes; `text` is null when they are not UTF-8."""

    text: str | None
    base64: str
    headers: list[tuple[str, str]]


class Fixed(BaseModel):
    """A corrected event that takes the place of the bytes."""

    value: dict[str, Any] = Field(examples=[EVENT])


class Retried(BaseModel):
    """What was published, and where."""

    id: int
    topic: str
    retried_at: datetime


LetterId = Annotated[int, Path(ge=1, lt=2**63, examples=[1])]


@router.get("", summary="Dead letters", responses=problems(400, 401, 403, 503))
def get_dead_letters(
    db: Db,
    who: Operator,
    *,
    source: Annotated[str | None, Query(max_length=256, examples=["fire"])] = None,
    reason: Annotated[Reason | None, Query(examples=["schema"])] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> DeadLetterPage:
    """Return what could not be used, newest first, without the bytes."""
    whole_province(who)
    before = cursors.read_number(cursor)
    with db.reading() as conn:
        rows = dead_letters.page(conn, source=source, reason=reason, before=before, limit=limit + 1)
    shown = [DeadLetter.model_validate(row) for row in rows[:limit]]
    return DeadLetterPage(
        dead_letters=shown,
        next=cursors.written(shown[-1].id) if len(rows) > limit else None,
    )


@router.get("/{letter_id}", summary="One with its bytes", responses=problems(401, 403, 404, 503))
def get_dead_letter(db: Db, who: Operator, letter_id: LetterId) -> DeadLetterWhole:
    """Return one dead letter with its bytes, which may be personal data: the look is logged."""
    whole_province(who)
    with db.transaction() as conn:
        letter = dead_letters.one(conn, letter_id)
        looks.log(conn, who.name, [f"dead letter {letter_id}"], clock.now())
        dead_letters.mark_seen(conn, letter_id, clock.now())
    try:
        text = letter.raw.decode()
    except UnicodeDecodeError:
        text = None
    return DeadLetterWhole(
        **letter.row,
        text=text,
        base64=base64.b64encode(letter.raw).decode(),
        headers=[(name, value.decode(errors="replace")) for name, value in letter.headers],
    )


@router.post(
    "/{letter_id}/retry", summary="Try one again", responses=problems(400, 401, 403, 404, 503)
)
def retry_dead_letter(
    request: Request,
    who: Operator,
    letter_id: LetterId,
    fixed: Annotated[Fixed | None, Body()] = None,
) -> Retried:
    """Publish it again, as it was or as the corrected event in `value`.

    400 says that it would be refused once more, and why; nothing is published then.
    """
    whole_province(who)
    of, now = parts(request), clock.now()
    check_broker(of)
    outcome = retry(
        of.database,
        of.producer,
        letter_id,
        by=who.name,
        now=now,
        # This writer takes all that a body can hold; the event's own reader judges it.
        value=json.dumps(fixed.value).encode() if fixed else None,
    )
    if isinstance(outcome, Refusal):
        raise Problem(
            400,
            f"it would be refused again: {outcome.detail}; send the corrected event as value",
            code=outcome.reason.value,
        )
    return Retried(id=letter_id, topic=outcome.topic, retried_at=now)
