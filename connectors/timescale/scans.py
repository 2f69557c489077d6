"""What scans of rows find, and what they found last time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.health import SEEN_GRAIN
from ioc.rule import Rule
from ioc.rule.absence import Absence, Coverage
from ioc.rule.condition import Value
from ioc.rule.rate import Count, Span
from ioc.rule.scan import Finding, ToStore, asked
from ioc.rule.sla import Bounds, Group
from ioc.severity import Severity

SQL = queries("scans")

Stored = dict[str, tuple[datetime, Severity]]


def heard_minutes(conn: Conn, source: str, start: datetime, end: datetime) -> list[datetime]:
    """Return the minutes from `start` to `end` in which anything of the source was heard."""
    rows = conn.execute(
        SQL["heard_minutes"],
        {"source": source, "start": start.replace(second=0, microsecond=0), "end": end},
        prepare=False,  # a minute and a month want different plans
    )
    return [row["minute"] for row in rows]


# Absence ----------------------------------------------------------------------------------------


def silent_devices(
    conn: Conn, rule: Rule, absence: Absence, when: tuple[datetime, datetime], most: int
) -> list[Finding]:
    """Return at most so many devices that are newly silent; `when` is (listening since, now).

    With every known one, and all of them, when the rule's severity can change meanwhile.
    """
    listening, at = when
    everything = bool(rule.cases)
    limit = None if everything else most
    values = {"listening": listening, "at": at, "all": everything, "limit": limit}
    rows = conn.execute(SQL["silent_devices"], _of_absence(rule, absence) | values, prepare=False)
    return [
        Finding(
            key=row["device"],
            since=row["since"],
            area=row["area"],
            device=row["device"],
            lat=row["lat"],
            lon=row["lon"],
            data={"last_seen": row["last_seen"].isoformat()},
        )
        for row in rows
    ]


def heard_again(conn: Conn, rule: Rule, absence: Absence, most: int) -> Stored:
    """Return at most so many findings of devices that are silent no more."""
    rows = conn.execute(
        SQL["heard_again"], _of_absence(rule, absence) | {"limit": most}, prepare=False
    )
    return _stored(rows)


def coverage(
    conn: Conn, rule: Rule, absence: Absence, when: tuple[datetime, datetime]
) -> list[Coverage]:
    """Return how each area is heard; `when` as in `silent_devices`."""
    listening, at = when
    values = {"listening": listening, "at": at, "least": absence.least}
    rows = conn.execute(SQL["coverage"], _of_absence(rule, absence) | values, prepare=False)
    return [Coverage(**row) for row in rows]


def _of_absence(rule: Rule, absence: Absence) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "source": rule.source,
        "silent_for": absence.silent_for,
        "grain": SEEN_GRAIN,
        "areas": _texts(asked(rule, "area")),
        "devices": _texts(asked(rule, "device")),
    }


# Due dates and queues ---------------------------------------------------------------------------


def waiting(conn: Conn, rule: Rule, day: date, bounds: Bounds, least: int) -> list[Group]:
    """Return the tickets of a local day that were issued within the bounds and still wait."""
    assert bounds.first is not None
    values = _of_sla(rule, bounds, least) | {"day": day}
    return [Group(**row) for row in conn.execute(SQL["waiting"], values, prepare=False)]


def late_dossiers(
    conn: Conn, rule: Rule, bounds: Bounds, least: int, *, by_due: bool
) -> list[Group]:
    """Return open dossiers due within the bounds, or received within them."""
    values = _of_sla(rule, bounds, least) | {"by_due": by_due}
    return [Group(**row) for row in conn.execute(SQL["late_dossiers"], values, prepare=False)]


def late_reports(
    conn: Conn, rule: Rule, bounds: Bounds, least: int, *, by_due: bool
) -> list[Group]:
    """Return open reports due within the bounds, or opened within them."""
    values = _of_sla(rule, bounds, least) | {"by_due": by_due}
    return [Group(**row) for row in conn.execute(SQL["late_reports"], values, prepare=False)]


def _of_sla(rule: Rule, bounds: Bounds, least: int) -> dict[str, Any]:
    return {
        "first": bounds.first,
        "before": bounds.before,
        "least": least,
        "areas": _texts(asked(rule, "area")),
    }


# Rates ------------------------------------------------------------------------------------------


def counts(
    conn: Conn, rule: Rule, kinds: Sequence[str] | None, spans: Sequence[Span]
) -> list[Count]:
    """Return how many events of the rule's source, of these kinds (None: all), each span has."""
    rows = conn.execute(
        SQL["counts"],
        {
            "source": rule.source,
            "kinds": kinds,
            "areas": _texts(asked(rule, "area")),
            "severities": _texts(asked(rule, "severity")),
            **_of_spans(spans),
        },
        prepare=False,
    )
    return [Count(row["span"] - 1, row["area"], row["kind"], row["n"]) for row in rows]


def heard_spans(conn: Conn, source: str, spans: Sequence[Span]) -> list[bool]:
    """Return whether the source was heard at all in each span."""
    values = {"source": source, **_of_spans(spans)}
    return [row["heard"] for row in conn.execute(SQL["heard_spans"], values, prepare=False)]


def _of_spans(spans: Sequence[Span]) -> dict[str, Any]:
    return {"starts": [start for start, _ in spans], "ends": [end for _, end in spans]}


# What was found last time -----------------------------------------------------------------------


def stored(conn: Conn, rule: str) -> Stored:
    """Return all findings that are stored of a rule."""
    return _stored(conn.execute(SQL["stored"], {"rule": rule}))


def store(conn: Conn, rule: str, changed: ToStore) -> None:
    """Store findings, and forget those that are None."""
    kept = {key: value for key, value in changed.items() if value is not None}
    if kept:
        conn.execute(
            SQL["store"],
            {
                "rule": rule,
                "keys": list(kept),
                "since": [since for since, _ in kept.values()],
                "severities": [severity.value for _, severity in kept.values()],
            },
        )
    if len(kept) < len(changed):
        gone = [key for key in changed if key not in kept]
        conn.execute(SQL["forget"], {"rule": rule, "keys": gone})


def forget_rule(conn: Conn, rule: str, limit: int) -> int:
    """Forget at most so many findings of a rule that is no more; return how many."""
    return conn.execute(SQL["forget_rule"], {"rule": rule, "limit": limit}).rowcount


def open_keys(conn: Conn, rule: str, keys: Sequence[str]) -> set[str]:
    """Return those of the keys of which an alarm is open; not locked."""
    rows = conn.execute(SQL["open_keys"], {"rule": rule, "keys": keys})
    return {row["key"] for row in rows}


def ended(conn: Conn, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the occurrences that are over."""
    return {row["id"] for row in conn.execute(SQL["ended"], {"ids": ids})}


def _stored(rows: Iterable[Mapping[str, Any]]) -> Stored:
    return {row["key"]: (row["since"], Severity(row["severity"])) for row in rows}


def _texts(values: frozenset[Value] | None) -> list[str] | None:
    return None if values is None else sorted(str(value) for value in values)
