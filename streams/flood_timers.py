"""The timer that looks whether a flood is over, and then shows what was folded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from connectors.timescale import alarms, floods, philosophies, timers
from connectors.timescale.database import Conn, Database
from connectors.timescale.floods import LOOK_EVERY, Flood
from connectors.timescale.timers import Timer
from ioc.flood import ends
from ioc.rule import RuleSet
from streams.timers import ArmedAnewError, Bulk, Handler

#: So many alarms are shown again in one transaction.
PAGE = 500
#: Counting goes on this far, for the peak; a longer list is not read every few seconds.
RINGS_MAX = 10_000


def handlers(rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does, one at a time."""
    return {floods.TIMER: look}


def bulk(rules: RuleSet) -> dict[str, Bulk]:
    """Return what each kind does with many that are due together."""
    return {}


def look(db: Database, timer: Timer, now: datetime) -> None:
    """End a flood when it has become calm; after it, show what was folded, page by page."""
    with db.transaction() as conn:
        if not timers.is_mine(conn, timer):
            return
        flood = floods.one(conn, UUID(timer.key))
        next_at: datetime | None = None
        if flood is not None and flood.ended_at is None:
            next_at = _looked(conn, flood, now)
        elif flood is not None:
            next_at = now if floods.unfold(conn, PAGE) == PAGE else None
        done = timers.take(conn, timer) if next_at is None else timers.rearm(conn, timer, next_at)
        if not done:
            raise ArmedAnewError


def _looked(conn: Conn, flood: Flood, now: datetime) -> datetime:
    floods.unfold_heads(conn)
    limits = philosophies.newest(conn).flood
    since = now - limits.within
    rings = floods.rings(conn, flood.position, since, RINGS_MAX)
    if not ends(rings, limits):
        floods.peaked(conn, flood, rings)
        return now + LOOK_EVERY
    floods.lock_log(conn, alarms.ALARM_LOG_LOCK)
    if not ends(floods.rings(conn, flood.position, since, limits.end_lt), limits):
        return now + LOOK_EVERY
    floods.end(conn, flood, limits.within, now)
    return now
