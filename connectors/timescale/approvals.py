"""Moves that wait for a second person, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.errors import ConflictError

SQL = queries("approvals")

#: A second person says yes within this, or the move is not made.
VALID_FOR = timedelta(minutes=15)
ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Approval:
    """A row of `approvals`. `outcome` None: nobody has decided yet."""

    id: UUID
    subject: str
    subject_id: str
    move: str
    body: Mapping[str, Any]
    by: str
    at: datetime
    expires_at: datetime
    outcome: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a move of a subject, with the words of who asks."""

    subject_id: str
    move: str
    body: Mapping[str, Any]
    by: str
    subject: str = ALARM


class UndecidableError(ConflictError):
    """This cannot be decided so; `code` is same_person, expired or decided."""

    def __init__(self, approval: Approval, code: str, why: str) -> None:
        super().__init__(why)
        self.approval, self.code, self.why = approval, code, why


def ask(conn: Conn, asked: Asked, now: datetime) -> tuple[Approval, bool]:
    """Store what is asked for, with the timer that ends it; False: it was asked for already.

    Called with the subject locked, so that two who ask at once are one after the other.
    """
    subject = {"subject": asked.subject, "subject_id": asked.subject_id, "move": asked.move}
    made = {
        **subject,
        "id": uuid4(),
        "body": Jsonb(dict(asked.body)),
        "by": asked.by,
        "at": now,
        "expires_at": now + VALID_FOR,
    }
    is_new = conn.execute(SQL["insert"], made).rowcount == 1
    row = conn.execute(SQL["pending"], subject).fetchone()
    assert row is not None
    if is_new:
        conn.execute(SQL["arm"], {"id": str(row["id"]), "expires_at": row["expires_at"]})
    return Approval(**row), is_new


def one(conn: Conn, approval_id: UUID) -> Approval | None:
    """Return one; None when there is none with this id."""
    row = conn.execute(SQL["one"], {"id": approval_id}).fetchone()
    return Approval(**row) if row else None


def decide(conn: Conn, approval_id: UUID, outcome: str, by: str, now: datetime) -> Approval:
    """Have a second person approve or reject; called with the subject locked, as everybody does.

    Raises:
        UndecidableError: whoever asked cannot approve, and what is over cannot be decided.
    """
    row = conn.execute(SQL["lock_one"], {"id": approval_id}).fetchone()
    assert row is not None
    known = Approval(**row)
    if known.outcome == "expired" or (known.outcome is None and known.expires_at <= now):
        raise UndecidableError(known, "expired", f"it was open until {known.expires_at:%H:%M:%S}")
    if known.outcome is not None:
        why = f"{known.decided_by} has {known.outcome} it already"
        raise UndecidableError(known, "decided", why)
    if outcome == "approved" and known.by == by:
        raise UndecidableError(known, "same_person", f"{by} has asked for it; another approves")
    return _decided(conn, known, outcome, by, now)


def expire(conn: Conn, approval_id: UUID, now: datetime) -> Approval | None:
    """End what nobody has decided in time; None: somebody has. Called with the subject locked."""
    row = conn.execute(SQL["lock_one"], {"id": approval_id}).fetchone()
    if row is None or row["outcome"] is not None or now < row["expires_at"]:
        return None
    return _decided(conn, Approval(**row), "expired", None, now)


def page(
    conn: Conn,
    state: str | None,
    area: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Approval]:
    """Return what was asked for, newest first; `state` is pending, an outcome, or None for all."""
    is_pending = state == "pending"
    params = {
        "pending": None if state is None else is_pending,
        "outcome": None if is_pending else state,
        "area": area,
        "at": after and after[0],
        "id": after and after[1],
        "limit": limit,
    }
    return [Approval(**row) for row in conn.execute(SQL["page"], params)]


def _decided(conn: Conn, known: Approval, outcome: str, by: str | None, now: datetime) -> Approval:
    conn.execute(SQL["decide"], {"id": known.id, "outcome": outcome, "by": by, "at": now})
    conn.execute(SQL["disarm"], {"id": str(known.id)})
    values = {name: getattr(known, name) for name in Approval.__slots__}
    return Approval(**{**values, "outcome": outcome, "decided_by": by, "decided_at": now})
