"""Ordinary life: a working day of the province, one event at a time."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from ioc.clock import LOCAL_ZONE
from ioc.simulation import rhythm, words
from ioc.simulation.draft import (
    Draft,
    Planned,
    camera_alert,
    citizen_report,
    fire_reading,
    queue_dossier,
    queue_ticket,
)
from ioc.simulation.province import Office, Province
from ioc.simulation.story import Story, reporter

#: What is still to come is kept in memory; beyond this many, new things end at once.
TO_COME_MAX = 50_000
#: One reading in so many is a trouble: now and then a battery is low, even on a quiet day.
READINGS_PER_TROUBLE = 20_000
CLOSING = time(17, 0)
LABELS = ("person", "vehicle", "crowd", "loitering", "intrusion", "offline", "tamper")
LABEL_WEIGHTS = (38, 40, 9, 6, 4, 2, 1)
SEVERITIES = {"intrusion": "medium", "loitering": "low", "tamper": "medium", "offline": "low"}
#: Procedures and their terms in working days; none is ended on the day it came.
PROCEDURES = (("2.000815", 0), ("1.004873", 3), ("1.004227", 10), ("2.001955", 5), ("1.003003", 20))
#: As in the province's ten months of 2023.
ON_TIME = 0.9968


class Day:
    """What happens next in the province; all chances come from `rng`."""

    def __init__(self, place: Province, story: Story, rng: random.Random, run: str) -> None:
        self._place = place
        self._story = story
        self._rng = rng
        #: The mark of this run in tickets, reports and dossiers: two runs never share one.
        self._run = run
        self._made = 0
        self._tickets: dict[str, int] = {}
        self._ticket_day = date.min
        self._office_weights = [office.weight for office in place.offices]
        self._reporting = [*place.zones, *place.sensors]
        rng.shuffle(self._reporting)
        self._turn = 0
        self._to_come: list[tuple[datetime, int, Planned]] = []
        for planned in story.planned:
            self._plan(planned)

    def next(self, at: datetime) -> Draft:
        """Return what happens at `at`: what was due by then, else something new."""
        if self._to_come and self._to_come[0][0] <= at:
            return heapq.heappop(self._to_come)[2].draft
        if self._story.rush is not None and self._rng.random() < self._story.rush.share(at):
            return self._rush_ticket(at, self._story.rush.wait_s(at))
        weights = rhythm.weights(rhythm.half_hour(at))
        kind = self._rng.choices(rhythm.KINDS, weights)[0]
        draft: Draft = getattr(self, f"_{kind}")(at)
        return draft

    def unsaid(self, end: datetime) -> Iterator[Planned]:
        """Yield what must still be said before `end`."""
        while self._to_come and self._to_come[0][0] <= end:
            planned = heapq.heappop(self._to_come)[2]
            if planned.must:
                yield planned

    def _plan(self, planned: Planned) -> None:
        self._made += 1
        heapq.heappush(self._to_come, (planned.at, self._made, planned))

    def _later(self, at: datetime, *steps: tuple[float, Draft]) -> None:
        """Plan the further steps of one thing, each so many seconds after `at`."""
        pace = 1.0 if len(self._to_come) < TO_COME_MAX else 0.0
        for delay_s, draft in steps:
            self._plan(Planned(at + timedelta(seconds=delay_s * pace), draft))

    def _about(self, median_s: float) -> float:
        """Return a length of time as people's are: seldom half as long, seldom thrice."""
        return self._rng.lognormvariate(math.log(median_s), 0.6)

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _office(self) -> Office:
        return self._rng.choices(self._place.offices, self._office_weights)[0]

    # One method for each of rhythm.KINDS

    def _camera(self, at: datetime) -> Draft:
        camera = self._rng.choice(self._place.cameras)
        if self._story.is_silent(camera.name, at):
            return self._fire(at)
        label = self._rng.choices(LABELS, LABEL_WEIGHTS)[0]
        score = None if label in {"offline", "tamper"} else self._rng.uniform(0.55, 0.98)
        lasts_s = self._about(300 if label == "offline" else 20)
        self._later(at, (lasts_s, camera_alert(camera, label, "end", score)))
        return camera_alert(camera, label, "new", score, SEVERITIES.get(label))

    def _fire(self, at: datetime) -> Draft:
        for _ in range(len(self._reporting)):
            device = self._reporting[self._turn % len(self._reporting)]
            self._turn += 1
            if not self._story.is_silent(device.name, at):
                break
        else:
            return self._received(at)
        if self._rng.randrange(READINGS_PER_TROUBLE) == 0:
            repaired = fire_reading(device, "battery", "restore", battery=0.97)
            self._later(at, (self._about(900), repaired))
            return fire_reading(device, "battery", "trouble", battery=0.09)
        battery = round(self._rng.uniform(0.7, 0.99), 2)
        if device.name.startswith("panel-"):
            return fire_reading(device, "heartbeat", "normal", battery=battery)
        local = at.astimezone(LOCAL_ZONE)
        warmth = 24 + 6 * math.sin((local.hour + local.minute / 60 - 9) / 24 * math.tau)
        value = round(warmth + self._rng.gauss(0, 0.8), 1)
        return fire_reading(
            device, "temperature", "normal", value=value, unit="Cel", battery=battery
        )

    def _report(self, at: datetime) -> Draft:
        area = self._rng.choice(tuple(self._place.spots))
        category = self._rng.choice(tuple(words.REPORTS))
        report = f"PA-{self._run}-{self._number()}"
        lat, lon = self._rng.choice(self._place.spots[area])
        begun_s = self._about(1800)
        steps = [(begun_s, citizen_report(area, report, category, "in_progress"))]
        if self._rng.random() < 0.85:
            end = "rejected" if self._rng.random() < 0.06 else "resolved"
            done_s = begun_s + self._about(5400)
            steps.append((done_s, citizen_report(area, report, category, end)))
        self._later(at, *steps)
        return citizen_report(
            area,
            report,
            category,
            "open",
            description=self._rng.choice(words.REPORTS[category]),
            emergency=False,
            channel=self._rng.choice(words.CHANNELS),
            lat=lat,
            lon=lon,
            due_at=_closing_after(at, 3),
            reporter=reporter(self._rng),
        )

    def _ticket(self, at: datetime) -> Draft:
        office = self._office()
        service = self._rng.choice(words.SERVICES)
        ticket = self._next_ticket(office, service, at)
        counter = str(self._rng.randint(1, 6))
        if self._rng.random() < 0.03:
            step = queue_ticket(office.area, office.code, ticket, "abandoned")
            self._later(at, (self._about(700), step))
        else:
            self._serve(at, self._about(240), office, (ticket, counter))
        return queue_ticket(office.area, office.code, ticket, "issued", service=service)

    def _rush_ticket(self, at: datetime, wait_s: float) -> Draft:
        assert self._story.rush is not None
        office = self._rng.choice(self._story.rush.offices)
        service = self._rng.choice(words.SERVICES)
        ticket = self._next_ticket(office, service, at)
        wait_s *= self._rng.uniform(0.85, 1.15)
        if self._rng.random() < self._story.rush.abandoned:
            step = queue_ticket(office.area, office.code, ticket, "abandoned")
            self._later(at, (wait_s * self._rng.uniform(0.3, 0.9), step))
        else:
            self._serve(at, wait_s, office, (ticket, str(self._rng.randint(1, 4))))
        return queue_ticket(office.area, office.code, ticket, "issued", service=service)

    def _serve(self, at: datetime, wait_s: float, office: Office, who: tuple[str, str]) -> None:
        ticket, counter = who
        called = queue_ticket(office.area, office.code, ticket, "called", counter=counter)
        served = queue_ticket(office.area, office.code, ticket, "served", counter=counter)
        self._later(at, (wait_s, called), (wait_s + self._about(280), served))

    def _next_ticket(self, office: Office, service: str, at: datetime) -> str:
        """Return a ticket that nobody else has at this office today, nor in another run."""
        day = at.astimezone(LOCAL_ZONE).date()
        if day != self._ticket_day:
            self._ticket_day, self._tickets = day, {}
        number = self._tickets.get(office.code, 0) + 1
        self._tickets[office.code] = number
        return f"{service[0].upper()}{number:03d}.{self._run}"

    def _received(self, at: datetime) -> Draft:
        office = self._office()
        dossier = self._dossier(at)
        procedure, term_days = self._rng.choice(PROCEDURES)
        if term_days == 0:
            done = queue_dossier(office.area, office.code, dossier, "resolved", procedure=procedure)
            self._later(at, (self._about(1500), done))
        return queue_dossier(
            office.area,
            office.code,
            dossier,
            "received",
            procedure=procedure,
            due_at=_closing_after(at, term_days),
            level=self._rng.choice(("full", "partial", "full", "counter")),
        )

    def _resolved(self, at: datetime) -> Draft:
        """Return the end of a dossier that came on an earlier day."""
        office = self._office()
        procedure, term_days = self._rng.choice(PROCEDURES[1:])
        is_on_time = self._rng.random() < ON_TIME
        dossier = self._dossier(at - timedelta(days=term_days))
        due_at = _closing_after(at, self._rng.randint(0, 3)) if is_on_time else _closing_before(at)
        return queue_dossier(
            office.area, office.code, dossier, "resolved", procedure=procedure, due_at=due_at
        )

    def _dossier(self, at: datetime) -> str:
        local = at.astimezone(LOCAL_ZONE)
        return f"000.00.19.H55-{local:%y%m%d}-{self._run}-{self._number()}"


def _closing_after(at: datetime, working_days: int) -> str:
    """Return the closing hour so many working days after `at`, never before it."""
    local = at.astimezone(LOCAL_ZONE)
    day = local.date()
    if local.time() >= CLOSING or day.weekday() >= 5:
        working_days = max(working_days, 1)
    while working_days:
        day += timedelta(days=1)
        working_days -= day.weekday() < 5
    return f"{day.isoformat()}T17:00:00+07:00"


def _closing_before(at: datetime) -> str:
    day = at.astimezone(LOCAL_ZONE).date() - timedelta(days=1)
    return f"{day.isoformat()}T17:00:00+07:00"
