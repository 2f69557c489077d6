"""What hides alarms, what is hidden now, and the ledger of both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Path, Query

from api import cursor as cursors
from api.auth import AskedArea, Caller, Operator, Viewer, seen_area
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.parts import Db
from api.problem import Problem, problems
from api.suppression_body import (
    End,
    HiddenPage,
    Json,
    NewSuppression,
    SuppressionObject,
    SuppressionPage,
    SuppressionWithLog,
)
from connectors.timescale import philosophies, suppression_pages, suppressions
from connectors.timescale.alarms import as_json as alarm_json
from connectors.timescale.database import Conn
from connectors.timescale.suppressions import EndedError, FullError
from ioc import clock
from ioc.alarm import Alarm, State
from ioc.area import gazetteer
from ioc.severity import Severity
from ioc.suppression import Kind, Matcher, Suppression, repeated, turn

router = APIRouter(prefix="/suppressions", tags=["alarms"])

#: Longest turn of a maintenance window.
WINDOW_MAX = timedelta(days=30)
#: Nobody plans further.
AHEAD_MAX = timedelta(days=2 * 366)
LOG_LINES_MAX = 200

SuppressionId = Annotated[UUID, Path(examples=["d3b6a4a0-5d5b-4f5e-8f0b-0c2f5f3f7a11"])]


# Looking ------------------------------------------------------------------------------------------


@router.get(
    "",
    response_model=SuppressionPage,
    summary="Suppressions",
    responses=problems(400, 401, 403, 503),
)
def get_suppressions(
    db: Db,
    who: Viewer,
    *,
    kind: Annotated[Kind | None, Query(examples=["maintenance"])] = None,
    state: Annotated[Literal["live", "ended"] | None, Query(examples=["live"])] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Json:
    """Return what hides alarms or did, newest first; `live` is what has not ended, planned too."""
    after = cursors.read_time_and_id(cursor)
    now = clock.now()
    with db.reading() as conn:
        found = suppression_pages.page(
            conn,
            kind=kind,
            is_ended=None if state is None else state == "ended",
            area=who.area,
            after=after,
            limit=limit,
        )
    last = found[-1] if len(found) == limit else None
    return {
        "suppressions": [as_json(each, now) for each in found],
        "next": last and cursors.written(last.created_at, last.id),
    }


@router.get(
    "/hidden",
    response_model=HiddenPage,
    summary="What is hidden now",
    responses=problems(400, 401, 403, 503),
)
def get_hidden(
    db: Db,
    who: Viewer,
    area: AskedArea = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Json:
    """Return every open alarm that does not ring for some reason, most urgent first.

    Each counts once, by its strongest reason; the counts are of all pages.
    """
    seen = seen_area(who, area)
    after = cursors.read_urgency(cursor)
    with db.reading() as conn:
        counts = suppression_pages.hidden_counts(conn, seen)
        found = suppression_pages.hidden_page(conn, seen, after, limit)
    last = found[-1][0] if len(found) == limit else None
    return {
        "counts": counts.by_reason,
        "would_ring": counts.would_ring,
        "hidden": [_hidden_json(alarm, since) for alarm, since in found],
        "next": last and cursors.written(last.severity.priority, last.raised_at, last.id),
    }


@router.get(
    "/{suppression_id}",
    response_model=SuppressionWithLog,
    summary="One suppression",
    responses=problems(400, 401, 403, 404, 503),
)
def get_suppression(db: Db, who: Viewer, suppression_id: SuppressionId) -> Json:
    """Return one suppression and what became of it."""
    with db.reading() as conn:
        found = suppressions.one(conn, suppression_id)
        if found is None:
            raise Problem(404, f"there is no suppression {suppression_id}")
        _check_area(who, found.matcher, is_looking=True)
        lines = suppression_pages.log(conn, suppression_id, LOG_LINES_MAX)
    return {**as_json(found, clock.now()), "log": lines}


def as_json(found: Suppression, now: datetime) -> Json:
    """Return the suppression object of the API."""
    state = "live" if found.is_live(now) else "planned"
    rule = found.recurrence and found.recurrence.partition("RRULE:")[2]
    return {
        "id": str(found.id),
        "kind": found.kind.value,
        "state": "ended" if found.ended_at is not None else state,
        "name": found.name,
        "matcher": found.matcher.to_json(),
        "reason": found.reason,
        "by": found.by,
        "parent_alarm": found.parent_alarm and str(found.parent_alarm),
        "from": found.from_at,
        "until": found.until_at,
        "recurrence": rule,
        "duration_minutes": found.duration_s and found.duration_s / 60,
        "origin": found.origin,
        "created_at": found.created_at,
        "begun_at": found.begun_at,
        "review_at": found.review_at,
        "ended_at": found.ended_at,
        "ended_by": found.ended_by,
    }


def _hidden_json(alarm: Alarm, since: datetime | None) -> Json:
    found: Json = {"alarm": alarm_json(alarm), "since": since, "why": None, "by": None}
    found |= {"until": None, "would_ring": alarm.active or alarm.latched}
    if alarm.state is State.SHELVED:
        found |= {"reason": "shelved", "why": alarm.shelve_reason, "by": alarm.shelved_by}
        found["until"] = alarm.shelved_until
    elif alarm.is_hidden:
        first: Mapping[str, str | None] = alarm.hidden_by[0] if alarm.hidden_by else {}
        is_out = alarm.state is State.OUT_OF_SERVICE
        found["reason"] = Kind.OUT_OF_SERVICE.value if is_out else first.get("kind") or "silence"
        found |= {"why": first.get("reason"), "by": first.get("by"), "until": first.get("until")}
    else:
        found |= {"reason": "folded", "would_ring": alarm.state is State.UNACKNOWLEDGED}
    return found


# Making and ending --------------------------------------------------------------------------------


@router.post(
    "",
    status_code=201,
    response_model=SuppressionObject,
    summary="Hide alarms",
    responses=problems(400, 401, 403, 409, 503),
)
def post_suppression(db: Db, who: Operator, body: Annotated[NewSuppression, Body()]) -> Json:
    """Hide what a matcher takes, with a reason, until a time; it is in force at once.

    409 `time`: longer than the site allows for the worst severity that it may hide, with `limit_s`.
    """
    now = clock.now()
    with db.transaction() as conn:
        made = _made(conn, who, body, now)
        try:
            suppressions.make(conn, made)
        except FullError as error:
            raise Problem(409, str(error), code="full") from error
    return as_json(made, now)


@router.post(
    "/{suppression_id}/end",
    response_model=SuppressionObject,
    summary="Let ring again",
    responses=problems(400, 401, 403, 404, 409, 503),
)
def end_suppression(
    db: Db, who: Operator, suppression_id: SuppressionId, body: Annotated[End, Body()]
) -> Json:
    """End it for good, also one that would come again; what it hides and is true rings."""
    now = clock.now()
    with db.transaction() as conn:
        known = suppressions.one(conn, suppression_id)
        if known is not None:
            _check_area(who, known.matcher)
        try:
            found = suppressions.end(conn, suppression_id, _by(who, body.by), body.comment, now)
        except EndedError as error:
            raise Problem(409, str(error), code="ended") from error
    return as_json(found, now)


def _made(conn: Conn, who: Caller, body: NewSuppression, now: datetime) -> Suppression:
    kind = Kind(body.kind)
    matcher, longest = _matcher(body), None
    if kind is Kind.PLANT_STATE:
        matcher, longest = _plant_state(conn, body, matcher)
    if matcher.is_all:
        why = "this would hide every alarm; name rules, areas, sources, devices or keys"
        raise Problem(400, why, code="matcher")
    _check_area(who, matcher)
    start, until, recurrence, duration = _times(body, kind, now)
    if until is not None:
        _check_length(conn, kind, matcher, until - start, longest)
    return Suppression(
        id=uuid4(),
        kind=kind,
        name=body.name,
        matcher=matcher,
        reason=body.reason,
        by=_by(who, body.by),
        from_at=start,
        until_at=until,
        recurrence=recurrence,
        duration_s=None if duration is None else int(duration.total_seconds()),
        review_at=body.review_at,
        created_at=now,
        origin="api",
    )


def _matcher(body: NewSuppression) -> Matcher:
    given = body.matcher.model_dump(exclude_none=True) if body.matcher else {}
    try:
        found = Matcher.parse(given)
    except ValueError as error:
        raise Problem(400, str(error), code="matcher") from error
    for code in sorted(found.areas):
        if gazetteer().by_code(code) is None:
            why = f"{code!r} is no area's code; `GET /areas` lists them"
            raise Problem(400, why, code="matcher")
    return found


def _plant_state(
    conn: Conn, body: NewSuppression, where: Matcher
) -> tuple[Matcher, timedelta | None]:
    """Return what a state of plant hides where it is switched on, and how long it may be."""
    state = suppression_pages.plant_state(conn, body.name or "")
    if state is None:
        why = f"the site knows no state of plant {body.name!r}; `plant_states:` declares them"
        raise Problem(400, why, code="name")
    matcher = state.hides.narrowed(where)
    if matcher is None:
        raise Problem(400, f"{state.id} hides nothing of this matcher", code="matcher")
    return matcher, state.longest


def _times(
    body: NewSuppression, kind: Kind, now: datetime
) -> tuple[datetime, datetime | None, str | None, timedelta | None]:
    """Return begin and end of the first turn, the recurrence and the length of a turn."""
    start = max(body.starts_at or now, now)
    if start > now + AHEAD_MAX:
        raise Problem(400, "it begins within two years", code="time")
    if body.recurrence is not None:
        return _recurring(body, kind, body.starts_at or now, now)
    if body.duration_minutes is not None:
        raise Problem(400, "`duration_minutes` belongs to a `recurrence`", code="time")
    if body.until is not None and body.minutes is not None:
        raise Problem(400, "say either `until` or `minutes`", code="time")
    until = body.until
    if body.minutes is not None:
        until = start + timedelta(minutes=body.minutes)
    if until is None and kind is not Kind.OUT_OF_SERVICE:
        raise Problem(400, "say when it ends: `until` or `minutes`", code="time")
    if until is not None and until <= start:
        raise Problem(400, "it ends later than it begins, and later than now", code="time")
    return start, until, None, None


def _recurring(
    body: NewSuppression, kind: Kind, start: datetime, now: datetime
) -> tuple[datetime, datetime, str, timedelta]:
    if kind is not Kind.MAINTENANCE:
        raise Problem(400, "only maintenance comes again", code="recurrence")
    if body.duration_minutes is None or body.until is not None or body.minutes is not None:
        why = "a recurrence has `duration_minutes`, and its end is an UNTIL or COUNT of its own"
        raise Problem(400, why, code="recurrence")
    lasts = timedelta(minutes=body.duration_minutes)
    try:
        recurrence = repeated(body.recurrence or "", start, lasts)
    except ValueError as error:
        raise Problem(400, str(error), code="recurrence") from error
    span = turn(recurrence, lasts, now)
    if span is None:
        raise Problem(400, "the last turn of this recurrence is over", code="recurrence")
    return *span, recurrence, lasts


def _check_length(
    conn: Conn, kind: Kind, matcher: Matcher, length: timedelta, longest: timedelta | None
) -> None:
    """Refuse what is longer than the site allows; 409 with the limit."""
    if kind is Kind.SILENCE:
        # The worst that it may hide: priority 1 only when it is named.
        worst = min(matcher.severities or {Severity.HIGH}, key=lambda severity: severity.priority)
        longest = philosophies.newest(conn).shelve_max[worst]
    elif kind is Kind.MAINTENANCE:
        longest = WINDOW_MAX
    if longest is not None and length > longest:
        limit_s = int(longest.total_seconds())
        why = f"it is longer than {limit_s // 60} minutes, the most that may be hidden at once"
        raise Problem(409, why, code="time", extra={"limit_s": limit_s})


def _check_area(who: Caller, matcher: Matcher, *, is_looking: bool = False) -> None:
    """Refuse a caller of one area what reaches further; looking at it is allowed."""
    if who.area is None or matcher.areas == {who.area}:
        return
    if is_looking and (not matcher.areas or who.area in matcher.areas):
        return
    raise Problem(403, f"this key is for area {who.area} only; name it", code="other_area")


def _by(who: Caller, said: str | None) -> str:
    return who.name if who.is_named else said or who.name
