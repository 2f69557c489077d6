"""What hides alarms: silences, maintenance, inhibitions, states of plant, out of service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from ioc.alarm import Alarm, Hidden
from ioc.severity import Severity


class Kind(StrEnum):
    """What sort of suppression it is."""

    #: A person does not want to hear it until a time.
    SILENCE = "silence"
    #: Work on the plant, from a time to a time, once or again and again.
    MAINTENANCE = "maintenance"
    #: Another alarm tells it already.
    INHIBITION = "inhibition"
    #: A named state of plant, such as a drill.
    PLANT_STATE = "plant_state"
    OUT_OF_SERVICE = "out_of_service"


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which alarms: every set that is not empty must hold the alarm's word."""

    rules: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()

    def matches(self, alarm: Alarm) -> bool:
        """Return whether the alarm is one of these."""
        return False

    def to_json(self) -> dict[str, object]:
        """Return the row's JSON: sorted lists, without those that are empty."""
        return {}

    @classmethod
    def parse(cls, value: object) -> Matcher:
        """Return the matcher of a row's JSON; ValueError when it is none."""
        return cls()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A row of `suppressions`. Times are aware UTC.

    `from_at` and `until_at` are the present turn; `until_at` None: until its parent ends, or a
    person ends it.
    """

    id: UUID
    kind: Kind
    matcher: Matcher
    reason: str
    by: str
    from_at: datetime
    created_at: datetime
    origin: str
    name: str | None = None
    parent_alarm: UUID | None = None
    until_at: datetime | None = None
    recurrence: str | None = None
    duration_s: int | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alarm of `parent` is active, those of `hides` that agree in `equal` do not ring."""

    id: str
    parent: Matcher
    hides: Matcher
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlantState:
    """A state of plant that a person switches on for a time, and what does not ring meanwhile."""

    id: str
    title: str
    hides: Matcher
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window from a file; `start` is aware, `recurrence` an RRULE in local time."""

    id: str
    hides: Matcher
    start: datetime
    lasts: timedelta
    recurrence: str | None
    reason: str


def hiding(live: Sequence[Suppression], alarm: Alarm, now: datetime) -> Hidden | None:
    """Return what hides an alarm that would ring at `now` (wall time); None: it rings."""
    return None


def turn(recurrence: str, duration: timedelta, after: datetime) -> tuple[datetime, datetime] | None:
    """Return the first turn of an RRULE that ends after a time; None when there is none."""
    return None
