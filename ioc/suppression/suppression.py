"""One suppression, and whether it hides an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from ioc.alarm import Alarm, Hidden, State
from ioc.severity import Severity
from ioc.suppression.matcher import Matcher

#: As many reasons stand on a hidden alarm; the ledger has all of them.
REASONS_MAX = 10


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A row of `suppressions`. Times are aware UTC.

    `from_at` and `until_at` are the present turn; `until_at` None: until its parent ends, or a
    person ends it. `begun_at`: when what was open then began to be hidden in this turn.
    `recurrence` is what `ioc.suppression.recurrence` wrote.
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
    review_at: datetime | None = None
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def duration(self) -> timedelta:
        """How long one turn of a recurring one is."""
        return timedelta(seconds=self.duration_s or 0)

    def is_live(self, now: datetime) -> bool:
        """Return whether it hides at `now` (wall time).

        What has begun hides, whatever the clock of the one who asks; a clock behind ours must not
        let an alarm ring that the begin has gone past.
        """
        if self.ended_at is not None or (self.until_at is not None and now >= self.until_at):
            return False
        return self.begun_at is not None or now >= self.from_at

    def hides(self, alarm: Alarm) -> bool:
        """Return whether the alarm is one of those that it hides while it is live.

        One of priority 1 only when the matcher says `critical`, and never the parent itself.
        """
        if alarm.id == self.parent_alarm:
            return False
        if alarm.severity is Severity.CRITICAL and Severity.CRITICAL not in self.matcher.severities:
            return False
        return self.matcher.matches(alarm)

    def as_reason(self) -> Mapping[str, str | None]:
        """Return it as one reason in an alarm's `hidden_by`."""
        until = None if self.until_at is None else self.until_at.astimezone(UTC).isoformat()
        return {
            "id": str(self.id),
            "kind": self.kind.value,
            "reason": self.reason,
            "by": self.by,
            "until": until and until.replace("+00:00", "Z"),
        }


#: The reason that comes first in a list of several.
_RANK = (
    Kind.OUT_OF_SERVICE,
    Kind.PLANT_STATE,
    Kind.MAINTENANCE,
    Kind.INHIBITION,
    Kind.SILENCE,
)


def hiding(live: Sequence[Suppression], alarm: Alarm, now: datetime) -> Hidden | None:
    """Return what hides an alarm that would ring at `now` (wall time); None: it rings.

    Out of service is stronger than suppressed; the strongest reason comes first, then the oldest.
    """
    found = [each for each in live if each.hides(alarm) and each.is_live(now)]
    if not found:
        return None
    found.sort(key=lambda each: (_RANK.index(each.kind), each.created_at, each.id))
    is_out = found[0].kind is Kind.OUT_OF_SERVICE
    return Hidden(
        State.OUT_OF_SERVICE if is_out else State.SUPPRESSED,
        tuple(each.as_reason() for each in found[:REASONS_MAX]),
    )
