"""Reading `philosophy:`; every problem with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.resources import files

from ioc.philosophy.philosophy import (
    ChatterLimits,
    FloodLimits,
    Philosophy,
    Position,
    Target,
)
from ioc.rule.document import Fields, Node, Scalar
from ioc.rule.document import read as parsed
from ioc.rule.load import RuleError
from ioc.rule.notes import Notes
from ioc.severity import Severity
from ioc.source import BY_NAME

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
SHELF_MAX = 30 * DAY
POSITIONS_MAX = 50
TARGETS_MAX = 100
#: A flood needs some rings; with more than this the feed is unreadable anyway.
FLOOD_MAX = 1_000
#: As many flips of a key are remembered (ioc.chattering).
FLIPS_MAX = 16

_KEYS = ("shelve_max", "ack_expires", "flood", "chattering", "positions", "targets")
_SEVERITIES = tuple(each.value for each in Severity)


def read(node: Node, notes: Notes) -> Sequence[Philosophy]:
    """Return what `philosophy:` says over what is shipped; nothing when it has a problem."""
    return _read(node, notes, shipped())


def load(text: str, filename: str) -> Philosophy:
    """Return the philosophy of a file, `philosophy:` at its top.

    Raises:
        RuleError: with everything that is wrong in it.
    """
    return _load(text, filename, shipped())


@cache
def shipped() -> Philosophy:
    """Return what holds where a site says nothing."""
    text = (files("ioc.philosophy") / "shipped.yaml").read_text(encoding="utf-8")
    return _load(text, "shipped.yaml", Philosophy())


def _load(text: str, filename: str, base: Philosophy) -> Philosophy:
    notes = Notes(filename)
    root = parsed(text)
    top = None if root is None else notes.fields(root, "the file", ("philosophy",))
    found: Sequence[Philosophy] = [base]
    if top is not None and "philosophy" in top.entries:
        found = _read(top.entries["philosophy"], notes, base)
    if notes.problems or not found:
        raise RuleError(notes.problems)
    return found[0]


def _read(node: Node, notes: Notes, base: Philosophy) -> Sequence[Philosophy]:
    before = len(notes.problems)
    fields = notes.fields(node, "philosophy", _KEYS)
    if fields is None:
        return []
    at = fields.entries
    found = base
    if "shelve_max" in at:
        longest = _durations(at["shelve_max"], "shelve_max", notes)
        found = replace(found, shelve_max={**base.shelve_max, **longest})
    if "ack_expires" in at:
        expires = _durations(at["ack_expires"], "ack_expires", notes)
        found = replace(found, ack_expires={**base.ack_expires, **expires})
    if "flood" in at:
        found = replace(found, flood=_flood(at["flood"], notes, base.flood))
    if "chattering" in at:
        found = replace(found, chattering=_chattering(at["chattering"], notes, base.chattering))
    if "positions" in at:
        found = replace(found, positions=_positions(at["positions"], notes))
    if "targets" in at:
        found = replace(found, targets={**base.targets, **_targets(at["targets"], notes)})
    return [found] if len(notes.problems) == before else []


def _durations(node: Node, name: str, notes: Notes) -> Mapping[Severity, timedelta]:
    fields = notes.fields(node, name, _SEVERITIES)
    found: dict[Severity, timedelta] = {}
    for word, each in fields.entries.items() if fields else ():
        duration = notes.duration(each, f"{name}.{word}", MINUTE, SHELF_MAX)
        if duration is not None and word in _SEVERITIES:
            found[Severity(word)] = duration
    return found


def _flood(node: Node, notes: Notes, base: FloodLimits) -> FloodLimits:
    fields = notes.fields(node, "flood", ("start_gt", "end_lt", "within"))
    at = fields.entries if fields else {}
    start, end, within = base.start_gt, base.end_lt, base.within
    if "start_gt" in at:
        start = notes.integer(at["start_gt"], "flood.start_gt", 1, FLOOD_MAX) or start
    if "end_lt" in at:
        end = notes.integer(at["end_lt"], "flood.end_lt", 1, FLOOD_MAX) or end
    if "within" in at:
        within = notes.duration(at["within"], "flood.within", MINUTE, DAY) or within
    if end > start + 1:
        # With as many rings a flood would begin and be over at once, again and again.
        notes.add(node.line, f"flood.end_lt ({end}) is at most start_gt + 1 ({start + 1})")
    return FloodLimits(start, end, within)


def _chattering(node: Node, notes: Notes, base: ChatterLimits) -> ChatterLimits:
    if isinstance(node, Scalar) and node.text in {"off", "false"}:
        return replace(base, is_on=False)
    fields = notes.fields(node, "chattering", ("flips", "within", "fleeting", "calm"))
    at = fields.entries if fields else {}
    found = replace(base, is_on=True)
    if "flips" in at:
        flips = notes.integer(at["flips"], "chattering.flips", 2, FLIPS_MAX)
        found = replace(found, flips=flips or base.flips)
    for name in ("within", "fleeting", "calm"):
        if name in at:
            duration = notes.duration(at[name], f"chattering.{name}", SECOND, DAY)
            if duration is not None:
                found = replace(found, **{name: duration})  # type: ignore[arg-type]
    return found


def _positions(node: Node, notes: Notes) -> tuple[Position, ...]:
    found: dict[str, Position] = {}
    for each in notes.listed(node, "positions", POSITIONS_MAX):
        fields = notes.fields(each, "a position", ("id", "name", "name_en", "areas", "sources"))
        if fields is None or (missing := {"id", "name", "name_en"} - fields.entries.keys()):
            if fields is not None:
                notes.add(each.line, f"the position lacks {', '.join(sorted(missing))}")
            continue
        at = fields.entries
        words = [
            notes.text(at[key], f"a position's {key}", 100) for key in ("id", "name", "name_en")
        ]
        if None in words:
            continue
        position_id, name, name_en = (word or "" for word in words)
        if position_id in found:
            notes.add(each.line, f"the position {position_id!r} is here a second time")
        found[position_id] = Position(
            position_id,
            name,
            name_en,
            areas=_words(fields, "areas", notes),
            sources=_words(fields, "sources", notes),
        )
    return tuple(found.values())


def _words(fields: Fields, key: str, notes: Notes) -> frozenset[str] | None:
    if key not in fields.entries:
        return None
    found: set[str] = set()
    for each in notes.listed(fields.entries[key], key, 200):
        word = notes.choice(each, key, list(BY_NAME)) if key == "sources" else None
        if key == "areas":
            word = notes.text(each, key, 10)
        if word is not None:
            found.add(word)
    return frozenset(found)


def _targets(node: Node, notes: Notes) -> Mapping[str, Target]:
    if not isinstance(node, Fields) or len(node.entries) > TARGETS_MAX:
        notes.add(node.line, f"targets is a mapping of at most {TARGETS_MAX} figures")
        return {}
    found: dict[str, Target] = {}
    for name, each in node.entries.items():
        fields = notes.fields(each, f"targets.{name}", ("target", "maximum", "edition"))
        if fields is None or "edition" not in fields.entries:
            notes.add(each.line, f"targets.{name} says its edition: {{target: 6, edition: …}}")
            continue
        edition = notes.text(fields.entries["edition"], "edition", 100)
        target, maximum = (_number(fields, key, notes) for key in ("target", "maximum"))
        found[name] = Target(target, maximum, edition or "")
    return found


def _number(fields: Fields, key: str, notes: Notes) -> float | None:
    if key not in fields.entries:
        return None
    node = fields.entries[key]
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        notes.add(node.line, f"{key} is a number from 0")
        return None
    return float(value)
