"""A rule: data that says when an alarm is raised and when it is cleared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Literal

from ioc.clock import LOCAL_ZONE
from ioc.rule.condition import Condition
from ioc.rule.fact import Fact, Read, reader
from ioc.rule.title import Title
from ioc.severity import Severity
from ioc.working_calendar import WorkingCalendar, shipped_calendar

#: What the province is called when a place is not known.
WHOLE_PROVINCE = "19"


class Kind(StrEnum):
    """How a rule decides; one module each."""

    #: An event like this.
    MATCH = "match"
    #: N events like this within a time.
    COUNT = "count"
    #: A measured value is beyond a limit, for a while.
    THRESHOLD = "threshold"
    #: A condition holds for a time.
    DURATION = "duration"
    #: Events like these, one after the other.
    SEQUENCE = "sequence"
    #: A device, or many of an area, have said nothing for a time.
    ABSENCE = "absence"
    #: There is much more, or much less, than at other times.
    RATE = "rate"
    #: Somebody waits too long, or a due date is near or past.
    SLA = "sla"


#: Kinds that are judged by looking at rows now and then; the others are judged event by event.
SCANNED = frozenset({Kind.ABSENCE, Kind.RATE, Kind.SLA})


class Per(StrEnum):
    """What one alarm of a rule stands for: its key."""

    #: The device; events that name none go by their sender, so that none is lost.
    DEVICE = "device"
    AREA = "area"
    #: A citizen's report, all its events.
    REPORT = "report"
    #: The family: one alarm for all.
    SOURCE = "source"
    OFFICE = "office"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class Case:
    """One line of `severity`; `when` None: whatever is left."""

    severity: Severity
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Local days (0 is Monday) and hours in which a rule raises; None: no bound.

    `holidays` are all days that are not worked. The end is not in the hours; when they go over
    midnight, each part belongs to the day that it is on.
    """

    days: frozenset[int] | Literal["working", "holidays"] | None
    hours: tuple[time, time] | None

    def covers(self, at: datetime, calendar: WorkingCalendar) -> bool:
        """Return whether the rule raises for an event of this time."""
        local = at.astimezone(LOCAL_ZONE)
        if isinstance(self.days, str):
            if calendar.is_working_day(local.date()) is not (self.days == "working"):
                return False
        elif self.days is not None and local.weekday() not in self.days:
            return False
        if self.hours is None:
            return True
        start, end = self.hours
        now = local.time()
        return start <= now < end if start < end else now >= start or now < end


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """One rule, checked; `place` is its `file:line`, `plain` what was written, for display."""

    id: str
    title: Title
    title_en: Title
    source: str
    type: str
    kind: Kind
    when: Condition
    per: tuple[Per, ...]
    severity: Severity
    clear_when: Condition | None = None
    silence: timedelta | None = None
    #: For `count`: this many events within this event time.
    n: int = 1
    within: timedelta = timedelta(0)
    #: An event that is later than this, against `received_at`, raises nothing.
    max_lateness: timedelta = timedelta(hours=1)
    ack_required: bool = True
    guidance: tuple[str, ...] = ()
    place: str = ""
    plain: dict[str, object] = field(default_factory=dict)
    #: Severities by condition, tried in order; `severity` is the last one's.
    cases: tuple[Case, ...] = ()
    schedule: Schedule | None = None
    #: Whether an alarm stays until somebody resets it.
    latch: bool = False
    #: An acknowledgement is worth this long; None: for good.
    ack_expires: timedelta | None = None
    #: Moves that a second person must approve.
    two_person: frozenset[str] = frozenset()
    #: Whether what comes and goes too fast is held back.
    damped: bool = True
    #: The kind's own part: `threshold.Threshold`, `sla.Sla` …
    of: object | None = None
    #: Every type that it looks at; () means `type` alone, only `sequence` has more.
    types: tuple[str, ...] = ()
    version: int = 0
    #: By which `schedule` tells the days; the rule set puts in its own.
    calendar: WorkingCalendar = field(default_factory=shipped_calendar, repr=False)

    def severity_of(self, fact: Fact) -> Severity:
        """Return how severe this event makes it."""
        for case in self.cases:
            if case.when is None or case.when.test(fact):
                return case.severity
        return self.severity

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The types of the events that it looks at."""
        return self.types or (self.type,)

    def raises(self, fact: Fact) -> bool:
        """Return whether the event is one like this; alone it need not be enough."""
        if fact.type != self.type and fact.type not in self.types:
            return False
        return self.when.test(fact) and (
            self.schedule is None or self.schedule.covers(fact.time, self.calendar)
        )

    def clears(self, fact: Fact) -> bool:
        """Return whether the event says that it is over; one like this does not, at any hour."""
        return (
            self.clear_when is not None
            and fact.type == self.type
            and self.clear_when.test(fact)
            and not self.when.test(fact)
        )

    def key(self, fact: Fact) -> str | None:
        """Return what the alarm is about, or None when the event does not say."""
        if len(self.per) == 1:
            return _part(self.per[0], fact)
        parts = [_part(per, fact) for per in self.per]
        return None if None in parts else "|".join(part for part in parts if part)


_READ: Mapping[Per, Read] = {
    Per.DEVICE: lambda fact: fact.device or fact.ce_source,
    Per.AREA: lambda fact: fact.area or WHOLE_PROVINCE,
    Per.REPORT: reader("report"),
    Per.SOURCE: lambda fact: fact.source,
    Per.OFFICE: reader("office"),
    Per.KIND: lambda fact: fact.kind,
}


def _part(per: Per, fact: Fact) -> str | None:
    found = _READ[per](fact)
    return found if isinstance(found, str) and found else None
