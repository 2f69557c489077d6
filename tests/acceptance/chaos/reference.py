"""What must be stored, by one plain reading of docs/events.md: event by event, in one thread.

Nothing of the product is used. Where events come in any order, the answer is worked out from the
set of them, sorted by their times.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.acceptance.chaos.records import Copy, Identity, Place
from tests.acceptance.chaos.traffic import LOCAL

KIND_FIELD = {
    "ioc.camera.alert": "label",
    "ioc.fire.reading": "kind",
    "ioc.citizen.report": "category",
    "ioc.queue.ticket": "action",
    "ioc.queue.dossier": "action",
}
#: Histogram bins grow so that their middles are within 1 % of what they hold.
BIN_RATIO = 1.01 / 0.99
MILLISECOND = timedelta(milliseconds=1)

Bucket = tuple[datetime, str, str, str, str]
Cell = tuple[datetime, str, str, str, int]
Visit = tuple[str, date, str, datetime | None, datetime | None, datetime | None, str | None]
Dossier = tuple[datetime | None, datetime | None, datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Stored:
    """All that must be in the tables, each as a mapping from what it is about to what is said."""

    events: Mapping[Identity, tuple[str, str, str | None]]
    buckets: Mapping[Bucket, int]
    cells: Mapping[Cell, tuple[int, int]]
    visits: Counter[Visit]
    dossiers: Mapping[tuple[str, str], Dossier]
    devices: Mapping[tuple[str, str], tuple[datetime, datetime]]
    reports: Mapping[str, tuple[str, str, str, datetime, bool]]
    dead: Mapping[Place, str]


def distinct(copies: Iterable[Copy]) -> list[Copy]:
    """Return each event once, as one of its copies says it; a resend says the same."""
    return list({copy.identity: copy for copy in copies}.values())


def stored(copies: Sequence[Copy], dead: Mapping[Place, str]) -> Stored:
    """Return what must be stored of these records."""
    events = sorted(distinct(copies), key=lambda copy: copy.at)
    desks = _dossiers(events)
    visits = _visits(events)
    return Stored(
        events={copy.identity: (copy.area, _kind(copy), _severity(copy)) for copy in events},
        buckets=_buckets(events),
        cells=cells([*_visit_durations(visits), *_dossier_ages(desks)]),
        visits=Counter(visit.row for visit in visits),
        dossiers={key: desk.row for key, desk in desks.items()},
        devices=_devices(events),
        reports=_reports(events),
        dead=dead,
    )


def _kind(copy: Copy) -> str:
    return str(copy.data[KIND_FIELD[copy.type]])


def _severity(copy: Copy) -> str | None:
    return copy.data.get("severity") if copy.type == "ioc.camera.alert" else None


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _buckets(events: Iterable[Copy]) -> Counter[Bucket]:
    return Counter(
        (_minute(copy.at), copy.source, copy.area, _kind(copy), _severity(copy) or "")
        for copy in events
    )


def _devices(events: Iterable[Copy]) -> dict[tuple[str, str], tuple[datetime, datetime]]:
    """Return when each device was heard first and last."""
    found: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for copy in events:
        if copy.device is not None:
            key = (copy.source, copy.device)
            found[key] = (found.get(key, (copy.at,))[0], copy.at)
    return found


def _reports(events: Iterable[Copy]) -> dict[str, tuple[str, str, str, datetime, bool]]:
    """Return the newest word on each report, and whether any was an emergency."""
    found: dict[str, tuple[str, str, str, datetime, bool]] = {}
    for copy in events:
        if copy.type == "ioc.citizen.report":
            data = copy.data
            urgent = found[data["report"]][4] if data["report"] in found else False
            urgent = urgent or bool(data.get("emergency"))
            found[data["report"]] = (data["status"], data["category"], copy.area, copy.at, urgent)
    return found


# Queues ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Visit:
    """One person in a queue."""

    office: str
    day: date
    ticket: str
    area: str
    issued: datetime | None = None
    called: datetime | None = None
    ended: datetime | None = None
    outcome: str | None = None

    @property
    def row(self) -> Visit:
        return (
            *(self.office, self.day, self.ticket),
            *(self.issued, self.called, self.ended, self.outcome),
        )

    def step(self, action: str, at: datetime) -> None:
        """The first `called` counts; `served` and `abandoned` end it; `transferred` does not."""
        if self.ended is not None:
            return
        if action == "called":
            self.called = self.called or at
        elif action in {"served", "abandoned"}:
            self.ended, self.outcome = at, action


def _visits(events: Iterable[Copy]) -> list[_Visit]:
    """Return the visits of (office, local day, ticket); a second `issued` opens another."""
    open_: dict[tuple[str, date, str], _Visit] = {}
    found: list[_Visit] = []
    for copy in events:
        if copy.type != "ioc.queue.ticket":
            continue
        action, day = copy.data["action"], copy.at.astimezone(LOCAL).date()
        key = (copy.data["office"], day, copy.data["ticket"])
        if key not in open_ or action == "issued":
            open_[key] = _Visit(*key, copy.area, copy.at if action == "issued" else None)
            found.append(open_[key])
        open_[key].step(action, copy.at)
    return found


_Duration = tuple[datetime, str, str, str, timedelta]


def _visit_durations(visits: Iterable[_Visit]) -> list[_Duration]:
    """Return waits, counted where they ended, those of who left apart, and times of service."""
    found: list[_Duration] = []
    for visit in visits:
        until = visit.called or visit.ended
        if visit.issued is not None and until is not None:
            gave_up = visit.called is None and visit.outcome == "abandoned"
            metric = "abandoned_wait" if gave_up else "wait"
            found.append((until, metric, visit.office, visit.area, until - visit.issued))
        if visit.called is not None and visit.ended is not None and visit.outcome == "served":
            took = visit.ended - visit.called
            found.append((visit.ended, "service", visit.office, visit.area, took))
    return found


# Dossiers ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Dossier:
    area: str
    received: datetime | None = None
    resolved: datetime | None = None
    withdrawn: datetime | None = None
    due: datetime | None = None

    @property
    def row(self) -> Dossier:
        return self.received, self.resolved, self.withdrawn, self.due


def _dossiers(events: Iterable[Copy]) -> dict[tuple[str, str], _Dossier]:
    """Return the first time of each action, and the due date of the newest event that has one."""
    found: dict[tuple[str, str], _Dossier] = {}
    for copy in events:
        if copy.type == "ioc.queue.dossier":
            data = copy.data
            desk = found.setdefault((data["office"], data["dossier"]), _Dossier(copy.area))
            if getattr(desk, data["action"]) is None:
                setattr(desk, data["action"], copy.at)
            if data.get("due_at"):
                desk.due = datetime.fromisoformat(data["due_at"])
    return found


def _dossier_ages(desks: Mapping[tuple[str, str], _Dossier]) -> list[_Duration]:
    return [
        (desk.resolved, "dossier_age", office, desk.area, desk.resolved - desk.received)
        for (office, _), desk in desks.items()
        if desk.received is not None and desk.resolved is not None
    ]


def cells(durations: Iterable[_Duration]) -> dict[Cell, tuple[int, int]]:
    """Return how many durations are in each bin of each minute, and their sum in milliseconds."""
    found: dict[Cell, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for ended, metric, office, area, took in durations:
        took_ms = took // MILLISECOND
        number = math.ceil(math.log(took_ms) / math.log(BIN_RATIO))
        cell = (_minute(ended), metric, office, area, number)
        found[cell] = (found[cell][0] + 1, found[cell][1] + took_ms)
    return dict(found)


# What the API says of all of it -------------------------------------------------------------------


def queue_summary(expected: Stored) -> dict[str, int]:
    """Return the counts of `/queues/summary` for a range that holds everything."""
    found: Counter[str] = Counter()
    for (_, _, _, issued, called, ended, outcome), n in expected.visits.items():
        found["issued"] += n * (issued is not None)
        found["called"] += n * (called is not None)
        found["served"] += n * (outcome == "served")
        found["abandoned"] += n * (outcome == "abandoned")
        found["waiting"] += n * (issued is not None and called is None and ended is None)
    return dict(found)


def dossier_summary(expected: Stored, now: datetime) -> dict[str, int]:
    """Return the counts of `/dossiers/summary` for a range that holds everything up to `now`."""
    found: Counter[str] = Counter()
    for received, resolved, withdrawn, due in expected.dossiers.values():
        is_open = received is not None and resolved is None and withdrawn is None
        found["received"] += received is not None
        found["resolved"] += resolved is not None
        found["on_time"] += resolved is not None and (due is None or resolved <= due)
        found["late"] += resolved is not None and due is not None and resolved > due
        found["open"] += is_open
        found["overdue"] += is_open and due is not None and due < now
    return dict(found)
