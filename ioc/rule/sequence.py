"""Kind `sequence`: events like these, one after the other, at the same key.

Everything here is a function of the *set* of events. An event of the last step **meets** the
sequence when events of the steps before it came in their order, the first at most `within` before
it, with no clear between the first and it; then the condition is raised. Within the rule's silence
after such an event, another of the last step prolongs it, if no clear is in between. Events of one
instant may come in any order; one event is never two steps that follow each other.
"""

from __future__ import annotations

import collections.abc
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ioc.event import identity
from ioc.rule.condition import Condition
from ioc.rule.definition import Rule
from ioc.rule.fact import Fact
from ioc.rule.verdict import Clear, Decision, EventRef, Pending, Raise
from ioc.rule.window import (
    CLOCK_AHEAD,
    MARKS_MAX,
    Window,
    ended_at,
    instant_of,
    is_active,
    is_late,
    micros_of,
    reach,
    silence_due,
)

MARKS_KEPT = 192


@dataclass(frozen=True, slots=True)
class Step:
    """One of the events: its type and the condition on it."""

    type: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Sequence:
    """The steps in their order; the last at most `within` after the first, in event time."""

    within: timedelta
    steps: tuple[Step, ...]

    def condition(self) -> Condition:
        """Return: the event is one of the steps."""
        steps = self.steps

        def test(fact: Fact) -> bool:
            return any(step.type == fact.type and step.when.test(fact) for step in steps)

        reads = frozenset[str]().union(*(step.when.reads for step in steps))
        return Condition(test, reads=reads, is_steady=all(step.when.is_steady for step in steps))

    def of_type(self, event_type: str) -> list[Condition]:
        """Return the conditions of the steps of a type."""
        return [step.when for step in self.steps if step.type == event_type]


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """An event: its time, the steps that it can be (bit 0 is the first), its id."""

    at: datetime
    steps: int
    id: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What is remembered: marks and clears in order of time, all aware UTC.

    `raised` is the newest mark of the last step that belongs to a raised condition, `cleared` the
    newest clear, `settled` the newest raised mark among those that were forgotten.
    """

    marks: tuple[Mark, ...] = ()
    clears: tuple[datetime, ...] = ()
    raised: datetime | None = None
    cleared: datetime | None = None
    settled: datetime | None = None

    def to_json(self) -> dict[str, object]:
        """Return the row's JSON: microseconds since 1970."""
        return {
            "steps": [[micros_of(mark.at), mark.steps, mark.id] for mark in self.marks],
            "clears": [micros_of(clear) for clear in self.clears],
            "raised": micros_of(self.raised),
            "cleared": micros_of(self.cleared),
            "settled": micros_of(self.settled),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> Steps:
        """Return the memory of a row; TypeError when the row is not one of ours."""
        steps, clears = row.get("steps"), row.get("clears")
        if not isinstance(steps, list) or not isinstance(clears, list):
            raise TypeError(f"a row of steps is not {row!r}")
        return cls(
            tuple(_mark(each) for each in steps),
            tuple(at for at in map(instant_of, clears) if at is not None),
            instant_of(row.get("raised")),
            instant_of(row.get("cleared")),
            instant_of(row.get("settled")),
        )


#: A key that was never heard of.
NONE = Steps()


def told(rule: Rule, memory: Steps, fact: Fact, key: str) -> tuple[Steps, tuple[Decision, ...]]:
    """Return the memory after a new event, and what that changes, in order."""
    at = fact.time.astimezone(UTC)
    if rule.raises(fact):
        return (memory, ()) if is_late(rule, fact) else _after_step(rule, memory, fact, key)
    before = _window(rule, memory)
    was_active, raised, due = is_active(rule, before), memory.raised, silence_due(rule, before)
    # Too late to raise is not too late to clear: nobody else may come to end this alarm.
    if is_late(rule, fact) and not (was_active and raised is not None and at > raised):
        return memory, ()
    after = _with_clear(rule, memory, at)
    if not was_active or is_active(rule, _window(rule, after)):
        return after, ()
    assert raised is not None
    if due is not None and due < at:
        return after, (Clear(rule, key, due, None),)
    return after, (Clear(rule, key, max(at, raised), fact),)


def due(rule: Rule, memory: Steps, after: datetime | None = None) -> datetime | None:
    """Return when silence clears the condition, if that is later than `after`; None: never."""
    found = silence_due(rule, _window(rule, memory))
    return None if found is None or (after is not None and found <= after) else found


def elapsed(
    rule: Rule, key: str, memory: Steps, at: datetime
) -> tuple[Steps, tuple[Decision, ...]]:
    """Return the clear by silence, or nothing when something came since the timer was set."""
    found = due(rule, memory)
    return memory, () if found is None or found > at else (Clear(rule, key, found, None),)


def is_forgettable(rule: Rule, memory: Steps, progress: datetime) -> bool:
    """Return whether the row can go: no event that may still come needs it."""
    window = _window(rule, memory)
    silent_at = silence_due(rule, window)
    if is_active(rule, window) and (silent_at is None or silent_at > progress):
        return False
    newest = max(
        filter(None, (memory.raised, memory.cleared, *(mark.at for mark in memory.marks[-1:]))),
        default=None,
    )
    return newest is None or newest < progress - reach(rule)


def _after_step(
    rule: Rule, memory: Steps, fact: Fact, key: str
) -> tuple[Steps, tuple[Decision, ...]]:
    sequence = rule.of
    assert isinstance(sequence, Sequence)
    can_be = sum(
        1 << n
        for n, step in enumerate(sequence.steps)
        if step.type == fact.type and step.when.test(fact)
    )
    mark = Mark(fact.time.astimezone(UTC), can_be, identity(fact.ce_source, fact.ce_id))
    marks = list(memory.marks)
    insort(marks, mark)
    found: list[Decision] = []
    silent_at = silence_due(rule, _window(rule, memory))
    if silent_at is not None and _is_last(rule, mark) and mark.at > silent_at:
        # The silence was over before this event, whether or not its timer has run by now.
        found.append(Clear(rule, key, silent_at, None))
    was = set(_hot(rule, memory))
    whole = replace(memory, marks=tuple(marks))
    hot = _hot(rule, whole)
    raised = hot[-1].at if hot else memory.settled
    after = _settled(rule, replace(whole, raised=raised), hot)
    began = [each for each in hot if each not in was]
    if not began:
        return after, tuple(found)
    # What the alarm is about is told by the last step, whichever came last.
    last = mark if mark in began else began[0]
    if last is mark:
        found.append(Raise(rule, key, mark.at, fact))
    else:
        found.append(Pending(rule, key, last.at, EventRef(last.at, last.id)))
    window = _window(rule, after)
    if not is_active(rule, window):
        found.append(Clear(rule, key, max(last.at, ended_at(rule, window)), None))
    return after, tuple(found)


def _with_clear(rule: Rule, memory: Steps, at: datetime) -> Steps:
    clears = list(memory.clears)
    insort(clears, at)
    cleared = at if memory.cleared is None else max(at, memory.cleared)
    after = replace(memory, clears=tuple(clears[-MARKS_MAX:]), cleared=cleared)
    hot = _hot(rule, after)
    return _settled(rule, replace(after, raised=hot[-1].at if hot else memory.settled), hot)


def _is_last(rule: Rule, mark: Mark) -> bool:
    sequence = rule.of
    assert isinstance(sequence, Sequence)
    return bool(mark.steps >> (len(sequence.steps) - 1) & 1)


def _window(rule: Rule, memory: Steps) -> Window:
    """Return the last steps as a window has its marks: when it ends is said there."""
    last = tuple(mark.at for mark in memory.marks if _is_last(rule, mark))
    return Window(memory.raised, memory.cleared, last, memory.clears, memory.settled)


def _hot(rule: Rule, memory: Steps) -> list[Mark]:
    """Return the marks of the last step that belong to a raised condition."""
    starts = _starts(rule, memory.marks)
    newest, found = memory.settled, list[Mark]()
    for mark, start in zip(memory.marks, starts, strict=True):
        if not _is_last(rule, mark):
            continue
        if memory.settled is not None and mark.at <= memory.settled:
            hot = mark.at == memory.settled
        else:
            hot = _is_met(rule, memory.clears, mark.at, start)
            hot = hot or _prolongs(rule, memory.clears, newest, mark.at)
        if hot:
            newest = mark.at
            found.append(mark)
    return found


def _is_met(
    rule: Rule, clears: collections.abc.Sequence[datetime], at: datetime, start: datetime | None
) -> bool:
    if start is None or at - start > rule.within:
        return False
    clear = bisect_right(clears, start)
    return clear == len(clears) or clears[clear] >= at  # at the same instant the raise wins


def _prolongs(
    rule: Rule, clears: collections.abc.Sequence[datetime], hot: datetime | None, at: datetime
) -> bool:
    if rule.silence is None or hot is None or at - hot > rule.silence:
        return False
    clear = bisect_right(clears, hot)
    return clear == len(clears) or clears[clear] > at


def _starts(rule: Rule, marks: collections.abc.Sequence[Mark]) -> list[datetime | None]:
    """Return for each mark the latest first step from which the steps lead to it as the last."""
    sequence = rule.of
    assert isinstance(sequence, Sequence)
    found: list[datetime | None] = [mark.at if mark.steps & 1 else None for mark in marks]
    for n in range(1, len(sequence.steps)):
        before, found = found, [None] * len(marks)
        best: datetime | None = None  # of all marks before the present instant
        place = 0
        while place < len(marks):
            end = place
            while end < len(marks) and marks[end].at == marks[place].at:
                end += 1
            for i in range(place, end):
                if marks[i].steps >> n & 1:
                    others = [before[j] for j in range(place, end) if j != i]
                    found[i] = max(filter(None, (best, *others)), default=None)
            best = max(filter(None, (best, *before[place:end])), default=None)
            place = end
    return found


def _settled(rule: Rule, memory: Steps, hot: collections.abc.Sequence[Mark]) -> Steps:
    """Return the memory without the marks that no event to come can need (as in `count`)."""
    marks, clears = memory.marks, memory.clears
    newest = max((*(mark.at for mark in marks[-1:]), *clears[-1:]))
    far = newest - 2 * reach(rule)
    too_old = bool(marks and marks[0].at < far) or bool(clears and clears[0] < far)
    if len(marks) <= MARKS_MAX and not too_old:
        return memory
    final = newest - rule.max_lateness - CLOCK_AHEAD  # no event to come is older than this
    cut = bisect_left(marks, final - rule.within, key=lambda mark: mark.at)
    if len(marks) > MARKS_MAX:
        cut = max(cut, len(marks) - MARKS_KEPT)
    until = max(final, marks[cut - 1].at) if cut else final
    settled = max((mark.at for mark in hot if mark.at <= until), default=memory.settled)
    kept = clears[bisect_left(clears, final - rule.within) :]
    gone = clears[: len(clears) - len(kept)]
    if settled is not None and any(clear > settled for clear in gone):
        settled = None  # it was over before what is kept begins
    return replace(memory, marks=marks[cut:], clears=kept, settled=settled)


def _mark(row: object) -> Mark:
    at = instant_of(row[0]) if isinstance(row, list) and len(row) == 3 else None
    if at is None or not isinstance(row, list):
        raise TypeError(f"a mark is a list of time, steps and id, not {row!r}")
    return Mark(at, int(row[1]), str(row[2]))
