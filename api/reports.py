"""Citizens' reports, and who made one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, Field

from api.auth import AskedArea, Operator, Viewer, seen_area
from api.parts import Db
from api.problem import Problem, problems
from api.span import When
from connectors.timescale import looks, reports, rule_versions
from connectors.timescale.reports import ReportSummary
from ioc import clock
from ioc.errors import NotFoundError
from ioc.working_calendar import WorkingCalendar

router = APIRouter(prefix="/reports", tags=["reports"])


class CategoryNumbers(BaseModel):
    """Reports of one category; `open` are all that are not answered, taken or not."""

    category: str = Field(examples=["traffic"])
    new: int = Field(examples=[74])
    open: int = Field(examples=[31])
    overdue: int = Field(examples=[4])


class OverdueReport(BaseModel):
    """A report past its due date, by working days of the calendar in force."""

    report: str = Field(examples=["20391"])
    area: str = Field(examples=["05443"])
    category: str = Field(examples=["traffic"])
    due_at: datetime
    overdue_working_days: int = Field(examples=[3])


class ReportFigures(BaseModel):
    """Reports by what happened in the range; open, overdue and due soon (24 h) at its end.

    Shares and medians are null when nothing was resolved. Categories: the busiest 50.
    """

    new: int = Field(examples=[218])
    resolved: int = Field(examples=[187])
    open: int = Field(examples=[61])
    in_progress: int = Field(examples=[140])
    overdue: int = Field(examples=[14])
    due_soon: int = Field(examples=[9])
    sos_open: int = Field(examples=[0])
    on_time_rate: float | None = Field(ge=0, le=1, examples=[0.9612])
    resolve_median_s: float | None = Field(examples=[100_800.0])
    by_category: list[CategoryNumbers]
    oldest_overdue: list[OverdueReport]


class Purpose(BaseModel):
    """Why somebody has to know who reported."""

    purpose: str = Field(
        min_length=3,
        max_length=500,
        pattern=r"^[^\x00]*$",
        examples=["Gọi lại hỏi địa điểm chính xác"],
    )


class ReporterNames(BaseModel):
    """Who made a report, as far as they said."""

    name: str | None = Field(examples=["Nguyễn Văn A"])
    phone: str | None = Field(examples=["0912 344 821"])


@router.get(
    "/summary",
    response_model=ReportFigures,
    summary="Citizens' reports in a range of time",
    responses=problems(400, 401, 403, 503),
)
def get_summary(
    db: Db,
    who: Viewer,
    when: When,
    area: AskedArea = None,
) -> dict[str, Any]:
    """Return how many reports came, were resolved in time, and wait; the oldest overdue ones."""
    where = seen_area(who, area)
    with db.reading() as conn:
        found = reports.summary(conn, when.start, when.end, area=where)
        calendar = rule_versions.calendar(conn)
    return summary_body(found, calendar, when.end)


def summary_body(found: ReportSummary, calendar: WorkingCalendar, at: datetime) -> dict[str, Any]:
    """Return the answer of `/reports/summary`."""
    total = found.total
    return {
        **{name: getattr(total, name) for name in ("new", "resolved", "open", "in_progress")},
        **{name: getattr(total, name) for name in ("overdue", "due_soon", "sos_open")},
        "on_time_rate": total.on_time_rate,
        "resolve_median_s": total.resolve_median_s,
        "by_category": [
            {
                "category": category,
                "new": counts.new,
                "open": counts.open + counts.in_progress,
                "overdue": counts.overdue,
            }
            for category, counts in found.by_category.items()
        ],
        "oldest_overdue": [
            {
                "report": each.report,
                "area": each.area,
                "category": each.category,
                "due_at": each.due_at,
                "overdue_working_days": calendar.working_days_after(each.due_at, at),
            }
            for each in found.oldest_overdue
        ],
    }


@router.post(
    "/{report}/reporter",
    summary="Who made a report",
    responses=problems(400, 401, 403, 404, 503),
)
def post_reporter(
    db: Db,
    who: Operator,
    report: Annotated[str, Path(max_length=256, pattern=r"^[^\x00]*$", examples=["PA-20391"])],
    wanted: Annotated[Purpose, Body()],
) -> ReporterNames:
    """Return name and phone of a reporter; who looked, when and for what purpose is kept."""
    purpose = " ".join(wanted.purpose.split())
    if not purpose:
        raise Problem(400, "say what the name is needed for", code="purpose")
    with db.transaction() as conn:
        if who.area not in {None, reports.area_of(conn, report)}:
            # Not even that there is one elsewhere.
            raise NotFoundError(f"there is no report {report!r}")
        found = reports.reporter(conn, report)
        if found is None:
            raise Problem(404, f"nobody said who made report {report!r}", code="no_reporter")
        looks.log(conn, who.name, [f"reporter of report {report}: {purpose}"], clock.now())
    return ReporterNames(name=found.name, phone=found.phone)
