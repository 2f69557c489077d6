"""Conditions on one event, and the index that spares all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.event import Event
from ioc.rule import Fact, Rule, RuleSet, load


@dataclass(frozen=True)
class Alert:
    """A camera alert or, with another type, whatever a test needs."""

    data: dict[str, object] = field(default_factory=dict)
    type: str = "ioc.camera.alert"
    source: str = "camera"
    kind: str = "smoke"
    area: str | None = "05443"
    device: str | None = "cam-1"
    severity: str | None = None
    ce_source: str = "/frigate/1"
    ce_id: str = "e-1"
    time: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    received_at: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def rule_text(when: str, name: str = "r", per: str = "device", clear: str = "") -> str:
    ends = f", clear: {{when: {clear}}}" if clear else ""
    return (
        f"- {{id: {name}, title: t, title_en: t, type: ioc.camera.alert, kind: match,"
        f" when: {when}, per: {per}, severity: low{ends}}}\n"
    )


def rule(when: str, per: str = "device", clear: str = "") -> Rule:
    return load("rules:\n" + rule_text(when, per=per, clear=clear), "t.yaml").rules[0]


@pytest.mark.parametrize(
    ("when", "data", "holds"),
    [
        ("{label: smoke}", {"label": "smoke"}, True),
        ("{label: smoke}", {"label": "Smoke"}, False),
        ("{label: smoke}", {}, False),
        ("{label: [smoke, fire]}", {"label": "fire"}, True),
        ("{label: [smoke, fire]}", {"label": "person"}, False),
        ("{label: smoke, phase: new}", {"label": "smoke", "phase": "new"}, True),
        ("{label: smoke, phase: new}", {"label": "smoke", "phase": "end"}, False),
        ("{zones: hall}", {"zones": ["yard", "hall"]}, True),
        ("{zones: hall}", {"zones": ["yard"]}, False),
        ("{zones: hall}", {"zones": [["hall"], {}]}, False),
        ("{label: smoke}", {"label": {"smoke": 1}}, False),
        ("{score: {gt: 0.5}}", {"score": 0.5}, False),
        ("{score: {ge: 0.5}}", {"score": 0.5}, True),
        ("{score: {lt: 1}}", {"score": 1}, False),
        ("{score: {le: 1}}", {"score": 1}, True),
        ("{score: {ge: 0.2, lt: 0.8}}", {"score": 0.8}, False),
        ("{score: {gt: 0}}", {"score": "0.9"}, False),
        ("{score: {gt: 0}}", {"score": True}, False),
        ("{score: {gt: 0}}", {"score": None}, False),
        ("{score: {gt: 0}}", {}, False),
        ("{score: {exists: true}}", {"score": 0}, True),
        ("{score: {exists: true}}", {"score": None}, False),
        ("{score: {exists: false}}", {}, True),
        ("{not: {phase: end}}", {}, True),
        ("{not: {phase: end}}", {"phase": "end"}, False),
        ("{not: {label: smoke, phase: end}}", {"label": "smoke", "phase": "new"}, True),
        ("{or: [{label: smoke}, {score: {gt: 0.9}}]}", {"label": "x", "score": 0.95}, True),
        ("{or: [{label: smoke}, {score: {gt: 0.9}}]}", {"label": "x", "score": 0.5}, False),
        ("{and: [{label: smoke}, {score: {gt: 0.9}}]}", {"label": "smoke", "score": 0.95}, True),
        ("{and: [{label: smoke}, {score: {gt: 0.9}}]}", {"label": "smoke"}, False),
        ("{data.plate: 20A-12345}", {"plate": "20A-12345"}, True),
        ("{data.lane: 2}", {"lane": 2}, True),
        ('{data.lane: "2"}', {"lane": 2}, False),
        ("{data.box.width: {gt: 10}}", {"box": {"width": 11}}, True),
        ("{data.box.width: {gt: 10}}", {"box": 11}, False),
        ("{kind: smoke, area: 05443, device: cam-1}", {}, True),
        ("{area: 05444}", {}, False),
        ("{severity: {exists: false}}", {}, True),
    ],
)
def test_a_condition_holds_for_what_it_says(
    when: str, data: dict[str, object], holds: bool
) -> None:
    assert rule(when).raises(Alert(data)) is holds


def test_a_rule_looks_at_its_own_type_only() -> None:
    assert not rule("{kind: smoke}").raises(Alert(type="ioc.fire.reading"))


def test_an_event_that_raises_does_not_clear() -> None:
    both = rule("{label: smoke}", clear="{score: {ge: 0}}")
    assert not both.clears(Alert({"label": "smoke", "score": 1}))
    assert both.clears(Alert({"label": "none", "score": 1}))


@pytest.mark.parametrize(
    ("per", "key"),
    [
        ("device", "cam-1"),
        ("area", "05443"),
        ("source", "camera"),
        ("kind", "smoke"),
        ("[device, kind]", "cam-1|smoke"),
    ],
)
def test_the_key_is_what_the_rule_is_per(per: str, key: str) -> None:
    assert rule("{kind: smoke}", per=per).key(Alert()) == key


def test_an_event_without_device_goes_by_its_sender_so_that_no_alarm_is_lost() -> None:
    assert rule("{kind: smoke}").key(Alert(device=None)) == "/frigate/1"


def test_an_event_without_place_belongs_to_the_whole_province() -> None:
    assert rule("{kind: smoke}", per="area").key(Alert(area=None)) == "19"


def test_a_report_without_its_id_has_no_key() -> None:
    text = rule_text("{emergency: true}", per="report").replace("camera.alert", "citizen.report")
    sos = load("rules:\n" + text, "t.yaml").rules[0]
    assert sos.key(Alert({"report": "SOS-1"}, type="ioc.citizen.report")) == "SOS-1"
    assert sos.key(Alert({"report": 7}, type="ioc.citizen.report")) is None


SITE: RuleSet = load(
    "rules:\n"
    + rule_text("{label: smoke}", "equal")
    + rule_text("{label: [smoke, fire], phase: new}", "any-of")
    + rule_text("{score: {gt: 0.9}}", "number")
    + rule_text("{or: [{label: fire}, {label: crowd, score: {gt: 0.5}}]}", "branches")
    + rule_text("{or: [{label: fire}, {phase: end}]}", "unlike-branches")
    + rule_text("{not: {label: smoke}}", "negated")
    + rule_text("{label: smoke}", "ends", clear="{phase: end}")
    + rule_text("{zones: hall}", "in-a-list"),
    "t.yaml",
)
ALERTS: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "label": st.sampled_from(["smoke", "fire", "crowd", "person", None, 3, ["smoke"], {}]),
        "phase": st.sampled_from(["new", "update", "end", None]),
        "score": st.sampled_from([0, 0.6, 0.95, "0.95", None, True]),
        "zones": st.lists(st.sampled_from(["hall", "yard", ["hall"], {}, None]), max_size=3),
    },
)


@given(ALERTS)
def test_the_index_finds_exactly_the_rules_that_an_event_touches(data: dict[str, object]) -> None:
    fact = Alert(data)
    touched = SITE.touched(fact)
    assert touched == tuple(each for each in SITE.rules if each.raises(fact) or each.clears(fact))


def test_an_event_of_no_rule_touches_none() -> None:
    assert SITE.touched(Alert({"label": "smoke"}, type="ioc.queue.ticket")) == ()
    assert SITE.by_type.get("ioc.queue.ticket") is None


def test_a_stored_event_is_a_fact() -> None:
    event_is_a_fact: type[Fact] = Event
    read = {name for name in vars(Fact) if not name.startswith("_")}
    assert read <= set(Event.__struct_fields__)
    assert event_is_a_fact is Event
