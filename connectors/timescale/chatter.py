"""Flips of rules and keys as rows: what is known of alarms that come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.timescale.database import Conn
from ioc.chattering import Chatter

Key = tuple[str, str]


def lock(conn: Conn, keys: Sequence[Key]) -> dict[Key, Chatter]:
    """Return what is known of these rules and keys, locked in their order until COMMIT."""
    return {}


def save(conn: Conn, known: Mapping[Key, Chatter]) -> None:
    """Store what is known now."""
