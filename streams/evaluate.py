"""From new events to transitions: rules, what they remember, and the alarms that are open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from connectors.timescale import windows
from connectors.timescale.database import Conn
from connectors.timescale.windows import Key
from ioc.alarm import Transition
from ioc.event import Event
from ioc.rule import EMPTY, Per, Rule, RuleSet, Verdict, Window, evaluate, silence_due
from streams.verdicts import applied

#: Keys with a history of their own in `events` (its `ref`); for these a clear without a raise is
#: not remembered, see connectors.timescale.windows. The history of a citizen's phone is that of its
#: report, so a device of other types has none.
_WITH_HISTORY = {
    ((Per.DEVICE,), "ioc.camera.alert"),
    ((Per.DEVICE,), "ioc.fire.reading"),
    ((Per.REPORT,), "ioc.citizen.report"),
}


class Touch(NamedTuple):
    """A new event that a rule has something to say about."""

    rule: Rule
    key: str
    event: Event

    @property
    def of(self) -> Key:
        """Whose window it is."""
        return self.rule.id, self.key


def transitions(
    conn: Conn, rules: RuleSet, events: Sequence[Event], now: datetime
) -> list[Transition]:
    """Return what these new events do to alarms; windows and timers are stored on the way."""
    touches = list(_touches(rules, events))
    if not touches:
        return []
    raising = [touch for touch in touches if touch.rule.raises(touch.event)]
    windows.lock_rules(
        conn, {touch.rule.id for touch in raising}, {touch.rule.id for touch in touches}
    )
    stored = windows.lock(conn, list({touch.of for touch in touches}))
    verdicts = _evaluated(conn, touches, stored, now)
    return applied(conn, rules, verdicts, now)


def _touches(rules: RuleSet, events: Iterable[Event]) -> Iterable[Touch]:
    for event in events:
        for rule in rules.touched(event):
            key = rule.key(event)
            if key is not None:
                yield Touch(rule, key, event)


def _evaluated(
    conn: Conn, touches: Sequence[Touch], stored: dict[Key, Window], now: datetime
) -> list[Verdict]:
    known = dict(stored)
    # Later events of this batch have their turn yet; as history they would come before it.
    to_come = {(touch.of, touch.event.time, touch.event.id) for touch in touches}
    changed: dict[Key, Window] = {}
    silences: dict[Key, datetime | None] = {}
    verdicts: list[Verdict] = []
    for touch in touches:
        to_come.discard((touch.of, touch.event.time, touch.event.id))
        window = known.get(touch.of)
        facts = [touch.event]
        has_history = (touch.rule.per, touch.rule.type) in _WITH_HISTORY
        if window is None and has_history and touch.event.ref is not None:
            if not touch.rule.raises(touch.event):
                continue
            later = windows.later_events(conn, touch.event)
            facts += [
                event
                for event in later
                if touch.rule.clears(event) and (touch.of, event.time, event.id) not in to_come
            ]
        for fact in facts:
            window, found = evaluate(touch.rule, window or EMPTY, fact)
            verdicts += found
        assert window is not None
        if window is not known.get(touch.of, EMPTY):
            changed[touch.of] = known[touch.of] = window
        silences[touch.of] = silence_due(touch.rule, window)
    windows.save(conn, changed, silences, now)
    return verdicts
