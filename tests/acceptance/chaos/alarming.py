"""The part of a run's events that rules look at: told in order, in disorder, twice and too late.

A key that is told in order (one partition, rising times) must give an exact alarm log. For one that
is told in disorder the occurrence and the condition are promised (docs/rules.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.acceptance.chaos.traffic import (
    IN_ORDER,
    MINUTE,
    PARTITIONS,
    SECOND,
    Arrival,
    Happening,
    Traffic,
)

#: Of these a person says over the API that they know.
ACKNOWLEDGED = "ack-"
#: Keys of each sort in a run of 300,000 events; a smaller run has fewer, and at least two.
FULL_EVENTS = 300_000
AREAS_EACH = 9
#: In the shipped rules an event may be an hour late; disorder stays well within.
LATE_MOST = 48 * MINUTE
TOO_LATE = (70 * MINUTE, 5 * 60 * MINUTE)


@dataclass(frozen=True, slots=True)
class Way:
    """How one key's raises and clears are said."""

    type: str
    raising: dict[str, Any]
    clearing: dict[str, Any]


SMOKE = Way(
    "fire.reading", {"kind": "smoke", "state": "alarm"}, {"kind": "smoke", "state": "restore"}
)
TROUBLE = Way(
    "fire.reading", {"kind": "battery", "state": "trouble"}, {"kind": "battery", "state": "normal"}
)
TAMPER = Way(
    "fire.reading", {"kind": "tamper", "state": "alarm"}, {"kind": "tamper", "state": "restore"}
)
SOS = Way(
    "citizen.report",
    {"category": "emergency", "status": "open", "emergency": True},
    {"category": "emergency", "status": "resolved"},
)


@dataclass
class Alarming:
    """Makes the alarming arrivals of a run; numbers and chances are those of its traffic."""

    traffic: Traffic

    def __post_init__(self) -> None:
        self.chance = self.traffic.chance
        self.period_ms = self.traffic.period_ms
        self.pace = self.traffic.pace
        areas = [code for code, _, _ in self.traffic.ways.communes]
        self.chance.shuffle(areas)
        # Rules per area: each area has one story.
        self._areas = iter(areas)

    def arrivals(self) -> list[Arrival]:
        """Return all of them, in no order."""
        return [
            *self._matches("panel", SMOKE, self._keys(200), is_ordered=True),
            *self._matches("panel", SMOKE, self._keys(200), is_ordered=False),
            *self._matches("battery", TROUBLE, self._keys(60), is_ordered=True),
            *self._matches("battery", TROUBLE, self._keys(60), is_ordered=False),
            *self._matches("sos", SOS, self._keys(80), is_ordered=True),
            *self._matches("sos", SOS, self._keys(80), is_ordered=False),
            *self._acknowledged(self._keys(40)),
            *self._too_late(self._keys(60)),
            *self._tampers(self._keys(60)),
            *self._late_clears(self._keys(20)),
            *self._loitering(self._keys(60)),
            *self._crowds(),
            *self._too_late_crowds(),
            *self._smoke_on_cameras(),
            *self._too_few(),
        ]

    def _keys(self, n: int) -> range:
        return range(max(2, round(n * self.traffic.events / FULL_EVENTS)))

    def _say(
        self, way: Way, name: str, is_raise: bool, at_ms: int, *, is_ordered: bool = True
    ) -> Happening:
        data = dict(way.raising if is_raise else way.clearing)
        number = sum(name.encode()) % len(self.traffic.ways.communes)
        area, lat, lon = self.traffic.ways.communes[number]
        more: dict[str, Any] = {"area": area}
        if way.type == "citizen.report":
            data["report"] = name
        else:
            more["device"] = name
        if number % 2:  # half say the place by a point
            more["area"] = None
            data |= {"lat": lat, "lon": lon}
        what = self.traffic.happening(way.type, at_ms, data, **more)
        # Copies of what is told in order stay on its partition.
        return replace(what, source=IN_ORDER) if is_ordered else what

    def _moments(self, n: int, low: float = 0.02, high: float = 0.92) -> list[int]:
        """Return n rising moments in a part of the period, at least 50 ms apart."""
        span = range(int(low * self.period_ms), int(high * self.period_ms), 50)
        return sorted(self.chance.sample(span, n))

    def _matches(
        self, name: str, way: Way, keys: Sequence[int], *, is_ordered: bool
    ) -> Iterator[Arrival]:
        for number in keys:
            key = f"{name}-{'in' if is_ordered else 'dis'}order-{self.traffic.seed}-{number}"
            moments = self._moments(self.chance.randint(2, 7))
            partition = self.chance.randrange(PARTITIONS)
            # Late, but all by the same, so that the order stays.
            lag_ms = self.chance.choice((200, MINUTE, 30 * MINUTE))
            for place, send_ms in enumerate(moments):
                is_raise = place == 0 or self.chance.random() < 0.5
                if is_ordered:
                    what = self._say(way, key, is_raise, send_ms - lag_ms)
                    yield self.traffic.arrival(what, send_ms, partition)
                else:
                    at_ms = send_ms - self.chance.randint(0, LATE_MOST)
                    what = self._say(way, key, is_raise, at_ms, is_ordered=False)
                    yield self.traffic.arrival(what, send_ms)
            if number % 3 == 0:
                send_ms = self.traffic.anywhen()
                at_ms = send_ms - self.chance.randint(*TOO_LATE)
                what = self._say(way, key, True, at_ms, is_ordered=is_ordered)
                yield self.traffic.arrival(what, send_ms, partition if is_ordered else None)

    def _acknowledged(self, keys: Sequence[int]) -> Iterator[Arrival]:
        """A raise, time for a person to say that they know, and the end."""
        for number in keys:
            key = f"{ACKNOWLEDGED}{self.traffic.seed}-{number}"
            partition = self.chance.randrange(PARTITIONS)
            (raised,) = self._moments(1, 0.02, 0.5)
            (over,) = self._moments(1, 0.6, 0.92)
            for send_ms in (raised, over):
                what = self._say(SMOKE, key, send_ms == raised, send_ms - 100)
                yield self.traffic.arrival(what, send_ms, partition)

    def _too_late(self, keys: Sequence[int]) -> Iterator[Arrival]:
        """Alarms that are told hours later raise nothing."""
        for number in keys:
            key = f"panel-late-{self.traffic.seed}-{number}"
            for _ in range(2):
                send_ms = self.traffic.anywhen()
                at_ms = send_ms - self.chance.randint(*TOO_LATE)
                what = self._say(SMOKE, key, True, at_ms, is_ordered=False)
                yield self.traffic.arrival(what, send_ms)

    def _tampers(self, keys: Sequence[int]) -> Iterator[Arrival]:
        """An alarm that ends by itself; with a short `max_lateness`."""
        for number in keys:
            is_ordered = number % 3 < 2
            key = f"tamper-{'in' if is_ordered else 'dis'}order-{self.traffic.seed}-{number}"
            partition = self.chance.randrange(PARTITIONS)
            for place, send_ms in enumerate(self._moments(self.chance.randint(2, 8))):
                is_raise = place == 0 or self.chance.random() < 0.5
                most_ms = int(self.pace.match_lateness_s * SECOND * 0.6)
                lag_ms = 300 if is_ordered else self.chance.randint(0, most_ms)
                what = self._say(TAMPER, key, is_raise, send_ms - lag_ms, is_ordered=is_ordered)
                yield self.traffic.arrival(what, send_ms, partition if is_ordered else None)

    def _late_clears(self, keys: Sequence[int]) -> Iterator[Arrival]:
        """Too late to raise is not too late to clear."""
        lateness_ms = self.pace.match_lateness_s * SECOND
        for number in keys:
            key = f"tamper-late-{self.traffic.seed}-{number}"
            partition = self.chance.randrange(PARTITIONS)
            (send_ms,) = self._moments(1, 0.02, 0.2)
            raised_ms = send_ms - lateness_ms // 2
            cleared_ms = raised_ms + SECOND
            what = self._say(TAMPER, key, True, raised_ms)
            yield self.traffic.arrival(what, send_ms, partition)
            late_ms = cleared_ms + lateness_ms + 5 * SECOND
            if late_ms < self.period_ms:
                what = self._say(TAMPER, key, False, cleared_ms)
                yield self.traffic.arrival(what, late_ms, partition)

    # -- counted by cameras --

    def _seen(self, at_ms: int, label: str, *, area: str | None = None, **more: Any) -> Happening:
        data = {"label": label, "score": 0.9} | ({"phase": "new"} if at_ms % 2 else {})
        return self.traffic.happening("camera.alert", at_ms, data, area=area, **more)

    def _burst(self, start_ms: int, n: int) -> list[int]:
        """Return n moments, close enough together to count."""
        step_ms = self.pace.within_s * SECOND * 2 // 3 // 4
        return [start_ms + step_ms * number + self.chance.randint(0, 50) for number in range(n)]

    def _two_bursts(self, n: int) -> list[int]:
        """Return two bursts with more than the silence between them, all within the period."""
        first = self._burst(int(self.chance.uniform(0.03, 0.08) * self.period_ms), n)
        second_ms = first[-1] + int((self.pace.silence_s * 1.4) * SECOND)
        second = self._burst(second_ms, n)
        return [*first, *second] if second[-1] < self.period_ms * 0.95 else first

    def _loitering(self, keys: Sequence[int]) -> Iterator[Arrival]:
        for number in keys:
            device = f"loitering-{self.traffic.seed}-{number}"
            partition = self.chance.randrange(PARTITIONS)
            for at_ms in self._two_bursts(3 + number % 3):
                what = self._seen(at_ms, "loitering", device=device, area="05443")
                what = replace(what, source=IN_ORDER)
                yield self.traffic.arrival(what, at_ms + 100, partition)

    def _crowds(self) -> Iterator[Arrival]:
        for number in range(2 * AREAS_EACH):
            area, is_ordered = next(self._areas), number % 2 == 0
            partition = self.chance.randrange(PARTITIONS)
            most_ms = self.pace.count_lateness_s * SECOND * 2 // 5
            for at_ms in self._two_bursts(4 + number % 4):
                what = self._seen(at_ms, "crowd", area=area, device=f"crowd-{number}-{at_ms % 5}")
                if is_ordered:
                    what = replace(what, source=IN_ORDER)
                    yield self.traffic.arrival(what, at_ms + 100, partition)
                else:
                    send_ms = at_ms + self.chance.randint(0, most_ms)
                    yield self.traffic.arrival(what, min(send_ms, self.period_ms - 1))

    def _too_late_crowds(self) -> Iterator[Arrival]:
        for _ in range(AREAS_EACH):
            area = next(self._areas)
            late_ms = (self.pace.count_lateness_s + 10) * SECOND
            for send_ms in self._burst(int(self.chance.uniform(0.1, 0.7) * self.period_ms), 5):
                what = self._seen(send_ms - late_ms, "crowd", area=area, device="crowd-late")
                yield self.traffic.arrival(what, send_ms)

    def _smoke_on_cameras(self) -> Iterator[Arrival]:
        """The shipped `camera-fire`: an hour of disorder, over long ago or going on at the end."""
        step_ms = min(2 * SECOND, self.period_ms // 40)
        for number in range(2 * AREAS_EACH):
            area, goes_on = next(self._areas), number % 2 == 0
            starts = [-self.chance.randint(30, 45) * MINUTE]
            if goes_on:
                starts.append(int(self.chance.uniform(0.3, 0.6) * self.period_ms))
            for start_ms in starts:
                for place in range(3 + number % 3):
                    at_ms = start_ms + place * step_ms + self.chance.randint(0, step_ms // 2)
                    send_ms = self.chance.randint(max(0, at_ms), self.period_ms - 1)
                    label = self.chance.choice(("smoke", "fire"))
                    what = self._seen(at_ms, label, area=area, device=f"smoke-{number}-{place}")
                    yield self.traffic.arrival(what, send_ms)

    def _too_few(self) -> Iterator[Arrival]:
        """One less than counts, each said four times, on any partition: it must not raise."""
        for _ in range(AREAS_EACH):
            area = next(self._areas)
            for at_ms in self._burst(int(self.chance.uniform(0.1, 0.5) * self.period_ms), 3):
                what = self._seen(at_ms, "crowd", area=area, device="crowd-few")
                for copy in range(4):
                    yield self.traffic.arrival(what, at_ms + 100 + copy * SECOND)
