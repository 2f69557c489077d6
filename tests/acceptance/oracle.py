"""What must come out, worked out by one plain reading of the contract, one event after the other.

Nothing of the product is used here: DESIGN §4 in the slowest and plainest words.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
KIND_FIELD = {"alert": "label", "reading": "kind", "report": "category"}
FIRE_KINDS = {"smoke", "heat", "flame", "gas", "manual", "waterflow"}
LATE_AFTER = timedelta(hours=1)
CAMERA_N, CAMERA_WITHIN, CAMERA_SILENCE = 3, timedelta(minutes=5), timedelta(minutes=10)

Minute = datetime
Transitions = Counter[tuple[str, str, str]]


@dataclass(frozen=True)
class Sent:
    """An event as it is sent, and the commune in which whoever made it put it."""

    event: dict[str, Any]
    area: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.event["time"])

    @property
    def identity(self) -> tuple[str, str, datetime]:
        return self.event["source"], self.event["id"], self.at

    @property
    def source(self) -> str:
        return str(self.event["type"]).split(".")[1]

    @property
    def kind(self) -> str:
        """The `kind` of the rollups: label, kind, category or action, by type."""
        field = KIND_FIELD.get(self.event["type"].split(".")[2], "action")
        return str(self.event["data"][field])


def distinct(sent: Iterable[Sent]) -> list[Sent]:
    """Return each event once, as it came first."""
    seen: dict[tuple[str, str, datetime], Sent] = {}
    for each in sent:
        seen.setdefault(each.identity, each)
    return list(seen.values())


def minute(at: datetime) -> Minute:
    return at.astimezone(LOCAL).replace(second=0, microsecond=0)


def per_minute(sent: Sequence[Sent]) -> Counter[tuple[Minute, str, str, str]]:
    """Count by minute, source, area and kind."""
    return Counter((minute(each.at), each.source, each.area, each.kind) for each in sent)


# Queues ------------------------------------------------------------------------------------------


@dataclass
class Visit:
    """One person in a queue; `issued` is None when nobody told of it on that day."""

    office: str
    issued: datetime | None = None
    called: datetime | None = None
    served: datetime | None = None
    abandoned: datetime | None = None

    @property
    def ended(self) -> datetime | None:
        return self.served or self.abandoned

    @property
    def waited_until(self) -> datetime | None:
        """First called, else served, else abandoned."""
        return self.called or self.served or self.abandoned

    @property
    def waited(self) -> timedelta | None:
        if self.issued is None or self.waited_until is None:
            return None
        return self.waited_until - self.issued

    @property
    def gave_up(self) -> bool:
        return self.called is None and self.served is None and self.abandoned is not None


def visits(sent: Sequence[Sent]) -> list[Visit]:
    """Return the visits: (office, local day, ticket), a new `issued` opens another."""
    tickets: dict[tuple[str, date, str], list[Sent]] = defaultdict(list)
    for each in sent:
        if each.event["type"] == "ioc.queue.ticket":
            data = each.event["data"]
            day = each.at.astimezone(LOCAL).date()
            tickets[data["office"], day, data["ticket"]].append(each)
    found: list[Visit] = []
    for (office, _, _), steps in tickets.items():
        visit: Visit | None = None
        for step in sorted(steps, key=lambda each: each.at):
            action = step.event["data"]["action"]
            if visit is None or action == "issued":
                visit = Visit(office)
                found.append(visit)
            if action != "transferred" and getattr(visit, action) is None:
                setattr(visit, action, step.at)
    return found


def queue_summary(found: Sequence[Visit]) -> dict[str, Any]:
    """Return what `/queues/summary` says when all of it lies in the range."""
    waits = sorted(
        visit.waited.total_seconds()
        for visit in found
        if visit.waited is not None and not visit.gave_up
    )
    return {
        "issued": sum(visit.issued is not None for visit in found),
        "called": sum(visit.called is not None for visit in found),
        "served": sum(visit.served is not None for visit in found),
        "abandoned": sum(visit.abandoned is not None for visit in found),
        "waiting": sum(visit.issued is not None and visit.waited_until is None for visit in found),
        "wait_s": {
            "mean": sum(waits) / len(waits),
            "p50": nearest_rank(waits, 0.5),
            "p90": nearest_rank(waits, 0.9),
            "max": waits[-1],
        },
    }


def nearest_rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(1, math.ceil(share * len(ordered))) - 1]


# Dossiers ----------------------------------------------------------------------------------------


@dataclass
class Dossier:
    """The first time of each action, and the due date of the latest event that has one."""

    office: str
    received: datetime | None = None
    resolved: datetime | None = None
    withdrawn: datetime | None = None
    due: datetime | None = None


def dossiers(sent: Sequence[Sent]) -> list[Dossier]:
    found: dict[tuple[str, str], Dossier] = {}
    steps = [each for each in sent if each.event["type"] == "ioc.queue.dossier"]
    for step in sorted(steps, key=lambda each: each.at):
        data = step.event["data"]
        dossier = found.setdefault((data["office"], data["dossier"]), Dossier(data["office"]))
        if getattr(dossier, data["action"]) is None:
            setattr(dossier, data["action"], step.at)
        if data.get("due_at"):
            dossier.due = datetime.fromisoformat(data["due_at"])
    return list(found.values())


def dossier_summary(found: Sequence[Dossier], start: datetime, end: datetime) -> dict[str, Any]:
    """Return what `/dossiers/summary` says about [start, end)."""

    def within(at: datetime | None) -> bool:
        return at is not None and start <= at < end

    def before_end(at: datetime | None) -> bool:
        return at is not None and at < end

    resolved = [each for each in found if within(each.resolved)]
    on_time = [each for each in resolved if each.due is None or each.resolved <= each.due]  # type: ignore[operator]
    still_open = [
        each
        for each in found
        if before_end(each.received)
        and not before_end(each.resolved)
        and not before_end(each.withdrawn)
    ]
    return {
        "received": sum(within(each.received) for each in found),
        "resolved": len(resolved),
        "on_time": len(on_time),
        "late": len(resolved) - len(on_time),
        "open": len(still_open),
        "overdue": sum(before_end(each.due) for each in still_open),
        "on_time_rate": round(len(on_time) / len(resolved), 4),
    }


# Durations ---------------------------------------------------------------------------------------


def durations(
    queue: Sequence[Visit], desks: Sequence[Dossier]
) -> dict[tuple[Minute, str, str], tuple[int, int]]:
    """Return how many durations ended in each minute, and their sum in milliseconds."""
    ended: list[tuple[datetime, str, str, timedelta]] = []
    for visit in queue:
        if visit.waited is not None and visit.waited_until is not None:
            metric = "abandoned_wait" if visit.gave_up else "wait"
            ended.append((visit.waited_until, metric, visit.office, visit.waited))
        if visit.called is not None and visit.served is not None:
            ended.append((visit.served, "service", visit.office, visit.served - visit.called))
    for dossier in desks:
        if dossier.received is not None and dossier.resolved is not None:
            age = dossier.resolved - dossier.received
            ended.append((dossier.resolved, "dossier_age", dossier.office, age))
    found: dict[tuple[Minute, str, str], tuple[int, int]] = {}
    for at, metric, office, took in ended:
        n, total_ms = found.get((minute(at), metric, office), (0, 0))
        took_ms = took // timedelta(milliseconds=1)
        found[minute(at), metric, office] = (n + 1, total_ms + took_ms)
    return found


# Alarms ------------------------------------------------------------------------------------------


class _Alarms:
    """Who is active, and what has been said about it."""

    def __init__(self, received_at: datetime) -> None:
        self._received_at = received_at
        self._active: set[tuple[str, str]] = set()
        self.said: Transitions = Counter()

    def see(self, rule: str, key: str, raises: bool, clears: bool, at: datetime) -> None:
        is_late = self._received_at - at > LATE_AFTER
        if raises and (rule, key) not in self._active and not is_late:
            self._active.add((rule, key))
            self.said[rule, key, "raised"] += 1
        elif clears and (rule, key) in self._active:
            self._active.remove((rule, key))
            self.said[rule, key, "returned"] += 1


def transitions(sent: Sequence[Sent], received_at: datetime) -> Transitions:
    """Count raised and returned by rule and key, for conditions that are all over by now."""
    alarms = _Alarms(received_at)
    smoke: dict[str, list[datetime]] = defaultdict(list)
    for each in sorted(sent, key=lambda each: each.at):
        data = each.event["data"]
        if each.source == "fire":
            _see_fire(alarms, each)
        elif each.source == "citizen":
            sos = bool(data.get("emergency")) and data["status"] in {"open", "reopened"}
            is_over = data["status"] in {"resolved", "rejected"}
            alarms.see("sos", data["report"], sos, is_over, each.at)
        elif each.source == "camera" and data["label"] in {"smoke", "fire"}:
            smoke[each.area].append(each.at)
    for area, seen in smoke.items():
        _see_smoke(alarms, area, seen)
    return alarms.said


def _see_fire(alarms: _Alarms, each: Sent) -> None:
    device, data = each.event["device"], each.event["data"]
    state, is_fire = data["state"], data["kind"] in FIRE_KINDS
    ends_fire = state in {"restore", "normal"} and is_fire
    ends_trouble = state == "restore" or (
        state == "normal" and data["kind"] not in {"temperature", "heartbeat"}
    )
    alarms.see("fire-alarm", device, state == "alarm" and is_fire, ends_fire, each.at)
    alarms.see("fire-trouble", device, state == "trouble", ends_trouble, each.at)


def _see_smoke(alarms: _Alarms, area: str, seen: Sequence[datetime]) -> None:
    """Three within five minutes raise; ten minutes of silence clear."""
    for number, at in enumerate(seen):
        third = number >= CAMERA_N - 1 and at - seen[number - CAMERA_N + 1] <= CAMERA_WITHIN
        alarms.see("camera-fire", area, third, False, at)
        if number == len(seen) - 1 or seen[number + 1] - at > CAMERA_SILENCE:
            alarms.see("camera-fire", area, False, True, at + CAMERA_SILENCE)
