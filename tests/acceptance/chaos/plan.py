"""What is done to the house, and when: made from a seed alone, so a seed is a run's plan."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

#: The first and the last blow, as parts of the time in which events arrive.
FIRST, LAST = 0.04, 0.94
WORKERS = ("worker-1", "worker-2")
NOTIFIERS = ("notifier-1", "notifier-2")
#: It only comes and goes, so that partitions change hands.
THIRD_WORKER = "worker-3"
#: The least session timeout that a worker takes; a zombie sleeps longer.
SESSION_TIMEOUT_S = 6.0


class Kind(StrEnum):
    """What is done; the words of the table and of build/chaos.json."""

    #: SIGKILL, started again after a moment as an orchestrator would.
    WORKER = "worker"
    #: SIGSTOP beyond the session timeout, then SIGCONT: it wakes up and believes that it still
    #: holds its partitions.
    ZOMBIE = "zombie"
    POSTGRES = "postgres"
    KAFKA = "kafka"
    NOTIFIER = "notifier"
    #: A third worker comes (partitions move to it) and goes (SIGTERM, and they move back).
    REASSIGNED = "reassigned"
    #: The partner's receiver answers 503 for a moment.
    RECEIVER = "receiver"


@dataclass(frozen=True, slots=True, order=True)
class Blow:
    """One thing that is done to one part; both times in seconds.

    `at_s` counts from the first event; what one part has to bear is done one after the other, so
    a blow may come later than planned. `lasts_s`: dead before it is started again, asleep, there.
    """

    at_s: float
    kind: Kind
    target: str
    lasts_s: float


#: How often each is done, and how long it lasts, from and to.
FULL: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.WORKER: 10,
        Kind.ZOMBIE: 3,
        Kind.POSTGRES: 3,
        Kind.KAFKA: 2,
        Kind.NOTIFIER: 5,
        Kind.REASSIGNED: 2,
        Kind.RECEIVER: 1,
    }
)
_LASTS_S: Mapping[Kind, tuple[float, float]] = MappingProxyType(
    {
        Kind.WORKER: (0.2, 2.0),
        Kind.ZOMBIE: (SESSION_TIMEOUT_S + 1.5, SESSION_TIMEOUT_S + 5.0),
        Kind.POSTGRES: (0.2, 3.0),
        Kind.KAFKA: (0.2, 2.0),
        Kind.NOTIFIER: (0.2, 2.0),
        Kind.REASSIGNED: (6.0, 12.0),
        Kind.RECEIVER: (2.0, 4.0),
    }
)
_TARGETS: Mapping[Kind, Sequence[str]] = MappingProxyType(
    {
        Kind.WORKER: WORKERS,
        Kind.ZOMBIE: WORKERS,
        Kind.POSTGRES: ("postgres",),
        Kind.KAFKA: ("kafka",),
        Kind.NOTIFIER: NOTIFIERS,
        Kind.REASSIGNED: (THIRD_WORKER,),
        Kind.RECEIVER: ("receiver",),
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: the same for the same seed, events, period and number of blows."""

    seed: int
    events: int
    #: In which the events arrive, in seconds.
    period_s: float
    counts: Mapping[Kind, int] = field(default_factory=lambda: FULL)

    def blows(self) -> list[Blow]:
        """Return all blows in the order of their times."""
        return sorted(itertools.chain.from_iterable(map(self._of, Kind)))

    def counted(self) -> dict[str, int]:
        """Return how many blows of each kind there are."""
        found = Counter(blow.kind.value for blow in self.blows())
        return {kind.value: found[kind.value] for kind in Kind}

    def _of(self, kind: Kind) -> Iterator[Blow]:
        # A generator for each kind: one more kill of a notifier changes nothing for the workers.
        chance = random.Random(f"{self.seed} {kind}")
        n = self.counts.get(kind, 0)
        span = (LAST - FIRST) * self.period_s
        for number in range(n):
            # One in each n-th of the time, anywhere in it: random, and never all at once.
            at_s = FIRST * self.period_s + (number + chance.random()) * span / n
            low, high = _LASTS_S[kind]
            target = chance.choice(_TARGETS[kind])
            yield Blow(round(at_s, 2), kind, target, round(chance.uniform(low, high), 2))
