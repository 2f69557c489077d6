"""Connections: one way to open them, one place where the driver's errors become ours."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from connectors.timescale.sql import queries
from ioc.errors import DatabaseUnavailableError

log = logging.getLogger(__name__)

SQL = queries("database")

CONNECT_TIMEOUT_S = 5
#: A zombie that wakes up inside a transaction must find it gone (architecture.md, rule 2).
IDLE_IN_TRANSACTION_MS = 10_000
LOCK_MS = 5_000
#: How long a caller waits for a free connection of the pool.
POOL_WAIT_S = 5.0

Conn = psycopg.Connection[DictRow]

# Several times as fast; and numbers are read as they are when they come in, so they go out again.
set_json_loads(orjson.loads)


class DatabaseFullError(DatabaseUnavailableError):
    """The database's disk is full: it answers, and stores nothing."""


#: What the driver raises when the server is away, and not when a statement is wrong.
AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
)


def _options(application: str) -> dict[str, Any]:
    return {
        "autocommit": True,
        "row_factory": dict_row,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": application,
        "options": (
            f"-c TimeZone=UTC -c lock_timeout={LOCK_MS}"
            f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
        ),
    }


@contextlib.contextmanager
def unavailable() -> Iterator[None]:
    """Turn the driver's «the server is away» into ours; every other error goes through."""
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise
    except psycopg.errors.DiskFull as error:
        raise DatabaseFullError(f"the database's disk is full: {error}") from error
    except AWAY as error:
        raise DatabaseUnavailableError(f"the database does not answer: {error}") from error


def connect(url: str, application: str) -> Conn:
    """Open one connection in autocommit mode, rows as dicts, times in UTC."""
    with unavailable():
        return psycopg.connect(url, **_options(application))


def check_room(conn: Conn) -> None:
    """Do what needs room on the disk, and undo it.

    Raises:
        DatabaseFullError: there is none.
    """
    with unavailable(), conn.transaction(force_rollback=True):
        conn.execute(SQL["grow"], prepare=False)


def of_one_moment(conn: Conn) -> None:
    """Make all that a transaction reads of one moment; its first statement."""
    conn.execute(SQL["one_moment"])


def bound(conn: Conn, most_ms: int) -> None:
    """Give up every statement of this transaction that takes longer (psycopg's QueryCanceled)."""
    conn.execute(SQL["bound"], {"milliseconds": str(most_ms)})


class Database:
    """A bounded pool of connections; opened once in the life of a process."""

    def __init__(self, url: str, application: str, size: int = 8) -> None:
        self.url = url
        self.application = application
        self._pool: ConnectionPool[Conn] = ConnectionPool(
            url,
            kwargs=_options(application),
            min_size=1,
            max_size=size,
            timeout=POOL_WAIT_S,
            open=False,
            check=ConnectionPool.check_connection,
            name=application,
        )

    def open(self) -> Database:
        """Start the pool; it connects in the background and keeps trying."""
        self._pool.open()
        return self

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Conn]:
        """Give a connection inside a transaction: commits at the end, rolls back on any error."""
        with unavailable(), self._pool.connection() as conn, conn.transaction():
            yield conn

    @contextlib.contextmanager
    def reading_within(self, most_ms: int) -> Iterator[Conn]:
        """Give a connection inside a transaction, for reading what may be too much.

        Raises:
            TimeoutError: a statement took longer.
        """
        try:
            with self.transaction() as conn:
                bound(conn, most_ms)
                yield conn
        except psycopg.errors.QueryCanceled as error:
            raise TimeoutError("what was asked for cannot be read in time") from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[Conn]:
        """Give a connection in autocommit mode, for single statements."""
        with unavailable(), self._pool.connection() as conn:
            yield conn
