"""Everything that a daily report says, read in one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg

from connectors.timescale import kpis, philosophies, reports
from connectors.timescale.database import Conn, bound, of_one_moment
from connectors.timescale.dossiers import Desk, DossierCounts, by_place, dossiers_by_area
from connectors.timescale.dossiers import added_up as dossiers_added_up
from connectors.timescale.kpis import Scope
from connectors.timescale.queues import Office, VisitCounts, Waits, by_office, visits_by_area, waits
from connectors.timescale.queues import added_up as visits_added_up
from connectors.timescale.reports import ReportCounts, ReportSummary
from connectors.timescale.sql import queries
from ioc.clock import LOCAL_ZONE
from ioc.daily import (
    BLIND_AFTER,
    MINUTE,
    AlarmLine,
    Flood,
    Sos,
    SourceDay,
    Stretch,
    gaps,
)
from ioc.health import silent_after
from ioc.kpi import Counts
from ioc.philosophy import Philosophy
from ioc.severity import Severity

SQL = queries("daily")

T = TypeVar("T")

#: A figure that the report cannot do without, and one that it can: «—» stands for it then.
READ_TIMEOUT_MS = 10_000
EXTRA_TIMEOUT_MS = 2_000
INCIDENTS_MAX = 100
#: Those of the lists are counted, too: a storm's day must be whole.
SOS_MAX = 1_000
FLOODS_MAX = 500
OFFICES_MAX = 5
MONTH = timedelta(days=30)
WEEK = timedelta(days=7)
#: Whose devices speak by themselves: in one area people and desks may be quiet for days.
WITH_DEVICES = ("camera", "fire")

_SEVERITIES = {each.priority: each for each in Severity}


@dataclass(frozen=True, slots=True)
class Raised:
    """Alarms raised in an area: how many, and the priority of the worst."""

    n: int
    worst: int


@dataclass(frozen=True, slots=True)
class Desks:
    """Tickets of a day and how long people waited."""

    visits: VisitCounts
    waits: Waits
    #: p90 of the 30 days before; None without any, or when it could not be read in time.
    month_p90_s: float | None
    #: The longest waits first.
    slowest: Sequence[Office]


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """What was read. None: it could not be in time."""

    day: Stretch
    alarms: Mapping[Severity, AlarmLine]
    alarms_total: AlarmLine
    by_hour: Sequence[int]
    raised_in: Mapping[str, Raised]
    floods: Sequence[Flood]
    incidents: Sequence[dict[str, Any]]
    incidents_total: int
    reports: ReportSummary
    #: Resolved in the 30 days before, and overdue when the day began.
    reports_30d: ReportCounts
    sos: Sequence[Sos]
    desks: Desks
    dossiers: DossierCounts
    dossiers_30d: DossierCounts
    dossiers_week_ago: DossierCounts
    #: The lowest shares of what was resolved in time first.
    latest: Sequence[tuple[Desk, DossierCounts]]
    sources: Sequence[SourceDay] | None
    blind: Sequence[tuple[str, timedelta]] | None
    late_events: int | None
    philosophy: Philosophy
    figures: Counts | None
    figures_30d: Counts | None
    titles: Mapping[tuple[str, str], tuple[str, str]]


def first_minute(conn: Conn) -> datetime | None:
    """Return the oldest minute of which there is an event."""
    row = conn.execute(SQL["first_minute"]).fetchone()
    assert row is not None
    at: datetime | None = row["at"]
    return at


def begin(conn: Conn) -> None:
    """Make all that follows of one moment, and bounded; the first statement of a transaction."""
    of_one_moment(conn)
    bound(conn, READ_TIMEOUT_MS)


def read(conn: Conn, day: Stretch, area: str | None, now: datetime) -> Daily:
    """Return the day of an area (None: all); `begin` has begun the transaction."""
    asked = {"from": day.start, "to": day.end, "area": area, "zone": LOCAL_ZONE.key}
    month = Stretch(day.start - MONTH, day.start)
    lines = _alarm_lines(conn, asked)
    by_hour, raised_in = _raised(conn, asked)
    incidents = conn.execute(SQL["incidents"], {**asked, "limit": INCIDENTS_MAX}).fetchall()
    places = by_place(conn, day.start, day.end, area=area)
    philosophy = philosophies.newest(conn)
    figures, figures_30d = _figures(conn, day, area, philosophy)
    return Daily(
        day=day,
        alarms={_SEVERITIES[each]: line for each, line in lines.items() if each is not None},
        alarms_total=lines[None],
        by_hour=by_hour,
        raised_in=raised_in,
        floods=[
            Flood(row["began_at"], row["ended_at"], row["alarms"], row["peak_10m"])
            for row in conn.execute(SQL["floods"], {**asked, "limit": FLOODS_MAX})
        ],
        incidents=[{key: row[key] for key in row if key != "total"} for row in incidents],
        incidents_total=incidents[0]["total"] if incidents else 0,
        reports=reports.summary(conn, day.start, day.end, area=area),
        reports_30d=reports.summary(conn, month.start, month.end, area=area).total,
        sos=[Sos(**row) for row in conn.execute(SQL["sos"], {**asked, "limit": SOS_MAX})],
        desks=_desks(conn, day, area),
        dossiers=dossiers_added_up(places.values()),
        dossiers_30d=_dossiers(conn, month, area),
        dossiers_week_ago=_dossiers(conn, Stretch(day.start - WEEK, day.end - WEEK), area),
        latest=_latest(places),
        sources=_extra(conn, lambda: _sources(conn, asked, day, now)),
        blind=_extra(conn, lambda: _blind(conn, asked)),
        late_events=_extra(conn, lambda: _late_events(conn, asked)),
        philosophy=philosophy,
        figures=figures,
        figures_30d=figures_30d,
        titles=_titles(conn, asked, figures),
    )


@contextmanager
def _bounded(conn: Conn) -> Iterator[None]:
    with conn.transaction(force_rollback=True):  # the bound of the report comes back
        bound(conn, EXTRA_TIMEOUT_MS)
        yield


def _extra(conn: Conn, reading: Callable[[], T]) -> T | None:
    """Return what is read, or None when it takes too long: the rest of the report stands."""
    try:
        with _bounded(conn):
            return reading()
    except psycopg.errors.QueryCanceled:
        return None


def _alarm_lines(conn: Conn, asked: Mapping[str, Any]) -> dict[int | None, AlarmLine]:
    rows = conn.execute(SQL["alarms"], asked, prepare=False)
    return {row.pop("priority"): AlarmLine(**row) for row in rows}


def _raised(conn: Conn, asked: Mapping[str, Any]) -> tuple[list[int], dict[str, Raised]]:
    by_hour = [0] * 24
    areas: dict[str, Raised] = {}
    for row in conn.execute(SQL["raised"], asked, prepare=False):
        by_hour[row["hour"]] += row["n"]
        known = areas.get(row["area"], Raised(0, row["worst"]))
        areas[row["area"]] = Raised(known.n + row["n"], min(known.worst, row["worst"]))
    return by_hour, areas


def _desks(conn: Conn, day: Stretch, area: str | None) -> Desks:
    counts = visits_by_area(conn, day.start, day.end, area=area)
    month = _extra(conn, lambda: waits(conn, day.start - MONTH, day.start, area=area))
    offices = [each for each in by_office(conn, day.start, day.end, area=area) if each.p90_s]
    slowest = sorted(offices, key=lambda each: (-(each.p90_s or 0), each.office))[:OFFICES_MAX]
    return Desks(
        visits_added_up(counts.values()),
        waits(conn, day.start, day.end, area=area),
        None if month is None else month.p90,
        slowest,
    )


def _dossiers(conn: Conn, day: Stretch, area: str | None) -> DossierCounts:
    return dossiers_added_up(dossiers_by_area(conn, day.start, day.end, area=area).values())


def _latest(places: Mapping[Desk, DossierCounts]) -> list[tuple[Desk, DossierCounts]]:
    def rank(each: tuple[Desk, DossierCounts]) -> tuple[float, int, str]:
        rate = each[1].on_time_rate
        return (2.0 if rate is None else rate, -each[1].overdue, each[0].office)

    found = [each for each in places.items() if each[1].overdue or each[1].late]
    return sorted(found, key=rank)[:OFFICES_MAX]


def _sources(conn: Conn, asked: Mapping[str, Any], day: Stretch, now: datetime) -> list[SourceDay]:
    sources = [row["source"] for row in conn.execute(SQL["sources"], asked)]
    if asked["area"] is None:
        told = sources
    else:
        told = [source for source in sources if source in WITH_DEVICES]
    longest = {source: silent_after(source) for source in sources}
    heard = {row["source"]: row for row in conn.execute(SQL["heard"], asked, prepare=False)}
    begun = first_minute(conn)
    around = {
        row["source"]: _looked(row, day, heard, begun, now, longest[row["source"]])
        for row in conn.execute(
            SQL["around"],
            {**asked, "sources": told, "longest": [longest[source] for source in told]},
            prepare=False,
        )
    }
    # A record that nobody can read has no area.
    dead: Mapping[str, int] = defaultdict(int)
    if asked["area"] is None:
        dead = {row["source"]: row["n"] for row in conn.execute(SQL["dead_letters"], asked)}
    found = []
    for source in sources:
        row = heard.get(source, {"minutes": [], "n": 0})
        silent = (
            gaps(day, row["minutes"], around[source], longest[source]) if source in around else None
        )
        found.append(SourceDay(source, row["n"], silent, dead.get(source, 0)))
    return found


def _looked(
    row: Mapping[str, Any],
    day: Stretch,
    heard: Mapping[str, Mapping[str, Any]],
    begun: datetime | None,
    now: datetime,
    longest: timedelta,
) -> Stretch:
    """Return when a source was heard around the day, or how far was looked."""
    before = row["before"] or day.start - longest - 2 * MINUTE
    if row["before"] is None and begun is not None and begun >= day.start:
        # Nothing is older than this day: before its first word a source was not silent.
        minutes = heard.get(row["source"], {"minutes": []})["minutes"]
        before = minutes[0] - MINUTE if minutes else before
    after = row["after"] or min(day.end + longest + 2 * MINUTE, max(now, day.end))
    return Stretch(before, after)


def _blind(conn: Conn, asked: Mapping[str, Any]) -> list[tuple[str, timedelta]]:
    rows = conn.execute(SQL["blind"], {**asked, "longest": BLIND_AFTER}, prepare=False)
    return [(row["area"], row["silent"]) for row in rows]


def _late_events(conn: Conn, asked: Mapping[str, Any]) -> int:
    row = conn.execute(SQL["late_events"], asked, prepare=False).fetchone()
    assert row is not None
    return int(row["n"])


def _figures(
    conn: Conn, day: Stretch, area: str | None, philosophy: Philosophy
) -> tuple[Counts | None, Counts | None]:
    fleeting = philosophy.chattering.fleeting
    return (
        _extra(conn, lambda: kpis.counts(conn, Scope(day.start, day.end, None, area), fleeting)),
        _extra(
            conn,
            lambda: kpis.counts(conn, Scope(day.start - MONTH, day.start, None, area), fleeting),
        ),
    )


def _titles(
    conn: Conn, asked: Mapping[str, Any], figures: Counts | None
) -> dict[tuple[str, str], tuple[str, str]]:
    actors = figures.actors if figures else ()
    rules, keys = [actor.rule for actor in actors], [actor.key for actor in actors]
    rows = conn.execute(SQL["titles"], {**asked, "rules": rules, "keys": keys}, prepare=False)
    return {(row["rule"], row["key"]): (row["title"], row["title_en"]) for row in rows}
