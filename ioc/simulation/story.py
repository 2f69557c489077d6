"""What breaks the quiet: a fire in a market, and a rush at two desks.

Each story has a natural length; when less time is asked for, it is told faster.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ioc.simulation import words
from ioc.simulation.draft import Draft, Planned, camera_alert, citizen_report, fire_reading
from ioc.simulation.province import Office, Province

MARKET_AREA = "05443"  # Phường Phan Đình Phùng
FIRE_LASTS = timedelta(minutes=15)
RUSH_AREAS = ("05443", "05518")  # Phan Đình Phùng and Sông Công
RUSH_LASTS = timedelta(hours=3)
#: Of the rush's length: the time in which people come, the first wait and the last one.
RUSH_COMING, RUSH_WAIT_FIRST, RUSH_WAIT_LAST = 0.6, 3 / 180, 70 / 180
#: Of new things: one ticket brings two more steps.
RUSH_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Rush:
    """Two desks with more people than they can call; waits grow until the last ticket."""

    offices: tuple[Office, ...]
    start: datetime
    length: timedelta
    #: The share of people who go home unserved.
    abandoned: float = 0.18

    def share(self, at: datetime) -> float:
        """Return the share of new things that are a ticket of the rush."""
        is_on = self.start <= at < self.start + self.length * RUSH_COMING
        return RUSH_SHARE if is_on else 0.0

    def wait_s(self, at: datetime) -> float:
        """Return how long who comes at `at` will wait."""
        passed = min(1.0, (at - self.start) / (self.length * RUSH_COMING))
        part = RUSH_WAIT_FIRST + (RUSH_WAIT_LAST - RUSH_WAIT_FIRST) * passed
        return part * self.length.total_seconds()


@dataclass(frozen=True, slots=True)
class Story:
    """What is bound to happen, which devices are silent from when to when, and a rush."""

    planned: tuple[Planned, ...] = ()
    silent: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    rush: Rush | None = None

    def is_silent(self, device: str, at: datetime) -> bool:
        """Return whether the device has no power or no line at that time."""
        span = self.silent.get(device)
        return span is not None and span[0] <= at < span[1]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and when a story is told; `count` is how many events there will be, None: no end."""

    place: Province
    start: datetime
    duration: timedelta | None
    count: int | None
    rng: random.Random
    run: str


class Teller:
    """Puts drafts at the minutes of a story, which pass faster when there is less time."""

    def __init__(self, stage: Stage, natural: timedelta) -> None:
        has_time = stage.duration is None or stage.duration * 0.95 >= natural
        self.length = natural if has_time else (stage.duration or natural) * 0.95
        self._start = stage.start
        self._pace = self.length / natural
        self.planned: list[Planned] = []

    def time(self, minute: float) -> datetime:
        """Return when a minute of the story is."""
        return self._start + timedelta(minutes=minute) * self._pace

    def tell(self, minute: float, draft: Draft) -> None:
        """Put a draft there."""
        self.planned.append(Planned(self.time(minute), draft, must=True))


def quiet(_stage: Stage) -> Story:
    """Nothing breaks the quiet."""
    return Story()


def market_fire(stage: Stage) -> Story:
    """Smoke on three cameras, panel alarms, calls for help, a crowd; out after 15 minutes."""
    teller = Teller(stage, FIRE_LASTS)
    cameras = stage.place.cameras_in(MARKET_AREA)
    for minute, camera, score in zip((0.8, 1.4, 1.9), cameras, (0.71, 0.83, 0.9), strict=False):
        teller.tell(minute, camera_alert(camera, "smoke", "new", score, "high"))
        teller.tell(minute + 1.5, camera_alert(camera, "smoke", "update", score + 0.05, "high"))
        teller.tell(11 + minute, camera_alert(camera, "smoke", "end", score))
    teller.tell(0.3, camera_alert(cameras[3], "crowd", "new", 0.8, "low"))
    teller.tell(3.2, camera_alert(cameras[0], "fire", "new", 0.94, "critical"))
    teller.tell(3.6, camera_alert(cameras[3], "crowd", "update", 0.97, "high"))
    teller.tell(9.8, camera_alert(cameras[0], "fire", "end", 0.9))
    teller.tell(12.5, camera_alert(cameras[3], "crowd", "end", 0.7))
    zones = stage.place.zones_in(MARKET_AREA)
    alarms = (
        (2.2, zones[0], "smoke"),
        (2.8, zones[1], "heat"),
        (3.0, zones[2], "manual"),
        (4.5, zones[0], "waterflow"),
    )
    for minute, zone, kind in alarms:
        teller.tell(minute, fire_reading(zone, kind, "alarm"))
        teller.tell(10 + minute, fire_reading(zone, kind, "restore"))
    for number, words_of_caller in enumerate(words.FIRE_SOS, start=1):
        report = f"SOS-{stage.run}-{number}"
        call_for_help(stage, teller, MARKET_AREA, report, (2.5 + number * 0.6, words_of_caller))
    return Story(planned=tuple(teller.planned))


def queue_rush(stage: Stage) -> Story:
    """Two desks are flooded with tickets: long waits, and people who go home."""
    offices = tuple(office for office in stage.place.offices if office.area in RUSH_AREAS)
    teller = Teller(stage, RUSH_LASTS)
    return Story(rush=Rush(offices, stage.start, teller.length))


def call_for_help(
    stage: Stage, teller: Teller, area: str, report: str, said: tuple[float, str]
) -> None:
    """Tell an SOS from its minute and words to its end ten minutes later."""
    minute, description = said
    lat, lon = stage.rng.choice(stage.place.spots[area])
    call = citizen_report(
        area,
        report,
        "emergency",
        "open",
        description=description,
        emergency=True,
        channel="app",
        lat=lat,
        lon=lon,
        reporter=reporter(stage.rng),
    )
    teller.tell(minute, call)
    for later, status in ((1.5, "in_progress"), (9.5, "resolved")):
        step = citizen_report(area, report, "emergency", status, emergency=True)
        teller.tell(minute + later, step)


def reporter(rng: random.Random) -> dict[str, str]:
    """Return a made-up reporter."""
    return {"name": rng.choice(words.REPORTERS), "phone": f"+84900000{rng.randrange(1000):03d}"}
