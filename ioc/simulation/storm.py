"""A front that passes over many communes: no power, dead cameras, floods, silent sensors."""

from __future__ import annotations

from datetime import datetime, timedelta

from ioc.area import Area, gazetteer
from ioc.simulation import words
from ioc.simulation.draft import camera_alert, citizen_report, fire_reading
from ioc.simulation.story import Stage, Story, Teller, call_for_help, reporter

STORM_LASTS = timedelta(minutes=60)
COMMUNES_MIN, COMMUNES_MAX = 3, 30
#: One more commune is hit for so many events: a short run has a small storm.
EVENTS_PER_COMMUNE = 50
#: Minutes of the story: when the front arrives, how long it takes to pass, how long power is out.
FRONT_ARRIVES, FRONT_PASSES, OUTAGE = 2.0, 22.0, 24.0
#: What has not come back when the story ends comes back this much later.
STAYS_OUT = 180.0

Silences = dict[str, tuple[datetime, datetime]]


def storm(stage: Stage) -> Story:
    """Return the story: the front goes from the first commune to those ever farther away."""
    teller = Teller(stage, STORM_LASTS)
    silent: Silences = {}
    hit = _hit(stage)
    for number, area in enumerate(hit):
        minute = FRONT_ARRIVES + FRONT_PASSES * number / len(hit)
        silent |= _lose_power(stage, teller, area.code, minute)
        _report_floods(stage, teller, area.code, minute)
        if number % 3 == 0:
            said = (minute + stage.rng.uniform(5, 12), stage.rng.choice(words.FLOOD_SOS))
            call_for_help(stage, teller, area.code, f"SOS-{stage.run}-{number}", said)
    return Story(planned=tuple(teller.planned), silent=silent)


def _hit(stage: Stage) -> list[Area]:
    """Return the communes under the storm, the first one first."""
    communes = gazetteer().communes
    wanted = COMMUNES_MAX if stage.count is None else stage.count // EVENTS_PER_COMMUNE
    first = stage.rng.choice(communes)
    by_distance = sorted(
        communes, key=lambda area: (area.lat - first.lat) ** 2 + (area.lon - first.lon) ** 2
    )
    return by_distance[: min(COMMUNES_MAX, max(COMMUNES_MIN, wanted))]


def _lose_power(stage: Stage, teller: Teller, area: str, minute: float) -> Silences:
    """Tell the outage of one commune; return which devices say nothing, and from when to when."""
    rng = stage.rng
    back = minute + OUTAGE + rng.uniform(0, 8)
    silent: Silences = {}
    for zone in stage.place.zones_in(area):
        trouble = fire_reading(zone, "battery", "trouble", battery=0.6)
        teller.tell(minute + rng.uniform(0, 1), trouble)
        if rng.random() < 0.75:
            teller.tell(back + rng.uniform(0, 2), fire_reading(zone, "battery", "restore"))
    for camera in stage.place.cameras_in(area):
        if rng.random() < 0.7:
            cut = minute + rng.uniform(0, 2)
            teller.tell(cut, camera_alert(camera, "offline", "new", None, "medium"))
            until = back if rng.random() < 0.8 else STAYS_OUT
            silent[camera.name] = (teller.time(cut), teller.time(until))
            if until == back:
                teller.tell(back, camera_alert(camera, "offline", "end"))
    for sensor in stage.place.sensors_in(area):
        if rng.random() < 0.6:
            until = back if rng.random() < 0.7 else STAYS_OUT
            silent[sensor.name] = (teller.time(minute + rng.uniform(1, 5)), teller.time(until))
    return silent


def _report_floods(stage: Stage, teller: Teller, area: str, minute: float) -> None:
    rng = stage.rng
    for number in range(rng.randint(2, 5)):
        category = rng.choice(("flooding", "flooding", "power", "tree", "landslide"))
        lat, lon = rng.choice(stage.place.spots[area])
        report = citizen_report(
            area,
            f"PA-{stage.run}-{area}-{number}",
            category,
            "open",
            description=rng.choice(words.FLOOD_REPORTS[category]),
            emergency=False,
            channel=rng.choice(words.CHANNELS),
            lat=lat,
            lon=lon,
            reporter=reporter(rng),
        )
        teller.tell(minute + rng.uniform(2, 18), report)
