"""Incidents: alarms that belong together in place, time and cause.

An incident is a connected component of evidence. A further piece of evidence only adds edges, so
the order in which pieces come decides nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid5
from zlib import crc32

from ioc.alarm import Alarm, Transition
from ioc.rule import Raise
from ioc.severity import Severity
from ioc.suppression import Matcher

#: The middle of the province, and metres to a degree there; 300 m are right to a decimetre.
MIDDLE = (21.6, 105.85)
NORTH_M = 111_320.0
EAST_M = NORTH_M * math.cos(math.radians(MIDDLE[0]))
#: Neighbours are looked for in cells of this size, so no rule may reach further.
CELL_M = 1_000.0
WITHIN_M_MAX = 1_000.0
#: In what neighbours of a cause chain may agree.
ON = ("area", "device", "source", "key")
LEAST_MAX = 100
#: Longest cause chain; its places are bits of a whole number.
CHAIN_MAX = 8

_CLUSTERS = UUID("8d1f4c0e-52f3-5b6a-9c57-3f1e7a6b2d90")
_PLACEHOLDER = re.compile(r"\{(area|sources|alarms)\}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRule:
    """Which alarms become one incident.

    Alarms of `of`, or of any of the `chain`. Two pieces of evidence belong together when they are
    at most `time` apart, and within `within_m` metres of each other or, with `on`, of the same
    value of that attribute; in a chain they are also neighbours of it, or of one alarm. `least` and
    `sources` say how many alarms and families of sources it takes. `severity` is the least that
    the incident has; None: that of the worst alarm.
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

    def titles(self, judgement: Judgement, area_name: str) -> tuple[str, str]:
        """Return the Vietnamese and the English title of an incident."""
        words = {
            "area": area_name or judgement.area or "–",
            "sources": str(len(judgement.sources)),
            "alarms": str(judgement.alarms),
        }

        def told(text: str) -> str:
            return _PLACEHOLDER.sub(lambda found: words[found[1]], text)

        return told(self.title), told(self.title_en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A run of raising events of one alarm at one place; a row of `evidence`.

    `place` is "x,y" in whole decimetres or the value of `on`; `x_m` and `y_m` are metres east and
    north of the province's middle, None without a point. `severity` is the worst of its events,
    `links` its places in a cause chain as bits. Times are event times, aware UTC.
    """

    incident_rule: str
    alarm_id: UUID
    rule: str
    key: str
    source: str
    severity: Severity
    area: str | None
    place: str
    x_m: float | None
    y_m: float | None
    from_at: datetime
    to_at: datetime
    links: int = 0
    n: int = 1

    @property
    def cell(self) -> tuple[int, int]:
        """Return where it is looked for: a cell of the map, or a hash of its place."""
        if self.x_m is None or self.y_m is None:
            return crc32(self.place.encode()) - 2**31, 0
        return math.floor(self.x_m / CELL_M), math.floor(self.y_m / CELL_M)

    @property
    def own_cluster(self) -> UUID:
        """Return the id of the component that it is while nothing else belongs to it."""
        words = (self.incident_rule, str(self.alarm_id), self.place, self.from_at.isoformat())
        return uuid5(_CLUSTERS, "\0".join(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a component of evidence adds up to.

    `alarms` counts rules and keys, so that it does not matter how often one was closed and opened
    again; `area` is that of its first piece; `box` is west, south, east and north, in metres.
    """

    began_at: datetime
    last_at: datetime
    alarms: int
    sources: tuple[str, ...]
    severity: Severity
    area: str | None
    box: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a component of evidence amounts to; place in degrees, `radius_m` around it."""

    severity: Severity
    began_at: datetime
    last_at: datetime
    sources: tuple[str, ...]
    alarms: int
    area: str | None
    lat: float | None
    lon: float | None
    radius_m: float


# Evidence -----------------------------------------------------------------------------------------


def evidence_of(rules: Sequence[IncidentRule], steps: Iterable[Transition]) -> list[Evidence]:
    """Return what raising steps say to each rule, in their order: one piece for each event.

    A step without a point says nothing to a rule that goes by metres.
    """
    found: list[Evidence] = []
    said: set[int] = set()
    for step in steps:
        verdict = step.verdict
        # One event may take an alarm several steps.
        if isinstance(verdict, Raise) and id(verdict) not in said:
            said.add(id(verdict))
            heard = _as_the_event_has_it(step.alarm, verdict)
            found += [piece for rule in rules if (piece := _piece(rule, heard, verdict))]
    return found


def concerns(rule: IncidentRule, alarm: Alarm) -> bool:
    """Return whether a raise of this alarm is evidence."""
    return any(each.matches(alarm) for each in rule.chain or (rule.of,))


def _as_the_event_has_it(alarm: Alarm, verdict: Raise) -> Alarm:
    # The alarm has its earliest event's place and its newest one's severity: which these are,
    # while events still come, is a matter of their order.
    fact = verdict.fact
    severity = verdict.rule.severity_of(fact)
    return replace(
        alarm,
        severity=severity,
        area=fact.area,
        device=fact.device,
        event_source=fact.ce_source,
    )


def _piece(rule: IncidentRule, alarm: Alarm, verdict: Raise) -> Evidence | None:
    if not concerns(rule, alarm):
        return None
    point: tuple[float, float] | None = None
    if rule.on is None:
        data = verdict.fact.data
        point = metres(data.get("lat"), data.get("lon"))
        place = point and f"{round(point[0] * 10)},{round(point[1] * 10)}"
    else:
        place = getattr(alarm, rule.on)
    if not place:
        return None
    links = sum(1 << n for n, each in enumerate(rule.chain) if each.matches(alarm))
    return Evidence(
        incident_rule=rule.id,
        alarm_id=alarm.id,
        rule=alarm.rule,
        key=alarm.key,
        source=alarm.source,
        severity=alarm.severity,
        area=alarm.area,
        place=place,
        x_m=point and point[0],
        y_m=point and point[1],
        from_at=verdict.at,
        to_at=verdict.at,
        links=links,
    )


def metres(lat: object, lon: object) -> tuple[float, float] | None:
    """Return metres east and north of the province's middle, to the decimetre; None: no point."""
    for value, most in ((lat, 90.0), (lon, 180.0)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not abs(value) <= most:  # NaN, too
            return None
    assert isinstance(lat, int | float)
    assert isinstance(lon, int | float)
    east, north = (lon - MIDDLE[1]) * EAST_M, (lat - MIDDLE[0]) * NORTH_M
    return round(east * 10) / 10, round(north * 10) / 10


def runs(pieces: Sequence[Evidence], time: timedelta) -> list[list[int]]:
    """Return which pieces of one alarm at one place are one run: gaps are no longer than `time`.

    The numbers are places in `pieces`; each is in one run.
    """
    ordered = sorted(range(len(pieces)), key=lambda n: (pieces[n].from_at, pieces[n].to_at))
    found: list[list[int]] = []
    end: datetime | None = None
    for n in ordered:
        if end is None or pieces[n].from_at - end > time:
            found.append([])
            end = pieces[n].to_at
        found[-1].append(n)
        end = max(end, pieces[n].to_at)
    return found


def whole(pieces: Sequence[Evidence]) -> Evidence:
    """Return the run that these pieces of one alarm at one place are together."""
    first = min(pieces, key=lambda piece: (piece.from_at, piece.area or ""))
    links = 0
    for piece in pieces:
        links |= piece.links
    return replace(
        first,
        to_at=max(piece.to_at for piece in pieces),
        severity=_worst(piece.severity for piece in pieces),
        links=links,
        n=sum(piece.n for piece in pieces),
    )


# Components ---------------------------------------------------------------------------------------


def belong(rule: IncidentRule, one: Evidence, other: Evidence) -> bool:
    """Return whether two pieces of evidence belong together, directly."""
    if max(one.from_at, other.from_at) - min(one.to_at, other.to_at) > rule.time:
        return False
    if rule.on is None:
        assert one.x_m is not None
        assert one.y_m is not None
        assert other.x_m is not None
        assert other.y_m is not None
        east, north = one.x_m - other.x_m, one.y_m - other.y_m
        return east * east + north * north <= rule.within_m * rule.within_m
    if one.place != other.place:
        return False
    is_same = (one.rule, one.key) == (other.rule, other.key)
    are_neighbours = other.links & (one.links << 1 | one.links >> 1) != 0
    return not rule.chain or is_same or are_neighbours


def components(rule: IncidentRule, evidence: Sequence[Evidence]) -> list[frozenset[Evidence]]:
    """Return the connected components of evidence, whatever its order.

    Every piece is compared with every other: this says what is right, and is for tests.
    """
    pairs = [
        (n, m)
        for n in range(len(evidence))
        for m in range(n)
        if belong(rule, evidence[n], evidence[m])
    ]
    return [frozenset(evidence[n] for n in group) for group in united(range(len(evidence)), pairs)]


def united(
    things: Iterable[T],
    pairs: Iterable[tuple[T, T]],
    apart: frozenset[frozenset[T]] = frozenset(),
) -> list[set[T]]:
    """Return the groups that pairs make of things.

    A pair does not join two groups of which two members are `apart`.
    """
    group = {each: {each} for each in things}
    for one, other in pairs:
        mine, theirs = group[one], group[other]
        if mine is theirs:
            continue
        if apart and any(frozenset((a, b)) in apart for a in mine for b in theirs):
            continue
        mine |= theirs
        group.update(dict.fromkeys(theirs, mine))
    return list({id(each): each for each in group.values()}.values())


def extent_of(members: Sequence[Evidence]) -> Extent:
    """Return what pieces of evidence add up to; there is at least one."""
    first = min(
        members,
        key=lambda each: (each.from_at, each.rule, each.key, each.place, each.area or ""),
    )
    points = [
        (each.x_m, each.y_m) for each in members if each.x_m is not None and each.y_m is not None
    ]
    box = None
    if points:
        east, north = [x for x, _ in points], [y for _, y in points]
        box = (min(east), min(north), max(east), max(north))
    return Extent(
        began_at=first.from_at,
        last_at=max(each.to_at for each in members),
        alarms=len({(each.rule, each.key) for each in members}),
        sources=tuple(sorted({each.source for each in members})),
        severity=_worst(each.severity for each in members),
        area=first.area,
        box=box,
    )


def judged(rule: IncidentRule, members: Sequence[Evidence]) -> Judgement | None:
    """Return what a component amounts to; None when it is too little for an incident."""
    extent = extent_of(members)
    if extent.alarms < rule.least or len(extent.sources) < rule.sources:
        return None
    return judgement(extent, rule.severity)


def is_incident(rule: IncidentRule, extent: Extent) -> bool:
    """Return whether a component has enough alarms of enough families."""
    return extent.alarms >= rule.least and len(extent.sources) >= rule.sources


def judgement(extent: Extent, least: Severity | None) -> Judgement:
    """Return an extent as an incident is shown, at least as severe as `least`."""
    lat = lon = None
    radius_m = 0.0
    if extent.box is not None:
        west, south, east, north = extent.box
        lat = round(MIDDLE[0] + (south + north) / 2 / NORTH_M, 6)
        lon = round(MIDDLE[1] + (west + east) / 2 / EAST_M, 6)
        radius_m = round(math.hypot(east - west, north - south) / 2, 1)
    return Judgement(
        severity=_worst([extent.severity, *([least] if least else [])]),
        began_at=extent.began_at,
        last_at=extent.last_at,
        sources=extent.sources,
        alarms=extent.alarms,
        area=extent.area,
        lat=lat,
        lon=lon,
        radius_m=radius_m,
    )


def survivors(groups: Iterable[set[UUID]], began: Mapping[UUID, datetime]) -> dict[UUID, UUID]:
    """Return for each component that ends which one it goes into.

    `began` has those that are incidents: of these the one that began first goes on.
    """
    found: dict[UUID, UUID] = {}
    for group in groups:
        known = [(began[each], each) for each in group if each in began]
        goes_on = min(known)[1] if known else min(group)
        found |= {each: goes_on for each in group if each != goes_on}
    return found


def _worst(severities: Iterable[Severity]) -> Severity:
    return min(severities, key=lambda severity: severity.priority)
