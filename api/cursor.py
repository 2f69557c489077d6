"""Cursors: where the next page starts, as a word that clients hand back and do not read."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.problem import Problem

LIMIT_DEFAULT = 50
LIMIT_MAX = 1000

#: `limit: Limit = LIMIT_DEFAULT`
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Most entries on the page.")]
#: `cursor: Cursor = None`
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next` of the page before, as it came.")
]

#: One that holds names of others, which may be long: `cursor: NameCursor = None`
NameCursor = Annotated[
    str | None, Query(max_length=3000, description="`next` of the page before, as it came.")
]


def written(*fields: object) -> str:
    """Return the cursor that holds these fields; none of them contains a bar."""
    text = "|".join(
        field.isoformat() if isinstance(field, datetime) else str(field) for field in fields
    )
    return _encoded(text)


def written_names(*names: str) -> str:
    """Return the cursor that holds names of others, in which anything may stand."""
    return _encoded(json.dumps(names))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    padded = cursor + "=" * (-len(cursor) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True).decode()


def read(cursor: str, count: int) -> list[str]:
    """Return the `count` fields of a cursor.

    Raises:
        Problem: 400, it is not one of ours.
    """
    try:
        fields = _decoded(cursor).split("|")
    except (binascii.Error, UnicodeError, ValueError):
        fields = []
    if len(fields) != count:
        raise Problem(400, "this cursor is not one of ours", code="cursor")
    return fields


def read_names(cursor: str | None, count: int) -> list[str] | None:
    """Return the `count` names in a cursor; None without one.

    Raises:
        Problem: 400, it is not one of ours.
    """
    if cursor is None:
        return None
    try:
        found = json.loads(_decoded(cursor))
        json.dumps(found, ensure_ascii=False).encode()  # half a character has no place in a query
    except (binascii.Error, UnicodeError, ValueError, RecursionError):
        found = None
    names = [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
    if len(names) != count or len(found) != count or any("\0" in name for name in names):
        raise Problem(400, "this cursor is not one of ours", code="cursor")
    return names


def read_time_and_id(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Return the time and the id in a cursor; None without one.

    Raises:
        Problem: 400, it is not one of ours.
    """
    if cursor is None:
        return None
    time, row_id = read(cursor, 2)
    try:
        at, found = datetime.fromisoformat(time), UUID(row_id)
    except ValueError:
        raise Problem(400, "this cursor is not one of ours", code="cursor") from None
    if at.tzinfo is None:
        raise Problem(400, "this cursor is not one of ours", code="cursor")
    return at, found


def read_urgency(cursor: str | None) -> tuple[int, datetime, UUID] | None:
    """Return priority, time and id in the cursor of a list by urgency; None without one.

    Raises:
        Problem: 400, it is not one of ours.
    """
    if cursor is None:
        return None
    priority, time, row_id = read(cursor, 3)
    following = read_time_and_id(written(time, row_id))
    if following is None or priority not in {"1", "2", "3", "4"}:
        raise Problem(400, "this cursor is not one of ours", code="cursor")
    return int(priority), *following


def read_number(cursor: str | None) -> int | None:
    """Return the number in a cursor; None without one.

    Raises:
        Problem: 400, it is not one of ours.
    """
    if cursor is None:
        return None
    (text,) = read(cursor, 1)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Problem(400, "this cursor is not one of ours", code="cursor")
    return int(text)
