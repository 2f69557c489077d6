"""The moves of operators: decided on the locked row, refused with the alarm as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, NoReturn
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Path
from starlette.responses import Response

from api.alarm_body import (
    AlarmObject,
    Assign,
    Awaiting,
    Close,
    Move,
    OutOfService,
    Remark,
    Shelve,
)
from api.auth import Caller, Operator
from api.parts import Db
from api.problem import Problem, problems
from connectors.timescale import alarm_pages, alarms, approvals, philosophies, suppressions
from connectors.timescale.alarms import as_json
from connectors.timescale.approvals import Approval, Asked
from connectors.timescale.database import Conn, Database
from ioc import alarm as life
from ioc import clock
from ioc.alarm import Alarm, Hidden, NotAllowed, State, Transition
from ioc.alarm.move import z
from ioc.errors import NotFoundError
from ioc.severity import Severity
from ioc.suppression import hiding

router = APIRouter()

AlarmId = Annotated[UUID, Path(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])]
Said = Annotated[Move, Body()]
#: A move without a body is one without a comment.
NOTHING_SAID = Move()

#: What a move does to the locked alarm: with its body, by whom, when.
Decide = Callable[[Conn, Alarm, Any, str, datetime], Transition]


@dataclass(frozen=True, slots=True)
class Deed:
    """A kind of move. `may_ring`: it takes the suppressions' lock before the alarm's row."""

    body: type[Move]
    decide: Decide
    may_ring: bool = False


def check_area(who: Caller, alarm: Alarm) -> None:
    """Refuse a key that sees another area only."""
    if who.area not in {None, alarm.area}:
        raise Problem(403, f"this key sees area {who.area} only", code="other_area")


def name_of(who: Caller, said: str | None) -> str:
    """Return who moves; what the body says counts only while authentication is off."""
    return who.name if who.is_named else said or who.name


# What each move does ------------------------------------------------------------------------------


def _shelved(conn: Conn, alarm: Alarm, body: Shelve, by: str, now: datetime) -> Transition:
    longest = philosophies.newest(conn).shelve_max.get(alarm.severity, life.SHELF_MAX)
    until = body.ends_at(now, longest)
    return life.shelve(
        alarm,
        until,
        by,
        now,
        body.comment,
        limit=longest,
        one_shot=body.one_shot,
        reason=body.reason,
    )


def _removed(conn: Conn, alarm: Alarm, body: OutOfService, by: str, now: datetime) -> Transition:
    row = suppressions.take_out(
        conn, alarm, by=by, reason=body.comment, review_at=body.review_at, now=now
    )
    hidden = Hidden(State.OUT_OF_SERVICE, (row.as_reason(),))
    return life.remove_from_service(alarm, by, now, body.comment, hidden=hidden)


def _returned(conn: Conn, alarm: Alarm, body: Move, by: str, now: datetime) -> Transition:
    suppressions.put_back(conn, alarm, by, body.comment, now)
    hidden = hiding(suppressions.live(conn, now), alarm, now)
    return life.return_to_service(alarm, by, now, body.comment, hidden=hidden)


def _simple(move: Callable[[Alarm, str, datetime, str | None], Transition]) -> Decide:
    return lambda _, alarm, body, by, now: move(alarm, by, now, body.comment)


DEEDS: Mapping[str, Deed] = {
    "acknowledge": Deed(Move, _simple(life.acknowledge)),
    "unacknowledge": Deed(Move, _simple(life.unacknowledge)),
    "shelve": Deed(Shelve, _shelved),
    "unshelve": Deed(Move, _simple(life.unshelve)),
    "reset": Deed(Move, _simple(life.reset)),
    "remove-from-service": Deed(OutOfService, _removed),
    "return-to-service": Deed(Move, _returned, may_ring=True),
    "assign": Deed(
        Assign,
        lambda _, alarm, body, by, now: life.assign(alarm, body.assignee, by, now, body.comment),
    ),
    "comment": Deed(
        Remark, lambda _, alarm, body, by, now: life.comment(alarm, body.comment, by, now)
    ),
    "close": Deed(
        Close,
        lambda _, alarm, body, by, now: life.close(
            alarm, body.code, by, now, body.comment, duplicate_of=body.of
        ),
    ),
}


# Moving -------------------------------------------------------------------------------------------


def done(  # noqa: PLR0913 - who moves what how, and who agrees
    conn: Conn,
    alarm_id: UUID,
    move: str,
    body: Move,
    by: str,
    now: datetime,
    *,
    agreed: Callable[[Alarm], str | None],
) -> Alarm:
    """Make a move inside a transaction and return the alarm after it.

    `agreed` looks at the locked alarm before anything is done; what it returns is added to the
    comment.

    Raises:
        NotFoundError: there is no such alarm.
        NotAllowed: not in the state, or the severity, that it is in now.
    """
    deed = DEEDS[move]
    if deed.may_ring:
        suppressions.live(conn, now)

    def decided(alarm: Alarm) -> Transition:
        added = agreed(alarm)
        _check_severity(conn, alarm, body)
        step = deed.decide(conn, alarm, body, by, now)
        said = "; ".join(each for each in (step.comment, added) if each)
        return replace(step, comment=said or None)

    return alarms.moved(conn, alarm_id, decided)


def refused(db: Database, error: NotAllowed) -> NoReturn:
    """Answer 409 with the alarm as it is, and who changed it last."""
    with db.reading() as conn:
        last = alarm_pages.last_change(conn, error.alarm.id)
    changed = last and {"by": last.by, "at": z(last.at), "type": last.type}
    extra = {**error.extra, "alarm": as_json(error.alarm), "changed": changed}
    raise Problem(409, error.why, code=error.code, extra=extra) from error


def approval_json(found: Approval) -> dict[str, object]:
    """Return the approval object of the API."""
    times = {name: z(getattr(found, name)) for name in ("at", "expires_at", "decided_at")}
    values = {name: getattr(found, name) for name in Approval.__slots__}
    return {**values, **times, "id": str(found.id)}


def _moved(db: Database, who: Caller, alarm_id: UUID, move: str, body: Move) -> Response:
    """Make a move for a caller, or ask a second person for it (202) when the alarm wants two."""
    by, now = name_of(who, body.by), clock.now()

    class _AskFirstError(Exception):
        pass

    def agreed(alarm: Alarm) -> None:
        check_area(who, alarm)
        if move in alarm.two_person:
            raise _AskFirstError

    try:
        with db.transaction() as conn:
            moved = done(conn, alarm_id, move, body, by, now, agreed=agreed)
        return _raw(as_json(moved))
    except _AskFirstError:
        return _asked(db, alarm_id, move, body, by)
    except NotAllowed as error:
        refused(db, error)


def _asked(db: Database, alarm_id: UUID, move: str, body: Move, by: str) -> Response:
    """Store the wish for a move that would be allowed now; asked twice is asked once."""
    now = clock.now()
    try:
        with db.transaction() as conn:
            with conn.transaction(force_rollback=True):
                done(conn, alarm_id, move, body, by, now, agreed=lambda _: None)
            alarm = alarms.lock(conn, [alarm_id])[alarm_id]
            said = body.model_dump(mode="json", exclude_none=True, exclude={"by"})
            asked, is_new = approvals.ask(conn, Asked(str(alarm_id), move, said, by), now)
            _check_wish(alarm, asked, said)
            if is_new:
                step = life.requested(alarm, move, by, now, body.comment)
                alarms.apply(conn, [step])
                alarm = step.alarm
    except NotAllowed as error:
        refused(db, error)
    return _raw({"alarm": as_json(alarm), "approval": approval_json(asked)}, 202)


def _check_wish(alarm: Alarm, waiting: Approval, said: Mapping[str, object]) -> None:
    """Refuse a wish for the move that waits already, but otherwise: it would be lost."""
    beside = {"comment", "version", "severity"}
    asked = [{name: body[name] for name in body.keys() - beside} for body in (waiting.body, said)]
    if asked[0] != asked[1]:
        why = f"{waiting.by} has asked for it otherwise; approve or reject that first"
        raise NotAllowed(alarm, "asked", why, {"approval": approval_json(waiting)})


def _check_severity(conn: Conn, alarm: Alarm, body: Move) -> None:
    """Refuse a move on an old sight of the alarm when it is more severe by now."""
    seen = _severity_seen(conn, alarm.id, body)
    if seen is not None and alarm.severity.priority < seen.priority:
        why = f"the severity rose from {seen} to {alarm.severity}; look again"
        raise NotAllowed(alarm, "severity", why)


def _severity_seen(conn: Conn, alarm_id: UUID, body: Move) -> Severity | None:
    if body.severity is not None or body.version is None:
        return body.severity
    return alarm_pages.severity_at(conn, alarm_id, body.version)


def _raw(body: Mapping[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


# The calls ----------------------------------------------------------------------------------------


def _route(name: str, summary: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    waiting = {"model": Awaiting, "description": "A second person must approve it."}
    return router.post(
        f"/{{alarm_id}}/{name}",
        response_model=AlarmObject,
        summary=summary,
        responses={202: waiting, **problems(400, 401, 403, 404, 409, 503)},
    )


@_route("acknowledge", "I know")
def acknowledge(db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID) -> Response:
    """Say that somebody knows; an alarm whose condition is over ends with it."""
    return _moved(db, who, alarm_id, "acknowledge", body)


@_route("unacknowledge", "Nobody knows any more")
def unacknowledge(db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID) -> Response:
    """Take an acknowledgement back."""
    return _moved(db, who, alarm_id, "unacknowledge", body)


@_route("shelve", "Set aside for a while")
def shelve(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Shelve, Body()]) -> Response:
    """Set aside until a time, with a reason; what is still true then rings again."""
    return _moved(db, who, alarm_id, "shelve", body)


@_route("unshelve", "Take back from the shelf")
def unshelve(db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID) -> Response:
    """Take back before its time; who does it knows of the alarm."""
    return _moved(db, who, alarm_id, "unshelve", body)


@_route("reset", "Let a latched alarm go")
def reset(db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID) -> Response:
    """End a latched alarm whose condition is over and that somebody has acknowledged."""
    return _moved(db, who, alarm_id, "reset", body)


@_route("remove-from-service", "Out of service")
def remove_from_service(
    db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[OutOfService, Body()]
) -> Response:
    """Hide this rule and key, now and later, until somebody returns it to service."""
    return _moved(db, who, alarm_id, "remove-from-service", body)


@_route("return-to-service", "Back in service")
def return_to_service(
    db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID
) -> Response:
    """End its time out of service; what is still true rings again."""
    return _moved(db, who, alarm_id, "return-to-service", body)


@_route("assign", "Give it to somebody")
def assign(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Assign, Body()]) -> Response:
    """Give it to somebody, or take it from them."""
    return _moved(db, who, alarm_id, "assign", body)


@_route("comment", "Add a remark")
def comment(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Remark, Body()]) -> Response:
    """Add a remark, in any state."""
    return _moved(db, who, alarm_id, "comment", body)


@_route("close", "Over")
def close(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Close, Body()]) -> Response:
    """End the occurrence and say what it was; a condition that is still true may raise another."""
    return _moved(db, who, alarm_id, "close", body)


# Approving ----------------------------------------------------------------------------------------


def approved(db: Database, who: Caller, approval_id: UUID, by: str, comment: str | None) -> Any:
    """Make the move that somebody asked for, in their name; return the approval and the alarm.

    Raises:
        Problem: 409, the alarm is not as it has to be.
        ioc.errors.ConflictError: whoever asked approves, or it is decided already.
    """
    now = clock.now()
    asked = _known(db, approval_id)
    body = DEEDS[asked.move].body.model_validate(dict(asked.body))
    try:
        with db.transaction() as conn:
            decided: list[Approval] = []

            def agreed(alarm: Alarm) -> str:
                check_area(who, alarm)
                decided.append(approvals.decide(conn, approval_id, "approved", by, now))
                return f"approved by {by}" + (f": {comment}" if comment else "")

            alarm = done(
                conn, UUID(asked.subject_id), asked.move, body, asked.by, now, agreed=agreed
            )
    except NotAllowed as error:
        refused(db, error)
    return {"approval": approval_json(decided[0]), "alarm": as_json(alarm)}


def rejected(db: Database, who: Caller, approval_id: UUID, by: str, comment: str | None) -> Any:
    """Say no to a move that somebody asked for; return the approval and the alarm."""
    now = clock.now()
    asked = _known(db, approval_id)
    with db.transaction() as conn:
        decided: list[Approval] = []

        def said_no(alarm: Alarm) -> Transition:
            check_area(who, alarm)
            decided.append(approvals.decide(conn, approval_id, "rejected", by, now))
            return life.rejected(alarm, asked.move, by, now, comment)

        alarm = alarms.moved(conn, UUID(asked.subject_id), said_no)
    return {"approval": approval_json(decided[0]), "alarm": as_json(alarm)}


def _known(db: Database, approval_id: UUID) -> Approval:
    with db.reading() as conn:
        found = approvals.one(conn, approval_id)
    if found is None or found.subject != approvals.ALARM:
        raise NotFoundError(f"there is no approval {approval_id}")
    return found
