"""What a daily report looks like as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from connectors.timescale.daily import Daily
from connectors.timescale.dossiers import DossierCounts
from connectors.timescale.reports import ReportCounts
from ioc import daily
from ioc.daily import AlarmLine, Before, Day, Resolved, Served
from ioc.kpi import Answers, Counts
from ioc.severity import Severity
from ioc.targets import Targets

Lang = Literal["vi", "en"]


class Sentence(BaseModel):
    """A sentence by its key, and what stands in it: seconds, shares from 0 to 1, times, counts."""

    key: str = Field(examples=["waits_long"])
    values: dict[str, datetime | float | int | str]


class AlarmFigures(BaseModel):
    """Alarms of a severity in the day; the last three as of its end.

    `acknowledged` counts answers to rings; null: there was none.
    """

    raised: int = Field(examples=[12])
    acknowledged: int = Field(examples=[11])
    ack_p50_s: float | None = Field(examples=[21.0])
    ack_p90_s: float | None = Field(examples=[48.0])
    open_at_end: int
    over_24h: int
    shelved: int


class FloodBody(BaseModel):
    """A flood; `to` null: it was still on at the day's end."""

    start: datetime = Field(serialization_alias="from")
    end: datetime | None = Field(serialization_alias="to")
    alarms: int
    peak_10m: int


class Alarms(BaseModel):
    """Alarms from the log; `by_hour` are those raised in each hour of the day."""

    by_severity: dict[Severity, AlarmFigures]
    total: AlarmFigures
    by_hour: list[int] = Field(min_length=24, max_length=24)
    floods: list[FloodBody]


class IncidentLine(BaseModel):
    """An incident that was open at some time of the day; `closed_at` null: at its end, too."""

    number: int
    title: str
    severity: Severity
    area: str | None
    began_at: datetime
    closed_at: datetime | None
    sources: list[str]
    alarms: int
    lead: str | None
    closing_code: str | None


class ReportFigures(BaseModel):
    """Citizens' reports: new and resolved in the day, open and overdue at its end."""

    new: int
    resolved: int
    on_time: int
    open: int
    overdue: int
    on_time_rate: float | None


class CategoryFigures(ReportFigures):
    """The same of one category."""

    category: str


class SosLine(BaseModel):
    """A report of an emergency, without who sent it."""

    report: str
    area: str
    opened_at: datetime
    resolved_at: datetime | None


class ReportsBody(ReportFigures):
    """Citizens' reports, all and by category."""

    by_category: list[CategoryFigures]
    sos: list[SosLine]


class WaitSeconds(BaseModel):
    """Waiting times in seconds; null when nobody's waiting ended."""

    mean: float | None
    p50: float | None
    p90: float | None
    max: float | None


class SlowOfficeLine(BaseModel):
    """One of the five offices with the longest waits."""

    office: str
    area: str
    issued: int
    abandoned: int
    p50_s: float
    p90_s: float
    mean_s: float


class QueuesBody(BaseModel):
    """Tickets of the day."""

    issued: int
    called: int
    served: int
    abandoned: int
    waiting: int
    abandoned_rate: float | None
    wait_s: WaitSeconds
    worst: list[SlowOfficeLine]


class DossierFigures(BaseModel):
    """Dossiers: received and resolved in the day, open and overdue at its end.

    `on_time_rate` is of what was resolved; `within_term_rate`, the national indicator, counts those
    still open within their term, too.
    """

    received: int
    resolved: int
    on_time: int
    late: int
    open: int
    overdue: int
    on_time_rate: float | None
    within_term_rate: float | None


class LateOfficeLine(BaseModel):
    """One of the five offices with the lowest rates."""

    office: str
    area: str
    resolved: int
    on_time: int
    open: int
    overdue: int
    on_time_rate: float | None


class DossiersBody(DossierFigures):
    """Dossiers of the day, and of the same day a week before."""

    week_ago: DossierFigures
    worst: list[LateOfficeLine]


class IndicatorLine(BaseModel):
    """A figure beside its target; `met` null: there is none of the two."""

    name: str = Field(examples=["wait_p90"])
    value: float | None
    unit: str = Field(examples=["s"])
    target: float | None
    maximum: float | None
    met: bool | None
    change_30d: float | None = Field(description="Against the 30 days before.")


class Often(BaseModel):
    """One of the ten alarms that rang most; `share` of all rings in percent.

    `precision`: of those of its rule that were closed in 30 days as true or false, the true ones.
    """

    rule: str
    key: str
    title: str | None
    device: str | None
    area: str | None
    n: int
    share: float
    precision: float | None


class GapLine(BaseModel):
    """A stretch of the day without any event."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")


class SourceLine(BaseModel):
    """What was heard of a source. `coverage` and `gaps` are null where quiet is usual."""

    source: str
    events: int
    coverage: float | None
    gaps: list[GapLine] | None
    dead_letters: int


class BlindLine(BaseModel):
    """An area with cameras or fire panels, none of which was heard for so many hours on end."""

    area: str
    hours: float


class RaisedIn(BaseModel):
    """Alarms raised in an area in the day; `worst` is the most urgent priority."""

    n: int
    worst: int


class DailyBody(BaseModel):
    """The report of a day; null: it could not be read in time.

    `open`: figures may still change by events that come late. `late_events` came after the day was
    over. `shifts` are null until there are on-call rosters.
    """

    date: Date
    area: str | None
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    as_of: datetime
    open: bool
    has_data: bool
    late_events: int | None
    points: list[Sentence]
    alarms: Alarms
    incidents: list[IncidentLine]
    incidents_total: int
    reports: ReportsBody
    queues: QueuesBody
    dossiers: DossiersBody
    kpis: list[IndicatorLine]
    top_10: list[Often] | None
    sources: list[SourceLine] | None
    blind: list[BlindLine] | None
    shifts: None = None
    map: dict[str, RaisedIn]


def body(
    found: Daily, asked: tuple[Date, str | None, Lang], now: datetime, targets: Targets
) -> DailyBody:
    """Return what was read as the report of a day, an area and a language."""
    day, area, lang = asked
    reports, dossiers = _reports(found.reports.total), _dossiers(found.dossiers)
    figures = Day(
        span=found.day,
        alarms=found.alarms,
        floods=found.floods,
        sos=found.sos,
        reports=reports,
        wait_p90_s=found.desks.waits.p90,
        slowest=next(
            ((each.office, each.p90_s) for each in found.desks.slowest if each.p90_s), None
        ),
        dossiers=dossiers,
        sources=found.sources,
        blind=[each for each, _ in found.blind or ()],
    )
    before = Before(found.reports_30d.overdue, found.dossiers_30d.overdue)
    return DailyBody(
        date=day,
        area=area,
        start=found.day.start,
        end=found.day.end,
        as_of=now,
        open=daily.is_open(found.day, now),
        has_data=figures.has_data,
        late_events=found.late_events,
        points=[
            Sentence(key=each.key, values=dict(each.values))
            for each in daily.points(figures, before, targets)
        ],
        alarms=_alarms(found),
        incidents=[_incident(row, lang) for row in found.incidents],
        incidents_total=found.incidents_total,
        reports=_reports_body(found, reports),
        queues=_queues(found),
        dossiers=_dossiers_body(found, dossiers),
        kpis=_indicators(found, reports, targets),
        top_10=None if found.figures is None else _top(found, found.figures, lang),
        sources=None if found.sources is None else _sources(found),
        blind=None
        if found.blind is None
        else [
            BlindLine(area=each, hours=round(silent.total_seconds() / 3600, 2))
            for each, silent in found.blind
        ],
        map={
            each: RaisedIn(n=raised.n, worst=raised.worst)
            for each, raised in sorted(found.raised_in.items())
        },
    )


def _alarms(found: Daily) -> Alarms:
    return Alarms(
        by_severity={
            severity: _line(found.alarms.get(severity, AlarmLine())) for severity in Severity
        },
        total=_line(found.alarms_total),
        by_hour=list(found.by_hour),
        floods=[FloodBody.model_validate(each, from_attributes=True) for each in found.floods],
    )


def _line(line: AlarmLine) -> AlarmFigures:
    return AlarmFigures.model_validate(line, from_attributes=True)


def _incident(row: dict[str, Any], lang: Lang) -> IncidentLine:
    titles = {"vi": row["title"], "en": row["title_en"]}
    return IncidentLine(**{**row, "title": titles[lang]})


def _reports_body(found: Daily, total: Resolved) -> ReportsBody:
    return ReportsBody(
        **_of_reports(total),
        by_category=[
            CategoryFigures(category=category, **_of_reports(_reports(each)))
            for category, each in found.reports.by_category.items()
            if each.new or each.resolved or each.open or each.in_progress
        ],
        sos=[SosLine.model_validate(each, from_attributes=True) for each in found.sos],
    )


def _of_reports(each: Resolved) -> dict[str, Any]:
    return {
        "new": each.new,
        "resolved": each.resolved,
        "on_time": each.on_time,
        "open": each.open,
        "overdue": each.overdue,
        "on_time_rate": each.on_time_rate,
    }


def _dossiers_body(found: Daily, total: Resolved) -> DossiersBody:
    return DossiersBody(
        **_of_dossiers(total),
        week_ago=DossierFigures(**_of_dossiers(_dossiers(found.dossiers_week_ago))),
        worst=[
            LateOfficeLine(
                office=desk.office,
                area=desk.area,
                resolved=counts.resolved,
                on_time=counts.on_time,
                open=counts.open,
                overdue=counts.overdue,
                on_time_rate=counts.on_time_rate,
            )
            for desk, counts in found.latest
        ],
    )


def _of_dossiers(each: Resolved) -> dict[str, Any]:
    figures = _of_reports(each)
    return {
        **figures,
        "received": figures.pop("new"),
        "late": each.resolved - each.on_time,
        "within_term_rate": each.within_term_rate,
    }


def _queues(found: Daily) -> QueuesBody:
    visits, waited = found.desks.visits, found.desks.waits
    return QueuesBody(
        issued=visits.issued,
        called=visits.called,
        served=visits.served,
        abandoned=visits.abandoned,
        waiting=visits.waiting,
        abandoned_rate=visits.abandoned_rate,
        wait_s=WaitSeconds.model_validate(waited, from_attributes=True),
        worst=[
            SlowOfficeLine.model_validate(each, from_attributes=True)
            for each in found.desks.slowest
        ],
    )


def _indicators(found: Daily, reports: Resolved, targets: Targets) -> list[IndicatorLine]:
    critical = found.alarms.get(Severity.CRITICAL, AlarmLine())
    day = Served(
        critical.ack_p90_s,
        found.desks.waits.p90,
        found.dossiers.on_time_rate,
        reports.on_time_rate,
    )
    month = Served(
        _critical_p90(found.figures_30d.answers if found.figures_30d else ()),
        found.desks.month_p90_s,
        found.dossiers_30d.on_time_rate,
        found.reports_30d.on_time_rate,
    )
    every = (
        *daily.indicators(day, month, targets),
        *daily.alarm_indicators(found.figures, found.figures_30d, found.philosophy),
    )
    return [IndicatorLine.model_validate(each, from_attributes=True) for each in every]


def _critical_p90(answers: Sequence[Answers]) -> float | None:
    priority = Severity.CRITICAL.priority
    return next((each.p90_s for each in answers if each.priority == priority), None)


def _top(found: Daily, figures: Counts, lang: Lang) -> list[Often]:
    month = found.figures_30d
    precision = {each.of[0]: each.precision for each in (month.by_rule if month else ())}
    return [
        Often(
            rule=actor.rule,
            key=actor.key,
            title=found.titles.get((actor.rule, actor.key), (None, None))[lang == "en"],
            device=actor.device,
            area=actor.area,
            n=actor.n,
            share=round(100 * actor.n / figures.rings, 3),
            precision=precision.get(actor.rule),
        )
        for actor in figures.actors
    ]


def _sources(found: Daily) -> list[SourceLine]:
    return [
        SourceLine(
            source=each.source,
            events=each.events,
            coverage=each.coverage(found.day),
            gaps=None
            if each.gaps is None
            else [GapLine(start=gap.start, end=gap.end) for gap in each.gaps],
            dead_letters=each.dead_letters,
        )
        for each in found.sources or ()
    ]


def _dossiers(counts: DossierCounts) -> Resolved:
    return Resolved(counts.received, counts.resolved, counts.on_time, counts.open, counts.overdue)


def _reports(counts: ReportCounts) -> Resolved:
    is_open = counts.open + counts.in_progress
    return Resolved(counts.new, counts.resolved, counts.on_time, is_open, counts.overdue)
