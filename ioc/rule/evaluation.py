"""From one new event and what is remembered of its key to verdicts.

The order in which events arrive decides nothing but which verdicts come on the way: after the last
one, the condition is what it would have been had they come in the order of their times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ioc.rule import count, match
from ioc.rule.definition import Kind, Rule
from ioc.rule.fact import Fact
from ioc.rule.verdict import Clear, Raise, Verdict
from ioc.rule.window import Window, ended_at, is_active, silence_due


@dataclass(frozen=True, slots=True)
class _Marks:
    """How a kind keeps its marks."""

    with_mark: Callable[[Rule, Window, datetime], tuple[Window, datetime | None]]
    with_clear: Callable[[Rule, Window, datetime], Window]


_KINDS: Mapping[Kind, _Marks] = {
    Kind.MATCH: _Marks(match.with_mark, match.with_clear),
    Kind.COUNT: _Marks(count.with_mark, count.with_clear),
}


def evaluate(rule: Rule, window: Window, fact: Fact) -> tuple[Window, tuple[Verdict, ...]]:
    """Return the window after a new event, and the verdicts in the order to apply them.

    The window is the same object when nothing is to be stored. Whenever it is another one or a
    verdict came, the key's silence timer is `silence_due(rule, window)` from now on.
    """
    key = rule.key(fact)
    if key is None:
        return window, ()
    if rule.raises(fact):
        return _after_mark(rule, window, fact, key)
    if rule.clears(fact):
        return _after_clear(rule, window, fact, key)
    return window, ()


def silent(rule: Rule, key: str, window: Window, due: datetime) -> Clear | None:
    """Return the clear by silence, or None when something came since the timer was set."""
    now_due = silence_due(rule, window)
    if now_due is None or now_due > due:
        return None
    return Clear(rule, key, now_due, None)


def _after_mark(
    rule: Rule, window: Window, fact: Fact, key: str
) -> tuple[Window, tuple[Verdict, ...]]:
    if _is_late(rule, fact):
        return window, ()
    at = fact.time.astimezone(UTC)
    verdicts: list[Verdict] = []
    due = silence_due(rule, window)
    if due is not None and at > due:
        # The silence was over before this event, whether or not its timer has run by now.
        verdicts.append(Clear(rule, key, due, None))
    after, met = _KINDS[rule.kind].with_mark(rule, window, at)
    if met is not None:
        verdicts.append(Raise(rule, key, met, fact))
        if not is_active(rule, after):
            verdicts.append(Clear(rule, key, max(met, ended_at(rule, after)), None))
    return after, tuple(verdicts)


def _after_clear(
    rule: Rule, window: Window, fact: Fact, key: str
) -> tuple[Window, tuple[Verdict, ...]]:
    at = fact.time.astimezone(UTC)
    was_active, raised, due = is_active(rule, window), window.raised, silence_due(rule, window)
    # Too late to raise is not too late to clear: nobody else may come to end this alarm.
    if _is_late(rule, fact) and not (was_active and raised is not None and at > raised):
        return window, ()
    after = _KINDS[rule.kind].with_clear(rule, window, at)
    if not was_active or is_active(rule, after):
        return after, ()
    assert raised is not None
    if due is not None and due < at:
        return after, (Clear(rule, key, due, None),)
    return after, (Clear(rule, key, max(at, raised), fact),)


def _is_late(rule: Rule, fact: Fact) -> bool:
    return fact.received_at - fact.time > rule.max_lateness
