"""Windows in event time: whatever the order of arrival, the condition comes out the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc import alarm as life
from ioc.alarm import Alarm, State
from ioc.rule import (
    EMPTY,
    Clear,
    Pending,
    Raise,
    Rule,
    Window,
    evaluate,
    is_active,
    is_forgettable,
    load,
    silence_due,
    silent,
)
from ioc.rule.window import MARKS_MAX

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Alert:
    """Smoke, or with phase `end` the end of it."""

    time: datetime
    received_at: datetime
    ce_id: str
    data: dict[str, object] = field(default_factory=lambda: {"label": "smoke", "phase": "new"})
    ce_source: str = "/frigate/1"
    source: str = "camera"
    type: str = "ioc.camera.alert"
    kind: str = "smoke"
    area: str | None = "05443"
    device: str | None = "cam-1"
    severity: str | None = None


def rule(kind: str, clear: str, lateness: str = "1h") -> Rule:
    clears = f"clear: {clear}, " if clear else ""
    text = f"""
rules:
  - {{id: r, title: t, title_en: t, type: ioc.camera.alert, kind: {kind}, per: area,
      when: {{phase: new}}, {clears}severity: high, max_lateness: {lateness}}}
"""
    return load(text, "t.yaml").rules[0]


BOTH = "{when: {phase: end}, silence: 6m}"
THREE = "count, count: {n: 3, within: 5m}"
RULES = {
    "match": rule("match", "{when: {phase: end}}"),
    "match, silence": rule("match", "{silence: 6m}"),
    "match, both": rule("match", BOTH),
    "match, never": rule("match", ""),
    "count": rule(THREE, "{when: {phase: end}}"),
    "count, silence": rule(THREE, "{silence: 6m}"),
    "count, both": rule(THREE, BOTH),
    "count, never": rule(THREE, ""),
}


class Stream:
    """One rule and key as the worker keeps it: the window's row, the timer's row, the alarm."""

    def __init__(self, by: Rule) -> None:
        self.rule = by
        self.window: Window = EMPTY
        self.due: datetime | None = None
        self.alarm: Alarm | None = None
        self.told: list[str] = []

    def takes(self, fact: Alert) -> Stream:
        window, verdicts = evaluate(self.rule, self.window, fact)
        for verdict in verdicts:
            assert not isinstance(verdict, Pending), "these kinds have their event at hand"
            self._apply(verdict, fact.received_at)
        if window is not self.window or verdicts:
            self.due = silence_due(self.rule, window)
        # What is not in the row is not remembered.
        self.window = Window.from_json(json.loads(json.dumps(window.to_json())))
        assert self.window == window
        assert max(len(window.marks), len(window.clears)) <= MARKS_MAX
        return self

    def passes(self, progress: datetime) -> Stream:
        """The stream has been processed up to here: a due timer runs and its row goes."""
        if self.due is not None and self.due <= progress:
            verdict = silent(self.rule, "05443", self.window, self.due)
            self.due = None
            if verdict is not None:
                self._apply(verdict, progress)
        return self

    def smoke(self, minute: float, seen: float | None = None) -> Stream:
        return self.takes(fact(minute, "new", seen))

    def end(self, minute: float, seen: float | None = None) -> Stream:
        return self.takes(fact(minute, "end", seen))

    def expect(self, *told: str) -> Stream:
        assert self.told == list(told)
        self.told = []
        return self

    @property
    def is_active(self) -> bool:
        return self.alarm is not None and self.alarm.active

    def _apply(self, verdict: Raise | Clear, now: datetime) -> None:
        minute = (verdict.at - NOON) / MINUTE
        self.told.append(f"{type(verdict).__name__} {minute:g}")
        if isinstance(verdict, Raise):
            self.alarm = life.raised(self.alarm, verdict, now).alarm
        else:
            step = life.returned(self.alarm, verdict, now)
            self.alarm = self.alarm if step is None else step.alarm


def fact(minute: float, phase: str, seen: float | None = None) -> Alert:
    """An event of `minute`, received at once or at `seen`."""
    time = NOON + minute * MINUTE
    received_at = time if seen is None else NOON + seen * MINUTE
    return Alert(time, received_at, f"{phase}-{minute}", {"label": "smoke", "phase": phase})


# --- stories: match ---


def test_an_event_raises_and_its_end_clears() -> None:
    Stream(RULES["match"]).smoke(0).expect("Raise 0").end(5).expect("Clear 5")


def test_a_clear_older_than_the_newest_raise_does_not_clear() -> None:
    stream = Stream(RULES["match"]).smoke(10).expect("Raise 10").end(5, seen=11).expect()
    assert stream.is_active


def test_a_raise_older_than_a_known_clear_is_seen_and_over_at_once() -> None:
    stream = Stream(RULES["match"]).end(5).expect().smoke(0, seen=6).expect("Raise 0", "Clear 5")
    assert stream.alarm is not None
    assert stream.alarm.state is State.RETURNED


def test_at_the_same_instant_the_raise_wins_in_either_order() -> None:
    assert Stream(RULES["match"]).smoke(0).end(0).expect("Raise 0").is_active
    assert Stream(RULES["match"]).end(0).smoke(0).expect("Raise 0").is_active


def test_a_second_clear_says_nothing() -> None:
    Stream(RULES["match"]).smoke(0).end(5).end(6).expect("Raise 0", "Clear 5")


def test_too_late_an_event_raises_nothing_and_leaves_no_trace() -> None:
    stream = Stream(RULES["match"]).smoke(0, seen=60.001).expect()
    assert stream.window is not None
    assert stream.window == EMPTY
    assert Stream(RULES["match"]).smoke(0, seen=60).expect("Raise 0").is_active


def test_too_late_to_raise_is_not_too_late_to_clear() -> None:
    Stream(RULES["match"]).smoke(0).end(5, seen=500).expect("Raise 0", "Clear 5")


def test_too_late_a_clear_of_nothing_leaves_no_trace() -> None:
    assert Stream(RULES["match"]).end(5, seen=500).expect().window == EMPTY
    Stream(RULES["match"]).smoke(10).end(5, seen=500).expect("Raise 10")


def test_an_event_that_is_neither_changes_nothing() -> None:
    window, verdicts = evaluate(RULES["match"], EMPTY, fact(0, "update"))
    assert window is EMPTY
    assert verdicts == ()


def test_a_site_s_clock_with_an_offset_is_the_same_instant() -> None:
    local = fact(0, "new").time.astimezone()
    window, _ = evaluate(RULES["match"], EMPTY, Alert(local, local, "e"))
    assert window.raised == NOON
    assert window.raised.tzinfo is UTC


# --- stories: silence ---


def test_silence_clears_when_the_stream_has_passed_it() -> None:
    stream = Stream(RULES["match, silence"]).smoke(0)
    assert stream.due == NOON + 6 * MINUTE
    stream.passes(NOON + 5.9 * MINUTE).expect("Raise 0")
    stream.passes(NOON + 6 * MINUTE).expect("Clear 6")


def test_a_timer_that_was_overtaken_by_an_event_does_nothing() -> None:
    stream = Stream(RULES["match, silence"]).smoke(0).smoke(5).expect("Raise 0", "Raise 5")
    old = silent(stream.rule, "05443", stream.window, NOON + 6 * MINUTE)
    assert old is None
    assert stream.due == NOON + 11 * MINUTE


def test_an_event_after_the_silence_proves_it_even_before_its_timer_has_run() -> None:
    Stream(RULES["match, silence"]).smoke(0).smoke(20).expect("Raise 0", "Clear 6", "Raise 20")


def test_an_end_after_the_silence_does_not_move_the_end() -> None:
    Stream(RULES["match, both"]).smoke(0).end(20).expect("Raise 0", "Clear 6")


def test_a_late_event_after_the_silence_is_seen_and_its_own_silence_counts() -> None:
    stream = Stream(RULES["match, silence"]).smoke(0).passes(NOON + 10 * MINUTE)
    stream.smoke(5, seen=20).expect("Raise 0", "Clear 6", "Raise 5")
    stream.passes(NOON + 20 * MINUTE).expect("Clear 11")


def test_a_late_event_older_than_the_newest_is_over_with_it() -> None:
    stream = Stream(RULES["match, silence"]).smoke(10).passes(NOON + 16 * MINUTE)
    stream.smoke(5, seen=20).expect("Raise 10", "Clear 16", "Raise 5")
    assert stream.due == NOON + 16 * MINUTE, "the timer is set again, or nothing ends it"
    stream.passes(NOON + 20 * MINUTE).expect("Clear 16")


# --- stories: count ---


def test_the_third_event_within_the_time_raises() -> None:
    Stream(RULES["count"]).smoke(0).smoke(2).expect().smoke(5).expect("Raise 5")


def test_three_events_in_more_than_the_time_raise_nothing() -> None:
    Stream(RULES["count"]).smoke(0).smoke(2).smoke(5.001).expect()


def test_a_late_event_that_makes_three_raises_at_the_time_of_the_last() -> None:
    Stream(RULES["count"]).smoke(0).smoke(4).smoke(2, seen=6).expect("Raise 4")
    Stream(RULES["count"]).smoke(2).smoke(4).smoke(0, seen=6).expect("Raise 4")


def test_a_late_event_that_makes_three_long_ago_is_seen_and_over() -> None:
    stream = Stream(RULES["count, silence"]).smoke(0).smoke(2).smoke(30)
    stream.smoke(1, seen=31).expect("Raise 2", "Clear 8")


def test_a_clear_begins_the_count_anew() -> None:
    stream = Stream(RULES["count"]).smoke(0).smoke(1).end(1.5).smoke(2).expect()
    stream.smoke(3).smoke(4).expect("Raise 4")


def test_a_clear_at_the_instant_of_the_last_event_does_not_cut_the_count() -> None:
    assert Stream(RULES["count"]).smoke(0).smoke(1).smoke(2).end(2).expect("Raise 2").is_active
    assert Stream(RULES["count"]).smoke(0).smoke(1).end(2).smoke(2).expect("Raise 2").is_active


def test_a_late_clear_amid_the_three_takes_the_raise_back() -> None:
    stream = Stream(RULES["count"]).smoke(0).smoke(1).smoke(2).expect("Raise 2")
    stream.end(1.5, seen=3).expect("Clear 2")


def test_events_that_follow_closely_belong_to_the_alarm_and_prolong_it() -> None:
    stream = Stream(RULES["count, silence"]).smoke(0).smoke(1).smoke(2).expect("Raise 2")
    stream.smoke(8).expect("Raise 8")
    assert stream.due == NOON + 14 * MINUTE


def test_a_single_event_after_the_silence_is_not_enough_to_raise_again() -> None:
    stream = Stream(RULES["count, silence"]).smoke(0).smoke(1).smoke(2)
    stream.smoke(8.5).expect("Raise 2", "Clear 8")
    assert not stream.is_active
    assert stream.due is None


def test_a_late_event_that_bridges_the_silence_brings_the_alarm_back() -> None:
    stream = Stream(RULES["count, silence"]).smoke(0).smoke(1).smoke(2).smoke(10)
    stream.expect("Raise 2", "Clear 8").smoke(6, seen=11).expect("Raise 6")
    assert stream.due == NOON + 16 * MINUTE


def test_without_a_clear_the_alarm_stays_until_a_person_closes_it() -> None:
    stream = Stream(RULES["count, never"]).smoke(0).smoke(1).smoke(2)
    stream.smoke(600).passes(NOON + 1200 * MINUTE).expect("Raise 2")
    assert stream.is_active
    assert is_active(stream.rule, stream.window)


def test_a_storm_is_bounded_and_the_alarm_stays() -> None:
    stream = Stream(RULES["count, both"])
    for second in range(3_000):
        stream.smoke(second / 60)
    assert len(stream.window.marks) <= MARKS_MAX
    assert stream.is_active
    assert len(json.dumps(stream.window.to_json())) < 5_000


def test_clears_alone_are_bounded_too() -> None:
    stream = Stream(RULES["count"])
    for second in range(1_000):
        stream.end(second / 60)
    assert len(stream.window.clears) <= MARKS_MAX


def test_an_alarm_outlives_the_marks_that_raised_it() -> None:
    stream = Stream(rule(THREE, "", "10m")).smoke(0).smoke(1).smoke(2).expect("Raise 2")
    for minute in range(20, 400, 20):
        stream.smoke(minute)
    assert stream.window.marks[0] > NOON + 300 * MINUTE
    stream.smoke(375, seen=381)
    assert is_active(stream.rule, stream.window)
    stream.end(378, seen=382).expect()


def test_an_alarm_that_is_prolonged_for_hours_outlives_the_marks_that_raised_it() -> None:
    stream = Stream(rule(THREE, BOTH, "10m")).smoke(0).smoke(1).smoke(2)
    minute = 2.0
    for gap in [5.9, 5.9, 5.9, 2.7] * 20:
        minute += gap
        stream.smoke(minute)
        after, _ = evaluate(stream.rule, stream.window, fact(minute - 1, "new", minute + 1))
        assert is_active(stream.rule, after)
        assert silence_due(stream.rule, after) == NOON + (minute + 6) * MINUTE
    assert stream.window.marks[0] > NOON + 300 * MINUTE


def test_a_forgotten_clear_still_ends_what_was_before_it() -> None:
    stream = Stream(rule(THREE, "{when: {phase: end}, silence: 1h}", "10m"))
    stream.smoke(40).smoke(168).smoke(169).smoke(170).end(175).expect("Raise 170", "Clear 175")
    stream.smoke(200).expect()
    assert stream.window.clears == ()
    stream.smoke(190, seen=200).expect()


def test_a_row_goes_when_nothing_that_may_come_needs_it() -> None:
    by = RULES["match"]
    cleared = Stream(by).smoke(0).end(5).window
    assert not is_forgettable(by, cleared, NOON + 60 * MINUTE)
    assert is_forgettable(by, cleared, NOON + 75 * MINUTE)
    assert not is_forgettable(by, Stream(by).smoke(0).window, NOON + 9_999 * MINUTE)
    assert is_forgettable(by, EMPTY, NOON)


@pytest.mark.parametrize("row", [{"raised": "x"}, {"marks": 3}, {"marks": ["x"]}, {}])
def test_a_row_that_is_not_ours_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        Window.from_json(row)


# --- an independent recount ---


def recount(
    by: Rule, smoke: Sequence[datetime], ends: Sequence[datetime], progress: datetime
) -> bool:
    """Say from the definition, with all events at hand, whether the condition is true."""
    marks = sorted(smoke)
    hot: set[int] = set()
    for i, last in enumerate(marks):
        first = marks[i - by.n + 1] if i >= by.n - 1 else None
        close = first is not None and last - first <= by.within
        if close and not any(first < end < last for end in ends if first is not None):
            hot.add(i)
        if by.silence is None:
            continue
        for j in sorted(hot):
            near = j < i and last - marks[j] <= by.silence
            if near and not any(marks[j] < end <= last for end in ends):
                hot.add(i)
                break
    newest = max((marks[i] for i in hot), default=None)
    if newest is None or any(end > newest for end in ends):
        return False
    return by.silence is None or newest + by.silence > progress


@dataclass(frozen=True)
class Arrival:
    """An event of a minute, how long it was on its way, and whether a timer runs before it."""

    minute: float
    delay: float
    is_end: bool
    timer_runs: bool


def arrivals(minutes: int, delay: int, size: int) -> st.SearchStrategy[list[Arrival]]:
    half = st.integers(0, 2 * minutes).map(lambda each: each / 2)
    late = st.integers(0, 2 * delay).map(lambda each: each / 2)
    each = st.builds(Arrival, half, late, st.sampled_from([False, False, True]), st.booleans())
    return st.lists(each, max_size=size).map(
        lambda found: sorted(found, key=lambda one: one.minute + one.delay)
    )


def run(by: Rule, coming: Sequence[Arrival], *, check_always: bool = False) -> Stream:
    """Let the events come; timers run when they like, and at last all that are due."""
    stream = Stream(by)
    smoke: list[datetime] = []
    ends: list[datetime] = []
    for i, one in enumerate(coming):
        seen = one.minute + one.delay
        if one.timer_runs:
            stream.passes(NOON + seen * MINUTE)
        phase = "end" if one.is_end else "new"
        time = NOON + one.minute * MINUTE
        received_at = NOON + seen * MINUTE
        stream.takes(Alert(time, received_at, f"e-{i}", {"label": "smoke", "phase": phase}))
        if phase == "new":
            smoke.append(time)
        elif by.clear_when is not None:
            ends.append(time)
        if check_always or i == len(coming) - 1:
            stream.passes(received_at)
            assert stream.is_active == recount(by, smoke, ends, received_at)
    return stream


@pytest.mark.parametrize("by", RULES.values(), ids=RULES)
@settings(max_examples=30)
@given(coming=arrivals(minutes=40, delay=20, size=14))
def test_late_and_out_of_order_events_end_in_the_condition_by_definition(
    by: Rule, coming: list[Arrival]
) -> None:
    run(by, coming)


@pytest.mark.parametrize("by", RULES.values(), ids=RULES)
@settings(max_examples=30)
@given(coming=arrivals(minutes=40, delay=20, size=14))
def test_the_condition_is_that_by_definition_after_every_event(
    by: Rule, coming: list[Arrival]
) -> None:
    run(by, coming, check_always=True)


SHORT = {
    "count, both": rule(THREE, BOTH, "10m"),
    "count": rule(THREE, "{when: {phase: end}}", "10m"),
    "count, never": rule(THREE, "", "10m"),
    "match, both": rule("match", BOTH, "10m"),
}


@pytest.mark.parametrize("by", SHORT.values(), ids=SHORT)
@settings(max_examples=40)
@given(coming=arrivals(minutes=400, delay=10, size=30))
def test_forgetting_what_is_settled_changes_nothing(by: Rule, coming: list[Arrival]) -> None:
    run(by, coming, check_always=True)


@pytest.mark.parametrize("by", RULES.values(), ids=RULES)
@settings(max_examples=40)
@given(data=st.data(), coming=arrivals(minutes=40, delay=0, size=10))
def test_any_order_of_arrival_ends_in_the_same_alarm(
    by: Rule, data: st.DataObject, coming: list[Arrival]
) -> None:
    """With nobody at the console: one occurrence, in the same state, whatever came first."""
    seen = NOON + 45 * MINUTE
    facts = [
        Alert(
            NOON + one.minute * MINUTE,
            seen,
            f"e-{i}",
            {"label": "smoke", "phase": "end" if one.is_end else "new"},
        )
        for i, one in enumerate(coming)
    ]
    ends: list[tuple[object, ...]] = []
    for order in (facts, data.draw(st.permutations(facts))):
        stream = Stream(by)
        for each in order:
            stream.takes(each)
        stream.passes(seen)
        found = stream.alarm
        if by.kind == "count":  # what was open for a moment in one order need not be in another
            ends.append((stream.is_active,))
        else:
            ends.append(
                ()
                if found is None
                else (found.state, found.active, found.raised_at, found.event_id, found.count)
            )
    assert ends[0] == ends[1]
