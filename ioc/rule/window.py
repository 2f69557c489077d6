"""What a rule remembers of one key: a few event times, small enough for a database row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ioc.rule.definition import Rule
from ioc.rule.fact import Fact
from ioc.rule.verdict import Clear, Decision, Raise

#: Most marks of each sort that one window keeps: 4 KB as JSON. It must hold the largest `count.n`
#: (100) twice over; a key with more events than this within lateness + `within` forgets the oldest.
MARKS_MAX = 256
#: An event may be this far ahead of `received_at`; so much further back must marks be kept.
CLOCK_AHEAD = timedelta(minutes=5)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Event times, sorted, all aware UTC.

    `raised`: the newest event that belongs to a raised condition; `cleared`: the newest clear.
    Only `count` keeps more: its `marks` (events like this), `clears`, and `settled`, the newest
    raised mark among those that were forgotten because no event can come before them any more.
    """

    raised: datetime | None = None
    cleared: datetime | None = None
    marks: tuple[datetime, ...] = ()
    clears: tuple[datetime, ...] = ()
    settled: datetime | None = None

    def to_json(self) -> dict[str, object]:
        """Return the row's JSON: microseconds since 1970."""
        return {
            "raised": micros_of(self.raised),
            "cleared": micros_of(self.cleared),
            "marks": [micros_of(mark) for mark in self.marks],
            "clears": [micros_of(mark) for mark in self.clears],
            "settled": micros_of(self.settled),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> Window:
        """Return the window of a row; TypeError when the row is not one of ours."""
        return cls(
            instant_of(row.get("raised")),
            instant_of(row.get("cleared")),
            _instants(row.get("marks")),
            _instants(row.get("clears")),
            instant_of(row.get("settled")),
        )


#: A key that was never heard of; `evaluate` takes it when there is no row.
EMPTY = Window()


@dataclass(frozen=True, slots=True)
class Marks:
    """How a kind keeps its marks."""

    with_mark: Callable[[Rule, Window, datetime], tuple[Window, datetime | None]]
    with_clear: Callable[[Rule, Window, datetime], Window]


def told(
    rule: Rule, marks: Marks, window: Window, fact: Fact, key: str
) -> tuple[Window, tuple[Decision, ...]]:
    """Return the window after an event that raises or clears, and what follows."""
    if rule.raises(fact):
        return _after_mark(rule, marks, window, fact, key)
    return _after_clear(rule, marks, window, fact, key)


def silent(rule: Rule, key: str, window: Window, due: datetime) -> Clear | None:
    """Return the clear by silence, or None when something came since the timer was set."""
    now_due = silence_due(rule, window)
    if now_due is None or now_due > due:
        return None
    return Clear(rule, key, now_due, None)


def _after_mark(
    rule: Rule, marks: Marks, window: Window, fact: Fact, key: str
) -> tuple[Window, tuple[Decision, ...]]:
    if is_late(rule, fact):
        return window, ()
    at = fact.time.astimezone(UTC)
    found: list[Decision] = []
    due = silence_due(rule, window)
    if due is not None and at > due:
        # The silence was over before this event, whether or not its timer has run by now.
        found.append(Clear(rule, key, due, None))
    after, met = marks.with_mark(rule, window, at)
    if met is not None:
        found.append(Raise(rule, key, met, fact))
        if not is_active(rule, after):
            found.append(Clear(rule, key, max(met, ended_at(rule, after)), None))
    return after, tuple(found)


def _after_clear(
    rule: Rule, marks: Marks, window: Window, fact: Fact, key: str
) -> tuple[Window, tuple[Decision, ...]]:
    at = fact.time.astimezone(UTC)
    was_active, raised, due = is_active(rule, window), window.raised, silence_due(rule, window)
    # Too late to raise is not too late to clear: nobody else may come to end this alarm.
    if is_late(rule, fact) and not (was_active and raised is not None and at > raised):
        return window, ()
    after = marks.with_clear(rule, window, at)
    if not was_active or is_active(rule, after):
        return after, ()
    assert raised is not None
    if due is not None and due < at:
        return after, (Clear(rule, key, due, None),)
    return after, (Clear(rule, key, max(at, raised), fact),)


def is_active(rule: Rule, window: Window) -> bool:
    """Return whether the condition is true, as far as events say: silence after the last one
    ends it too, and that is for `silent` to say when the stream has passed that time.
    """
    if window.raised is None or (window.cleared is not None and window.cleared > window.raised):
        return False
    return not _fell_silent(rule, window)


def ended_at(rule: Rule, window: Window) -> datetime:
    """Return when a condition that was raised and is not active any more came to its end."""
    raised = window.raised
    assert raised is not None
    ends = [clear for clear in window.clears if clear > raised][:1]
    if not ends and window.cleared is not None and window.cleared > raised:
        ends = [window.cleared]
    if _fell_silent(rule, window):
        assert rule.silence is not None
        ends.append(raised + rule.silence)
    return min(ends, default=raised)


def silence_due(rule: Rule, window: Window) -> datetime | None:
    """Return when silence clears the condition if nothing more comes; None: never."""
    if rule.silence is None or window.raised is None or not is_active(rule, window):
        return None
    return window.raised + rule.silence


def is_forgettable(rule: Rule, window: Window, progress: datetime) -> bool:
    """Return whether the row can go: no event that may still come needs it.

    `progress` is how far the stream has been processed (`received_at`).
    """
    due = silence_due(rule, window)
    if is_active(rule, window) and (due is None or due > progress):
        return False
    known = [window.raised, window.cleared, *window.marks[-1:]]
    newest = max((each for each in known if each is not None), default=_EPOCH)
    return newest < progress - reach(rule)


def reach(rule: Rule) -> timedelta:
    """Return how far back of the newest event a window matters."""
    return rule.max_lateness + CLOCK_AHEAD + max(rule.within, rule.silence or timedelta(0))


def is_late(rule: Rule, fact: Fact) -> bool:
    """Return whether the event came too late to raise."""
    return fact.received_at - fact.time > rule.max_lateness


def _fell_silent(rule: Rule, window: Window) -> bool:
    """A newer event like this that does not belong to the condition: there was a gap before it."""
    return (
        rule.silence is not None
        and window.raised is not None
        and bool(window.marks)
        and window.marks[-1] > window.raised
    )


def micros_of(instant: datetime | None) -> int | None:
    """Return microseconds since 1970, as rows have them."""
    return None if instant is None else (instant - _EPOCH) // _MICROSECOND


def instant_of(micros: object) -> datetime | None:
    """Return the aware UTC instant of microseconds since 1970; TypeError when they are none."""
    if micros is None:
        return None
    if not isinstance(micros, int):
        raise TypeError(f"a window's time is a number of microseconds, not {micros!r}")
    return _EPOCH + micros * _MICROSECOND


def _instants(row: object) -> tuple[datetime, ...]:
    if not isinstance(row, Sequence):
        raise TypeError(f"a window's marks are a list, not {row!r}")
    return tuple(instant for instant in map(instant_of, row) if instant is not None)
