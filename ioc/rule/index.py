"""Which rules an event touches, without asking each of them.

A rule is filed under an equality without which it says nothing. With many rules the choice counts:
two thousand that all ask for `state: alarm` are found by their areas. Most events say the same few
words all day; what those touch is remembered, and is one look-up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ioc.rule.condition import SCALARS, Condition, Value
from ioc.rule.definition import Rule
from ioc.rule.fact import Fact, Read, reader
from ioc.rule.sequence import Sequence as Steps

Rules = tuple[Rule, ...]
#: An equality: a field, and any of these values.
Need = tuple[str, frozenset[Value]]

#: Most combinations of words that are remembered for one type; then it begins anew.
WORDS_MAX = 32_768
#: Where more rules than this ask for one value, they are filed under two fields together.
CROWD = 8
#: Most places that one condition is filed under by two fields.
PAIRS_MAX = 64
#: An equality with more values than this is used for filing only when there is no other.
VALUES_MANY = 1_000
#: Fields with a word of its own for nearly every event: remembering those would never help.
_UNLIKE = frozenset({"device", "ce_source", "report", "ticket", "dossier", "office"})
#: Classes of words: 1 and True are equal, so only one of the two may be in.
_WORDS = frozenset({str, bool, type(None)})


class Index:
    """The rules that look at one event type, in the order in which they were written.

    Not for several threads at once: it remembers.
    """

    __slots__ = ("_known", "_rank", "_reads", "_steady", "_unsteady")

    def __init__(self, rules: Sequence[Rule], event_type: str) -> None:
        steady = [rule for rule in rules if _is_steady(rule, event_type)]
        others = [rule for rule in rules if not _is_steady(rule, event_type)]
        fields = frozenset[str]().union(
            *(each.reads for rule in steady for each in conditions(rule, event_type))
        )
        self._rank = {rule.id: rank for rank, rule in enumerate(rules)}
        self._reads: tuple[Read, ...] = tuple(reader(field) for field in sorted(fields))
        self._known: dict[tuple[object, ...], Rules] = {}
        self._steady = _Plan.of(steady, event_type)
        self._unsteady = _Plan.of(others, event_type) if others else None

    def touched(self, fact: Fact) -> Rules:
        """Return the rules that the event may raise or clear, in their order."""
        found: Rules | None
        words = tuple([read(fact) for read in self._reads])
        for word in words:
            if word.__class__ not in _WORDS:
                found = self._asked(self._steady, fact)
                break
        else:
            found = self._known.get(words)
            if found is None:
                found = self._learned(words, fact)
        if self._unsteady is None:
            return found
        more = self._asked(self._unsteady, fact)
        if not more or not found:
            return found or more
        return tuple(sorted((*found, *more), key=lambda rule: self._rank[rule.id]))

    def candidates(self, fact: Fact) -> Rules:
        """Return the rules that have to be asked when nothing is remembered."""
        unsteady = () if self._unsteady is None else self._unsteady.candidates(fact)
        return (*self._steady.candidates(fact), *unsteady)

    def _learned(self, words: tuple[object, ...], fact: Fact) -> Rules:
        found = self._asked(self._steady, fact)
        if len(self._known) >= WORDS_MAX:
            self._known.clear()
        self._known[words] = found
        return found

    def _asked(self, plan: _Plan, fact: Fact) -> Rules:
        found = [rule for rule in plan.candidates(fact) if rule.raises(fact) or rule.clears(fact)]
        if len(found) > 1:
            # Filed under several words, a rule may be met more than once.
            found = sorted(dict.fromkeys(found), key=lambda rule: self._rank[rule.id])
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The rules that are always asked, and tables from one field's value, or two's, to rules."""

    always: Rules
    single: tuple[tuple[Read, Mapping[Value, Rules]], ...]
    pairs: tuple[tuple[Read, Read, Mapping[tuple[Value, Value], Rules]], ...]

    def candidates(self, fact: Fact) -> list[Rule]:
        found = list(self.always)
        for read, table in self.single:
            value = read(fact)
            if isinstance(value, SCALARS):
                found += table.get(value, ())
            elif isinstance(value, list):
                for item in _scalars(value):
                    found += table.get(item, ())
        for read, other, pairs in self.pairs:
            value, second = read(fact), other(fact)
            if isinstance(value, SCALARS) and isinstance(second, SCALARS):
                found += pairs.get((value, second), ())
            else:
                for item in _scalars(value):
                    for one in _scalars(second):
                        found += pairs.get((item, one), ())
        return found

    @classmethod
    def of(cls, rules: Sequence[Rule], event_type: str) -> _Plan:
        """File the rules: each of its conditions where the fewest others are."""
        asked = {rule: conditions(rule, event_type) for rule in rules}
        crowds = Counter(
            (field, value)
            for each in asked.values()
            for condition in each
            for field, values in set(condition.needs)
            for value in values
        )
        always: list[Rule] = []
        single: dict[str, dict[Value, dict[Rule, None]]] = {}
        pairs: dict[tuple[str, str], dict[tuple[Value, Value], dict[Rule, None]]] = {}
        for rule, parts in asked.items():
            if any(not condition.needs for condition in parts):
                always.append(rule)
                continue
            for condition in parts:
                first, *rest = _by_crowd(condition.needs, crowds)
                second = _partner(first, rest) if _crowd(first, crowds) > CROWD else None
                if second is None:
                    table = single.setdefault(first[0], {})
                    for value in first[1]:
                        table.setdefault(value, {})[rule] = None
                    continue
                paired = pairs.setdefault((first[0], second[0]), {})
                for value in first[1]:
                    for other in second[1]:
                        paired.setdefault((value, other), {})[rule] = None
        return cls(
            tuple(always),
            tuple((reader(field), _frozen(table)) for field, table in single.items()),
            tuple((reader(a), reader(b), _frozen(table)) for (a, b), table in pairs.items()),
        )


def conditions(rule: Rule, event_type: str) -> list[Condition]:
    """Return the conditions of which one must hold when an event of the type touches the rule."""
    raising = rule.of.of_type(event_type) if isinstance(rule.of, Steps) else [rule.when]
    clearing = rule.clear_when is not None and event_type == rule.type
    return [*raising, rule.clear_when] if clearing and rule.clear_when is not None else raising


def _is_steady(rule: Rule, event_type: str) -> bool:
    """Whether the same words always have the same answer, and come again."""
    return rule.schedule is None and all(
        condition.is_steady and not condition.reads & _UNLIKE
        for condition in conditions(rule, event_type)
    )


def _by_crowd(needs: Sequence[Need], crowds: Mapping[tuple[str, Value], int]) -> list[Need]:
    return sorted(
        needs, key=lambda need: (len(need[1]) > VALUES_MANY, _crowd(need, crowds), len(need[1]))
    )


def _crowd(need: Need, crowds: Mapping[tuple[str, Value], int]) -> int:
    field, values = need
    return max((crowds[field, value] for value in values), default=0)


def _partner(first: Need, rest: Sequence[Need]) -> Need | None:
    """Return a second field to file under; None when there is none, or it has too many values."""
    for field, values in rest:
        if field != first[0] and len(first[1]) * len(values) <= PAIRS_MAX:
            return field, values
    return None


def _scalars(value: object) -> list[Value]:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, SCALARS)]
    return [value] if isinstance(value, SCALARS) else []


K = TypeVar("K")


def _frozen(table: dict[K, dict[Rule, None]]) -> dict[K, Rules]:
    return {key: tuple(rules) for key, rules in table.items()}
