"""`ioc key`, `ioc dead-letters` and what every command says of its settings, at a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.timescale import keys
from connectors.timescale.database import Database
from ioc import clock
from ioc.event import Reason

RAW = b'{"id": "1", "data": {"reporter": {"name": "An"}}}'

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ioc(database_url: str, tmp_path: Path) -> Command:
    """A command of the product, on the database of this test."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        ours = {"IOC_DATABASE_URL": database_url, "IOC_DATA_DIR": str(tmp_path), **settings}
        return subprocess.run(
            [sys.executable, "-m", "ioc.cli", *arguments],
            env={**os.environ, **ours},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_a_key_is_made_listed_and_closed(ioc: Command, database: Database) -> None:
    assert ioc("key", "list").stdout == "no keys\n"
    token = ioc("key", "create", "duty-room", "--role", "operator").stdout.strip()
    assert ioc("key", "create", "pdp", "--role", "connector", "--area", "05443").returncode == 0
    with database.reading() as conn:
        assert keys.of_token(conn, token) is not None

    listed = ioc("key", "list").stdout
    assert token not in listed
    assert [line.split()[:3] for line in listed.splitlines()] == [
        ["duty-room", "operator", "all"],
        ["pdp", "connector", "05443"],
    ]
    assert "revoked" not in listed

    done = ioc("key", "revoke", "duty-room")
    assert done.returncode == 0, done.stderr
    with database.reading() as conn:
        assert keys.of_token(conn, token) is None
    first, second = ioc("key", "list").stdout.splitlines()
    assert "(revoked " in first
    assert "revoked" not in second


@pytest.mark.parametrize("name", ["duty-rom", "closed"])
def test_to_close_a_key_that_is_not_open_is_a_sentence(
    ioc: Command, database: Database, name: str
) -> None:
    with database.transaction() as conn:
        keys.create(conn, "closed", "viewer", None, clock.now())
        keys.revoke(conn, "closed", clock.now())
    done = ioc("key", "revoke", name)
    assert (done.returncode, done.stderr) == (2, f"ioc: there is no open key called {name!r}\n")


def test_a_look_at_a_dead_letter_is_on_record_as_over_http(
    ioc: Command, database: Database
) -> None:
    with database.transaction() as conn:
        row = conn.execute(
            'INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source,'
            " reason, detail, raw) VALUES (now(), 'l', 'ioc.citizen.v1', 0, 1, now(), 'citizen',"
            " 'schema', 'x', %s) RETURNING id",
            [RAW],
        ).fetchone()
    assert row is not None
    missing = ioc("dead-letters", "show", str(row["id"] + 1))
    assert missing.returncode == 2
    assert looks(database) == [], "nothing was seen"
    assert ioc("dead-letters", "list").returncode == 0
    assert looks(database) == [], "the list shows no bytes"

    assert ioc("dead-letters", "show", str(row["id"])).stdout.encode() == RAW + b"\n"
    ((by, what),) = looks(database)
    assert what == f"dead letter {row['id']}"
    assert by.endswith(" (ioc dead-letters show)")
    assert "@" in by


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--reason", "foo"), f"ioc: --reason foo: there are {', '.join(Reason)}\n"),
        (("retry", "--reason", "foo"), f"ioc: --reason foo: there are {', '.join(Reason)}\n"),
        (("list", "--source", "smoke"), "ioc: --source smoke: there are camera, fire, citizen, "),
    ],
)
def test_a_misspelt_word_is_not_an_empty_list_of_dead_letters(
    ioc: Command, arguments: tuple[str, ...], said: str
) -> None:
    done = ioc("dead-letters", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert ioc("dead-letters", "list", "--reason", "schema").stdout == "no dead letters\n"


def test_a_misspelt_setting_is_said_once_by_name_and_not_by_who_is_started_by_ioc_up(
    ioc: Command,
) -> None:
    wrong = {"IOC_WEBHOOK_ALOW_PRIVATE": "secret"}
    done = ioc("key", "list", **wrong)
    said = "IOC_WEBHOOK_ALOW_PRIVATE is no setting; did you mean IOC_WEBHOOK_ALLOW_PRIVATE?"
    assert (done.returncode, done.stdout) == (0, "no keys\n")
    assert done.stderr == f"ioc: {said}\n"
    assert ioc("key", "list", **wrong, IOC_LOG_ID="of-ioc-up").stderr == ""


def test_a_folder_of_the_site_that_is_not_there_is_a_sentence(ioc: Command) -> None:
    done = ioc("migrate", IOC_CONFIG_DIR="/none/such")
    assert done.returncode == 2
    assert done.stderr == "ioc: IOC_CONFIG_DIR=/none/such: there is no such folder\n"


def looks(db: Database) -> list[tuple[str, str]]:
    with db.reading() as conn:
        return [(row["by"], row["what"]) for row in conn.execute("SELECT by, what FROM looks")]
