"""When too much of what a source sends cannot be used, that itself is an alarm."""

from __future__ import annotations

from datetime import datetime, timedelta

from ioc.rule import Clear, Kind, Per, Raise, Rule, Verdict
from ioc.rule.condition import Condition
from ioc.rule.scan import Finding, Notice
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


def judged(source: str, recent: tuple[int, int], is_active: bool, now: datetime) -> Verdict | None:
    """Return what (records, dead) among a source's latest records mean for its alarm."""
    records, dead = recent
    if records < RECORDS_MIN:
        return None
    share = dead / records
    if not is_active and share > RAISE_SHARE:
        names = {"id": source, "name": NAMES.get(source, source)}
        found = Finding(key=source, since=now, area=None, data=names)
        return Raise(RULE, source, now, Notice(RULE, found, now))
    if is_active and share < CLEAR_SHARE:
        return Clear(RULE, source, now, None)
    return None
