"""The events of a run: a province with everything that makes counting and judging hard.

Times are milliseconds after the beginning of the run, so that a seed gives the same events; a value
becomes bytes when the beginning is known. `send_ms` is the record's timestamp too (`received_at`):
how late an event is does not depend on how fast this machine happens to publish.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.acceptance.chaos.rules import Pace

PARTITIONS = 4
TOPICS = {
    "ioc.camera.alert": "ioc.camera.v1",
    "ioc.fire.reading": "ioc.fire.v1",
    "ioc.citizen.report": "ioc.citizen.v1",
    "ioc.queue.ticket": "ioc.queue.v1",
    "ioc.queue.dossier": "ioc.queue.v1",
}
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LOCAL = timezone(timedelta(hours=7))
#: Shares of all arrivals.
TWICE, ELSEWHERE, REFUSED, BY_API, BINARY = 0.02, 0.3, 0.001, 0.01, 0.03
#: The sender of what is told in order.
IN_ORDER = "/alarm"
#: How late plain events are: share, from, to. The last are beyond any rule's `max_lateness`.
DELAYS_MS = (
    (0.70, 0, 3 * SECOND),
    (0.20, 3 * SECOND, 5 * MINUTE),
    (0.08, 5 * MINUTE, 50 * MINUTE),
    (0.02, 70 * MINUTE, 12 * HOUR),
)


@dataclass(frozen=True, slots=True)
class Happening:
    """What a sender says: an event without its arrival. `data` is not changed once it is here."""

    type: str
    id: str
    source: str
    at_ms: int
    data: dict[str, Any]
    area: str | None = None
    device: str | None = None

    def envelope(self, start: datetime) -> dict[str, Any]:
        """Return the CloudEvent of a run that began at `start`."""
        at = start + timedelta(milliseconds=self.at_ms)
        # Senders write the same instant in different ways; a resend repeats itself.
        zone = LOCAL if self.at_ms % 3 == 0 else UTC
        found: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": at.astimezone(zone).isoformat(timespec="milliseconds"),
        }
        if self.area is not None:
            found["area"] = self.area
        if self.device is not None:
            found["device"] = self.device
        return found | {"data": self.data}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record on its way to one partition; `refused` is the reason why it will be buried."""

    send_ms: int
    partition: int
    what: Happening
    topic: str
    refused: str | None = None
    by_api: bool = False
    binary: bool = False

    def record(self, start: datetime) -> tuple[bytes, list[tuple[str, bytes]]]:
        """Return the value and the headers."""
        envelope = self.what.envelope(start)
        if self.binary:
            data = envelope.pop("data")
            headers = [(f"ce_{name}", text.encode()) for name, text in envelope.items()]
            return json.dumps(data, ensure_ascii=False).encode(), headers
        value = json.dumps(envelope, ensure_ascii=False).encode()
        return (value[:-7] if self.refused == "not_json" else value), []


@dataclass(frozen=True, slots=True)
class Ways:
    """How senders say where: real names and codes of the province, chosen by the caller."""

    #: Commune code, latitude and longitude of a point in it.
    communes: Sequence[tuple[str, float, float]]
    #: Codes and names of before 2025-07-01.
    former: Sequence[str]


@dataclass
class Traffic:
    """Makes the arrivals of a run of `events` records in `period_s`."""

    seed: int
    events: int
    period_s: float
    ways: Ways
    pace: Pace
    _made: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed} traffic")
        self.name = f"chaos-{self.seed}"
        self.period_ms = int(self.period_s * SECOND)

    def arrivals(self, alarming: Sequence[Arrival]) -> list[Arrival]:
        """Return everything in the order of sending: `alarming`, and what fills the rest."""
        found = list(alarming)
        room = round(self.events / (1 + TWICE + REFUSED)) - len(found)
        makers = (
            (0.22, self._tickets),
            (0.06, self._dossiers),
            (0.09, self._reports),
            (0.35, self._camera),
            (0.28, self._fire),
        )
        for share, make in makers:
            found += make(round(room * share))
        found += self._twice(found)
        found += self._refused(round(self.events * REFUSED))
        # Copies that would have come after the end are missing.
        found += self._fire(max(0, self.events - len(found)))
        return sorted(found, key=lambda arrival: arrival.send_ms)

    # -- one event and its arrival --

    def happening(self, kind: str, at_ms: int, data: dict[str, Any], **more: Any) -> Happening:
        """Return an event with a number of its own."""
        self._made += 1
        return Happening(
            f"ioc.{kind}", f"{self._made:07}", f"/{self.name}/{self._made % 7}", at_ms, data, **more
        )

    def arrival(self, what: Happening, send_ms: int, partition: int | None = None) -> Arrival:
        """Return a record; without a partition it lands on any, as with a foreign key."""
        chosen = self.chance.randrange(PARTITIONS) if partition is None else partition
        return Arrival(max(0, send_ms), chosen, what, TOPICS[what.type])

    def anywhen(self) -> int:
        """Return a moment of sending."""
        return self.chance.randrange(self.period_ms)

    def _late(self, send_ms: int) -> int:
        """Return when something happened that is told at `send_ms`."""
        (chosen,) = self.chance.choices(DELAYS_MS, weights=[each[0] for each in DELAYS_MS])
        return send_ms - self.chance.randint(chosen[1], chosen[2])

    def _plain(self, what: Happening, send_ms: int) -> Arrival:
        arrival = self.arrival(what, send_ms)
        chance = self.chance.random()
        if chance < BY_API:
            return replace(arrival, by_api=True)
        return replace(arrival, binary=True) if chance < BY_API + BINARY else arrival

    def _somewhere(self, data: dict[str, Any], number: int) -> str | None:
        """Say where, in one of the ways that senders do; a point goes into `data`."""
        code, lat, lon = self.ways.communes[number % len(self.ways.communes)]
        way = self.chance.random()
        if way < 0.45:
            return code
        if way < 0.90:
            data["lat"] = round(lat + self.chance.uniform(-0.03, 0.03), 6)
            data["lon"] = round(lon + self.chance.uniform(-0.03, 0.03), 6)
            return code if way < 0.50 else None
        if way < 0.96:
            return self.chance.choice(self.ways.former)
        return "99999" if way < 0.98 else None

    # -- what fills the rest --

    def _camera(self, n: int) -> Iterator[Arrival]:
        labels = ("person", "vehicle", "crowd", "person", "vehicle", "tamper")
        for number in range(n):
            data: dict[str, Any] = {"label": self.chance.choice(labels), "phase": "new"}
            if data["label"] == "crowd":
                data["score"] = 0.3  # too unsure for a rule
            if number % 3:
                data["severity"] = self.chance.choice(("low", "medium", "high"))
            send_ms = self.anywhen()
            area = self._somewhere(data, number)
            device = f"cam-{self.name}-{number % 4000}"
            at_ms = self._late(send_ms)
            what = self.happening("camera.alert", at_ms, data, area=area, device=device)
            yield self._plain(what, send_ms)

    def _fire(self, n: int) -> Iterator[Arrival]:
        said = (
            *((("temperature", "normal"), ("heartbeat", "normal")) * 4),
            ("smoke", "test"),
            ("smoke", "normal"),
        )
        for number in range(n):
            kind, state = self.chance.choice(said)
            data = {"kind": kind, "state": state, "value": round(self.chance.uniform(20, 60), 1)}
            send_ms = self.anywhen()
            area = self._somewhere(data, number)
            device = f"sensor-{self.name}-{number % 6000}"
            at_ms = self._late(send_ms)
            what = self.happening("fire.reading", at_ms, data, area=area, device=device)
            yield self._plain(what, send_ms)

    def _reports(self, n: int) -> Iterator[Arrival]:
        """Three words on each report, in any order."""
        for number in range(n // 3):
            report = f"{self.name}-r{number}"
            at_ms = -self.chance.randint(HOUR, 50 * HOUR)
            place: dict[str, Any] = {}
            area = self._somewhere(place, number)
            last = self.chance.choice(("resolved", "rejected", "in_progress"))
            for status in ("open", "in_progress", last):
                at_ms += self.chance.randint(SECOND, 15 * MINUTE)
                data = {"report": report, "category": f"road-{number % 5}", "status": status}
                what = self.happening("citizen.report", at_ms, data | place, area=area)
                yield self._plain(what, self.anywhen())

    def _tickets(self, n: int) -> Iterator[Arrival]:
        made, number = 0, 0
        while made < n:
            place = number % len(self.ways.communes)
            area, office = self.ways.communes[place][0], f"{self.name}-desk-{place}"
            # Every fourteenth number is given out a second time, long after its first visit.
            is_second = number % 14 == 13
            ticket = f"A{number - len(self.ways.communes) if is_second else number:06}"
            at_ms = -self.chance.randint(*((20, 25) if is_second else (40, 50))) * MINUTE
            for action, most_s in self._steps():
                at_ms += self.chance.randint(1, most_s * SECOND)
                data = {"office": office, "ticket": ticket, "action": action, "service": "land"}
                what = self.happening("queue.ticket", at_ms, data, area=area)
                made += 1
                yield self._plain(what, self.anywhen())
            number += 1

    def _steps(self) -> Sequence[tuple[str, int]]:
        """Return the way of one visit: each step, and the most seconds since the one before."""
        issued, called, served = ("issued", 60), ("called", 500), ("served", 300)
        chance = self.chance.random()
        if chance < 0.60:
            return issued, called, served
        if chance < 0.70:
            return issued, called, ("transferred", 60), served
        if chance < 0.75:
            return issued, called, ("called", 60), ("abandoned", 60)
        if chance < 0.85:
            return issued, ("served", 500)
        return (issued, ("abandoned", 500)) if chance < 0.95 else (issued,)

    def _dossiers(self, n: int) -> Iterator[Arrival]:
        for number in range(n // 2):
            place = number % len(self.ways.communes)
            area, office = self.ways.communes[place][0], f"{self.name}-desk-{place}"
            at_ms = -self.chance.randint(8, 20) * DAY
            due = self.chance.random() < 0.8
            end = self.chance.choice(("resolved", "resolved", "resolved", "withdrawn", "received"))
            for action in ("received", end):
                data: dict[str, Any] = {"office": office, "dossier": f"{number:06}"}
                data |= {"action": action, "procedure": "1.004227"}
                if due and action == "received":
                    data["due_at"] = f"2026-0{self.chance.randint(1, 9)}-15T17:00:00+07:00"
                what = self.happening("queue.dossier", at_ms, data, area=area)
                yield self._plain(what, self.anywhen())
                at_ms += self.chance.randint(HOUR, 7 * DAY)

    # -- what makes it hard --

    def _twice(self, arrivals: Sequence[Arrival]) -> Iterator[Arrival]:
        """Send some again, within a minute; nearly a third of these to another partition."""
        for first in self.chance.sample(arrivals, round(len(arrivals) * TWICE)):
            again = replace(first, send_ms=first.send_ms + self.chance.randint(0, MINUTE))
            # What is told in order stays on its partition, or it would not be in order.
            if self.chance.random() < ELSEWHERE and first.what.source != IN_ORDER:
                again = replace(again, partition=self.chance.randrange(PARTITIONS))
            if again.send_ms < self.period_ms:
                yield again

    def _refused(self, n: int) -> Iterator[Arrival]:
        """Records that will never get better, each for another reason in turn."""
        deep: Any = 1
        for _ in range(40):
            deep = [deep]
        wrong: tuple[tuple[str, dict[str, Any]], ...] = (
            ("not_json", {}),
            ("schema", {"label": 7}),
            ("wrong_type", {}),
            ("wrong_topic", {}),
            ("nul", {"note": "a\0b"}),
            ("clock", {}),
            ("too_deep", {"deep": deep}),
            ("too_large", {"note": "x" * 270_000}),
        )
        for number in range(n):
            # One in fifty is large: a quarter of a megabyte each.
            reason, more = wrong[number % 7] if number % 50 else wrong[7]
            send_ms = self.anywhen()
            at_ms = send_ms + HOUR if reason == "clock" else send_ms
            what = self.happening("camera.alert", at_ms, {"label": "person"} | more)
            if reason == "wrong_type":
                what = replace(what, type="ioc.camera.nothing")
            topic = "ioc.fire.v1" if reason == "wrong_topic" else "ioc.camera.v1"
            partition = self.chance.randrange(PARTITIONS)
            yield Arrival(send_ms, partition, what, topic, refused=reason)
