"""Which alarms become one incident, and what an incident is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ioc.severity import Severity
from ioc.suppression.matcher import Matcher

#: In what neighbours of a cause chain may agree.
ON = ("area", "device", "source", "key")

_PLACEHOLDER = re.compile(r"\{(area|sources|alarms)\}")


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
