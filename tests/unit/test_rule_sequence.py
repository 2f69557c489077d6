"""One event after the other at the same key: the set of events decides, not how they came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.event import identity
from ioc.rule import Clear, EventRef, Pending, Raise, Rule, due, elapsed, evaluate, load
from ioc.rule.kinds import memory
from ioc.rule.sequence import NONE, Steps
from ioc.rule.window import MARKS_MAX

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Event:
    """A word of a camera or of a fire panel at one place."""

    time: datetime
    received_at: datetime
    ce_id: str
    type: str
    kind: str
    data: dict[str, object]
    ce_source: str = "/s"
    source: str = "any"
    area: str | None = "05443"
    device: str | None = "d-1"
    severity: str | None = None


def rule(clear: str = "", lateness: str = "1h", steps: str = "") -> Rule:
    clears = f"clear: {clear}, " if clear else ""
    steps = steps or (
        "{type: ioc.fire.reading, when: {kind: heat}},"
        " {type: ioc.camera.alert, when: {label: smoke}}"
    )
    text = f"""
rules:
  - {{id: r, title: "{{label}}", title_en: t, kind: sequence, per: area, severity: critical,
      sequence: {{within: 10m, steps: [{steps}]}}, {clears}max_lateness: {lateness}}}
"""
    return load(text, "t.yaml").rules[0]


SMOKE = "{type: ioc.camera.alert, when: {label: smoke}}"
THREE = f"{{type: ioc.fire.reading, when: {{kind: heat}}}}, {SMOKE}, {SMOKE}"
RULES = {
    "two": rule("{when: {label: none}}"),
    "silence": rule("{when: {label: none}, silence: 12m}"),
    "three": rule("{when: {label: none}}", steps=THREE),
    "never": rule(),
}


def heat(minute: float, seen: float | None = None) -> Event:
    return event(minute, "ioc.fire.reading", "heat", seen)


def smoke(minute: float, seen: float | None = None, name: str = "") -> Event:
    return event(minute, "ioc.camera.alert", "smoke", seen, name)


def none(minute: float, seen: float | None = None) -> Event:
    return event(minute, "ioc.camera.alert", "none", seen)


def event(
    minute: float, event_type: str, word: str, seen: float | None = None, name: str = ""
) -> Event:
    time = NOON + minute * MINUTE
    received_at = time if seen is None else NOON + seen * MINUTE
    data: dict[str, object] = {"label": word} if "camera" in event_type else {"kind": word}
    return Event(time, received_at, f"{word}-{minute}{name}", event_type, word, data)


class Stream:
    """One rule and key as the worker keeps it; whether its alarm is active."""

    def __init__(self, by: Rule) -> None:
        self.rule = by
        self.memory: Steps = NONE
        self.due: datetime | None = None
        self.is_active = False
        self.told: list[str] = []
        self.refs: set[EventRef] = set()

    def takes(self, *facts: Event) -> Stream:
        for fact in facts:
            if self.rule.raises(fact):
                self.refs.add(EventRef(fact.time, identity(fact.ce_source, fact.ce_id)))
            after, found = evaluate(self.rule, self.memory, fact)
            for each in found:
                self._apply(each)
            kept = memory(self.rule, json.loads(json.dumps(after.to_json())))
            assert kept == after
            assert max(len(after.marks), len(after.clears)) <= MARKS_MAX
            self.memory, self.due = after, due(self.rule, after)
        return self

    def to(self, minute: float) -> Stream:
        while self.due is not None and self.due <= NOON + minute * MINUTE:
            _, found = elapsed(self.rule, "05443", self.memory, self.due)
            self.due = due(self.rule, self.memory, self.due)
            for each in found:
                self._apply(each)
        return self

    def expect(self, *told: str) -> Stream:
        assert self.told == list(told)
        self.told = []
        return self

    def _apply(self, decision: Raise | Clear | Pending) -> None:
        self.told.append(f"{type(decision).__name__} {(decision.at - NOON) / MINUTE:g}")
        self.is_active = not isinstance(decision, Clear)
        if isinstance(decision, Pending):
            assert decision.event in self.refs, "it tells of an event that came"
        if isinstance(decision, Raise):
            assert decision.fact.type == self.rule.type, "it is told by its last step"


def test_the_last_step_after_the_first_raises() -> None:
    Stream(RULES["two"]).takes(heat(0), smoke(10)).expect("Raise 10")


def test_the_steps_may_arrive_in_any_order() -> None:
    stream = Stream(RULES["two"]).takes(smoke(10, seen=11), heat(0, seen=12))
    stream.expect("Pending 10")


def test_the_steps_in_the_other_order_or_too_far_apart_raise_nothing() -> None:
    Stream(RULES["two"]).takes(smoke(0), heat(1)).expect()
    Stream(RULES["two"]).takes(heat(0), smoke(10.5)).expect()


def test_a_clear_between_the_steps_begins_anew() -> None:
    Stream(RULES["two"]).takes(heat(0), none(1), smoke(2)).expect()
    Stream(RULES["two"]).takes(heat(0), smoke(2), none(1, seen=3)).expect("Raise 2", "Clear 2")


def test_one_event_is_not_two_steps_but_two_at_one_instant_are() -> None:
    by = RULES["three"]
    Stream(by).takes(heat(0), smoke(1)).expect()
    Stream(by).takes(heat(0), smoke(1), smoke(1, name="again")).expect("Raise 1")
    Stream(by).takes(heat(0), smoke(1), smoke(2)).expect("Raise 2")


def test_the_last_step_again_within_the_silence_goes_on_and_then_it_is_over() -> None:
    stream = Stream(RULES["silence"]).takes(heat(0), smoke(2), smoke(13)).to(24.9)
    stream.expect("Raise 2", "Raise 13").to(25).expect("Clear 25")
    assert not stream.is_active
    stream.takes(smoke(40))
    assert not stream.is_active, "one alone is no sequence"


def test_too_late_a_step_raises_nothing() -> None:
    assert Stream(RULES["two"]).takes(heat(0, seen=61)).memory is NONE


def test_it_looks_at_the_types_of_its_steps_and_belongs_to_the_last() -> None:
    by = RULES["two"]
    assert by.looks_at == ("ioc.fire.reading", "ioc.camera.alert")
    assert (by.type, by.source) == ("ioc.camera.alert", "camera")
    assert not by.raises(event(0, "ioc.camera.alert", "heat"))


def recount(by: Rule, facts: Sequence[Event], progress: datetime) -> bool:
    """Say from the definition, trying every choice of events, whether the condition is true."""
    wanted = ["heat", "smoke", "smoke"] if by is RULES["three"] else ["heat", "smoke"]
    clears = [each.time for each in facts if each.kind == "none" and by.clear_when is not None]
    met: list[datetime] = []
    last = sorted((each for each in facts if each.kind == "smoke"), key=lambda one: one.time)
    for end in last:
        earlier = [[each for each in facts if each.kind == word] for word in wanted[:-1]]
        is_met = any(
            all(a.time <= b.time and a is not b for a, b in pairwise(chain))
            and end.time - chain[0].time <= by.within
            and not any(chain[0].time < clear < end.time for clear in clears)
            for chain in ([*each, end] for each in product(*earlier))
        )
        goes_on = by.silence is not None and any(
            end.time - each <= by.silence and not any(each < clear <= end.time for clear in clears)
            for each in met
        )
        if is_met or goes_on:
            met.append(end.time)
    newest = max(met, default=None)
    if newest is None or any(clear > newest for clear in clears):
        return False
    return by.silence is None or newest + by.silence > progress


@st.composite
def arrivals(draw: st.DrawFn) -> list[Event]:
    found: list[Event] = []
    for n in range(draw(st.integers(0, 9))):
        word = draw(st.sampled_from(["heat", "smoke", "smoke", "none"]))
        minute, delay = draw(st.integers(0, 40)), draw(st.integers(0, 20))
        event_type = "ioc.fire.reading" if word == "heat" else "ioc.camera.alert"
        found.append(event(minute, event_type, word, minute + delay, f"/{n}"))
    return sorted(found, key=lambda each: each.received_at)


@pytest.mark.parametrize("by", RULES.values(), ids=RULES)
@settings(max_examples=40, deadline=None)
@given(coming=arrivals())
def test_the_condition_is_that_by_definition_after_every_event(
    by: Rule, coming: list[Event]
) -> None:
    stream = Stream(by)
    for n, each in enumerate(coming, 1):
        stream.takes(each).to((each.received_at - NOON) / MINUTE)
        assert stream.is_active == recount(by, coming[:n], each.received_at)


@pytest.mark.parametrize("by", RULES.values(), ids=RULES)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), coming=arrivals())
def test_any_order_of_arrival_ends_in_the_same_memory(
    by: Rule, data: st.DataObject, coming: list[Event]
) -> None:
    one = Stream(by).takes(*coming).to(60)
    other = Stream(by).takes(*data.draw(st.permutations(coming))).to(60)
    assert (one.is_active, one.memory) == (other.is_active, other.memory)


def test_a_storm_is_bounded_and_the_alarm_stays() -> None:
    stream = Stream(rule("{silence: 12m}", "10m")).takes(heat(0))
    for second in range(2_000):
        stream.takes(smoke(1 + second / 10))
    assert stream.is_active
    assert len(json.dumps(stream.memory.to_json())) < 20_000
