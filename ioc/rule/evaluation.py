"""From one new event and what is remembered of its key to what follows.

The order in which events arrive decides nothing but what comes on the way: after the last one, the
condition is what it would have been had they come in the order of their times.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from ioc.rule.definition import Rule
from ioc.rule.fact import Fact
from ioc.rule.kinds import EVENT_KINDS, Memory
from ioc.rule.verdict import Decision

M = TypeVar("M", bound=Memory)


def evaluate(rule: Rule, memory: M, fact: Fact) -> tuple[M, tuple[Decision, ...]]:
    """Return the memory after a new event, and decisions in the order to apply them.

    The memory is the same object when nothing is to be stored. Whenever it is another one or a
    decision came, the key's timer is due at `due(rule, memory)` from now on.
    """
    key = rule.key(fact)
    if key is None or not (rule.raises(fact) or rule.clears(fact)):
        return memory, ()
    after, found = EVENT_KINDS[rule.kind].told(rule, memory, fact, key)
    return after, found


def due(rule: Rule, memory: Memory, after: datetime | None = None) -> datetime | None:
    """Return when time alone changes something, if later than `after`; None: never."""
    return EVENT_KINDS[rule.kind].due(rule, memory, after)


def elapsed(rule: Rule, key: str, memory: M, at: datetime) -> tuple[M, tuple[Decision, ...]]:
    """Return what time alone has changed at an instant that was due, and the memory after it.

    Nothing, and the same memory, when that is not so any more.
    """
    after, found = EVENT_KINDS[rule.kind].elapsed(rule, key, memory, at)
    return after, found


def is_forgettable(rule: Rule, memory: Memory, progress: datetime) -> bool:
    """Return whether the row can go: no event that may still come needs it.

    `progress` is how far the stream has been processed (`received_at`).
    """
    return EVENT_KINDS[rule.kind].is_forgettable(rule, memory, progress)
