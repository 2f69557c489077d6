"""All rules in force, indexed so that an event which concerns none costs a look-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ioc.philosophy import Philosophy
from ioc.rule.definition import SCANNED, Rule
from ioc.rule.fact import Fact
from ioc.rule.index import Index, Rules
from ioc.working_calendar import WorkingCalendar, shipped_calendar

if TYPE_CHECKING:  # these stand above us: they speak of alarms, and alarms of rules
    from ioc.incident import IncidentRule
    from ioc.suppression import Inhibition, PlantState


class RuleSet:
    """Rules by id, by type, and those that an event touches; with all else that a site decides.

    `revision` is the number of the last change that is in it, `off` the ids that it switches off in
    what it is laid over. Immutable.
    """

    __slots__ = (
        *("_indices", "by_id", "by_type", "calendar", "incidents"),
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
            for name in dict.fromkeys(rule.looks_at):
                by_type.setdefault(name, []).append(rule)
        self.by_type: Mapping[str, Rules] = {name: tuple(found) for name, found in by_type.items()}
        self._indices = {name: Index(found, name) for name, found in self.by_type.items()}

    @property
    def event_rules(self) -> tuple[Rule, ...]:
        """Those that are judged event by event."""
        return tuple(rule for rule in self.rules if rule.kind not in SCANNED)

    @property
    def scan_rules(self) -> tuple[Rule, ...]:
        """Those that are judged by looking at rows now and then."""
        return tuple(rule for rule in self.rules if rule.kind in SCANNED)

    def touched(self, fact: Fact) -> Rules:
        """Return the rules that the event may raise or clear, in the order they were written."""
        index = self._indices.get(fact.type)
        return () if index is None else index.touched(fact)

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
