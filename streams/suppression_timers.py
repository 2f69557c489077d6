"""Timers of suppressions: their begin, their end and their next turn, in pages.

The handler holds the suppressions' lock alone (architecture.md, rule 8): it waits for everything
that rings just now and sees what that has stored; what rings afterwards sees what it has stored.
The suppression's own row is locked last and without waiting, like its timer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from connectors.timescale import alarms, suppression_pages, suppressions, timers
from connectors.timescale.database import Conn, Database
from connectors.timescale.timers import Timer
from ioc.alarm import Alarm, State, Transition, return_to_service, suppress, unsuppress
from ioc.rule import RuleSet
from ioc.suppression import Suppression, hiding, turn
from streams.timers import ArmedAnewError, Bulk, Handler

#: So many alarms a transaction: batches that ring wait for it.
PAGE = 500

Live = Sequence[Suppression]


def handlers(rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does, one at a time."""
    return {suppressions.TIMER: follow}


def bulk(rules: RuleSet) -> dict[str, Bulk]:
    """Return what each kind does with many that are due together."""
    return {}


def follow(db: Database, timer: Timer, now: datetime) -> None:
    """Do what it is time for: begin a suppression, let go what it hid, or wait for its turn.

    Payload: `after` and `n`, the rule and key with which the page before ended, and how many alarms
    there were up to it; none: the first page.
    """
    with db.transaction() as conn:
        if not timers.is_mine(conn, timer):
            return
        live = suppressions.live_alone(conn, now)
        known = suppressions.one(conn, UUID(timer.key))
        following: Timer | None = None
        if known is not None and _is_over(known, now):
            following = _release(conn, timer, known, live, now)
        elif known is not None:
            following = _hide(conn, timer, known, live, now)
        if not timers.take(conn, timer):
            raise ArmedAnewError
        if following is not None:
            timers.arm(conn, following)


def _is_over(known: Suppression, now: datetime) -> bool:
    return known.ended_at is not None or (known.until_at is not None and known.until_at <= now)


def _hide(conn: Conn, timer: Timer, known: Suppression, live: Live, now: datetime) -> Timer | None:
    """Hide a page of what is open; return when to look at it again."""
    if now < known.from_at:
        return replace(timer, due_at=known.from_at, payload={})
    is_first = known.begun_at is None
    if not is_first and "after" not in timer.payload:
        return _at_end(timer, known)
    rule, key = ("", "") if is_first else timer.payload["after"]
    page = suppression_pages.lock_to_hide(conn, known, (rule, key), PAGE)
    moves = list(filter(None, (_hidden(alarm, live, now) for alarm in page)))
    _check_unchanged(conn, known)
    n = len(moves) + (0 if is_first else timer.payload["n"])
    if is_first:
        suppressions.begin(conn, known, now)
    is_last = len(page) < PAGE
    if is_last:
        suppressions.begun(conn, known, n, now)
    alarms.apply(conn, moves)
    if is_last:
        return _at_end(timer, known)
    return replace(timer, due_at=now, payload={"after": [page[-1].rule, page[-1].key], "n": n})


def _hidden(alarm: Alarm, live: Live, now: datetime) -> Transition | None:
    hidden = hiding(live, alarm, now)
    if hidden is None or (alarm.state is hidden.state and alarm.hidden_by == hidden.by):
        return None
    return suppress(alarm, now, hidden)


def _at_end(timer: Timer, known: Suppression) -> Timer | None:
    if known.until_at is None:
        return None  # who ends it arms it again
    return replace(timer, due_at=known.until_at, payload={})


def _release(
    conn: Conn, timer: Timer, known: Suppression, live: Live, now: datetime
) -> Timer | None:
    """Let go a page of what it hides, the most urgent first; return what is to do after it."""
    span = _next_turn(known, now)
    if span is not None and span[0] <= now and known.begun_at is not None:
        # Turns without a gap between them are one.
        _check_unchanged(conn, known)
        suppressions.go_on(conn, known, span)
        return replace(timer, due_at=span[1], payload={})
    page = suppression_pages.lock_to_release(conn, known.id, PAGE)
    page.sort(key=lambda alarm: (alarm.severity.priority, alarm.raised_at, alarm.id))
    moves = [_released(alarm, known, live, now) for alarm in page]
    _check_unchanged(conn, known)
    n = len(moves) + timer.payload.get("n", 0)
    is_last = len(page) < PAGE
    if is_last:
        suppressions.over(conn, known, span, n, now)
    alarms.apply(conn, moves)
    if not is_last:
        return replace(timer, due_at=now, payload={"n": n})
    return span and replace(timer, due_at=span[0], payload={})


def _released(alarm: Alarm, known: Suppression, live: Live, now: datetime) -> Transition:
    hidden = hiding(live, alarm, now)
    if alarm.state is State.OUT_OF_SERVICE:
        by = known.ended_by or known.by
        return return_to_service(alarm, by, now, hidden=hidden)
    return unsuppress(alarm, now, hidden=hidden)


def _next_turn(known: Suppression, now: datetime) -> tuple[datetime, datetime] | None:
    if known.ended_at is not None or known.recurrence is None:
        return None
    return turn(known.recurrence, known.duration, now)


def _check_unchanged(conn: Conn, known: Suppression) -> None:
    if not suppressions.is_as(conn, known):
        raise ArmedAnewError
