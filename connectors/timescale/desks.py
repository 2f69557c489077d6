"""Tickets and dossiers: what follows from their steps, rewritten when one comes late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from psycopg.rows import tuple_row

from connectors.timescale import intake
from connectors.timescale.database import Conn
from connectors.timescale.intake import Placed
from connectors.timescale.sql import as_rows, queries
from ioc.clock import LOCAL_ZONE
from ioc.queue import (
    Dossier,
    DossierStep,
    Step,
    TicketKey,
    Visit,
    dossier_durations,
    ticket_key,
    visit_durations,
    visits,
    with_step,
)
from ioc.rollup import Duration, change

SQL = queries("desks")

#: A ticket has a handful of steps in a day; those after this many change nothing.
STEPS_MAX = 1000
#: A lock for each office up to here (PostgreSQL's lock table is bounded), then one for all.
OFFICE_LOCKS_MAX = 1000

DossierKey = tuple[str, str]
Rows = list[dict[str, Any]]


def apply(conn: Conn, rows: Sequence[Placed]) -> None:
    """Fold the new events of the desks, if it is theirs, into visits, dossiers and durations."""
    if not rows or rows[0].event.source != "queue":
        return
    tickets: dict[TicketKey, set[str]] = defaultdict(set)
    dossiers: dict[DossierKey, list[DossierStep]] = defaultdict(list)
    for row in rows:
        event = row.event
        if event.type == "ioc.queue.ticket":
            tickets[ticket_key(event.data["office"], event.data["ticket"], event.time)].add(
                event.id
            )
        elif event.type == "ioc.queue.dossier":
            due_at = event.data.get("due_at")
            step = DossierStep(event.time, event.data["action"], row.area, due_at)
            dossiers[event.data["office"], event.data["dossier"]].append(step)
    before: list[Duration] = []
    after: list[Duration] = []
    if tickets:
        _apply_tickets(conn, tickets, before, after)
    if dossiers:
        _apply_dossiers(conn, dossiers, before, after)
    intake.add_durations(conn, change(before, after))


def _apply_tickets(
    conn: Conn,
    new: Mapping[TicketKey, set[str]],
    before: list[Duration],
    after: list[Duration],
) -> None:
    """Work out the visits of tickets from all their events, with and without the new ones."""
    _lock_offices(conn, {key.office for key in new})
    gone: Rows = []
    changed: Rows = []
    for key, steps in _steps(conn, new).items():
        known = [step for event_id, step in steps if event_id not in new[key]]
        old_visits = visits(known[:STEPS_MAX])
        new_visits = visits([step for _, step in steps[:STEPS_MAX]])
        numbers = {visit.visit for visit in new_visits}
        gone += [_visit_row(key, visit) for visit in old_visits if visit.visit not in numbers]
        changed += [_visit_row(key, visit) for visit in new_visits if visit not in old_visits]
        before += visit_durations(key.office, old_visits)
        after += visit_durations(key.office, new_visits)
    if gone:
        conn.execute(SQL["forget_visits"], {"visits": as_rows(gone)})
    if changed:
        conn.execute(SQL["save_visits"], {"visits": as_rows(changed)})


def _lock_offices(conn: Conn, offices: set[str]) -> None:
    if len(offices) > OFFICE_LOCKS_MAX:
        conn.execute(SQL["lock_all_offices"])
    else:
        conn.execute(SQL["share_offices"])
        conn.execute(SQL["lock_offices"], {"offices": sorted(offices)})


def _steps(
    conn: Conn, new: Mapping[TicketKey, set[str]]
) -> dict[TicketKey, list[tuple[str, Step]]]:
    """Return the steps of each ticket with the ids of their events, in order of time."""
    found: dict[TicketKey, list[tuple[str, Step]]] = {}
    most = STEPS_MAX + max(map(len, new.values()))
    with conn.cursor(row_factory=tuple_row) as cursor:
        for day in sorted({key.day for key in new}):
            keys = [{"office": key.office, "ticket": key.ticket} for key in new if key.day == day]
            midnight = datetime.combine(day, time(), LOCAL_ZONE)
            cursor.execute(
                SQL["steps_of_tickets"],
                {
                    "keys": as_rows(keys),
                    "since": midnight,
                    "until": midnight + timedelta(days=1),
                    "most": most,
                },
            )
            for office, ticket, event_id, *step in cursor:
                found.setdefault(TicketKey(office, day, ticket), []).append((event_id, Step(*step)))
    return found


def _visit_row(key: TicketKey, visit: Visit) -> dict[str, Any]:
    return {
        "office": key.office,
        "day": key.day,
        "ticket": key.ticket,
        "visit": visit.visit,
        "area": visit.area,
        "issued_at": visit.issued_at,
        "called_at": visit.called_at,
        "ended_at": visit.ended_at,
        "outcome": visit.outcome,
        "waited_until": visit.waited_until,
        "wait_ms": visit.wait_ms,
    }


def _apply_dossiers(
    conn: Conn,
    new: Mapping[DossierKey, Sequence[DossierStep]],
    before: list[Duration],
    after: list[Duration],
) -> None:
    keys = sorted(new)
    _add_steps(conn, ((key, step) for key in keys for step in new[key]))
    claims = [
        {
            "office": key[0],
            "dossier": key[1],
            "area": new[key][0].area,
            "area_at": new[key][0].at,
        }
        for key in keys
    ]
    claims_json = as_rows(claims)
    conn.execute(SQL["claim_dossiers"], {"dossiers": claims_json})
    saved: Rows = []
    for row in conn.execute(SQL["lock_dossiers"], {"dossiers": claims_json}):
        office, name = row.pop("office"), row.pop("dossier")
        dossier = Dossier(**row)
        before += dossier_durations(office, dossier)
        for step in new[office, name]:
            dossier = with_step(dossier, step)
        after += dossier_durations(office, dossier)
        saved.append(
            {
                "office": office,
                "dossier": name,
                "area": dossier.area,
                "area_at": dossier.area_at,
                "received_at": dossier.received_at,
                "resolved_at": dossier.resolved_at,
                "withdrawn_at": dossier.withdrawn_at,
                "due_at": dossier.due_at,
                "due_set_at": dossier.due_set_at,
            }
        )
    conn.execute(SQL["save_dossiers"], {"dossiers": as_rows(saved)})


def _add_steps(conn: Conn, steps: Iterable[tuple[DossierKey, DossierStep]]) -> None:
    ordered = sorted(steps, key=lambda pair: (pair[1].at, pair[0], pair[1].action))
    rows = [
        {
            "at": step.at,
            "office": key[0],
            "dossier": key[1],
            "action": step.action,
            "area": step.area,
        }
        for key, step in ordered
    ]
    conn.execute(SQL["add_dossier_steps"], {"steps": as_rows(rows)})
