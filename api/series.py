"""Numbers over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import Viewer, seen_area
from api.parts import Db
from api.problem import Problem, problems
from api.span import Span, When
from connectors.timescale import series as stored
from connectors.timescale.database import Conn
from connectors.timescale.series import DAY, HOUR, Only, Window
from ioc import clock
from ioc.clock import LOCAL_ZONE
from ioc.rollup import middle_ms

router = APIRouter(tags=["series"])

POINTS_MAX = 10_000
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
    """One bucket, by its beginning; `n` is a count, for waiting times seconds."""

    t: datetime
    n: int | float = Field(examples=[61])


class Series(BaseModel):
    """Every bucket of the range, those without anything as zeros."""

    metric: Metric
    step: Step
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    points: list[Point]


@router.get(
    "/series", response_model=Series, summary="Numbers over time", responses=problems(400, 401, 403)
)
def get_series(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    when: When,
    *,
    metric: Metric = Metric.EVENTS,
    step: Step = "5m",
    source: Annotated[
        str | None, Query(max_length=64, pattern=r"^[^\x00]*$", examples=["camera"])
    ] = None,
    area: Annotated[str | None, Query(max_length=10, examples=["05443"])] = None,
    kind: Annotated[
        str | None, Query(max_length=256, pattern=r"^[^\x00]*$", examples=["smoke"])
    ] = None,
) -> Series:
    """Return a metric by minute, five minutes, hour or day (of Asia/Ho_Chi_Minh).

    The first bucket is the whole one that `from` lies in; at most 10,000 points.
    """
    where = seen_area(who, area)
    window = window_of(when, STEPS[step])
    only = Only(source or None, where, kind or None)
    with db.reading() as conn:
        values = _values(conn, metric, window, only)
    points = [Point.model_construct(t=t, n=values.get(t, 0)) for t in buckets(window)]
    return Series(metric=metric, step=step, start=when.start, end=when.end, points=points)


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
    if metric is not Metric.EVENTS:
        if only.source not in {None, "queue"} or only.kind not in {None, metric.value}:
            return {}
        only = Only("queue", only.area, metric.value)
    return stored.counted(conn, window, only, _split(window, clock.now()))


def _split(window: Window, now: datetime) -> datetime:
    """Return up to where the coarse aggregate of the window's step is used."""
    settled = SETTLED_AFTER.get(window.step)
    if settled is None:
        return window.start
    whole = floor(min(now - settled, window.end), window.step)
    return max(window.start, whole)
