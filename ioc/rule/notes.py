"""Reading one value of a rule: the value, or a sentence about what is wrong and None."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches

from ioc.rule.document import Fields, Items, Node, Problem, Scalar

_DURATION = re.compile(r"([0-9]{1,7})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
#: Enough to mend a file with; a broken generator does not fill the screen.
PROBLEMS_MAX = 200


@dataclass(slots=True)
class Notes:
    """The problems of one file, in the order they were met."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: int, text: str) -> None:
        """Note a problem."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(self.file, line, text))

    def text(self, node: Node, name: str, characters_max: int) -> str | None:
        """Return a sentence: one line, not empty, not too long."""
        if not isinstance(node, Scalar) or not node.text.strip():
            self.add(node.line, f"{name} is a text; write it in quotes after '{name}:'")
            return None
        if len(node.text) > characters_max or not node.text.isprintable():
            self.add(node.line, f"{name} is one line of at most {characters_max} characters")
            return None
        if not node.is_kept:
            self.add(node.line, f'{name}: write it in quotes: "{node.text}"')
        return node.text

    def choice(self, node: Node, name: str, allowed: Collection[str]) -> str | None:
        """Return one of the allowed words."""
        if isinstance(node, Scalar) and node.text in allowed:
            return node.text
        shown = repr(node.text) if isinstance(node, Scalar) else "this"
        hint = _hint(node.text if isinstance(node, Scalar) else "", allowed)
        self.add(node.line, f"{name} cannot be {shown}; {hint}write one of {_listed(allowed)}")
        return None

    def duration(
        self, node: Node, name: str, shortest: timedelta, longest: timedelta
    ) -> timedelta | None:
        """Return a duration like `30s`, `5m`, `2h`, `1d` within the bounds."""
        found = _DURATION.fullmatch(node.text) if isinstance(node, Scalar) else None
        if found is None:
            shown = f"{node.text!r} is" if isinstance(node, Scalar) else "this is"
            self.add(node.line, f"{name}: {shown} no duration; write for example 30s, 5m, 2h or 1d")
            return None
        duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
        if not shortest <= duration <= longest:
            bounds = f"{shown_duration(shortest)} to {shown_duration(longest)}"
            self.add(node.line, f"{name}: {found[0]} is out of range; write {bounds}")
            return None
        return duration

    def integer(self, node: Node, name: str, smallest: int, largest: int) -> int | None:
        """Return a whole number within the bounds."""
        value = node.value if isinstance(node, Scalar) else None
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not smallest <= value <= largest
        ):
            self.add(node.line, f"{name} is a whole number from {smallest} to {largest}")
            return None
        return value

    def number(self, node: Node, name: str) -> float | None:
        """Return a number, with or without a fraction."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(node.line, f"{name} is a number")
            return None
        return float(value)

    def truth(self, node: Node, name: str) -> bool | None:
        """Return true or false."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, bool):
            self.add(node.line, f"{name} is true or false")
            return None
        return value

    def fields(self, node: Node, name: str, allowed: Collection[str]) -> Fields | None:
        """Return a mapping; a key that is not allowed is noted, the others stand."""
        if not isinstance(node, Fields):
            self.add(node.line, f"{name} is a mapping with {_listed(allowed)}")
            return None
        for key in node.entries:
            if key not in allowed:
                hint = _hint(key, allowed) or f"{name} takes {_listed(allowed)}; "
                self.add(node.lines[key], f"{name} has no {key!r}; {hint.removesuffix('; ')}")
        return node

    def listed(self, node: Node, name: str, items_max: int) -> tuple[Node, ...]:
        """Return the items of a list that is neither empty nor too long."""
        if not isinstance(node, Items) or not 1 <= len(node.items) <= items_max:
            self.add(node.line, f"{name} is a list of 1 to {items_max} items")
            return ()
        return node.items


def suggestion(word: str, allowed: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or nothing when no allowed word is near."""
    near = get_close_matches(word, list(allowed), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def shown_duration(duration: timedelta) -> str:
    """Return the duration as a rule writes it."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _hint(word: str, allowed: Iterable[str]) -> str:
    return suggestion(word, allowed).removeprefix("; ").replace("?", "?; ")


def _listed(words: Collection[str]) -> str:
    return ", ".join(words if isinstance(words, list | tuple) else sorted(words))
