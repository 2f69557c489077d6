"""When too much of what a source sends cannot be used, that itself is an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ioc.rule import Clear, Kind, Per, Raise, Rule, Verdict
from ioc.rule.condition import Condition
from ioc.rule.title import Title
from ioc.severity import Severity

#: How many of a source's last records are looked at; a partition keeps its share of them.
RECENT_RECORDS = 1_000
#: Fewer than this say nothing about a source.
RECORDS_MIN = 20
RAISE_SHARE = 0.20
#: Well under the other, so that an alarm at the edge does not come and go.
CLEAR_SHARE = 0.10
LOOK_EVERY = timedelta(seconds=5)

#: Sources as screens name them.
NAMES = {"camera": "Camera", "fire": "Báo cháy", "citizen": "Phản ánh", "queue": "Một cửa"}

RULE = Rule(
    id="dead-letters",
    title=Title("Nguồn {name}: hơn 20% bản tin gần đây bị lỗi"),
    title_en=Title("Source {id}: over 20% of the latest messages are dead letters", "en"),
    source="system",
    type="ioc.system.intake",
    kind=Kind.MATCH,
    when=Condition(lambda fact: False),
    per=(Per.SOURCE,),
    severity=Severity.HIGH,
    guidance=(
        "Xem bản tin lỗi và lý do: `ioc dead-letters list`.",
        "Báo đơn vị gửi; khi đã sửa, xử lý lại: `ioc dead-letters retry`.",
    ),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What the alarm is about, in the shape of an event of our own."""

    source: str
    time: datetime
    type: str = RULE.type
    kind: str = "dead_letters"
    area: str | None = None
    device: str | None = None
    severity: str | None = None
    ce_source: str = "/ioc"

    @property
    def data(self) -> Mapping[str, object]:
        """The source's names, for the title."""
        return {"id": self.source, "name": NAMES.get(self.source, self.source)}

    @property
    def received_at(self) -> datetime:
        """It was here at once."""
        return self.time

    @property
    def ce_id(self) -> str:
        """The source and the moment in which it began."""
        return f"dead-letters/{self.source}/{self.time.isoformat()}"


def judged(source: str, recent: tuple[int, int], is_active: bool, now: datetime) -> Verdict | None:
    """Return what (records, dead) among a source's latest records mean for its alarm."""
    records, dead = recent
    if records < RECORDS_MIN:
        return None
    share = dead / records
    if not is_active and share > RAISE_SHARE:
        return Raise(RULE, source, now, Notice(source, now))
    if is_active and share < CLEAR_SHARE:
        return Clear(RULE, source, now, None)
    return None
