"""`ioc key create`."""

from __future__ import annotations

import typer

from connectors.timescale import keys
from connectors.timescale.database import connect
from ioc import clock
from ioc.settings import Settings


def create(settings: Settings, name: str, role: str, area: str | None) -> None:
    """Make a key and print its token on standard output, once."""
    with connect(settings.database_url.get_secret_value(), "ioc key") as conn:
        key, token = keys.create(conn, name, role, area, clock.now())
    typer.echo(f"key {key.name!r}, role {key.role}; it is not shown again:", err=True)
    typer.echo(token)
