"""Dead letters by the hundred: what is wrong, one mend for all, tried before it is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from api.alarm_body import NO_NUL
from api.auth import Operator, whole_province
from api.parts import Db, check_broker, parts
from api.problem import Problem, problems
from connectors.retry import Trial, retry_many, try_many
from connectors.timescale import dead_letters
from connectors.timescale.database import Conn
from connectors.timescale.dead_letters import Group
from ioc import clock
from ioc.event import Reason
from ioc.mending import Put, Remove, Rename, Step, tokens

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])

#: So many at a time; call again for more.
LETTERS_MAX = 1000
FIX_STEPS_MAX = 20
PATH_CHARACTERS_MAX = 500
#: Naming the first ones that are refused is enough.
REFUSED_SHOWN_MAX = 50
DETAIL_CHARACTERS_MAX = 2000


class LetterGroup(BaseModel):
    """Letters of one source that are wrong in one way and wait for a person.

    `unseen`: came after the last one of them whose bytes somebody looked at. `expires_at`: when the
    oldest is deleted. In `detail`, `#` stands for times, sizes and places that differ.
    """

    source: str = Field(examples=["fire"])
    reason: str = Field(examples=["schema"])
    detail: str = Field(examples=["data.kind: Field required"])
    n: int
    first_at: datetime
    last_at: datetime
    newest: int
    unseen: int
    expires_at: datetime


class LetterGroups(BaseModel):
    """At most 200 groups, that with the newest letter first, of the newest 100,000 letters."""

    groups: list[LetterGroup]


def _pointer(path: str) -> str:
    tokens(path)
    return path


Pointer = Annotated[
    str, Field(max_length=PATH_CHARACTERS_MAX, pattern=NO_NUL), AfterValidator(_pointer)
]


class RenameStep(BaseModel):
    """Move a value to another name; nothing happens where it is not."""

    op: Literal["rename"]
    old: Pointer = Field(alias="from", examples=["/data/lable"])
    new: Pointer = Field(alias="to", examples=["/data/label"])

    def step(self) -> Step:
        """Return it as the mender takes it."""
        return Rename(self.old, self.new)


class SetStep(BaseModel):
    """Write a value, over what is there."""

    op: Literal["set"]
    path: Pointer = Field(examples=["/data/kind"])
    value: Any = Field(examples=["smoke"])

    def step(self) -> Step:
        """Return it as the mender takes it."""
        return Put(self.path, self.value)


class RemoveStep(BaseModel):
    """Take a value out; nothing happens where it is not."""

    op: Literal["remove"]
    path: Pointer = Field(examples=["/data/note"])

    def step(self) -> Step:
        """Return it as the mender takes it."""
        return Remove(self.path)


class GroupKey(BaseModel):
    """A group as it was shown; `newest`: what came later is left alone.

    `after`: begin behind this number, the `last` of an answer that left some in front that a fix
    does not help.
    """

    source: str = Field(max_length=256, pattern=NO_NUL, examples=["fire"])
    reason: Reason = Field(examples=["wrong_topic"])
    detail: str = Field(max_length=DETAIL_CHARACTERS_MAX, pattern=NO_NUL, examples=["why"])
    newest: int = Field(dead_letters.ID_MAX, ge=1, le=dead_letters.ID_MAX)
    after: int = Field(0, ge=0, le=dead_letters.ID_MAX)
    start: AwareDatetime | None = Field(None, alias="from")
    end: AwareDatetime | None = Field(None, alias="to")


LetterNumber = Annotated[int, Field(ge=1, le=dead_letters.ID_MAX)]


class Chosen(BaseModel):
    """Dead letters by their numbers, or a group; at most 1,000 of them at a time."""

    ids: list[LetterNumber] | None = Field(
        None, min_length=1, max_length=LETTERS_MAX, json_schema_extra={"example": None}
    )
    group: GroupKey | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> Chosen:
        if (self.ids is None) == (self.group is None):
            raise ValueError("name the letters in `ids`, or a `group`")
        return self

    def of(self) -> list[int] | Group:
        """Return what was chosen."""
        if self.group is None:
            return self.ids or []
        key = self.group
        span = (key.start, key.end)
        return Group(key.source, key.reason, key.detail, key.newest, *span, key.after)


class Mend(Chosen):
    """Which, and what to mend in each, in this order; nothing: as they were."""

    fix: list[Annotated[RenameStep | SetStep | RemoveStep, Field(discriminator="op")]] = Field(
        [],
        max_length=FIX_STEPS_MAX,
        examples=[[{"op": "rename", "from": "/data/lable", "to": "/data/label"}]],
    )


class Discard(Chosen):
    """Which, and why nobody needs them."""

    why: str = Field(min_length=1, max_length=2000, pattern=NO_NUL, examples=["Thiết bị thử"])


class RefusedLetter(BaseModel):
    """One that would die again, and why."""

    id: int
    reason: str
    detail: str


class Tried(BaseModel):
    """What the reader says to them; `refused` names the first 50.

    `last` is the highest number among them, null for none; `more`: others wait behind it.
    """

    tried: int = Field(examples=[180])
    ok: int = Field(examples=[180])
    refused: list[RefusedLetter]
    last: int | None = Field(examples=[4711])
    more: bool


class Sent(Tried):
    """And how many were published."""

    sent: int = Field(examples=[180])


class Discarded(BaseModel):
    """How many were given up, and whether more of the group wait."""

    discarded: int = Field(examples=[180])
    more: bool


@router.get("/groups", summary="Dead letters by what is wrong", responses=problems(400, 401, 403))
def get_groups(
    request: Request,
    db: Db,
    who: Operator,
    *,
    start: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="Not included")] = None,
) -> LetterGroups:
    """Return what waits for a person, in groups that one mend may help. No bytes are shown."""
    whole_province(who)
    kept = timedelta(days=parts(request).settings.dead_letter_days)
    with db.reading() as conn:
        rows = dead_letters.groups(conn, start, end)
    return LetterGroups(
        groups=[LetterGroup(**row, expires_at=row["first_at"] + kept) for row in rows]
    )


@router.post("/try", summary="Would a mend help", responses=problems(400, 401, 403, 503))
def post_try(db: Db, who: Operator, wanted: Annotated[Mend, Body()]) -> Tried:
    """Say what the reader would make of them once they are mended; nothing is sent or changed."""
    whole_province(who)
    with db.reading() as conn:
        ids, more = _ids(conn, wanted)
    return _tried(try_many(db, ids, _steps(wanted, ids)), ids, more)


@router.post("/retry", summary="Mend and try many again", responses=problems(400, 401, 403, 503))
def post_retry(request: Request, db: Db, who: Operator, wanted: Annotated[Mend, Body()]) -> Sent:
    """Publish them again, mended; each keeps the time at which it first came.

    What would be refused once more is not sent and goes on waiting. A 503 says in `sent` how many
    Kafka had taken before it went away; send the same again.
    """
    whole_province(who)
    of = parts(request)
    check_broker(of)
    with db.reading() as conn:
        ids, more = _ids(conn, wanted)
    steps = _steps(wanted, ids)
    trial = retry_many(db, of.producer, ids, steps, by=who.name, now=clock.now())
    if trial.is_broken:
        raise Problem(
            503,
            f"Kafka went away after {trial.sent} were sent; send the same again",
            code="kafka_unavailable",
            extra={"sent": trial.sent},
        )
    return Sent(**_tried(trial, ids, more).model_dump(), sent=trial.sent)


@router.post("/discard", summary="Give many up", responses=problems(400, 401, 403, 503))
def post_discard(db: Db, who: Operator, wanted: Annotated[Discard, Body()]) -> Discarded:
    """Take them from the list, with who did and why; their bytes stay until they expire."""
    whole_province(who)
    with db.transaction() as conn:
        ids, more = _ids(conn, wanted)
        n = dead_letters.discard(conn, ids, who.name, wanted.why, clock.now())
    return Discarded(discarded=n, more=more)


def _ids(conn: Conn, wanted: Chosen) -> tuple[list[int], bool]:
    found = dead_letters.chosen(conn, wanted.of(), LETTERS_MAX + 1)
    return found[:LETTERS_MAX], len(found) > LETTERS_MAX


def _steps(wanted: Mend, ids: list[int]) -> list[Step]:
    steps = [each.step() for each in wanted.fix]
    if len(ids) > 1 and any(isinstance(each, Put) and each.path == "/id" for each in steps):
        # They would be one event, told many times: all but the first would be gone.
        raise Problem(400, "one id for many letters: an id belongs to one event", code="same_id")
    return steps


def _tried(trial: Trial, ids: list[int], more: bool) -> Tried:
    return Tried(
        tried=trial.tried,
        ok=trial.ok,
        refused=[
            RefusedLetter(id=letter_id, reason=refusal.reason, detail=refusal.detail)
            for letter_id, refusal in trial.refused[:REFUSED_SHOWN_MAX]
        ],
        last=max(ids, default=None),
        more=more,
    )
