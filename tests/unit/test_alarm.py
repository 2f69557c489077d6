"""The alarm's life, as the table of the standard and as stories."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ioc import alarm as life
from ioc.alarm import Alarm, Around, ClosingCode, Hidden, NotAllowed, State, Step, Transition
from ioc.chattering import Chatter, calm, calm_due
from ioc.philosophy import ChatterLimits
from ioc.rule import Clear, Raise, Rule, load
from ioc.severity import Severity

RULES = load(
    """
rules:
  - id: smoke
    title: "Báo cháy ({kind}) tại {area}"
    title_en: "Fire alarm ({kind}) in {area}"
    type: ioc.fire.reading
    kind: match
    when: {state: alarm}
    per: device
    severity: high
    clear: {when: {state: restore}}
    guidance: ["Gọi 114."]
  - id: smoke-worse
    title: "t"
    title_en: "t"
    type: ioc.fire.reading
    kind: match
    when: {state: alarm}
    per: device
    severity: critical
  - id: smoke-milder
    title: "t"
    title_en: "t"
    type: ioc.fire.reading
    kind: match
    when: {state: alarm}
    per: device
    severity: low
  - id: valve
    title: "Van"
    title_en: "Valve"
    type: ioc.fire.reading
    kind: match
    when: {state: alarm}
    per: device
    severity: high
    guidance: ["Gọi 114."]
  - id: door
    title: "Cửa mở"
    title_en: "Door open"
    type: ioc.fire.reading
    kind: match
    when: {state: alarm}
    per: device
    severity: low
    acknowledge: false
""",
    "test.yaml",
).by_id
RULES = {
    **RULES,
    "valve": replace(RULES["valve"], latch=True),
    "reminds": replace(RULES["smoke"], ack_expires=timedelta(minutes=30)),
    "closed by two": replace(RULES["smoke"], two_person=frozenset({"close", "shelve"})),
}


@dataclass(frozen=True)
class Reading:
    """A fire reading, as a rule sees it."""

    time: datetime
    ce_id: str = "e-1"
    ce_source: str = "/sia/1234"
    source: str = "fire"
    type: str = "ioc.fire.reading"
    kind: str = "smoke"
    area: str | None = "05443"
    device: str | None = "panel-1/zone-1"
    severity: str | None = None
    received_at: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    data: dict[str, object] = field(default_factory=lambda: {"lat": 21.59, "lon": 105.84})


#: A maintenance window, and something that was taken out of service.
WORK = Hidden(
    State.SUPPRESSED,
    ({"id": "w", "kind": "maintenance", "reason": "bảo trì", "by": "lan", "until": None},),
)
AWAY = Hidden(
    State.OUT_OF_SERVICE,
    ({"id": "o", "kind": "out_of_service", "reason": "hỏng", "by": "lan", "until": None},),
)


def clock(text: str) -> datetime:
    """`10:05` or `10:05:30` on the day of these stories."""
    hour, minute, second = (int(part) for part in f"{text}:00".split(":")[:3])
    return datetime(2026, 11, 22, hour, minute, second, tzinfo=UTC)


def a_raise(at: str, rule: str = "smoke", event: str | None = None) -> Raise:
    fact = Reading(clock(at), ce_id=event or f"raise-{at}")
    return Raise(RULES[rule], "panel-1/zone-1", clock(at), fact)


def a_clear(at: str, rule: str = "smoke") -> Clear:
    fact = Reading(clock(at), ce_id=f"clear-{at}")
    return Clear(RULES[rule], "panel-1/zone-1", clock(at), fact)


class AlarmStory:
    """What happens to one rule and key, told in order; it keeps the log."""

    def __init__(self, rule: str = "smoke") -> None:
        self.rule = rule
        self.alarm: Alarm | None = None
        self.log: list[Transition] = []

    def took(self, step: Transition | None) -> AlarmStory:
        """Go on from a step that was made elsewhere."""
        return self._took(step)

    def _took(self, step: Transition | None) -> AlarmStory:
        if step is not None:
            before = State.NORMAL if self.alarm is None else self.alarm.state
            assert step.before is before
            self.alarm = step.alarm
            self.log.append(step)
        return self

    @property
    def now_alarm(self) -> Alarm:
        assert self.alarm is not None
        return self.alarm

    def raises(self, at: str, rule: str | None = None) -> AlarmStory:
        if self.alarm is not None and not self.alarm.is_open:
            self.alarm = None
        verdict = a_raise(at, rule or self.rule)
        return self._took(life.raised(self.alarm, verdict, clock(at), "Phan Đình Phùng"))

    def clears(self, at: str) -> AlarmStory:
        return self._took(life.returned(self.alarm, a_clear(at), clock(at)))

    def acknowledges(self, at: str, by: str = "lan", seen: Severity | None = None) -> AlarmStory:
        return self._took(life.acknowledge(self.now_alarm, by, clock(at), seen=seen))

    def unacknowledges(self, at: str) -> AlarmStory:
        return self._took(life.unacknowledge(self.now_alarm, "lan", clock(at)))

    def shelves(self, at: str, until: str) -> AlarmStory:
        return self._took(life.shelve(self.now_alarm, clock(until), "lan", clock(at), "thợ hàn"))

    def unshelves(self, at: str, by: str = "lan") -> AlarmStory:
        return self._took(life.unshelve(self.now_alarm, by, clock(at)))

    def goes_on_the_shelf_once(self, at: str, until: str) -> AlarmStory:
        step = life.shelve(self.now_alarm, clock(until), "lan", clock(at), "hàn", one_shot=True)
        return self._took(step)

    def reminds(self, at: str) -> AlarmStory:
        return self._took(life.acknowledgement_expired(self.now_alarm, clock(at)))

    def is_reset(self, at: str) -> AlarmStory:
        return self._took(life.reset(self.now_alarm, "lan", clock(at)))

    def shelf_ends(self, at: str) -> AlarmStory:
        return self._took(life.shelf_elapsed(self.now_alarm, clock(at)))

    def is_suppressed(self, at: str) -> AlarmStory:
        return self._took(life.suppress(self.now_alarm, clock(at), WORK))

    def is_unsuppressed(self, at: str) -> AlarmStory:
        return self._took(life.unsuppress(self.now_alarm, clock(at)))

    def leaves_service(self, at: str) -> AlarmStory:
        return self._took(life.remove_from_service(self.now_alarm, "lan", clock(at)))

    def enters_service(self, at: str) -> AlarmStory:
        return self._took(life.return_to_service(self.now_alarm, "lan", clock(at)))

    def closes(self, at: str, code: ClosingCode = ClosingCode.TRUE) -> AlarmStory:
        return self._took(life.close(self.now_alarm, code, "lan", clock(at)))

    def expect(self, state: str, told: str | None = "?", **fields: object) -> AlarmStory:
        """Check the state, what was told outside by the last step, and any fields."""
        assert self.now_alarm.state == state
        if told != "?":
            assert self.log[-1].announced == told
        for name, value in fields.items():
            assert getattr(self.now_alarm, name) == value, name
        return self


@pytest.fixture
def pump() -> AlarmStory:
    return AlarmStory()


@pytest.fixture
def door() -> AlarmStory:
    return AlarmStory("door")


# --- the table of the standard: every state x every event ---

NOON = clock("12:00")

#: Letters of the standard. Small: the condition is over. b, c: latched. `+`: hidden, and latched
#: before it was. Each is a state, whether the condition is true, and whether it is latched.
LETTERS = {
    "A": (State.NORMAL, False, False),
    "B": (State.UNACKNOWLEDGED, True, False),
    "b": (State.UNACKNOWLEDGED, False, True),
    "C": (State.ACKNOWLEDGED, True, False),
    "c": (State.ACKNOWLEDGED, False, True),
    "D": (State.RETURNED, False, False),
    "E": (State.SHELVED, True, False),
    "E+": (State.SHELVED, True, True),
    "e": (State.SHELVED, False, False),
    "e+": (State.SHELVED, False, True),
    "F": (State.SUPPRESSED, True, False),
    "F+": (State.SUPPRESSED, True, True),
    "f": (State.SUPPRESSED, False, False),
    "f+": (State.SUPPRESSED, False, True),
    "G": (State.OUT_OF_SERVICE, True, False),
    "G+": (State.OUT_OF_SERVICE, True, True),
    "g": (State.OUT_OF_SERVICE, False, False),
    "g+": (State.OUT_OF_SERVICE, False, True),
}


def _letter(alarm: Alarm) -> str:
    found = (alarm.state, alarm.active, alarm.latched)
    return next(letter for letter, each in LETTERS.items() if each == found)


_LEADS_TO: dict[State, Callable[[AlarmStory], object]] = {
    State.ACKNOWLEDGED: lambda story: story.acknowledges("10:01"),
    State.RETURNED: lambda story: story.clears("10:01"),
    State.SHELVED: lambda story: story.shelves("10:01", until="12:00"),
    State.SUPPRESSED: lambda story: story.is_suppressed("10:01"),
    State.OUT_OF_SERVICE: lambda story: story.leaves_service("10:01"),
    State.NORMAL: lambda story: story.closes("10:01"),
}


def _in(letter: str, rule: str | None = None) -> Alarm:
    """An alarm in a state, made by the moves that lead there; a latched one by a rule for it."""
    state, active, latched = LETTERS[letter]
    story = AlarmStory(rule or ("valve" if latched else "smoke")).raises("10:00")
    if latched:
        story.clears("10:01")
    if (lead := _LEADS_TO.get(state)) is not None:
        lead(story)
    if story.now_alarm.is_hidden and latched and active:
        story.took(life.raised(story.now_alarm, a_raise("10:02"), clock("10:02"), hidden=WORK))
    if story.now_alarm.is_hidden and not latched and not active:
        story.clears("10:02")
    assert _letter(story.now_alarm) == letter
    return story.now_alarm


MOVES: dict[str, Callable[[Alarm], Transition | None]] = {
    "raise": lambda alarm: life.raised(alarm, a_raise("11:00"), NOON),
    "raise in hiding": lambda alarm: life.raised(alarm, a_raise("11:00"), NOON, hidden=WORK),
    "worse": lambda alarm: life.raised(alarm, a_raise("11:00", "smoke-worse"), NOON),
    "return": lambda alarm: life.returned(alarm, a_clear("11:00"), NOON),
    "acknowledge": lambda alarm: life.acknowledge(alarm, "lan", NOON),
    "unacknowledge": lambda alarm: life.unacknowledge(alarm, "lan", NOON),
    "ack expires": lambda alarm: life.acknowledgement_expired(alarm, NOON),
    "reset": lambda alarm: life.reset(alarm, "lan", NOON),
    "shelve": lambda alarm: life.shelve(alarm, clock("13:00"), "lan", NOON),
    "unshelve": lambda alarm: life.unshelve(alarm, "lan", NOON),
    "shelf elapses": lambda alarm: life.shelf_elapsed(alarm, NOON),
    "elapses in hiding": lambda alarm: life.shelf_elapsed(alarm, NOON, hidden=WORK),
    "suppress": lambda alarm: life.suppress(alarm, NOON, WORK),
    "unsuppress": lambda alarm: life.unsuppress(alarm, NOON),
    "one reason less": lambda alarm: life.unsuppress(alarm, NOON, hidden=WORK),
    "remove": lambda alarm: life.remove_from_service(alarm, "lan", NOON),
    "bring back": lambda alarm: life.return_to_service(alarm, "lan", NOON),
    "back in hiding": lambda alarm: life.return_to_service(alarm, "lan", NOON, hidden=WORK),
    "calm": lambda alarm: life.calmed(alarm, NOON),
    "link": lambda alarm: life.linked(alarm, UUID(int=7), NOON),
    "request": lambda alarm: life.requested(alarm, "close", "lan", NOON),
    "reject": lambda alarm: life.rejected(alarm, "close", "minh", NOON),
    "assign": lambda alarm: life.assign(alarm, "minh", "lan", NOON),
    "comment": lambda alarm: life.comment(alarm, "đã gọi", "lan", NOON),
    "close": lambda alarm: life.close(alarm, ClosingCode.FALSE, "lan", NOON),
}
EVENTS = tuple(MOVES)

#: `-`: refused, `.`: nothing happens, `n`: a new occurrence in B, `h`: a new one in F.
#: A dot after a letter is only there to keep the columns.
_TABLE = """
    raise hiding worse return ack unack expire reset shelve unshelve elapse hiding sup. unsup. less out back hiding calm link req. rej. assign word close
A   n     h      n     .      -   -     -      -     -      -        -      -      -    -      -    -   -    -      -    A    -    A    -      A    -
B   B     B      B     D      C   -     -      -     E      -        -      -      F    -      -    G   -    -      -    B    B    B    B      B    A
b   B     B      B     .      c   -     -      -     e+     -        -      -      f+   -      -    g+  -    -      -    b    b    b    b      b    A
C   C     C      B     A      -   B     B      -     E      -        -      -      F    -      -    G   -    -      -    C    C    C    C      C    A
c   B     F      B     .      -   b     b      A     e+     -        -      -      f+   -      -    g+  -    -      -    c    c    c    c      c    A
D   B     F      B     .      A   -     -      -     e      -        -      -      f    -      -    g   -    -      -    D    D    D    D      D    A
E   E     E      E     e      -   -     -      -     -      C        B      F      -    -      -    G   -    -      -    E    E    E    E      E    A
E+  E+    E+     E+    e+     -   -     -      -     -      C        B      F+     -    -      -    G+  -    -      -    E+   E+   E+   E+     E+   A
e   E     E      E     .      -   -     -      -     -      A        A      A      -    -      -    g   -    -      -    e    e    e    e      e    A
e+  E+    E+     E+    .      -   -     -      -     -      c        b      f+     -    -      -    g+  -    -      -    e+   e+   e+   e+     e+   A
F   B     F      B     f      -   -     -      -     -      -        -      -      F    B      F    G   -    -      -    F    F    F    F      F    A
F+  B     F+     B     f+     -   -     -      -     -      -        -      -      F+   B      F+   G+  -    -      -    F+   F+   F+   F+     F+   A
f   B     F      B     .      -   -     -      -     -      -        -      -      f    A      A    g   -    -      -    f    f    f    f      f    A
f+  B     F+     B     .      -   -     -      -     -      -        -      -      f+   b      f+   g+  -    -      -    f+   f+   f+   f+     f+   A
G   G     G      B     g      -   -     -      -     -      -        -      -      -    -      -    -   B    F      -    G    G    G    G      G    A
G+  G+    G+     B     g+     -   -     -      -     -      -        -      -      -    -      -    -   B    F+     -    G+   G+   G+   G+     G+   A
g   G     G      B     .      -   -     -      -     -      -        -      -      -    -      -    -   A    A      -    g    g    g    g      g    A
g+  G+    G+     B     .      -   -     -      -     -      -        -      -      -    -      -    -   b    f+     -    g+   g+   g+   g+     g+   A
"""  # noqa: E501 - a table is read as a table
TABLE = {
    letter: tuple(answers)
    for letter, *answers in (line.split() for line in _TABLE.strip().splitlines()[1:])
}


def test_the_table_has_every_state_and_every_event() -> None:
    assert {state for state, _, _ in LETTERS.values()} == set(State)
    assert TABLE.keys() == LETTERS.keys()
    assert {len(row) for row in TABLE.values()} == {len(EVENTS)}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("letter", TABLE)
def test_every_state_answers_every_event_as_the_table_says(letter: str, event: str) -> None:
    before = _in(letter)
    expected = TABLE[letter][EVENTS.index(event)]

    if expected == "-":
        with pytest.raises(NotAllowed) as refusal:
            MOVES[event](before)
        assert refusal.value.alarm is before
        assert refusal.value.code in {"ended", "state", "already"}
        return
    step = MOVES[event](before)
    if expected == ".":
        assert step is None
        return
    assert step is not None
    if expected in "nh":
        assert step.alarm.id != before.id
        assert (_letter(step.alarm), step.alarm.version) == ("B" if expected == "n" else "F", 1)
        return
    assert _letter(step.alarm) == expected
    assert step.before is before.state
    assert step.at == NOON == step.alarm.changed_at
    assert step.alarm.version == before.version + 1
    assert step.alarm.id == before.id
    assert step.alarm.is_open == (expected != "A")


#: What becomes annunciated anew with each move of the table, and so is counted.
_RINGING = {
    ("b", "raise"): False,  # it was asking for somebody already
    ("C", "unacknowledge"): False,  # a person took it back: it told nobody anything new
    ("c", "unacknowledge"): False,
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("letter", TABLE)
def test_what_comes_into_sight_unacknowledged_rings_and_nothing_else(
    letter: str, event: str
) -> None:
    expected = TABLE[letter][EVENTS.index(event)]
    if expected in {"-", "."}:
        return
    step = MOVES[event](_in(letter))
    assert step is not None
    comes_into_sight = expected in {"B", "b", "n"} and letter not in {"B", "b"}
    assert step.rings == _RINGING.get((letter, event), comes_into_sight)
    if step.alarm.is_hidden and step.type not in {Step.SHELVED, Step.SUPPRESSED}:
        assert step.announced in {None, "unshelved"}


@pytest.mark.parametrize("letter", TABLE)
def test_a_refusal_says_the_state_in_a_sentence(letter: str) -> None:
    before = _in(letter)
    for event, expected in zip(EVENTS, TABLE[letter], strict=True):
        if expected != "-":
            continue
        with pytest.raises(NotAllowed) as refusal:
            MOVES[event](before)
        why = refusal.value.why
        assert str(refusal.value) == why
        assert before.state in why or "ended at" in why or "acknowledged it first" in why


def test_without_a_required_acknowledgement_a_return_ends_the_alarm() -> None:
    before = _in("B", "door")
    step = life.returned(before, a_clear("11:00"), NOON)
    assert step is not None
    assert (step.type, step.alarm.state, step.alarm.ended_at) == (Step.RETURNED, "normal", NOON)


# --- stories: raising ---


def test_the_first_raise_opens_an_occurrence_with_all_that_a_screen_needs(pump: AlarmStory) -> None:
    pump.raises("10:00").expect(
        "unacknowledged",
        told="raised",
        rule="smoke",
        key="panel-1/zone-1",
        source="fire",
        severity=Severity.HIGH,
        active=True,
        area="05443",
        device="panel-1/zone-1",
        title="Báo cháy (khói) tại Phan Đình Phùng",
        title_en="Fire alarm (smoke) in Phan Đình Phùng",
        guidance=("Gọi 114.",),
        raised_at=clock("10:00"),
        condition_at=clock("10:00"),
        lat=21.59,
        lon=105.84,
        event_source="/sia/1234",
        event_id="raise-10:00",
        event_time=clock("10:00"),
        count=1,
        version=1,
    )


def test_raising_twice_keeps_the_acknowledgement(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01", by="lan")
    pump.raises("10:02").expect(
        "acknowledged", told=None, count=2, acknowledged_by="lan", raised_at=clock("10:00")
    )
    assert pump.log[-1].type is Step.REPEATED


def test_raising_twice_rings_once(pump: AlarmStory) -> None:
    pump.raises("10:00").raises("10:01").raises("10:02").expect("unacknowledged", count=3)
    assert [step.announced for step in pump.log] == ["raised", None, None]


def test_a_condition_that_comes_back_rings_again_in_the_same_occurrence(pump: AlarmStory) -> None:
    pump.raises("10:00").clears("10:05").expect("returned", told="returned")
    first = pump.now_alarm.id
    pump.raises("10:10").expect(
        "unacknowledged",
        told="raised",
        id=first,
        count=2,
        raised_at=clock("10:00"),
        condition_at=clock("10:10"),
        returned_at=None,
    )


def test_after_the_end_the_next_raise_is_another_occurrence(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01").clears("10:05").expect("normal", told="returned")
    first = pump.now_alarm
    pump.raises("10:10").expect("unacknowledged", told="raised", count=1, acknowledged_by=None)
    assert pump.now_alarm.id != first.id
    assert first.ended_at == clock("10:05")


def test_a_late_raise_moves_the_beginning_and_what_is_told_of_it(pump: AlarmStory) -> None:
    pump.raises("10:10")
    opened = pump.now_alarm
    pump.raises("10:00").expect(
        "unacknowledged",
        told=None,
        id=opened.id,
        raised_at=clock("10:00"),
        event_id="raise-10:00",
        count=2,
    )


def test_a_late_raise_that_is_over_already_is_still_seen(pump: AlarmStory) -> None:
    pump.raises("10:00").clears("10:05").expect(
        "returned", told="returned", raised_at=clock("10:00"), returned_at=clock("10:05")
    )


def test_a_rise_of_severity_rings_again_and_takes_the_acknowledgement(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01")
    pump.raises("10:02", rule="smoke-worse").expect(
        "unacknowledged",
        told="severity_changed",
        severity=Severity.CRITICAL,
        count=2,
        acknowledged_by=None,
    )
    assert pump.log[-1].rings


def test_a_fall_of_severity_is_told_and_rings_never(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01").raises("10:02", rule="smoke-milder")
    pump.expect(
        "acknowledged", told="severity_changed", severity=Severity.LOW, acknowledged_by="lan"
    )
    assert not pump.log[-1].rings


def test_the_severity_is_that_of_the_newest_event_in_whatever_order_they_come() -> None:
    told = [("10:00", "smoke"), ("10:05", "smoke-worse"), ("10:10", "smoke-milder")]
    for order in itertools.permutations(told):
        story = AlarmStory()
        for at, word in order:
            story.took(life.raised(story.alarm, a_raise(at, word), clock("11:00")))
        story.expect("unacknowledged", severity=Severity.LOW, severity_at=clock("10:10"))


def test_of_two_events_of_one_moment_the_worse_says_how_severe() -> None:
    for order in itertools.permutations(["smoke-worse", "smoke-milder"]):
        story = AlarmStory()
        for word in order:
            story.took(life.raised(story.alarm, a_raise("10:00", word), clock("11:00")))
        story.expect("unacknowledged", severity=Severity.CRITICAL)


def test_coming_back_worse_is_one_raise_with_the_new_severity(pump: AlarmStory) -> None:
    pump.raises("10:00").clears("10:01").raises("10:02", rule="smoke-worse")
    pump.expect("unacknowledged", told="raised", severity=Severity.CRITICAL)


def test_the_same_event_gives_the_same_occurrence_id_and_another_one_another() -> None:
    one = life.raised(None, a_raise("10:00", event="e"), clock("10:00")).alarm.id
    again = life.raised(None, a_raise("10:00", event="e"), clock("18:00")).alarm.id
    other = life.raised(None, a_raise("10:00", event="f"), clock("10:00")).alarm.id
    assert one == again != other


def test_the_parts_of_an_occurrence_id_do_not_run_together() -> None:
    ids = {
        life.occurrence_id(rule, key, replace(Reading(clock("10:00")), ce_source=source, ce_id="d"))
        for rule, key, source in [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", "")]
    }
    assert len(ids) == 3
    assert all(isinstance(each, UUID) for each in ids)


def test_an_id_that_a_sender_uses_again_opens_another_occurrence() -> None:
    first = life.raised(None, a_raise("10:00", event="1"), clock("10:00")).alarm.id
    after_a_reboot = life.raised(None, a_raise("18:00", event="1"), clock("18:00")).alarm.id
    assert first != after_a_reboot


def test_an_occurrence_id_never_changes_between_versions_of_this_program() -> None:
    at = datetime(2026, 11, 22, 2, 14, 12, tzinfo=UTC)
    fact = replace(Reading(at), ce_source="/sia/1234", ce_id="panel-1234-0007")
    found = life.occurrence_id("fire-alarm", "panel-1234/zone-101", fact)
    assert str(found) == "136450f8-f0d8-5ea1-bc7a-373f7931a785"


@pytest.mark.parametrize("bad", [True, "21.5", None, float("nan"), float("inf"), [1]])
def test_a_place_that_is_no_number_is_no_place(bad: object) -> None:
    fact = replace(Reading(clock("10:00")), data={"lat": bad, "lon": 105})
    verdict = Raise(RULES["smoke"], "k", clock("10:00"), fact)
    opened = life.raised(None, verdict, clock("10:00")).alarm
    assert (opened.lat, opened.lon) == (None, 105.0)


# --- stories: acknowledging ---


def test_an_acknowledgement_has_a_name_and_a_time(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01", by="lan").expect(
        "acknowledged", told="acknowledged", acknowledged_by="lan", acknowledged_at=clock("10:01")
    )
    assert (pump.log[-1].by, pump.log[-1].event) == ("lan", None)


def test_the_second_to_acknowledge_hears_who_was_first(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01", by="lan")
    with pytest.raises(NotAllowed, match="lan acknowledged it first") as refusal:
        pump.acknowledges("10:01:01", by="minh")
    assert refusal.value.code == "already"
    pump.expect("acknowledged", acknowledged_by="lan")


def test_acknowledging_what_has_got_worse_meanwhile_is_refused(pump: AlarmStory) -> None:
    pump.raises("10:00").raises("10:01", rule="smoke-worse")
    with pytest.raises(NotAllowed, match="rose from high to critical") as refusal:
        pump.acknowledges("10:02", seen=Severity.HIGH)
    assert refusal.value.code == "severity"
    pump.acknowledges("10:03", seen=Severity.CRITICAL).expect("acknowledged")


def test_acknowledging_what_has_returned_ends_it(pump: AlarmStory) -> None:
    pump.raises("10:00").clears("10:05").acknowledges("10:06").expect(
        "normal",
        told="acknowledged",
        active=False,
        ended_at=clock("10:06"),
        acknowledged_by="lan",
        closed_at=None,
        closing_code=None,
    )


def test_taking_an_acknowledgement_back_leaves_nobody_named(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01").unacknowledges("10:02").expect(
        "unacknowledged", told=None, acknowledged_by=None, acknowledged_at=None
    )


def test_an_expired_acknowledgement_rings_again(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01")
    step = life.acknowledgement_expired(pump.now_alarm, clock("12:00"))
    assert (step.announced, step.alarm.state) == ("reminder", "unacknowledged")
    assert step.alarm.acknowledged_by is None


# --- stories: shelving, suppression, service ---


def test_a_shelved_alarm_stays_silent_until_the_shelf_ends(pump: AlarmStory) -> None:
    pump.raises("09:50").shelves("09:55", until="10:10")
    pump.expect("shelved", told="shelved", shelved_until=clock("10:10"))
    pump.clears("09:58").expect("shelved", told=None, active=False)
    pump.raises("10:00").expect("shelved", told=None, active=True, count=2)
    pump.shelf_ends("10:10").expect("unacknowledged", told="unshelved", shelved_until=None)


def test_a_worse_raise_on_the_shelf_is_kept_and_not_told(pump: AlarmStory) -> None:
    pump.raises("10:00").shelves("10:01", until="11:00")
    pump.raises("10:02", rule="smoke-worse").expect(
        "shelved", told=None, severity=Severity.CRITICAL
    )


def test_what_was_over_when_its_shelf_ended_is_over(pump: AlarmStory) -> None:
    pump.raises("10:00").shelves("10:01", until="10:10").clears("10:05")
    pump.shelf_ends("10:10").expect("normal", ended_at=clock("10:10"), shelved_until=None)


def test_a_shelf_does_not_end_before_its_time(pump: AlarmStory) -> None:
    pump.raises("10:00").shelves("10:01", until="10:10")
    with pytest.raises(NotAllowed, match="until 2026-11-22T10:10:00Z") as refusal:
        pump.shelf_ends("10:09:59")
    assert refusal.value.code == "time"


def test_whoever_takes_an_alarm_off_the_shelf_knows_of_it(pump: AlarmStory) -> None:
    pump.raises("10:00").shelves("10:01", until="11:00").unshelves("10:05", by="minh").expect(
        "acknowledged", told="unshelved", acknowledged_by="minh", acknowledged_at=clock("10:05")
    )


def test_taken_off_the_shelf_an_acknowledgement_is_that_of_the_first(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01", by="lan").shelves("10:02", until="11:00")
    pump.unshelves("10:05", by="minh").expect("acknowledged", acknowledged_by="lan")


def test_an_acknowledgement_does_not_outlive_its_condition_on_the_shelf(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01", by="lan").shelves("10:02", until="11:00")
    pump.clears("10:03").raises("10:04").unshelves("10:05", by="minh")
    pump.expect("acknowledged", acknowledged_by="minh")


@pytest.mark.parametrize("until", ["10:01", "10:00", "09:00"])
def test_a_shelf_that_ends_now_or_earlier_is_refused(pump: AlarmStory, until: str) -> None:
    pump.raises("10:00")
    with pytest.raises(NotAllowed, match="within 7 days") as refusal:
        pump.shelves("10:01", until=until)
    assert refusal.value.code == "time"


def test_a_shelf_is_not_a_way_to_lose_an_alarm(pump: AlarmStory) -> None:
    opened = pump.raises("10:00").now_alarm
    longest = clock("10:01") + life.SHELF_MAX
    assert life.shelve(opened, longest, "lan", clock("10:01")).alarm.shelved_until == longest
    with pytest.raises(NotAllowed):
        life.shelve(opened, longest + timedelta(seconds=1), "lan", clock("10:01"))


def test_the_end_of_a_suppression_rings_when_the_condition_is_true(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01").is_suppressed("10:02")
    pump.expect("suppressed", told="suppressed")
    pump.is_unsuppressed("10:30").expect("unacknowledged", told="raised", acknowledged_by=None)


def test_the_end_of_a_suppression_is_quiet_when_it_is_over(pump: AlarmStory) -> None:
    pump.raises("10:00").is_suppressed("10:02").clears("10:03").expect("suppressed", told=None)
    pump.is_unsuppressed("10:30").expect("normal", told=None, ended_at=clock("10:30"))


def test_back_in_service_a_true_condition_rings(pump: AlarmStory) -> None:
    pump.raises("10:00").leaves_service("10:01").expect("out_of_service", told=None)
    pump.raises("10:02").expect("out_of_service", told=None)
    pump.enters_service("10:30").expect("unacknowledged", told="raised")


def test_going_out_of_service_forgets_the_shelf(pump: AlarmStory) -> None:
    pump.raises("10:00").shelves("10:01", until="11:00").leaves_service("10:02")
    pump.expect("out_of_service", shelved_until=None)


# --- stories: latching, one shot, known for a time, two persons ---


def test_a_latched_alarm_waits_for_somebody_who_looks_and_resets() -> None:
    valve = AlarmStory("valve").raises("10:00").clears("10:05")
    valve.expect("unacknowledged", told="returned", active=False, latched=True, ended_at=None)
    with pytest.raises(NotAllowed) as refusal:
        valve.is_reset("10:06")
    assert refusal.value.code == "state"
    valve.acknowledges("10:07").expect("acknowledged", latched=True)
    valve.is_reset("10:08").expect("normal", told="returned", latched=False, closing_code=None)


def test_a_latched_alarm_that_comes_back_rings_and_cannot_be_reset() -> None:
    valve = AlarmStory("valve").raises("10:00").acknowledges("10:01").clears("10:05")
    valve.expect("acknowledged", latched=True)
    valve.raises("10:10").expect("unacknowledged", told="raised", active=True, latched=False)
    assert valve.log[-1].rings
    valve.acknowledges("10:11")
    with pytest.raises(NotAllowed, match="still true"):
        valve.is_reset("10:12")


def test_what_was_latched_before_it_was_hidden_comes_out_latched() -> None:
    valve = AlarmStory("valve").raises("10:00").clears("10:05").is_suppressed("10:06")
    valve.is_unsuppressed("10:30").expect("unacknowledged", told="raised", latched=True)


def test_a_one_shot_shelf_ends_with_the_condition_and_takes_the_alarm_along(
    pump: AlarmStory,
) -> None:
    pump.raises("10:00").goes_on_the_shelf_once("10:01", until="11:00").clears("10:05")
    pump.expect(
        "normal", told="returned", one_shot=False, shelved_until=None, ended_at=clock("10:05")
    )
    pump.raises("10:06").expect("unacknowledged", told="raised", count=1)


def test_a_one_shot_shelf_is_over_when_its_time_is(pump: AlarmStory) -> None:
    pump.raises("10:00").goes_on_the_shelf_once("10:01", until="11:00").shelf_ends("11:00")
    pump.expect("unacknowledged", told="unshelved", one_shot=False, shelved_by=None)


def test_an_acknowledgement_for_a_time_rings_again_is_given_again_and_ends_with_its_condition() -> (
    None
):
    story = AlarmStory("reminds").raises("10:00").acknowledges("10:01")
    story.expect("acknowledged", acknowledge_until=clock("10:31"))
    with pytest.raises(NotAllowed) as refusal:
        story.reminds("10:30")
    assert refusal.value.code == "time"
    story.reminds("10:31").expect("unacknowledged", told="reminder", acknowledge_until=None)
    story.acknowledges("10:32").expect("acknowledged", acknowledge_until=clock("11:02"))
    story.clears("10:40").expect("normal", told="returned", acknowledge_until=None)


def test_whoever_takes_it_off_the_shelf_knows_of_it_for_as_long() -> None:
    story = AlarmStory("reminds").raises("10:00").acknowledges("10:01")
    story.shelves("10:02", until="11:00").expect("shelved", acknowledge_until=None)
    story.unshelves("10:10").expect("acknowledged", acknowledge_until=clock("10:40"))


def test_a_rise_on_the_shelf_shortens_it_to_what_the_new_severity_may_have(
    pump: AlarmStory,
) -> None:
    pump.raises("10:00").shelves("10:01", until="16:00").raises("10:30", rule="smoke-worse")
    pump.expect("shelved", told=None, shelved_until=clock("11:30"))
    assert life.timers_of(pump.now_alarm) == {"shelf": clock("11:30"), "ack": None}


def test_a_longer_shelf_than_its_limit_is_refused_with_the_limit(pump: AlarmStory) -> None:
    opened = pump.raises("10:00").now_alarm
    with pytest.raises(NotAllowed, match="within 8 hours") as refusal:
        life.shelve(opened, clock("19:00"), "lan", clock("10:01"), limit=timedelta(hours=8))
    assert (refusal.value.code, refusal.value.extra) == ("time", {"limit_s": 28_800})


def test_an_alarm_carries_the_moves_that_two_must_make() -> None:
    story = AlarmStory("closed by two").raises("10:00")
    story.expect("unacknowledged", two_person=("close", "shelve"))
    step = life.requested(story.now_alarm, "close", "lan", clock("10:01"), "nhầm")
    assert (step.alarm.state, step.announced, step.comment) == (
        *("unacknowledged", None, "close: nhầm"),
    )


# --- stories: born hidden, hidden by several ---


def by(*hiding: Hidden | None) -> Callable[[Alarm], Hidden | None]:
    """What hides, the same for whatever would ring."""
    return lambda _: hiding[0]


def test_an_alarm_of_a_maintenance_window_is_born_in_it_and_rings_after_it() -> None:
    (step,), _ = life.followed(None, a_raise("10:00"), clock("10:00"), Around(hides=by(WORK)))
    assert (step.type, step.before, step.alarm.state) == (Step.RAISED, "normal", "suppressed")
    assert (step.announced, step.rings, step.alarm.hidden_by) == (None, False, WORK.by)
    out = life.unsuppress(step.alarm, clock("11:00"))
    assert (out.announced, out.rings, out.alarm.hidden_by) == ("raised", True, ())


def test_an_alarm_that_comes_back_in_a_window_does_not_ring(pump: AlarmStory) -> None:
    returned = pump.raises("10:00").clears("10:05").now_alarm
    (step,), _ = life.followed(returned, a_raise("10:10"), NOON, Around(hides=by(AWAY)))
    assert (step.alarm.state, step.announced, step.rings) == ("out_of_service", None, False)


def test_one_that_becomes_critical_comes_out_of_what_does_not_name_critical() -> None:
    def unless_critical(alarm: Alarm) -> Hidden | None:
        return None if alarm.severity is Severity.CRITICAL else WORK

    around = Around(hides=unless_critical)
    (born,), _ = life.followed(None, a_raise("10:00"), clock("10:00"), around)
    (stays,), _ = life.followed(born.alarm, a_raise("10:01"), clock("10:01"), around)
    assert (stays.alarm.state, stays.type) == ("suppressed", Step.REPEATED)
    worse = a_raise("10:02", "smoke-worse")
    (out,), _ = life.followed(stays.alarm, worse, clock("10:02"), around)
    assert (out.alarm.state, out.rings, out.announced) == (
        *("unacknowledged", True, "severity_changed"),
    )


@pytest.mark.parametrize("letter", ["G", "G+", "g", "g+"])
def test_priority_1_is_out_of_service_only_by_what_names_it(letter: str) -> None:
    worse = a_raise("11:00", "smoke-worse")
    (out,), _ = life.followed(_in(letter), worse, NOON, Around())
    assert (out.alarm.state, out.rings, out.alarm.hidden_by) == ("unacknowledged", True, ())
    (named,), _ = life.followed(_in(letter), worse, NOON, Around(hides=by(AWAY)))
    assert (named.alarm.state, named.rings, named.announced) == ("out_of_service", False, None)
    assert named.alarm.latched is _in(letter).latched


def test_the_first_of_two_reasons_that_ends_does_not_let_it_ring(pump: AlarmStory) -> None:
    pump.raises("10:00").is_suppressed("10:01")
    again = life.suppress(pump.now_alarm, clock("10:02"), WORK)
    assert (again.announced, again.alarm.state) == (None, "suppressed")
    left = life.unsuppress(again.alarm, clock("10:03"), hidden=WORK)
    assert (left.announced, left.rings, left.alarm.state) == (None, False, "suppressed")
    assert life.unsuppress(left.alarm, clock("10:04")).rings


# --- stories: unrest ---


class Unrest(AlarmStory):
    """A story in which what comes and goes too fast is held back."""

    def __init__(self, rule: str = "smoke") -> None:
        super().__init__(rule)
        self.chatter = Chatter()

    def hears(self, verdict: Raise | Clear) -> Unrest:
        alarm = self.alarm if self.alarm is not None and self.alarm.is_open else None
        around = Around(chatter=self.chatter)
        steps, chatter = life.followed(alarm, verdict, verdict.at, around)
        assert chatter is not None
        self.chatter = chatter
        for step in steps:
            self.alarm = step.alarm
            self.log.append(step)
        return self

    def flips(self, *times: str) -> Unrest:
        """Raised and over in turn."""
        for n, at in enumerate(times):
            self.hears(a_clear(at, self.rule) if n % 2 else a_raise(at, self.rule))
        return self

    def calms(self, at: str) -> Unrest:
        self.chatter = calm(self.chatter)
        self._took(life.calmed(self.now_alarm, clock(at)))
        return self

    @property
    def rang(self) -> int:
        return sum(step.rings for step in self.log)


def test_what_chatters_rings_once_and_stays_one_alarm_until_it_is_calm() -> None:
    door = Unrest("door").flips("10:00", "10:00:20", "10:00:30", "10:00:40", "10:00:50")
    assert door.rang == 1
    door.expect("unacknowledged", active=True, chattering_at=clock("10:00:30"))
    door.hears(a_clear("10:00:55", "door")).expect("unacknowledged", told=None, active=False)
    assert calm_due(door.chatter, ChatterLimits()) == clock("10:01:55")
    door.calms("10:01:55").expect("normal", told="returned", chattering_at=None)
    assert [step.type for step in door.log].count(Step.CHATTERING) == 1


def test_what_is_still_true_when_it_is_calm_rings_once() -> None:
    story = Unrest().flips("10:00", "10:00:20", "10:00:30", "10:00:40", "10:00:50")
    story.calms("10:01:50").expect("unacknowledged", told="raised", active=True)
    assert story.rang == 2


def test_an_acknowledgement_is_that_of_the_whole_unrest() -> None:
    story = Unrest().flips("10:00", "10:00:20", "10:00:30")
    story.acknowledges("10:00:35")
    story.hears(a_clear("10:00:40")).expect("acknowledged", active=False)
    story.hears(a_raise("10:00:50")).expect("acknowledged", active=True, acknowledged_by="lan")
    story.calms("10:02").expect("acknowledged", told=None, acknowledged_by="lan")


def test_the_highest_priority_always_rings() -> None:
    story = Unrest("smoke-worse")
    story.flips("10:00", "10:00:10", "10:00:20", "10:00:30", "10:00:40")
    assert story.rang == 3
    story.expect("unacknowledged", told="?", chattering_at=clock("10:00:20"))


def test_what_was_held_back_and_becomes_critical_rings_at_once_and_only_once() -> None:
    story = Unrest("door").flips("10:00", "10:00:05", "10:00:10")
    assert story.rang == 1, "the third flip holds it back"
    story.hears(a_raise("10:00:20", "smoke-worse"))
    story.expect("unacknowledged", told="severity_changed", severity=Severity.CRITICAL)
    assert story.rang == 2
    story.calms("10:01:10").expect("unacknowledged", told=None, chattering_at=None)
    assert story.rang == 2


def test_what_is_fleeting_again_and_again_rings_no_more_unless_it_lasts() -> None:
    door = Unrest("door")
    for minute in ("00", "10", "20"):
        door.flips(f"10:{minute}", f"10:{minute}:05")
        if door.now_alarm.is_open:
            door.calms(f"10:{minute}:59")
    assert door.rang == 3
    door.hears(a_raise("10:30", "door")).expect("unacknowledged", active=True)
    assert door.rang == 3, "it may be over in a moment again"
    door.calms("10:31").expect("unacknowledged", told="raised")
    assert door.rang == 4


# --- stories: closing, assigning, remarks ---


@pytest.mark.parametrize("code", ClosingCode)
def test_closing_says_what_it_was_and_ends_it(pump: AlarmStory, code: ClosingCode) -> None:
    pump.raises("10:00").closes("10:05", code).expect(
        "normal",
        told="closed",
        closing_code=code,
        closed_at=clock("10:05"),
        ended_at=clock("10:05"),
        active=False,
    )


def test_the_closing_codes_are_the_contract() -> None:
    assert {code.value for code in ClosingCode} == {
        *("true", "false", "test", "duplicate", "no_impact")
    }


def test_closed_while_the_condition_goes_on_the_next_event_opens_another(pump: AlarmStory) -> None:
    pump.raises("10:00").closes("10:05", ClosingCode.FALSE)
    first = pump.now_alarm.id
    pump.raises("10:06").expect("unacknowledged", told="raised", closing_code=None)
    assert pump.now_alarm.id != first


def test_a_clear_after_the_end_changes_nothing(pump: AlarmStory) -> None:
    pump.raises("10:00").closes("10:05").clears("10:06").expect("normal", version=2)


def test_a_clear_of_what_was_never_raised_changes_nothing() -> None:
    assert life.returned(None, a_clear("10:00"), clock("10:00")) is None


def test_a_second_clear_changes_nothing(pump: AlarmStory) -> None:
    pump.raises("10:00").clears("10:05").clears("10:06")
    pump.expect("returned", returned_at=clock("10:05"), version=2)


def test_an_alarm_can_be_given_taken_and_left(pump: AlarmStory) -> None:
    opened = pump.raises("10:00").now_alarm
    given = life.assign(opened, "minh", "lan", clock("10:01"), "gần nhất")
    assert (given.alarm.assignee, given.by, given.comment) == ("minh", "lan", "gần nhất")
    left = life.assign(given.alarm, None, "minh", clock("10:02"))
    assert (left.alarm.assignee, left.announced) == (None, None)


def test_a_remark_is_possible_after_the_end(pump: AlarmStory) -> None:
    closed = pump.raises("10:00").closes("10:05", ClosingCode.TRUE).now_alarm
    step = life.comment(closed, "thực ra là diễn tập", "lan", clock("11:00"))
    assert (step.comment, step.alarm.state, step.announced) == (
        *("thực ra là diễn tập", State.NORMAL, None),
    )
    assert step.alarm.closing_code is ClosingCode.TRUE


def test_what_needs_no_acknowledgement_ends_by_itself(door: AlarmStory) -> None:
    door.raises("10:00").expect("unacknowledged", told="raised")
    door.clears("10:01").expect("normal", told="returned", ended_at=clock("10:01"))


def test_what_needs_no_acknowledgement_can_still_get_one(door: AlarmStory) -> None:
    door.raises("10:00").acknowledges("10:01").expect("acknowledged", told="acknowledged")


# --- words outside ---


def test_the_announced_words_are_those_of_the_webhook_contract() -> None:
    contract = {
        *("raised", "severity_changed", "acknowledged", "returned", "shelved", "unshelved"),
        *("suppressed", "closed", "escalated", "reminder"),
    }
    assert {step.value for step in life.ANNOUNCED} == contract - {"escalated"}


def test_the_state_words_are_those_of_the_contract() -> None:
    assert {state.value for state in State} == {
        *("unacknowledged", "acknowledged", "returned", "shelved", "suppressed"),
        *("out_of_service", "normal"),
    }


def test_the_alarm_object_has_the_fields_of_the_contract(pump: AlarmStory) -> None:
    pump.raises("10:00").acknowledges("10:01").shelves("10:02", until="10:30")
    shown = life.to_json(pump.now_alarm, "Phường Phan Đình Phùng")
    assert shown == {
        "id": str(pump.now_alarm.id),
        "rule": "smoke",
        "key": "panel-1/zone-1",
        "source": "fire",
        "severity": "high",
        "priority": 2,
        "state": "shelved",
        "active": True,
        "area": "05443",
        "area_name": "Phường Phan Đình Phùng",
        "device": "panel-1/zone-1",
        "title": "Báo cháy (khói) tại Phan Đình Phùng",
        "title_en": "Fire alarm (smoke) in Phan Đình Phùng",
        "guidance": ["Gọi 114."],
        "raised_at": "2026-11-22T10:00:00Z",
        "changed_at": "2026-11-22T10:02:00Z",
        "returned_at": None,
        "acknowledged_at": "2026-11-22T10:01:00Z",
        "acknowledged_by": "lan",
        "assignee": None,
        "shelved_until": "2026-11-22T10:30:00Z",
        "closed_at": None,
        "closing_code": None,
        "ended_at": None,
        "lat": 21.59,
        "lon": 105.84,
        "event": {"ce_source": "/sia/1234", "id": "raise-10:00", "time": "2026-11-22T10:00:00Z"},
        "count": 1,
        "version": 3,
        "latched": False,
        "one_shot": False,
        "shelved_by": "lan",
        "shelve_reason": "thợ hàn",
        "acknowledge_until": None,
        "hidden_by": [],
        "chattering_at": None,
        "folded": False,
        "first_out": None,
        "incident": None,
        "facts": {},
        "rule_version": 0,
        "two_person": [],
    }


def test_the_log_of_a_move_of_the_stream_names_its_event(pump: AlarmStory) -> None:
    pump.raises("10:00").clears("10:05")
    assert [(step.event, step.event_at) for step in pump.log] == [
        (("/sia/1234", "raise-10:00"), clock("10:00")),
        (("/sia/1234", "clear-10:05"), clock("10:05")),
    ]


def test_a_return_by_silence_names_no_event(pump: AlarmStory) -> None:
    pump.raises("10:00")
    rule: Rule = RULES["smoke"]
    step = life.returned(
        pump.now_alarm, Clear(rule, "panel-1/zone-1", clock("10:10"), None), clock("10:12")
    )
    assert step is not None
    assert (step.event, step.event_at, step.at) == (None, clock("10:10"), clock("10:12"))


# --- whatever happens, in whatever order ---

#: Moves with the minute of the day at which they happen.
ANY_MOVE = st.tuples(st.sampled_from(EVENTS), st.booleans())


def _made(event: str, alarm: Alarm, minute: int, *, worse: bool) -> Transition | None:
    at = f"{10 + minute // 60}:{minute % 60:02}"
    now = clock(at)
    match event:
        case "raise" | "worse" | "raise in hiding":  # each is an event of its own
            rule = "smoke-worse" if worse or event == "worse" else "smoke"
            hidden = WORK if event == "raise in hiding" else None
            return life.raised(alarm, a_raise(at, rule), now, hidden=hidden)
        case "return":
            return life.returned(alarm, a_clear(at), now)
        case "shelve":
            return life.shelve(alarm, now + timedelta(minutes=1), "lan", now)
        case "shelf elapses":
            return life.shelf_elapsed(alarm, now)
        case _:
            return MOVES[event](alarm)


@settings(max_examples=300)
@given(st.lists(ANY_MOVE, max_size=40), st.booleans())
def test_no_sequence_of_moves_breaks_what_always_holds(
    moves: list[tuple[str, bool]], ack_required: bool
) -> None:
    rule = "smoke" if ack_required else "door"
    step: Transition | None = life.raised(None, a_raise("09:59", rule), clock("09:59"))
    assert step is not None
    alarm = step.alarm
    for minute, (event, worse) in enumerate(moves):
        before = alarm
        try:
            step = _made(event, alarm, minute, worse=worse)
        except NotAllowed:
            continue
        if step is None:
            continue
        alarm = step.alarm
        assert alarm.version == (before.version + 1 if alarm.id == before.id else 1)
        assert (alarm.state is State.NORMAL) == (alarm.ended_at is not None)
        assert alarm.is_hidden or alarm.active == (
            alarm.state in {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}
        )
        assert (alarm.state is State.SHELVED) == (alarm.shelved_until is not None)
        assert alarm.state is not State.ACKNOWLEDGED or alarm.acknowledged_by is not None
        assert alarm.state is not State.UNACKNOWLEDGED or alarm.acknowledged_by is None
        assert alarm.state is not State.RETURNED or alarm.ack_required
        assert (alarm.closing_code is None) == (alarm.closed_at is None)
        assert alarm.raised_at <= alarm.event_time
        assert life.to_json(alarm, None)["state"] == alarm.state


@settings(max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 59)), min_size=1, max_size=12))
def test_an_operator_who_does_nothing_loses_nothing(verdicts: list[tuple[bool, int]]) -> None:
    """With nobody at the console every raise ends in an alarm that still asks for somebody."""
    alarm: Alarm | None = None
    for is_raise, minute in verdicts:
        at = f"10:{minute:02}"
        step = (
            life.raised(alarm, a_raise(at), clock("11:00"))
            if is_raise
            else life.returned(alarm, a_clear(at), clock("11:00"))
        )
        alarm = alarm if step is None else step.alarm
    raises = sum(is_raise for is_raise, _ in verdicts)
    if not raises:
        assert alarm is None
        return
    assert alarm is not None
    assert alarm.is_open
    assert alarm.count == raises
    assert alarm.state in {State.UNACKNOWLEDGED, State.RETURNED}


# --- the table as a model: any moves one after the other ---

_LATER = clock("14:00")
_MACHINE_MOVES = MOVES | {
    "shelf elapses": lambda alarm: life.shelf_elapsed(alarm, _LATER),
    "elapses in hiding": lambda alarm: life.shelf_elapsed(alarm, _LATER, hidden=WORK),
    "ack expires": lambda alarm: life.acknowledgement_expired(alarm, _LATER),
}
_RAISES = {"raise", "raise in hiding", "worse"}


class Life(RuleBasedStateMachine):
    """The table is the model: whatever is done, the alarm is where the table says."""

    @initialize(rule=st.sampled_from(["smoke", "valve", "reminds"]))
    def is_raised(self, rule: str) -> None:
        self.rule = rule
        self.alarm = life.raised(None, a_raise("10:00", rule), clock("10:00")).alarm
        self.letter = "B"
        self.step: Transition | None = None
        self.condition = True

    @rule(event=st.sampled_from(EVENTS))
    def happens(self, event: str) -> None:
        before, letter = self.alarm, self.letter
        expected = self.expected(event)
        if expected == "-":
            with pytest.raises(NotAllowed):
                _MACHINE_MOVES[event](before)
            self.step = None
            return
        self.step = _MACHINE_MOVES[event](before)
        if expected == ".":
            assert self.step is None
            return
        assert self.step is not None
        self.alarm = self.step.alarm
        self.letter = {"n": "B", "h": "F"}.get(expected, expected)
        if event in _RAISES:
            self.condition = True
        elif event == "return" or self.letter == "A":
            self.condition = False
        assert _letter(self.alarm) == self.letter, f"{letter} -> {event}"
        assert expected in "nh" or self.alarm.version == before.version + 1
        rose = self.alarm.severity.priority < before.severity.priority
        assert (
            not (rose and self.alarm.id == before.id)
            or self.alarm.acknowledged_by is None
            or (before.state is not State.ACKNOWLEDGED)
        )

    def expected(self, event: str) -> str:
        """What the table says; it was written for a rule that does not latch, and for a rise."""
        if event == "return" and self.letter in {"B", "C"} and self.alarm.latch:
            return self.letter.lower()
        if event == "worse" and self.letter == "C" and self.alarm.severity is Severity.CRITICAL:
            return "C"
        is_out = self.alarm.state is State.OUT_OF_SERVICE
        if event == "worse" and is_out and self.alarm.severity is Severity.CRITICAL:
            event = "raise"
        return TABLE[self.letter][EVENTS.index(event)]

    @invariant()
    def the_condition_is_the_last_word_of_the_stream(self) -> None:
        assert self.alarm.active == self.condition

    @invariant()
    def what_is_hidden_says_nothing(self) -> None:
        if self.step is not None and self.alarm.is_hidden:
            assert self.step.announced in {None, "shelved", "suppressed", "unshelved"}
            assert not self.step.rings

    @invariant()
    def every_shelf_and_every_acknowledgement_for_a_time_has_its_timer(self) -> None:
        timers = life.timers_of(self.alarm)
        is_known = self.alarm.state is State.ACKNOWLEDGED
        assert (timers["shelf"] is not None) == (self.alarm.state is State.SHELVED)
        assert (timers["ack"] is not None) == (is_known and self.alarm.ack_expires_s is not None)

    @invariant()
    def in_sight_something_stands_or_waits_to_be_seen(self) -> None:
        if self.alarm.state in {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}:
            assert self.alarm.active != self.alarm.latched
        assert self.alarm.is_open == (self.alarm.state is not State.NORMAL)
        assert bool(self.alarm.hidden_by) <= self.alarm.is_hidden


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=200, stateful_step_count=30)
