"""Reading a condition: `when` and `clear.when`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ioc.rule.condition import (
    COMPARISONS,
    Condition,
    Value,
    all_of,
    any_of,
    compares,
    equals,
    exists,
    negated,
)
from ioc.rule.document import Fields, Items, Node, Scalar
from ioc.rule.fields import Field, known
from ioc.rule.notes import Notes, suggestion

#: Deepest `and`, `or`, `not`; most tests of one condition; most values of one "any of".
DEPTH_MAX = 8
TESTS_MAX = 100
VALUES_MAX = 1_000

_JOINS: Mapping[str, Callable[[Sequence[Condition]], Condition]] = {"and": all_of, "or": any_of}
_OPERATORS = ("exists", *COMPARISONS)
#: How others write the comparisons; `gte` is nearer to `gt` than to what it means.
_ELSEWHERE = {">": "gt", ">=": "ge", "gte": "ge", "<": "lt", "<=": "le", "lte": "le"}


def condition(
    node: Node, event_type: str, notes: Notes, fields: Mapping[str, Field] | None = None
) -> Condition | None:
    """Return the compiled condition; None when anything in it was noted as wrong.

    `fields` are what it may name; those of the type when nothing is said.
    """
    reading = _Reading(event_type, known(event_type) if fields is None else fields, notes)
    before = len(notes.problems)
    found = reading.condition(node, 0)
    if reading.tests > TESTS_MAX:
        notes.add(node.line, f"a condition has at most {TESTS_MAX} tests; split the rule")
    return found if len(notes.problems) == before else None


class _Reading:
    """One condition being read: its fields, and how many tests it has so far."""

    def __init__(self, event_type: str, fields: Mapping[str, Field], notes: Notes) -> None:
        self.known = fields
        self.event_type = event_type
        self.notes = notes
        self.tests = 0

    def condition(self, node: Node, depth: int) -> Condition | None:
        if not isinstance(node, Fields) or not node.entries:
            self.notes.add(node.line, "a condition is a mapping like 'state: alarm'")
            return None
        if depth > DEPTH_MAX:
            self.notes.add(node.line, f"a condition nests at most {DEPTH_MAX} deep")
            return None
        parts = [self._entry(key, child, node, depth) for key, child in node.entries.items()]
        whole = [part for part in parts if part is not None]
        return all_of(whole) if whole else None

    def _entry(self, key: str, node: Node, parent: Fields, depth: int) -> Condition | None:
        if key == "not":
            inner = self.condition(node, depth + 1)
            return None if inner is None else negated(inner)
        if key in _JOINS:
            return self._joined(key, node, depth)
        field = self._field(key, parent.lines[key])
        if field is None:
            return None
        self.tests += 1
        if isinstance(node, Fields):
            return self._operators(key, node, field)
        return self._equals(key, node, field)

    def _joined(self, key: str, node: Node, depth: int) -> Condition | None:
        if not isinstance(node, Items) or not node.items:
            self.notes.add(node.line, f"'{key}' is a list of conditions")
            return None
        parts = [self.condition(item, depth + 1) for item in node.items]
        whole = [part for part in parts if part is not None]
        return _JOINS[key](whole) if whole else None

    def _field(self, name: str, line: int) -> Field | None:
        if name in self.known:
            return self.known[name]
        bare = name.removeprefix("data.")
        if bare != name and all(bare.split(".")):
            return self.known.get(bare, Field("any"))
        self.notes.add(
            line,
            f"{self.event_type} has no field {name!r}{suggestion(name, self.known)}"
            f" (a field of your own is written 'data.{bare}')",
        )
        return None

    def _equals(self, name: str, node: Node, field: Field) -> Condition | None:
        nodes = node.items if isinstance(node, Items) else (node,)
        if not 1 <= len(nodes) <= VALUES_MAX:
            self.notes.add(node.line, f"{name}: an 'any of' list has 1 to {VALUES_MAX} values")
            return None
        values = [self._value(name, each, field) for each in nodes]
        return equals(name, values)

    def _value(self, name: str, node: Node, field: Field) -> Value:
        if not isinstance(node, Scalar):
            self.notes.add(node.line, f"{name}: write a value or a list of values")
            return None
        if field.values and node.text not in field.values:
            self.notes.add(
                node.line,
                f"{name} is never {node.text!r}{suggestion(node.text, field.values)}"
                f"; it is one of {', '.join(field.values)}",
            )
        if field.holds == "text":
            if not node.text:
                self.notes.add(node.line, f"{name}: a value is missing")
            elif not node.is_kept:
                self.notes.add(node.line, f'{name}: write it in quotes: "{node.text}"')
            return node.text
        value = node.value
        fits = {
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "truth": isinstance(value, bool),
            "any": value is not None,
        }
        if not fits[field.holds]:
            wanted = {"number": "a number", "truth": "true or false", "any": "a value"}
            self.notes.add(node.line, f"{name}: write {wanted[field.holds]}, not {node.text!r}")
        return value

    def _operators(self, name: str, node: Fields, field: Field) -> Condition | None:
        parts: list[Condition] = []
        for word, child in node.entries.items():
            line = node.lines[word]
            if word == "exists":
                wanted = self.notes.truth(child, f"{name}.exists")
                parts.append(exists(name, wanted=bool(wanted)))
            elif word not in COMPARISONS:
                self.notes.add(
                    line,
                    f"{name} has no test {word!r}"
                    f"{suggestion(_ELSEWHERE.get(word, word), _OPERATORS)}"
                    f"; write one of {', '.join(_OPERATORS)}",
                )
            elif field.holds not in {"number", "any"}:
                self.notes.add(line, f"{name} is no number; '{word}' compares numbers")
            else:
                bound = child.value if isinstance(child, Scalar) else None
                if isinstance(bound, bool) or not isinstance(bound, int | float):
                    self.notes.add(child.line, f"{name}.{word} is a number")
                else:
                    parts.append(compares(name, word, bound))
        if not node.entries:
            self.notes.add(node.line, f"{name}: write a value, or one of {', '.join(_OPERATORS)}")
        return all_of(parts) if parts else None
