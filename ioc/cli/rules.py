"""`ioc rules`: checking rule files, putting them in force, and what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from connectors.timescale import rule_versions
from connectors.timescale.database import connect
from connectors.timescale.rule_versions import Change
from ioc import clock, rulebook
from ioc.clock import LOCAL_ZONE
from ioc.errors import NotFoundError
from ioc.rule import RuleError
from ioc.settings import Settings

#: A rule file is read whole; nobody writes one longer than this by hand.
FILE_BYTES_MAX = 1024 * 1024
CHANGES_SHOWN = 50


def check(files: Sequence[Path]) -> int:
    """Print every problem with its line; return 0 when there is none."""
    named = texts(files)
    if named is None:
        return 1
    try:
        rules = rulebook.load_all(named)
    except RuleError as error:
        return refused(error)
    typer.echo(f"{len(rules.rules)} rules, no problem")
    return 0


def apply(settings: Settings, files: Sequence[Path], *, why: str, by: str) -> int:
    """Put what the files say in force, all or nothing; what they do not speak of stays."""
    named = texts(files)
    if named is None:
        return 1
    try:
        rulebook.load_all(named)
        wordings = [each for name, text in named for each in rulebook.wordings(name, text)]
        changes = [Change(*each.key, each.body, "api", why) for each in wordings]
        url = settings.database_url.get_secret_value()
        with connect(url, "ioc rules") as conn, conn.transaction():
            before = rule_versions.revision(conn)
            found = rule_versions.change(conn, changes, by=by, now=clock.now())
            revision = rule_versions.revision(conn)
    except RuleError as error:
        return refused(error)
    for (noun, name), version in found.items():
        typer.echo(f"{noun} {name}: version {version}")
    typer.echo("nothing changed" if revision == before else f"in force, revision {revision}")
    return 0


def show_log(settings: Settings, rule: str | None) -> None:
    """Print who changed what, when and why, newest first: of one rule, or of everything."""
    with connect(settings.database_url.get_secret_value(), "ioc rules") as conn:
        if rule is None:
            rows = rule_versions.changes(conn, CHANGES_SHOWN)
        else:
            found = rule_versions.versions(conn, "rule", rule, None, CHANGES_SHOWN)
            if not found:
                raise NotFoundError(f"there is no rule {rule!r}")
            rows = [
                {"noun": "rule", "id": rule, "withdrawn": row["body"] is None, **row}
                for row in found
            ]
    for row in rows:
        at = row["at"].astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
        what = f"{row['noun']} {row['id']} version {row['version']}"
        gone = " (withdrawn)" if row["withdrawn"] else ""
        typer.echo(f"{at}  {what}{gone}  {row['by']} ({row['origin']}): {row['why']}")


def texts(files: Sequence[Path]) -> list[tuple[str, str]] | None:
    """Return name and text of each file; None, said, when one cannot be read."""
    named = []
    for file in files:
        try:
            if file.stat().st_size > FILE_BYTES_MAX:
                typer.echo(f"{file}: larger than {FILE_BYTES_MAX} bytes", err=True)
                return None
            named.append((str(file), rulebook.text_of(file)))
        except RuleError as error:
            refused(error)
            return None
        except OSError as error:
            typer.echo(f"{file}: {error}", err=True)
            return None
    return named


def refused(error: RuleError) -> int:
    """Print every problem with its line; return 1."""
    for problem in error.problems:
        typer.echo(str(problem), err=True)
    return 1
