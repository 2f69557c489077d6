"""Alarms: lists, one, its life, and the moves of operators."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from api import alarm_moves
from api import cursor as cursors
from api.alarm_body import AlarmGroups, AlarmLog, AlarmObject, AlarmPage, LogLine
from api.alarm_moves import AlarmId, check_area
from api.auth import AskedArea, Caller, Viewer, seen_area
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.parts import Db
from api.problem import Problem, problems
from connectors.timescale import alarm_pages
from connectors.timescale.alarm_pages import After, Wanted
from connectors.timescale.alarms import as_json
from connectors.timescale.database import Database
from ioc.alarm import Alarm, State
from ioc.area import gazetteer
from ioc.area.spelling import unmarked
from ioc.severity import Severity

router = APIRouter(prefix="/alarms", tags=["alarms"])

#: A search is a few words; more of them only cost time.
WORDS_MAX = 8
_WORD = re.compile(r"[a-z0-9]+")

Listed = Annotated[
    str | None,
    Query(max_length=400, pattern=r"^[^\x00]*$", description="One, or several with commas."),
]
#: Groups are there to be looked at: more of them are a list again.
GROUPS_MAX = 500
Json = dict[str, Any]


# Looking ------------------------------------------------------------------------------------------


@router.get("", response_model=AlarmPage, summary="Alarms", responses=problems(400, 401, 403, 503))
def get_alarms(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    *,
    state: Listed = None,
    severity: Listed = None,
    area: AskedArea = None,
    source: Listed = None,
    rule: Listed = None,
    incident: Annotated[UUID | None, Query(description="Its alarms.")] = None,
    folded: Annotated[bool | None, Query(description="Those that a flood folds, or not.")] = None,
    latched: Annotated[bool | None, Query(description="Those that wait for a reset.")] = None,
    q: Annotated[str | None, Query(max_length=100, examples=["khoi dinh hoa"])] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Response:
    """Return the open alarms, most urgent first; with `state=normal` among others, newest first.

    `q` finds the beginnings of words in title and device, or the name of a commune, with or
    without accents.
    """
    states = _among(State, "state", state)
    words = _words(q) if q else []
    if q and not words:
        return _raw({"alarms": [], "next": None})
    wanted = Wanted(
        states=states,
        severities=_among(Severity, "severity", severity),
        area=seen_area(who, area),
        sources=listed(source),
        rules=listed(rule),
        incident=incident,
        folded=folded,
        latched=latched,
        words=" & ".join(f"{word}:*" for word in words) or None,
        named=_named(words),
    )
    after = after_cursor(cursor)
    read = alarm_pages.page if states and State.NORMAL in states else alarm_pages.open_page
    with db.reading() as conn:
        found = read(conn, wanted, after, limit)
        first = alarm_pages.first_out(conn, found)
    last = found[-1] if len(found) == limit else None
    return _raw(
        {
            "alarms": [as_json(alarm, alarm.id in first) for alarm in found],
            "next": last and cursors.written(last.severity.priority, last.raised_at, last.id),
        }
    )


def _raw(body: Json) -> Response:
    # A thousand alarms through the model of the document would take longer than all the rest.
    return Response(orjson.dumps(body), media_type="application/json")


@router.get(
    "/groups",
    summary="Alarms by rule and area",
    responses=problems(400, 401, 403, 503),
)
def get_groups(
    db: Db,
    who: Viewer,
    area: AskedArea = None,
    source: Listed = None,
) -> AlarmGroups:
    """Return the groups of the alarms in sight, most urgent first: how many, and which was first.

    At most 500; alarms that are shelved, suppressed or out of service are in none.
    """
    with db.reading() as conn:
        found = alarm_pages.groups(conn, seen_area(who, area), listed(source), GROUPS_MAX)
    return AlarmGroups.model_validate({"groups": found})


@router.get(
    "/{alarm_id}",
    response_model=AlarmObject,
    summary="One alarm",
    responses=problems(400, 401, 403, 404, 503),
)
def get_alarm(db: Db, who: Viewer, alarm_id: AlarmId) -> Json:
    """Return one alarm as it is now, open or over."""
    found = _seen(db, who, alarm_id)
    with db.reading() as conn:
        first = alarm_pages.first_out(conn, [found])
    return as_json(found, alarm_id in first)


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
    check_area(who, found)
    return found


def listed(text: str | None) -> list[str] | None:
    """Return the values of a parameter that lists them with commas; None when there are none."""
    values = [value.strip() for value in (text or "").split(",")]
    return [value for value in values if value] or None


def _among(words: Iterable[str], name: str, text: str | None) -> list[str] | None:
    values, known = listed(text), [str(word) for word in words]
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


def after_cursor(cursor: str | None) -> After | None:
    """Return the alarm that the page before ended with.

    Raises:
        Problem: 400, the cursor is not one of ours.
    """
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


router.include_router(alarm_moves.router)
