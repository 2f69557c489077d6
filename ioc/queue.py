"""Queues and dossiers of the one-stop desks, derived from their steps in any order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from ioc.clock import LOCAL_ZONE
from ioc.rollup import Duration

Outcome = Literal["served", "abandoned"]
#: At the same instant a ticket is issued before it is called, and called before it is served.
_ORDER = {"issued": 0, "transferred": 1, "called": 2, "served": 3, "abandoned": 4}


class Step(NamedTuple):
    """Something that happened to a ticket."""

    at: datetime
    action: str
    area: str


class Visit(NamedTuple):
    """One person's way through the queue; `visit` 0 is one whose issuing nobody reported."""

    visit: int
    area: str
    issued_at: datetime | None = None
    called_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def waited_until(self) -> datetime | None:
        """When the waiting ended: called, else served, else abandoned."""
        return self.called_at or self.ended_at

    @property
    def wait_ms(self) -> int | None:
        """How long the person waited, in milliseconds; None when that is not known (yet)."""
        return _between(self.issued_at, self.waited_until)

    @property
    def gave_up(self) -> bool:
        """Whether the person left without ever being called; counted apart."""
        return self.outcome == "abandoned" and self.called_at is None


def local_days(times: Sequence[datetime]) -> list[date]:
    """Return the province's day of each time."""
    first, last = _local_day(min(times)), _local_day(max(times))
    if first == last:  # as it mostly is: a time zone costs more than all the rest of a step
        return [first] * len(times)
    return [_local_day(at) for at in times]


def _local_day(at: datetime) -> date:
    return at.astimezone(LOCAL_ZONE).date()


def visits(steps: Sequence[Step], before: Sequence[Visit] = ()) -> list[Visit]:
    """Return the visits that a ticket's steps describe: each `issued` opens another.

    `before` are the visits that earlier steps described; all `steps` came after these.
    """
    if len(steps) > 1:
        steps = sorted(steps, key=lambda step: (step.at, _ORDER[step.action], step.area))
    found = list(before)
    for step in steps:
        if step.action == "issued":
            number = found[-1].visit + 1 if found else 1
            found.append(Visit(number, step.area, step.at))
        elif found:
            found[-1] = _moved(found[-1], step)
        else:
            found.append(_moved(Visit(0, step.area), step))
    return found


def _moved(visit: Visit, step: Step) -> Visit:
    if visit.ended_at is not None:
        return visit  # a second «served» without a new ticket changes nothing
    number, area, issued_at, called_at = visit.visit, visit.area, visit.issued_at, visit.called_at
    if step.action == "called":
        return visit if called_at else Visit(number, area, issued_at, step.at)
    if step.action == "served":
        return Visit(number, area, issued_at, called_at, step.at, "served")
    if step.action == "abandoned":
        return Visit(number, area, issued_at, called_at, step.at, "abandoned")
    return visit  # transferred: still the same person, still here


def visit_durations(office: str, found: Iterable[Visit]) -> Iterator[Duration]:
    """Yield the waits and service times of visits."""
    for visit in found:
        until, ended_at = visit.waited_until, visit.ended_at
        if until is None:
            continue
        if (wait_ms := _between(visit.issued_at, until)) is not None:
            metric = "abandoned_wait" if visit.gave_up else "wait"
            yield Duration(metric, office, visit.area, until, wait_ms)
        service_ms = _between(visit.called_at, ended_at)
        if visit.outcome == "served" and service_ms is not None and ended_at is not None:
            yield Duration("service", office, visit.area, ended_at, service_ms)


@dataclass(frozen=True, slots=True)
class DossierStep:
    """Something that happened to a dossier."""

    at: datetime
    action: str
    area: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier as all its steps tell it: the first of each action, the latest due date."""

    area: str
    area_at: datetime
    received_at: datetime | None = None
    resolved_at: datetime | None = None
    withdrawn_at: datetime | None = None
    due_at: datetime | None = None
    due_set_at: datetime | None = None


def with_step(dossier: Dossier | None, step: DossierStep) -> Dossier:
    """Return the dossier after one more step; the order of the steps makes no difference."""
    found = dossier or Dossier(step.area, step.at)
    if (step.at, step.area) < (found.area_at, found.area):
        found = replace(found, area=step.area, area_at=step.at)
    if step.due_at is not None and (
        found.due_set_at is None
        or found.due_at is None
        or (step.at, step.due_at) > (found.due_set_at, found.due_at)
    ):
        found = replace(found, due_at=step.due_at, due_set_at=step.at)
    if step.action == "received":
        return replace(found, received_at=_first(found.received_at, step.at))
    if step.action == "resolved":
        return replace(found, resolved_at=_first(found.resolved_at, step.at))
    return replace(found, withdrawn_at=_first(found.withdrawn_at, step.at))


def dossier_durations(office: str, dossier: Dossier | None) -> Iterator[Duration]:
    """Yield the age at which a dossier was resolved."""
    if dossier is None or dossier.resolved_at is None:
        return
    age_ms = _between(dossier.received_at, dossier.resolved_at)
    if age_ms is not None:
        yield Duration("dossier_age", office, dossier.area, dossier.resolved_at, age_ms)


def _first(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else min(known, at)


def _between(start: datetime | None, end: datetime | None) -> int | None:
    """Return the milliseconds from start to end; None when either is missing or they are turned."""
    if start is None or end is None or end < start:
        return None
    elapsed = end - start
    return elapsed.days * 86_400_000 + elapsed.seconds * 1000 + elapsed.microseconds // 1000
