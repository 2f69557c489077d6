"""A YAML file as a small tree that knows its lines.

Built from the parser's events, not by a loader: no tags, no anchors, no aliases (nothing can
expand), bounded depth, and scalars stay as they were written: `05443` is text, no octal number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

#: Largest rule file; the largest rule set of 2,000 rules is well under it.
FILE_BYTES_MAX = 1024 * 1024
#: Deepest nesting; a sensible rule has 8.
DEPTH_MAX = 24

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,15})\.[0-9]{1,15}")
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a line, and what to write instead."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word or sentence, as written."""

    line: int
    text: str
    quoted: bool

    @property
    def value(self) -> str | int | float | bool | None:
        """What it means when no field says: true, false, null, a plain number; else text."""
        if self.quoted:
            return self.text
        if self.text in {"", "~", "null"}:
            return None
        if self.text in _TRUTHS:
            return _TRUTHS[self.text]
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if _DECIMAL.fullmatch(self.text) else self.text

    @property
    def is_kept(self) -> bool:
        """Whether the text is the same after it was stored as JSON: `1.10` would become `1.1`."""
        return not isinstance(self.value, float) or str(self.value) == self.text

    def plain(self) -> object:
        """Return the value for display."""
        return self.value


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: tuple[Node, ...]

    def plain(self) -> object:
        """Return the list for display."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; `lines` are those of the keys."""

    line: int
    entries: dict[str, Node]
    lines: dict[str, int]

    def plain(self) -> object:
        """Return the mapping for display."""
        return {key: node.plain() for key, node in self.entries.items()}


Node = Scalar | Items | Fields


class DocumentError(Exception):
    """The file cannot be read as YAML."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


def read(text: str) -> Node | None:
    """Return the file's tree, None when it is empty; DocumentError at the first thing wrong."""
    if len(text) > FILE_BYTES_MAX or len(text.encode(errors="replace")) > FILE_BYTES_MAX:
        raise DocumentError(1, "the file is larger than 1 MiB; split it")
    try:
        return _root(iter(yaml.parse(text, Loader=_LOADER)))
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else min(mark.line, text.count("\n")) + 1
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise DocumentError(line, f"this is not YAML: {problem}") from error


def _root(events: Iterator[Any]) -> Node | None:
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                raise DocumentError(_line(event), "write one document a file, without '---'")
            root = _node(next(events), events, 0)
    return None if isinstance(root, Scalar) and root.value is None else root


def _node(event: Any, events: Iterator[Any], depth: int) -> Node:
    line = _line(event)
    if event.anchor is not None:
        raise DocumentError(line, "anchors (&) and aliases (*) are not allowed; write it out")
    if event.tag is not None and event.tag != "!":
        raise DocumentError(line, f"tags are not allowed; remove {event.tag!r}")
    if depth > DEPTH_MAX:
        raise DocumentError(line, f"nested more than {DEPTH_MAX} deep")
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(line, event.value, quoted=bool(event.style))
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_node(event, events, depth + 1))
        return Items(line, tuple(items))
    return _fields(line, events, depth)


def _fields(line: int, events: Iterator[Any], depth: int) -> Fields:
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, depth + 1)
        if not isinstance(key, Scalar):
            raise DocumentError(key.line, "a key is a word")
        if key.text in entries:
            raise DocumentError(
                key.line, f"{key.text!r} is here a second time (first in line {lines[key.text]})"
            )
        entries[key.text] = _node(next(events), events, depth + 1)
        lines[key.text] = key.line
    return Fields(line, entries, lines)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
