"""What a screen counts of alarms beside those that are open: hidden ones, floods, incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.timescale.floods import Flood
from connectors.timescale.incident_pages import Incident, OpenIncidents
from connectors.timescale.overview import Floods, Group, HiddenAlarms
from ioc.philosophy import Position
from ioc.severity import Severity

Json = dict[str, Any]

#: The end of a flood is announced for so long.
ENDED_SHOWN = timedelta(seconds=60)
#: The rate of a flood is that of ISA-18.2, by ten minutes.
RATE_WITHIN = timedelta(minutes=10)
GROUPS_SHOWN = 50
NEWEST_INCIDENTS = 20

REASONS = (
    *("shelved", "silence", "maintenance", "inhibition", "plant_state", "out_of_service"),
    "folded",
)


def hidden_tile(hidden: Sequence[HiddenAlarms], area: str | None) -> Json:
    """Return the open alarms that are not to be seen, by reason; each counts once."""
    counts = dict.fromkeys(REASONS, 0)
    for found in hidden:
        if area in {None, found.area}:
            counts[found.reason] = counts.get(found.reason, 0) + found.n
    return {"total": sum(counts.values()), "by_reason": counts}


def flood_tile(floods: Floods, as_of: datetime, area: str | None) -> Json:
    """Return the floods that are on, each with its groups and exactly how many it hides.

    One that is over stays in `ended` for a minute: that is its announcement.
    """
    taken = [_taken(floods, position, area) for position in floods.positions]
    of = dict(zip((each.id for each in floods.positions), taken, strict=True))
    on, ended = [], []
    for flood in floods.found:
        if flood.position not in of and area is not None:
            continue  # a position that is gone is the province's
        groups = of.get(flood.position)
        if groups is None and flood.position in of:
            continue  # it looks after other areas
        if flood.ended_at is not None:
            if as_of - flood.ended_at < ENDED_SHOWN:
                ended.append(
                    {
                        "position": flood.position,
                        "id": str(flood.id),
                        "ended_at": flood.ended_at,
                        "alarms": flood.alarms,
                        "peak_10m": flood.peak_10m,
                    }
                )
            continue
        on.append(_on(floods, flood, groups or []))
    return {"positions": on, "ended": ended}


def _taken(floods: Floods, position: Position, area: str | None) -> list[Group] | None:
    """Return the groups that a position looks after in an area; None: nothing there is its own."""
    if area is not None and position.areas is not None and area not in position.areas:
        return None
    return [
        group
        for group in floods.groups
        if area in {None, group.area} and _is_of(floods.positions, position, group)
    ]


def _is_of(positions: list[Position], position: Position, group: Group) -> bool:
    for each in positions:
        if (each.areas is None or group.area in each.areas) and (
            each.sources is None or group.source in each.sources
        ):
            return each is position
    return False


def _on(floods: Floods, flood: Flood, groups: list[Group]) -> Json:
    severities = list(Severity)
    return {
        "position": flood.position,
        "id": str(flood.id),
        "since": flood.began_at,
        "rate_10m": floods.rings.get(flood.position, 0),
        "hidden": sum(group.folded for group in groups),
        "groups": [
            {
                "rule": group.rule,
                "area": group.area,
                "n": group.n,
                "folded": group.folded,
                "worst": severities[group.priority - 1].value,
                "first_out": str(group.first_out),
                "oldest_at": group.oldest_at,
            }
            for group in groups[:GROUPS_SHOWN]
        ],
        "groups_total": len(groups),
    }


def incidents_tile(
    counts: Sequence[OpenIncidents], newest: Sequence[Incident], area: str | None
) -> Json:
    """Return the open incidents by severity, and the newest of them."""
    by_severity = dict.fromkeys((severity.value for severity in Severity), 0)
    for found in counts:
        if area in {None, found.area}:
            by_severity[found.severity] += found.n
    shown = [each for each in newest if area in {None, each.area}]
    return {
        "open": sum(by_severity.values()),
        "by_severity": by_severity,
        "newest": [each.to_json() for each in shown[:NEWEST_INCIDENTS]],
    }
