"""Where an event belongs, read from the shipped geography with nothing of the product's code."""

from __future__ import annotations

import csv
import gzip
import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from tests.acceptance.chaos.traffic import Ways

GEO = Path(__file__).resolve().parents[3] / "ioc" / "geo"
PROVINCE = "19"


def plain(name: str) -> str:
    """Return a name without accents, tone marks and letter case: these do not matter."""
    letters = unicodedata.normalize("NFD", name.casefold()).replace("đ", "d")
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


class Places:
    """The 92 communes, the units of before 2025-07-01, and the boundaries."""

    def __init__(self) -> None:
        with (GEO / "communes.csv").open(encoding="utf-8") as file:
            self._communes = list(csv.DictReader(file))
        with (GEO / "former_units.csv").open(encoding="utf-8") as file:
            former = [row for row in csv.DictReader(file) if row["mapping"] == "whole"]
        boundaries = json.loads(gzip.decompress((GEO / "communes_full.geojson.gz").read_bytes()))
        features = sorted(boundaries["features"], key=lambda each: str(each["properties"]["code"]))
        # In the order of their codes: where slivers overlap the lower one wins.
        self._codes = [str(each["properties"]["code"]) for each in features]
        self._tree = shapely.STRtree([shape(each["geometry"]) for each in features])
        today = {row["code"] for row in self._communes}
        self._known = {code: code for code in (*today, PROVINCE)}
        for row in former:
            self._known.setdefault(row["legacy_ward_code"], row["new_code"])
        names = Counter(plain(row["legacy_ward"]) for row in former)
        names += Counter(plain(row["full_name"]) for row in self._communes)
        #: Names that only one unit ever had.
        self._named = {
            plain(row["legacy_ward"]): row["new_code"]
            for row in former
            if names[plain(row["legacy_ward"])] == 1
        }
        codes = [row["legacy_ward_code"] for row in former if row["legacy_ward_code"] not in today]
        own = [row["legacy_ward"] for row in former if plain(row["legacy_ward"]) in self._named]
        self._former = [*sorted(codes)[:60], *sorted(own)[:60], *map(str.upper, sorted(own)[60:80])]

    def ways(self) -> Ways:
        """Return how senders may say where."""
        communes = [
            (row["code"], float(row["rep_lat"]), float(row["rep_lon"])) for row in self._communes
        ]
        return Ways(communes, self._former)

    def of_many(self, events: Sequence[dict[str, Any]]) -> list[str]:
        """Return the commune of each envelope: a known code or name, else the point, else 19."""
        found: list[str | None] = [self._said(event.get("area")) for event in events]
        rows = [
            row
            for row, code in enumerate(found)
            if code is None and events[row]["data"].get("lat") is not None
        ]
        points = shapely.points(
            [events[row]["data"]["lon"] for row in rows],
            [events[row]["data"]["lat"] for row in rows],
        )
        for point, polygon in sorted(zip(*self._tree.query(points, "intersects"), strict=True)):
            if found[rows[point]] is None:
                found[rows[point]] = self._codes[polygon]
        return [code or PROVINCE for code in found]

    def _said(self, area: str | None) -> str | None:
        """Return what a text means; an unknown one is stored under the whole province."""
        if not area:
            return None
        return self._known.get(area) or self._named.get(plain(area)) or PROVINCE
