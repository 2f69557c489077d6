"""What rules remember of each key, as rows; locked in key order inside the batch's transaction.

A clear is kept for a device or report only when its window exists, that is when it was raised
before: a province's sensors say «normal» all day, and a row for each would be a row for every
sensor. The other order, a clear that arrived ahead of its raise, is found in `events` when the
raise comes. The rule's lock makes the two meet: who raises waits for every clear to be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.event import Event
from ioc.rule import EventRef, Rule, RuleSet, is_forgettable
from ioc.rule.kinds import EVENT_KINDS, TIMERS, Memory, memory

SQL = queries("windows")

Key = tuple[str, str]


def lock_rules(conn: Conn, to_raise: Iterable[str], to_clear: Iterable[str]) -> None:
    """Take each rule alone (who raises) or with others (who only clears)."""
    alone = set(to_raise)
    rules = list(alone | set(to_clear))
    conn.execute(SQL["lock_rules"], {"rule": rules, "alone": [rule in alone for rule in rules]})


def lock(conn: Conn, rules: Mapping[str, Rule], keys: Sequence[Key]) -> dict[Key, Memory]:
    """Return what is remembered of those keys that have a row, locked until COMMIT."""
    rows = conn.execute(SQL["lock_windows"], _columns(sorted(keys)))
    return _by_key(rules, rows)


def save(
    conn: Conn,
    changed: Mapping[Key, Memory],
    due: Mapping[str, Mapping[Key, datetime | None]],
    now: datetime,
) -> None:
    """Store what is remembered, and set or drop (None) the timers of each kind."""
    if changed:
        keys = sorted(changed)
        marks = [Jsonb(changed[key].to_json()) for key in keys]
        conn.execute(SQL["save_windows"], {**_columns(keys), "marks": marks, "now": now})
    for kind, times in due.items():
        to_set = {key: due_at for key, due_at in times.items() if due_at is not None}
        if to_set:
            keys = sorted(to_set)
            due_at = [to_set[key] for key in keys]
            conn.execute(SQL["set_timers"], {**_columns(keys), "kind": kind, "due_at": due_at})
        if len(to_set) < len(times):
            to_drop = [key for key in times if key not in to_set]
            conn.execute(SQL["drop_timers"], {**_columns(to_drop), "kind": kind})


def page(conn: Conn, rules: Mapping[str, Rule], after: Key, limit: int) -> dict[Key, Memory]:
    """Return what these rules remember of the keys after one, in their order; not locked."""
    rows = conn.execute(
        SQL["windows_after"],
        {"rules": sorted(rules), "rule": after[0], "key": after[1], "limit": limit},
    )
    return _by_key(rules, rows)


def forget(conn: Conn, rules: RuleSet, found: Mapping[Key, Memory], progress: datetime) -> int:
    """Delete those of the windows found that no event to come needs; return how many.

    With each rule alone, as who raises: a clear that found its window must not lose it before it
    is stored there. `progress` is how far the stream was read, in its own time.
    """
    keys = _spent(rules, found, progress)
    if not keys:
        return 0
    lock_rules(conn, {rule for rule, _ in keys}, ())
    keys = _spent(rules, lock(conn, rules.by_id, keys), progress)
    return conn.execute(SQL["forget_windows"], {**_columns(keys), "timers": list(TIMERS)}).rowcount


def _spent(rules: RuleSet, found: Mapping[Key, Memory], progress: datetime) -> list[Key]:
    return [
        (rule, key)
        for (rule, key), window in found.items()
        if is_forgettable(rules.by_id[rule], window, progress)
    ]


def later_events(conn: Conn, event: Event) -> list[Event]:
    """Return stored events about the same thing that happened after this one, in order."""
    rows = conn.execute(
        SQL["later_events"], {"ref": event.ref, "type": event.type, "after": event.time}
    )
    return [_event(row) for row in rows]


def earlier_events(conn: Conn, event: Event, since: datetime) -> list[Event]:
    """Return stored events about the same thing from `since` up to this one, in order."""
    rows = conn.execute(
        SQL["earlier_events"],
        {"ref": event.ref, "type": event.type, "since": since, "until": event.time},
    )
    return [_event(row) for row in rows][::-1]


def events_at(conn: Conn, refs: Sequence[EventRef]) -> dict[EventRef, Event]:
    """Return the stored events of these times and ids; those that are gone are not in it."""
    times, ids = [ref.time for ref in refs], [UUID(ref.id) for ref in refs]
    rows = conn.execute(SQL["events_at"], {"time": times, "id": ids})
    return {EventRef(event.time, event.id): event for event in map(_event, rows)}


def _event(row: Mapping[str, Any]) -> Event:
    return Event(**{**row, "id": row["id"].hex})


def _by_key(rules: Mapping[str, Rule], rows: Iterable[Mapping[str, Any]]) -> dict[Key, Memory]:
    return {
        (row["rule"], row["key"]): memory(rules[row["rule"]], row["marks"])
        for row in rows
        if rules[row["rule"]].kind in EVENT_KINDS
    }


def _columns(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"rule": [rule for rule, _ in keys], "key": [key for _, key in keys]}
