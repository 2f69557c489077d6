"""`ioc key`: make API keys, list them, close them."""

from __future__ import annotations

import typer

from connectors.timescale import keys
from connectors.timescale.database import Conn, connect
from ioc import clock
from ioc.settings import Settings


def create(settings: Settings, name: str, role: str, area: str | None) -> None:
    """Make a key and print its token on standard output, once."""
    with _connected(settings) as conn:
        key, token = keys.create(conn, name, role, area, clock.now())
    typer.echo(f"key {key.name!r}, role {key.role}; it is not shown again:", err=True)
    typer.echo(token)


def show_all(settings: Settings) -> None:
    """Print every key, one a line, revoked ones too; never a token."""
    with _connected(settings) as conn:
        rows = keys.list_all(conn)
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        revoked = (
            "" if row["revoked_at"] is None else f"  (revoked {row['revoked_at']:%Y-%m-%d %H:%M}Z)"
        )
        where = row["area"] or "all areas"
        made = f"{row['created_at']:%Y-%m-%d %H:%M}Z"
        typer.echo(f"{row['name']:<{width}}  {row['role']:<9}  {where:<9}  {made}{revoked}")
    if not rows:
        typer.echo("no keys")


def revoke(settings: Settings, name: str) -> None:
    """Close a key for ever, with the sessions that were opened by it."""
    with _connected(settings) as conn:
        keys.revoke(conn, name, clock.now())
    typer.echo(f"key {name!r} is refused within 10 s; its open live views end within the hour")


def _connected(settings: Settings) -> Conn:
    return connect(settings.database_url.get_secret_value(), "ioc key")
