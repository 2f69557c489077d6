"""Whom we tell: addresses with a filter and a secret, made by API or declared in YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from connectors.outbound.webhook import new_secret
from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.area import gazetteer
from ioc.errors import ConfigError, ConflictError, NotFoundError
from ioc.notify import Filter

SQL = queries("endpoints")

NAME_CHARACTERS_MAX = 100
#: Every alarm is matched against each of them, in the workers' transaction.
ENDPOINTS_MAX = 500
REMOVED = "removed from the configuration"


@dataclass(frozen=True, slots=True)
class Declared:
    """An endpoint as a file declares it; `filter` as written."""

    name: str
    url: str
    secret: str = field(repr=False)
    filter: Mapping[str, Any]


def create(
    conn: Conn, name: str, url: str, filter_: Mapping[str, Any] | None, now: datetime
) -> tuple[UUID, str]:
    """Make an endpoint; return its id and its secret, which is shown once.

    The URL is checked by the caller (`connectors.outbound.webhook.check_url`), who knows whether
    private addresses are allowed.

    Raises:
        ConfigError: the name or the filter is none, or there are too many endpoints.
        ConflictError: the name is taken.
    """
    check_name(name)
    check_filter(filter_)
    row = conn.execute(SQL["count"]).fetchone()
    if row and row["n"] >= ENDPOINTS_MAX:
        raise ConfigError(f"there are {ENDPOINTS_MAX} webhooks, and no more are possible")
    declared = Declared(name.strip(), url, new_secret(), filter_ or {})
    endpoint_id = _insert(conn, declared, "api", now)
    if endpoint_id is None:
        raise ConflictError(f"there is a webhook called {declared.name!r} already")
    return endpoint_id, declared.secret


def list_all(conn: Conn) -> list[dict[str, Any]]:
    """Return every endpoint by name, without secrets.

    Keys: id, name, url, filter, origin, created_at, disabled_at, disabled_reason, failing_since,
    failures, next_probe_at.
    """
    return conn.execute(SQL["list_all"], {"limit": ENDPOINTS_MAX}).fetchall()


def get(conn: Conn, endpoint_id: UUID) -> dict[str, Any]:
    """Return one endpoint, as `list_all` does.

    Raises:
        NotFoundError: there is none of this id (any more).
    """
    row = conn.execute(SQL["get"], {"id": endpoint_id}).fetchone()
    return _found(row, endpoint_id)


def delete(conn: Conn, endpoint_id: UUID) -> None:
    """Tell it nothing more, now and for ever; the ledger of what it was told stays.

    Raises:
        NotFoundError: there is none of this id (any more).
    """
    _found(conn.execute(SQL["delete"], {"id": endpoint_id}).fetchone(), endpoint_id)


def enable(conn: Conn, endpoint_id: UUID) -> None:
    """Switch on again what a 410 switched off.

    Raises:
        NotFoundError: there is none of this id (any more).
    """
    _found(conn.execute(SQL["enable"], {"id": endpoint_id}).fetchone(), endpoint_id)


def declare(conn: Conn, declared: Sequence[Declared], now: datetime) -> list[str]:
    """Make the declared endpoints be as declared; return the names that the API has taken."""
    taken = []
    for each in sorted(declared, key=lambda endpoint: endpoint.name):
        values = _values(each) | {"removed": REMOVED}
        if conn.execute(SQL["update_declared"], values).fetchone() is not None:
            continue
        if _insert(conn, each, "yaml", now) is None:
            taken.append(each.name)
    return taken


def disable_undeclared(conn: Conn, names: Sequence[str], now: datetime) -> list[str]:
    """Switch off the endpoints of files that are gone; return their names."""
    rows = conn.execute(
        SQL["disable_undeclared"], {"names": list(names), "removed": REMOVED, "now": now}
    )
    return [row["name"] for row in rows]


def check_name(name: str) -> None:
    """Raise `ConfigError` for what is no name."""
    if not 0 < len(name.strip()) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise ConfigError(f"name: 1 to {NAME_CHARACTERS_MAX} printable characters are expected")


def check_filter(filter_: object) -> None:
    """Raise `ConfigError` for a filter that could never match, as far as that can be known."""
    for code in sorted(Filter.parse(filter_).areas):
        if gazetteer().by_code(code) is None:
            raise ConfigError(
                f"filter: {code[:20]!r} is no commune's code; `GET /api/v1/areas` lists them"
            )


def _insert(conn: Conn, declared: Declared, origin: str, now: datetime) -> UUID | None:
    values = _values(declared) | {"id": uuid4(), "origin": origin, "now": now}
    row = conn.execute(SQL["create"], values).fetchone()
    return row["id"] if row else None


def _values(declared: Declared) -> dict[str, Any]:
    return {
        "name": declared.name,
        "url": declared.url,
        "secret": declared.secret,
        "filter": Jsonb(dict(declared.filter)),
    }


def _found(row: dict[str, Any] | None, endpoint_id: UUID) -> dict[str, Any]:
    if row is None:
        raise NotFoundError(f"there is no webhook {endpoint_id} (any more)")
    return row
