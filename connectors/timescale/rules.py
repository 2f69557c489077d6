"""The rules that the workers run, for display; what is in force is `rule_versions`."""

from __future__ import annotations

from typing import Any

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries

SQL = queries("rules")

RULES_MAX = 2_000


def list_all(conn: Conn) -> list[dict[str, Any]]:
    """Return id, version, body (as written) and loaded_at of every rule, by id."""
    return conn.execute(SQL["list_rules"], {"limit": RULES_MAX}).fetchall()
