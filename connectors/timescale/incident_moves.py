"""What people do with incidents: make, merge, split, lead, comment, close; each is in its log.

What a person has told apart no rule joins again; an alarm that a person has put somewhere stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from connectors.timescale import alarms, incident_pages, incidents
from connectors.timescale.database import Conn
from connectors.timescale.incident_pages import Incident
from connectors.timescale.incidents import Entry
from connectors.timescale.sql import queries
from ioc.alarm import ClosingCode
from ioc.errors import ConflictError, NotFoundError
from ioc.severity import Severity

SQL = queries("incident_moves")


class NotPossible(ConflictError):
    """The incident is not as the move needs it; `code` is state, alarms or same."""

    def __init__(self, incident: Incident, code: str, why: str) -> None:
        super().__init__(why)
        self.incident, self.code, self.why = incident, code, why


@dataclass(frozen=True, slots=True)
class Who:
    """Who moves, and what they say; `area` None: they see all areas."""

    by: str
    comment: str | None = None
    area: str | None = None


def make(conn: Conn, named: Sequence[UUID], title: str, who: Who, now: datetime) -> Incident:
    """Make an incident of alarms that belong together.

    Alarms that stand in others leave them. Raises NotFoundError: there is no such alarm, or it is
    none that the caller sees.
    """
    incidents.alone(conn)
    standing = _standing(conn, named, who)
    made = _made(conn, None, (title, title), _worst(standing), now)
    log = [Entry(made, "opened", who.by, who.comment)]
    return _taken_over(conn, made, standing, who, log, now)


def split(
    conn: Conn, incident: UUID, named: Sequence[UUID], title: str | None, who: Who, now: datetime
) -> Incident:
    """Make an incident of its own of some of an incident's alarms; return the new one.

    Raises:
        NotFoundError: there is no such incident or alarm.
        NotPossible: it is over, an alarm is none of its, or nothing would be left of it.
    """
    found = _locked(conn, incident, who, "split")
    standing = _standing(conn, named, who)
    if any(row["incident_id"] != incident for row in standing):
        raise NotPossible(found, "alarms", "an alarm does not stand in this incident")
    row = conn.execute(SQL["members"], {"id": incident}).fetchone()
    if row is None or row["n"] <= len(standing):
        raise NotPossible(found, "alarms", "nothing would be left of the incident")
    titles = (title, title) if title else (found.title, found.title_en)
    made = _made(conn, found.rule, titles, found.severity, now)
    log = [Entry(made, "split", who.by, who.comment, {"from": str(incident)})]
    return _taken_over(conn, made, standing, who, log, now)


def merge(conn: Conn, incident: UUID, into: UUID, who: Who, now: datetime) -> Incident:
    """Let an incident go into another, with all its alarms and evidence; return the other.

    Raises:
        NotFoundError: there is no such incident.
        NotPossible: one of them has gone into another, or they are the same.
    """
    gone = _locked(conn, incident, who, "merged")
    other = _locked(conn, into, who, "merged")
    if incident == into:
        raise NotPossible(gone, "same", "an incident does not go into itself")
    conn.execute(SQL["forget_split"], {"one": incident, "other": into})
    incidents.merge(conn, {incident: into}, now, Entry(incident, "merged", who.by, who.comment))
    steps = incidents.settled(conn, {}, [into], {}, now, moved=[into])
    alarms.apply(conn, steps)
    return _again(conn, other.id)


def lead(conn: Conn, incident: UUID, name: str | None, who: Who, now: datetime) -> Incident:
    """Let somebody lead, None: nobody; errors as in `close`."""
    found = _locked(conn, incident, who, "led")
    conn.execute(SQL["lead"], {"id": incident, "lead": name, "now": now})
    line = Entry(incident, "assigned", who.by, who.comment, {"lead": name, "before": found.lead})
    incidents.write_log(conn, [line], now)
    return _again(conn, incident)


def comment(conn: Conn, incident: UUID, who: Who, now: datetime) -> Incident:
    """Add a remark, in any state."""
    incidents.alone(conn)
    found = _seen(conn, incident, who)
    incidents.write_log(conn, [Entry(incident, "commented", who.by, who.comment)], now)
    return found


def close(conn: Conn, incident: UUID, code: ClosingCode, who: Who, now: datetime) -> Incident:
    """Say that it is over and what it was; its alarms have lives of their own.

    Raises:
        NotFoundError: there is no such incident.
        NotPossible: it is closed, or has gone into another.
    """
    found = _locked(conn, incident, who, "closed")
    if found.state != "open":
        raise NotPossible(found, "state", f"the incident is {found.state} already")
    conn.execute(SQL["close"], {"id": incident, "code": code.value, "now": now})
    line = Entry(incident, "closed", who.by, who.comment, {"code": code.value})
    incidents.write_log(conn, [line], now)
    return _again(conn, incident)


def _locked(conn: Conn, incident: UUID, who: Who, what: str) -> Incident:
    """Return an incident that lives, with the lock of incidents held."""
    incidents.alone(conn)
    found = _seen(conn, incident, who)
    if found.state == "merged":
        why = f"the incident has gone into {found.merged_into}; it cannot be {what}"
        raise NotPossible(found, "state", why)
    return found


def _seen(conn: Conn, incident: UUID, who: Who) -> Incident:
    found = incident_pages.one(conn, incident)
    if found is None or who.area not in {None, found.area}:
        raise NotFoundError(f"there is no incident {incident} that you see")
    return found


def _again(conn: Conn, incident: UUID) -> Incident:
    found = incident_pages.one(conn, incident)
    assert found is not None, "nobody deletes incidents"
    return found


def _standing(conn: Conn, named: Sequence[UUID], who: Who) -> list[Mapping[str, Any]]:
    wanted = sorted(set(named))
    rows = conn.execute(SQL["standing"], {"alarms": wanted}).fetchall()
    seen = [row for row in rows if who.area in {None, row["area"]}]
    if missing := sorted(set(wanted) - {row["id"] for row in seen}):
        raise NotFoundError(f"there is no alarm {missing[0]} that you see")
    return list(seen)


def _worst(standing: Sequence[Mapping[str, Any]]) -> Severity:
    return min((Severity(row["severity"]) for row in standing), key=lambda each: each.priority)


def _made(
    conn: Conn, rule: str | None, titles: tuple[str, str], severity: Severity, now: datetime
) -> UUID:
    made = uuid4()
    values = {"id": made, "rule": rule, "title": titles[0], "title_en": titles[1], "now": now}
    conn.execute(SQL["make"], {**values, "severity": severity.value})
    return made


def _taken_over(
    conn: Conn,
    made: UUID,
    standing: Sequence[Mapping[str, Any]],
    who: Who,
    log: list[Entry],
    now: datetime,
) -> Incident:
    """Move alarms and their evidence to an incident, and keep it apart from where they were."""
    named = [row["id"] for row in standing]
    others = sorted({row["incident_id"] for row in standing if row["incident_id"] is not None})
    put = {"incident": made, "alarms": named, "by": who.by, "now": now}
    conn.execute(SQL["put"], put)
    conn.execute(SQL["put_evidence"], put)
    if others:
        conn.execute(SQL["keep_apart"], {**put, "others": others})
    told = {"into": str(made), "alarms": [str(each) for each in named]}
    log += [Entry(each, "split", who.by, who.comment, told) for each in others]
    incidents.write_log(conn, log, now)
    alarms.apply(conn, incidents.settled(conn, {}, [made, *others], {}, now, moved=[made]))
    return _again(conn, made)
