"""Samples for and against, with delays: whatever the order of arrival, the definition decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc import alarm as life
from ioc.alarm import Alarm, State
from ioc.event import identity
from ioc.rule import (
    Clear,
    Decision,
    EventRef,
    Pending,
    Raise,
    Rule,
    due,
    elapsed,
    evaluate,
    is_forgettable,
    load,
)
from ioc.rule.kinds import EVENT_KINDS, memory
from ioc.rule.samples import NONE, Samples
from ioc.rule.window import MARKS_MAX
from ioc.severity import Severity

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Reading:
    """A temperature of a detector."""

    time: datetime
    received_at: datetime
    ce_id: str
    data: dict[str, object] = field(default_factory=dict)
    ce_source: str = "/sia/1"
    source: str = "fire"
    type: str = "ioc.fire.reading"
    kind: str = "temperature"
    area: str | None = "05443"
    device: str | None = "p-1"
    severity: str | None = None


def rule(kind: str, own: str, clear: str = "", severity: str = "high", more: str = "") -> Rule:
    clears = f"clear: {clear}, " if clear else ""
    when = "" if kind == "threshold" else "when: {value: {gt: 60}}, "
    text = f"""
rules:
  - {{id: r, title: t, title_en: t, type: ioc.fire.reading, kind: {kind}, per: device, {when}
      {kind}: {own}, {clears}severity: {severity}{more}}}
"""
    return load(text, "t.yaml").rules[0]


COOL = "{when: {value: {le: 55}}}"
BOTH = "{when: {value: {le: 55}}, silence: 6m}"
LIMIT = "value: value, above: 60, deadband: 5"
RULES = {
    "at once": rule("threshold", f"{{{LIMIT}}}"),
    "on-delay": rule("threshold", f"{{{LIMIT}, on_delay: 5m}}"),
    "off-delay": rule("threshold", f"{{{LIMIT}, off_delay: 5m}}"),
    "both delays": rule("threshold", f"{{{LIMIT}, on_delay: 3m, off_delay: 5m}}"),
    "delays, silence": rule(
        "threshold", f"{{{LIMIT}, on_delay: 3m, off_delay: 5m}}", "{silence: 6m}"
    ),
    "held": rule("duration", "{held: 10m}", COOL),
    "held, silence": rule("duration", "{held: 10m}", "{silence: 6m}"),
    "held, both": rule("duration", "{held: 6m}", BOTH),
}


class Stream:
    """One rule and key as the worker keeps it: the memory's row, the timer's row, the alarm."""

    def __init__(self, by: Rule) -> None:
        self.rule = by
        self.memory: Samples = NONE
        self.due: datetime | None = None
        self.alarm: Alarm | None = None
        self.told: list[str] = []
        self.stored: dict[EventRef, Reading] = {}

    def takes(self, fact: Reading) -> Stream:
        self.stored[EventRef(fact.time, identity(fact.ce_source, fact.ce_id))] = fact
        after, found = evaluate(self.rule, self.memory, fact)
        for each in found:
            self._apply(each, fact.received_at)
        # What is not in the row is not remembered.
        kept = memory(self.rule, json.loads(json.dumps(after.to_json())))
        assert kept == after
        assert len(after.samples) <= MARKS_MAX
        self.memory = after
        self.due = due(self.rule, after)
        return self

    def passes(self, progress: datetime) -> Stream:
        """The stream has been processed up to here: due timers run, one after the other."""
        while self.due is not None and self.due <= progress:
            self.memory, found = elapsed(self.rule, "p-1", self.memory, self.due)
            self.due = due(self.rule, self.memory, self.due)
            for each in found:
                self._apply(each, progress)
        return self

    def hot(self, minute: float, value: float = 70, seen: float | None = None) -> Stream:
        return self.takes(reading(minute, value, seen))

    def cool(self, minute: float, seen: float | None = None) -> Stream:
        return self.takes(reading(minute, 20, seen))

    def to(self, minute: float) -> Stream:
        return self.passes(NOON + minute * MINUTE)

    def expect(self, *told: str) -> Stream:
        assert self.told == list(told)
        self.told = []
        return self

    @property
    def is_active(self) -> bool:
        return self.alarm is not None and self.alarm.active

    def _apply(self, decision: Decision, now: datetime) -> None:
        minute = (decision.at - NOON) / MINUTE
        self.told.append(f"{type(decision).__name__} {minute:g}")
        if isinstance(decision, Pending):
            fact = self.stored[decision.event]
            decision = Raise(decision.rule, decision.key, decision.at, fact)
        if isinstance(decision, Raise):
            self.alarm = life.raised(self.alarm, decision, now).alarm
        else:
            step = life.returned(self.alarm, decision, now)
            self.alarm = self.alarm if step is None else step.alarm


def reading(minute: float, value: float, seen: float | None = None) -> Reading:
    """A reading of `minute`, received at once or at `seen`."""
    time = NOON + minute * MINUTE
    received_at = time if seen is None else NOON + seen * MINUTE
    return Reading(time, received_at, f"{value}-{minute}", {"value": value})


# --- stories: threshold ---


def test_a_value_beyond_its_limit_raises_and_one_beyond_the_deadband_clears() -> None:
    stream = Stream(RULES["at once"]).hot(0).expect("Raise 0")
    stream.hot(1, value=58).expect()  # within the deadband nothing is said
    assert stream.is_active
    stream.cool(2).expect("Clear 2")


def test_a_value_at_the_limit_is_not_beyond_it_and_one_at_the_deadband_is_back() -> None:
    Stream(RULES["at once"]).hot(0, value=60).expect()
    Stream(RULES["at once"]).hot(0).hot(1, value=55).expect("Raise 0", "Clear 1")


def test_a_limit_from_below_is_the_same_upside_down() -> None:
    low = rule("threshold", "{value: battery, below: 0.2, deadband: 0.1}")
    stream = Stream(low)
    for minute, battery in enumerate((0.5, 0.2, 0.19, 0.25, 0.3)):
        at = NOON + minute * MINUTE
        stream.takes(Reading(at, at, f"b-{minute}", {"battery": battery}))
    stream.expect("Raise 2", "Clear 4")


def test_each_reading_beyond_tells_again_so_that_the_severity_follows_it() -> None:
    cases = "[{when: {value: {ge: 90}}, is: critical}, {is: medium}]"
    by = rule("threshold", f"{{{LIMIT}}}", severity=cases)
    Stream(by).hot(0).hot(1, value=95).hot(2, value=70).expect("Raise 0", "Raise 1", "Raise 2")
    assert by.severity_of(reading(1, 95)) is Severity.CRITICAL
    assert by.severity_of(reading(2, 70)) is Severity.MEDIUM


def test_a_short_peak_does_not_raise() -> None:
    Stream(RULES["on-delay"]).hot(0).hot(2).cool(4).to(30).expect()


def test_the_on_delay_raises_when_the_stream_has_passed_it_and_tells_of_its_first_event() -> None:
    stream = Stream(RULES["on-delay"]).hot(0, value=61)
    assert stream.due == NOON + 5 * MINUTE
    stream.to(4.9).expect().to(5).expect("Pending 5")
    assert stream.alarm is not None
    assert (stream.alarm.event_id, stream.alarm.raised_at) == ("61-0", NOON + 5 * MINUTE)
    assert stream.due is None


def test_a_delayed_raise_tells_of_the_newest_event_too_for_its_severity() -> None:
    Stream(RULES["on-delay"]).hot(0).hot(3, value=95).to(5).expect("Pending 5", "Pending 5")


def test_an_event_after_the_delay_proves_it_even_before_its_timer_has_run() -> None:
    Stream(RULES["on-delay"]).hot(0).hot(8).expect("Pending 5", "Raise 8")


def test_a_clear_after_the_delay_shows_what_was_and_is_over() -> None:
    stream = Stream(RULES["on-delay"]).hot(0).cool(8).expect("Pending 5", "Clear 8")
    assert stream.alarm is not None
    assert stream.alarm.state is State.RETURNED


def test_a_late_reading_completes_what_is_over_by_now() -> None:
    stream = Stream(RULES["on-delay"]).cool(20).hot(0, seen=21)
    stream.expect("Raise 5", "Clear 20")


def test_a_late_reading_against_takes_the_raise_back() -> None:
    stream = Stream(RULES["on-delay"]).hot(0).to(5).expect("Pending 5")
    stream.hot(6).expect("Raise 6").cool(3, seen=7).expect("Clear 5")
    assert stream.due == NOON + 11 * MINUTE, "the run begins at 6 now"
    stream.to(11).expect("Pending 11")


def test_the_off_delay_waits_and_a_value_beyond_ends_the_wait() -> None:
    stream = Stream(RULES["off-delay"]).hot(0).cool(1).hot(3).cool(4).expect("Raise 0", "Raise 3")
    stream.to(8.9).expect().to(9).expect("Clear 9")


def test_a_value_beyond_at_the_very_end_of_the_off_delay_goes_on() -> None:
    stream = Stream(RULES["off-delay"]).hot(0).cool(1).hot(6)
    assert stream.expect("Raise 0", "Raise 6").is_active


def test_at_the_same_instant_the_value_beyond_wins_in_either_order() -> None:
    assert Stream(RULES["at once"]).hot(0).cool(0).expect("Raise 0").is_active
    assert Stream(RULES["at once"]).cool(0).hot(0).expect("Raise 0").is_active


def test_too_late_a_reading_raises_nothing_and_leaves_no_trace() -> None:
    assert Stream(RULES["at once"]).hot(0, seen=61).expect().memory is NONE


def test_too_late_to_raise_is_not_too_late_to_clear() -> None:
    Stream(RULES["at once"]).hot(0).cool(5, seen=500).expect("Raise 0", "Clear 5")
    Stream(RULES["at once"]).hot(5).cool(0, seen=500).expect("Raise 5")


# --- stories: duration ---


def test_a_condition_that_has_held_for_its_time_raises() -> None:
    stream = Stream(RULES["held"]).hot(0).hot(4).hot(9).to(9.9).expect()
    stream.to(10).expect("Pending 10", "Pending 10").cool(12).expect("Clear 12")


def test_a_condition_that_was_broken_begins_anew() -> None:
    Stream(RULES["held"]).hot(0).cool(5).hot(6).to(15.9).expect().to(16).expect("Pending 16")


def test_readings_that_stop_do_not_hold() -> None:
    stream = Stream(RULES["held, silence"]).hot(0).hot(3).to(60).expect()
    stream.hot(61).hot(66).hot(71).to(71).expect("Pending 71", "Raise 71").to(77).expect("Clear 77")


def test_silence_ends_what_was_raised() -> None:
    stream = Stream(RULES["held, both"]).hot(0).hot(5).to(6).expect("Pending 6", "Pending 6")
    assert stream.due == NOON + 11 * MINUTE
    stream.to(11).expect("Clear 11")


# --- rows ---


def test_a_storm_of_readings_is_bounded_and_the_alarm_stays() -> None:
    stream = Stream(RULES["both delays"])
    for second in range(0, 6_000, 2):
        stream.hot(second / 60)
    assert stream.is_active
    assert len(json.dumps(stream.memory.to_json())) < 16_000


def test_a_row_goes_when_nothing_that_may_come_needs_it() -> None:
    by = RULES["off-delay"]
    over = Stream(by).hot(0).cool(5).memory
    assert not is_forgettable(by, over, NOON + 60 * MINUTE)
    assert is_forgettable(by, over, NOON + 80 * MINUTE)
    assert not is_forgettable(by, Stream(by).hot(0).memory, NOON + 9_999 * MINUTE)
    assert is_forgettable(by, NONE, NOON)


@pytest.mark.parametrize(
    "row", [{"samples": 3}, {"samples": [], "settled": 3}, {"samples": [[]], "settled": {}}]
)
def test_a_row_that_is_not_ours_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        Samples.from_json(row)


def test_a_rule_that_has_changed_its_kind_begins_anew() -> None:
    row: dict[str, Any] = {"raised": 1, "cleared": None, "marks": [], "clears": [], "settled": None}
    assert memory(RULES["held"], row) is EVENT_KINDS[RULES["held"].kind].empty


# --- an independent recount ---

HALF = MINUTE / 2


def recount(by: Rule, hot: Sequence[datetime], cool: Sequence[datetime], end: datetime) -> bool:
    """Go through time in half minutes and say from the definition whether it is true at the end."""
    own = by.plain[by.kind]
    assert isinstance(own, dict)

    def delay(name: str) -> timedelta:
        return timedelta(minutes=int(str(own.get(name, "0m")).removesuffix("m")))

    on, off = max(delay("on_delay"), delay("held")), delay("off_delay")
    first = newest = against = None
    active = False
    at = min([*hot, *cool, end])
    while at <= end:
        is_hot = at in hot
        if not active and first is not None and at - first >= on:
            active = True
        if is_hot:
            first, newest, against = first or at, at, None
        elif at in cool:
            first, against = None, (against or at) if active else None
        silent = by.silence is not None and newest is not None and at - newest >= by.silence
        over = against is not None and at - against >= off
        if not is_hot and (silent or (active and over)):
            first = newest = against = None
            active = False
        if not active and first is not None and at - first >= on:
            active = True
        at += HALF
    return active


@dataclass(frozen=True)
class Arrival:
    """A reading of a minute, how long it was on its way, and whether timers run before it."""

    minute: float
    delay: float
    is_cool: bool
    timer_runs: bool


def arrivals(minutes: int, delay: int, size: int) -> st.SearchStrategy[list[Arrival]]:
    half = st.integers(0, 2 * minutes).map(lambda each: each / 2)
    late = st.integers(0, 2 * delay).map(lambda each: each / 2)
    each = st.builds(Arrival, half, late, st.sampled_from([False, False, True]), st.booleans())
    return st.lists(each, max_size=size).map(
        lambda found: sorted(found, key=lambda one: one.minute + one.delay)
    )


def run(by: Rule, coming: Sequence[Arrival], ends_after: float) -> Stream:
    """Let the readings come; timers run when they like, and at last all that are due."""
    stream = Stream(by)
    hot: list[datetime] = []
    cool: list[datetime] = []
    for i, one in enumerate(coming):
        seen = NOON + (one.minute + one.delay) * MINUTE
        if one.timer_runs:
            stream.passes(seen)
        time = NOON + one.minute * MINUTE
        stream.takes(Reading(time, seen, f"e-{i}", {"value": 20 if one.is_cool else 70}))
        (cool if one.is_cool and by.clear_when is not None else hot).append(time)
        if one.is_cool and by.clear_when is None:
            hot.pop()
        stream.passes(seen)
        assert stream.is_active == recount(by, hot, cool, seen)
    if coming:
        end = NOON + (coming[-1].minute + coming[-1].delay + ends_after) * MINUTE
        assert stream.passes(end).is_active == recount(by, hot, cool, end)
    return stream


@pytest.mark.parametrize("by", RULES.values(), ids=RULES)
@settings(max_examples=30, deadline=None)
@given(coming=arrivals(minutes=40, delay=20, size=12), ends_after=st.sampled_from([0, 2, 5, 30]))
def test_the_condition_is_that_by_definition_after_every_event(
    by: Rule, coming: list[Arrival], ends_after: float
) -> None:
    run(by, coming, ends_after)


SHORT = {
    name: rule(by.kind, json.dumps(by.plain[by.kind]), clear, more=", max_lateness: 10m")
    for name, by, clear in (
        ("both delays", RULES["both delays"], ""),
        ("delays, silence", RULES["delays, silence"], "{silence: 6m}"),
        ("held, both", RULES["held, both"], BOTH),
    )
}


@pytest.mark.parametrize("by", SHORT.values(), ids=SHORT)
@settings(max_examples=20, deadline=None)
@given(coming=arrivals(minutes=400, delay=10, size=30))
def test_forgetting_what_is_settled_changes_nothing(by: Rule, coming: list[Arrival]) -> None:
    run(by, coming, 30)


@pytest.mark.parametrize("by", RULES.values(), ids=RULES)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), coming=arrivals(minutes=40, delay=0, size=10))
def test_any_order_of_arrival_ends_in_the_same_memory_and_condition(
    by: Rule, data: st.DataObject, coming: list[Arrival]
) -> None:
    seen = NOON + 50 * MINUTE
    facts = [
        Reading(NOON + one.minute * MINUTE, seen, f"e-{i}", {"value": 20 if one.is_cool else 70})
        for i, one in enumerate(coming)
    ]
    ends: list[tuple[object, ...]] = []
    for order in (facts, data.draw(st.permutations(facts))):
        stream = Stream(by)
        for each in order:
            stream.takes(each)
        stream.passes(seen)
        ends.append((stream.is_active, stream.memory, stream.due))
    assert ends[0] == ends[1]


def test_a_clear_carries_the_event_that_said_so() -> None:
    _, found = evaluate(RULES["at once"], Stream(RULES["at once"]).hot(0).memory, reading(1, 20))
    assert isinstance(found[0], Clear)
    assert found[0].fact is not None
