"""Alarms as rows: what the state machine decides is written here, and nowhere else.

The row, the log entry, the outbox rows and the timers of a transition are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from connectors.timescale import deliveries, windows
from connectors.timescale.database import Conn, Database
from connectors.timescale.sql import queries
from ioc.alarm import Alarm, ClosingCode, State, Step, Transition, returned, to_json
from ioc.area import gazetteer
from ioc.errors import NotFoundError
from ioc.rule import EMPTY, RuleSet, silence_due, silent
from ioc.severity import Severity

SQL = queries("alarms")

#: One writer at a time numbers the log; also named in alarm_log's readers and tests.
ALARM_LOG_LOCK = 7_105_001
_FIELDS = tuple(field.name for field in fields(Alarm))

Key = tuple[str, str]


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


def as_json(alarm: Alarm) -> dict[str, object]:
    """Return the alarm object of the API, SSE and webhooks, with its commune's name."""
    area = gazetteer().by_code(alarm.area) if alarm.area else None
    return to_json(alarm, area.full_name if area else None)


def lock_open(conn: Conn, keys: Sequence[Key]) -> dict[Key, Alarm]:
    """Return the open occurrences of these rules and keys, locked until COMMIT."""
    ordered = sorted(keys)
    rows = conn.execute(
        SQL["lock_open"],
        {"rule": [rule for rule, _ in ordered], "key": [key for _, key in ordered]},
    )
    return {(row["rule"], row["key"]): from_row(row) for row in rows}


def move(db: Database, alarm_id: UUID, decide: Callable[[Alarm], Transition]) -> Alarm:
    """Let a person's move be decided on the locked row, and store what follows.

    Raises:
        NotFoundError: there is no such alarm.
        ioc.alarm.NotAllowed: the move is not allowed in the state that it is in now.
    """
    with db.transaction() as conn:
        row = conn.execute(SQL["lock_one"], {"id": alarm_id}).fetchone()
        if row is None:
            raise NotFoundError(f"there is no alarm {alarm_id}")
        transition = decide(from_row(row))
        apply(conn, [transition])
    return transition.alarm


def silence(conn: Conn, rules: RuleSet, key: Key, due: datetime, now: datetime) -> bool:
    """Clear what has been silent since before `due`; False when something came meanwhile."""
    rule = rules.by_id.get(key[0])
    if rule is None:
        return False
    windows.lock_rules(conn, [rule.id], [])
    window = windows.lock(conn, [key]).get(key, EMPTY)
    verdict = silent(rule, key[1], window, due)
    if verdict is None:
        windows.save(conn, {}, {key: silence_due(rule, window)}, now)
        return False
    transition = returned(lock_open(conn, [key]).get(key), verdict, now)
    apply(conn, [transition] if transition else [])
    return transition is not None


def apply(conn: Conn, transitions: Sequence[Transition]) -> None:
    """Store transitions in the order given: rows, timers, log, outbox, and the bell.

    Taking the log's lock comes last, so that nobody waits for us while we work.
    """
    if not transitions:
        return
    last = {transition.alarm.id: transition.alarm for transition in transitions}
    # An occurrence that ended goes first: only one may be open for a rule and key.
    ordered = sorted(last.values(), key=lambda alarm: (alarm.is_open, alarm.rule, alarm.key))
    with conn.cursor() as cursor:
        cursor.executemany(SQL["save"], [_to_row(alarm) for alarm in ordered])
    _set_timers(conn, transitions)
    # A repeated raise changes the row's count; it is no step in the alarm's life.
    logged = [each for each in transitions if each.type is not Step.REPEATED]
    if not logged:
        return
    conn.execute(SQL["lock_log"], {"lock": ALARM_LOG_LOCK})
    numbers = _append(conn, logged)
    deliveries.enqueue(conn, list(zip(numbers, logged, strict=True)))
    conn.execute(SQL["ring"], {"seq": str(numbers[-1])})


def _append(conn: Conn, logged: Sequence[Transition]) -> list[int]:
    numbers: list[int] = []
    with conn.cursor() as cursor:
        cursor.executemany(
            SQL["append_log"],
            [
                {
                    "alarm_id": each.alarm.id,
                    "at": each.at,
                    "type": each.type.value,
                    "from_state": each.before.value,
                    "to_state": each.alarm.state.value,
                    "by": each.by,
                    "comment": each.comment,
                    "alarm": Jsonb(as_json(each.alarm)),
                }
                for each in logged
            ],
            returning=True,
        )
        for result in cursor.results():
            numbers += [row["seq"] for row in result]
    return numbers


def _set_timers(conn: Conn, transitions: Sequence[Transition]) -> None:
    for each in transitions:
        if each.type is Step.SHELVED:
            due_at = each.alarm.shelved_until
            conn.execute(SQL["set_shelf_timer"], {"id": str(each.alarm.id), "due_at": due_at})
        elif each.before is State.SHELVED and each.alarm.state is not State.SHELVED:
            conn.execute(SQL["drop_shelf_timer"], {"id": str(each.alarm.id)})


def _to_row(alarm: Alarm) -> dict[str, Any]:
    row = {name: getattr(alarm, name) for name in _FIELDS}
    row["severity"] = alarm.severity.value
    row["state"] = alarm.state.value
    row["guidance"] = list(alarm.guidance)
    row["closing_code"] = alarm.closing_code and alarm.closing_code.value
    row["two_person"] = list(alarm.two_person)
    row["hidden_by"] = Jsonb(list(alarm.hidden_by))
    row["facts"] = Jsonb(dict(alarm.facts))
    return row
