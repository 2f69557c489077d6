"""Moves that wait for a second person: looking, approving, rejecting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from api import alarm_moves
from api import cursor as cursors
from api.alarm_body import Approvals, Awaiting, Decision
from api.auth import Caller, Operator
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.parts import Db
from api.problem import Problem, problems
from connectors.timescale import approvals
from connectors.timescale.approvals import UndecidableError
from connectors.timescale.database import Database

router = APIRouter(prefix="/approvals", tags=["alarms"])

ApprovalId = Annotated[UUID, Path(examples=["9a3c1f52-3a53-4d9e-8f0b-0c2f5f3f7a10"])]
Decided = Annotated[Decision, Body()]
#: A decision without a body is one without a comment.
NOTHING_SAID = Decision()
State = Literal["pending", "approved", "rejected", "expired"]
_PROBLEMS = problems(400, 401, 403, 404, 409, 503)


@router.get(
    "",
    response_model=Approvals,
    summary="Moves that need a second person",
    responses=problems(400, 401, 403, 503),
)
def get_approvals(
    db: Db,
    who: Operator,
    state: Annotated[State | None, Query(examples=["pending"])] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> dict[str, Any]:
    """Return what was asked for, newest first; what nobody decides within 15 minutes expires."""
    after = cursors.read_time_and_id(cursor)
    with db.reading() as conn:
        found = approvals.page(conn, state, who.area, after, limit)
    last = found[-1] if len(found) == limit else None
    return {
        "approvals": [alarm_moves.approval_json(each) for each in found],
        "next": last and cursors.written(last.at, last.id),
    }


@router.post("/{approval_id}/approve", response_model=Awaiting, summary="Yes", responses=_PROBLEMS)
def approve(
    db: Db, who: Operator, approval_id: ApprovalId, body: Decided = NOTHING_SAID
) -> dict[str, Any]:
    """Have the move made; whoever asked for it cannot."""
    return _decided(db, who, approval_id, body, alarm_moves.approved)


@router.post("/{approval_id}/reject", response_model=Awaiting, summary="No", responses=_PROBLEMS)
def reject(
    db: Db, who: Operator, approval_id: ApprovalId, body: Decided = NOTHING_SAID
) -> dict[str, Any]:
    """Say no; whoever asked may also take it back so."""
    return _decided(db, who, approval_id, body, alarm_moves.rejected)


def _decided(
    db: Database,
    who: Caller,
    approval_id: UUID,
    body: Decision,
    decide: Callable[[Database, Caller, UUID, str, str | None], dict[str, Any]],
) -> dict[str, Any]:
    by = alarm_moves.name_of(who, body.by)
    try:
        return decide(db, who, approval_id, by, body.comment)
    except UndecidableError as error:
        extra = {"approval": alarm_moves.approval_json(error.approval)}
        raise Problem(409, error.why, code=error.code, extra=extra) from error
