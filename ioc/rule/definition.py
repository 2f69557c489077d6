"""A rule: data that says when an alarm is raised and when it is cleared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from ioc.rule.condition import Condition
from ioc.rule.fact import Fact, Read, reader
from ioc.rule.title import Title
from ioc.severity import Severity

#: What the province is called when a place is not known.
WHOLE_PROVINCE = "19"


class Kind(StrEnum):
    """How a rule decides; one module each."""

    #: An event like this.
    MATCH = "match"
    #: N events like this within a time.
    COUNT = "count"


class Per(StrEnum):
    """What one alarm of a rule stands for: its key."""

    #: The device; events that name none go by their sender, so that none is lost.
    DEVICE = "device"
    AREA = "area"
    #: A citizen's report, all its events.
    REPORT = "report"
    #: The family: one alarm for all.
    SOURCE = "source"
    OFFICE = "office"
    KIND = "kind"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """One rule, checked; `place` is its `file:line`, `plain` what was written, for display."""

    id: str
    title: Title
    title_en: Title
    source: str
    type: str
    kind: Kind
    when: Condition
    per: tuple[Per, ...]
    severity: Severity
    clear_when: Condition | None = None
    silence: timedelta | None = None
    #: For `count`: this many events within this event time.
    n: int = 1
    within: timedelta = timedelta(0)
    #: An event that is later than this, against `received_at`, raises nothing.
    max_lateness: timedelta = timedelta(hours=1)
    ack_required: bool = True
    guidance: tuple[str, ...] = ()
    place: str = ""
    plain: dict[str, object] = field(default_factory=dict)

    def raises(self, fact: Fact) -> bool:
        """Return whether the event is one like this; alone it need not be enough."""
        return fact.type == self.type and self.when.test(fact)

    def clears(self, fact: Fact) -> bool:
        """Return whether the event says that it is over; one that raises does not."""
        return (
            self.clear_when is not None
            and fact.type == self.type
            and self.clear_when.test(fact)
            and not self.when.test(fact)
        )

    def key(self, fact: Fact) -> str | None:
        """Return what the alarm is about, or None when the event does not say."""
        if len(self.per) == 1:
            return _part(self.per[0], fact)
        parts = [_part(per, fact) for per in self.per]
        return None if None in parts else "|".join(part for part in parts if part)


_READ: Mapping[Per, Read] = {
    Per.DEVICE: lambda fact: fact.device or fact.ce_source,
    Per.AREA: lambda fact: fact.area or WHOLE_PROVINCE,
    Per.REPORT: reader("report"),
    Per.SOURCE: lambda fact: fact.source,
    Per.OFFICE: reader("office"),
    Per.KIND: lambda fact: fact.kind,
}


def _part(per: Per, fact: Fact) -> str | None:
    found = _READ[per](fact)
    return found if isinstance(found, str) and found else None
