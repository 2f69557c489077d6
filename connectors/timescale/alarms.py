"""Alarms as rows: what the state machine decides is written here, and nowhere else.

The row, the log entry, the outbox rows and the timers of a transition are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from connectors.timescale import deliveries, floods, suppressions
from connectors.timescale.database import Conn, Database
from connectors.timescale.sql import as_rows, queries
from ioc.alarm import (
    Alarm,
    ClosingCode,
    Hidden,
    State,
    Step,
    Transition,
    timers_of,
    to_json,
)
from ioc.area import gazetteer
from ioc.errors import NotFoundError
from ioc.rule import Raise
from ioc.severity import Severity

SQL = queries("alarms")

#: One writer at a time numbers the log; also named in alarm_log's readers and tests.
ALARM_LOG_LOCK = 7_105_001
_FIELDS = tuple(field.name for field in fields(Alarm))
#: In which state an alarm has which timer.
_TIMED = {"shelf": State.SHELVED, "ack": State.ACKNOWLEDGED}

Key = tuple[str, str]
#: What would hide an alarm if it rang now.
Hides = Callable[[Alarm], Hidden | None]


def from_row(row: Mapping[str, Any]) -> Alarm:
    """Return the alarm of a row of `alarms`."""
    values = {name: row[name] for name in _FIELDS}
    values["severity"] = Severity(row["severity"])
    values["state"] = State(row["state"])
    values["guidance"] = tuple(row["guidance"])
    values["closing_code"] = row["closing_code"] and ClosingCode(row["closing_code"])
    values["two_person"] = tuple(row["two_person"])
    values["hidden_by"] = tuple(row["hidden_by"])
    return Alarm(**values)


def as_json(alarm: Alarm, first_out: bool | None = None) -> dict[str, object]:
    """Return the alarm object of the API, SSE and webhooks, with its commune's name."""
    area = gazetteer().by_code(alarm.area) if alarm.area else None
    return to_json(alarm, area.full_name if area else None, first_out)


def lock_open(conn: Conn, keys: Sequence[Key]) -> dict[Key, Alarm]:
    """Return the open occurrences of these rules and keys, locked until COMMIT."""
    ordered = sorted(keys)
    rows = conn.execute(
        SQL["lock_open"],
        {"rule": [rule for rule, _ in ordered], "key": [key for _, key in ordered]},
    )
    return {(row["rule"], row["key"]): from_row(row) for row in rows}


def lock(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Alarm]:
    """Return these alarms, open or over, locked until COMMIT in the order of rule and key."""
    rows = conn.execute(SQL["lock_ids"], {"ids": list(ids)})
    return {row["id"]: from_row(row) for row in rows}


def over(conn: Conn, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these occurrences that have ended."""
    return {row["id"] for row in conn.execute(SQL["over"], {"ids": ids})}


def move(db: Database, alarm_id: UUID, decide: Callable[[Alarm], Transition]) -> Alarm:
    """Let a person's move be decided on the locked row, and store what follows.

    Raises:
        NotFoundError: there is no such alarm.
        ioc.alarm.NotAllowed: the move is not allowed in the state that it is in now.
    """
    with db.transaction() as conn:
        return moved(conn, alarm_id, decide)


def moved(conn: Conn, alarm_id: UUID, decide: Callable[[Alarm], Transition]) -> Alarm:
    """Do what `move` does, inside a transaction of the caller's."""
    found = lock(conn, [alarm_id]).get(alarm_id)
    if found is None:
        raise NotFoundError(f"there is no alarm {alarm_id}")
    transition = decide(found)
    # A parent that a person closed hides nothing any more.
    suppressions.inhibit(conn, (), [transition], transition.at)
    apply(conn, [transition])
    return transition.alarm


def apply(conn: Conn, transitions: Sequence[Transition]) -> None:
    """Store transitions in the order given: rows, timers, log, outbox, and the bell.

    Taking the log's lock comes last, so that nobody waits for us while we work.
    """
    if not transitions:
        return
    # A repeated raise changes the row's count; it is no step in the alarm's life.
    logged = [each for each in transitions if each.type is not Step.REPEATED]
    _save(conn, transitions)
    if not logged:
        return
    _set_timers(conn, logged)
    conn.execute(SQL["lock_log"], {"lock": ALARM_LOG_LOCK})
    folded = floods.fold(conn, logged, logged[-1].at)
    numbers = _append(conn, logged, folded)
    deliveries.enqueue(conn, list(zip(numbers, logged, strict=True)))
    conn.execute(SQL["ring"], {"seq": str(numbers[-1])})


def _save(conn: Conn, transitions: Sequence[Transition]) -> None:
    last = {transition.alarm.id: transition.alarm for transition in transitions}
    # An occurrence that ended goes first: only one may be open for a rule and key.
    ordered = sorted(last.values(), key=lambda alarm: (alarm.is_open, alarm.rule, alarm.key))
    # Only a raise opens one, or tells anew of its beginning.
    told = {each.alarm.id for each in transitions if isinstance(each.verdict, Raise)}
    told |= {each.alarm.id for each in transitions if each.before is State.NORMAL}
    moved_on = [alarm for alarm in ordered if alarm.id not in told]
    described = [alarm for alarm in ordered if alarm.id in told]
    if moved_on:
        conn.execute(SQL["move"], {"rows": as_rows(moved_on)})
    if described:
        conn.execute(SQL["save"], {"rows": as_rows(described)})


def _append(conn: Conn, logged: Sequence[Transition], folded: frozenset[UUID]) -> list[int]:
    """Write the log; return the numbers of its entries, which are in the order of the steps."""
    numbers = [row["seq"] for row in conn.execute(SQL["draw_numbers"], {"n": len(logged)})]
    with conn.cursor() as cursor, cursor.copy(SQL["append_log"]) as copy:
        for number, step in zip(numbers, logged, strict=True):
            copy.write_row((number, *_entry(step, step.alarm.id in folded)))
    return numbers


def _entry(step: Transition, is_folded: bool) -> tuple[object, ...]:
    """Return the columns of `append_log`; the object is the alarm as it is after that step."""
    alarm = step.alarm
    return (
        alarm.id,
        step.at,
        step.type,
        step.before,
        alarm.state,
        step.by,
        step.comment,
        step.rings,
        step.event_at,
        alarm.severity.priority,
        alarm.rule,
        alarm.key,
        alarm.source,
        alarm.area,
        alarm.device,
        orjson.dumps(as_json(alarm) | {"folded": is_folded}).decode(),
    )


def _set_timers(conn: Conn, logged: Sequence[Transition]) -> None:
    """Arm the timers that alarms have now, and drop those of the states that they left."""
    last = {each.alarm.id: each.alarm for each in logged}
    left = {(each.alarm.id, each.before) for each in logged}
    due: list[tuple[str, str, datetime]] = []
    gone: list[tuple[str, str]] = []
    for alarm in last.values():
        for kind, due_at in timers_of(alarm).items():
            if due_at is not None:
                due.append((kind, str(alarm.id), due_at))
            elif (alarm.id, _TIMED[kind]) in left:
                gone.append((kind, str(alarm.id)))
    if due:
        kinds, keys, times = zip(*due, strict=True)
        timers = {"kind": list(kinds), "key": list(keys), "due_at": list(times)}
        conn.execute(SQL["set_timers"], timers)
    if gone:
        kinds, keys = zip(*gone, strict=True)
        conn.execute(SQL["drop_timers"], {"kind": list(kinds), "key": list(keys)})
