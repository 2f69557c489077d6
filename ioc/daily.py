"""The daily report: its day, when a source was not heard, and what is worth a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from ioc.clock import LOCAL_ZONE
from ioc.kpi import Counts, Row, figures
from ioc.philosophy import Philosophy
from ioc.severity import Severity
from ioc.targets import Targets

#: Events of a day still come for as long as Kafka keeps what nobody has read.
OPEN_FOR = timedelta(days=7)
#: An area whose cameras and fire panels are all quiet for so long is worth a line.
BLIND_AFTER = timedelta(hours=4)
POINTS_MAX = 5
#: Figures of alarms (`ioc.kpi`) that mean something for one day.
KPIS = ("per_hour", "max_10min_rolling", "time_in_flood", "top_10_share", "stale", "standing")
MINUTE = timedelta(minutes=1)

Value = str | int | float | datetime
Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` until before `end`, both UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """What happened to the alarms of a severity; the last three are those at the day's end.

    `acknowledged` counts answers to rings, the times are from the ring to the answer.
    """

    raised: int = 0
    acknowledged: int = 0
    ack_p50_s: float | None = None
    ack_p90_s: float | None = None
    open_at_end: int = 0
    over_24h: int = 0
    shelved: int = 0


@dataclass(frozen=True, slots=True)
class Flood:
    """A flood, as far as it lies in the day; `end` None: it was still on."""

    start: datetime
    end: datetime | None
    alarms: int
    peak_10m: int


@dataclass(frozen=True, slots=True)
class Sos:
    """A report of an emergency; `resolved_at` None: it was still open at the day's end."""

    report: str
    area: str
    opened_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """Reports or dossiers: new and resolved (in time) in the day, open (overdue) at its end."""

    new: int = 0
    resolved: int = 0
    on_time: int = 0
    open: int = 0
    overdue: int = 0

    @property
    def on_time_rate(self) -> float | None:
        """The share resolved in time, to four decimals; None when nothing was resolved."""
        return round(self.on_time / self.resolved, 4) if self.resolved else None

    @property
    def within_term_rate(self) -> float | None:
        """The national indicator: those still open within their term count as well."""
        every = self.resolved + self.open
        return round((self.on_time + self.open - self.overdue) / every, 4) if every else None


@dataclass(frozen=True, slots=True)
class SourceDay:
    """What was heard of a source; `gaps` are stretches without any event of it.

    None: nobody can tell, since in one area people may be quiet for days.
    """

    source: str
    events: int = 0
    gaps: tuple[Stretch, ...] | None = ()
    dead_letters: int = 0

    def coverage(self, day: Stretch) -> float | None:
        """Return the share of the day outside the gaps, to four decimals."""
        if self.gaps is None or day.end <= day.start:
            return None
        lost = sum((gap.end - gap.start for gap in self.gaps), timedelta(0))
        return round(1 - lost / (day.end - day.start), 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The figures that sentences are made of."""

    span: Stretch
    alarms: Mapping[Severity, AlarmLine] = field(default_factory=dict)
    floods: Sequence[Flood] = ()
    sos: Sequence[Sos] = ()
    reports: Resolved = Resolved()
    wait_p90_s: float | None = None
    #: The office where waits were longest, and its own p90.
    slowest: tuple[str, float] | None = None
    dossiers: Resolved = Resolved()
    #: None: not read.
    sources: Sequence[SourceDay] | None = ()
    blind: Sequence[str] = ()

    @property
    def has_data(self) -> bool:
        """Whether anything at all was heard or raised; also when nobody could look."""
        heard = self.sources is None or any(source.events for source in self.sources)
        return heard or any(line.raised for line in self.alarms.values())


@dataclass(frozen=True, slots=True)
class Before:
    """The same at the end of the day before, where a sentence compares."""

    reports_overdue: int = 0
    dossiers_overdue: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """A sentence by its key, with what stands in it; times are seconds, shares 0 to 1."""

    key: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure beside what it should be; `change_30d` is against the 30 days before.

    `met` None: there is no figure, or no target.
    """

    name: str
    value: float | None
    unit: str
    target: float | None = None
    maximum: float | None = None
    met: bool | None = None
    change_30d: float | None = None


def day_of(day: date, now: datetime) -> Stretch:
    """Return the local day in UTC, as far as it is over."""
    start = datetime.combine(day, time.min, LOCAL_ZONE).astimezone(UTC)
    return Stretch(start, min(start + timedelta(days=1), now))


def is_open(day: Stretch, now: datetime) -> bool:
    """Return whether figures of the day may still change by events that come late."""
    return now < day.end + OPEN_FOR


def gaps(
    day: Stretch, heard: Sequence[datetime], around: Stretch, longest: timedelta
) -> tuple[Stretch, ...]:
    """Return the parts of the day in which a source was not heard for longer than `longest`.

    `heard` are the minutes of the day with an event; `around` are the last one before it and the
    first one after it, or how far was looked. A silence over midnight is as long as it is, though
    only its part in the day is told.
    """
    found = []
    since = around.start + MINUTE
    for minute in (*heard, around.end):
        start, end = max(since, day.start), min(minute, day.end)
        if minute - since > longest and start < end:
            found.append(Stretch(start, end))
        since = minute + MINUTE
    return tuple(found)


# Sentences ----------------------------------------------------------------------------------------


def points(day: Day, before: Before, targets: Targets) -> list[Point]:
    """Return what is off, or waits for a decision: at most five, the gravest first."""
    found = [
        *([] if day.has_data else [Point("no_data", {})]),
        *_of_alarms(day, targets),
        *_of_reports(day, before, targets),
        *_of_desks(day, before, targets),
        *(_of_sources(day) if day.has_data else []),
    ]
    return found[:POINTS_MAX] or [Point("nothing_off", {})]


def _of_alarms(day: Day, targets: Targets) -> list[Point]:
    found = []
    critical = day.alarms.get(Severity.CRITICAL, AlarmLine())
    if critical.open_at_end:
        found.append(Point("critical_open", {"n": critical.open_at_end}))
    limit = targets.acknowledge_p90.get(Severity.CRITICAL)
    late = critical.ack_p90_s
    if limit is not None and late is not None and late > limit.total_seconds():
        values = {"p90_s": late, "target_s": limit.total_seconds(), "n": critical.acknowledged}
        found.append(Point("critical_late", values))
    waiting = [each for each in day.sos if each.resolved_at is None]
    if waiting:
        found.append(Point("sos_open", {"n": len(waiting), "of": len(day.sos)}))
    if day.floods:
        peak = max(flood.peak_10m for flood in day.floods)
        found.append(Point("floods", {"n": len(day.floods), "peak": peak}))
    standing = sum(line.over_24h for line in day.alarms.values())
    if standing:
        found.append(Point("standing", {"n": standing}))
    return found


def _of_reports(day: Day, before: Before, targets: Targets) -> list[Point]:
    found = []
    rate = day.reports.on_time_rate
    if rate is not None and rate < targets.reports_on_time_rate:
        values = {"rate": rate, "target": targets.reports_on_time_rate}
        found.append(Point("reports_late", values))
    more = day.reports.overdue - before.reports_overdue
    if more > 0:
        found.append(Point("reports_overdue", {"n": day.reports.overdue, "more": more}))
    return found


def _of_desks(day: Day, before: Before, targets: Targets) -> list[Point]:
    found = []
    limit_s = targets.wait_p90.total_seconds()
    if day.wait_p90_s is not None and day.wait_p90_s > limit_s:
        values: Values = {"p90_s": day.wait_p90_s, "target_s": limit_s}
        if day.slowest is not None:
            values |= {"office": day.slowest[0], "office_p90_s": day.slowest[1]}
        found.append(Point("waits_long", values))
    rate = day.dossiers.on_time_rate
    if rate is not None and rate < targets.on_time_rate:
        found.append(Point("dossiers_late", {"rate": rate, "target": targets.on_time_rate}))
    more = day.dossiers.overdue - before.dossiers_overdue
    if more > 0:
        found.append(Point("dossiers_overdue", {"n": day.dossiers.overdue, "more": more}))
    return found


def _of_sources(day: Day) -> list[Point]:
    sources = day.sources or ()
    silent = [
        (gap.end - gap.start, source.source, gap) for source in sources for gap in source.gaps or ()
    ]
    found = []
    if silent:
        _, source, gap = max(silent, key=lambda each: each[:2])
        found.append(Point("source_silent", {"source": source, "from": gap.start, "to": gap.end}))
    if day.blind:
        found.append(Point("blind", {"n": len(day.blind)}))
    dead = sum(source.dead_letters for source in sources)
    if dead:
        found.append(Point("dead_letters", {"n": dead}))
    return found


# Figures beside their targets ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Served:
    """What people are promised, as it was in a range of time; None: no case, or not read."""

    acknowledge_p90_s: float | None = None
    wait_p90_s: float | None = None
    on_time_rate: float | None = None
    reports_on_time_rate: float | None = None


def indicators(day: Served, month: Served, targets: Targets) -> list[Indicator]:
    """Return what people are promised, beside the site's targets."""
    limit = targets.acknowledge_p90.get(Severity.CRITICAL)
    wanted = None if limit is None else limit.total_seconds()
    rows = (
        ("acknowledge_p90", "s", day.acknowledge_p90_s, month.acknowledge_p90_s, wanted),
        ("wait_p90", "s", day.wait_p90_s, month.wait_p90_s, targets.wait_p90.total_seconds()),
        ("on_time_rate", "1", day.on_time_rate, month.on_time_rate, targets.on_time_rate),
        (
            "reports_on_time_rate",
            "1",
            day.reports_on_time_rate,
            month.reports_on_time_rate,
            targets.reports_on_time_rate,
        ),
    )
    found = []
    for name, unit, value, before, target in rows:
        met = None
        if value is not None and target is not None:
            met = value <= target if unit == "s" else value >= target
        change = None if value is None or before is None else round(value - before, 4)
        found.append(Indicator(name, value, unit, target, None, met, change))
    return found


def alarm_indicators(
    day: Counts | None, month: Counts | None, philosophy: Philosophy
) -> list[Indicator]:
    """Return the figures of alarms, beside the philosophy's targets; [] when they were not read."""
    if day is None:
        return []
    before = {} if month is None else {row.name: row for row in figures(month, philosophy)}
    return [
        Indicator(
            row.name,
            float(value),
            row.unit,
            row.target,
            row.maximum,
            row.met,
            _change(value, before.get(row.name)),
        )
        for row in figures(day, philosophy)
        if row.name in KPIS and isinstance(value := row.value, int | float)
    ]


def _change(value: float, before: Row | None) -> float | None:
    if before is None or not isinstance(before.value, int | float):
        return None
    return round(value - before.value, 4)
