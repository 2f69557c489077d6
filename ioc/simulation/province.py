"""What stands in the simulated province: cameras, fire panels, sensors and one-stop desks."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

from ioc.area import PROVINCE_CODE, Area, Kind, gazetteer

#: How far things stand from the middle of their commune, in degrees (about 1.5 km).
SPREAD_DEGREES = 0.014
#: Points tried before a thing is put at its commune's own point, which is always inside.
TRIES = 6
SPOTS = 12
CENTRE_OFFICE = "TTHCC"


@dataclass(frozen=True, slots=True)
class Device:
    """One thing that reports; its point, in degrees, lies inside its commune."""

    name: str
    area: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Office:
    """A one-stop desk; `weight` is its share of the people."""

    code: str
    area: str
    weight: float


@dataclass(frozen=True, slots=True)
class Province:
    """Everything that stands somewhere, in commune order; `zones` belong to fire panels."""

    cameras: tuple[Device, ...]
    zones: tuple[Device, ...]
    sensors: tuple[Device, ...]
    offices: tuple[Office, ...]
    #: Points inside each commune where people report something.
    spots: dict[str, tuple[tuple[float, float], ...]]

    def cameras_in(self, area: str) -> list[Device]:
        """Return the cameras of a commune."""
        return [camera for camera in self.cameras if camera.area == area]

    def zones_in(self, area: str) -> list[Device]:
        """Return the panel zones of a commune."""
        return [zone for zone in self.zones if zone.area == area]

    def sensors_in(self, area: str) -> list[Device]:
        """Return the radio sensors of a commune."""
        return [sensor for sensor in self.sensors if sensor.area == area]


@functools.cache
def province() -> Province:
    """Return the one simulated province (the first call reads the boundaries: 0.3 s)."""
    areas = gazetteer().communes
    named = [(area, name) for area in areas for name in _names(area)]
    points = _points([area for area, _ in named], random.Random("devices"))  # noqa: S311
    devices = [
        Device(name, area.code, lat, lon)
        for (area, name), (lat, lon) in zip(named, points, strict=True)
    ]
    places = _points([area for area in areas for _ in range(SPOTS)], random.Random("spots"))  # noqa: S311
    return Province(
        cameras=tuple(device for device in devices if device.name.startswith("cam-")),
        zones=tuple(device for device in devices if device.name.startswith("panel-")),
        sensors=tuple(device for device in devices if device.name.startswith("5EED")),
        offices=offices(),
        spots={
            area.code: tuple(places[at * SPOTS : (at + 1) * SPOTS]) for at, area in enumerate(areas)
        },
    )


def offices() -> tuple[Office, ...]:
    """Return the desks of the 92 communes, then the provincial centre."""
    desks = [
        Office(f"MC-{area.code}", area.code, 3.0 if area.kind is Kind.WARD else 1.0)
        for area in gazetteer().communes
    ]
    share_of_centre = 0.25
    weight = sum(desk.weight for desk in desks) * share_of_centre / (1 - share_of_centre)
    return (*desks, Office(CENTRE_OFFICE, PROVINCE_CODE, weight))


def _names(area: Area) -> Iterator[str]:
    """Yield the names of a commune's devices; towns have more of everything."""
    cameras, panels, sensors = (8, 3, 6) if area.kind is Kind.WARD else (3, 1, 3)
    yield from (f"cam-{area.code}-{number:02d}" for number in range(1, cameras + 1))
    for panel in range(1, panels + 1):
        yield from (f"panel-{area.code}-{panel}/zone-{zone}" for zone in (101, 102, 103))
    for number in range(1, sensors + 1):
        digest = hashlib.blake2b(f"{area.code}/{number}".encode(), digest_size=6).hexdigest()
        yield f"5EED{digest.upper()}"  # an EUI-64 in form, of no real maker


def _points(areas: list[Area], rng: random.Random) -> list[tuple[float, float]]:
    """Return a point (lat, lon) inside each area."""
    tried = [
        (
            round(area.lat + rng.gauss(0, SPREAD_DEGREES), 6),
            round(area.lon + rng.gauss(0, SPREAD_DEGREES), 6),
        )
        for area in areas
        for _ in range(TRIES)
    ]
    held = gazetteer().at_many([lat for lat, _ in tried], [lon for _, lon in tried])
    points = []
    for at, area in enumerate(areas):
        mine = range(at * TRIES, (at + 1) * TRIES)
        inside = (tried[index] for index in mine if held[index] == area.code)
        points.append(next(inside, (area.lat, area.lon)))
    return points
