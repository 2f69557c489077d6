"""All rules in force, indexed so that an event which concerns none costs a look-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ioc.philosophy import Philosophy
from ioc.rule.condition import SCALARS, Condition, Value
from ioc.rule.definition import SCANNED, Rule
from ioc.rule.fact import Fact, Read, reader
from ioc.working_calendar import WorkingCalendar, shipped_calendar

if TYPE_CHECKING:  # these stand above us: they speak of alarms, and alarms of rules
    from ioc.incident import IncidentRule
    from ioc.suppression import Inhibition, PlantState

Candidates = tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """For one event type: the rules that always look, and tables from a field's value to rules."""

    always: Candidates
    tables: tuple[tuple[Read, Mapping[Value, Candidates]], ...]

    def candidates(self, fact: Fact) -> Candidates:
        found = self.always
        for read, table in self.tables:
            value = read(fact)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, SCALARS):
                        found += table.get(item, ())
            elif isinstance(value, SCALARS):
                found += table.get(value, ())
        return found


#: Most combinations of words that are remembered for one type; then it starts anew.
WORDS_MAX = 4_096


@dataclass(frozen=True, slots=True)
class _Memory:
    """For one event type: which rules the words that it holds have touched before.

    Most events of a province say the same few words all day; what they touch is one look-up.
    """

    reads: tuple[Read, ...]
    known: dict[tuple[object, ...], Candidates]

    @classmethod
    def of(cls, rules: Candidates) -> _Memory:
        """Return an empty memory; one without fields remembers nothing."""
        conditions = [rule.when for rule in rules]
        conditions += [rule.clear_when for rule in rules if rule.clear_when is not None]
        if not all(condition.is_steady for condition in conditions):
            return cls((), {})
        fields = frozenset[str]().union(*(condition.reads for condition in conditions))
        return cls(tuple(reader(field) for field in sorted(fields)), {})

    def words(self, fact: Fact) -> tuple[object, ...] | None:
        """Return what the rules read of the event; None when that is not for remembering."""
        found = tuple([read(fact) for read in self.reads])
        for word in found:
            if word.__class__ not in _WORDS:
                return None
        return found or None

    def learn(self, words: tuple[object, ...], touched: Candidates) -> None:
        """Remember."""
        if len(self.known) >= WORDS_MAX:
            self.known.clear()
        self.known[words] = touched


#: Classes of words: 1 and True are equal, so only one of the two may be in.
_WORDS = frozenset({str, bool, type(None)})


class RuleSet:
    """Rules by id, by type, and those that an event touches; with all else that a site decides.

    `revision` is the number of the last change that is in it, `off` the ids that it switches off in
    what it is laid over. Immutable.
    """

    __slots__ = (
        *("_memories", "_plans", "_rank", "by_id", "by_type", "calendar", "incidents"),
        *("inhibitions", "off", "philosophy", "plant_states", "revision", "rules"),
    )

    def __init__(  # noqa: PLR0913 - all that a site decides, by name
        self,
        rules: Iterable[Rule] = (),
        *,
        revision: int = 0,
        incidents: Sequence[IncidentRule] = (),
        inhibitions: Sequence[Inhibition] = (),
        plant_states: Sequence[PlantState] = (),
        philosophy: Philosophy | None = None,
        calendar: WorkingCalendar | None = None,
        off: frozenset[str] = frozenset(),
    ) -> None:
        self.calendar = calendar or shipped_calendar()
        self.rules: tuple[Rule, ...] = tuple(
            each
            if each.schedule is None or each.calendar is self.calendar
            else replace(each, calendar=self.calendar)
            for each in rules
        )
        self.off = off
        self.revision = revision
        self.incidents = tuple(incidents)
        self.inhibitions = tuple(inhibitions)
        self.plant_states = tuple(plant_states)
        self.philosophy = philosophy or Philosophy()
        self.by_id: Mapping[str, Rule] = {rule.id: rule for rule in self.rules}
        by_type: dict[str, list[Rule]] = {}
        for rule in self.event_rules:
            for name in rule.looks_at:
                by_type.setdefault(name, []).append(rule)
        self.by_type: Mapping[str, Candidates] = {
            name: tuple(found) for name, found in by_type.items()
        }
        self._rank = {rule.id: rank for rank, rule in enumerate(self.rules)}
        self._plans = {name: _planned(found) for name, found in self.by_type.items()}
        self._memories = {name: _Memory.of(found) for name, found in self.by_type.items()}

    @property
    def event_rules(self) -> tuple[Rule, ...]:
        """Those that are judged event by event."""
        return tuple(rule for rule in self.rules if rule.kind not in SCANNED)

    @property
    def scan_rules(self) -> tuple[Rule, ...]:
        """Those that are judged by looking at rows now and then."""
        return tuple(rule for rule in self.rules if rule.kind in SCANNED)

    def touched(self, fact: Fact) -> Candidates:
        """Return the rules that the event may raise or clear, in the order they were written."""
        memory = self._memories.get(fact.type)
        if memory is None:
            return ()
        words = memory.words(fact)
        if words is None:
            return self._touched(fact)
        found = memory.known.get(words)
        if found is None:
            found = self._touched(fact)
            memory.learn(words, found)
        return found

    def _touched(self, fact: Fact) -> Candidates:
        plan = self._plans[fact.type]
        found = plan.candidates(fact)
        if not found:
            return ()
        if len(found) > 1:
            found = tuple(sorted(set(found), key=lambda rule: self._rank[rule.id]))
        return tuple(rule for rule in found if rule.raises(fact) or rule.clears(fact))

    def overlaid(self, other: RuleSet) -> RuleSet:
        """Return these rules with `other` on top: a rule of the same id is replaced, or is off."""
        kept = [other.by_id.get(rule.id, rule) for rule in self.rules if rule.id not in other.off]
        return RuleSet(
            [*kept, *(rule for rule in other.rules if rule.id not in self.by_id)],
            revision=max(self.revision, other.revision),
            incidents=(*self.incidents, *other.incidents),
            inhibitions=(*self.inhibitions, *other.inhibitions),
            plant_states=(*self.plant_states, *other.plant_states),
            philosophy=other.philosophy,
            calendar=other.calendar,
        )


def _planned(rules: Candidates) -> _Plan:
    always: list[Rule] = []
    tables: dict[str, dict[Value, list[Rule]]] = {}
    for rule in rules:
        conditions = [rule.when] if rule.clear_when is None else [rule.when, rule.clear_when]
        narrowest = [_narrowest(condition) for condition in conditions]
        if None in narrowest:
            always.append(rule)
            continue
        for field, values in filter(None, narrowest):
            table = tables.setdefault(field, {})
            for value in values:
                entries = table.setdefault(value, [])
                if rule not in entries:
                    entries.append(rule)
    return _Plan(
        tuple(always),
        tuple(
            (reader(field), {value: tuple(found) for value, found in table.items()})
            for field, table in tables.items()
        ),
    )


def _narrowest(condition: Condition) -> tuple[str, frozenset[Value]] | None:
    """Return the equality with the fewest values: the one that lets the fewest events through."""
    return min(condition.needs, key=lambda need: len(need[1]), default=None)
