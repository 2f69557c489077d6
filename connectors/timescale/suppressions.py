"""Suppressions as rows, with their log.

What is live is a matter of rows, not of clocks: whoever rings reads them under a shared lock, and
the handler that begins or ends one (streams.suppression_timers) holds that lock alone. Making and
ending by a person, or by a parent alarm, only writes the row and arms its timer for now.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
from psycopg.types.json import Jsonb

from connectors.timescale import timers
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from connectors.timescale.timers import Timer
from ioc.alarm import Alarm, Transition
from ioc.errors import ConflictError, NotFoundError
from ioc.severity import Severity
from ioc.suppression import Inhibition, Kind, Matcher, Suppression, Window, turn

log = logging.getLogger(__name__)

SQL = queries("suppressions")

#: Who rings holds it shared, who begins or ends a suppression alone (architecture.md, rule 8).
SUPPRESSIONS_LOCK = 7_110
#: Everybody who rings reads all of them.
OPEN_MAX = 1_000
TIMER = "suppression"
#: Who makes and ends windows of files.
_FILES = "maintenance.yaml"
_WINDOWS = UUID("6d1c1c55-8a5c-5a0c-9d0e-1f5b7a3c9e42")

_FIELDS = tuple(field.name for field in fields(Suppression))


class EndedError(ConflictError):
    """This suppression is over already."""


class FullError(ConflictError):
    """There are as many suppressions as there can be; end some first."""


def from_row(row: Mapping[str, Any]) -> Suppression:
    """Return the suppression of a row of `suppressions`."""
    values = {name: row[name] for name in _FIELDS}
    values["kind"] = Kind(row["kind"])
    values["matcher"] = Matcher.parse(row["matcher"])
    return Suppression(**values)


def live(conn: Conn, now: datetime) -> list[Suppression]:
    """Return what hides at `now` (wall time); from here to COMMIT none begins or ends."""
    conn.execute(SQL["share"], {"lock": SUPPRESSIONS_LOCK})
    return _live(conn, now)


def live_alone(conn: Conn, now: datetime) -> list[Suppression]:
    """Return the same; from here to COMMIT nothing rings either, and whatever did is visible."""
    conn.execute(SQL["alone"], {"lock": SUPPRESSIONS_LOCK})
    return _live(conn, now)


def _live(conn: Conn, now: datetime) -> list[Suppression]:
    return [from_row(row) for row in conn.execute(SQL["live"], {"now": now})]


def one(conn: Conn, suppression_id: UUID) -> Suppression | None:
    """Return one suppression; None when there is none with this id."""
    row = conn.execute(SQL["one"], {"id": suppression_id}).fetchone()
    return from_row(row) if row else None


# By people and by parents -------------------------------------------------------------------------


def make(conn: Conn, made: Suppression, comment: str | None = None) -> None:
    """Store a new suppression and have its timer begin it when it is time.

    Raises:
        FullError: there are too many already.
    """
    if _is_full(conn):
        raise FullError(f"{OPEN_MAX} suppressions are open; end some first")
    conn.execute(SQL["insert"], _to_row(made))
    _append(conn, made.id, made.created_at, "made", by=made.by, comment=comment)
    _arm(conn, made.id, max(made.from_at, made.created_at))


def end(
    conn: Conn, suppression_id: UUID, by: str, comment: str | None, now: datetime
) -> Suppression:
    """End a suppression for good; its timer lets go what it hides at once.

    Raises:
        NotFoundError: there is none.
        EndedError: it is over already.
    """
    row = conn.execute(SQL["lock_one"], {"id": suppression_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no suppression {suppression_id}")
    found = from_row(row)
    if found.ended_at is not None:
        raise EndedError(f"it ended at {found.ended_at.isoformat()}")
    conn.execute(SQL["end"], {"id": suppression_id, "now": now, "by": by})
    _append(conn, suppression_id, now, "ended", by=by, comment=comment)
    _arm(conn, suppression_id, now)
    return replace(found, ended_at=now, ended_by=by)


def take_out(
    conn: Conn, alarm: Alarm, *, by: str, reason: str, review_at: datetime | None, now: datetime
) -> Suppression:
    """Take the alarm's rule and key out of service, this occurrence and those to come.

    Raises:
        FullError: there are too many suppressions already.
    """
    made = Suppression(
        id=uuid4(),
        kind=Kind.OUT_OF_SERVICE,
        matcher=_of_one(alarm),
        reason=reason,
        by=by,
        from_at=now,
        created_at=now,
        origin="api",
        review_at=review_at,
    )
    make(conn, made)
    return made


def put_back(conn: Conn, alarm: Alarm, by: str, comment: str | None, now: datetime) -> None:
    """End what took this alarm's rule and key, and nothing else, out of service."""
    matcher = Jsonb(_of_one(alarm).to_json())
    for row in conn.execute(SQL["out_of_service"], {"matcher": matcher}).fetchall():
        end(conn, row["id"], by, comment, now)


def _of_one(alarm: Alarm) -> Matcher:
    # Whoever points at it means it, however severe it becomes.
    return Matcher(
        rules=frozenset((alarm.rule,)),
        keys=frozenset((alarm.key,)),
        severities=frozenset(Severity),
    )


def follow_windows(conn: Conn, windows: Sequence[Window], now: datetime) -> None:
    """Make the maintenance windows of the files those that are in force.

    One that was changed ends and another begins; one that a person has ended stays so.
    """
    wanted = {found.id: found for found in filter(None, (_planned(each, now) for each in windows))}
    for row in conn.execute(SQL["of_files"], {"ids": list(wanted)}).fetchall():
        end(conn, row["id"], _FILES, None, now)
    for each in wanted.values():
        if conn.execute(SQL["insert"], _to_row(each)).rowcount == 1:
            _append(conn, each.id, now, "made", by=each.by)
            _arm(conn, each.id, max(each.from_at, now))


def _planned(window: Window, now: datetime) -> Suppression | None:
    span: tuple[datetime, datetime] | None = window.start, window.start + window.lasts
    if window.recurrence is not None:
        span = turn(window.recurrence, window.lasts, now)
    elif window.start + window.lasts <= now:
        span = None
    if span is None:
        return None
    matcher = window.hides.to_json()
    said = (window.id, matcher, window.recurrence or window.start.isoformat(), window.reason)
    text = orjson.dumps([*said, window.lasts.total_seconds()]).decode()
    return Suppression(
        id=uuid5(_WINDOWS, text),
        kind=Kind.MAINTENANCE,
        name=window.id,
        matcher=window.hides,
        reason=window.reason,
        by=_FILES,
        from_at=span[0],
        until_at=span[1],
        recurrence=window.recurrence,
        duration_s=int(window.lasts.total_seconds()),
        created_at=now,
        origin="yaml",
    )


def inhibit(
    conn: Conn, rules: Sequence[Inhibition], steps: Sequence[Transition], now: datetime
) -> None:
    """Begin and end what alarms that became active, or are not any more, hide of others.

    Called with the alarms locked. A parent that is itself hidden still hides.
    """
    last = {step.alarm.id: step.alarm for step in steps}
    active = [alarm for alarm in last.values() if alarm.active]
    kept = begin_of(conn, rules, active, now)
    # Without rules nobody knows whether what is active is a parent still.
    parents = sorted(alarm.id for alarm in last.values() if rules or not alarm.active)
    if parents:
        of = {"parents": parents, "kept": sorted(kept), "now": now}
        for row in conn.execute(SQL["end_children"], of).fetchall():
            _append(conn, row["id"], now, "ended")
            _arm(conn, row["id"], now)


def begin_of(
    conn: Conn, rules: Sequence[Inhibition], parents: Iterable[Alarm], now: datetime
) -> frozenset[UUID]:
    """Begin what these alarms hide of others; return the ids of all of it.

    What has begun goes on, and what a person has ended stays so.
    """
    wanted = _wanted(rules, parents, now)
    if not wanted:
        return frozenset()
    rows = conn.execute(SQL["of_parents"], {"ids": sorted(wanted)}).fetchall()
    is_over = {row["id"]: row["is_over"] for row in rows}
    for_good = {row["id"] for row in rows if row["for_good"]}
    for suppression_id, each in sorted(wanted.items()):
        if suppression_id in for_good or is_over.get(suppression_id) is False:
            continue
        if _is_full(conn):
            # What should be hidden rings then; the other way round would be worse.
            log.warning("%d suppressions are open; %s hides nothing", OPEN_MAX, each.name)
            break
        if suppression_id in is_over:
            conn.execute(SQL["revive"], {"id": each.id, "now": now})
        else:
            conn.execute(SQL["insert"], _to_row(each))
        _append(conn, each.id, now, "made")
        _arm(conn, each.id, now)
    return frozenset(wanted)


def _wanted(
    rules: Sequence[Inhibition], parents: Iterable[Alarm], now: datetime
) -> dict[UUID, Suppression]:
    found: dict[UUID, Suppression] = {}
    for parent in parents:
        for rule in rules:
            matcher = rule.hidden_by(parent) if rule.parent.matches(parent) else None
            if matcher is not None:
                suppression_id = rule.suppression_id(parent.id, matcher)
                found[suppression_id] = Suppression(
                    id=suppression_id,
                    kind=Kind.INHIBITION,
                    name=rule.id,
                    matcher=matcher,
                    reason=parent.title,
                    by=rule.id,
                    parent_alarm=parent.id,
                    from_at=now,
                    created_at=now,
                    origin="rule",
                )
    return found


# What the timer does ------------------------------------------------------------------------------


def is_as(conn: Conn, known: Suppression) -> bool:
    """Lock the row unless somebody else has it; False when it is not as it was read."""
    row = conn.execute(SQL["try_lock"], {"id": known.id}).fetchone()
    return row is not None and from_row(row) == known


def begin(conn: Conn, of: Suppression, now: datetime) -> None:
    """Note that its turn has begun: from here on it hides, whatever clock is asked."""
    conn.execute(SQL["begin"], {"id": of.id, "now": now})


def begun(conn: Conn, of: Suppression, alarms: int, now: datetime) -> None:
    """Note in the log how many open alarms it has hidden in its beginning."""
    _append(conn, of.id, now, "begun", alarms=alarms)


def go_on(conn: Conn, of: Suppression, following: tuple[datetime, datetime]) -> None:
    """Note that the next turn has followed upon this one, so that nothing is let go."""
    span = {"id": of.id, "from_at": following[0], "until_at": following[1], "goes_on": True}
    conn.execute(SQL["next_turn"], span)


def over(
    conn: Conn,
    of: Suppression,
    following: tuple[datetime, datetime] | None,
    alarms: int,
    now: datetime,
) -> None:
    """Note that its turn is over and has let go so many alarms; without a next one it has ended."""
    if following is not None:
        span = {"id": of.id, "from_at": following[0], "until_at": following[1], "goes_on": False}
        conn.execute(SQL["next_turn"], span)
    elif of.ended_at is None:
        conn.execute(SQL["end"], {"id": of.id, "now": now, "by": None})
    _append(conn, of.id, now, "over", alarms=alarms)


def _to_row(made: Suppression) -> dict[str, Any]:
    row = {name: getattr(made, name) for name in _FIELDS}
    return row | {"kind": made.kind.value, "matcher": Jsonb(made.matcher.to_json())}


def _append(  # noqa: PLR0913 - a line of the log is all of these
    conn: Conn,
    suppression_id: UUID,
    at: datetime,
    what: str,
    *,
    by: str | None = None,
    comment: str | None = None,
    alarms: int | None = None,
) -> None:
    line = {"id": suppression_id, "at": at, "type": what}
    conn.execute(SQL["append_log"], {**line, "by": by, "comment": comment, "alarms": alarms})


def _arm(conn: Conn, suppression_id: UUID, at: datetime) -> None:
    timers.arm(conn, Timer(TIMER, str(suppression_id), timers.WALL, at))


def _is_full(conn: Conn) -> bool:
    row = conn.execute(SQL["open_count"], {"limit": OPEN_MAX}).fetchone()
    return row is None or row["n"] >= OPEN_MAX
