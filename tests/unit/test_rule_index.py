"""The index of a large rule set finds what asking every rule would find."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.rule import RuleSet, load
from ioc.rule.index import CROWD, Index

AREAS = [f"{number:05}" for number in range(5_000, 5_092)]
KINDS = ["smoke", "heat", "temperature"]
STATES = ["alarm", "restore", "trouble", "normal"]


@dataclass(frozen=True)
class Reading:
    """An event of a fire panel, or a camera's."""

    data: dict[str, object] = field(default_factory=dict)
    area: str | None = None
    device: str | None = "d-1"
    type: str = "ioc.fire.reading"
    source: str = "fire"
    kind: str = "smoke"
    severity: str | None = None
    ce_source: str = "/s"
    ce_id: str = "e"
    time: datetime = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    received_at: datetime = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def _when() -> st.SearchStrategy[dict[str, Any]]:
    simple = st.fixed_dictionaries(
        {},
        optional={
            "area": st.sampled_from(AREAS[:4]) | st.lists(st.sampled_from(AREAS[:4]), min_size=1),
            "kind": st.sampled_from(KINDS) | st.lists(st.sampled_from(KINDS), min_size=1),
            "state": st.sampled_from(STATES),
            "value": st.sampled_from([{"gt": 60}, {"exists": False}]),
            "device": st.sampled_from(["d-1", "d-2"]),
            "data.zone": st.sampled_from(["a", 1, True]),
        },
    ).filter(bool)
    return st.one_of(
        simple,
        simple,
        st.builds(lambda one, two: {"or": [one, two]}, simple, simple),
        st.builds(lambda one, two: {**one, "not": two}, simple, simple),
    )


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    """Three hundred rules, of some thirty different wordings."""
    wordings = draw(st.lists(st.tuples(_when(), st.none() | _when()), min_size=3, max_size=30))
    rules = []
    for number in range(300):
        when, clear = wordings[number % len(wordings)]
        rule: dict[str, Any] = {
            **{"id": f"r{number}", "title": "t", "title_en": "t", "type": "ioc.fire.reading"},
            **{"kind": "match", "when": when, "per": "area", "severity": "low"},
        }
        if clear is not None:
            rule["clear"] = {"when": clear}
        if number % 7 == 0:
            rule["scope"] = {"areas": [AREAS[number % 4]]}
        if number % 11 == 0:
            rule["schedule"] = {"hours": "07:30-17:00"}
        if number % 13 == 0:
            rule |= {"kind": "threshold", "threshold": {"value": "value", "above": 30}}
            rule.pop("clear", None)
        if number % 17 == 0:
            steps = [{"type": "ioc.camera.alert", "when": {"label": "smoke"}}]
            steps.append({"type": "ioc.fire.reading", "when": when})
            rule |= {"kind": "sequence", "sequence": {"within": "5m", "steps": steps}}
            for key in ("type", "when", "threshold"):
                rule.pop(key, None)
        rules.append(rule)
    return load(orjson.dumps({"rules": rules}).decode(), "t.yaml")


READINGS = st.builds(
    Reading,
    data=st.fixed_dictionaries(
        {},
        optional={
            "state": st.sampled_from([*STATES, None, 3, ["alarm", "normal"]]),
            "value": st.sampled_from([20, 45.5, 70, "70", None]),
            "zone": st.sampled_from(["a", 1, True, 1.0, ["a", 1], {}]),
        },
    ),
    area=st.sampled_from([*AREAS[:4], None]),
    kind=st.sampled_from(KINDS),
    device=st.sampled_from(["d-1", "d-2", "d-3", None]),
    time=st.sampled_from([datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (0, 1, 12)]),
)
ALERTS = st.builds(
    Reading,
    data=st.sampled_from([{"label": "smoke"}, {"label": "person"}]),
    area=st.sampled_from(AREAS[:4]),
    type=st.just("ioc.camera.alert"),
)


@settings(max_examples=12, deadline=None)
@given(site=rule_sets(), facts=st.lists(READINGS | ALERTS, min_size=1, max_size=20))
def test_three_hundred_rules_find_exactly_those_that_an_event_touches(
    site: RuleSet, facts: list[Reading]
) -> None:
    for fact in (*facts, *facts):  # the second time from memory
        asked = tuple(each for each in site.rules if each.raises(fact) or each.clears(fact))
        assert site.touched(fact) == asked


def _province() -> RuleSet:
    """Two thousand rules that all say `state: alarm`: a score for each commune."""
    head = "title: t, title_en: t, type: ioc.fire.reading, kind: match, per: device, severity: low"
    text = "rules:\n" + "".join(
        f"- {{id: r{number}, {head}, when: {{state: alarm, area: {AREAS[number % 92]},"
        f" kind: {KINDS[number % 3]}, value: {{gt: {number % 5}}}}}}}\n"
        for number in range(2_000)
    )
    return load(text, "t.yaml")


def test_of_two_thousand_rules_alike_only_a_few_are_asked() -> None:
    index = Index(_province().rules, "ioc.fire.reading")
    for area in (*AREAS, "19", None):
        fact = Reading({"state": "alarm", "value": 70}, area, kind="smoke")
        assert len(index.candidates(fact)) <= CROWD


def test_what_changes_with_the_hour_is_not_remembered() -> None:
    text = """
rules:
  - {id: r, title: t, title_en: t, type: ioc.fire.reading, kind: match, per: device,
     when: {state: alarm}, severity: low, schedule: {hours: "07:30-17:00"}}
"""
    site = load(text, "t.yaml")
    by_day = Reading({"state": "alarm"}, time=datetime(2026, 11, 22, 1, 0, tzinfo=UTC))
    at_night = Reading({"state": "alarm"}, time=datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    assert [len(site.touched(each)) for each in (by_day, at_night, by_day)] == [1, 0, 1]
