"""Tickets and dossiers: what follows from their steps, rewritten when one comes late."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from typing import Any

from psycopg.rows import tuple_row

from connectors.timescale import intake, staging
from connectors.timescale.database import Conn
from connectors.timescale.intake import Placed
from connectors.timescale.sql import as_rows, queries
from ioc.clock import LOCAL_ZONE
from ioc.event import Event
from ioc.queue import (
    Dossier,
    DossierStep,
    Step,
    Visit,
    dossier_durations,
    local_days,
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

#: An office and its ticket, or dossier.
Ticket = tuple[str, str]
DossierKey = tuple[str, str]
#: The 16 bytes of an event's id, and the step.
Steps = list[tuple[bytes, Step]]
Rows = list[dict[str, Any]]


def apply(conn: Conn, rows: Sequence[Placed]) -> None:
    """Fold the new events of the desks, if it is theirs, into visits, dossiers and durations."""
    if not rows or rows[0].event.source != "queue":
        return
    tickets: list[Event] = []
    dossiers: dict[DossierKey, list[DossierStep]] = defaultdict(list)
    for row in rows:
        event = row.event
        if event.type == "ioc.queue.ticket":
            tickets.append(event)
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
    conn: Conn, events: Sequence[Event], before: list[Duration], after: list[Duration]
) -> None:
    """Work out the visits of tickets from all their events, with and without the new ones."""
    _lock_offices(conn, {event.data["office"] for event in events})
    new = {(event.time, bytes.fromhex(event.id)) for event in events}
    gone: Rows = []
    saved: list[tuple[Any, ...]] = []
    for day, tickets in _by_day(events).items():
        for (office, ticket), steps in _steps(conn, day, tickets).items():
            old, now = _visits(steps, new)
            left = [visit for visit in old if visit not in now]
            changed = [visit for visit in now if visit not in old]
            if left:
                numbers = {visit.visit for visit in changed}
                gone += [
                    {"office": office, "day": day, "ticket": ticket, "visit": visit.visit}
                    for visit in left
                    if visit.visit not in numbers
                ]
                before += visit_durations(office, left)
            after += visit_durations(office, changed)
            saved += [
                (office, day, ticket, *visit, visit.waited_until, visit.wait_ms)
                for visit in changed
            ]
    if gone:
        conn.execute(SQL["forget_visits"], {"visits": as_rows(gone)})
    if saved:
        staging.VISITS.fill_rows(conn, saved)
        conn.execute(SQL["save_visits"])


def _lock_offices(conn: Conn, offices: set[str]) -> None:
    if len(offices) > OFFICE_LOCKS_MAX:
        conn.execute(SQL["lock_all_offices"])
    else:
        conn.execute(SQL["share_offices"])
        conn.execute(SQL["lock_offices"], {"offices": sorted(offices)})


def _by_day(events: Sequence[Event]) -> dict[date, Counter[Ticket]]:
    """Return how many events each ticket has; its number is its own for a day of its office."""
    found: dict[date, Counter[Ticket]] = defaultdict(Counter)
    for event, day in zip(events, local_days([event.time for event in events]), strict=True):
        found[day][event.data["office"], event.data["ticket"]] += 1
    return dict(sorted(found.items()))


def _steps(conn: Conn, day: date, tickets: Counter[Ticket]) -> dict[Ticket, Steps]:
    """Return the steps of each ticket with the ids of their events, in order of time."""
    keys = list(tickets)
    found: list[Steps] = [[] for _ in keys]
    midnight = datetime.combine(day, time(), LOCAL_ZONE)
    with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
        cursor.execute(
            SQL["steps_of_tickets"],
            {
                "keys": as_rows([{"office": office, "ticket": ticket} for office, ticket in keys]),
                "since": midnight,
                "until": midnight + timedelta(days=1),
                "most": STEPS_MAX + max(tickets.values()),
            },
        )
        for n, event_id, at, action, area in cursor:
            found[n - 1].append((event_id, Step(at, action, area)))
    return dict(zip(keys, found, strict=True))


def _visits(steps: Steps, new: Set[tuple[datetime, bytes]]) -> tuple[list[Visit], list[Visit]]:
    """Return a ticket's visits without and with the new events, `new` by time and id."""
    every = [step for _, step in steps[:STEPS_MAX]]
    known = [step for event_id, step in steps if (step.at, event_id) not in new][:STEPS_MAX]
    old = visits(known)
    n = len(known)
    if n == 0 or (every[:n] == known and n < len(every) and known[-1].at < every[n].at):
        return old, visits(every[n:], old)  # the new came last, as they mostly do
    return old, visits(every)


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
