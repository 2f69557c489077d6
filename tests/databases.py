"""The end of a database that only one test or one measurement had."""

from __future__ import annotations

import time

import psycopg
from psycopg import sql

DROP_WITHIN_S = 60


def drop_database(url: str, name: str) -> None:
    """Drop a database with whoever is in it.

    The server's own vacuum may be in it, whom only the server can send away: then it is tried
    again for a minute.

    Args:
        url: of another database of the same server.
        name: of the database to drop.

    Raises:
        psycopg.errors.InsufficientPrivilege: The vacuum did not leave in time.
    """
    deadline_s = time.monotonic() + DROP_WITHIN_S
    with psycopg.connect(url, autocommit=True) as conn:
        while True:
            try:
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.5)
            else:
                return
