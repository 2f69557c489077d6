"""From counted rows to findings: which keys a scan rule is true of, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ioc.rule.absence import Absence, Coverage, enough_silent, is_blind
from ioc.rule.definition import Per, Rule
from ioc.rule.rate import Count, Rate, baseline, is_unusual
from ioc.rule.scan import Finding, Stored
from ioc.rule.sla import Group, Sla, since
from ioc.working_calendar import WorkingCalendar

_HOUR = timedelta(hours=1)


def blind_areas(absence: Absence, areas: Iterable[Coverage], known: Stored) -> list[Finding]:
    """Return the areas of which too few devices are heard."""
    found: list[Finding] = []
    for each in areas:
        was = each.area in known
        if not is_blind(absence, each.devices, each.silent, was=was):
            continue
        # The device whose silence made it too few; one that is on its way back may have fewer.
        which = min(enough_silent(absence, each.devices), len(each.since)) - 1
        began = known[each.area][0] if which < 0 else each.since[which]
        share = round(100 * (each.devices - each.silent) / each.devices, 1)
        data = {"devices": each.devices, "silent": each.silent, "share": share}
        found.append(Finding(each.area, began, each.area, data=data))
    return found


def late(
    rule: Rule, sla: Sla, calendar: WorkingCalendar, groups: Iterable[Group], at: datetime
) -> list[Finding]:
    """Return the offices, areas or kinds with as many that are too late as the rule asks for."""
    by_key: dict[str, list[Group]] = {}
    for group in groups:
        by_key.setdefault(_key(rule, group.office, group.area, group.kind), []).append(group)
    found: list[Finding] = []
    for key, parts in by_key.items():
        n = sum(part.n for part in parts)
        if n < sla.least:
            continue
        times = sorted(time for part in parts for time in part.times)
        data: dict[str, object] = {
            "n": n,
            "oldest_at": times[0].isoformat(),
            "oldest_h": round((at - times[0]) / _HOUR, 1),
        }
        office, kind = _same(part.office for part in parts), _same(part.kind for part in parts)
        data |= {"office": office} if office else {}
        data |= {"kind": kind} if kind else {}
        began = min(at, since(sla, calendar, times[sla.least - 1]))
        found.append(Finding(key, began, _same(part.area for part in parts), data=data))
    return found


def unusual(
    rule: Rule,
    rate: Rate,
    counted: tuple[Iterable[Count], Sequence[bool]],
    known: Stored,
    at: datetime,
) -> list[Finding]:
    """Return what is too far from the usual.

    `counted` are the counts, and of each span whether the source was heard in it at all; the first
    span is the judged one.
    """
    counts, heard = counted
    by_key: dict[str, list[Count]] = {}
    for count in counts:
        by_key.setdefault(_key(rule, None, count.area, count.kind), []).append(count)
    found: list[Finding] = []
    for key, parts in by_key.items():
        spans = [0] * len(heard)
        for part in parts:
            spans[part.span] += part.n
        usual = baseline(spans[1:], heard[1:])
        if usual is None or not is_unusual(rate, spans[0], usual, was=key in known):
            continue
        data: dict[str, object] = {"n": spans[0], "baseline": round(usual, 1)}
        data |= {"ratio": round(spans[0] / usual, 2)} if usual else {}
        kind = _same(part.kind for part in parts)
        data |= {"kind": kind} if kind and Per.KIND in rule.per else {}
        began = known[key][0] if key in known else at
        found.append(Finding(key, began, _same(part.area for part in parts), data=data))
    return found


def _key(rule: Rule, office: str | None, area: str, kind: str | None) -> str:
    known = {Per.OFFICE: office, Per.AREA: area, Per.KIND: kind, Per.SOURCE: rule.source}
    return "|".join(known.get(per) or "" for per in rule.per)


def _same(words: Iterable[str | None]) -> str | None:
    """Return the one word that they all are, or None."""
    found = set(words)
    return found.pop() if len(found) == 1 else None
