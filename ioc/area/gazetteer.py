"""The areas of the province: today's 92 communes and wards, and the units they came from."""

from __future__ import annotations

import csv
import functools
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING

import orjson

from ioc.area.spelling import Names, unmarked

if TYPE_CHECKING:
    from ioc.area.polygon import Polygons

PROVINCE_CODE = "19"
#: 19/2025/QĐ-TTg: two levels, province and commune, in force from this day.
REFORM_DAY = date(2025, 7, 1)


class Kind(StrEnum):
    """What an area is; towns below the district are all former."""

    PROVINCE = "province"
    COMMUNE = "commune"
    WARD = "ward"
    TOWN = "town"


_KINDS = {"xã": Kind.COMMUNE, "phường": Kind.WARD, "thị trấn": Kind.TOWN}


@dataclass(frozen=True, slots=True)
class Area:
    """An administrative unit from `valid_from` until before `valid_to`; none is open-ended.

    `code` is its only identity and keeps its leading zero. `lat` and `lon` are a point for
    labels, in degrees: inside the area for today's, near its centre for former ones.
    """

    code: str
    name: str
    full_name: str
    name_en: str
    kind: Kind
    lat: float
    lon: float
    valid_from: date | None = None
    valid_to: date | None = None


PROVINCE = Area(
    code=PROVINCE_CODE,
    name="Thái Nguyên",
    full_name="Tỉnh Thái Nguyên",
    name_en="Thai Nguyen",
    kind=Kind.PROVINCE,
    lat=22.035335,
    lon=105.791328,
    valid_from=REFORM_DAY,
)


#: Sensors and cameras stand still: their points are remembered, this many; then it starts anew.
POINTS_MAX = 100_000


class Gazetteer:
    """Answers which area a code, a name or a point means. Use the shared `gazetteer()`."""

    def __init__(
        self, communes: Sequence[Area], formers: Sequence[Area], became: dict[str, tuple[str, ...]]
    ) -> None:
        self.communes = tuple(sorted(communes, key=lambda area: area.code))
        self.formers = tuple(formers)
        #: Former code -> today's codes, the one with the larger part first.
        self.became = became
        self._by_code = {area.code: area for area in (PROVINCE, *self.communes)}
        self._names = _names(self.areas)
        self._former_names = _names(self.formers)
        self._all_names = _names((*self.areas, *self.formers))
        self._codes_at: dict[tuple[float | None, float | None], str | None] = {}

    @classmethod
    def load(cls) -> Gazetteer:
        """Read the shipped data; the polygons wait for the first point (0.2 s)."""
        communes = [_commune(row) for row in _rows("communes.csv")]
        formers: dict[str, Area] = {}
        became: dict[str, tuple[str, ...]] = {}
        for row in _rows("former_units.csv"):
            code, today = row["legacy_ward_code"], row["new_code"]
            formers[code] = _former(row)
            others = became.get(code, ())
            is_main = row["is_default_when_divided"] == "True"
            became[code] = (today, *others) if is_main else (*others, today)
        return cls(communes, tuple(formers.values()), became)

    @property
    def areas(self) -> tuple[Area, ...]:
        """The province, then its communes and wards in code order."""
        return (PROVINCE, *self.communes)

    def by_code(self, code: str) -> Area | None:
        """Return today's area with this code; a former code is none of them."""
        return self._by_code.get(code)

    def find(self, name: str) -> tuple[Area, ...]:
        """Return today's areas of that name, in code order; Xã or Phường may be left out.

        A name with its marks means only itself; without any, all that look alike.
        """
        return self._names.find(name)

    def former(self, code_or_name: str) -> tuple[Area, ...]:
        """Return what became of a former unit: several when it was divided or names repeat."""
        if code_or_name in self.became:
            return self._today((code_or_name,))
        return self._today([unit.code for unit in self._former_names.find(code_or_name)])

    def meant(self, code_or_name: str) -> tuple[Area, ...]:
        """Return today's areas that a sender may mean, by whatever code or name, old or new.

        Today's meaning wins: Phường Gia Sàng is today's ward, though a former one had that name.
        """
        if area := self._by_code.get(code_or_name):
            return (area,)
        if code_or_name in self.became:
            return self.former(code_or_name)
        units = self._all_names.find(code_or_name)
        today = tuple(unit for unit in units if unit.valid_to is None)
        return today or self._today([unit.code for unit in units])

    def origins(self, code: str) -> tuple[Area, ...]:
        """Return the former units that went, whole or in part, into today's area."""
        return tuple(unit for unit in self.formers if code in self.became[unit.code])

    def at(self, lat: float, lon: float) -> Area | None:
        """Return the commune at a point in degrees; None outside the province."""
        code = self.at_many((lat,), (lon,))[0]
        return self._by_code[code] if code is not None else None

    def at_many(
        self, lats: Sequence[float | None], lons: Sequence[float | None]
    ) -> list[str | None]:
        """Return the commune's code for each point in degrees, as `at` would."""
        if len(lats) != len(lons):
            raise ValueError(f"{len(lats)} latitudes, but {len(lons)} longitudes")
        points = list(zip(lats, lons, strict=True))
        known = self._codes_at
        unknown = {point for point in points if point not in known}
        if len(known) + len(unknown) > POINTS_MAX:
            known, unknown = {}, set(points)
            self._codes_at = known
        if unknown:
            codes = self._polygons.holding(*zip(*unknown, strict=True))
            known.update(zip(unknown, codes, strict=True))
        return [known[point] for point in points]

    def _today(self, former_codes: Sequence[str]) -> tuple[Area, ...]:
        codes = (code for former in former_codes for code in self.became[former])
        return tuple(self._by_code[code] for code in dict.fromkeys(codes))

    @functools.cached_property
    def _polygons(self) -> Polygons:
        # Only who has points pays for the geometry library and 177,000 corners.
        from ioc.area.polygon import Polygons

        features = orjson.loads(gzip.decompress(shipped("communes_full.geojson.gz")))["features"]
        shapes = {f["properties"]["code"]: orjson.dumps(f["geometry"]) for f in features}
        codes = [area.code for area in self.communes]
        return Polygons(codes, [shapes[code] for code in codes])


@functools.cache
def gazetteer() -> Gazetteer:
    """Return the one gazetteer of this process."""
    return Gazetteer.load()


def shipped(name: str) -> bytes:
    """Return a data file of `ioc/geo`."""
    return files("ioc").joinpath("geo", name).read_bytes()


def _rows(name: str) -> csv.DictReader[str]:
    return csv.DictReader(shipped(name).decode("utf-8").splitlines())


def _names(areas: Sequence[Area]) -> Names[Area]:
    return Names((area, (area.name, area.full_name)) for area in areas)


def _commune(row: dict[str, str]) -> Area:
    return Area(
        code=row["code"],
        name=row["name"],
        full_name=row["full_name"],
        name_en=row["name_en"],
        kind=_KINDS[row["unit_type"]],
        lat=float(row["rep_lat"]),
        lon=float(row["rep_lon"]),
        valid_from=REFORM_DAY,
    )


def _former(row: dict[str, str]) -> Area:
    full_name = row["legacy_ward"]
    word = next(word for word in _KINDS if full_name.lower().startswith(word))
    name = full_name[len(word) + 1 :]
    return Area(
        code=row["legacy_ward_code"],
        name=name,
        full_name=full_name,
        name_en=unmarked(name),
        kind=_KINDS[word],
        lat=float(row["legacy_lat"]),
        lon=float(row["legacy_lon"]),
        valid_to=REFORM_DAY,
    )
