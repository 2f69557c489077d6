"""Timers of incidents: alarms that follow into theirs, and evidence that is not needed any more."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from connectors.timescale import alarms, incidents, timers
from connectors.timescale.database import Database
from connectors.timescale.timers import Timer
from ioc.rule import RuleSet
from streams.timers import DAY, EXPIRE_ROWS, ArmedAnewError, Bulk, Handler

log = logging.getLogger(__name__)


def handlers(rules: RuleSet) -> Mapping[str, Handler]:
    """Return what each kind of timer does."""
    del rules  # what stands where is in rows
    return {incidents.FOLLOW: follow, incidents.EXPIRE: expire}


def bulk(rules: RuleSet) -> Mapping[str, Bulk]:
    """Return what is done with many at once: nothing of these."""
    del rules
    return {}


def follow(db: Database, timer: Timer, now: datetime) -> None:
    """Tell alarms that stand in this incident so, which somebody held when they were linked."""
    with db.transaction() as conn:
        if not timers.is_mine(conn, timer):
            return
        incidents.alone(conn)
        alarms.apply(conn, incidents.followed(conn, [UUID(timer.key)], {}, now))
        # Not taken: some are still held, or a page was full; it is armed for the next turn.
        timers.take(conn, timer)


def expire(db: Database, timer: Timer, now: datetime) -> None:
    """Delete old evidence that is part of no incident, a page at a time."""
    with db.transaction() as conn:
        if not timers.is_mine(conn, timer):
            return
        incidents.alone(conn)
        deleted = incidents.expire_evidence(conn, now - incidents.EVIDENCE_AGE, EXPIRE_ROWS)
        if not timers.rearm(conn, timer, now if deleted >= EXPIRE_ROWS else now + DAY):
            raise ArmedAnewError
    if deleted:
        log.info("%s: %d rows deleted", timer.kind, deleted, extra={"action": "expire_rows"})
