"""`ioc rules`: checking rule files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from ioc.rule import RuleError, load_all

#: A rule file is read whole; nobody writes one longer than this by hand.
FILE_BYTES_MAX = 1024 * 1024


def check(files: Sequence[Path]) -> int:
    """Print every problem with its line; return 0 when there is none."""
    named = []
    for file in files:
        try:
            if file.stat().st_size > FILE_BYTES_MAX:
                typer.echo(f"{file}: larger than {FILE_BYTES_MAX} bytes", err=True)
                return 1
            named.append((str(file), file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            typer.echo(f"{file}: {error}", err=True)
            return 1
    try:
        rules = load_all(named)
    except RuleError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        return 1
    typer.echo(f"{len(rules.rules)} rules, no problem")
    return 0
