"""The lines that a map draws, simplified for screens; GeoJSON with lon and lat in degrees."""

from __future__ import annotations

import functools
from typing import Any

import orjson

from ioc.area.gazetteer import Area, gazetteer, shipped


@functools.cache
def boundaries() -> bytes:
    """Return all communes and wards as one GeoJSON FeatureCollection (240 KB).

    Each feature's id and `properties.code` are the commune code; `name` and `kind` are there too.
    The bytes are the same for the whole life of a version.
    """
    features = [_features()[area.code] for area in gazetteer().communes]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def boundary(code: str) -> bytes | None:
    """Return the GeoJSON Feature of the province or of one commune; None for any other code."""
    feature = _features().get(code)
    return orjson.dumps(feature) if feature else None


@functools.cache
def _features() -> dict[str, dict[str, Any]]:
    """Return every Feature by its code; properties come from the gazetteer, one spelling."""
    lines = {
        feature["properties"]["code"]: feature["geometry"]
        for name in ("province_simplified.geojson", "communes_simplified.geojson")
        for feature in orjson.loads(shipped(name))["features"]
    }
    return {area.code: _feature(area, lines[area.code]) for area in gazetteer().areas}


def _feature(area: Area, geometry: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": area.code,
        "properties": {"code": area.code, "name": area.name, "kind": area.kind},
        "geometry": geometry,
    }
