"""From new events to transitions: rules, what they remember, and the alarms that are open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from connectors.timescale import windows
from connectors.timescale.database import Conn
from connectors.timescale.windows import Key
from ioc.alarm import Transition
from ioc.event import Event
from ioc.rule import (
    Decision,
    EventRef,
    Kind,
    Pending,
    Per,
    Raise,
    Rule,
    RuleSet,
    Verdict,
    due,
    evaluate,
)
from ioc.rule.kinds import EVENT_KINDS, Memory
from ioc.rule.scan import Finding, Notice
from ioc.rule.window import CLOCK_AHEAD
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
    stored = windows.lock(conn, rules.by_id, list({touch.of for touch in touches}))
    verdicts = resolved(conn, _evaluated(conn, touches, stored, now), now)
    return applied(conn, rules, verdicts, now)


def resolved(conn: Conn, decisions: Sequence[Decision], now: datetime) -> list[Verdict]:
    """Return the decisions with every event read back that a raise tells of."""
    refs = {each.event for each in decisions if isinstance(each, Pending)}
    events = windows.events_at(conn, list(refs)) if refs else {}
    return [_verdict(each, events, now) for each in decisions]


def _verdict(decision: Decision, events: Mapping[EventRef, Event], now: datetime) -> Verdict:
    if not isinstance(decision, Pending):
        return decision
    rule, key = decision.rule, decision.key
    event = events.get(decision.event)
    if event is not None:
        return Raise(rule, key, decision.at, event)
    # The events of that day are deleted by now; that it is so is still true.
    device = key if rule.per == (Per.DEVICE,) else None
    finding = Finding(key, decision.event.time, area=None, device=device)
    return Raise(rule, key, decision.at, Notice(rule, finding, now))


def _touches(rules: RuleSet, events: Iterable[Event]) -> Iterable[Touch]:
    for event in events:
        for rule in rules.touched(event):
            key = rule.key(event)
            if key is not None:
                yield Touch(rule, key, event)


def _evaluated(
    conn: Conn, touches: Sequence[Touch], stored: Mapping[Key, Memory], now: datetime
) -> list[Decision]:
    known = dict(stored)
    # Later events of this batch have their turn yet; as history they would come before it.
    to_come = {(touch.of, touch.event.time, touch.event.id) for touch in touches}
    changed: dict[Key, Memory] = {}
    timers: dict[str, dict[Key, datetime | None]] = {}
    decisions: list[Decision] = []
    for touch in touches:
        to_come.discard((touch.of, touch.event.time, touch.event.id))
        kind = EVENT_KINDS[touch.rule.kind]
        memory = known.get(touch.of, kind.empty)
        facts = [touch.event]
        has_history = (touch.rule.per, touch.rule.type) in _WITH_HISTORY
        if touch.of not in known and has_history and touch.event.ref is not None:
            if not touch.rule.raises(touch.event):
                continue
            facts = [
                event
                for event in _history(conn, touch)
                if event is touch.event
                or (touch.rule.clears(event) and (touch.of, event.time, event.id) not in to_come)
            ]
        before = memory
        for fact in facts:
            memory, found = evaluate(touch.rule, memory, fact)
            decisions += found
        if memory is not before:
            changed[touch.of] = known[touch.of] = memory
        timers.setdefault(kind.timer, {})[touch.of] = due(touch.rule, memory)
    windows.save(conn, changed, timers, now)
    return decisions


def _history(conn: Conn, touch: Touch) -> list[Event]:
    """Return the event in the midst of what was said before and after it of the same thing."""
    rule, event = touch.rule, touch.event
    earlier: list[Event] = []
    if rule.kind is not Kind.MATCH:
        # A late event may come before those: what was said in between then is between.
        since = event.time - rule.max_lateness - CLOCK_AHEAD - rule.within
        earlier = [
            each
            for each in windows.earlier_events(conn, event, since)
            if each.id != event.id or each.time != event.time
        ]
    return [*earlier, event, *windows.later_events(conn, event)]
