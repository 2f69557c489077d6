"""A house for tests of rules about time: rows as workers write them, and a stream that goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.timescale.database import Database
from ioc.clock import LOCAL_ZONE
from ioc.philosophy import ChatterLimits, Philosophy
from ioc.rule import RuleSet, load
from streams import scan
from streams.timers import run_due

#: A Monday on which offices work, at ten.
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=LOCAL_ZONE)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Conditions that come and go fast are held back elsewhere.
UNDAMPED = Philosophy(chattering=ChatterLimits(is_on=False))

#: The beginning of a rule; its own part follows.
HEAD = """
rules:
  - id: {id}
    title: "T"
    title_en: "T"
    type: {type}
    kind: {kind}
    acknowledge: false
    severity: medium
"""


def rules_of(text: str) -> RuleSet:
    return RuleSet(load(text, "test.yaml").rules, philosophy=UNDAMPED)


@dataclass
class House:
    """One database, its rules, and how far its stream was read."""

    db: Database
    rules: RuleSet

    def __post_init__(self) -> None:
        self.follow(self.rules)

    def follow(self, rules: RuleSet) -> None:
        """Go over to other rules, as at a start or a reload."""
        self.rules = rules
        with self.db.transaction() as conn:
            scan.arm(conn, rules)

    def execute(self, query: str, *values: object) -> None:
        with self.db.transaction() as conn:
            conn.execute(query.encode(), values)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with self.db.reading() as conn:
            return list(conn.execute(query.encode(), values))

    # -- what workers write --

    def hear(  # noqa: PLR0913 - what a minute's count is kept by
        self,
        source: str,
        first: datetime,
        last: datetime,
        *,
        every: timedelta = MINUTE,
        n: int = 1,
        area: str = "05443",
        kind: str = "person",
    ) -> None:
        """Count events of a source at each minute from first to last."""
        with self.db.transaction() as conn:
            row = conn.execute(
                "INSERT INTO series (source, area, kind, severity) VALUES (%s, %s, %s, '')"
                " ON CONFLICT (source, area, kind, severity) DO UPDATE SET kind = excluded.kind"
                " RETURNING id",
                [source, area, kind],
            ).fetchone()
            assert row is not None
            conn.execute(
                "INSERT INTO counts_1m (minute, series, partition, n)"
                " SELECT date_trunc('minute', at), %s, 0, %s"
                " FROM generate_series(%s::timestamptz, %s::timestamptz, %s) AS g (at)"
                " ON CONFLICT (minute, series, partition) DO UPDATE SET n = excluded.n",
                [row["id"], n, first, last, every],
            )

    def see(self, device: str, at: datetime, area: str = "05443", source: str = "camera") -> None:
        """Store when a device was heard last."""
        self.execute(
            "INSERT INTO devices (source, device, area, first_seen, last_seen)"
            " VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (source, device) DO UPDATE SET last_seen = excluded.last_seen",
            *(source, device, area, at, at),
        )

    def issue(self, ticket: str, at: datetime, office: str = "MC-01", **later: datetime) -> None:
        """Store a ticket's visit: issued, and `called_at` or `ended_at` when that has happened."""
        called, ended = later.get("called_at"), later.get("ended_at")
        self.execute(
            "INSERT INTO visits (office, day, ticket, visit, area, issued_at, called_at, ended_at,"
            " waited_until) VALUES (%s, %s, %s, 1, '05443', %s, %s, %s, %s)"
            " ON CONFLICT (day, office, ticket, visit) DO UPDATE SET"
            " called_at = excluded.called_at, waited_until = excluded.waited_until",
            *(office, at.astimezone(LOCAL_ZONE).date(), ticket, at, called, ended),
            called or ended,
        )

    def receive(self, dossier: str, due: datetime, office: str = "MC-01") -> None:
        """Store a dossier that is open."""
        self.execute(
            "INSERT INTO dossiers (office, dossier, area, area_at, received_at, due_at, due_set_at)"
            " VALUES (%s, %s, '05443', %s, %s, %s, %s)",
            *(office, dossier, due - 9 * DAY, due - 9 * DAY, due, due - 9 * DAY),
        )

    def resolve(self, dossier: str, at: datetime) -> None:
        """Store that a dossier is done."""
        self.execute("UPDATE dossiers SET resolved_at = %s WHERE dossier = %s", at, dossier)

    def report(
        self, name: str, due: datetime, category: str = "trash", area: str = "05443"
    ) -> None:
        """Store a report that is open."""
        self.execute(
            "INSERT INTO reports (report, area, category, status, status_at, opened_at, due_at,"
            " due_set_at, emergency, event_id) VALUES (%s, %s, %s, 'open', %s, %s, %s, %s, false,"
            " gen_random_uuid())",
            *(name, area, category, due - 3 * DAY, due - 3 * DAY, due, due - 3 * DAY),
        )

    def read_up_to(self, at: datetime) -> None:
        """The stream was read up to here."""
        self.execute(
            "INSERT INTO offsets (log, topic, partition, next, progress_at, held_at)"
            " VALUES ('log', 'ioc.fire.v1', 0, 0, %s, now()) ON CONFLICT (log, topic, partition)"
            " DO UPDATE SET progress_at = excluded.progress_at",
            at,
        )

    # -- what a notifier does --

    def turn(self, at: datetime) -> int:
        """Let the stream be read up to `at` and handle what is due; return how many were."""
        self.read_up_to(at)
        return self.run(at)

    def run(self, at: datetime) -> int:
        """Handle what is due; return how many were."""
        return run_due(self.db, scan.handlers(self.rules), at)

    def until(self, first: datetime, last: datetime, every: timedelta) -> None:
        """Let the stream go on from first to last in steps."""
        while first <= last:
            self.turn(first)
            first += every

    # -- what there is --

    @property
    def open(self) -> dict[str, str]:
        """Open alarms: `rule key` to severity, with a dash before it when the condition is over."""
        rows = self.rows("SELECT rule, key, severity, active FROM alarms WHERE ended_at IS NULL")
        return {
            f"{row['rule']} {row['key']}": row["severity"]
            if row["active"]
            else f"-{row['severity']}"
            for row in rows
        }

    @property
    def steps(self) -> list[str]:
        """The log: step and key, in order."""
        rows = self.rows("SELECT type, alarm ->> 'key' AS key FROM alarm_log ORDER BY seq")
        return [f"{row['type']} {row['key']}" for row in rows]

    @property
    def findings(self) -> set[str]:
        """Keys that are stored."""
        return {row["key"] for row in self.rows("SELECT key FROM scan_findings")}

    @property
    def timers(self) -> list[str]:
        """The scans that are armed."""
        rows = self.rows("SELECT key FROM timers WHERE kind = 'scan' ORDER BY key")
        return [row["key"] for row in rows]
