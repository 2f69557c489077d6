"""A busy hour of the province with everything that makes counting hard, from a seed."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.acceptance.oracle import Sent

#: Commune code, and a point in it.
COMMUNES = (
    ("05443", 21.586112, 105.836192),
    ("05518", 21.456941, 105.849731),
    ("01840", 22.169757, 105.849556),
    ("01843", 22.109066, 105.859716),
)
FORMER_WARD, ITS_COMMUNE_NOW = "01834", "01840"
UNKNOWN_CODE, PROVINCE = "99999", "19"
SMOKY = ("05443", "05518")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass
class BusyHour:
    """Makes events of the 50 minutes before `end`; late ones and dossiers are older."""

    end: datetime
    seed: int
    size: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._made = 0
        self.name = f"busy-{self.seed}"

    def sent(self) -> list[Sent]:
        """Return about 6,000 events as they arrive: some late, some twice, some out of order."""
        calm = [
            *self._tickets(),
            *self._dossiers(),
            *self._camera(),
            *self._fire(),
            *self._reports(),
        ]
        # What rules look at keeps its order; for the rest any order must give the same numbers.
        keyed = [(self._arrival(each), each) for each in calm]
        keyed += [(each.at, each) for each in [*self._smoke(), *self._fires(), *self._sos()]]
        arrived = [each for _, each in sorted(keyed, key=lambda pair: pair[0])]
        again = self._random.sample(arrived, 100 * self.size)
        return arrived + again

    def _arrival(self, sent: Sent) -> datetime:
        if sent.event["type"] == "ioc.queue.dossier":
            return self._at()
        spread_s = 300 if self._random.random() < 0.8 else 3000
        return sent.at + self._random.uniform(-spread_s, spread_s) * SECOND

    def _event(self, kind: str, at: datetime, area: str, **more: Any) -> Sent:
        self._made += 1
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"{self._made:06}",
            "source": f"/{self.name}",
            "type": f"ioc.{kind}",
            "time": at.isoformat(timespec="milliseconds"),
            "area": area,
            **more,
        }
        return Sent(event, area)

    def _somewhere(self, sent: Sent) -> Sent:
        """Say where in one of the ways that devices do: a code, a point, a former ward, nothing."""
        event, data = dict(sent.event), dict(sent.event["data"])
        point = next(commune for commune in COMMUNES if commune[0] == sent.area)
        way = self._random.randrange(6)
        if way == 0:
            del event["area"]
            data |= {"lat": point[1], "lon": point[2]}
            return Sent(event | {"data": data}, sent.area)
        if way == 1:
            return Sent(event | {"area": FORMER_WARD}, ITS_COMMUNE_NOW)
        if way == 2:
            return Sent(event | {"area": UNKNOWN_CODE}, PROVINCE)
        if way == 3:
            del event["area"]
            return Sent(event, PROVINCE)
        return sent

    def _area(self) -> str:
        return self._random.choice(COMMUNES)[0]

    def _at(self, low: float = 1, high: float = 50) -> datetime:
        """Return a moment, between `high` and `low` minutes before the end."""
        at = self.end - self._random.uniform(low, high) * MINUTE
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def _tickets(self) -> Iterator[Sent]:
        for number in range(700 * self.size):
            place = self._random.randrange(len(COMMUNES))
            area, office = COMMUNES[place][0], f"{self.name}-{place}"
            # Every seventh number is given out a second time, long after its first visit.
            is_second = number % 7 == 6
            ticket = f"A{number - 1 if is_second else number:04}"
            at = self._at(15, 20) if is_second else self._at(40, 50)
            for action, after in self._steps():
                at += self._random.uniform(*after) * SECOND
                at = at.replace(microsecond=at.microsecond // 1000 * 1000)
                data = {"office": office, "ticket": ticket, "action": action}
                yield self._event("queue.ticket", at, area, data=data)

    def _steps(self) -> tuple[tuple[str, tuple[float, float]], ...]:
        issued, soon = ("issued", (0.0, 1.0)), (1.0, 500.0)
        chance = self._random.random()
        if chance < 0.6:
            return issued, ("called", soon), ("served", (1.0, 300.0))
        if chance < 0.7:
            return issued, ("called", soon), ("transferred", (1.0, 60.0)), ("served", (1.0, 60.0))
        if chance < 0.75:
            return issued, ("called", soon), ("called", (1.0, 60.0)), ("abandoned", (1.0, 60.0))
        if chance < 0.8:
            return issued, ("served", soon)
        if chance < 0.9:
            return issued, ("abandoned", soon)
        return (issued,)

    def _dossiers(self) -> Iterator[Sent]:
        for number in range(450 * self.size):
            place = self._random.randrange(len(COMMUNES))
            area, office = COMMUNES[place][0], f"{self.name}-{place}"
            step = functools.partial(self._dossier, area, office, number)
            received = self._at(1, 20 * 1440)
            due = received + self._random.uniform(1, 10) * timedelta(days=1)
            has_due = {"due_at": due.isoformat()} if number % 5 else {}
            yield step(received, "received", **has_due)
            if number % 11 == 0:  # said again later: still one dossier
                yield step(received + 3 * MINUTE, "received", **has_due)
            if number % 13 == 0:  # a later word on when it is due
                moved = {"due_at": (due + timedelta(days=3)).isoformat()}
                yield step(received + 5 * MINUTE, "received", **moved)
            chance = self._random.random()
            end = self._at(0, max(0.1, (self.end - received) / MINUTE - 10))
            if chance < 0.7 and end > received:
                yield step(end, "resolved")
            elif chance < 0.8 and end > received:
                yield step(end, "withdrawn")

    def _dossier(
        self, area: str, office: str, number: int, at: datetime, action: str, **more: str
    ) -> Sent:
        data = {"office": office, "dossier": f"{self.name}-{number}", "action": action, **more}
        return self._event("queue.dossier", at, area, data=data)

    def _camera(self) -> Iterator[Sent]:
        for number in range(1500 * self.size):
            data: dict[str, Any] = {"label": self._random.choice(("person", "vehicle", "crowd"))}
            if number % 3:
                data["severity"] = self._random.choice(("low", "medium"))
            # One in ten comes hours after it was seen.
            at = self._at(90, 600) if number % 10 == 0 else self._at()
            device = f"{self.name}-cam-{number % 40}"
            yield self._somewhere(
                self._event("camera.alert", at, self._area(), device=device, data=data)
            )

    def _smoke(self) -> Iterator[Sent]:
        """Three cameras within a minute, in two communes; two in a third one are too few."""
        for area, n in ((SMOKY[0], 3), (SMOKY[1], 3), ("01843", 2)):
            for number in range(n):
                at = self.end - 30 * MINUTE + number * 20 * SECOND
                data = {"label": "smoke", "severity": "high"}
                device = f"{self.name}-{area}-{number}"
                yield self._event("camera.alert", at, area, device=device, data=data)

    def _fire(self) -> Iterator[Sent]:
        for number in range(1200 * self.size):
            kind, state = self._random.choice(
                (("temperature", "normal"), ("heartbeat", "normal"), ("smoke", "test"))
            )
            at = self._at(90, 600) if number % 10 == 0 else self._at()
            data = {"kind": kind, "state": state, "value": 30.5}
            device = f"{self.name}-sensor-{number % 60}"
            yield self._somewhere(
                self._event("fire.reading", at, self._area(), device=device, data=data)
            )

    def _fires(self) -> Iterator[Sent]:
        """Panels: an alarm said three times, over, and back; one of three hours ago, too late."""
        for number in range(20):
            area, device = self._area(), f"{self.name}-panel-{number}"
            ago = 40.0
            for state in ("alarm", "alarm", "alarm", "restore", "alarm", "restore"):
                ago -= self._random.uniform(1, 5)
                data = {"kind": "smoke", "state": state}
                yield self._event(
                    "fire.reading", self._at(ago, ago), area, device=device, data=data
                )
            for state, minutes in (("trouble", 8.0), ("restore", 4.0)):
                at = self._at(minutes, minutes)
                data = {"kind": "battery", "state": state}
                yield self._event("fire.reading", at, area, device=device, data=data)
            at = self._at(180, 190)
            data = {"kind": "smoke", "state": "alarm"}
            yield self._event(
                "fire.reading", at, area, device=f"{self.name}-yesterday-{number}", data=data
            )

    def _reports(self) -> Iterator[Sent]:
        for number in range(300 * self.size):
            report = {"report": f"{self.name}-{number}", "category": "road"}
            for status in ("open", "in_progress"):
                data = {**report, "status": status}
                yield self._event("citizen.report", self._at(), self._area(), data=data)

    def _sos(self) -> Iterator[Sent]:
        for number in range(10):
            area = self._area()
            data = {"report": f"{self.name}-sos-{number}", "category": "emergency"}
            opened = {**data, "status": "open", "emergency": True}
            yield self._event("citizen.report", self._at(25, 30), area, data=opened)
            closed = {**data, "status": "resolved"}
            yield self._event("citizen.report", self._at(5, 10), area, data=closed)
