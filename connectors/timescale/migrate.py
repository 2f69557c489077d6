"""Bring a database to the schema of this version: numbered files, each once, one at a time."""

from __future__ import annotations

import logging
from importlib import resources

from connectors.timescale.database import Conn, connect
from connectors.timescale.sql import queries

log = logging.getLogger(__name__)

SQL = queries("migrate")


def migrate(url: str, *, timescale: bool | None = None) -> list[str]:
    """Apply what is missing and return the names of the files; `timescale` None: when it is there.

    Every file runs in a transaction of its own together with its entry in `migrations`, so a
    migration that was killed half-way is done again as a whole.
    """
    with connect(url, "ioc migrate") as conn:
        conn.execute(SQL["create_migrations"])
        conn.execute(SQL["lock_migrations"])
        try:
            if timescale is None:
                row = conn.execute(SQL["timescale_available"]).fetchone()
                timescale = row is not None
            if timescale:
                conn.execute(SQL["create_timescale"])
            return _apply_missing(conn, "timescale" if timescale else "plain")
        finally:
            conn.execute(SQL["unlock_migrations"])


def _apply_missing(conn: Conn, flavour: str) -> list[str]:
    done = {row["name"] for row in conn.execute(SQL["migrations_done"])}
    applied = []
    folder = resources.files("connectors.timescale").joinpath("migrations")
    # 0001_core.sql, then 0001_core.plain.sql or 0001_core.timescale.sql
    files = sorted(folder.iterdir(), key=lambda file: file.name.removesuffix(".sql").split("."))
    for file in files:
        _, _, suffix = file.name.partition(".")
        if suffix not in {"sql", f"{flavour}.sql"}:
            continue
        name = file.name.removesuffix(".sql")
        if name in done:
            continue
        text = file.read_text("utf-8")
        with conn.transaction():
            conn.execute(text)
            conn.execute(SQL["migration_done"], {"name": name})
        log.info("applied %s", name, extra={"action": "apply_migration"})
        applied.append(name)
    return applied
