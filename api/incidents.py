"""Incidents: lists, one with its evidence, and the moves of operators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from api import cursor as cursors
from api.auth import AskedArea, Caller, Operator, Viewer, seen_area
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.incident_body import (
    Close,
    IncidentLog,
    IncidentObject,
    IncidentPage,
    Lead,
    Make,
    Merge,
    Remark,
    Said,
    Split,
    WholeIncident,
)
from api.parts import Db
from api.problem import Problem, problems
from connectors.timescale import incident_moves, incident_pages
from connectors.timescale.alarms import as_json
from connectors.timescale.database import Conn, Database
from connectors.timescale.incident_moves import NotPossible, Who
from connectors.timescale.incident_pages import Incident
from ioc import clock
from ioc.errors import NotFoundError
from ioc.incident import EAST_M, MIDDLE, NORTH_M
from ioc.severity import Severity

router = APIRouter(prefix="/incidents", tags=["incidents"])

#: Most alarms and pieces of evidence that one answer has; the incident's numbers count all.
MEMBERS_MAX = 1_000
STATES = ("open", "closed", "merged")
Json = dict[str, Any]
IncidentId = Annotated[UUID, Path(examples=["5c7f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])]
Listed = Annotated[str | None, Query(max_length=100, description="One, or several with commas.")]
_PROBLEMS = problems(400, 401, 403, 404, 409, 503)


# Looking ------------------------------------------------------------------------------------------


@router.get(
    "", response_model=IncidentPage, summary="Incidents", responses=problems(400, 401, 403, 503)
)
def get_incidents(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    *,
    state: Listed = None,
    severity: Listed = None,
    area: AskedArea = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Json:
    """Return the open incidents, or those in `state`, the one that was opened last first."""
    states = _among(STATES, "state", state) or ["open"]
    severities = _among([each.value for each in Severity], "severity", severity)
    after = cursors.read_time_and_id(cursor)
    where = seen_area(who, area)
    with db.reading() as conn:
        found = incident_pages.page(conn, states, severities, where, after, limit)
    last = found[-1] if len(found) == limit else None
    return {
        "incidents": [each.to_json() for each in found],
        "next": last and cursors.written(last.opened_at, last.id),
    }


@router.get(
    "/{incident_id}",
    response_model=WholeIncident,
    summary="One incident with its evidence",
    responses=problems(400, 401, 403, 404, 503),
)
def get_incident(db: Db, who: Viewer, incident_id: IncidentId) -> Json:
    """Return an incident, the alarms that stand in it, and the evidence that made it one."""
    with db.reading() as conn:
        found = _seen(conn, who, incident_id)
        members = incident_pages.members(conn, incident_id, MEMBERS_MAX)
        evidence = incident_pages.evidence(conn, incident_id, MEMBERS_MAX)
    return {
        "incident": found.to_json(),
        "members": [{"alarm": as_json(alarm), "by": by} for alarm, by in members],
        "evidence": [_piece(row) for row in evidence],
    }


@router.get(
    "/{incident_id}/log",
    response_model=IncidentLog,
    summary="What happened to an incident",
    responses=problems(400, 401, 403, 404, 503),
)
def get_incident_log(
    db: Db,
    who: Viewer,
    incident_id: IncidentId,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Json:
    """Return everything that rules and people did with it, oldest first."""
    after = cursors.read_number(cursor) or 0
    with db.reading() as conn:
        _seen(conn, who, incident_id)
        lines = incident_pages.log(conn, incident_id, after, limit)
    following = cursors.written(lines[-1]["seq"]) if len(lines) == limit else None
    return {"log": lines, "next": following}


def _seen(conn: Conn, who: Caller, incident_id: UUID) -> Incident:
    found = incident_pages.one(conn, incident_id)
    if found is None:
        raise Problem(404, f"there is no incident {incident_id}")
    if who.area not in {None, found.area}:
        raise Problem(403, f"this key sees area {who.area} only", code="other_area")
    return found


def _piece(row: Json) -> Json:
    x_m, y_m = row.pop("x_m"), row.pop("y_m")
    row["alarm"] = str(row.pop("alarm_id"))
    row["lat"] = None if y_m is None else round(MIDDLE[0] + y_m / NORTH_M, 6)
    row["lon"] = None if x_m is None else round(MIDDLE[1] + x_m / EAST_M, 6)
    return row


def _among(words: tuple[str, ...] | list[str], name: str, listed: str | None) -> list[str] | None:
    values = [value.strip() for value in (listed or "").split(",") if value.strip()]
    for value in values:
        if value not in words:
            raise Problem(400, f"{name} is one of {', '.join(words)}", code=name)
    return values or None


# Moving -------------------------------------------------------------------------------------------


def _moved(
    db: Database, who: Caller, body: Said, move: Callable[[Conn, Who, datetime], Incident]
) -> Json:
    """Make a move for a caller; 409 with the incident as it is when it is not possible."""
    by = who.name if who.is_named else body.by or who.name
    try:
        with db.transaction() as conn:
            return move(conn, Who(by, body.comment, who.area), clock.now()).to_json()
    except NotPossible as error:
        extra = {"incident": error.incident.to_json()}
        raise Problem(409, error.why, code=error.code, extra=extra) from error
    except NotFoundError as error:
        raise Problem(404, str(error)) from error


@router.post(
    "",
    response_model=IncidentObject,
    status_code=201,
    summary="These belong together",
    responses=problems(400, 401, 403, 404, 503),
)
def make_incident(db: Db, who: Operator, body: Annotated[Make, Body()]) -> Json:
    """Make an incident of alarms; those that stand in others leave them."""
    return _moved(
        db,
        who,
        body,
        lambda conn, by, now: incident_moves.make(conn, body.alarms, body.title, by, now),
    )


def _route(name: str, summary: str, status: int = 200) -> Callable[[Any], Any]:
    return router.post(
        f"/{{incident_id}}/{name}",
        response_model=IncidentObject,
        status_code=status,
        summary=summary,
        responses=_PROBLEMS,
    )


@_route("merge", "It is part of another")
def merge(db: Db, who: Operator, incident_id: IncidentId, body: Annotated[Merge, Body()]) -> Json:
    """Let it go into another, with its alarms and evidence; the answer is the other."""
    return _moved(
        db,
        who,
        body,
        lambda conn, by, now: incident_moves.merge(conn, incident_id, body.into, by, now),
    )


@_route("split", "These are something else", 201)
def split(db: Db, who: Operator, incident_id: IncidentId, body: Annotated[Split, Body()]) -> Json:
    """Make an incident of some of its alarms; no rule joins the two again. It is the answer."""
    return _moved(
        db,
        who,
        body,
        lambda conn, by, now: incident_moves.split(
            conn, incident_id, body.alarms, body.title, by, now
        ),
    )


@_route("assign", "Who leads")
def assign(db: Db, who: Operator, incident_id: IncidentId, body: Annotated[Lead, Body()]) -> Json:
    """Let somebody lead, or nobody."""
    return _moved(
        db,
        who,
        body,
        lambda conn, by, now: incident_moves.lead(conn, incident_id, body.lead, by, now),
    )


@_route("comment", "Add a remark")
def comment(
    db: Db, who: Operator, incident_id: IncidentId, body: Annotated[Remark, Body()]
) -> Json:
    """Add a remark, in any state."""
    return _moved(
        db, who, body, lambda conn, by, now: incident_moves.comment(conn, incident_id, by, now)
    )


@_route("close", "Over")
def close(db: Db, who: Operator, incident_id: IncidentId, body: Annotated[Close, Body()]) -> Json:
    """Say what it was; another alarm of it opens it again. Its alarms are closed by themselves."""
    return _moved(
        db,
        who,
        body,
        lambda conn, by, now: incident_moves.close(conn, incident_id, body.code, by, now),
    )
