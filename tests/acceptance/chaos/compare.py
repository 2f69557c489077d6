"""What is in the database and at the receiver, held against what must be there."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString, TypeVar

import psycopg

from tests.acceptance.chaos.records import Copy, Identity, Place
from tests.acceptance.chaos.reference import Stored
from tests.acceptance.chaos.reference_alarms import Judged
from tests.acceptance.chaos.traffic import TOPICS
from tests.acceptance.receiver import Received

Key = TypeVar("Key", bound=Hashable)
Conn = psycopg.Connection[tuple[Any, ...]]

EXAMPLES = 5
#: A device that is heard again within this is not written again (docs/events.md says no more than
#: «known once it was heard»; the overview's silence is counted in minutes).
SEEN_GRAIN = timedelta(seconds=15)
#: Steps that partners are told of (docs/webhooks.md); nobody shelves in a run.
TOLD = {"raised", "severity_changed", "returned", "acknowledged", "closed"}
SIGNATURE_MOST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that was compared: how many rows, how many differ, and the first few of these."""

    what: str
    rows: int
    differences: int
    examples: tuple[str, ...] = ()


def of_mappings(
    what: str,
    expected: Mapping[Key, object],
    found: Mapping[Key, object],
    same: Callable[[Any, Any], bool] = lambda one, other: bool(one == other),
) -> Compared:
    """Compare key by key: missing, too many, and another value."""
    wrong = [f"missing: {key!r}: {expected[key]!r}" for key in expected if key not in found]
    wrong += [f"too many: {key!r}: {found[key]!r}" for key in found if key not in expected]
    wrong += [
        f"{key!r}: must be {value!r}, is {found[key]!r}"
        for key, value in expected.items()
        if key in found and not same(value, found[key])
    ]
    return of_list(what, max(len(expected), len(found)), wrong)


def of_list(what: str, rows: int, wrong: Sequence[str]) -> Compared:
    """Return what a list of differences says."""
    return Compared(what, rows, len(wrong), tuple(wrong[:EXAMPLES]))


def _rows(conn: Conn, query: LiteralString) -> list[tuple[Any, ...]]:
    return conn.execute(query).fetchall()


# What is stored -----------------------------------------------------------------------------------


def stored(conn: Conn, expected: Stored) -> list[Compared]:
    """Compare events, minutes, durations, visits, dossiers, devices, reports and dead letters."""
    events = _rows(conn, "SELECT ce_source, ce_id, time, area, kind, severity FROM events")
    buckets = _rows(
        conn,
        "SELECT minute, source, area, kind, severity, sum(n)::bigint FROM rollup_1m "
        "GROUP BY minute, source, area, kind, severity",
    )
    cells = _rows(
        conn,
        "SELECT minute, metric, office, area, bin, n, sum_ms FROM durations_1m "
        "WHERE n <> 0 OR sum_ms <> 0",
    )
    visits = _rows(
        conn, "SELECT office, day, ticket, issued_at, called_at, ended_at, outcome FROM visits"
    )
    dossiers = _rows(
        conn,
        "SELECT office, dossier, received_at, resolved_at, withdrawn_at, due_at FROM dossiers",
    )
    devices = _rows(conn, "SELECT source, device, first_seen, last_seen FROM devices")
    reports = _rows(
        conn, "SELECT report, status, category, area, status_at, emergency FROM reports"
    )
    dead = _rows(conn, 'SELECT topic, partition, "offset", reason FROM dead_letters')
    return [
        of_list("each event once", len(events), _twice(row[:3] for row in events)),
        of_mappings("events", expected.events, {row[:3]: row[3:] for row in events}),
        of_mappings("minutes", expected.buckets, {row[:5]: row[5] for row in buckets}),
        of_mappings("durations", expected.cells, {row[:5]: row[5:] for row in cells}),
        of_mappings("visits", expected.visits, Counter(visits)),
        of_mappings("dossiers", expected.dossiers, {row[:2]: row[2:] for row in dossiers}),
        of_mappings("devices", expected.devices, {row[:2]: row[2:] for row in devices}, _seen),
        of_mappings("reports", expected.reports, {row[0]: row[1:] for row in reports}),
        of_mappings("dead letters", expected.dead, {row[:3]: row[3] for row in dead}),
    ]


def _twice(keys: Iterable[Hashable]) -> list[str]:
    return [f"{n} times: {key!r}" for key, n in Counter(keys).items() if n > 1]


def _seen(expected: tuple[datetime, datetime], found: tuple[datetime, datetime]) -> bool:
    first, last = expected
    return (
        timedelta(0) <= found[0] - first <= SEEN_GRAIN
        and timedelta(0) <= last - found[1] <= SEEN_GRAIN
    )


def traced(conn: Conn, copies: Sequence[Copy], ends: Mapping[tuple[str, int], int]) -> Compared:
    """Compare where stored events say that they came from, and how far each partition is read."""
    of_identity: dict[Identity, dict[Place, datetime]] = defaultdict(dict)
    for copy in copies:
        of_identity[copy.identity][copy.place] = copy.received_at
    wrong, n = [], 0
    rows = _rows(
        conn, 'SELECT ce_source, ce_id, time, type, partition, "offset", received_at FROM events'
    )
    for ce_source, ce_id, time, type_, partition, offset, received_at in rows:
        n += 1
        known = of_identity.get((ce_source, ce_id, time), {})
        place = (TOPICS[type_], partition, offset)
        earlier = [each for each in known if each[:2] == place[:2] and each < place]
        if known.get(place) != received_at or earlier:
            wrong.append(f"{ce_source} {ce_id} says {place}, {received_at}; it is {known!r}")
    read = {(topic, number): at for topic, number, at in _rows(conn, _POSITIONS)}
    wrong += [
        f"{partition}: read up to {read.get(partition)} of {end}"
        for partition, end in ends.items()
        if read.get(partition) != end
    ]
    return of_list("traces and offsets", n + len(ends), wrong)


_POSITIONS: LiteralString = "SELECT topic, partition, next FROM offsets"


# Alarms -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alarm:
    """A row of `alarms`, and its log in order: type, from, to, and when it returned."""

    id: str
    rule: str
    key: str
    raised_at: datetime
    event: Identity
    area: str | None
    severity: str
    state: str
    active: bool
    ended: bool
    count: int
    log: tuple[tuple[int, str, str, str, datetime | None], ...]


def alarms(conn: Conn) -> list[Alarm]:
    """Return every alarm with its log."""
    logs: dict[str, list[tuple[int, str, str, str, datetime | None]]] = defaultdict(list)
    for alarm_id, *entry in _rows(
        conn,
        "SELECT alarm_id::text, seq, type, from_state, to_state, "
        "(alarm ->> 'returned_at')::timestamptz FROM alarm_log ORDER BY seq",
    ):
        logs[alarm_id].append(tuple(entry))
    rows = _rows(
        conn,
        "SELECT id::text, rule, key, raised_at, event_source, event_id, event_time, area, "
        "severity, state, active, ended_at IS NOT NULL, count FROM alarms ORDER BY raised_at",
    )
    return [
        Alarm(*row[:4], row[4:7], *row[7:], tuple(logs.pop(row[0], ())))  # type: ignore[call-arg]
        for row in rows
    ]


def judged(expected: Sequence[Judged], found: Sequence[Alarm]) -> list[Compared]:
    """Compare occurrences with their end states, and the log of each."""
    of_key: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
    for alarm in found:
        of_key[alarm.rule, alarm.key].append(alarm)
    wrong, steps = [], []
    for verdict in expected:
        there = of_key.pop((verdict.rule.id, verdict.key), [])
        wrong += _occurrences(verdict, there)
        steps += _steps(verdict, there)
    wrong += [f"nobody expected {key}: {there!r}" for key, there in of_key.items()]
    return [
        of_list("alarms", len(found), wrong),
        of_list("alarm log", sum(len(alarm.log) for alarm in found), steps),
    ]


def _occurrences(verdict: Judged, there: Sequence[Alarm]) -> list[str]:
    name = f"{verdict.rule.id} {verdict.key}"
    if sum(alarm.active for alarm in there) != verdict.active:
        return [f"{name}: active must be {verdict.active}: {there!r}"]
    if verdict.occurrences is None:
        return []
    if len(there) != len(verdict.occurrences):
        return [f"{name}: {len(verdict.occurrences)} must be there: {there!r}"]
    wrong = []
    for must, alarm in zip(verdict.occurrences, there, strict=True):
        pairs = {
            "severity": (verdict.rule.severity, alarm.severity),
            "state": (must.state, alarm.state),
            "ended": (must.ended, alarm.ended),
        }
        if must.event is not None:
            pairs["raised_at"] = (must.raised_at, alarm.raised_at)
            pairs["event"] = (must.event, alarm.event)
            pairs["area"] = (must.area, alarm.area)
        if must.count is not None and verdict.rule.n == 1:
            pairs["count"] = (must.count, alarm.count)
        wrong += [
            f"{name}: {field} must be {one!r}, is {other!r}"
            for field, (one, other) in pairs.items()
            if one != other
        ]
    return wrong


def _steps(verdict: Judged, there: Sequence[Alarm]) -> list[str]:
    """Check that each log is a life, and where the steps are promised that it is this one."""
    name = f"{verdict.rule.id} {verdict.key}"
    wrong = [f"{name}: {why}" for alarm in there if (why := _broken(alarm))]
    said = [entry for alarm in there for entry in alarm.log]
    if verdict.by_person:
        types = Counter(entry[1] for entry in said)
        if types != Counter(["raised", "acknowledged", "returned"]):
            wrong.append(f"{name}: raised, acknowledged and returned once each, not {said!r}")
    elif verdict.log is not None:
        steps = [(*entry[1:4], entry[4] if entry[1] == "returned" else None) for entry in said]
        if steps != list(verdict.log):
            wrong.append(f"{name}: the log must be {verdict.log!r}, is {steps!r}")
    return wrong


def _broken(alarm: Alarm) -> str | None:
    """Say why a log is not a life: each step begins where the last one ended."""
    state = "normal"
    for place, (_, step, before, after, _) in enumerate(alarm.log):
        if before != state or (step == "raised") != (after == "unacknowledged"):
            return f"step {place} of {alarm.log!r}"
        state = after
    if state != alarm.state or not alarm.log:
        return f"it ends {state}, the alarm is {alarm.state}: {alarm.log!r}"
    return None


# Deliveries ---------------------------------------------------------------------------------------


def told(conn: Conn, found: Sequence[Alarm], received: Sequence[Received]) -> list[Compared]:
    """Compare what the partner has heard, and the outbox, with the alarm log."""
    must = {
        (alarm.id, seq): f"alarm.{step}"
        for alarm in found
        for seq, step, *_ in alarm.log
        if step in TOLD
    }
    said = {_transition(one): one.type for one in received if one.answered == 200}
    ledger = Counter(_rows(conn, "SELECT alarm_id::text, seq, state FROM deliveries"))
    delivered = {(*transition, "delivered"): 1 for transition in must}
    return [of_mappings("told", must, said), of_mappings("deliveries", delivered, ledger)]


def signed(received: Sequence[Received], secret: str, zero: datetime) -> Compared:
    """Check each request's signature, and that a transition has one id, in every attempt.

    `zero`: when the monotonic clock was 0.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wrong = [
        f"not signed by us: {one.headers!r}" for one in received if not _is_signed(one, key, zero)
    ]
    ids: dict[tuple[str, int], set[str]] = defaultdict(set)
    for one in received:
        ids[_transition(one)].add(one.id)
    of_id = Counter(each for several in ids.values() for each in several)
    wrong += [f"{len(each)} ids for {one}: {each}" for one, each in ids.items() if len(each) > 1]
    wrong += [f"{n} transitions under {each}" for each, n in of_id.items() if n > 1]
    return of_list("signatures and ids", len(received), wrong)


def _transition(one: Received) -> tuple[str, int]:
    """Return the alarm and the place in the log of which a message tells."""
    return one.alarm["id"], one.json["data"]["log"]["seq"]


def _is_signed(one: Received, key: bytes, zero: datetime) -> bool:
    """Verify as docs/webhooks.md says for those without a library."""
    stamp = one.headers["webhook-timestamp"]
    text = f"{one.id}.{stamp}.".encode() + one.body
    good = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    at = zero + timedelta(seconds=one.heard_s)
    is_fresh = abs(at.timestamp() - int(stamp)) < SIGNATURE_MOST.total_seconds()
    parts = one.headers["webhook-signature"].split()
    return is_fresh and any(hmac.compare_digest(part, f"v1,{good}") for part in parts)
