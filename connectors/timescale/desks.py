"""Tickets and dossiers: every step kept, what follows from them rewritten when one comes late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from connectors.timescale import intake
from connectors.timescale.database import Conn
from connectors.timescale.intake import Placed
from connectors.timescale.sql import queries
from ioc.queue import (
    Dossier,
    DossierStep,
    Step,
    TicketKey,
    Visit,
    dossier_durations,
    merged,
    ticket_key,
    visit_durations,
    visits,
    with_step,
)
from ioc.rollup import Duration, change

SQL = queries("desks")

DossierKey = tuple[str, str]


def apply(conn: Conn, rows: Sequence[Placed]) -> None:
    """Fold the new events of the desks into tickets, visits, dossiers and durations."""
    tickets: dict[TicketKey, list[Step]] = defaultdict(list)
    dossiers: dict[DossierKey, list[DossierStep]] = defaultdict(list)
    for row in rows:
        event = row.event
        if event.type == "ioc.queue.ticket":
            key = ticket_key(event.data["office"], event.data["ticket"], event.time)
            tickets[key].append(Step(event.time, event.data["action"], row.area))
        elif event.type == "ioc.queue.dossier":
            step = DossierStep(event.time, event.data["action"], row.area, event.data.get("due_at"))
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
    new: Mapping[TicketKey, Sequence[Step]],
    before: list[Duration],
    after: list[Duration],
) -> None:
    keys = sorted(new, key=lambda key: (key.office, key.day, key.ticket))
    columns = {
        "office": [key.office for key in keys],
        "day": [key.day for key in keys],
        "ticket": [key.ticket for key in keys],
    }
    conn.execute(SQL["claim_tickets"], columns)
    known = {
        TicketKey(row["office"], row["day"], row["ticket"]): [
            _step(entry) for entry in row["steps"]
        ]
        for row in conn.execute(SQL["lock_tickets"], columns)
    }
    gone: list[tuple[TicketKey, int]] = []
    changed: list[tuple[TicketKey, Visit]] = []
    steps_now: list[Jsonb] = []
    for key in keys:
        old_visits = visits(known[key])
        steps = merged(known[key], new[key])
        new_visits = visits(steps)
        steps_now.append(Jsonb([[step.at.isoformat(), step.action, step.area] for step in steps]))
        numbers = {visit.visit for visit in new_visits}
        gone += [(key, visit.visit) for visit in old_visits if visit.visit not in numbers]
        changed += [(key, visit) for visit in new_visits if visit not in old_visits]
        before += visit_durations(key.office, old_visits)
        after += visit_durations(key.office, new_visits)
    conn.execute(SQL["save_tickets"], {**columns, "steps": steps_now})
    _save_visits(conn, gone, changed)


def _save_visits(
    conn: Conn, gone: Sequence[tuple[TicketKey, int]], changed: Sequence[tuple[TicketKey, Visit]]
) -> None:
    if gone:
        conn.execute(
            SQL["forget_visits"],
            {
                "office": [key.office for key, _ in gone],
                "day": [key.day for key, _ in gone],
                "ticket": [key.ticket for key, _ in gone],
                "visit": [number for _, number in gone],
            },
        )
    conn.execute(
        SQL["save_visits"],
        {
            "office": [key.office for key, _ in changed],
            "day": [key.day for key, _ in changed],
            "ticket": [key.ticket for key, _ in changed],
            "visit": [visit.visit for _, visit in changed],
            "area": [visit.area for _, visit in changed],
            "issued_at": [visit.issued_at for _, visit in changed],
            "called_at": [visit.called_at for _, visit in changed],
            "ended_at": [visit.ended_at for _, visit in changed],
            "outcome": [visit.outcome for _, visit in changed],
            "waited_until": [visit.waited_until for _, visit in changed],
            "wait_ms": [visit.wait_ms for _, visit in changed],
        },
    )


def _step(entry: Sequence[str]) -> Step:
    return Step(datetime.fromisoformat(entry[0]), entry[1], entry[2])


def _apply_dossiers(
    conn: Conn,
    new: Mapping[DossierKey, Sequence[DossierStep]],
    before: list[Duration],
    after: list[Duration],
) -> None:
    keys = sorted(new)
    _add_steps(conn, ((key, step) for key in keys for step in new[key]))
    columns = {"office": [office for office, _ in keys], "dossier": [name for _, name in keys]}
    conn.execute(
        SQL["claim_dossiers"],
        {
            **columns,
            "area": [new[key][0].area for key in keys],
            "area_at": [new[key][0].at for key in keys],
        },
    )
    known = {
        (row.pop("office"), row.pop("dossier")): Dossier(**row)
        for row in conn.execute(SQL["lock_dossiers"], columns)
    }
    now: list[Dossier] = []
    for key in keys:
        dossier = known[key]
        before += dossier_durations(key[0], dossier)
        for step in new[key]:
            dossier = with_step(dossier, step)
        after += dossier_durations(key[0], dossier)
        now.append(dossier)
    conn.execute(
        SQL["save_dossiers"],
        {
            **columns,
            "area": [dossier.area for dossier in now],
            "area_at": [dossier.area_at for dossier in now],
            "received_at": [dossier.received_at for dossier in now],
            "resolved_at": [dossier.resolved_at for dossier in now],
            "withdrawn_at": [dossier.withdrawn_at for dossier in now],
            "due_at": [dossier.due_at for dossier in now],
            "due_set_at": [dossier.due_set_at for dossier in now],
        },
    )


def _add_steps(conn: Conn, steps: Iterable[tuple[DossierKey, DossierStep]]) -> None:
    ordered = sorted(steps, key=lambda pair: (pair[1].at, pair[0], pair[1].action))
    conn.execute(
        SQL["add_dossier_steps"],
        {
            "at": [step.at for _, step in ordered],
            "office": [office for (office, _), _ in ordered],
            "dossier": [name for (_, name), _ in ordered],
            "action": [step.action for _, step in ordered],
            "area": [step.area for _, step in ordered],
        },
    )
