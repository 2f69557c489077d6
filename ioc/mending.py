"""Mending a record that could not be used: a field renamed, set or removed, and nothing else.

Paths are JSON pointers (RFC 6901) into the event as one envelope, `/data/label`, also where the
record came in binary mode with its attributes in headers.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ioc.event import Headers, Reason, Refusal

_BINARY_TYPE = "ce_type"


@dataclass(frozen=True, slots=True)
class Rename:
    """Move a value to another name; nothing happens where it is not."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Put:
    """Write a value, over what is there."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a value out; nothing happens where it is not."""

    path: str


Step = Rename | Put | Remove


class _NoPlaceError(Exception):
    """A step cannot be done on this record."""


def mended(value: bytes, headers: Headers, fix: Sequence[Step]) -> bytes | Refusal:
    """Return the record as one envelope (structured mode) with the steps done in order."""
    envelope = _envelope(value, headers)
    if isinstance(envelope, Refusal):
        return envelope
    try:
        for step in fix:
            _done(envelope, step)
    except _NoPlaceError as error:
        return Refusal(Reason.SCHEMA, str(error))
    try:
        return json.dumps(envelope, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character: its own reader refuses it
        return json.dumps(envelope).encode()
    except RecursionError:
        return Refusal(Reason.TOO_DEEP, "nested too deep to be mended")


def tokens(path: str) -> list[str]:
    """Return the names on a path.

    Raises:
        ValueError: it is no pointer to something inside.
    """
    if not path.startswith("/"):
        raise ValueError(f"{path!r}: a path begins with /, as /data/label")
    return [each.replace("~1", "/").replace("~0", "~") for each in path[1:].split("/")]


def _envelope(value: bytes, headers: Headers) -> dict[str, Any] | Refusal:
    try:
        # Not the quick reader: it rounds integers beyond 64 bits, and what is not mended must stay.
        found = json.loads(value)
    except RecursionError:
        return Refusal(Reason.TOO_DEEP, "nested too deep to be mended")
    except ValueError:  # no JSON, or no UTF-8
        return Refusal(Reason.NOT_JSON, "only what is JSON can be mended by its fields")
    if any(name == _BINARY_TYPE for name, _ in headers):
        found = {
            **{
                name[3:]: raw.decode(errors="replace")
                for name, raw in headers
                if name.startswith("ce_") and raw is not None
            },
            "data": found,
        }
    if not isinstance(found, dict):
        return Refusal(Reason.SCHEMA, "only an object has fields that can be mended")
    return found


def _done(envelope: dict[str, Any], step: Step) -> None:
    if isinstance(step, Put):
        # Its own copy: what a later step writes into it belongs to this record and to no other.
        _write(envelope, step.path, copy.deepcopy(step.value))
    elif isinstance(step, Remove):
        _take(envelope, step.path)
    else:
        taken = _take(envelope, step.old)
        if taken:
            if _holder_of(envelope, step.new, is_there=True) is not None:
                raise _NoPlaceError(f"{step.new}: something is there already")
            _write(envelope, step.new, taken[0])


def _take(envelope: dict[str, Any], path: str) -> list[Any]:
    """Take out what is at a path: a list of it, empty when it is not there."""
    holder = _holder_of(envelope, path, is_there=True)
    if holder is None:
        return []
    name = tokens(path)[-1]
    return [holder.pop(name) if isinstance(holder, dict) else holder.pop(int(name))]


def _write(envelope: dict[str, Any], path: str, value: Any) -> None:
    holder = _holder_of(envelope, path, is_there=False)
    if holder is None:
        raise _NoPlaceError(f"{path}: there is no object to write it into")
    name = tokens(path)[-1]
    if isinstance(holder, dict):
        holder[name] = value
    else:
        holder[int(name)] = value


def _holder_of(
    envelope: dict[str, Any], path: str, *, is_there: bool
) -> dict[str, Any] | list[Any] | None:
    """Return the object or list that holds what is at a path; of a list, only what it has.

    `is_there`: the value itself must be there too.
    """
    holder: Any = envelope
    *way, last = tokens(path)
    for name in way:
        if isinstance(holder, dict) and name in holder:
            holder = holder[name]
        elif isinstance(holder, list) and (at := _index(holder, name)) is not None:
            holder = holder[at]
        else:
            return None
    if isinstance(holder, dict):
        return holder if last in holder or not is_there else None
    if isinstance(holder, list):
        return holder if _index(holder, last) is not None else None
    return None


def _index(of: list[Any], name: str) -> int | None:
    return int(name) if name.isascii() and name.isdigit() and int(name) < len(of) else None
