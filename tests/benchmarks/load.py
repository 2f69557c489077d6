"""The work that is measured: a bad day's events, the same for every contestant.

CloudEvents of about 400 bytes on 4 topics, 92 communes, 5,000 devices, half placed by code and
half by point; 2 % exact duplicates, 0.1 % malformed. The generator is seeded: a run can be
repeated. Every record bears the same timestamp, so that lateness, and with it every alarm, is the
same however long it takes to put the records into the broker.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.kafka.producer import Producer, Record
from ioc.area import gazetteer

DEVICES = 5_000
#: Two desks in each of the 92 communes: a desk's events all come from its commune.
OFFICES = 184
DUPLICATES = 0.02
MALFORMED = 0.001
CHUNK = 2_000
FILLER = "Ghi chú của ca trực: đã kiểm tra thiết bị tại chỗ, hoạt động bình thường, không có gì lạ."


@dataclass(frozen=True, slots=True)
class Load:
    """The records, and what every contestant must have counted when it is done."""

    records: list[Record]
    distinct: int
    malformed: int
    #: Devices that report a fire: each raises one alarm, however often it does.
    alarms: int


def make_load(n: int, start: datetime, seed: int = 1) -> Load:
    """Return `n` records whose event times lie in the hour before `start`."""
    random_ = random.Random(seed)
    records: list[Record] = []
    malformed = duplicates = 0
    start_ms = int(start.timestamp() * 1000)
    alarms: set[str] = set()
    makers = _makers(random_, start, alarms)
    broken = Record("ioc.fire.v1", None, b'{"specversion": "1.0", "broken": ', (), start_ms)
    while len(records) < n:
        chance = random_.random()
        if records and chance < DUPLICATES:
            records.append(records[random_.randrange(max(0, len(records) - 5_000), len(records))])
            duplicates += not _is_malformed(records[-1])
            malformed += _is_malformed(records[-1])
        elif chance < DUPLICATES + MALFORMED:
            records.append(broken)
            malformed += 1
        else:
            records.append(next(makers))
    return Load(records, n - malformed - duplicates, malformed, len(alarms))


def publish(load: Load, producer: Producer) -> None:
    """Put everything into the broker."""
    for start in range(0, len(load.records), CHUNK):
        producer.publish(load.records[start : start + CHUNK], timeout_s=60)


def _is_malformed(record: Record) -> bool:
    return b'"broken"' in record.value


def _makers(random_: random.Random, start: datetime, alarms: set[str]) -> Iterator[Record]:
    start_ms = int(start.timestamp() * 1000)
    communes = gazetteer().communes
    homes = [communes[number % len(communes)] for number in range(DEVICES)]
    number = 0
    while True:
        number += 1
        # The steps of a ticket are of one desk; everything else is anybody's.
        device = number // 12 % DEVICES if number % 4 == 3 else random_.randrange(DEVICES)
        home = homes[device]
        at = start - timedelta(seconds=random_.random() * 3600)
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"load-{number:09d}",
            "source": f"/load/{device % 50}",
            "time": at.isoformat(),
            **_body(random_, number, device),
        }
        if random_.random() < 0.5 or event["type"].startswith("ioc.queue"):
            event["area"] = home.code
        else:
            event["data"] |= {"lat": home.lat, "lon": home.lon}
        if event["data"].get("state") == "alarm":
            alarms.add(event["device"])
        topic = "ioc." + event["type"].split(".")[1] + ".v1"
        yield Record(topic, home.code.encode(), orjson.dumps(event), (), start_ms)


def _body(random_: random.Random, number: int, device: int) -> dict[str, Any]:
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
    step = ("issued", "called", "served")[number // 4 % 3]
    return {
        "type": "ioc.queue.ticket",
        "data": {
            "office": f"office-{device % OFFICES}",
            "ticket": f"A{number // 12:07d}",
            "action": step,
            "service": "land",
            "counter": "3",
            "note": FILLER,
        },
    }
