"""API keys and the sessions of browsers: who may ask, in which role, for which area."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.area import PROVINCE_CODE, gazetteer
from ioc.errors import ConfigError, ConflictError, NotFoundError

SQL = queries("keys")

#: 256 random bits. Nobody guesses them, so a plain SHA-256 is enough at rest: slow hashes (bcrypt,
#: argon2) are for passwords, which people choose, and would cost each request 100 ms.
TOKEN_BYTES = 32
#: So that a key in a wrong place is recognised (secret scanners, a reader of a log).
TOKEN_PREFIX = "ioc_"  # noqa: S105 - a prefix, not a secret
TOKEN_CHARACTERS_MAX = 200
NAME_CHARACTERS_MAX = 100
KEYS_LISTED_MAX = 1000
SESSIONS_PER_KEY_MAX = 1000


class Role(StrEnum):
    """What a key may do; `connector` stands aside: it may send events and nothing else."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    CONNECTOR = "connector"

    def includes(self, needed: Role) -> bool:
        """Whether who has this role may do what `needed` may: viewer < operator < admin."""
        if Role.CONNECTOR in (self, needed):
            return self is needed
        ladder = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
        return ladder.index(self) >= ladder.index(needed)


@dataclass(frozen=True, slots=True)
class Key:
    """A key or a session; `area` None: the whole province, `expires_at` None: until revoked."""

    id: UUID
    name: str
    role: Role
    area: str | None
    expires_at: datetime | None = None


def create(conn: Conn, name: str, role: str, area: str | None, now: datetime) -> tuple[Key, str]:
    """Make a key and return it with its token, which is shown once and kept only as a hash.

    Raises:
        ConfigError: the name, the role or the area is none.
        ConflictError: the name is taken, perhaps by a revoked key.
    """
    if not 0 < len(name.strip()) <= NAME_CHARACTERS_MAX:
        raise ConfigError(f"a key needs a name of 1 to {NAME_CHARACTERS_MAX} characters")
    if role not in list(Role):
        raise ConfigError(f"{role!r} is no role: choose one of {', '.join(Role)}")
    key = Key(uuid4(), name.strip(), Role(role), _area(area))
    token = _new_token()
    row = conn.execute(
        SQL["create_key"],
        {
            "id": key.id,
            "name": key.name,
            "role": key.role,
            "area": key.area,
            "hash": hashed(token),
            "now": now,
        },
    ).fetchone()
    if row is None:
        raise ConflictError(f"there is a key called {key.name!r} already, perhaps a revoked one")
    return key, token


def hashed(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def of_token(conn: Conn, token: str) -> Key | None:
    """Return the key that this token belongs to; None when there is none (any more)."""
    return _key(conn.execute(SQL["key_by_hash"], {"hash": hashed(token)}).fetchone())


def of_session(conn: Conn, token: str, now: datetime) -> Key | None:
    """Return for whom this session was opened; None when it has ended."""
    row = conn.execute(SQL["session_by_hash"], {"hash": hashed(token), "now": now}).fetchone()
    return _key(row)


def open_session(
    conn: Conn, key: Key, now: datetime, lasts: timedelta, *, is_link: bool = False
) -> str:
    """Open a session in the role and area of `key` and return its token.

    A link's token opens no door itself: `take_link` trades it, once, for a session.
    """
    token = _new_token()
    conn.execute(
        SQL["open_session"],
        {
            "hash": hashed(token),
            "key_id": key.id,
            "role": key.role,
            "area": key.area,
            "is_link": is_link,
            "now": now,
            "expires_at": now + lasts,
        },
    )
    conn.execute(SQL["trim_sessions"], {"now": now, "key_id": key.id, "most": SESSIONS_PER_KEY_MAX})
    return token


def take_link(conn: Conn, token: str, now: datetime) -> Key | None:
    """Use up a link and return for whom it was made; None when it was used or has expired."""
    row = conn.execute(SQL["take_link"], {"hash": hashed(token), "now": now}).fetchone()
    key = _key(row)
    return replace(key, expires_at=None) if key else None


def close_session(conn: Conn, token: str) -> None:
    """End a session; a token that opens none changes nothing."""
    conn.execute(SQL["close_session"], {"hash": hashed(token)})


def has_any(conn: Conn) -> bool:
    """Whether there is a key that was not revoked."""
    row = conn.execute(SQL["has_key"]).fetchone()
    return bool(row and row["yes"])


def list_all(conn: Conn) -> list[dict[str, Any]]:
    """Return id, name, role, area, created_at and revoked_at of every key, by name."""
    return conn.execute(SQL["list_keys"], {"limit": KEYS_LISTED_MAX}).fetchall()


def revoke(conn: Conn, name: str, now: datetime) -> None:
    """Close a key for ever, with the sessions that were opened by it.

    Raises:
        NotFoundError: no key of that name is open.
    """
    if conn.execute(SQL["revoke_key"], {"name": name, "now": now}).fetchone() is None:
        raise NotFoundError(f"there is no open key called {name!r}")


def _area(area: str | None) -> str | None:
    if area is None or area == PROVINCE_CODE:
        return None
    if gazetteer().by_code(area) is None:
        raise ConfigError(f"{area!r} is no commune's code; `GET /api/v1/areas` lists them")
    return area


def _key(row: dict[str, Any] | None) -> Key | None:
    return Key(**{**row, "role": Role(row["role"])}) if row else None


def _new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
