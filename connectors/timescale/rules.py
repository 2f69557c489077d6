"""The rules that the workers run, as they were written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.rule import RuleSet

SQL = queries("rules")

RULES_MAX = 2_000


def replace_all(conn: Conn, rules: RuleSet, now: datetime) -> None:
    """Store the rules in force, for display."""
    conn.execute(SQL["forget_rules"], {"ids": list(rules.by_id)})
    with conn.cursor() as cursor:
        cursor.executemany(
            SQL["save_rule"],
            [{"id": rule.id, "body": Jsonb(rule.plain), "now": now} for rule in rules.rules],
        )


def list_all(conn: Conn) -> list[dict[str, Any]]:
    """Return id, body (as written) and loaded_at of every rule, by id."""
    return conn.execute(SQL["list_rules"], {"limit": RULES_MAX}).fetchall()
