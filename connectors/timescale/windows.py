"""What rules remember of each key, as rows; locked in key order inside the batch's transaction.

A clear is kept for a device or report only when its window exists, that is when it was raised
before: a province's sensors say «normal» all day, and a row for each would be a row for every
sensor. The other order, a clear that arrived ahead of its raise, is found in `events` when the
raise comes. The rule's lock makes the two meet: who raises waits for every clear to be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.event import Event
from ioc.rule import RuleSet, Window, is_forgettable

SQL = queries("windows")

Key = tuple[str, str]


def lock_rules(conn: Conn, to_raise: Iterable[str], to_clear: Iterable[str]) -> None:
    """Take each rule alone (who raises) or with others (who only clears), in their order."""
    alone = set(to_raise)
    for rule in sorted(alone | set(to_clear)):
        name = "lock_rules_to_raise" if rule in alone else "lock_rules_to_clear"
        conn.execute(SQL[name], {"rule": rule})


def lock(conn: Conn, keys: Sequence[Key]) -> dict[Key, Window]:
    """Return the windows that exist, locked until COMMIT."""
    rows = conn.execute(SQL["lock_windows"], _columns(sorted(keys)))
    return {(row["rule"], row["key"]): Window.from_json(row["marks"]) for row in rows}


def save(
    conn: Conn,
    windows: Mapping[Key, Window],
    silences: Mapping[Key, datetime | None],
    now: datetime,
) -> None:
    """Store windows, and set or drop the timer that clears each by silence."""
    if windows:
        keys = sorted(windows)
        marks = [Jsonb(windows[key].to_json()) for key in keys]
        conn.execute(SQL["save_windows"], {**_columns(keys), "marks": marks, "now": now})
    due = {key: due_at for key, due_at in silences.items() if due_at is not None}
    if due:
        keys = sorted(due)
        due_at = [due[key] for key in keys]
        conn.execute(SQL["set_silence_timers"], {**_columns(keys), "due_at": due_at})
    if len(due) < len(silences):
        conn.execute(
            SQL["drop_silence_timers"], _columns([key for key in silences if key not in due])
        )


def page(conn: Conn, rules: Iterable[str], after: Key, limit: int) -> dict[Key, Window]:
    """Return the windows of these rules that follow a key, in their order; not locked."""
    rows = conn.execute(
        SQL["windows_after"],
        {"rules": sorted(rules), "rule": after[0], "key": after[1], "limit": limit},
    )
    return {(row["rule"], row["key"]): Window.from_json(row["marks"]) for row in rows}


def forget(conn: Conn, rules: RuleSet, found: Mapping[Key, Window], progress: datetime) -> int:
    """Delete those of the windows found that no event to come needs; return how many.

    With each rule alone, as who raises: a clear that found its window must not lose it before it
    is stored there. `progress` is how far the stream was read, in its own time.
    """
    keys = _spent(rules, found, progress)
    if not keys:
        return 0
    lock_rules(conn, {rule for rule, _ in keys}, ())
    keys = _spent(rules, lock(conn, keys), progress)
    return conn.execute(SQL["forget_windows"], _columns(keys)).rowcount


def _spent(rules: RuleSet, found: Mapping[Key, Window], progress: datetime) -> list[Key]:
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
    return [Event(**{**row, "id": row["id"].hex}) for row in rows]


def _columns(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"rule": [rule for rule, _ in keys], "key": [key for _, key in keys]}
