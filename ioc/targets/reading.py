"""Reading `targets.yaml`; every problem with its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ioc.errors import ConfigError
from ioc.rule.document import DocumentError, Fields, Node, Problem, Scalar
from ioc.rule.document import read as parsed
from ioc.rule.load import RuleError
from ioc.rule.notes import Notes
from ioc.severity import Severity
from ioc.targets.targets import Site, Targets

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
PHONES_MAX = 6
PHONE_CHARACTERS_MAX = 20
SITE_CHARACTERS_MAX = 100

_SITE = ("title", "parent", "body", "place")
_SEVERITIES = tuple(each.value for each in Severity)


def of_site(config_dir: Path | None) -> Targets:
    """Return what a site's `targets.yaml` (or `.yml`) says on top of what is shipped.

    Raises:
        ConfigError: with everything that is wrong in it, or there are two of them.
    """
    names = () if config_dir is None else ("targets.yaml", "targets.yml")
    found = [path for name in names if config_dir and (path := config_dir / name).is_file()]
    if len(found) > 1:
        raise ConfigError(f"{found[1]}: the targets stand in {found[0]} already; keep one of them")
    return load(_text_of(found[0]), str(found[0])) if found else shipped()


def load(text: str, filename: str = "targets.yaml") -> Targets:
    """Return the targets of a file, `targets:` at its top, on top of what is shipped.

    Raises:
        RuleError: with everything that is wrong in it.
    """
    return _load(text, filename, shipped())


@cache
def shipped() -> Targets:
    """Return what holds where a site says nothing."""
    text = (files("ioc.targets") / "shipped.yaml").read_text(encoding="utf-8")
    nothing = Targets(
        wait_p90=SECOND,
        on_time_rate=0,
        reports_on_time_rate=0,
        online_rate=0,
        phones=(),
        site=Site("", "", "", ""),
    )
    return _load(text, "shipped.yaml", nothing)


def _load(text: str, filename: str, base: Targets) -> Targets:
    notes = Notes(filename)
    try:
        root = parsed(text)
    except DocumentError as error:
        raise RuleError([Problem(filename, error.line, error.text)]) from error
    top = None if root is None else notes.fields(root, "the file", ("targets",))
    node = None if top is None else top.entries.get("targets")
    fields = None if node is None else notes.fields(node, "targets", tuple(_READ))
    values = {
        key: read(fields.entries[key], key, notes, base)
        for key, read in _READ.items()
        if fields is not None and key in fields.entries
    }
    if notes.problems:
        raise RuleError(sorted(notes.problems, key=lambda problem: problem.line))
    return replace(base, **values)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: it cannot be read ({type(error).__name__})") from None


def _wait(node: Node, key: str, notes: Notes, base: Targets) -> timedelta:
    return notes.duration(node, key, SECOND, DAY) or base.wait_p90


def _share(node: Node, key: str, notes: Notes, _: Targets) -> float:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        notes.add(node.line, f"{key} is a share from 0 to 1, 0.95 for 95 %")
        return 0.0
    return float(value)


def _answers(node: Node, key: str, notes: Notes, base: Targets) -> Mapping[Severity, timedelta]:
    fields = notes.fields(node, key, _SEVERITIES)
    found = dict(base.acknowledge_p90)
    for word, each in fields.entries.items() if fields else ():
        duration = notes.duration(each, f"{key}.{word}", SECOND, DAY)
        if duration is not None and word in _SEVERITIES:
            found[Severity(word)] = duration
    return found


def _phones(node: Node, key: str, notes: Notes, _: Targets) -> tuple[str, ...]:
    each = notes.listed(node, key, PHONES_MAX)
    # As they are written: a number of a telephone may begin with a zero.
    found = [one.text if isinstance(one, Scalar) else "" for one in each]
    for one, number in zip(each, found, strict=True):
        if not _is_phone(number):
            notes.add(one.line, f'{key}: write digits, in quotes: "114", "0208 3855 114"')
    return tuple(found)


def _is_phone(number: str) -> bool:
    digits = number.removeprefix("+").replace(" ", "").replace(".", "")
    return digits.isascii() and digits.isdecimal() and len(number) <= PHONE_CHARACTERS_MAX


def _site(node: Node, key: str, notes: Notes, base: Targets) -> Site:
    fields = notes.fields(node, key, _SITE)
    words = {
        word: notes.text(fields.entries[word], f"{key}.{word}", SITE_CHARACTERS_MAX) or ""
        for word in _SITE
        if isinstance(fields, Fields) and word in fields.entries
    }
    return replace(base.site, **words)


#: Every key of the file, with what reads it.
_READ: Mapping[str, Callable[[Node, str, Notes, Targets], Any]] = {
    "wait_p90": _wait,
    "on_time_rate": _share,
    "reports_on_time_rate": _share,
    "online_rate": _share,
    "acknowledge_p90": _answers,
    "phones": _phones,
    "site": _site,
}
