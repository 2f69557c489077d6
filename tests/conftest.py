"""What every test may ask for: a database of its own, with the schema in it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from connectors.timescale.database import Database
from connectors.timescale.migrate import migrate
from connectors.timescale.replays import drop_database
from tests.embedded import running_postgres

# How long an example takes says more about the machine than about us.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

TEMPLATE = "ioc_template"
_numbers = itertools.count(1)


def _named(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    return url.replace("@/ioc?", f"@/{database}?")


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one PostgreSQL for the whole session; yield the URL of its maintenance database."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as (_, postgres):
        yield postgres.url


@pytest.fixture(scope="session")
def template(postgres_url: str) -> str:
    """Make the template that every test's database is a copy of; return its name."""
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(_named(postgres_url, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(postgres_url: str, template: str) -> Iterator[str]:
    """Yield the URL of a database that only this test has."""
    name = f"t_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield _named(postgres_url, name)
    drop_database(postgres_url, name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Yield an open pool on a database that only this test has."""
    opened = Database(database_url, "test").open()
    yield opened
    opened.close()


@pytest.fixture
def repository() -> Path:
    """Return the top folder of the checkout."""
    return Path(__file__).resolve().parent.parent
