"""Every wording of every rule as a row; the newest of each is what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectors.timescale.database import Conn
from ioc.rule import RuleSet

#: Held alone by who writes a version, so that revisions become visible in order.
VERSIONS_LOCK = 7_111


def revision(conn: Conn) -> int:
    """Return the number of the last change; 0: there was none."""
    return 0


def in_force(conn: Conn) -> RuleSet:
    """Return what is in force, with its revision."""
    return RuleSet()


def write(  # noqa: PLR0913 - a version is all of these
    conn: Conn,
    noun: str,
    name: str,
    body: Mapping[str, object] | None,
    *,
    by: str,
    why: str,
    origin: str,
    now: datetime,
) -> int:
    """Store a wording (None: withdrawn) and return its version."""
    return 0
