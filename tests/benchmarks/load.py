"""The work that is measured: the backlog of a bad hour, the same for every contestant.

300,000 CloudEvents an hour of about 400 bytes on 4 topics, 92 communes, 5,000 devices, each at its
own point, half placed by code and half by point; 2 % exact duplicates, 0.1 % malformed. A smaller
load is a shorter time at the same rate, so that an event costs the same. The generator is seeded: a
run can be repeated.

Records lie in the broker in the order in which they arrived, and bear that time: an event is up to
half a minute older than its arrival, one in a hundred up to an hour. The steps of a ticket are
minutes apart, so they arrive in their order but for the late ones. A fire is never among the late,
so every one raises its alarm.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.kafka.producer import Producer, Record
from ioc.area import Area, gazetteer, place_many

EVENTS_PER_S = 300_000 / 3600
DEVICES = 5_000
#: Two desks in each of the 92 communes: a desk's events all come from its commune.
OFFICES = 184
DUPLICATES = 0.02
#: What is sent again is one of so many records before.
RESENT_WITHIN = 5_000
MALFORMED = 0.001
JITTER_S = 30.0
LATE = 0.01
LATE_S_MAX = 3600.0
#: A ticket is called this many tickets, at 7 a second, after it was issued; and served.
CALLED_AFTER, SERVED_AFTER = 2_000, 3_000
STEPS = ("issued", "called", "served")
#: Desks send their commune's code always; with a third of the others that makes a half.
CODE_OF_OTHERS = 1 / 3
#: Devices stand up to a kilometre around the middle of their commune; people within a street.
AROUND_DEG, STREET_DEG = 0.02, 0.001
CHUNK = 2_000
FILLER = "Ghi chú của ca trực: đã kiểm tra thiết bị tại chỗ, hoạt động bình thường, không có gì lạ."
BROKEN = b'{"specversion": "1.0", "broken": '


@dataclass(frozen=True, slots=True)
class Load:
    """The records, and what every contestant must have counted when it is done."""

    records: list[Record]
    distinct: int
    malformed: int
    #: Devices that report a fire: each raises one alarm, however often it does.
    alarms: int


def make_load(n: int, end: datetime, seed: int = 1, first: int = 1) -> Load:
    """Return `n` records that arrived up to `end`, in the order of their arrival.

    Their events, tickets and reports are numbered from `first`; devices are the same for one seed.
    """
    random_ = random.Random(seed)
    records: list[Record] = []
    latest: deque[Record] = deque(maxlen=RESENT_WITHIN)
    malformed = duplicates = 0
    alarms: set[str] = set()
    maker = _Maker(random_, n, first, alarms)
    for number in range(n):
        arrived = end - timedelta(seconds=(n - number) / EVENTS_PER_S)
        arrived_ms = int(arrived.timestamp() * 1000)
        chance = random_.random()
        if latest and chance < DUPLICATES:
            again = latest[random_.randrange(len(latest))]
            record = replace(again, timestamp_ms=arrived_ms)
            duplicates += again.value != BROKEN
            malformed += again.value == BROKEN
        elif chance < DUPLICATES + MALFORMED:
            record = Record("ioc.fire.v1", None, BROKEN, (), arrived_ms)
            malformed += 1
        else:
            record = maker.record(arrived, arrived_ms)
        records.append(record)
        latest.append(record)
    return Load(records, n - malformed - duplicates, malformed, len(alarms))


def publish(load: Load, producer: Producer) -> None:
    """Put everything into the broker."""
    for start in range(0, len(load.records), CHUNK):
        producer.publish(load.records[start : start + CHUNK], timeout_s=60)


class _Maker:
    """Makes one event after the other, a quarter for each topic; notes who reports a fire."""

    def __init__(self, random_: random.Random, n: int, first: int, alarms: set[str]) -> None:
        self._random = random_
        self._alarms = alarms
        communes = gazetteer().communes
        self._homes = [communes[number % len(communes)] for number in range(DEVICES)]
        self._points = _points(random_, self._homes)
        self._numbers = itertools.count(first)
        # In a short load, most tickets must still come to their end.
        self._behind = (0, min(CALLED_AFTER, n // 72), min(SERVED_AFTER, n // 48))

    def record(self, arrived: datetime, arrived_ms: int) -> Record:
        random_ = self._random
        number = next(self._numbers)
        step = number // 4 % 3
        ticket = number // 12 - self._behind[step]
        kind = number % 4
        # The steps of a ticket are of one desk; everything else is anybody's.
        device = ticket % DEVICES if kind == 3 else random_.randrange(DEVICES)
        home = self._homes[device]
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"load-{number:09d}",
            "source": f"/load/{device % 50}",
            "time": "",
            **_body(random_, number, device, (STEPS[step], ticket)),
        }
        is_fire = event["data"].get("state") == "alarm"
        if is_fire:
            self._alarms.add(event["device"])
        is_late = random_.random() < LATE and not is_fire
        delay_s = random_.random() * (LATE_S_MAX if is_late else JITTER_S)
        event["time"] = (arrived - timedelta(seconds=delay_s)).isoformat()
        if kind == 3 or random_.random() < CODE_OF_OTHERS:
            event["area"] = home.code
        else:
            lat, lon = self._points[device]
            if kind == 2:  # a person reports from where they stand, a device stays where it is
                lat += (random_.random() - 0.5) * STREET_DEG
                lon += (random_.random() - 0.5) * STREET_DEG
            event["data"] |= {"lat": round(lat, 6), "lon": round(lon, 6)}
        topic = "ioc." + event["type"].split(".")[1] + ".v1"
        return Record(topic, home.code.encode(), orjson.dumps(event), (), arrived_ms)


def _points(random_: random.Random, homes: Sequence[Area]) -> list[tuple[float, float]]:
    """Return a point for each; one that fell across the border stands in the middle."""
    tried = [
        (
            home.lat + (random_.random() - 0.5) * AROUND_DEG,
            home.lon + (random_.random() - 0.5) * AROUND_DEG,
        )
        for home in homes
    ]
    places = place_many([None] * len(tried), [lat for lat, _ in tried], [lon for _, lon in tried])
    return [
        point if place.code == home.code else (home.lat, home.lon)
        for point, place, home in zip(tried, places, homes, strict=True)
    ]


def _body(
    random_: random.Random, number: int, device: int, step: tuple[str, int]
) -> dict[str, Any]:
    kind = number % 4
    if kind == 0:
        label = random_.choice(("person", "vehicle", "person", "vehicle", "crowd", "intrusion"))
        return {
            "type": "ioc.camera.alert",
            "device": f"cam-{device:05d}",
            "data": {
                "label": label,
                "phase": "new",
                "score": round(random_.random(), 3),
                "zones": ["gate"],
                "note": FILLER,
            },
        }
    if kind == 1:
        state = "alarm" if random_.random() < 0.0005 else "normal"
        return {
            "type": "ioc.fire.reading",
            "device": f"sensor-{device:05d}",
            "data": {
                "kind": "smoke" if state == "alarm" else "temperature",
                "state": state,
                "value": round(20 + random_.random() * 20, 1),
                "unit": "Cel",
                "battery": 0.8,
                "note": FILLER,
            },
        }
    if kind == 2:
        return {
            "type": "ioc.citizen.report",
            "data": {
                "report": f"PA-{number:08d}",
                "category": random_.choice(("road", "waste", "lighting", "order", "water")),
                "status": "open",
                "description": FILLER,
                "channel": "app",
            },
        }
    action, ticket = step
    return {
        "type": "ioc.queue.ticket",
        "data": {
            "office": f"office-{device % OFFICES}",
            "ticket": f"A{ticket % 10_000_000:07d}",
            "action": action,
            "service": "land",
            "counter": "3",
            "note": FILLER,
        },
    }
