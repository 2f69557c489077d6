"""Dossiers of the one-stop desks."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api import cursor as cursors
from api.auth import AskedArea, Viewer, seen_area
from api.cursor import LIMIT_DEFAULT, Limit, NameCursor
from api.parts import Db
from api.problem import Problem, problems
from api.province import dossiers_tile
from api.queues import Office
from api.span import When
from connectors.timescale import rule_versions
from connectors.timescale.dossiers import (
    After,
    Due,
    added_up,
    by_place,
    day_of,
    dossiers_by_area,
    page,
)
from connectors.timescale.queues import OFFICES_MAX, worst
from ioc import clock
from ioc.severity import Severity
from ioc.working_calendar import WorkingCalendar

router = APIRouter(prefix="/dossiers", tags=["desks"])


class DossierSummary(BaseModel):
    """Distinct dossiers by what happened in the range; open and overdue are as of its end.

    On time: resolved not after the due date, or without one. The rate is null when nothing was
    resolved.
    """

    received: int = Field(examples=[612_221])
    resolved: int = Field(examples=[594_406])
    on_time: int = Field(examples=[592_504])
    late: int = Field(examples=[1_902])
    open: int = Field(examples=[17_815])
    overdue: int = Field(examples=[0])
    on_time_rate: float | None = Field(ge=0, le=1, examples=[0.9968])


@router.get(
    "/summary",
    response_model=DossierSummary,
    summary="Dossiers in a range of time",
    responses=problems(400, 401, 403, 503),
)
def get_summary(
    db: Db,
    who: Viewer,
    when: When,
    office: Office = None,
    area: AskedArea = None,
) -> dict[str, Any]:
    """Return how many dossiers were received, resolved (on time, late), are open and overdue."""
    where = seen_area(who, area)
    with db.reading() as conn:
        counts = dossiers_by_area(conn, when.start, when.end, office=office or None, area=where)
    return dossiers_tile(added_up(counts.values()))


class OfficeDossiers(BaseModel):
    """The dossiers of one office, as in the summary; due today: of those still open."""

    office: str = Field(examples=["PDP"])
    area: str = Field(examples=["05443"])
    received: int = Field(examples=[96])
    resolved: int = Field(examples=[91])
    on_time: int = Field(examples=[86])
    late: int = Field(examples=[5])
    open: int = Field(examples=[40])
    overdue: int = Field(examples=[9])
    due_today: int = Field(examples=[12])
    on_time_rate: float | None = Field(ge=0, le=1, examples=[0.9451])
    worst: Severity | None


class DossierOffices(BaseModel):
    """Every office with a dossier in the range or open at its end, the most overdue first."""

    offices: list[OfficeDossiers]


class DossierState(StrEnum):
    """Which open dossiers are asked for."""

    OVERDUE = "overdue"
    DUE_TODAY = "due_today"
    OPEN = "open"


class OpenDossier(BaseModel):
    """A dossier without an answer; working days are those of the calendar in force."""

    office: str = Field(examples=["PDP"])
    dossier: str = Field(examples=["000.00.19.H55-261118-0007"])
    area: str = Field(examples=["05443"])
    received_at: datetime
    due_at: datetime | None
    overdue_working_days: int | None = Field(examples=[3])


class DossierPage(BaseModel):
    """Open dossiers, what is due first first; `next` is the cursor of the following page."""

    dossiers: list[OpenDossier]
    next: str | None


@router.get(
    "/offices",
    response_model=DossierOffices,
    summary="Dossiers office by office",
    responses=problems(400, 401, 403, 503),
)
def get_offices(
    db: Db,
    who: Viewer,
    when: When,
    area: AskedArea = None,
) -> dict[str, Any]:
    """Return what each office received, resolved in time or late, and has open and overdue."""
    where = seen_area(who, area)
    with db.reading() as conn:
        found = by_place(conn, when.start, when.end, area=where)
        alarms = worst(conn, "ioc.queue.dossier")
    rows = [
        {
            "office": desk.office,
            "area": desk.area,
            **dossiers_tile(counts),
            "due_today": counts.due_today,
            "worst": alarms.get(desk.office),
        }
        for desk, counts in found.items()
    ]
    rows.sort(key=lambda row: (-row["overdue"], -row["late"], row["office"], row["area"]))
    return {"offices": rows[:OFFICES_MAX]}


@router.get("", summary="Open dossiers", responses=problems(400, 401, 403, 503))
def get_dossiers(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    *,
    state: Annotated[DossierState, Query(examples=["overdue"])] = DossierState.OPEN,
    office: Office = None,
    area: AskedArea = None,
    cursor: NameCursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> DossierPage:
    """Return the dossiers that wait for an answer now."""
    where, now = seen_area(who, area), clock.now()
    due = {
        DossierState.OVERDUE: Due(before=now),
        DossierState.DUE_TODAY: day_of(now),
        DossierState.OPEN: Due(),
    }[state]
    with db.reading() as conn:
        rows = page(
            conn, office=office or None, area=where, due=due, after=_after(cursor), limit=limit + 1
        )
        calendar = rule_versions.calendar(conn)
    shown = [
        OpenDossier(**row, overdue_working_days=_days_late(row["due_at"], now, calendar))
        for row in rows[:limit]
    ]
    return DossierPage(dossiers=shown, next=_next(shown[-1]) if len(rows) > limit else None)


def _days_late(due_at: datetime | None, now: datetime, calendar: WorkingCalendar) -> int | None:
    """Return by how many working days it is late; None: it is not."""
    if due_at is None or due_at >= now:
        return None
    return calendar.working_days_after(due_at, now)


def _next(last: OpenDossier) -> str:
    due_at = last.due_at.isoformat() if last.due_at else "infinity"
    return cursors.written_names(due_at, last.office, last.dossier)


def _after(cursor: str | None) -> After | None:
    names = cursors.read_names(cursor, 3)
    if names is None:
        return None
    due_at, office, dossier = names
    if due_at != "infinity":
        due_at = _as_stored(due_at)
    return After(due_at, office, dossier)


def _as_stored(text: str) -> str:
    """Return a time, however it is written, as the database reads it."""
    try:
        at = datetime.fromisoformat(text)
        found = at.astimezone(UTC).isoformat() if at.tzinfo else None
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise Problem(400, "this cursor is not one of ours", code="cursor")
    return found
