"""A condition on one event: compiled once to a closure, then only called."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ioc.rule.fact import Fact, reader

Test = Callable[[Fact], bool]
#: A value that equality can ask for; a float, an integer and a truth value are told apart by YAML.
Value = str | int | float | bool | None
#: Their classes, for `isinstance`; what is none of them (a list, a mapping) has no equal.
SCALARS = (str, int, float, type(None))

#: The comparisons of numbers, by their word in a rule.
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """`test` answers for one event.

    `needs` are equalities without which the test is false: (field, any of these values). The index
    of a rule set stands on them, so that an event that concerns no rule costs a look-up.
    """

    test: Test
    needs: tuple[tuple[str, frozenset[Value]], ...] = ()
    #: Every field that the test reads.
    reads: frozenset[str] = frozenset()
    #: Whether it only asks which word a field holds: the same words, the same answer, so that the
    #: answer can be remembered. A comparison of numbers would remember each number.
    is_steady: bool = True


def equals(field: str, values: Sequence[Value]) -> Condition:
    """Return: the field is one of the values; a list field has one of them in it."""
    read, wanted = reader(field), frozenset(values)

    def test(fact: Fact) -> bool:
        found = read(fact)
        if isinstance(found, list):
            return any(isinstance(item, SCALARS) and item in wanted for item in found)
        return isinstance(found, SCALARS) and found in wanted

    return Condition(test, ((field, wanted),), frozenset({field}))


def compares(field: str, word: str, bound: float) -> Condition:
    """Return: the field is a number and `gt`, `ge`, `lt` or `le` the bound."""
    read, holds = reader(field), COMPARISONS[word]

    def test(fact: Fact) -> bool:
        found = read(fact)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return False
        return holds(found, bound)

    return Condition(test, reads=frozenset({field}), is_steady=False)


def exists(field: str, *, wanted: bool) -> Condition:
    """Return: the field is there (not null), or is not."""
    read = reader(field)
    return Condition(
        lambda fact: (read(fact) is not None) is wanted, reads=frozenset({field}), is_steady=False
    )


def all_of(parts: Sequence[Condition]) -> Condition:
    """Return: every part holds."""
    if len(parts) == 1:
        return parts[0]
    tests = tuple(part.test for part in parts)

    def test(fact: Fact) -> bool:
        for each in tests:  # noqa: SIM110 - `all` over a generator takes twice the time, per event
            if not each(fact):
                return False
        return True

    needs = tuple(need for part in parts for need in part.needs)
    return Condition(test, needs, *_together(parts))


def any_of(parts: Sequence[Condition]) -> Condition:
    """Return: at least one part holds."""
    tests = tuple(part.test for part in parts)

    def test(fact: Fact) -> bool:
        for each in tests:  # noqa: SIM110 - as in `all_of`
            if each(fact):
                return True
        return False

    return Condition(test, _common_needs(parts), *_together(parts))


def negated(part: Condition) -> Condition:
    """Return: the part does not hold."""
    return Condition(lambda fact: not part.test(fact), (), part.reads, part.is_steady)


def _together(parts: Sequence[Condition]) -> tuple[frozenset[str], bool]:
    reads: frozenset[str] = frozenset().union(*(part.reads for part in parts))
    return reads, all(part.is_steady for part in parts)


def _common_needs(parts: Sequence[Condition]) -> tuple[tuple[str, frozenset[Value]], ...]:
    """Return what every branch needs: the same field, any of all branches' values."""
    common: list[tuple[str, frozenset[Value]]] = []
    for field, values in parts[0].needs:
        others = [dict(part.needs).get(field) for part in parts[1:]]
        if None not in others:
            common.append((field, values.union(*(each for each in others if each is not None))))
    return tuple(common)
