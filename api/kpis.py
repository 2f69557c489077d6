"""Figures of how the alarms treat their operators, from the alarm log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple, cast

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from api.auth import AskedArea, Viewer, seen_area
from api.parts import Db
from api.problem import Problem, problems
from api.shared import Shared
from api.span import READ_TIMEOUT_MS
from connectors.timescale import kpis as stored
from connectors.timescale import philosophies
from connectors.timescale.database import Database
from connectors.timescale.kpis import Scope
from ioc import clock
from ioc.event import TIME_MIN
from ioc.kpi import Closings, figures

router = APIRouter(prefix="/kpis", tags=["alarms"])

#: The standard asks for at least 30 days.
SPAN_DEFAULT = timedelta(days=30)
SPAN_MAX = timedelta(days=400)
#: Every wall asks for the same figures each minute. After a flood they are read over millions of
#: entries: the last answers are kept, a dear one for so long.
SHARED_MAX = 32
AGE_MAX_S = 300.0


class Figure(BaseModel):
    """One figure, what it should be, and the edition that says so; `met` null: it has no target."""

    name: str = Field(examples=["per_hour"])
    value: float | int | str = Field(examples=[4.2])
    unit: str = Field(examples=["rings"])
    target: float | None
    maximum: float | None
    edition: str | None = Field(examples=["ISA-18.2-2016"])
    met: bool | None


class BadActor(BaseModel):
    """An alarm that rang often; `share` of all rings in percent."""

    rule: str
    key: str
    device: str | None
    area: str | None
    n: int
    share: float


class Precision(BaseModel):
    """How alarms were closed; `precision` is true / (true + false), null without any."""

    rule: str | None = None
    source: str | None = None
    device: str | None = None
    n: int
    codes: dict[str, int]
    precision: float | None


class TimeToAcknowledge(BaseModel):
    """From the ring to the acknowledgement, in seconds."""

    priority: int
    n: int
    p50_s: float
    p90_s: float


class DutyPosition(BaseModel):
    """An operator's position."""

    id: str = Field(examples=["main"])
    name: str
    name_en: str


class Kpis(BaseModel):
    """The figures of a range, a position and an area; null: of all.

    `since`: a range that begins before the first event counts from there; null: it does not.
    """

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    since: datetime | None
    position: str | None
    area: str | None
    rows: list[Figure]
    top_10: list[BadActor]
    time_to_acknowledge: list[TimeToAcknowledge]
    precision_by_rule: list[Precision]
    precision_by_device: list[Precision]
    positions: list[DutyPosition]


class Answer(NamedTuple):
    """What was found out; None: not in time."""

    kpis: Kpis | None


def shared(request: Request) -> Shared[Answer]:
    """Return the figures that all calls of this process share."""
    return cast("Shared[Answer]", request.app.state.kpis)


class Asked:
    """What a call asks for; `question`: its own words, by which answers are shared."""

    def __init__(
        self,
        who: Viewer,
        position: Annotated[
            str | None, Query(max_length=100, pattern=r"^[^\x00]*$", examples=["main"])
        ] = None,
        area: AskedArea = None,
        start: Annotated[
            AwareDatetime | None,
            Query(alias="from", description="RFC 3339; none: 30 days before `to`"),
        ] = None,
        end: Annotated[
            AwareDatetime | None, Query(alias="to", description="Not included; none: now")
        ] = None,
    ) -> None:
        seen = seen_area(who, area)
        self.question = (start, end, position, seen)
        self.scope = Scope(*_range(start, end), position, seen)


@router.get("", response_model=Kpis, summary="Figures", responses=problems(400, 401, 403, 503))
def get_kpis(
    db: Db,
    asked: Annotated[Asked, Depends()],
    beside: Annotated[Shared[Answer], Depends(shared)],
) -> Kpis:
    """Return the rows of ISA-18.2, EEMUA 191 and OPC UA, and what stands behind them.

    What is counted are rings: an alarm that asks for its operator anew. The range is at most 400
    days. What took long to count is not counted again for twenty times as long, 5 minutes at most.
    """
    answer = beside.value(asked.question, lambda: _answer(db, asked.scope))
    if answer.kpis is None:
        detail = "what was asked for cannot be counted in time: ask for a shorter range"
        raise Problem(400, detail, code="too_broad")
    return answer.kpis


def _answer(db: Database, scope: Scope) -> Answer:
    try:
        return Answer(_kpis(db, scope))
    except TimeoutError:
        return Answer(None)


def _kpis(db: Database, scope: Scope) -> Kpis:
    with db.reading_within(READ_TIMEOUT_MS) as conn:
        positions = stored.positions(conn)
        if scope.position is not None and scope.position not in {each["id"] for each in positions}:
            raise Problem(400, f"there is no position {scope.position!r}", code="position")
        philosophy = philosophies.newest(conn)
        counts = stored.counts(conn, scope, philosophy.chattering.fleeting)
    return Kpis(
        start=scope.start,
        end=scope.end,
        since=None if counts.known_from == scope.start else counts.known_from,
        position=scope.position,
        area=scope.area,
        rows=[Figure.model_validate(asdict(row)) for row in figures(counts, philosophy)],
        top_10=[
            BadActor(share=round(100 * actor.n / counts.rings, 3), **asdict(actor))
            for actor in counts.actors
        ],
        time_to_acknowledge=[TimeToAcknowledge(**asdict(each)) for each in counts.answers],
        precision_by_rule=[_precision(each, ("rule",)) for each in counts.by_rule],
        precision_by_device=[_precision(each, ("source", "device")) for each in counts.by_device],
        positions=[DutyPosition.model_validate(each) for each in positions],
    )


def _precision(closings: Closings, names: tuple[str, ...]) -> Precision:
    of: dict[str, Any] = dict(zip(names, closings.of, strict=True))
    return Precision(**of, n=closings.n, codes=dict(closings.codes), precision=closings.precision)


def _range(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    try:
        until = (end or clock.now()).astimezone(UTC)
        since = start.astimezone(UTC) if start is not None else until - SPAN_DEFAULT
    except OverflowError:
        raise Problem(400, "`from` or `to` is no time of ours", code="range") from None
    if since < TIME_MIN:
        raise Problem(400, "`from` is before 1970", code="range")
    if until <= since:
        raise Problem(400, "`to` is not after `from`", code="range")
    if until - since > SPAN_MAX:
        raise Problem(400, "the range is longer than 400 days", code="range")
    return since, until
