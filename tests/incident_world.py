"""Alarms at places and times, for tests of incidents: real rules, real raises, no broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from connectors.timescale import alarms, incidents
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc.alarm import Alarm, ClosingCode, Transition, raised
from ioc.incident import EAST_M, MIDDLE, NORTH_M, IncidentRule
from ioc.rule import Raise, Rule, load
from ioc.severity import Severity
from ioc.suppression import Matcher

BASE = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HERE = "05443"

#: One rule for each family that can see a fire, and two of a cause chain.
SITE = """
rules:
  - {id: camera-fire, title: "Cháy", title_en: "Fire", type: ioc.camera.alert, kind: match,
     when: {label: [fire, smoke]}, per: device, severity: high}
  - {id: fire-alarm, title: "Báo cháy", title_en: "Fire alarm", type: ioc.fire.reading, kind: match,
     when: {state: alarm}, per: device, severity: high}
  - {id: sos, title: "Khẩn cấp", title_en: "Emergency", type: ioc.citizen.report, kind: match,
     when: {emergency: true}, per: device, severity: medium}
  - {id: power-out, title: "Mất điện", title_en: "No power", type: ioc.fire.reading, kind: match,
     when: {state: trouble}, per: device, severity: medium}
  - {id: silent-camera, title: "Mất", title_en: "Silent", type: ioc.camera.alert, kind: match,
     when: {label: offline}, per: device, severity: low}
"""
RULES = load(SITE, "incident_world.yaml").by_id

DOUBLE_KNOCK = IncidentRule(
    id="double-knock",
    title="Cháy, {sources} nguồn cùng báo",
    title_en="Fire, {sources} sources agree",
    of=Matcher(rules=frozenset({"camera-fire", "fire-alarm", "sos"})),
    within_m=300.0,
    time=timedelta(minutes=5),
    least=2,
    sources=2,
    severity=Severity.CRITICAL,
)
POWER_CHAIN = IncidentRule(
    id="power-chain",
    title="Mất điện {area}",
    title_en="Power cut in {area}",
    chain=(
        Matcher(rules=frozenset({"power-out"})),
        Matcher(rules=frozenset({"silent-camera"})),
    ),
    on="area",
    time=timedelta(minutes=30),
)
ALL = (DOUBLE_KNOCK, POWER_CHAIN)


@dataclass(frozen=True)
class Word:
    """One raising event: a rule's device, minutes from BASE, metres east and north."""

    rule: str
    device: str
    minute: float = 0.0
    east: float | None = 0.0
    north: float = 0.0
    area: str | None = HERE

    @property
    def at(self) -> datetime:
        return BASE + self.minute * MINUTE

    def verdict(self) -> Raise:
        data: dict[str, object] = {}
        if self.east is not None:
            data = {"lat": MIDDLE[0] + self.north / NORTH_M, "lon": MIDDLE[1] + self.east / EAST_M}
        rule: Rule = RULES[self.rule]
        return Raise(rule, self.device, self.at, _Said(rule, self, data))


@dataclass(frozen=True)
class _Said:
    """The event, as a rule reads it."""

    rule: Rule = field(repr=False)
    word: Word
    data: Mapping[str, object]
    severity: str | None = None
    kind: str = "said"
    ce_source: str = "/world"

    @property
    def source(self) -> str:
        return self.rule.source

    @property
    def type(self) -> str:
        return self.rule.type

    @property
    def area(self) -> str | None:
        return self.word.area

    @property
    def device(self) -> str | None:
        return self.word.device

    @property
    def time(self) -> datetime:
        return self.word.at

    @property
    def received_at(self) -> datetime:
        return self.word.at

    @property
    def ce_id(self) -> str:
        return repr(self.word)


def told(
    words: list[Word], known: Mapping[tuple[str, str], Alarm], now: datetime
) -> list[Transition]:
    """Return what words do to the alarms that are known."""
    current = dict(known)
    steps = []
    for word in words:
        of = (word.rule, word.device)
        step = raised(current.get(of), word.verdict(), now)
        current[of] = step.alarm
        steps.append(step)
    return steps


@dataclass
class World:
    """A database in which words raise alarms and are evidence, unit by unit."""

    database: Database
    rules: Sequence[IncidentRule] = ALL
    now: datetime = BASE + timedelta(hours=1)
    steps: list[Transition] = field(default_factory=list)

    def tell(self, *words: Word) -> list[Transition]:
        """Store words as one unit; return the steps of alarms that were linked."""
        self.now += timedelta(seconds=1)
        with self.database.transaction() as conn:
            known = alarms.lock_open(conn, [(word.rule, word.device) for word in words])
            steps = told(list(words), known, self.now)
            found = incidents.link(conn, self.rules, steps, self.now)
            alarms.apply(conn, [*steps, *found])
        self.steps += [*steps, *found]
        return found

    def close(self, word: Word) -> None:
        """Let a person close an alarm."""
        row = self.one("SELECT id FROM alarms WHERE key = %s AND ended_at IS NULL", word.device)
        alarms.move(
            self.database,
            row["id"],
            lambda alarm: life.close(alarm, ClosingCode.FALSE, "a", self.now),
        )

    def rows(self, query: LiteralString, *params: object) -> list[dict[str, Any]]:
        with self.database.reading() as conn:
            return conn.execute(query, params).fetchall()

    def one(self, query: LiteralString, *params: object) -> dict[str, Any]:
        (row,) = self.rows(query, *params)
        return row

    def incident(self) -> dict[str, Any]:
        """Return the only incident that has not gone into another."""
        return self.one("SELECT * FROM incidents WHERE state <> 'merged'")

    def members(self, incident: UUID) -> set[str]:
        rows = self.rows(
            "SELECT a.key, a.incident_id FROM incident_alarms JOIN alarms AS a ON a.id = alarm_id"
            " WHERE incident_alarms.incident_id = %s",
            incident,
        )
        assert {row["incident_id"] for row in rows} <= {incident}
        return {row["key"] for row in rows}

    def log(self, incident: UUID) -> list[str]:
        rows = self.rows(
            "SELECT type FROM incident_log WHERE incident_id = %s ORDER BY id", incident
        )
        return [row["type"] for row in rows]
