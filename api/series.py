"""Numbers over time."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.auth import AskedArea, Caller, Viewer, seen_area
from api.parts import Db
from api.problem import Problem, problems
from api.shared import Shared
from api.span import Span, When, reading
from connectors.timescale import series as stored
from connectors.timescale import source_figures
from connectors.timescale.database import Conn, Database
from connectors.timescale.series import DAY, HOUR, WEEK, Only, Window
from ioc import clock
from ioc.clock import LOCAL_ZONE
from ioc.health import silent_after
from ioc.rollup import middle_ms

router = APIRouter(tags=["series"])

POINTS_MAX = 10_000
#: What is usual is what was in these weeks; of fewer than the least nobody says what is usual.
WEEKS = 4
WEEKS_MIN = 3
#: Five such ranges are read, hour by hour: of years it would take minutes.
COMPARED_MAX = timedelta(days=62)
#: So many compared series are kept for other screens, of at most so many points each.
SHARED_MAX = 32
SHARED_POINTS_MAX = 1_000
#: Aggregates are refreshed for events that come later than this by a timer of their own; what is
#: younger is summed from its minutes, which are always right.
SETTLED_AFTER = {HOUR: timedelta(days=4), DAY: timedelta(days=9)}

Step = Literal["1m", "5m", "1h", "1d"]
STEPS: dict[Step, timedelta] = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "1h": HOUR,
    "1d": DAY,
}
_EPOCH = datetime(2000, 1, 1, tzinfo=LOCAL_ZONE).astimezone(UTC)


class Metric(StrEnum):
    """What is counted."""

    #: Events of any source.
    EVENTS = "events"
    #: Alarms by the time at which they were raised; `kind` is the rule.
    ALARMS = "alarms"
    #: Waiting times at the desks in seconds, by the minute in which they ended.
    WAIT_P50 = "wait_p50"
    WAIT_P90 = "wait_p90"
    #: Steps of tickets.
    ISSUED = "issued"
    SERVED = "served"
    ABANDONED = "abandoned"
    #: Steps of dossiers.
    RECEIVED = "received"
    RESOLVED = "resolved"


_SHARES = {Metric.WAIT_P50: 0.5, Metric.WAIT_P90: 0.9}


class Point(BaseModel):
    """One bucket, by its beginning; `n` is a count, for waiting times seconds: null, nobody waited.

    With `compare`: the same time a week ago, and the lowest and highest of four weeks. Null where
    the source did not speak then; low and high also with fewer than three weeks.
    """

    t: datetime
    n: int | float | None = Field(examples=[61])
    week_ago: int | float | None = Field(default=None, examples=[58])
    low: int | float | None = Field(default=None, examples=[40])
    high: int | float | None = Field(default=None, examples=[75])


class Gap(BaseModel):
    """A stretch in which the whole source was silent for longer than it ever is."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")


class Series(BaseModel):
    """Every bucket of the range, those without anything as zeros.

    With `gaps` or `compare`: the gaps. With `compare`: how many of the last four weeks there are,
    and how many events came more than a minute late (null: too many to look through).
    """

    metric: Metric
    step: Step
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    points: list[Point]
    weeks: int = Field(default=0, examples=[4])
    gaps: list[Gap] = []
    late: int | None = Field(default=None, examples=[31])
    as_of: datetime | None = None


class Asked:
    """What a series is asked about."""

    def __init__(  # noqa: PLR0913 - one parameter is one filter
        self,
        when: When,
        *,
        metric: Metric = Metric.EVENTS,
        step: Step = "5m",
        source: Annotated[
            str | None, Query(max_length=64, pattern=r"^[^\x00]*$", examples=["camera"])
        ] = None,
        area: AskedArea = None,
        kind: Annotated[
            str | None, Query(max_length=256, pattern=r"^[^\x00]*$", examples=["smoke"])
        ] = None,
        compare: Annotated[
            bool,
            Query(description="With the last four weeks, gaps and late events; at most 62 days."),
        ] = False,
        gaps: Annotated[
            bool, Query(description="With the stretches in which the whole source was silent.")
        ] = False,
    ) -> None:
        self.metric, self.step, self.when = metric, step, when
        self.compare, self.gaps = compare, gaps
        self.source, self.area, self.kind = source or None, area, kind or None
        self.window = window_of(when, STEPS[step])
        if compare and when.end - when.start > COMPARED_MAX:
            detail = f"at most {COMPARED_MAX.days} days are compared with the weeks before"
            raise Problem(400, detail, code="range")

    def only(self, who: Caller) -> Only:
        """Return what of it this caller may see."""
        return Only(self.source, seen_area(who, self.area), self.kind)


Wanted = Annotated[Asked, Depends()]


def shared(request: Request) -> Shared[Series]:
    """Return the compared series that all calls of this process share."""
    return cast("Shared[Series]", request.app.state.compared)


Beside = Annotated[Shared[Series], Depends(shared)]


@router.get(
    "/series",
    response_model=Series,
    response_model_exclude_unset=True,
    summary="Numbers over time",
    responses=problems(400, 401, 403, 503),
)
def get_series(db: Db, who: Viewer, asked: Wanted, beside: Beside) -> Series:
    """Return a metric by minute, five minutes, hour or day (of Asia/Ho_Chi_Minh).

    The first bucket is the whole one that `from` lies in; at most 10,000 points.
    """
    return _answer(db, asked, asked.only(who), beside)


@router.get(
    "/series.csv",
    response_class=Response,
    summary="Numbers over time as a table",
    responses={
        **problems(400, 401, 403, 503),
        200: {"description": "CSV", "content": {"text/csv": {"schema": {"type": "string"}}}},
    },
)
def get_series_csv(db: Db, who: Viewer, asked: Wanted, beside: Beside) -> Response:
    """Return the same as a CSV file: UTF-8 with a mark, times of the province, plain numbers.

    `silent` is 1 where the source was silent for the whole bucket: its 0 is no zero.
    """
    found = _answer(db, asked, asked.only(who), beside)
    name = f"{found.metric}-{found.step}-{found.start.astimezone(LOCAL_ZONE):%Y%m%d-%H%M}.csv"
    return Response(
        _table(found, is_compared=asked.compare),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _answer(db: Database, asked: Asked, only: Only, beside: Shared[Series]) -> Series:
    """Return the series; what is dear and asked by many walls is read once for all of them."""
    span = asked.when.end - asked.when.start
    if not asked.compare or span > SHARED_POINTS_MAX * asked.window.step:
        return _series(db, asked, only)
    question = (asked.metric, asked.step, asked.when, only)
    return beside.value(question, lambda: _series(db, asked, only))


def _series(db: Database, asked: Asked, only: Only) -> Series:
    when, window = asked.when, asked.window
    with reading(db) as conn:
        values = _values(conn, asked.metric, window, only)
        gaps = _gaps_of(conn, asked, only) if asked.gaps or asked.compare else None
        compared = _compared(conn, asked, only) if asked.compare else None
    nothing = nothing_of(asked.metric)
    points = [Point.model_construct(t=t, n=values.get(t, nothing)) for t in buckets(window)]
    found = Series(
        metric=asked.metric, step=asked.step, start=when.start, end=when.end, points=points
    )
    if gaps is not None:
        found.gaps = [Gap(start=start, end=end) for start, end in gaps]
    if compared is not None:
        for point in points:
            point.week_ago, point.low, point.high = compared.of(point.t)
        found.weeks, found.late, found.as_of = compared.weeks, compared.late, clock.now()
    return found


def _table(found: Series, *, is_compared: bool) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    beside = ("week_ago", "low", "high", "silent") if is_compared else ()
    rows.writerow(("time", found.metric.value, *beside))
    step = STEPS[found.step]
    for point in found.points:
        more: tuple[object, ...] = ()
        if is_compared:
            is_silent = any(
                gap.start <= point.t and point.t + step <= gap.end for gap in found.gaps
            )
            more = (point.week_ago, point.low, point.high, int(is_silent))
        rows.writerow((point.t.astimezone(LOCAL_ZONE).isoformat(), point.n, *more))
    return codecs.BOM_UTF8 + text.getvalue().encode()


def window_of(when: Span, step: timedelta) -> Window:
    """Return the buckets of a range; the first begins at the floor of its start.

    Raises:
        Problem: 400, they are too many.
    """
    start = floor(when.start, step)
    if -((start - when.end) // step) > POINTS_MAX:
        detail = f"at most {POINTS_MAX} points; take a wider step or a shorter range"
        raise Problem(400, detail, code="too_many_points")
    return Window(start, when.end, step)


def floor(at: datetime, step: timedelta) -> datetime:
    """Return the beginning of the bucket that a time lies in; days are the province's."""
    return at - (at - _EPOCH) % step


def buckets(window: Window) -> list[datetime]:
    """Return the beginning of every bucket."""
    count = -((window.start - window.end) // window.step)
    return [window.start + number * window.step for number in range(count)]


def _values(
    conn: Conn, metric: Metric, window: Window, only: Only
) -> dict[datetime, int] | dict[datetime, float]:
    if metric is Metric.ALARMS:
        return stored.raised(conn, window, only)
    if metric in _SHARES:
        if only.source not in {None, "queue"} or only.kind is not None:
            return {}
        found = stored.percentile_bins(conn, window, "wait", _SHARES[metric], only.area)
        return {t: round(middle_ms(number) / 1000, 3) for t, number in found.items()}
    if metric is not Metric.EVENTS and (
        only.source not in {None, "queue"} or only.kind not in {None, metric.value}
    ):
        return {}
    only = _of_events(metric, only)
    return stored.counted(conn, window, only, _split(window, clock.now()))


def nothing_of(metric: Metric) -> int | None:
    """Return what a bucket without anything says: a wait of nobody is not one of 0 s."""
    return None if metric in _SHARES else 0


def _of_events(metric: Metric, only: Only) -> Only:
    """Return which events a metric counts."""
    return only if metric is Metric.EVENTS else Only("queue", only.area, metric.value)


def _split(window: Window, now: datetime) -> datetime:
    """Return up to where the coarse aggregate of the window's step is used."""
    settled = SETTLED_AFTER.get(window.step)
    if settled is None:
        return window.start
    whole = floor(min(now - settled, window.end), window.step)
    return max(window.start, whole)


# Beside the weeks before --------------------------------------------------------------------------

Number = int | float


@dataclass(frozen=True, slots=True)
class Week:
    """One of the weeks before, its times moved to those of the series."""

    values: Mapping[datetime, Number]
    gaps: list[tuple[datetime, datetime]]
    spoke: bool
    nothing: int | None = 0

    def at(self, t: datetime, step: timedelta) -> Number | None:
        """Return what was there; None: the source was silent, which is no zero."""
        if not self.spoke or any(start <= t and t + step <= end for start, end in self.gaps):
            return None
        return self.values.get(t, self.nothing)


@dataclass(frozen=True, slots=True)
class Compared:
    """The weeks before, the newest first, and what of the range itself came late."""

    step: timedelta
    before: list[Week]
    late: int | None

    @property
    def weeks(self) -> int:
        """How many weeks there are to compare with."""
        return sum(week.spoke for week in self.before)

    def of(self, t: datetime) -> tuple[Number | None, Number | None, Number | None]:
        """Return what was there a week ago, the lowest and the highest of the weeks."""
        found = [week.at(t, self.step) for week in self.before]
        known = [n for n in found if n is not None]
        if len(known) < WEEKS_MIN:
            return found[0], None, None
        return found[0], min(known), max(known)


def _compared(conn: Conn, asked: Asked, only: Only) -> Compared:
    window = asked.window
    late = None
    if asked.metric not in {Metric.ALARMS, *_SHARES} and not source_figures.is_many(
        conn, window.start, window.end
    ):
        what = _of_events(asked.metric, only)
        found = source_figures.late(
            conn, window.start, window.end, source=what.source, area=what.area, kind=what.kind
        )
        late = None if found is None else sum(found.values())
    return Compared(
        step=window.step,
        before=[_week(conn, asked, only, number * WEEK) for number in range(1, WEEKS + 1)],
        late=late,
    )


def _source_of(metric: Metric, only: Only) -> str | None:
    """Return whose silence is no zero."""
    return only.source if metric in {Metric.EVENTS, Metric.ALARMS} else "queue"


def _week(conn: Conn, asked: Asked, only: Only, ago: timedelta) -> Week:
    window, source = asked.window, _source_of(asked.metric, only)
    then = Window(window.start - ago, window.end - ago, window.step)
    if not stored.spoke(conn, source, then.start, then.end):
        return Week({}, [], spoke=False)
    values = _values(conn, asked.metric, then, only)
    gaps = _gaps(conn, asked.metric, source, then.start, then.end)
    return Week(
        {t + ago: n for t, n in values.items()},
        [(start + ago, end + ago) for start, end in gaps],
        spoke=True,
        nothing=nothing_of(asked.metric),
    )


def _gaps_of(conn: Conn, asked: Asked, only: Only) -> list[tuple[datetime, datetime]]:
    """Return when the source was silent in the range, up to now."""
    source, end = _source_of(asked.metric, only), min(asked.window.end, clock.now())
    return _gaps(conn, asked.metric, source, asked.window.start, end)


def _gaps(
    conn: Conn, metric: Metric, source: str | None, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Return when the source was silent; alarms may well be absent while it speaks."""
    if end <= start or metric is Metric.ALARMS:
        return []
    return stored.gaps(conn, source, start, end, silent_after(source or ""))
