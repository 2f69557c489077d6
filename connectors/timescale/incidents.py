"""Incidents and their evidence as rows.

`evidence.cluster` is the component that a run belongs to; a component that is enough has a row of
the same id in `incidents`. Where an alarm stands is in `incident_alarms`, written under the lock of
incidents; `alarms.incident_id` follows by a step of the alarm's own, under its row's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from connectors.timescale import timers
from connectors.timescale.alarms import from_row
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from connectors.timescale.timers import Timer
from ioc.alarm import Alarm, Transition, linked
from ioc.area import gazetteer
from ioc.incident import (
    EAST_M,
    MIDDLE,
    NORTH_M,
    Evidence,
    Extent,
    IncidentRule,
    Judgement,
    evidence_of,
    is_incident,
    judgement,
    runs,
    survivors,
    united,
    whole,
)
from ioc.severity import Severity

SQL = queries("incidents")

#: Held alone by who adds evidence (architecture.md, rule 8).
INCIDENTS_LOCK = 7_109
#: Alarms that one transaction tells where they stand; more follow by a timer.
FOLLOW_ROWS = 500
#: Evidence that became no incident is kept as long as the latest event may still come, and more.
EVIDENCE_AGE = timedelta(days=10)
FOLLOW, EXPIRE = "incident", "evidence_expire"

Rules = Mapping[str, IncidentRule]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of `incident_log`."""

    incident: UUID
    type: str
    by: str | None = None
    comment: str | None = None
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Run:
    evidence: Evidence
    cluster: UUID


def link(
    conn: Conn, rules: Sequence[IncidentRule], steps: Sequence[Transition], now: datetime
) -> list[Transition]:
    """Add the evidence of these steps; return the steps of alarms that stand in an incident now.

    The steps' alarms are locked by the caller, who stores what is returned behind them. Earlier
    alarms are linked too unless somebody holds their rows: these follow by a timer.
    """
    pieces = evidence_of(rules, steps) if rules else []
    if not pieces:
        return []
    alone(conn)
    by_id = {rule.id: rule for rule in rules}
    grown, pairs = _added(conn, by_id, pieces)
    if not grown:
        return []
    timers.arm_once(conn, Timer(EXPIRE, "", timers.WALL, now))
    clusters, moved = _components(conn, by_id, grown, pairs, now)
    own = {step.alarm.id: step.alarm for step in steps}
    return settled(conn, by_id, clusters, own, now, moved=moved)


def alone(conn: Conn) -> None:
    """Wait until nobody else adds evidence or moves incidents, and keep them out until COMMIT."""
    conn.execute(SQL["lock"], {"lock": INCIDENTS_LOCK})


# Evidence -----------------------------------------------------------------------------------------


def _added(
    conn: Conn, rules: Rules, pieces: Sequence[Evidence]
) -> tuple[list[_Run], list[tuple[UUID, UUID]]]:
    """Store pieces; return the runs that reach further than before, and the components they join.

    One more event inside a run that is known changes no component.
    """
    grown: list[_Run] = []
    same: list[_Run] = []
    gone: list[Evidence] = []
    pairs: list[tuple[UUID, UUID]] = []
    known = _known(conn, rules, pieces)
    for of, mine in _by_run(pieces).items():
        before = known.get(of, [])
        together = [*(run.evidence for run in before), *mine]
        for places in runs(together, rules[of[0]].time):
            if max(places) < len(before):
                continue  # nothing new in it
            after = whole([together[n] for n in places])
            parts = [before[n] for n in places if n < len(before)]
            run = _Run(after, parts[0].cluster if parts else after.own_cluster)
            gone += [each.evidence for each in parts if each.evidence.from_at != after.from_at]
            pairs += [(run.cluster, each.cluster) for each in parts[1:]]
            is_same = len(parts) == 1 and _reach(parts[0].evidence) == _reach(after)
            (same if is_same else grown).append(run)
    if gone:
        conn.execute(SQL["drop_runs"], _keys(gone))
    conn.execute(SQL["save_runs"], _columns([*grown, *same]))
    return grown, pairs


def _reach(run: Evidence) -> tuple[object, ...]:
    """Return what decides to which component a run belongs, and how severe that is."""
    return run.from_at, run.to_at, run.links, run.severity, run.area


def _by_run(pieces: Sequence[Evidence]) -> dict[tuple[str, UUID, str], list[Evidence]]:
    found: dict[tuple[str, UUID, str], list[Evidence]] = {}
    for piece in pieces:
        found.setdefault((piece.incident_rule, piece.alarm_id, piece.place), []).append(piece)
    return found


def _known(
    conn: Conn, rules: Rules, pieces: Sequence[Evidence]
) -> dict[tuple[str, UUID, str], list[_Run]]:
    """Return the stored runs that these pieces could be part of."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("incident_rule", "alarm_id", "place", "from_at", "to_at")
    }
    for (rule, alarm_id, place), mine in _by_run(pieces).items():
        gap = rules[rule].time
        columns["incident_rule"].append(rule)
        columns["alarm_id"].append(alarm_id)
        columns["place"].append(place)
        columns["from_at"].append(min(piece.from_at for piece in mine) - gap)
        columns["to_at"].append(max(piece.to_at for piece in mine) + gap)
    found: dict[tuple[str, UUID, str], list[_Run]] = {}
    for row in conn.execute(SQL["known_runs"], columns):
        run = _run(row)
        of = (run.evidence.incident_rule, run.evidence.alarm_id, run.evidence.place)
        found.setdefault(of, []).append(run)
    return found


def _run(row: Mapping[str, Any]) -> _Run:
    values = {name: value for name, value in row.items() if name != "cluster"}
    values["severity"] = Severity(row["severity"])
    return _Run(Evidence(**values), row["cluster"])


def _keys(evidence: Sequence[Evidence]) -> dict[str, list[Any]]:
    names = ("incident_rule", "alarm_id", "place", "from_at")
    return {name: [getattr(each, name) for each in evidence] for name in names}


def _columns(found: Sequence[_Run]) -> dict[str, list[Any]]:
    evidence = [run.evidence for run in found]
    names = ("rule", "key", "source", "area", "x_m", "y_m", "to_at", "links", "n")
    return {
        **_keys(evidence),
        **{name: [getattr(each, name) for each in evidence] for name in names},
        "severity": [each.severity.value for each in evidence],
        "cell_x": [each.cell[0] for each in evidence],
        "cell_y": [each.cell[1] for each in evidence],
        "cluster": [run.cluster for run in found],
    }


# Components ---------------------------------------------------------------------------------------


def _components(
    conn: Conn,
    rules: Rules,
    grown: Sequence[_Run],
    joined: Sequence[tuple[UUID, UUID]],
    now: datetime,
) -> tuple[set[UUID], set[UUID]]:
    """Join what the grown runs touch; return the components they are in, and those that took in."""
    of = [rules[run.evidence.incident_rule] for run in grown]
    columns = {
        **_columns(grown),
        "gap": [rule.time for rule in of],
        "within_m": [rule.within_m for rule in of],
        "reach": [0 if rule.on else 1 for rule in of],
        "is_chain": [bool(rule.chain) for rule in of],
    }
    pairs = {*joined}
    pairs |= {(row["one"], row["other"]) for row in conn.execute(SQL["neighbours"], columns)}
    clusters = {run.cluster for run in grown}
    if not pairs:
        return clusters, set()
    ids = sorted(clusters.union(*pairs))
    rows = conn.execute(SQL["began"], {"ids": ids}).fetchall()
    began: dict[UUID, datetime] = {row["id"]: row["began_at"] for row in rows}
    # A run that touches two that a person told apart joins the one that began first.
    ordered = sorted(pairs, key=lambda pair: (began.get(pair[1], now), pair[1], pair[0]))
    goes_into = survivors(united(ids, ordered, _apart(conn, ids, began)), began)
    merge(conn, goes_into, now)
    moved = {into for gone, into in goes_into.items() if gone in began}
    return {goes_into.get(each, each) for each in clusters} | moved, moved


def _apart(
    conn: Conn, ids: Sequence[UUID], began: Mapping[UUID, datetime]
) -> frozenset[frozenset[UUID]]:
    if len(began) < 2:
        return frozenset()
    rows = conn.execute(SQL["splits"], {"ids": list(ids)})
    return frozenset(frozenset((row["one"], row["other"])) for row in rows)


def merge(
    conn: Conn, goes_into: Mapping[UUID, UUID], now: datetime, entry: Entry | None = None
) -> None:
    """Let components go into others, with all that they have; `entry` says who, None: a rule."""
    if not goes_into:
        return
    moves = {"gone": list(goes_into), "survivor": list(goes_into.values())}
    conn.execute(SQL["move_evidence"], moves)
    ended = conn.execute(SQL["end_merged"], {**moves, "now": now}).fetchall()
    if not ended:
        return
    conn.execute(SQL["move_alarms"], moves)
    conn.execute(SQL["move_splits"], moves)
    by, comment = (entry.by, entry.comment) if entry else (None, None)
    lines = []
    for gone, into in goes_into.items():
        if any(row["id"] == gone for row in ended):
            lines.append(Entry(gone, "merged", by, comment, {"into": str(into)}))
            lines.append(Entry(into, "merged", by, comment, {"from": str(gone)}))
    write_log(conn, lines, now)


# Incidents ----------------------------------------------------------------------------------------


def settled(
    conn: Conn,
    rules: Rules,
    clusters: Iterable[UUID],
    own: Mapping[UUID, Alarm],
    now: datetime,
    *,
    moved: Iterable[UUID] = (),
) -> list[Transition]:
    """Judge components, store what they amount to, and tell their alarms where they stand.

    `own` are alarms that the caller holds, as they are by now; `moved` are incidents that others
    went into.
    """
    judged, changed, log = _judged(conn, rules, sorted(clusters), now)
    if not judged:
        return []
    joined: dict[UUID, list[UUID]] = {each: [] for each in moved}
    # Elsewhere only the caller's alarms can stand in another incident than before.
    of = {"ids": sorted(changed.union(joined)), "own": list(own), "now": now}
    for row in conn.execute(SQL["join"], of):
        joined.setdefault(row["incident_id"], []).append(row["alarm_id"])
    for row in conn.execute(SQL["reopen"], {"ids": list(joined)}) if joined else ():
        log.append(Entry(row["id"], "reopened"))
    for cluster, alarms in sorted(joined.items()):
        if alarms:
            log.append(Entry(cluster, "joined", body={"alarms": sorted(map(str, alarms))}))
    write_log(conn, log, now)
    return followed(conn, list(joined), own, now) if joined else []


def _judged(
    conn: Conn, rules: Rules, ids: Sequence[UUID], now: datetime
) -> tuple[set[UUID], set[UUID], list[Entry]]:
    """Store what components amount to.

    Returns:
        Which of them are incidents; of these the new ones and those of which has changed what
        decides between two incidents of one alarm; and what is to be logged.
    """
    known = {row["id"]: row for row in conn.execute(SQL["known"], {"ids": list(ids)})}
    judged: set[UUID] = set()
    changed: set[UUID] = set()
    log: list[Entry] = []
    for row in conn.execute(SQL["extents"], _with_middle(ids)).fetchall():
        cluster, rule, extent = row["cluster"], rules.get(row["incident_rule"] or ""), _extent(row)
        before = known.get(cluster)
        if before is not None:
            found = judgement(extent, _least(rules, before))
            if (before["severity"], before["began_at"]) != (found.severity, found.began_at):
                changed.add(cluster)
            log += _update(conn, rules, before, found, now)
        elif rule is not None and is_incident(rule, extent):
            _open(conn, cluster, rule, judgement(extent, rule.severity), now)
            changed.add(cluster)
            log.append(Entry(cluster, "opened"))
        else:
            continue
        judged.add(cluster)
    return judged, changed, log


def _least(rules: Rules, before: Mapping[str, Any]) -> Severity | None:
    """Return the least severity that an incident has; a person's has that of its alarms."""
    if before["rule"] is None:
        return None
    rule = rules.get(before["rule"])
    # A rule that is withdrawn has left the severity that it gave.
    return rule.severity if rule else Severity(before["severity"])


def followed(
    conn: Conn, ids: Sequence[UUID], own: Mapping[UUID, Alarm], now: datetime
) -> list[Transition]:
    """Return the steps of alarms that do not say yet that they stand in these incidents.

    Rows that somebody holds are not waited for; a timer comes back for them.
    """
    found: list[Transition] = []
    for row in conn.execute(SQL["of_alarms"], {"alarms": list(own)}):
        alarm = own[row["alarm_id"]]
        if alarm.incident_id != row["incident_id"]:
            found.append(linked(alarm, row["incident_id"], now))
    of = {"ids": list(ids), "own": list(own)}
    behind = {row["incident_id"]: row["n"] for row in conn.execute(SQL["behind"], of)}
    if not behind:
        return found
    for row in conn.execute(SQL["follow"], {**of, "limit": FOLLOW_ROWS}):
        found.append(linked(from_row(row), row["stands_in"], now))
        behind[row["stands_in"]] -= 1
    for incident, n in sorted(behind.items()):
        if n > 0:
            timers.arm(conn, Timer(FOLLOW, str(incident), timers.WALL, now))
    return found


def write_log(conn: Conn, entries: Sequence[Entry], now: datetime) -> None:
    """Append what happened to incidents, in this order."""
    if entries:
        columns = {
            "incident_id": [each.incident for each in entries],
            "at": [now] * len(entries),
            "type": [each.type for each in entries],
            "by": [each.by for each in entries],
            "comment": [each.comment for each in entries],
            "body": [Jsonb(dict(each.body)) for each in entries],
        }
        conn.execute(SQL["log"], columns)


def expire_evidence(conn: Conn, before: datetime, limit: int) -> int:
    """Delete at most `limit` runs from before then that are part of no incident; return how many.

    The caller is `alone`.
    """
    return conn.execute(SQL["expire"], {"before": before, "limit": limit}).rowcount


def count_open(conn: Conn) -> int:
    """Return how many incidents are open."""
    row = conn.execute(SQL["count_open"]).fetchone()
    return int(row["n"]) if row else 0


def _with_middle(ids: Sequence[UUID]) -> dict[str, Any]:
    place = {"lat": MIDDLE[0], "lon": MIDDLE[1], "north_m": NORTH_M, "east_m": EAST_M}
    return {"ids": list(ids), **place}


def _extent(row: Mapping[str, Any]) -> Extent:
    box = (row["west"], row["south"], row["east"], row["north"])
    return Extent(
        began_at=row["began_at"],
        last_at=row["last_at"],
        alarms=row["alarms"],
        sources=tuple(row["sources"]),
        severity=list(Severity)[row["priority"] - 1],
        area=row["area"],
        box=None if box[0] is None else box,
    )


def _open(conn: Conn, cluster: UUID, rule: IncidentRule, found: Judgement, now: datetime) -> None:
    values = {**_values(found), "id": cluster, "rule": rule.id, "now": now}
    values["title"], values["title_en"] = rule.titles(found, _area_name(found))
    conn.execute(SQL["open"], values)


def _update(
    conn: Conn, rules: Rules, before: Mapping[str, Any], found: Judgement, now: datetime
) -> list[Entry]:
    values = {**_values(found), "id": before["id"], "now": now}
    rule = rules.get(before["rule"] or "")
    # A title of a person's own words, or of a rule that is gone, stays.
    titles = (
        rule.titles(found, _area_name(found)) if rule else (before["title"], before["title_en"])
    )
    values["title"], values["title_en"] = titles
    conn.execute(SQL["update"], values)
    if before["severity"] == found.severity:
        return []
    change = {"from": before["severity"], "to": found.severity.value}
    return [Entry(before["id"], "severity_changed", body=change)]


def _values(found: Judgement) -> dict[str, Any]:
    return {
        "severity": found.severity.value,
        "area": found.area,
        "lat": found.lat,
        "lon": found.lon,
        "radius_m": found.radius_m,
        "sources": list(found.sources),
        "alarms": found.alarms,
        "began_at": found.began_at,
        "last_at": found.last_at,
    }


def _area_name(found: Judgement) -> str:
    area = gazetteer().by_code(found.area) if found.area else None
    return area.full_name if area else ""
