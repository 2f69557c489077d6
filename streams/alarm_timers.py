"""Timers of one alarm: its shelf, its acknowledgement, its calm, an approval nobody gave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from connectors.timescale import alarms, approvals, chatter, suppressions, timers
from connectors.timescale.database import Database
from connectors.timescale.timers import Timer
from ioc.alarm import (
    Alarm,
    NotAllowed,
    Transition,
    acknowledgement_expired,
    calmed,
    rejected,
    shelf_elapsed,
    suppress,
)
from ioc.chattering import calm, calm_due
from ioc.rule import RuleSet
from ioc.suppression import Suppression, hiding
from streams.timers import ArmedAnewError, Bulk, Handler

SHELF, ACK = "shelf", "ack"


def handlers(rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does, one at a time."""
    return {SHELF: _alone, ACK: _alone, "calm": calm_of(rules), "approval": approval}


def bulk(rules: RuleSet) -> dict[str, Bulk]:
    """Return what each kind does with many that are due together."""
    # One function for both, so that shelves and acknowledgements keep their order.
    return {SHELF: elapse, ACK: elapse}


def elapse(db: Database, due: Sequence[Timer], now: datetime) -> None:
    """Let shelves and acknowledgements run out, in the order given; each takes its timer along.

    What somebody has moved meanwhile has no such timer any more, or another one.
    """
    with db.transaction() as conn:
        live = suppressions.live(conn, now)
        ids = [UUID(timer.key) for timer in due]
        known = alarms.lock(conn, ids)
        steps: list[Transition] = []
        idle: list[Timer] = []
        for timer, alarm_id in zip(due, ids, strict=True):
            alarm = known.get(alarm_id)
            step = None if alarm is None else _elapsed(timer, alarm, live, now)
            if step is None:
                idle.append(timer)
            else:
                steps.append(step)
                known[step.alarm.id] = step.alarm
        suppressions.inhibit(conn, (), steps, now)
        alarms.apply(conn, steps)
        timers.take_all(conn, idle)


def _alone(db: Database, timer: Timer, now: datetime) -> None:
    elapse(db, [timer], now)


def _elapsed(
    timer: Timer, alarm: Alarm, live: Sequence[Suppression], now: datetime
) -> Transition | None:
    hidden = hiding(live, alarm, now)
    try:
        if timer.kind == SHELF:
            return shelf_elapsed(alarm, now, hidden=hidden)
        step = acknowledgement_expired(alarm, now)
    except NotAllowed:
        return None
    return step if hidden is None else suppress(alarm, now, hidden)


def calm_of(rules: RuleSet) -> Handler:
    """Let go what chattered and has kept still."""

    def calm_down(db: Database, timer: Timer, now: datetime) -> None:
        key = (timer.payload["rule"], timer.payload["key"])
        limits = rules.philosophy.chattering
        with db.transaction() as conn:
            if not timers.is_mine(conn, timer):
                return
            alarm = alarms.lock_open(conn, [key]).get(key)
            known = chatter.lock(conn, [key]).get(key)
            due_at = None if known is None else calm_due(known, limits)
            if due_at is not None and due_at > timer.due_at:
                # The site waits longer by now.
                if not timers.rearm(conn, timer, due_at):
                    raise ArmedAnewError
                return
            if known is not None:
                chatter.save(conn, {key: calm(known)}, limits)
            if alarm is not None and alarm.chattering_at is not None:
                step = calmed(alarm, now)
                suppressions.inhibit(conn, (), [step], now)
                alarms.apply(conn, [step])
            if not timers.take(conn, timer):
                raise ArmedAnewError

    return calm_down


def approval(db: Database, timer: Timer, now: datetime) -> None:
    """End a request that nobody has decided in time, and say so in its alarm's log."""
    with db.transaction() as conn:
        asked = approvals.one(conn, UUID(timer.key))
        alarm: Alarm | None = None
        if asked is not None and asked.subject == approvals.ALARM:
            alarm = alarms.lock(conn, [UUID(asked.subject_id)]).get(UUID(asked.subject_id))
        expired = None if asked is None else approvals.expire(conn, asked.id, now)
        if expired is None:
            timers.take(conn, timer)
        elif alarm is not None:
            alarms.apply(conn, [rejected(alarm, expired.move, None, now, "nobody approved it")])
