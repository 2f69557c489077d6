"""Reading what only rules about time have, and refusing what they cannot have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ioc.rule import absence, rate, sla
from ioc.rule.condition import Condition
from ioc.rule.definition import Kind, Per
from ioc.rule.document import Fields, Items, Node, Scalar
from ioc.rule.fields import Field
from ioc.rule.notes import Notes
from ioc.rule.when import condition

_TEXT, _NUMBER = Field(), Field("number")
_PLACE = {"area": _TEXT, "kind": _TEXT}

#: What titles and severities of such a rule may name: what was found, not fields of an event.
WORDS: Mapping[Kind, Mapping[str, Field]] = {
    Kind.ABSENCE: {
        "area": _TEXT,
        "device": _TEXT,
        "last_seen": _TEXT,
        "devices": _NUMBER,
        "silent": _NUMBER,
        "share": _NUMBER,
    },
    Kind.RATE: {**_PLACE, "n": _NUMBER, "baseline": _NUMBER, "ratio": _NUMBER},
    Kind.SLA: {**_PLACE, "office": _TEXT, "n": _NUMBER, "oldest_at": _TEXT, "oldest_h": _NUMBER},
}
_READERS: Mapping[Kind, Callable[[Fields, Notes, str], object | None]] = {
    Kind.ABSENCE: absence.read_absence,
    Kind.RATE: rate.read_rate,
    Kind.SLA: sla.read_sla,
}
_KEYS = {Kind.ABSENCE: absence.KEYS, Kind.RATE: rate.KEYS, Kind.SLA: sla.KEYS}
#: What one alarm can stand for, by type, where the rows know it.
_PER: Mapping[tuple[Kind, str], tuple[Per, ...]] = {
    (Kind.SLA, sla.TICKET): (Per.OFFICE, Per.AREA, Per.SOURCE),
    (Kind.SLA, sla.DOSSIER): (Per.OFFICE, Per.AREA, Per.SOURCE),
    (Kind.SLA, sla.REPORT): (Per.AREA, Per.KIND, Per.SOURCE),
}
_PER_RATE = (Per.AREA, Per.KIND, Per.SOURCE)
_REFUSED = {
    "clear": "it clears when it is found no more",
    "max_lateness": "it looks at what is stored, late or not",
}
EVERYTHING = Condition(lambda fact: True)


@dataclass(frozen=True, slots=True)
class Part:
    """A scan rule's own part, what one alarm stands for, and which rows are looked at."""

    of: object
    per: tuple[Per, ...]
    when: Condition


def read_part(fields: Fields, kind: Kind, event_type: str, notes: Notes) -> Part | None:
    """Return what only a scan rule of this kind has; None when something was noted as wrong.

    `fields` is the whole rule. Its `scope` is checked here and compiled elsewhere.
    """
    before = len(notes.problems)
    at = fields.entries
    for word, why in _REFUSED.items():
        if word in at:
            notes.add(fields.lines[word], f"kind: {kind} has no {word!r}: {why}")
    own = notes.fields(at[kind], kind, _KEYS[kind]) if kind in at else None
    if kind not in at:
        notes.add(fields.line, f"kind: {kind} needs '{kind}:'")
    of = None if own is None else _READERS[kind](own, notes, event_type)
    per = _per(at.get("per"), kind, of, event_type, notes)
    if not per and "per" not in at and kind is not Kind.ABSENCE:
        notes.add(fields.line, f"kind: {kind} needs 'per'")
    when = _when(at.get("when"), kind, event_type, notes)
    _check_scope(at.get("scope"), of, notes)
    if of is None or when is None or len(notes.problems) > before:
        return None
    return Part(of, per, when)


def _per(
    node: Node | None, kind: Kind, of: object, event_type: str, notes: Notes
) -> tuple[Per, ...]:
    if isinstance(of, absence.Absence):
        allowed: tuple[Per, ...] = (Per(of.of),)
        if node is None:
            return allowed
    elif kind is Kind.RATE:
        allowed = _PER_RATE
    else:
        allowed = _PER.get((kind, event_type), ())
    if node is None or not allowed:
        return ()
    nodes = (node,) if isinstance(node, Scalar) else notes.listed(node, "per", 3)
    words = [notes.choice(each, "per", [per.value for per in allowed]) for each in nodes]
    return tuple(Per(word) for word in words if word is not None)


def _when(node: Node | None, kind: Kind, event_type: str, notes: Notes) -> Condition | None:
    """Return the condition on rows; only what the counts are kept by can be asked for."""
    if node is None:
        return EVERYTHING
    if kind is not Kind.RATE:
        notes.add(node.line, f"kind: {kind} has no 'when'; 'scope' narrows where it looks")
        return None
    allowed = (rate.COUNTED_BY[event_type], "kind", "severity", "area")
    found = notes.fields(node, "when of a rate", allowed)
    for word, each in found.entries.items() if found else ():
        if not isinstance(each, Scalar | Items):
            notes.add(each.line, f"{word}: a rate asks for a value or a list of values")
    return condition(node, event_type, notes) if found else None


def _check_scope(node: Node | None, of: object, notes: Notes) -> None:
    if not isinstance(node, Fields):
        return  # left out, or wrong as a whole: who compiles it says so
    allowed = {"areas"}
    if isinstance(of, absence.Absence):
        allowed |= {"devices", "tags"}
    for word in node.entries:
        if word in {"areas", "sources", "devices", "tags"} - allowed:
            notes.add(node.lines[word], f"the rows of this kind do not know {word}; scope.areas do")
