"""What changed rules would have made of what happened: asked here, answered by a notifier."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from api.alarm_body import Name
from api.auth import Admin, whole_province
from api.parts import Db
from api.problem import Problem, problems
from api.rules import Text, Why, called, refused
from connectors.timescale import what_ifs
from connectors.timescale.what_ifs import Wish
from ioc import clock, rulebook
from ioc.event import TIME_MIN
from ioc.rule import RuleError

router = APIRouter(prefix="/what-ifs", tags=["rules"])

#: Beyond this a run takes hours: ask for less, or use `ioc rules replay`.
SPAN_MAX = timedelta(days=31)
WARM_UP_HOURS_MAX = 24 * 28

#: Before that nobody can tell how long the rest takes.
TELLS_REST_AFTER = timedelta(seconds=5)
TELLS_REST_FROM = 0.05

State = Literal["waiting", "running", "done", "failed", "stopped"]
Phase = Literal[
    "preparing",
    "warming_up_now",
    "playing_back_now",
    "warming_up_draft",
    "playing_back_draft",
    "comparing",
]
WhatIfId = Annotated[UUID, Path(examples=["3b6a4a0d-5d5b-4f5e-8f0b-0c2f5f3f7a12"])]


class WhatIfWish(BaseModel):
    """Rules as YAML (a file, or one rule), why, and the range to run them on: at most 31 days.

    `warm_up_hours` are run before `from` and not compared. `by` only counts while authentication is
    off.
    """

    text: Text
    why: Why
    start: AwareDatetime = Field(alias="from", examples=["2025-11-21T17:00:00Z"])
    end: AwareDatetime = Field(alias="to", examples=["2025-11-22T17:00:00Z"])
    warm_up_hours: int = Field(24, ge=0, le=WARM_UP_HOURS_MAX)
    by: Name | None = None


class Asked(BaseModel):
    """Where to look for its answer."""

    id: UUID
    state: State


class WhatIf(BaseModel):
    """A question and how far it is: what it does just now (`phase`), `progress` from 0 to 1.

    `rest_s`: about how many seconds it still takes; none while that cannot be told.
    """

    id: UUID
    why: str
    start: datetime = Field(validation_alias="from_at", serialization_alias="from")
    end: datetime = Field(validation_alias="to_at", serialization_alias="to")
    warm_up_hours: int
    by: str
    at: datetime
    state: State
    phase: Phase | None
    progress: float
    rest_s: float | None
    ended_at: datetime | None
    error: str | None


class WhatIfs(BaseModel):
    """What was asked, newest first; the newest hundred answers are kept."""

    what_ifs: list[WhatIf]


class Run(BaseModel):
    """What a rule set made of the range."""

    alarms: int
    per_10min_mean: float
    per_10min_max: int
    floods: int
    flood_s: float


class TenMinutes(BaseModel):
    """How many rang in ten minutes from `t` on."""

    t: datetime
    now: int
    draft: int


class Rang(BaseModel):
    """One that rings with one of the two only; `closed_as`: the code that a person gave it."""

    rule: str
    key: str
    title: str | None
    area: str | None
    at: datetime
    closed_as: str | None


class MissingStep(BaseModel):
    """A step of the log that the rules of now do not make again."""

    rule: str
    key: str
    step: str


class WhatIfAnswer(BaseModel):
    """What would be different: `reproduced` of `of` steps of the log says how far it is trusted.

    `lost` and `new` name the first 200, those that were closed as true (`lost_true`) first.
    """

    events: int
    reproduced: int
    of: int
    more: int
    missing: list[MissingStep]
    now: Run
    draft: Run
    per_10min: list[TenMinutes]
    lost: list[Rang]
    new: list[Rang]
    lost_n: int
    new_n: int
    lost_true: int


class WhatIfWhole(WhatIf):
    """With its text and, once it is `done`, its answer."""

    text: str
    answer: WhatIfAnswer | None


@router.get("", summary="What was asked", responses=problems(401, 403, 503))
def get_what_ifs(db: Db, who: Admin) -> WhatIfs:
    """Return the questions, newest first, and how far each is."""
    whole_province(who)
    with db.reading() as conn:
        rows = what_ifs.list_all(conn)
    now = clock.now()
    return WhatIfs(what_ifs=[WhatIf.model_validate(_told(row, now)) for row in rows])


@router.post("", status_code=202, summary="What if", responses=problems(400, 401, 403, 409, 503))
def post_what_if(db: Db, who: Admin, wanted: Annotated[WhatIfWish, Body()]) -> Asked:
    """Ask what these rules would have made of what happened; nobody is told and nothing changes.

    One runs at a time, in a process of its own; at most five wait, then it is 409.
    """
    whole_province(who)
    now = clock.now()
    _check_range(wanted, now)
    try:
        rulebook.of_text("text", wanted.text)
    except RuleError as error:
        raise refused(error) from error
    warm_up = timedelta(hours=wanted.warm_up_hours)
    wish = Wish(wanted.text, wanted.why, wanted.start, wanted.end, warm_up)
    with db.transaction() as conn:
        what_if = what_ifs.ask(conn, wish, called(who, wanted.by), now)
    return Asked(id=what_if, state="waiting")


@router.get("/{what_if_id}", summary="One with its answer", responses=problems(400, 401, 403, 404))
def get_what_if(db: Db, who: Admin, what_if_id: WhatIfId) -> WhatIfWhole:
    """Return one question with its text, how far it is, and its answer."""
    whole_province(who)
    with db.reading() as conn:
        row: dict[str, Any] = what_ifs.one(conn, what_if_id)
    return WhatIfWhole.model_validate(_told(row, clock.now()))


@router.delete(
    "/{what_if_id}",
    status_code=204,
    summary="Stop one",
    responses=problems(400, 401, 403, 404, 409, 503),
)
def delete_what_if(db: Db, who: Admin, what_if_id: WhatIfId) -> Response:
    """End one that waits or runs; its place is free within seconds."""
    whole_province(who)
    with db.transaction() as conn:
        what_ifs.stop(conn, what_if_id, who.name, clock.now())
    return Response(status_code=204)


def _told(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    is_running = row["state"] == "running"
    begun_at = row["begun_at"]  # none of a worker of before
    rest = rest_of(now - begun_at, row["progress"]) if is_running and begun_at else None
    return {
        **row,
        "phase": row["phase"] if is_running else None,
        "rest_s": None if rest is None else round(rest.total_seconds(), 1),
    }


def rest_of(passed: timedelta, progress: float) -> timedelta | None:
    """Return about how long it still takes, as long as it went on evenly; None: too early."""
    if passed < TELLS_REST_AFTER or progress < TELLS_REST_FROM:
        return None
    return passed * (1 - progress) / progress


def _check_range(wanted: WhatIfWish, now: datetime) -> None:
    if wanted.start < TIME_MIN + timedelta(hours=wanted.warm_up_hours):
        raise Problem(400, "`from` with its warm-up is before 1970", code="range")
    if wanted.end <= wanted.start:
        raise Problem(400, "`to` is not after `from`", code="range")
    if wanted.end > now:
        raise Problem(400, "`to` has not come yet: choose what has happened", code="range")
    if wanted.end - wanted.start > SPAN_MAX:
        raise Problem(400, "the range is longer than 31 days", code="range")
