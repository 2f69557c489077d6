"""Questions about changed rules: asked over the API, leased and answered by a notifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from connectors.timescale.database import Conn
from connectors.timescale.replays import PREFIX
from connectors.timescale.sql import queries
from ioc.errors import ConflictError, NotFoundError

SQL = queries("what_ifs")

LOCK = 0x494F4357
#: One runs at a time, for minutes or hours: a longer queue would be forgotten by who asked.
WAITING_MAX = 5
KEPT_MAX = 100
#: One that has ended its process so often is not begun again.
ATTEMPTS_MAX = 3
#: A word of why it failed; the rest is in the log.
ERROR_CHARACTERS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: the changed rules, why, and the range that they are run on."""

    text: str
    why: str
    start: datetime
    end: datetime
    warm_up: timedelta


@dataclass(frozen=True, slots=True)
class Lease:
    """A what-if that is ours to run until the lease ends; it is begun anew by the next attempt."""

    id: UUID
    attempt: int


def ask(conn: Conn, wish: Wish, by: str, now: datetime) -> UUID:
    """Store a question and forget the oldest answers; in a transaction.

    Raises:
        ConflictError: too many wait already.
    """
    conn.execute(SQL["lock"], {"lock": LOCK})
    row = conn.execute(SQL["count_waiting"]).fetchone()
    if row and row["n"] >= WAITING_MAX:
        raise ConflictError(
            f"{WAITING_MAX} what-ifs wait already: stop one, or wait for its answer"
        )
    conn.execute(SQL["forget"], {"kept": KEPT_MAX})
    what_if = uuid4()
    conn.execute(
        SQL["ask"],
        {
            "id": what_if,
            "text": wish.text,
            "why": wish.why,
            "from": wish.start,
            "to": wish.end,
            "warm_up_hours": wish.warm_up // timedelta(hours=1),
            "by": by,
            "now": now,
        },
    )
    return what_if


def list_all(conn: Conn) -> list[dict[str, Any]]:
    """Return what was asked, newest first, without texts and answers."""
    return conn.execute(SQL["list_all"], {"limit": KEPT_MAX + WAITING_MAX + 1}).fetchall()


def one(conn: Conn, what_if: UUID) -> dict[str, Any]:
    """Return one with its text and its answer.

    Raises:
        NotFoundError: it was never there, or is forgotten.
    """
    row = conn.execute(SQL["one"], {"id": what_if}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no what-if {what_if} (any more)")
    return row


def stop(conn: Conn, what_if: UUID, by: str, now: datetime) -> None:
    """End one that waits, or ask whoever runs it to.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has ended.
    """
    if conn.execute(SQL["stop"], {"id": what_if, "by": by, "now": now}).fetchone() is None:
        one(conn, what_if)
        raise ConflictError("it has ended already")


# By the notifier ----------------------------------------------------------------------------------


def database_of(lease: Lease) -> str:
    """Return how the names of the databases begin that it is run in.

    Those of an attempt are its own: whoever cleans up behind one takes nothing from the next.
    """
    return f"{PREFIX}{lease.id.hex}_{lease.attempt}"


def abandoned(conn: Conn, now: datetime) -> list[Lease]:
    """Return those whose notifier is gone."""
    rows = conn.execute(SQL["abandoned"], {"now": now})
    return [Lease(row["id"], row["attempts"]) for row in rows]


def put_back(conn: Conn, of: Lease, now: datetime, *, in_order: bool = False) -> None:
    """Let it wait again, from its beginning, unless another has it by now.

    What always ends its process has failed. `in_order`: its notifier was told to end, which is
    nobody's fault.
    """
    if of.attempt >= ATTEMPTS_MAX and not in_order:
        finish(conn, of, now, error=f"it was interrupted {ATTEMPTS_MAX} times")
    else:
        wanted = {"id": of.id, "attempt": of.attempt, "forgiven": int(in_order)}
        conn.execute(SQL["put_back"], wanted)


def claim(conn: Conn, now: datetime, lease: timedelta) -> Lease | None:
    """Take the oldest that waits, unless one runs; in a transaction."""
    conn.execute(SQL["lock"], {"lock": LOCK})
    row = conn.execute(SQL["claim"], {"now": now, "until": now + lease}).fetchone()
    return Lease(row["id"], row["attempts"]) if row else None


def renew(conn: Conn, of: Lease, now: datetime, lease: timedelta) -> tuple[bool, bool]:
    """Hold it longer; return whether it still runs as ours, and whether it is to be stopped."""
    wanted = {"id": of.id, "attempt": of.attempt, "until": now + lease}
    row = conn.execute(SQL["renew"], wanted).fetchone()
    return row is not None, row is not None and row["stop_by"] is not None


def say_progress(conn: Conn, of: Lease, phase: str, share: float) -> None:
    """Note what it does and how far it is, 0 to 1."""
    wanted = {"id": of.id, "attempt": of.attempt, "phase": phase, "share": share}
    conn.execute(SQL["progress"], wanted)


def finish(
    conn: Conn,
    of: Lease,
    now: datetime,
    *,
    answer: Mapping[str, Any] | None = None,
    error: str | None = None,
    is_stopped: bool = False,
) -> None:
    """Write down how it ended; once, and only by who has it."""
    state = "stopped" if is_stopped else "failed" if error is not None else "done"
    conn.execute(
        SQL["finish"],
        {
            "id": of.id,
            "attempt": of.attempt,
            "state": state,
            "error": error and error[:ERROR_CHARACTERS_MAX].replace("\0", "?"),
            "answer": None if answer is None else Jsonb(answer),
            "now": now,
        },
    )
