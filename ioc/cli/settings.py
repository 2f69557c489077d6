"""`ioc settings`: every setting, documented by itself."""

from __future__ import annotations

import typer

from ioc.settings import Settings


def show(settings: Settings) -> None:
    """Print name, value and sentence; secrets are starred."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        said = "" if name in settings.model_fields_set else "  (default)"
        typer.echo(f"IOC_{name.upper()}={'' if value is None else value}{said}")
        typer.echo(f"    {field.description}")
