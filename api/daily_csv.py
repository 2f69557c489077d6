"""A daily report as CSV: a figure a line, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime

from api.daily_body import DailyBody
from ioc.clock import LOCAL_ZONE

MEDIA_TYPE = "text/csv"
COLUMNS = ("section", "name", "area", "value", "unit", "target", "note")
#: A spreadsheet takes a cell that begins with one of these for a formula; names come from outside.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

#: The unit of a figure, by how its name ends.
_UNITS = (("_s", "s"), ("_rate", "1"), ("precision", "1"), ("coverage", "1"), ("hours", "h"))
#: What the lines of one thing in a list are called by in the note.
_CALLED = ("title", "office", "category", "source", "report", "key")

Line = tuple[str, str, str | None, object, str, object, object]


def written(report: DailyBody) -> bytes:
    """Return the report as RFC 4180 says, in UTF-8 with the mark by which Excel knows it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in _lines(report):
        writer.writerow([_cell(each) for each in line])
    return out.getvalue().encode("utf-8-sig")


def _lines(report: DailyBody) -> Iterator[Line]:
    """Yield each figure under its path in the JSON; things of a list are numbered from 1."""
    values = report.model_dump(by_alias=True, exclude={"kpis", "shifts"})
    for section, value in values.items():
        if isinstance(value, dict | list):
            yield from _under(section, (), value, report.area, None)
        else:
            yield ("report", section, report.area, value, _unit(section), None, None)
    for each in report.kpis:
        yield ("kpis", each.name, report.area, each.value, each.unit, each.target, None)
        for key in ("maximum", "met", "change_30d"):
            value = getattr(each, key)
            yield ("kpis", f"{each.name}.{key}", report.area, value, "", None, None)


def _under(
    section: str, path: tuple[str, ...], value: object, area: str | None, note: object
) -> Iterator[Line]:
    if isinstance(value, Mapping):
        own = value.get("area", area)
        called = next((value[key] for key in _CALLED if value.get(key)), note)
        for key, each in value.items():
            of = key if section == "map" and not path else own
            yield from _under(section, (*path, str(key)), each, of, called)
    elif isinstance(value, list):
        for n, each in enumerate(value, 1):
            yield from _under(section, (*path, str(n)), each, area, note)
    else:
        yield (section, ".".join(path), area, value, _unit(path[-1]), None, note)


def _unit(key: str) -> str:
    return next((unit for end, unit in _UNITS if key.endswith(end)), "")


def _cell(value: object) -> str:
    text = _text(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if not is_number and text.startswith(_FORMULA) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")
    return str(value)
