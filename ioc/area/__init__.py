"""Where things are: areas by code, by name and by point, and the place of an event."""

from __future__ import annotations

from ioc.area.boundary import boundaries, boundary
from ioc.area.gazetteer import PROVINCE, PROVINCE_CODE, Area, Gazetteer, Kind, gazetteer
from ioc.area.placing import Place, place, place_many

__all__ = [
    "PROVINCE",
    "PROVINCE_CODE",
    "Area",
    "Gazetteer",
    "Kind",
    "Place",
    "boundaries",
    "boundary",
    "gazetteer",
    "place",
    "place_many",
]
