"""The rules that raise alarms, as they run now, and every wording that they had."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, Field, model_validator

from api import cursor as cursors
from api.alarm_body import NO_NUL, Name
from api.auth import Admin, Caller, Viewer, whole_province
from api.cursor import LIMIT_DEFAULT, Cursor, Limit
from api.parts import Db, parts
from api.problem import Problem, problems
from connectors.timescale import rule_versions, rules
from connectors.timescale.database import Database
from connectors.timescale.rule_versions import Change
from ioc import clock, rulebook
from ioc.rule import Problem as Mistake
from ioc.rule import RuleError
from ioc.rulebook import Wording

router = APIRouter(prefix="/rules", tags=["rules"])

RULE = "rule"
#: A person writes and reads it; the largest rule is a few thousand characters.
TEXT_CHARACTERS_MAX = 100_000
#: One file can break many rules; naming the first ones is enough.
PROBLEMS_SHOWN_MAX = 20
VERSION_MAX = 2**31 - 1

EXAMPLE = """\
id: fire-alarm
title: "Báo cháy: {kind}"
title_en: "Fire alarm: {kind}"
type: ioc.fire.reading
kind: match
when: {state: alarm, kind: [smoke, heat, flame, gas, manual, waterflow]}
per: device
severity: critical
clear: {when: {state: [restore, normal]}}
"""

RuleId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", examples=["fire-alarm"])]
Why = Annotated[
    str, Field(min_length=1, max_length=2000, pattern=NO_NUL, examples=["Thêm đầu báo gas"])
]
Text = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX, examples=[EXAMPLE])]


class Rule(BaseModel):
    """One rule; `body` is what its YAML says. Version 0: from files, never stored."""

    id: str = Field(examples=["fire-alarm"])
    version: int = Field(examples=[3])
    loaded_at: datetime
    body: dict[str, Any]


class Rules(BaseModel):
    """Every rule that the workers run, by id; `revision` grows with each change."""

    revision: int = Field(examples=[41])
    rules: list[Rule]


class Version(BaseModel):
    """A wording; `body` null: the rule was withdrawn."""

    version: int = Field(examples=[3])
    by: str = Field(examples=["Trực ban 1"])
    at: datetime
    why: str
    origin: str = Field(examples=["api"], description="shipped, file or api")
    body: dict[str, Any] | None


class Versions(BaseModel):
    """What a rule has said so far, newest first."""

    versions: list[Version]
    next: str | None


class NewWording(BaseModel):
    """A rule as YAML (`text`, one rule) or as JSON (`body`), and why it changes.

    `by` only counts while authentication is off.
    """

    text: Text | None = None
    body: dict[str, Any] | None = Field(None, json_schema_extra={"example": None})
    why: Why
    by: Name | None = None

    @model_validator(mode="after")
    def _one_wording(self) -> NewWording:
        if (self.text is None) == (self.body is None):
            raise ValueError("write the rule in `text` (YAML) or in `body` (JSON)")
        return self


class Withdrawal(BaseModel):
    """Why the rule is not wanted any more."""

    why: Why
    by: Name | None = None


class InForce(BaseModel):
    """What is in force from the next unit of every worker on."""

    id: str = Field(examples=["fire-alarm"])
    version: int = Field(examples=[4])
    revision: int = Field(examples=[42])


class FileText(BaseModel):
    """A rules file, or one rule."""

    text: Text


class Mistaken(BaseModel):
    """What is wrong at a line, and what to write instead."""

    line: int = Field(examples=[7])
    text: str


class Checked(BaseModel):
    """How many rules the text holds, and everything that is wrong in it."""

    rules: int = Field(examples=[1])
    problems: list[Mistaken]


@router.get("", summary="Rules", responses=problems(401, 403, 503))
def get_rules(db: Db, who: Viewer) -> Rules:
    """Return the rules that run now, by id."""
    with db.transaction() as conn:
        rows = rules.list_all(conn)
        revision = rule_versions.revision(conn)
    return Rules(revision=revision, rules=[Rule.model_validate(row) for row in rows])


@router.post("/check", summary="Check a text", responses=problems(400, 401, 403))
def post_check(who: Admin, wanted: Annotated[FileText, Body()]) -> Checked:
    """Say what is wrong in a rules file; nothing is stored."""
    try:
        found = rulebook.checked("text", wanted.text)
    except RuleError as error:
        return Checked(rules=0, problems=_shown(error))
    return Checked(rules=len(found.rules), problems=[])


@router.get(
    "/{rule_id}/versions", summary="Versions of a rule", responses=problems(400, 401, 403, 404, 503)
)
def get_versions(
    db: Db, who: Viewer, rule_id: RuleId, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
) -> Versions:
    """Return who changed the rule, when, why and into what, newest first."""
    before = cursors.read_number(cursor)
    before = None if before is None else min(before, VERSION_MAX)
    with db.reading() as conn:
        rows = rule_versions.versions(conn, RULE, rule_id, before, limit)
    if not rows and cursor is None:
        raise Problem(404, f"there is no rule {rule_id!r}")
    following = cursors.written(rows[-1]["version"]) if len(rows) == limit else None
    return Versions(versions=[Version.model_validate(row) for row in rows], next=following)


@router.put("/{rule_id}", summary="Change a rule", responses=problems(400, 401, 403, 503))
def put_rule(
    request: Request, db: Db, who: Admin, rule_id: RuleId, wanted: Annotated[NewWording, Body()]
) -> InForce:
    """Put a wording in force, at once and in every process; nothing restarts.

    A rule that is wrong is refused with the lines, and the old one runs on. The files of the site
    do not undo the change until they say something new about this rule themselves.
    """
    whole_province(who)
    try:
        wording = _wording(rule_id, wanted)
        change = Change(RULE, rule_id, wording.body, "api", wanted.why)
        return _changed(request, db, change, called(who, wanted.by))
    except RuleError as error:
        raise refused(error) from error


@router.delete("/{rule_id}", summary="Withdraw a rule", responses=problems(400, 401, 403, 404, 503))
def delete_rule(
    request: Request, db: Db, who: Admin, rule_id: RuleId, wanted: Annotated[Withdrawal, Body()]
) -> InForce:
    """Judge by this rule no more; its open alarms stay until a person closes them."""
    whole_province(who)
    try:
        change = Change(RULE, rule_id, None, "api", wanted.why)
        return _changed(request, db, change, called(who, wanted.by))
    except RuleError as error:
        raise refused(error) from error


def _changed(request: Request, db: Database, change: Change, by: str) -> InForce:
    now, state = clock.now(), request.app.state
    with db.reading() as conn:
        # Read before the others are kept waiting, and only what changed since the last time.
        known = rule_versions.in_force(conn, getattr(state, "known_rules", None))
    state.known_rules = known
    with db.transaction() as conn:
        if rule_versions.revision(conn) == 0:
            # Nobody has migrated: what ran until now were the files, and the others of those stay.
            wordings = rulebook.of_site(parts(request).settings.config_dir)
            rule_versions.follow_files(conn, wordings, now=now)
        found = rule_versions.change(conn, [change], by=by, now=now, known=known)
        revision = rule_versions.revision(conn)
    if change.key not in found:
        raise Problem(404, f"there is no rule {change.id!r}")
    return InForce(id=change.id, version=found[change.key], revision=revision)


def _wording(rule_id: str, wanted: NewWording) -> Wording:
    text = wanted.text
    if text is None:
        try:
            text = orjson.dumps(wanted.body).decode()
        except orjson.JSONEncodeError as error:
            raise RuleError(
                [Mistake("body", 1, "a value in it is no text and no number")]
            ) from error
    wording = rulebook.of_rule("text" if wanted.text is not None else "body", text)
    if wording.id != rule_id:
        raise RuleError(
            [
                Mistake(
                    "text", 1, f"this is the rule {wording.id!r}; write it to /rules/{wording.id}"
                )
            ]
        )
    return wording


def called(who: Caller, by: str | None) -> str:
    """Return by which name a caller is remembered."""
    return who.name if who.is_named else by or who.name


def refused(error: RuleError) -> Problem:
    """Return the 400 that names the lines."""
    shown = _shown(error)
    return Problem(
        400,
        f"line {shown[0].line}: {shown[0].text}",
        code="rule",
        extra={"errors": [each.model_dump() for each in shown]},
    )


def _shown(error: RuleError) -> list[Mistaken]:
    return [
        Mistaken(line=problem.line, text=problem.text)
        for problem in error.problems[:PROBLEMS_SHOWN_MAX]
    ]
