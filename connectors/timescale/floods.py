"""Floods as rows: counted and folded under the lock of the alarm log, so the counts are exact.

Who is folded is a column of `alarms` that only this module writes: `fold` for rows that its
transaction has locked anyway, the flood's timer (streams.flood_timers) for all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from connectors.timescale import philosophies, timers
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from connectors.timescale.timers import Timer
from ioc.alarm import HIDDEN, Alarm, State, Transition
from ioc.flood import begins, position_of
from ioc.philosophy import FloodLimits, Position
from ioc.severity import Severity

SQL = queries("floods")

TIMER = "flood"
LOOK_EVERY = timedelta(seconds=5)

Group = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """A row of `floods`; `alarms` counts the rings of it, `peak_10m` the most within the limit."""

    id: UUID
    position: str
    began_at: datetime
    ended_at: datetime | None
    alarms: int
    peak_10m: int


def fold(conn: Conn, steps: Sequence[Transition], now: datetime) -> frozenset[UUID]:
    """Count what rings, begin floods, and return which of these alarms are folded after it.

    Called with the alarm log's lock held, the alarms stored and these steps not yet in the log.
    In a flood what appears is folded when its group (rule and area) can be seen already; priority
    1 never is, and one that has become it is unfolded.
    """
    last = {step.alarm.id: step.alarm for step in steps}
    was = {step.alarm.id for step in steps if step.alarm.folded}
    folded = {found for found in was if last[found].severity is not Severity.CRITICAL}
    rung = [step for step in steps if step.rings]
    if rung:
        appeared, calm = _counted(conn, rung, now)
        folded -= {*appeared, *calm}
        folded |= _beside_others(
            conn, [last[found] for found in appeared if _can_be_seen(last[found])]
        )
    _set(conn, folded - was, is_folded=True)
    _set(conn, was - folded, is_folded=False)
    return frozenset(folded)


def _can_be_seen(alarm: Alarm) -> bool:
    return alarm.is_open and alarm.state not in HIDDEN


def _counted(
    conn: Conn, rung: Sequence[Transition], now: datetime
) -> tuple[list[UUID], frozenset[UUID]]:
    """Count the rings; return which alarms appeared in a flood, in order, and which in none."""
    watch = _Watch(conn, now)
    appeared: dict[UUID, None] = {}
    calm: set[UUID] = set()
    for step in rung:
        if not watch.rang(step.alarm):
            calm.add(step.alarm.id)
        # What could be seen before its ring stays where people have seen it.
        elif step.before is State.NORMAL or step.before in HIDDEN:
            appeared[step.alarm.id] = None
    watch.store()
    return list(appeared), frozenset(calm)


class _Watch:
    """The positions while some alarms ring; one call of `fold`."""

    def __init__(self, conn: Conn, now: datetime) -> None:
        self._conn, self._now = conn, now
        rows = conn.execute(SQL["state"]).fetchall()
        self._positions = [_position(row) for row in rows]
        self._floods: dict[str, UUID] = {row["id"]: row["flood"] for row in rows if row["flood"]}
        self._limits: FloodLimits | None = None
        #: Rings within the limit at positions without a flood, and those of this call in floods.
        self._rings: dict[str, int] = {}
        self._more: dict[UUID, int] = {}

    def rang(self, alarm: Alarm) -> bool:
        """Count one ring; return whether its position is in a flood now."""
        position = position_of(self._positions, alarm)
        if position is None:
            return False
        flood = self._floods.get(position.id)
        if flood is not None:
            self._more[flood] = self._more.get(flood, 0) + 1
            return True
        if self._limits is None:
            self._limits = philosophies.newest(self._conn).flood
        if position.id not in self._rings:
            enough = self._limits.start_gt + 1
            self._rings[position.id] = rings(
                self._conn, position.id, self._now - self._limits.within, enough
            )
        self._rings[position.id] += 1
        if not begins(self._rings[position.id], self._limits):
            return False
        self._floods[position.id] = self._begun(position.id, self._rings[position.id])
        return True

    def _begun(self, position: str, alarms: int) -> UUID:
        values = {"position": position, "now": self._now, "alarms": alarms}
        row = self._conn.execute(SQL["open"], values).fetchone()
        assert row is not None
        flood: UUID = row["id"]
        # Nobody else knows this key yet, so nobody is waited for under the log's lock.
        timers.arm(self._conn, Timer(TIMER, str(flood), timers.WALL, self._now + LOOK_EVERY))
        return flood

    def store(self) -> None:
        """Write how often it rang in floods."""
        for flood, alarms in self._more.items():
            self._conn.execute(SQL["more"], {"id": flood, "alarms": alarms})


def _position(row: Mapping[str, Any]) -> Position:
    areas, sources = row["areas"], row["sources"]
    return Position(
        row["id"],
        row["id"],
        row["id"],
        areas=None if areas is None else frozenset(areas),
        sources=None if sources is None else frozenset(sources),
    )


def _beside_others(conn: Conn, appeared: Sequence[Alarm]) -> set[UUID]:
    """Return those whose group can be seen by another alarm; the first of a group stays."""
    minor = [alarm for alarm in appeared if alarm.severity is not Severity.CRITICAL]
    if not minor:
        return set()
    groups = list({(alarm.rule, alarm.area): None for alarm in minor})
    rows = conn.execute(
        SQL["heads"],
        {
            "rules": [rule for rule, _ in groups],
            "areas": [area for _, area in groups],
            "rung": [alarm.id for alarm in appeared],
        },
    )
    seen: set[Group] = {groups[row["n"] - 1] for row in rows}
    seen |= {(alarm.rule, alarm.area) for alarm in appeared if alarm.severity is Severity.CRITICAL}
    folded: set[UUID] = set()
    for alarm in minor:
        group = (alarm.rule, alarm.area)
        if group in seen:
            folded.add(alarm.id)
        seen.add(group)
    return folded


def _set(conn: Conn, ids: set[UUID], *, is_folded: bool) -> None:
    if ids:
        conn.execute(SQL["set_folded"], {"ids": list(ids), "folded": is_folded})


# The end of a flood -------------------------------------------------------------------------------


def rings(conn: Conn, position: str, since: datetime, limit: int) -> int:
    """Return how often it rang at a position after `since`; counting stops at `limit`."""
    values = {"position": position, "since": since, "limit": limit}
    row = conn.execute(SQL["rings"], values).fetchone()
    return 0 if row is None else int(row["n"])


def lock_log(conn: Conn, lock: int) -> None:
    """Take the alarm log's lock: whoever rings waits for us, or is counted by now."""
    conn.execute(SQL["lock_log"], {"lock": lock})


def one(conn: Conn, flood_id: UUID) -> Flood | None:
    """Return a flood; None when there is none with this id."""
    row = conn.execute(SQL["one"], {"id": flood_id}).fetchone()
    return Flood(**row) if row else None


def peaked(conn: Conn, flood: Flood, within: int) -> None:
    """Note how much it is now, if it was never more."""
    conn.execute(SQL["peaked"], {"id": flood.id, "rings": within})


def end(conn: Conn, flood: Flood, within: timedelta, now: datetime) -> None:
    """End a flood, with the alarm log's lock held: from here on nothing more is folded."""
    conn.execute(SQL["end"], {"id": flood.id, "now": now})
    span = {"since": flood.began_at - within, "until": now, "within": within}
    row = conn.execute(SQL["peak"], {**span, "position": flood.position}).fetchone()
    peaked(conn, flood, row["n"] if row else 0)


def unfold(conn: Conn, limit: int) -> int:
    """Show a page of what is folded where no flood is on (any more); return how many."""
    return conn.execute(SQL["unfold"], {"limit": limit}).rowcount


def unfold_heads(conn: Conn) -> int:
    """Show the earliest of each group of which none can be seen; return how many."""
    return conn.execute(SQL["unfold_heads"]).rowcount


def follow_positions(conn: Conn, positions: Sequence[Position]) -> None:
    """Make the positions in force those of the philosophy, in its order."""
    conn.execute(SQL["forget_positions"], {"ids": [each.id for each in positions]})
    for rank, each in enumerate(positions):
        row = {"id": each.id, "name": each.name, "name_en": each.name_en, "rank": rank}
        row["areas"] = None if each.areas is None else sorted(each.areas)
        row["sources"] = None if each.sources is None else sorted(each.sources)
        conn.execute(SQL["keep_position"], row)


# What is to be seen -------------------------------------------------------------------------------


def in_force(conn: Conn, ended_since: datetime) -> list[Flood]:
    """Return the floods that are on, and those that ended after a time."""
    return [Flood(**row) for row in conn.execute(SQL["in_force"], {"since": ended_since})]


# Figures ------------------------------------------------------------------------------------------


def count_open(conn: Conn) -> int:
    """Return at how many positions a flood is on."""
    row = conn.execute(SQL["open_count"]).fetchone()
    return 0 if row is None else int(row["n"])


def newest_entry(conn: Conn) -> int:
    """Return the number of the alarm log's last entry; 0: there is none."""
    row = conn.execute(SQL["newest_entry"]).fetchone()
    return 0 if row is None else int(row["seq"])


def rung_since(conn: Conn, seq: int) -> tuple[dict[int, int], int]:
    """Return how often it rang after a number of the log, by priority, and up to which number."""
    rows = conn.execute(SQL["rung_since"], {"seq": seq}).fetchall()
    return {row["priority"]: row["n"] for row in rows}, max([seq, *(row["seq"] for row in rows)])
