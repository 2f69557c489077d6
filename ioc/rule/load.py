"""Reading rule files: all rules, or all problems, each with its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from ioc.errors import ConfigError
from ioc.rule.definition import Rule
from ioc.rule.document import DocumentError, Node, Problem, read
from ioc.rule.notes import PROBLEMS_MAX, Notes
from ioc.rule.reading import Tags, read_rule
from ioc.rule.ruleset import RuleSet

RULES_MAX = 2_000

#: What reads one of the file's other lists (`incidents:`, `inhibitions:` …), for `load_all`.
Section = Callable[[Node, Notes], Sequence[object]]
NO_SECTIONS: Mapping[str, Section] = MappingProxyType({})


class RuleError(ConfigError):
    """A rule file is wrong; `problems` says where and what to write."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def load(text: str, filename: str) -> RuleSet:
    """Return the rules of one file; RuleError with everything that is wrong in it."""
    return load_all([(filename, text)])


def load_all(
    named_texts: Sequence[tuple[str, str]],
    sections: Mapping[str, Section] = NO_SECTIONS,
    tags: Tags | None = None,
) -> RuleSet:
    """Return the rules of several files (name, text) together; ids are unique among them.

    What a file has under the keys of `sections` is given to their readers. `tags` are what
    `scope.tags` may name; None: whatever they name is of no device.
    """
    rules: dict[str, Rule] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for name, text in named_texts:
        notes = Notes(name)
        for found, line in _file_rules(text, notes, sections, tags):
            rule_id = found if isinstance(found, str) else found.id
            if rule_id in places:
                notes.add(line, f"the id {rule_id!r} is taken by {places[rule_id]}; choose another")
            elif len(places) >= RULES_MAX:
                notes.add(line, f"more than {RULES_MAX} rules; remove some")
                break
            places.setdefault(rule_id, f"{name}:{line}")
            if isinstance(found, Rule):
                rules.setdefault(rule_id, found)
        problems += sorted(notes.problems, key=lambda problem: problem.line)
    if problems:
        raise RuleError(problems[:PROBLEMS_MAX])
    return RuleSet(rules.values(), off=frozenset(places.keys() - rules.keys()))


@cache
def shipped() -> RuleSet:
    """Return the rules that every site starts with."""
    text = (files("ioc.rule") / "shipped.yaml").read_text(encoding="utf-8")
    return load(text, "shipped.yaml")


def _file_rules(
    text: str, notes: Notes, sections: Mapping[str, Section], tags: Tags | None
) -> list[tuple[Rule | str, int]]:
    """Return the rules of a file; of one that is switched off, its id."""
    try:
        root = read(text)
    except DocumentError as error:
        notes.add(error.line, error.text)
        return []
    if root is None:
        return []
    top = notes.fields(root, "the file", ("rules", *sections))
    if top is None:
        return []
    if not top.entries.keys() & {"rules", *sections}:
        notes.add(root.line, "write 'rules:' and under it a list of rules")
    for key, section in sections.items():
        if key in top.entries:
            section(top.entries[key], notes)
    found: list[tuple[Rule | str, int]] = []
    nodes = notes.listed(top.entries["rules"], "rules", RULES_MAX) if "rules" in top.entries else ()
    for node in nodes:
        before = len(notes.problems)
        rule = read_rule(node, notes, tags)
        if rule is not None and len(notes.problems) == before:
            found.append((rule, node.line))
    return found
