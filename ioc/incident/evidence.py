"""Evidence: what raising events say to an incident rule, and the runs that they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5
from zlib import crc32

from ioc.alarm import Alarm, Transition
from ioc.incident.definition import IncidentRule
from ioc.rule import Raise
from ioc.severity import Severity

#: The middle of the province, and metres to a degree there; 300 m are right to a decimetre.
MIDDLE = (21.6, 105.85)
NORTH_M = 111_320.0
EAST_M = NORTH_M * math.cos(math.radians(MIDDLE[0]))
#: Neighbours are looked for in cells of this size, so no rule may reach further.
CELL_M = 1_000.0

_CLUSTERS = UUID("8d1f4c0e-52f3-5b6a-9c57-3f1e7a6b2d90")


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
        severity=worst(piece.severity for piece in pieces),
        links=links,
        n=sum(piece.n for piece in pieces),
    )


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of them; there is at least one."""
    return min(severities, key=lambda severity: severity.priority)
