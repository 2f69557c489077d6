"""The parts of docs/ that are made from the code; `python -m tests.docs_tables` writes them anew.

Each stands between `<!-- made from NAME -->` and `<!-- end -->`; tests/unit/test_docs.py compares.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer.main
from annotated_types import Ge, Gt, Le, Lt
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from api import app as application
from api import auth
from ioc import metrics
from ioc.cli import app as commands
from ioc.settings import Settings

REPO = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- made from (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
WHO: dict[Callable[..., Any], str] = {
    auth.viewer: "viewer",
    auth.operator: "operator",
    auth.admin: "admin",
    auth.sender: "connector",
}


def pages() -> list[Path]:
    """Return every page of ours that people read."""
    return sorted([*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")])


def renewed(text: str) -> str:
    """Return a page with its made parts as the code says now."""
    return BLOCK.sub(lambda found: found[1] + MADE[found[2]]() + found[3], text)


# Settings -----------------------------------------------------------------------------------------


def settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        rows.append((f"`IOC_{name.upper()}`", _default(field), _range(field), field.description))
    return _table(("setting", "default", "range", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    value = field.default
    assert value is not PydanticUndefined, "every setting has a default"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == ():
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _range(field: FieldInfo) -> str:
    said = []
    for bound in field.metadata:
        for kind, sign, name in (
            (Ge, "≥", "ge"),
            (Gt, ">", "gt"),
            (Le, "≤", "le"),
            (Lt, "<", "lt"),
        ):
            if isinstance(bound, kind):
                said.append(f"{sign} {getattr(bound, name)}")
    return ", ".join(said)


# Metrics ------------------------------------------------------------------------------------------


def metric_names() -> list[str]:
    """Return the name of each metric as /metrics shows it."""
    return [_shown(metric) for metric in _metrics()]


def metrics_table() -> str:
    rows = [
        (
            f"`{_shown(metric)}`",
            metric._type,
            ", ".join(f"`{label}`" for label in metric._labelnames),
            metric._documentation,
        )
        for metric in _metrics()
    ]
    return _table(("metric", "kind", "labels", "meaning"), rows)


def _metrics() -> Iterator[MetricWrapperBase]:
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            yield value


def _shown(metric: MetricWrapperBase) -> str:
    return f"{metric._name}{'_total' if metric._type == 'counter' else ''}"


# Commands -----------------------------------------------------------------------------------------


def command_table() -> str:
    rows = [
        (f"`ioc {name}{_usage(command)}`", (command.help or "").strip().splitlines()[0])
        for name, command in _leaves(typer.main.get_command(commands), ())
    ]
    return _table(("command", "what it does"), rows)


def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        if not child.hidden:
            yield from _leaves(child, (*path, name))


def _usage(command: Any) -> str:
    said = ""
    for one in command.params:
        if one.param_type_name == "argument":
            many = "..." if one.nargs == -1 else ""
            word = f"{one.name.upper()}{many}"
            said += f" {word}" if one.required else f" [{word}]"
            continue
        flag = "/".join((*one.opts, *one.secondary_opts))
        value = "" if one.is_flag else f" {one.name.upper()}"
        said += f" {flag}{value}" if one.required else f" [{flag}{value}]"
    return said


# Calls --------------------------------------------------------------------------------------------


@functools.cache
def calls() -> str:
    rows = []
    for method, path, route in _routes():
        asked = "".join(
            f"{'&' if number else '?'}{one.alias}="
            for number, one in enumerate(_query(route.dependant))
        )
        rows.append((f"`{method} {path}{asked}`", _who(route.dependant), route.summary or ""))
    return _table(("call", "who", "what"), rows)


@functools.cache
def paths() -> frozenset[str]:
    """Return every path of the API's document."""
    return frozenset(path for _, path, _ in _routes())


def _routes() -> Iterator[tuple[str, str, Any]]:
    for route in iter_route_contexts(application.create_app(Settings()).routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield method, route.path or "", route


def _query(dependant: Any) -> list[Any]:
    found = list(dependant.query_params)
    for child in dependant.dependencies:
        found += _query(child)
    return found


def _who(dependant: Any) -> str:
    for child in dependant.dependencies:
        if child.call in WHO:
            return WHO[child.call]
    return "anyone"


# Writing ------------------------------------------------------------------------------------------


def _table(head: tuple[str, ...], rows: Iterable[tuple[str | None, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(
        "| " + " | ".join((cell or "").replace("|", "\\|") for cell in line) + " |\n"
        for line in lines
    )


MADE: dict[str, Callable[[], str]] = {
    "ioc.settings": settings,
    "ioc.metrics": metrics_table,
    "ioc.cli": command_table,
    "api": calls,
}


def main() -> None:
    """Write the made parts of every page anew."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (now := renewed(text)) != text:
            page.write_text(now, encoding="utf-8")


if __name__ == "__main__":
    main()
