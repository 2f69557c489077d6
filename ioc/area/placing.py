"""Where an event belongs: what the sender says, else its point, else the whole province."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from ioc.area.gazetteer import PROVINCE_CODE, gazetteer
from ioc.area.spelling import NAME_CHARS_MAX


@dataclass(frozen=True, slots=True)
class Place:
    """Today's area of an event; `flagged` when its sender named one that nobody knows."""

    code: str
    flagged: bool = False


_PROVINCE = Place(PROVINCE_CODE)
_UNKNOWN = Place(PROVINCE_CODE, flagged=True)


def place(area: str | None, lat: float | None, lon: float | None) -> Place:
    """Return the place of one event; the point is in degrees.

    A known code or name wins over the point, because the sender said so. The point chooses where
    a divided former unit leaves a choice. Never raises on what a sender may write.
    """
    return place_many((area,), (lat,), (lon,))[0]


def place_many(
    areas: Sequence[str | None], lats: Sequence[float | None], lons: Sequence[float | None]
) -> list[Place]:
    """Return the place of each event, as `place` would; one look at all points together."""
    if not len(areas) == len(lats) == len(lons):
        raise ValueError(f"{len(areas)} areas, {len(lats)} latitudes, {len(lons)} longitudes")
    settled = _settled()
    places = [settled.get(area) for area in areas]
    rows = [row for row, known in enumerate(places) if known is None]
    if rows:
        codes = gazetteer().at_many([lats[row] for row in rows], [lons[row] for row in rows])
        for row, code in zip(rows, codes, strict=True):
            area = areas[row]
            places[row] = _chosen(area, code) if area else settled[code or PROVINCE_CODE]
    return places  # type: ignore[return-value]  # every row that was None is filled


@functools.cache
def _settled() -> dict[str | None, Place]:
    """Return the place of every code that needs no point; values are shared, not built anew."""
    table: dict[str | None, Place] = {area.code: Place(area.code) for area in gazetteer().communes}
    table[PROVINCE_CODE] = _PROVINCE
    for code, today in gazetteer().became.items():
        if len(today) == 1:
            # Most of today's codes were a former unit's too, and mean today's.
            table.setdefault(code, table[today[0]])
    return table


def _chosen(area: str, code_at_point: str | None) -> Place:
    """Return the place for an area that the table of codes does not settle."""
    # The length first: what is remembered must be small.
    candidates = _candidates(area) if len(area) <= NAME_CHARS_MAX else ()
    if not candidates:
        return _UNKNOWN
    if len(candidates) == 1:
        return Place(candidates[0])
    return Place(code_at_point) if code_at_point in candidates else _PROVINCE


@functools.lru_cache(maxsize=4096)
def _candidates(area: str) -> tuple[str, ...]:
    return tuple(unit.code for unit in gazetteer().meant(area))
