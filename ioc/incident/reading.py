"""The list `incidents:` of a rule file: all rules of it, and every problem with its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from ioc.incident.definition import ON, IncidentRule
from ioc.incident.evidence import CELL_M
from ioc.rule.document import Fields, Node, Scalar
from ioc.rule.notes import Notes
from ioc.severity import Severity
from ioc.suppression.matcher import Matcher

RULES_MAX = 100
TITLE_CHARACTERS_MAX = 200
LEAST_MAX = 100
SOURCES_MAX = 10
#: Longest cause chain; its places are bits of a whole number.
CHAIN_MAX = 8
TIME_MAX = timedelta(days=1)

_KEYS = (
    *("id", "title", "title_en", "of", "within", "chain", "on", "time"),
    *("least", "sources", "severity"),
)
_REQUIRED = ("id", "title", "title_en", "time")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_METRES = re.compile(r"([1-9][0-9]{0,3})m")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_WORDS = ("area", "sources", "alarms")


class _Where(NamedTuple):
    """Which alarms, and what makes neighbours of them."""

    of: Matcher
    chain: tuple[Matcher, ...]
    within_m: float
    on: str | None


def read_rules(node: Node, notes: Notes) -> Sequence[IncidentRule]:
    """Return the incident rules of a list; what is wrong is noted, and such a rule left out."""
    found: dict[str, IncidentRule] = {}
    for item in notes.listed(node, "incidents", RULES_MAX):
        before = len(notes.problems)
        rule = _rule(item, notes)
        if rule is None or len(notes.problems) > before:
            continue
        if rule.id in found:
            notes.add(item.line, f"the id {rule.id!r} is taken; choose another")
        found.setdefault(rule.id, rule)
    return tuple(found.values())


def _rule(node: Node, notes: Notes) -> IncidentRule | None:
    fields = notes.fields(node, "an incident rule", _KEYS)
    if fields is None:
        return None
    at = fields.entries
    missing = [key for key in _REQUIRED if key not in at]
    if missing:
        notes.add(node.line, f"the incident rule lacks {', '.join(missing)}")
        return None
    rule_id = at["id"]
    if not isinstance(rule_id, Scalar) or not _ID.fullmatch(rule_id.text):
        notes.add(rule_id.line, "id is 1 to 64 of a-z, 0-9 and '-': double-knock")
        return None
    title, title_en = (_title(at[key], key, notes) for key in ("title", "title_en"))
    time = notes.duration(at["time"], "time", timedelta(seconds=1), TIME_MAX)
    where = _where(fields, notes)
    least, sources, severity = _enough(at, notes)
    if title is None or title_en is None or time is None or where is None:
        return None
    return IncidentRule(
        id=rule_id.text,
        title=title,
        title_en=title_en,
        time=time,
        of=where.of,
        chain=where.chain,
        within_m=where.within_m,
        on=where.on,
        least=least,
        sources=sources,
        severity=severity,
    )


def _title(node: Node, key: str, notes: Notes) -> str | None:
    text = notes.text(node, key, TITLE_CHARACTERS_MAX)
    for name in _PLACEHOLDER.findall(text or ""):
        if name not in _WORDS:
            notes.add(node.line, f"{key}: there is no {{{name}}}; write one of {', '.join(_WORDS)}")
    return text


def _enough(at: dict[str, Node], notes: Notes) -> tuple[int, int, Severity | None]:
    """Return least, sources and severity."""
    least = notes.integer(at["least"], "least", 2, LEAST_MAX) if "least" in at else None
    sources = None
    if "sources" in at:
        sources = notes.integer(at["sources"], "sources", 1, SOURCES_MAX)
    word = None
    if "severity" in at:
        word = notes.choice(at["severity"], "severity", [each.value for each in Severity])
    return least or 2, sources or 1, Severity(word) if word else None


def _where(fields: Fields, notes: Notes) -> _Where | None:
    at = fields.entries
    if ("of" in at) == ("chain" in at):
        notes.add(fields.line, "write either 'of: {rules: […]}' or 'chain: [{rules: […]}, …]'")
        return None
    if ("within" in at) == ("on" in at) or ("chain" in at and "on" not in at):
        needs = "'on: area'" if "chain" in at else "either 'within: 300m' or 'on: area'"
        notes.add(fields.line, f"the incident rule needs {needs}")
        return None
    within_m, on = 0.0, None
    if "within" in at:
        found = _metres(at["within"], notes)
        if found is None:
            return None
        within_m = found
    else:
        on = notes.choice(at["on"], "on", ON)
    if "of" in at:
        of = _matcher(at["of"], "of", notes)
        return None if of is None else _Where(of, (), within_m, on)
    links = notes.listed(at["chain"], "chain", CHAIN_MAX)
    if len(links) == 1:
        notes.add(at["chain"].line, "a chain has at least two links")
    chain = [_matcher(link, "a link of the chain", notes) for link in links]
    known = tuple(each for each in chain if each is not None)
    return _Where(Matcher(), known, within_m, on) if len(known) == len(links) else None


def _metres(node: Node, notes: Notes) -> float | None:
    found = _METRES.fullmatch(node.text) if isinstance(node, Scalar) else None
    if found is None or int(found[1]) > CELL_M:
        notes.add(node.line, f"within: write metres from 1m to {CELL_M:.0f}m, for example 300m")
        return None
    return float(found[1])


def _matcher(node: Node, name: str, notes: Notes) -> Matcher | None:
    try:
        found = Matcher.parse(node.plain())
    except ValueError as error:
        notes.add(node.line, f"{name}: {error}")
        return None
    if found.is_all:
        notes.add(node.line, f"{name}: this is every alarm; name rules or sources")
        return None
    return found
