"""Named queries: `-- name: x`, then the SQL, in a file beside the module that runs them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from typing import LiteralString, cast

import orjson

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def queries(noun: str) -> dict[str, LiteralString]:
    """Return the queries of `<noun>.sql` by name."""
    text = resources.files("connectors.timescale").joinpath(f"{noun}.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    named = dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))
    if len(named) * 2 != len(parts):
        raise ValueError(f"{noun}.sql names a query twice")
    # psycopg asks for literal strings; a file of ours is as safe as a string in the code.
    return cast("dict[str, LiteralString]", named)


def as_rows(rows: Sequence[object]) -> str:
    """Return rows, dicts or dataclasses, as one JSON document, for `json_to_recordset`.

    Encoded and read several times faster than an array for each column.
    """
    return orjson.dumps(rows).decode()
