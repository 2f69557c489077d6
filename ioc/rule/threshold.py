"""Kind `threshold`: a measured value beyond a limit, with a deadband and delays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from ioc.rule.condition import Condition, compares
from ioc.rule.definition import Rule
from ioc.rule.document import Node, Scalar
from ioc.rule.fields import known
from ioc.rule.notes import Notes, suggestion
from ioc.rule.samples import Delays

KEYS = ("value", "above", "below", "deadband", "on_delay", "off_delay")
DELAY_MAX = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Threshold:
    """`value` names the field; beyond is above `above` or below `below`, in the field's unit.

    It is back when it is within the limit by `deadband` at least; in between nothing is said.
    """

    value: str
    above: float | None = None
    below: float | None = None
    deadband: float = 0.0
    on_delay: timedelta = timedelta(0)
    off_delay: timedelta = timedelta(0)

    def beyond(self) -> Condition:
        """Return: the value is beyond the limit."""
        if self.above is not None:
            return compares(self.value, "gt", self.above)
        return compares(self.value, "lt", self.below or 0.0)

    def back(self) -> Condition:
        """Return: the value is back."""
        if self.above is not None:
            return compares(self.value, "le", _sum(self.above, -self.deadband))
        return compares(self.value, "ge", _sum(self.below or 0.0, self.deadband))


def delays(rule: Rule) -> Delays:
    """Return how long the value must be beyond, and back."""
    of = rule.of
    assert isinstance(of, Threshold)
    return Delays(of.on_delay, of.off_delay)


def read(at: Mapping[str, Node], line: int, notes: Notes, event_type: str) -> Threshold | None:
    """Return what `threshold:` says; None when something was noted as wrong."""
    limits = [key for key in ("above", "below") if key in at]
    if len(limits) != 1:
        notes.add(line, "threshold has one limit: 'above:' or 'below:'")
        return None
    field = _field(at["value"], notes, event_type)
    limit = notes.number(at[limits[0]], f"threshold.{limits[0]}")
    deadband = notes.number(at["deadband"], "threshold.deadband") if "deadband" in at else 0.0
    if deadband is not None and deadband < 0:
        notes.add(at["deadband"].line, "threshold.deadband is 0 or more: how far back it must be")
    on_delay, off_delay = (_delay(at.get(key), key, notes) for key in ("on_delay", "off_delay"))
    if field is None or limit is None or deadband is None:
        return None
    above, below = (limit, None) if limits == ["above"] else (None, limit)
    return Threshold(field, above, below, deadband, on_delay, off_delay)


def _sum(limit: float, deadband: float) -> float:
    """Return the sum as it is written: 0.2 and 0.1 are 0.3, not the next number of the machine."""
    return float(Decimal(str(limit)) + Decimal(str(deadband)))


def _delay(node: Node | None, key: str, notes: Notes) -> timedelta:
    none = timedelta(0)
    if node is None:
        return none
    return notes.duration(node, f"threshold.{key}", none, DELAY_MAX) or none


def _field(node: Node, notes: Notes, event_type: str) -> str | None:
    name = node.text if isinstance(node, Scalar) else ""
    fields = known(event_type)
    numbers = [each for each, field in fields.items() if field.holds == "number"]
    if name in numbers or (name.startswith("data.") and all(name.split("."))):
        return name
    notes.add(
        node.line,
        f"threshold.value is a field with a number, not {name!r}{suggestion(name, numbers)}"
        f"; {event_type} has {', '.join(numbers) or 'none'}"
        " (a field of your own is written 'data.name')",
    )
    return None
