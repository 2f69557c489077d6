"""What a rule has decided about one key; the alarm's state machine applies it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ioc.rule.definition import Rule
from ioc.rule.fact import Fact


@dataclass(frozen=True, slots=True)
class Raise:
    """The condition is true, or goes on: `at` is the event time at which it was met."""

    rule: Rule
    key: str
    at: datetime
    fact: Fact


@dataclass(frozen=True, slots=True)
class Clear:
    """The condition is over since `at`; by an event, or by silence (`fact` is None)."""

    rule: Rule
    key: str
    at: datetime
    fact: Fact | None


Verdict = Raise | Clear


@dataclass(frozen=True, slots=True)
class EventRef:
    """An event to be read back: what a delay or a late event has raised comes after it."""

    time: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A raise whose event is not at hand; who can read it makes it a `Raise`."""

    rule: Rule
    key: str
    at: datetime
    event: EventRef


#: What a kind decides; a `Verdict` when its event has been read.
Decision = Verdict | Pending
