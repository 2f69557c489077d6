"""The outbox and its ledger: what is to be told, by whom it is being told, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.alarm import Transition
from ioc.errors import ConfigError
from ioc.notify import (
    GIVE_UP_UNTRIED,
    TYPE_PREFIX,
    Attempt,
    Delivered,
    Filter,
    Health,
    Outcome,
    Step,
    Tries,
    after,
)

SQL = queries("deliveries")

#: Attempts that one page shows in all, and at least of each delivery: a day has about 450.
PAGE_ATTEMPTS_MAX = 25_000
PAGE_ATTEMPTS_EACH_MIN = 20
SEQ_MAX = 2**63 - 1
ENDPOINTS_MAX = 1000
STATES = ("pending", "delivered", "failed")


# In the alarm's transaction ---------------------------------------------------------------------


def enqueue(conn: Conn, entries: Sequence[tuple[int, Transition]]) -> int:
    """Write what is to be told of these log entries into the outbox; return how many messages.

    Belongs into the transaction that writes the entries. The id of a message follows from the
    endpoint and the number in the log, so doing it twice writes it once.
    """
    told = [(seq, step, word) for seq, step in entries if (word := step.announced) is not None]
    if not told:
        return 0
    rows = [
        (endpoint["id"], seq, step, word)
        for endpoint in conn.execute(SQL["listening"]).fetchall()
        for wanted in [_filter(endpoint["filter"])]
        for seq, step, word in told
        if wanted.matches(word, step.alarm.severity, step.alarm.area, step.alarm.rule)
    ]
    if not rows:
        return 0
    return conn.execute(
        SQL["enqueue"],
        {
            "id": [message_id(endpoint, seq) for endpoint, seq, _, _ in rows],
            "endpoint_id": [endpoint for endpoint, _, _, _ in rows],
            "alarm_id": [step.alarm.id for _, _, step, _ in rows],
            "seq": [seq for _, seq, _, _ in rows],
            "type": [word for _, _, _, word in rows],
            "priority": [step.alarm.severity.priority for _, _, step, _ in rows],
            "at": [step.at for _, _, step, _ in rows],
        },
    ).rowcount


def message_id(endpoint_id: UUID, seq: int) -> UUID:
    """Return the `webhook-id` of this log entry at this endpoint."""
    return uuid5(endpoint_id, str(seq))


def _filter(stored: object) -> Filter:
    try:
        return Filter.parse(stored)
    except ConfigError:
        # Written by another version: too much told is a nuisance, too little may cost a life.
        return Filter()


# By the notifier --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery leased to us for one attempt, with all that the attempt needs.

    `log` and `alarm` are what goes into the body: the transition, and the alarm as it is now.
    """

    id: UUID
    endpoint_id: UUID
    endpoint: str
    url: str
    secret: str
    kind: str
    attempt: int
    tries: Tries
    is_probe: bool
    log: dict[str, Any]
    alarm: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be claimed: sends and probes that this process has room for."""

    sends: int
    probes: int
    per_endpoint: int
    lease: timedelta


def claim(
    conn: Conn, room: Room, now: datetime, shown: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> list[Claim]:
    """Lease what may be sent now, most severe and oldest first. In a transaction of its own.

    `shown` makes the alarm object of a row of `alarms`.
    """
    locked = [row["id"] for row in conn.execute(SQL["lock_endpoints"])]
    if not locked:
        return []
    rows = conn.execute(
        SQL["claim"],
        {
            "endpoints": locked,
            "now": now,
            "until": now + room.lease,
            "per_endpoint": room.per_endpoint,
            "sends": room.sends,
            "probes": room.probes,
        },
    ).fetchall()
    ids = sorted({row["alarm_id"] for row in rows})
    alarms = {row["id"]: shown(row) for row in conn.execute(SQL["alarms_now"], {"ids": ids})}
    return [_claim(row, alarms.get(row["alarm_id"]) or row["alarm_then"]) for row in rows]


def finish(conn: Conn, claimed: Claim, outcome: Outcome, attempt: Attempt) -> Step:
    """Write down what came of an attempt and what follows from it; return that."""
    row = conn.execute(SQL["lock_endpoint"], {"endpoint_id": claimed.endpoint_id}).fetchone()
    health = Health(**row) if row else Health()
    step = after(health, claimed.tries, outcome, attempt)
    is_delivered = isinstance(outcome, Delivered)
    is_ours = conn.execute(
        SQL["finish_delivered" if is_delivered else "finish_undelivered"],
        {
            "id": claimed.id,
            "attempt": claimed.attempt,
            "now": attempt.ended_at,
            "state": step.state,
            "next_at": step.next_at,
            "refusals": step.refusals,
            "aside": step.aside,
        },
    ).rowcount
    conn.execute(
        SQL["finish_attempt"],
        {
            "id": claimed.id,
            "attempt": claimed.attempt,
            "duration_ms": round((attempt.ended_at - attempt.started_at).total_seconds() * 1000),
            "status": outcome.status,
            "error": None if isinstance(outcome, Delivered) else outcome.why,
        },
    )
    if is_ours or is_delivered:
        _set_health(conn, claimed.endpoint_id, health, step, attempt.ended_at)
    return step


def give_back(conn: Conn, claims: Iterable[Claim]) -> None:
    """Let go of leases whose attempts were not made or not finished."""
    for each in sorted(claims, key=lambda claimed: claimed.id):
        conn.execute(SQL["give_back"], {"id": each.id, "attempt": each.attempt})


def fail_unwanted(conn: Conn, now: datetime) -> int:
    """Give up what waits for endpoints that are switched off or were away for too long."""
    return conn.execute(
        SQL["fail_unwanted"], {"now": now, "before": now - GIVE_UP_UNTRIED}
    ).rowcount


def count_pending(conn: Conn) -> int:
    """Return how many messages wait."""
    row = conn.execute(SQL["waiting"]).fetchone()
    return int(row["pending"]) if row else 0


def _claim(row: dict[str, Any], alarm: Mapping[str, Any]) -> Claim:
    return Claim(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        endpoint=row["name"],
        url=row["url"],
        secret=row["secret"],
        kind=row["type"],
        attempt=row["attempt"],
        tries=Tries(row["since"], row["refusals"], row["aside"]),
        is_probe=row["is_probe"],
        log={key: row[key] for key in ("seq", "from_state", "to_state", "by", "at")},
        alarm=alarm,
    )


def _set_health(conn: Conn, endpoint_id: UUID, health: Health, step: Step, now: datetime) -> None:
    if step.disabled is not None:
        conn.execute(
            SQL["disable"], {"endpoint_id": endpoint_id, "reason": step.disabled, "now": now}
        )
    if step.health != health:
        conn.execute(
            SQL["set_health"],
            {
                "endpoint_id": endpoint_id,
                "failing_since": step.health.failing_since,
                "failures": step.health.failures,
                "next_probe_at": step.health.next_probe_at,
            },
        )
    if step.is_back:
        conn.execute(SQL["free_waiting"], {"endpoint_id": endpoint_id})


# The ledger -------------------------------------------------------------------------------------


def page(
    conn: Conn,
    *,
    alarm_id: UUID | None = None,
    endpoint: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return deliveries with their attempts, newest first, and the cursor of the next page.

    `endpoint` is a name or an id. Each delivery: id, endpoint_id, endpoint, alarm_id, seq, type,
    priority, at, state, next_at, attempt_count, ended_at, title, title_en and area of the alarm as
    it was then, attempts (the last ones, oldest first: attempt, at, duration_ms, status, error; no
    duration: under way, or the notifier was killed).

    Raises:
        ConfigError: the state or the cursor is none.
    """
    if state is not None and state not in STATES:
        raise ConfigError(f"state: one of {', '.join(STATES)} is expected")
    seq, last_id = _place(cursor)
    rows = conn.execute(
        SQL["page"],
        {
            "alarm_id": alarm_id,
            "endpoint": endpoint,
            "state": state,
            "seq": seq,
            "id": last_id,
            "limit": limit + 1,
        },
    ).fetchall()
    has_more, rows = len(rows) > limit, rows[:limit]
    most = max(PAGE_ATTEMPTS_MAX // max(len(rows), 1), PAGE_ATTEMPTS_EACH_MIN)
    found: dict[UUID, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    for made in conn.execute(SQL["attempts_of"], {"ids": list(found), "most": most}):
        found[made.pop("delivery_id")].append(made)
    for row in rows:
        row["type"] = TYPE_PREFIX + row["type"]
        row["attempts"] = found[row["id"]]
    return rows, f"{rows[-1]['seq']}.{rows[-1]['id']}" if has_more else None


def summary(conn: Conn, since: datetime) -> list[dict[str, Any]]:
    """Return each endpoint with what became of what it was told since then, by name."""
    return conn.execute(SQL["summary"], {"since": since, "limit": ENDPOINTS_MAX}).fetchall()


def _place(cursor: str | None) -> tuple[int | None, UUID | None]:
    if cursor is None:
        return None, None
    seq, _, delivery_id = cursor.partition(".")
    try:
        return min(max(int(seq), 0), SEQ_MAX), UUID(delivery_id)
    except ValueError as error:
        raise ConfigError("cursor: this is not one of ours") from error
