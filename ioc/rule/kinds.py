"""The kinds of rules that are judged event by event: how each remembers and decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from ioc.rule.definition import Kind, Rule
from ioc.rule.document import Fields
from ioc.rule.fact import Fact
from ioc.rule.notes import Notes
from ioc.rule.verdict import Verdict


class Memory(Protocol):
    """What a rule remembers of one key; small enough for a database row."""

    def to_json(self) -> dict[str, object]:
        """Return the row's JSON."""


@dataclass(frozen=True, slots=True)
class EventRef:
    """An event to be read back: the raise that a delay has made comes after its event."""

    time: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A raise whose event is not at hand; the shell makes it a `Raise`."""

    rule: Rule
    key: str
    at: datetime
    event: EventRef


@dataclass(frozen=True, slots=True)
class EventKind:
    """How an event rule remembers and decides; one per module.

    `told` takes a new event and its key, `due` says when time alone changes something (stream
    time), `elapsed` what it changes when the stream has passed that time.
    """

    empty: Memory
    from_json: Callable[[Mapping[str, object]], Memory]
    told: Callable[[Rule, Memory, Fact, str], tuple[Memory, tuple[Verdict, ...]]]
    due: Callable[[Rule, Memory], datetime | None]
    elapsed: Callable[[Rule, str, Memory, datetime], tuple[Memory, tuple[Verdict | Pending, ...]]]
    is_forgettable: Callable[[Rule, Memory, datetime], bool]


EVENT_KINDS: Mapping[Kind, EventKind] = MappingProxyType({})
#: What reads a kind's own part of a rule, by its key in YAML (the event type comes last).
READERS: Mapping[str, Callable[[Fields, Notes, str], object | None]] = MappingProxyType({})
