"""`ioc dead-letters`: look at what could not be used, and try it again."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import typer

from connectors.kafka.producer import Producer
from connectors.retry import retry as retry_letter
from connectors.timescale import dead_letters, looks
from connectors.timescale.database import Conn, Database, connect
from ioc import clock
from ioc.errors import ConfigError, NotFoundError
from ioc.event import Reason, Refusal
from ioc.settings import Settings
from ioc.source import SOURCES

#: `retry --reason` works through this many at a time; run it again for more.
RETRY_MAX = 1000


def show_all(settings: Settings, source: str | None, reason: str | None, limit: int) -> None:
    """Print the newest dead letters, one a line.

    Raises:
        ConfigError: there is no such source or reason.
    """
    _check_word("--source", source, [each.name for each in SOURCES])
    _check_word("--reason", reason, list(Reason))
    with _connected(settings) as conn:
        rows = dead_letters.page(conn, source=source, reason=reason, before=None, limit=limit)
    for row in rows:
        place = f"{row['topic']}[{row['partition']}]@{row['offset']}"
        retried = (
            "" if row["retried_at"] is None else f"  (retried {row['retried_at']:%d/%m %H:%M}Z)"
        )
        at = f"{row['at']:%Y-%m-%d %H:%M:%S}Z"
        typer.echo(f"{row['id']:>8}  {at}  {place}  {row['reason']}: {row['detail']}{retried}")
    if not rows:
        typer.echo("no dead letters")


def show_one(settings: Settings, number: int) -> None:
    """Print one dead letter: why on standard error, the bytes as they came on standard output.

    They may be personal data: the look is on record, in the transaction that reads.
    """
    with _connected(settings) as conn, conn.transaction():
        letter = dead_letters.one(conn, number)
        looks.log(conn, _who(), [f"dead letter {number}"], clock.now())
        dead_letters.mark_seen(conn, number, clock.now())
    for name, value in letter.row.items():
        typer.echo(f"{name}: {value}", err=True)
    for name, header in letter.headers:
        typer.echo(f"header {name}: {header!r}", err=True)
    typer.echo(letter.raw)


def retry(
    settings: Settings, numbers: Sequence[int], reason: str | None, value: Path | None
) -> int:
    """Publish dead letters again; return 0 when every one was."""
    if value is not None and len(numbers) != 1:
        raise ConfigError("--value mends one dead letter: name exactly one number")
    if not numbers and reason is None:
        raise ConfigError("name the dead letters to retry, or a --reason")
    _check_word("--reason", reason, list(Reason))
    producer = Producer(settings.kafka, "ioc-dead-letters")
    database = Database(settings.database_url.get_secret_value(), "ioc dead-letters", 1).open()
    mended = value.read_bytes() if value is not None else None
    retried = failed = 0
    try:
        with database.reading() as conn:
            wanted = list(numbers) or _waiting(conn, reason)
        for number in wanted:
            try:
                outcome = retry_letter(
                    database, producer, number, by="ioc retry", now=clock.now(), value=mended
                )
            except NotFoundError as error:
                outcome = Refusal(Reason.SCHEMA, str(error))
            if isinstance(outcome, Refusal):
                typer.echo(f"{number}: {outcome.detail}", err=True)
                failed += 1
            else:
                retried += 1
    finally:
        database.close()
        producer.close()
    typer.echo(f"retried {retried}, failed {failed}")
    return 1 if failed else 0


def _check_word(option: str, word: str | None, known: Sequence[str]) -> None:
    """Refuse a misspelt word: it would find nothing, and look as if all were well."""
    if word is not None and word not in known:
        raise ConfigError(f"{option} {word}: there are {', '.join(known)}")


def _waiting(conn: Conn, reason: str | None) -> list[int]:
    rows = dead_letters.page(
        conn, source=None, reason=reason, before=None, limit=RETRY_MAX, only_open=True
    )
    return [row["id"] for row in rows]


def _connected(settings: Settings) -> Conn:
    return connect(settings.database_url.get_secret_value(), "ioc dead-letters")


def _who() -> str:
    """Return who runs this command, as far as the machine says."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (ioc dead-letters show)"
