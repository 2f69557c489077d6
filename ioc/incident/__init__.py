"""Incidents: alarms that belong together in place, time and cause.

An incident is a connected component of evidence. A further piece of evidence only adds edges, so
the order in which pieces come decides nothing.
"""

from __future__ import annotations

from ioc.incident.component import (
    Extent,
    belong,
    components,
    extent_of,
    is_incident,
    judged,
    judgement,
    survivors,
    united,
)
from ioc.incident.definition import ON, IncidentRule, Judgement
from ioc.incident.evidence import (
    CELL_M,
    EAST_M,
    MIDDLE,
    NORTH_M,
    Evidence,
    concerns,
    evidence_of,
    metres,
    runs,
    whole,
    worst,
)

__all__ = [
    "CELL_M",
    "EAST_M",
    "MIDDLE",
    "NORTH_M",
    "ON",
    "Evidence",
    "Extent",
    "IncidentRule",
    "Judgement",
    "belong",
    "components",
    "concerns",
    "evidence_of",
    "extent_of",
    "is_incident",
    "judged",
    "judgement",
    "metres",
    "runs",
    "survivors",
    "united",
    "whole",
    "worst",
]
