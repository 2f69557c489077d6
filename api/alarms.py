"""Alarms: lists, one, its life, and the moves of operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from api import cursor as cursors
from api.alarm_body import (
    AlarmLog,
    AlarmObject,
    AlarmPage,
    Assign,
    Close,
    LogLine,
    Move,
    Remark,
    Shelve,
)
from api.auth import Caller, Operator, Viewer, seen_area
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.parts import Db
from api.problem import Problem, problems
from connectors.timescale import alarm_pages
from connectors.timescale.alarm_pages import After, Wanted
from connectors.timescale.alarms import as_json, move
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc import clock
from ioc.alarm import Alarm, NotAllowed, State, Transition
from ioc.area import gazetteer
from ioc.area.spelling import unmarked
from ioc.severity import Severity

router = APIRouter(prefix="/alarms", tags=["alarms"])

#: A search is a few words; more of them only cost time.
WORDS_MAX = 8
_WORD = re.compile(r"[a-z0-9]+")

AlarmId = Annotated[UUID, Path(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])]
Listed = Annotated[
    str | None,
    Query(max_length=400, pattern=r"^[^\x00]*$", description="One, or several with commas."),
]
Said = Annotated[Move, Body()]
#: A move without a body is one without a comment.
NOTHING_SAID = Move()
Json = dict[str, Any]
_MOVE_PROBLEMS = problems(400, 401, 403, 404, 409, 503)


# Looking ------------------------------------------------------------------------------------------


@router.get("", response_model=AlarmPage, summary="Alarms", responses=problems(400, 401, 403, 503))
def get_alarms(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    *,
    state: Listed = None,
    severity: Listed = None,
    area: Annotated[str | None, Query(max_length=10)] = None,
    source: Listed = None,
    rule: Listed = None,
    q: Annotated[str | None, Query(max_length=100, examples=["khoi dinh hoa"])] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Json:
    """Return the open alarms, most urgent first; with `state=normal` among others, newest first.

    `q` finds the beginnings of words in title and device, or the name of a commune, with or
    without accents.
    """
    states = _among(State, "state", state)
    words = _words(q) if q else []
    if q and not words:
        return {"alarms": [], "next": None}
    wanted = Wanted(
        states=states,
        severities=_among(Severity, "severity", severity),
        area=seen_area(who, area),
        sources=_split(source),
        rules=_split(rule),
        words=" & ".join(f"{word}:*" for word in words) or None,
        named=_named(words),
    )
    after = _after(cursor)
    read = alarm_pages.page if states and State.NORMAL in states else alarm_pages.open_page
    with db.reading() as conn:
        found = read(conn, wanted, after, limit)
    last = found[-1] if len(found) == limit else None
    return {
        "alarms": [as_json(alarm) for alarm in found],
        "next": last and cursors.written(last.severity.priority, last.raised_at, last.id),
    }


@router.get(
    "/{alarm_id}",
    response_model=AlarmObject,
    summary="One alarm",
    responses=problems(400, 401, 403, 404, 503),
)
def get_alarm(db: Db, who: Viewer, alarm_id: AlarmId) -> Json:
    """Return one alarm as it is now, open or over."""
    return as_json(_seen(db, who, alarm_id))


@router.get(
    "/{alarm_id}/log",
    summary="The life of an alarm",
    responses=problems(400, 401, 403, 404, 503),
)
def get_alarm_log(
    db: Db, who: Viewer, alarm_id: AlarmId, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
) -> AlarmLog:
    """Return every step of its life, oldest first, with who and why."""
    after = cursors.read_number(cursor) or 0
    _seen(db, who, alarm_id)
    with db.reading() as conn:
        steps = alarm_pages.log(conn, alarm_id, after, limit)
    following = cursors.written(steps[-1].seq) if len(steps) == limit else None
    return AlarmLog(log=[LogLine.model_validate(step) for step in steps], next=following)


def _seen(db: Database, who: Caller, alarm_id: UUID) -> Alarm:
    with db.reading() as conn:
        found = alarm_pages.one(conn, alarm_id)
    if found is None:
        raise Problem(404, f"there is no alarm {alarm_id}")
    _check_area(who, found)
    return found


def _check_area(who: Caller, alarm: Alarm) -> None:
    if who.area not in {None, alarm.area}:
        raise Problem(403, f"this key sees area {who.area} only", code="other_area")


def _split(listed: str | None) -> list[str] | None:
    values = [value.strip() for value in (listed or "").split(",")]
    return [value for value in values if value] or None


def _among(words: Iterable[str], name: str, listed: str | None) -> list[str] | None:
    values, known = _split(listed), [str(word) for word in words]
    for value in values or []:
        if value not in known:
            raise Problem(400, f"{name} is one of {', '.join(known)}", code=name)
    return values


def _words(text: str) -> list[str]:
    """Return the words of a text as they are searched: without accents, in small letters."""
    return _WORD.findall(unmarked(text).lower())[:WORDS_MAX]


def _named(words: list[str]) -> tuple[str, ...]:
    """Return the communes in whose name every word begins a word."""
    if not words:
        return ()
    return tuple(
        area.code
        for area in gazetteer().communes
        if all(any(part.startswith(word) for part in _words(area.full_name)) for word in words)
    )


def _after(cursor: str | None) -> After | None:
    if not cursor:
        return None
    priority, raised_at, alarm_id = cursors.read(cursor, 3)
    try:
        at, found = datetime.fromisoformat(raised_at), UUID(alarm_id)
    except ValueError:
        at, found = None, None
    if at is None or found is None or at.tzinfo is None or priority not in {"1", "2", "3", "4"}:
        raise Problem(400, "this cursor is not one of ours", code="cursor")
    return After(int(priority), at, found)


# Moving -------------------------------------------------------------------------------------------


def _moved(
    db: Database,
    who: Caller,
    alarm_id: UUID,
    body: Move,
    decide: Callable[[Alarm, str, datetime], Transition],
) -> Json:
    """Make a move for a caller; 409 with the alarm as it is when it is not allowed."""
    by = who.name if who.is_named else body.by or who.name
    now = clock.now()
    seen = _severity_seen(db, alarm_id, body)

    def decided(alarm: Alarm) -> Transition:
        _check_area(who, alarm)
        if seen is not None and alarm.severity.priority < seen.priority:
            why = f"the severity rose from {seen} to {alarm.severity}; look again"
            raise NotAllowed(alarm, "severity", why)
        return decide(alarm, by, now)

    try:
        return as_json(move(db, alarm_id, decided))
    except NotAllowed as error:
        extra = {"alarm": as_json(error.alarm)}
        raise Problem(409, error.why, code=error.code, extra=extra) from error


def _severity_seen(db: Database, alarm_id: UUID, body: Move) -> Severity | None:
    if body.severity is not None or body.version is None:
        return body.severity
    with db.reading() as conn:
        return alarm_pages.severity_at(conn, alarm_id, body.version)


def _move_route(name: str, summary: str) -> Callable[[Callable[..., Json]], Callable[..., Json]]:
    return router.post(
        f"/{{alarm_id}}/{name}",
        response_model=AlarmObject,
        summary=summary,
        responses=_MOVE_PROBLEMS,
    )


@_move_route("acknowledge", "I know")
def acknowledge(db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID) -> Json:
    """Say that somebody knows; an alarm whose condition is over ends with it."""
    return _moved(
        db,
        who,
        alarm_id,
        body,
        lambda alarm, by, now: life.acknowledge(alarm, by, now, body.comment),
    )


@_move_route("unacknowledge", "Nobody knows any more")
def unacknowledge(db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID) -> Json:
    """Take an acknowledgement back."""
    return _moved(
        db,
        who,
        alarm_id,
        body,
        lambda alarm, by, now: life.unacknowledge(alarm, by, now, body.comment),
    )


@_move_route("shelve", "Set aside for a while")
def shelve(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Shelve, Body()]) -> Json:
    """Set aside until a time, with a reason; what is still true then rings again."""
    return _moved(
        db,
        who,
        alarm_id,
        body,
        lambda alarm, by, now: life.shelve(alarm, body.ends_at(now), by, now, body.comment),
    )


@_move_route("unshelve", "Take back from the shelf")
def unshelve(db: Db, who: Operator, alarm_id: AlarmId, body: Said = NOTHING_SAID) -> Json:
    """Take back before its time; who does it knows of the alarm."""
    return _moved(
        db, who, alarm_id, body, lambda alarm, by, now: life.unshelve(alarm, by, now, body.comment)
    )


@_move_route("assign", "Give it to somebody")
def assign(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Assign, Body()]) -> Json:
    """Give it to somebody, or take it from them."""
    return _moved(
        db,
        who,
        alarm_id,
        body,
        lambda alarm, by, now: life.assign(alarm, body.assignee, by, now, body.comment),
    )


@_move_route("comment", "Add a remark")
def comment(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Remark, Body()]) -> Json:
    """Add a remark, in any state."""
    return _moved(
        db, who, alarm_id, body, lambda alarm, by, now: life.comment(alarm, body.comment, by, now)
    )


@_move_route("close", "Over")
def close(db: Db, who: Operator, alarm_id: AlarmId, body: Annotated[Close, Body()]) -> Json:
    """End the occurrence and say what it was; a condition that is still true may raise another."""
    return _moved(
        db,
        who,
        alarm_id,
        body,
        lambda alarm, by, now: life.close(alarm, body.code, by, now, body.comment),
    )
