"""The kinds of rules that are judged event by event: how each remembers and decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from ioc.rule import count, duration, match, samples, sequence, threshold, window
from ioc.rule.definition import Kind, Rule
from ioc.rule.fact import Fact
from ioc.rule.samples import Delays, Samples
from ioc.rule.verdict import Decision
from ioc.rule.window import Window


class Memory(Protocol):
    """What a rule remembers of one key; small enough for a database row."""

    def to_json(self) -> dict[str, object]:
        """Return the row's JSON."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """How an event rule remembers and decides.

    `told` takes a new event and its key and returns the same memory when nothing is to be stored.
    `due` says when time alone changes something (stream time), later than an instant if one is
    given; `elapsed` what it changes when the stream has passed that time, and the memory after it.
    `timer` is the kind of the timer's row. Only rows of this kind have the word `shape`: a rule may
    change its kind and keep its id.
    """

    empty: Any
    shape: str
    from_json: Callable[[Mapping[str, object]], Any]
    told: Callable[[Rule, Any, Fact, str], tuple[Any, tuple[Decision, ...]]]
    due: Callable[[Rule, Any, datetime | None], datetime | None]
    elapsed: Callable[[Rule, str, Any, datetime], tuple[Any, tuple[Decision, ...]]]
    is_forgettable: Callable[[Rule, Any, datetime], bool]
    timer: str = "silence"


def _windowed(marks: window.Marks) -> EventKind:
    def told(
        rule: Rule, known: Window, fact: Fact, key: str
    ) -> tuple[Window, tuple[Decision, ...]]:
        return window.told(rule, marks, known, fact, key)

    def due(rule: Rule, known: Window, after: datetime | None) -> datetime | None:
        found = window.silence_due(rule, known)
        return None if found is None or (after is not None and found <= after) else found

    def elapsed(
        rule: Rule, key: str, known: Window, at: datetime
    ) -> tuple[Window, tuple[Decision, ...]]:
        clear = window.silent(rule, key, known, at)
        return known, () if clear is None else (clear,)

    return EventKind(
        window.EMPTY, "marks", Window.from_json, told, due, elapsed, window.is_forgettable
    )


def _sampled(delays: Callable[[Rule], Delays]) -> EventKind:
    def told(
        rule: Rule, known: Samples, fact: Fact, key: str
    ) -> tuple[Samples, tuple[Decision, ...]]:
        return samples.told(rule, delays(rule), known, fact, key)

    def due(rule: Rule, known: Samples, after: datetime | None) -> datetime | None:
        return samples.due(rule, delays(rule), known, after)

    def elapsed(
        rule: Rule, key: str, known: Samples, at: datetime
    ) -> tuple[Samples, tuple[Decision, ...]]:
        return samples.elapsed(rule, delays(rule), key, known, at)

    def is_forgettable(rule: Rule, known: Samples, progress: datetime) -> bool:
        return samples.is_forgettable(rule, delays(rule), known, progress)

    return EventKind(
        *(samples.NONE, "samples", Samples.from_json, told, due, elapsed, is_forgettable), "delay"
    )


EVENT_KINDS: Mapping[Kind, EventKind] = MappingProxyType(
    {
        Kind.MATCH: _windowed(window.Marks(match.with_mark, match.with_clear)),
        Kind.COUNT: _windowed(window.Marks(count.with_mark, count.with_clear)),
        Kind.THRESHOLD: _sampled(threshold.delays),
        Kind.DURATION: _sampled(duration.delays),
        Kind.SEQUENCE: EventKind(
            sequence.NONE,
            "steps",
            sequence.Steps.from_json,
            sequence.told,
            sequence.due,
            sequence.elapsed,
            sequence.is_forgettable,
        ),
    }
)
#: All kinds of timers that event rules have.
TIMERS = tuple(sorted({kind.timer for kind in EVENT_KINDS.values()}))


def memory(rule: Rule, row: Mapping[str, object]) -> Memory:
    """Return what a row remembers; nothing when the rule was of another kind then.

    Raises:
        TypeError: the row is not one of ours.
    """
    kind = EVENT_KINDS[rule.kind]
    found: Memory = kind.from_json(row) if kind.shape in row else kind.empty
    return found
