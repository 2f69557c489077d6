"""What a site promises and how it is called, with what holds where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ioc.severity import Severity


@dataclass(frozen=True, slots=True)
class Site:
    """How the center is called: on screens, and above a letter of the administration."""

    title: str
    parent: str
    body: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What figures are measured by; shares are 0 to 1, `acknowledge_p90` may lack severities."""

    wait_p90: timedelta
    on_time_rate: float
    reports_on_time_rate: float
    online_rate: float
    acknowledge_p90: Mapping[Severity, timedelta] = field(default_factory=dict)
    phones: tuple[str, ...]
    site: Site
