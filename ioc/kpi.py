"""Figures of how the alarms treat their operators: ISA-18.2, EEMUA 191 and OPC UA's metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, with what it should be and the edition that says so; `met` None: no target."""

    name: str
    value: object
    unit: str
    target: float | None = None
    maximum: float | None = None
    edition: str | None = None
    met: bool | None = None
