"""Rules that are judged by looking at rows on a grid of stream time: `absence`, `rate`, `sla`.

A scan finds keys of which the condition is true. The difference to what it found last time is what
it raises and clears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ioc.rule.absence import DEVICE, Absence
from ioc.rule.condition import Value
from ioc.rule.definition import Rule
from ioc.rule.rate import Rate
from ioc.rule.sla import Sla
from ioc.rule.verdict import Clear, Raise, Verdict
from ioc.severity import Severity

#: key -> (since, severity): the findings that were stored last time.
Stored = Mapping[str, tuple[datetime, Severity]]
#: The same, with None for what is to be forgotten.
ToStore = dict[str, tuple[datetime, Severity] | None]

#: How often is looked, in stream time.
SOON, OFTEN, SELDOM = timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=5)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One key of which a scan rule's condition is true, since an event time; place in degrees.

    `data` is what was found, for title, severity and the alarm's facts; `kind` its word, if any.
    """

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
        """The kind of what was found, a category for example; else the rule's id."""
        kind = self.finding.data.get("kind")
        return kind if isinstance(kind, str) else self.rule.id

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


def step(rule: Rule) -> timedelta:
    """Return how far apart the grid points of a scan rule are."""
    match rule.of:
        case Absence(of=of, silent_for=silent_for) if of == DEVICE:
            # A hundredth of the silence, in whole steps: who waits for a day can wait a minute.
            return min(max(silent_for / 100 // SOON * SOON, SOON), OFTEN)
        case Sla(waiting=waiting) if waiting is not None:
            return SOON
        case Rate():
            return SELDOM
        case _:
            return OFTEN


def grid_point(rule: Rule, at: datetime) -> datetime:
    """Return the last grid point at `at` or before it."""
    return at - (at - _EPOCH) % step(rule)


def asked(rule: Rule, name: str) -> frozenset[Value] | None:
    """Return the values of a field that the rule's condition asks for; None: any.

    The condition of a scan rule is equalities that must all hold (`ioc.rule.scan_part`).
    """
    wanted: frozenset[Value] | None = None
    for needed, values in rule.when.needs:
        if needed == name:
            wanted = values if wanted is None else wanted & values
    return wanted


def changes(
    rule: Rule, stored: Stored, found: Sequence[Finding], at: datetime, most: int
) -> tuple[list[Verdict], ToStore, bool]:
    """Return verdicts in key order, what to store (None: forget), and whether more remain.

    `at` is the grid point, `most` the most changes of one transaction. What is raised is raised at
    its own beginning; another severity, and an end, are of the grid point.
    """
    by_key = {finding.key: finding for finding in found}
    verdicts: list[Verdict] = []
    to_store: ToStore = {}
    for key in sorted(stored.keys() | by_key.keys()):
        known, finding = stored.get(key), by_key.get(key)
        verdict: Verdict
        if finding is None:
            verdict, after = Clear(rule, key, at, None), None
        else:
            notice = Notice(rule, finding, at)
            severity = rule.severity_of(notice)
            if known is None:
                verdict, after = Raise(rule, key, finding.since, notice), (finding.since, severity)
            elif known[1] is severity:
                continue
            else:
                # The word of this moment: one of the same time as the first would not be newer.
                now_so = Notice(rule, replace(finding, since=at), at)
                verdict, after = Raise(rule, key, at, now_so), (known[0], severity)
        if len(to_store) == most:
            return verdicts, to_store, True
        verdicts.append(verdict)
        to_store[key] = after
    return verdicts, to_store, False
