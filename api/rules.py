"""The rules that raise alarms, as they run now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Viewer
from api.parts import Db
from api.problem import problems
from connectors.timescale import rules

router = APIRouter(prefix="/rules", tags=["rules"])


class Rule(BaseModel):
    """One rule; `body` is what its YAML says."""

    id: str = Field(examples=["fire-alarm"])
    loaded_at: datetime
    body: dict[str, Any]


class Rules(BaseModel):
    """Every rule that the workers run, by id."""

    rules: list[Rule]


@router.get("", summary="Rules", responses=problems(401, 403, 503))
def get_rules(db: Db, who: Viewer) -> Rules:
    """Return the rules."""
    with db.reading() as conn:
        return Rules(rules=[Rule.model_validate(row) for row in rules.list_all(conn)])
