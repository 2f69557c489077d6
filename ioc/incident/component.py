"""Components of evidence: what belongs together, what it adds up to, what goes into what.

A further piece of evidence only adds edges, so the order in which pieces come decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from ioc.incident.definition import IncidentRule, Judgement
from ioc.incident.evidence import EAST_M, MIDDLE, NORTH_M, Evidence, worst
from ioc.severity import Severity

T = TypeVar("T")


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
        severity=worst(each.severity for each in members),
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
        severity=worst([extent.severity, *([least] if least else [])]),
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
