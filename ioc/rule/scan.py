"""Rules that are judged by looking at rows on a grid of stream time: `absence`, `rate`, `sla`.

A scan finds keys of which the condition is true. The difference to what it found last time is what
it raises and clears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ioc.rule.definition import Rule
from ioc.rule.verdict import Verdict
from ioc.severity import Severity

#: key -> (since, severity): the findings that were stored last time.
Stored = Mapping[str, tuple[datetime, Severity]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One key of which a scan rule's condition is true, since an event time; place in degrees."""

    key: str
    since: datetime
    area: str | None
    device: str | None = None
    lat: float | None = None
    lon: float | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding in the shape of an event of our own: a `Fact`."""

    rule: Rule
    finding: Finding
    received_at: datetime
    severity: str | None = None
    ce_source: str = "/ioc"

    @property
    def source(self) -> str:
        """The family that the rule looks at."""
        return self.rule.source

    @property
    def type(self) -> str:
        """The type that the rule looks at."""
        return self.rule.type

    @property
    def kind(self) -> str:
        """The rule's id."""
        return self.rule.id

    @property
    def area(self) -> str | None:
        """Commune code."""
        return self.finding.area

    @property
    def device(self) -> str | None:
        """The device that it is about."""
        return self.finding.device

    @property
    def time(self) -> datetime:
        """Since when the condition is true."""
        return self.finding.since

    @property
    def ce_id(self) -> str:
        """Made of the finding alone, so that the same one never opens a second occurrence."""
        return f"{self.rule.id}/{self.finding.key}/{self.finding.since.isoformat()}"

    @property
    def data(self) -> Mapping[str, object]:
        """What was found, for title and severity; with the place."""
        place = {"lat": self.finding.lat, "lon": self.finding.lon}
        return {**self.finding.data, **place}


def changes(
    rule: Rule, stored: Stored, found: Sequence[Finding], at: datetime, most: int
) -> tuple[list[Verdict], dict[str, tuple[datetime, Severity] | None], bool]:
    """Return verdicts in key order, what to store (None: forget), and whether more remain.

    `at` is the grid point, `most` the most changes of one transaction.
    """
    return [], {}, False
