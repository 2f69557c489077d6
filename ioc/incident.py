"""Incidents: alarms that belong together in place, time and cause.

An incident is a connected component of evidence. A further piece of evidence only adds edges, so
the order in which pieces come decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ioc.severity import Severity
from ioc.suppression import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRule:
    """Which alarms become one incident.

    Either `of` with `within_m` (metres between two pieces of evidence), or `chain` with `on` (the
    attribute in which neighbours of a cause chain agree). `time` is the longest gap, `least` and
    `sources` how many alarms and families of sources it takes. `severity` None: that of the worst.
    """

    id: str
    title: str
    title_en: str
    time: timedelta
    of: Matcher = field(default_factory=Matcher)
    within_m: float = 0.0
    chain: tuple[Matcher, ...] = ()
    on: str | None = None
    least: int = 2
    sources: int = 1
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A run of raising events of one alarm at one place; a row of `evidence`.

    `place` is "x,y" in whole decimetres or the value of `on`; `x_m` and `y_m` are metres east and
    north of the province's middle, None in a chain. Times are event times, aware UTC.
    """

    incident_rule: str
    alarm_id: UUID
    rule: str
    key: str
    source: str
    severity: Severity
    place: str
    x_m: float | None
    y_m: float | None
    from_at: datetime
    to_at: datetime
    n: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a component of evidence amounts to; place in degrees, `radius_m` around it."""

    severity: Severity
    began_at: datetime
    last_at: datetime
    sources: tuple[str, ...]
    alarms: frozenset[UUID]
    lat: float | None
    lon: float | None
    radius_m: float


def components(rule: IncidentRule, evidence: Sequence[Evidence]) -> list[frozenset[Evidence]]:
    """Return the connected components of evidence, whatever its order."""
    return []


def judged(rule: IncidentRule, members: Sequence[Evidence]) -> Judgement | None:
    """Return what a component amounts to; None when it is too little for an incident."""
    return None
