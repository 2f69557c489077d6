"""Figures of how the alarms treat their operators: ISA-18.2, EEMUA 191 and OPC UA's metrics.

What is counted is in `Counts`; what it should be is the philosophy's (`ioc.philosophy`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ioc.philosophy import Philosophy, Target

TEN_MINUTES = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: An hour with more rings than this is counted (ISA-18.2).
HOUR_MANY = 30
ISA, EEMUA, OPC_UA = "ISA-18.2-2016", "EEMUA-191-3", "OPC-10000-9"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


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


@dataclass(frozen=True, slots=True)
class Actor:
    """An alarm (rule and key) and how often it rang."""

    rule: str
    key: str
    device: str | None
    area: str | None
    n: int


@dataclass(frozen=True, slots=True)
class Answers:
    """How long it took from a ring to the acknowledgement, by priority; seconds."""

    priority: int
    n: int
    p50_s: float
    p90_s: float


@dataclass(frozen=True, slots=True)
class Closings:
    """How often alarms of a rule, or of a source's device, were closed with each code."""

    of: tuple[str, ...]
    codes: Mapping[str, int]

    @property
    def n(self) -> int:
        """How often they were closed."""
        return sum(self.codes.values())

    @property
    def precision(self) -> float | None:
        """The share of true ones among the true and the false, 0 to 1; None without any."""
        right, wrong = self.codes.get("true", 0), self.codes.get("false", 0)
        return right / (right + wrong) if right + wrong else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted in [start, end).

    `periods` and `hours` say how many periods of ten minutes (hours) had how many rings; those with
    none are not in them. `floods` are intervals that may overlap, `stale` the most alarms on a
    local day that had been active for more than a day, `standing` and `shelved` are those at `end`.
    Before `since` nothing is known, None: of all of it something is.
    """

    start: datetime
    end: datetime
    since: datetime | None = None
    rings: int = 0
    rings_last_10m: int = 0
    most_in_10m: int = 0
    periods: Mapping[int, int]
    hours: Mapping[int, int]
    priorities: Mapping[int, int]
    actors: Sequence[Actor] = ()
    floods: Sequence[tuple[datetime, datetime]] = ()
    chattering: int = 0
    fleeting: int = 0
    stale: int = 0
    active_most_s: float = 0.0
    unknown_most_s: float = 0.0
    standing: int = 0
    shelved: int = 0
    reminders_most: int = 0
    answers: Sequence[Answers] = ()
    by_rule: Sequence[Closings] = ()
    by_device: Sequence[Closings] = ()
    unauthorised_suppression: int = 0
    unauthorised_changes: int = 0

    @property
    def known_from(self) -> datetime:
        """Since when in [start, end) something is known."""
        return self.start if self.since is None else min(max(self.start, self.since), self.end)

    def known(self, span: timedelta) -> timedelta:
        """Return how long it is known, one span at least: ten minutes tell nothing of a day's."""
        return min(self.end - self.start, max(self.end - self.known_from, span))

    def per(self, span: timedelta) -> float:
        """Return the average number of rings in a span of time; of a first one, those so far."""
        return self.rings * span / self.known(span) if self.end > self.start else 0.0


def figures(counts: Counts, philosophy: Philosophy) -> list[Row]:
    """Return every figure, in the order of the standards, judged by the philosophy's targets."""
    targets = philosophy.targets
    return [
        *(_judged(row, targets.get(row.name)) for row in _isa(counts)),
        *_eemua(counts, targets),
        *_opc_ua(counts),
    ]


def flooded(intervals: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """Return how long at least one of the intervals lasted."""
    total = timedelta(0)
    reached: datetime | None = None
    for start, end in sorted(intervals):
        since = start if reached is None else max(start, reached)
        total += max(end - since, timedelta(0))
        reached = end if reached is None else max(end, reached)
    return total


def average_class(per_10min: float) -> str:
    """Return EEMUA's word for an average rate in steady operation."""
    if per_10min < 1:
        return "very likely acceptable"
    if per_10min <= 2:
        return "manageable"
    return "likely over-demanding" if per_10min <= 10 else "very likely unacceptable"


def upset_class(most_in_10m: int) -> str:
    """Return EEMUA's word for ten minutes after an upset; it leaves 10 to 20 open."""
    if most_in_10m < 10:
        return "should be manageable"
    return "hard to cope with" if most_in_10m <= 100 else "definitely excessive"


def performance_level(per_10min: float, most_in_10m: int, outside: float) -> str:
    """Return EEMUA's level; `outside` is the share of time outside the target in percent."""
    if per_10min < 1 and most_in_10m < 10 and outside < 1:
        return "predictive"
    if per_10min <= 10 and most_in_10m <= 100 and outside <= 5:
        return "robust"
    if per_10min <= 10 and most_in_10m <= 1000 and outside <= 25:
        return "stable"
    if per_10min <= 100 and most_in_10m <= 1000 and outside <= 50:
        return "reactive"
    return "overloaded"


# The rows of each text ----------------------------------------------------------------------------


def _isa(counts: Counts) -> Iterator[Row]:
    yield Row("per_day", _rounded(counts.per(DAY)), "rings")
    yield Row("per_hour", _rounded(counts.per(HOUR)), "rings")
    yield Row("per_10min", _rounded(counts.per(TEN_MINUTES)), "rings")
    hours = _touched(counts, HOUR)
    yield Row("hours_over_30", _share(_above(counts.hours, HOUR_MANY), hours), "%")
    yield Row("periods_over_10", _outside(counts, 10), "%")
    yield Row("max_10min", max(counts.periods, default=0), "rings")
    yield Row("max_10min_rolling", counts.most_in_10m, "rings")
    lasted = counts.known(TEN_MINUTES)
    yield Row("time_in_flood", _share(flooded(counts.floods) / HOUR, lasted / HOUR), "%")
    top = sum(actor.n for actor in counts.actors)
    yield Row("top_10_share", _share(top, counts.rings), "%")
    yield Row("chattering", counts.chattering, "alarms")
    yield Row("fleeting", counts.fleeting, "alarms")
    yield Row("stale", counts.stale, "alarms")
    for priority in (4, 3, 2, 1):
        n = counts.priorities.get(priority, 0)
        yield Row(f"priority_{priority}", _share(n, counts.rings), "%")
    yield Row("unauthorised_suppression", counts.unauthorised_suppression, "steps")
    yield Row("unauthorised_changes", counts.unauthorised_changes, "changes")


def _eemua(counts: Counts, targets: Mapping[str, Target]) -> Iterator[Row]:
    average = counts.per(TEN_MINUTES)
    most = counts.most_in_10m
    limit = targets.get("max_10min")
    outside = _outside(counts, 10 if limit is None or limit.target is None else limit.target)
    level = performance_level(average, most, outside)
    yield _judged(Row("average_class", average_class(average), "class"), None, EEMUA)
    yield _judged(Row("upset_class", upset_class(most), "class"), None, EEMUA)
    yield _judged(Row("standing", counts.standing, "alarms"), targets.get("standing"), EEMUA)
    yield _judged(Row("shelved", counts.shelved, "alarms"), targets.get("shelved"), EEMUA)
    share = Row("time_outside_target", outside, "%")
    yield _judged(share, targets.get("time_outside_target"), EEMUA)
    yield _judged(Row("performance_level", level, "level"), None, EEMUA)


def _opc_ua(counts: Counts) -> Iterator[Row]:
    started = counts.known_from.astimezone(UTC).isoformat().replace("+00:00", "Z")
    for name, value, unit in (
        ("AlarmCount", counts.rings, "rings"),
        ("StartTime", started, "time"),
        ("MaximumActiveState", _rounded(counts.active_most_s), "s"),
        ("MaximumUnAck", _rounded(counts.unknown_most_s), "s"),
        ("CurrentAlarmRate", counts.rings_last_10m, "rings in 10 min"),
        ("MaximumAlarmRate", counts.most_in_10m, "rings in 10 min"),
        ("AverageAlarmRate", _rounded(counts.per(TEN_MINUTES)), "rings in 10 min"),
        ("MaximumReAlarmCount", counts.reminders_most, "reminders"),
    ):
        yield Row(name, value, unit, edition=OPC_UA)


def _judged(row: Row, target: Target | None, edition: str = ISA) -> Row:
    """Return the row beside what it should be: `met` against the better of the two numbers."""
    if target is None:
        return Row(row.name, row.value, row.unit, edition=edition)
    wanted = target.maximum if target.target is None else target.target
    met = None
    if wanted is not None and isinstance(row.value, int | float):
        # The lowest priority should be most of all: its target is a least, not a most.
        met = row.value >= wanted if row.name == "priority_4" else row.value <= wanted
    return Row(row.name, row.value, row.unit, target.target, target.maximum, target.edition, met)


def _outside(counts: Counts, limit: float) -> float:
    return _share(_above(counts.periods, limit), _touched(counts, TEN_MINUTES))


def _touched(counts: Counts, step: timedelta) -> int:
    """Return how many whole steps of the clock the part of the range that is known touches."""
    if counts.end <= counts.start:
        return 0
    first = (counts.known_from - _EPOCH) // step
    return -((_EPOCH - counts.end) // step) - first


def _above(counted: Mapping[int, int], limit: float) -> int:
    return sum(times for n, times in counted.items() if n > limit)


def _share(part: float, whole: float) -> float:
    return _rounded(100 * part / whole) if whole else 0.0


def _rounded(value: float) -> float:
    return round(value, 3)
