"""What a rule reads of an event; `ioc.event.Event` is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol


class Fact(Protocol):
    """One new event, placed and never seen before. Times are aware."""

    @property
    def source(self) -> str:
        """The family: `fire`."""

    @property
    def type(self) -> str:
        """The CloudEvents type: `ioc.fire.reading`."""

    @property
    def kind(self) -> str:
        """`label`, `kind`, `category` or `action`, by type."""

    @property
    def area(self) -> str | None:
        """Commune code."""

    @property
    def device(self) -> str | None:
        """The sender's name for the thing that spoke."""

    @property
    def severity(self) -> str | None:
        """What the source thinks of it; a rule decides for itself."""

    @property
    def time(self) -> datetime:
        """When it happened."""

    @property
    def received_at(self) -> datetime:
        """When Kafka had it: lateness is measured against this."""

    @property
    def ce_source(self) -> str:
        """The CloudEvents source."""

    @property
    def ce_id(self) -> str:
        """The CloudEvents id."""

    @property
    def data(self) -> Mapping[str, object]:
        """The typed data, unknown fields included."""


#: A field that a rule names, to what reads it.
Read = Callable[[Fact], object]

#: Names that are read from the event itself; every other name is a field of `data`.
_ATTRIBUTES: Mapping[str, Read] = {
    "kind": lambda fact: fact.kind,
    "area": lambda fact: fact.area,
    "device": lambda fact: fact.device,
    "severity": lambda fact: fact.severity,
    "ce_source": lambda fact: fact.ce_source,
}
ATTRIBUTES = frozenset(_ATTRIBUTES)


def reader(name: str) -> Read:
    """Return what reads `name`: an attribute, a data field, or `data.a.b` for a nested one."""
    if name in _ATTRIBUTES:
        return _ATTRIBUTES[name]
    path = name.removeprefix("data.").split(".")
    if len(path) == 1:
        field = path[0]
        return lambda fact: fact.data.get(field)

    def read_nested(fact: Fact) -> object:
        found: object = fact.data
        for step in path:
            if not isinstance(found, Mapping):
                return None
            found = found.get(step)
        return found

    return read_nested
