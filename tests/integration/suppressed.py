"""A house for tests of what hides and folds: conditions come and go at times that the test says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import orjson

from connectors.timescale import alarms, suppressions
from connectors.timescale.database import Conn, Database
from ioc import clock
from ioc.alarm import Alarm, State
from ioc.philosophy import ChatterLimits, Philosophy
from ioc.rule import Clear, Raise, Rule, RuleSet, load
from ioc.severity import Severity
from ioc.suppression import Inhibition, Kind, Matcher, Suppression
from streams import flood_timers, suppression_timers
from streams.timers import run_due
from streams.verdicts import applied

NOW = clock.now()
#: Conditions that come and go fast are held back elsewhere.
UNDAMPED = Philosophy(chattering=ChatterLimits(is_on=False))
_RULE = """
  - id: {id}
    title: "{id}"
    title_en: "{id}"
    type: ioc.fire.reading
    kind: match
    when: {{state: alarm}}
    per: device
    severity: {severity}
    acknowledge: {acknowledge}
"""
RULES = load(
    "rules:"
    + "".join(
        _RULE.format(id=name, severity=severity, acknowledge=acknowledge)
        for name, severity, acknowledge in (
            ("power", "high", "true"),
            ("camera", "medium", "true"),
            ("lamp", "low", "true"),
            ("door", "low", "false"),
            ("fire", "critical", "true"),
        )
    ),
    "test.yaml",
)
BY_POWER = Inhibition(
    "camera-by-power",
    Matcher(rules=frozenset({"power"})),
    Matcher(rules=frozenset({"camera", "lamp"})),
    ("area",),
)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Fact:
    """A reading of a panel."""

    time: datetime
    device: str | None
    area: str | None
    ce_id: str
    source: str = "fire"
    ce_source: str = "/sia/1234"
    type: str = "ioc.fire.reading"
    kind: str = "smoke"
    severity: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def received_at(self) -> datetime:
        return self.time


class House:
    """Rules, a database and the timers that belong to suppressions and floods."""

    def __init__(self, db: Database, rules: RuleSet | None = None) -> None:
        self.db = db
        self.rules = rules or RuleSet(RULES.rules, philosophy=UNDAMPED, inhibitions=(BY_POWER,))

    def raised(self, rule: str, key: str, now: datetime, area: str | None = "05443") -> UUID:
        """Make a condition true; return the id of its alarm."""
        with self.db.transaction() as conn:
            return self.raise_in(conn, rule, key, now, area).id

    def raise_in(
        self, conn: Conn, rule: str, key: str, now: datetime, area: str | None = "05443"
    ) -> Alarm:
        fact = Fact(now, key, area, str(uuid4()))
        steps = applied(conn, self.rules, [Raise(self._rule(rule), key, now, fact)], now)
        alarms.apply(conn, steps)
        return steps[0].alarm

    def raised_together(self, rule: str, keys: list[str], now: datetime, area: str) -> None:
        """Make many conditions true in one transaction."""
        verdicts = [
            Raise(self._rule(rule), key, now, Fact(now, key, area, str(uuid4()))) for key in keys
        ]
        with self.db.transaction() as conn:
            alarms.apply(conn, applied(conn, self.rules, verdicts, now))

    def cleared(self, rule: str, key: str, now: datetime) -> None:
        """Make a condition false."""
        fact = Fact(now, key, "05443", str(uuid4()))
        with self.db.transaction() as conn:
            verdict = Clear(self._rule(rule), key, now, fact)
            alarms.apply(conn, applied(conn, self.rules, [verdict], now))

    def _rule(self, name: str) -> Rule:
        return self.rules.by_id[name]

    def worse(
        self, rule: str, key: str, now: datetime, severity: Severity = Severity.CRITICAL
    ) -> None:
        """Let a condition go on as a critical one, or as one of another severity."""
        verdict = Raise(
            replace(self._rule(rule), severity=severity),
            key,
            now,
            Fact(now, key, "05443", str(uuid4())),
        )
        with self.db.transaction() as conn:
            alarms.apply(conn, applied(conn, self.rules, [verdict], now))

    def hide(self, matcher: Matcher, now: datetime, **changes: Any) -> Suppression:
        """Have somebody hide what a matcher takes; 60 minutes when nothing else is said."""
        made = Suppression(
            id=uuid4(),
            kind=Kind.SILENCE,
            matcher=matcher,
            reason="Thi công",
            by="An",
            from_at=now,
            until_at=now + timedelta(minutes=60),
            created_at=now,
            origin="api",
        )
        made = replace(made, **changes)
        with self.db.transaction() as conn:
            suppressions.make(conn, made)
        return made

    def end(self, suppression: Suppression, now: datetime) -> None:
        with self.db.transaction() as conn:
            suppressions.end(conn, suppression.id, "Bình", None, now)

    def run(self, now: datetime) -> int:
        """Let the timers do what is due, until nothing more is."""
        handlers = suppression_timers.handlers(self.rules) | flood_timers.handlers(self.rules)
        total = 0
        while (done := run_due(self.db, handlers, now)) > 0:
            total += done
            assert total < 1000, "a timer that never ends"
        return total

    def rows(self, query: LiteralString, *values: object) -> list[dict[str, Any]]:
        with self.db.reading() as conn:
            return conn.execute(query, values).fetchall()

    def alarm(self, alarm_id: UUID) -> Alarm:
        (row,) = self.rows("SELECT * FROM alarms WHERE id = %s", alarm_id)
        return alarms.from_row(row)

    def state(self, alarm_id: UUID) -> State:
        return self.alarm(alarm_id).state

    def reasons(self, alarm_id: UUID) -> set[str]:
        """Return the ids of what hides an alarm, as its row says."""
        return {reason["id"] for reason in self.alarm(alarm_id).hidden_by}

    def rings(self, alarm_id: UUID) -> int:
        """Return how often it has rung."""
        found = self.rows(
            "SELECT count(*) AS n FROM alarm_log WHERE alarm_id = %s AND annunciated", alarm_id
        )
        return int(found[0]["n"])

    def states(self) -> Counter[str]:
        rows = self.rows("SELECT state FROM alarms WHERE ended_at IS NULL")
        return Counter(row["state"] for row in rows)

    def lines(self, suppression_id: UUID) -> list[str]:
        rows = self.rows(
            "SELECT type FROM suppression_log WHERE suppression_id = %s ORDER BY id",
            suppression_id,
        )
        return [row["type"] for row in rows]

    def decide(self, **flood: int) -> None:
        """Write down what the house thinks of floods."""
        body = orjson.dumps({"flood": flood}).decode()
        with self.db.transaction() as conn:
            conn.execute(
                "INSERT INTO rule_versions (noun, id, version, body, by, at, why, origin, revision)"
                " SELECT 'philosophy', 'site', n, %s, 'test', %s, 'test', 'file', n"
                " FROM (SELECT count(*) + 1 AS n FROM rule_versions) AS v",
                [body, NOW],
            )
