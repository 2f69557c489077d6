"""Timers of what a rule remembers of a key: silence, and delays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.timescale import alarms, timers, windows
from connectors.timescale.database import Conn, Database
from connectors.timescale.timers import Timer
from connectors.timescale.windows import Key
from ioc.rule import Decision, RuleSet, due, elapsed
from ioc.rule.kinds import EVENT_KINDS, TIMERS, Memory
from streams.evaluate import resolved
from streams.timers import ArmedAnewError, Bulk, Handler, leave_to_new_rules
from streams.verdicts import applied


def handlers(rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does, one at a time."""

    def handle(db: Database, timer: Timer, now: datetime) -> None:
        with db.transaction() as conn:
            if timers.is_mine(conn, timer):
                _run(conn, rules, [timer], now)

    return dict.fromkeys(TIMERS, handle)


def bulk(rules: RuleSet) -> dict[str, Bulk]:
    """Return what each kind does with many that are due together."""

    def handle(db: Database, due_now: Sequence[Timer], now: datetime) -> None:
        with db.transaction() as conn:
            mine = [timer for timer in due_now if timers.is_mine(conn, timer)]
            _run(conn, rules, mine, now)

    return dict.fromkeys(TIMERS, handle)


def _run(conn: Conn, rules: RuleSet, due_now: Sequence[Timer], now: datetime) -> None:
    """Change what time alone changes, as the rules' memories say it now.

    Raises:
        ArmedAnewError: an event has set one of the timers anew meanwhile, or a rule is new.
    """
    leave_to_new_rules(conn, rules, (_key(timer)[0] for timer in due_now))
    by_key = {_key(timer): timer for timer in due_now if _key(timer)[0] in rules.by_id}
    windows.lock_rules(conn, {rule for rule, _ in by_key}, ())
    known = windows.lock(conn, rules.by_id, list(by_key))
    decisions: list[Decision] = []
    changed: dict[Key, Memory] = {}
    next_at: dict[str, dict[Key, datetime | None]] = {}
    for (rule_id, key), timer in by_key.items():
        rule = rules.by_id[rule_id]
        if rule.kind not in EVENT_KINDS or (rule_id, key) not in known:
            continue
        memory, found = elapsed(rule, key, known[rule_id, key], timer.due_at)
        decisions += found
        if memory is not known[rule_id, key]:
            changed[rule_id, key] = memory
        kind = EVENT_KINDS[rule.kind].timer
        next_at.setdefault(kind, {})[rule_id, key] = due(rule, memory, timer.due_at)
    alarms.apply(conn, applied(conn, rules, resolved(conn, decisions, now), now))
    for timer in due_now:
        if not timers.take(conn, timer):
            raise ArmedAnewError
    windows.save(conn, changed, _to_set(next_at), now)


def _key(timer: Timer) -> Key:
    return timer.payload["rule"], timer.payload["key"]


def _to_set(
    next_at: dict[str, dict[Key, datetime | None]],
) -> dict[str, dict[Key, datetime | None]]:
    """Return those that are due again; what is not has gone with its row."""
    return {
        kind: {key: at for key, at in times.items() if at is not None}
        for kind, times in next_at.items()
    }
