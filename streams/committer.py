"""Decoding and committing: what a worker does with a unit once it is fetched.

A worker runs it in processes of their own (committers.py): Python runs one thread of a process at a
time, and an event costs ten times as much to decode and commit as to fetch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ioc import clock
from streams.batch import Memory, decode_batch
from streams.fetched import Fetched, opened
from streams.guard import Guard
from streams.reload import UNREAD


@dataclass(frozen=True, slots=True)
class Brief:
    """What a committer must know to begin."""

    database_url: str
    logs: Mapping[str, str]
    config_dir: Path | None
    aggregates: bool
    recent_records: int

    def memory(self) -> Memory:
        """Return what every batch needs; the rules are read with the first."""
        return Memory(self.logs, UNREAD, self.aggregates, self.recent_records, self.config_dir)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a unit: counts, and partitions with which somebody else was faster."""

    records: int
    stored: int
    duplicates: int
    #: Dead letters by reason, transitions by type, retries by cause.
    dead: Counter[str]
    transitions: Counter[str]
    retries: Counter[str]
    fenced: frozenset[int]
    #: The newest `received_at` of each partition that had records.
    received_at: Mapping[int, datetime]
    #: How many rules judged it, and of which revision.
    rules: tuple[int, int] = (0, 0)
    #: How long they took in each transaction; what they decided, by kind.
    evaluate_s: tuple[float, ...] = ()
    verdicts: Counter[str] = field(default_factory=Counter)


class Committer:
    """Decodes and commits units in this process; used from one thread at a time."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @property
    def waits(self) -> bool:
        """Whether it waits for a database that is away."""
        return self._guard.waits

    def commit(self, unit: Sequence[Fetched]) -> Report:
        """Decode what is of one topic and commit it together.

        Raises:
            StoppingError: the committer ends; what was committed before is.
        """
        now = clock.now()
        decoded = [decode_batch(opened(fetched), now) for fetched in unit]
        done = self._guard.commit(decoded)
        retries, self._guard.retries = self._guard.retries, Counter()
        alive = [each for each in decoded if each.batch.partition not in done.fenced]
        return Report(
            records=sum(len(each.batch.records) for each in decoded),
            stored=sum(each.fresh for each in done.committed),
            duplicates=sum(each.duplicates for each in done.committed),
            dead=Counter(letter.refusal.reason.value for each in alive for letter in each.dead),
            transitions=Counter(
                transition.type.value for each in done.committed for transition in each.transitions
            ),
            retries=retries,
            fenced=frozenset(done.fenced),
            received_at={
                each.batch.partition: each.received_at for each in decoded if each.batch.records
            },
            rules=(len(self._guard.rules.rules), self._guard.rules.revision),
            evaluate_s=tuple(each.evaluate_s for each in done.committed),
            verdicts=Counter(
                transition.verdict.rule.kind.value
                for each in done.committed
                for transition in each.transitions
                if transition.verdict is not None
            ),
        )

    def stop(self) -> None:
        """Give up waiting for the database; called from any thread."""
        self._guard.stop()

    def close(self) -> None:
        """Close the connection; nothing is being committed any more."""
        self._guard.close()
