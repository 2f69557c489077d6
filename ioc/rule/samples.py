"""What `threshold` and `duration` remember of one key: samples for and against, by time.

Everything here is a function of the *set* of samples, never of the order in which they came. A run
begins with a sample for the condition after one against it (or after none). A run that no sample
against cuts off for the on-delay **raises**, at its beginning plus the delay; a condition that was
raised is over when samples have spoken against it for the off-delay, or when none spoke for it for
the rule's silence. At one instant the sample for the condition wins, and it is too early for
nothing: what is due at that instant is not yet cut off.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ioc.event import identity
from ioc.rule.definition import Rule
from ioc.rule.fact import Fact
from ioc.rule.verdict import Clear, Decision, EventRef, Pending, Raise
from ioc.rule.window import CLOCK_AHEAD, MARKS_MAX, instant_of, is_late, micros_of

#: What is left after forgetting because there were too many: forgetting is paid once in 64 samples.
SAMPLES_KEPT = 192


@dataclass(frozen=True, slots=True)
class Delays:
    """How long a run takes to raise, and to clear; both in event time."""

    on: timedelta
    off: timedelta


@dataclass(frozen=True, slots=True)
class Sample:
    """An instant that speaks for the condition (`id` is the event's) or against it ("")."""

    at: datetime
    id: str

    @property
    def is_for(self) -> bool:
        """Whether it speaks for the condition."""
        return bool(self.id)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands after the samples up to an instant. Times are aware UTC.

    `first` and `newest` are those of the present run; `against` is since when samples speak against
    a raised condition; `raised_at` and `cause`, the first of the run that raised it, are there
    while it is raised.
    """

    first: Sample | None = None
    newest: Sample | None = None
    against: datetime | None = None
    raised_at: datetime | None = None
    cause: Sample | None = None

    @property
    def is_active(self) -> bool:
        """Whether the condition is raised."""
        return self.raised_at is not None


@dataclass(frozen=True, slots=True)
class Span:
    """A condition that was raised and is over."""

    cause: Sample
    raised_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples in order of time, one an instant, and how it stood before the first of them.

    What is older than `floor` is forgotten; `settled` is what has come of it. `told` is the last
    instant of which was told what time alone has changed.
    """

    samples: tuple[Sample, ...] = ()
    settled: Standing = Standing()
    floor: datetime | None = None
    told: datetime | None = None

    @property
    def newest_at(self) -> datetime | None:
        """The time of the newest sample."""
        return self.samples[-1].at if self.samples else None

    @property
    def known_until(self) -> datetime | None:
        """Up to when everything has been told."""
        return max(filter(None, (self.newest_at, self.told)), default=None)

    def to_json(self) -> dict[str, object]:
        """Return the row's JSON: microseconds since 1970, with the event's id where it is for."""
        known = self.settled
        return {
            "samples": [_row(sample) for sample in self.samples],
            "settled": {
                "first": known.first and _row(known.first),
                "newest": known.newest and _row(known.newest),
                "against": micros_of(known.against),
                "raised": micros_of(known.raised_at),
                "cause": known.cause and _row(known.cause),
            },
            "floor": micros_of(self.floor),
            "told": micros_of(self.told),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> Samples:
        """Return the memory of a row; TypeError when the row is not one of ours."""
        samples, settled = row.get("samples"), row.get("settled")
        if not isinstance(samples, list) or not isinstance(settled, dict):
            raise TypeError(f"a row of samples is not {row!r}")
        return cls(
            tuple(_sample(each) for each in samples),
            Standing(
                _maybe(settled.get("first")),
                _maybe(settled.get("newest")),
                instant_of(settled.get("against")),
                instant_of(settled.get("raised")),
                _maybe(settled.get("cause")),
            ),
            instant_of(row.get("floor")),
            instant_of(row.get("told")),
        )


#: A key that was never heard of.
NONE = Samples()


class Fold:
    """Goes through time: samples are taken in their order, what time alone does comes between."""

    def __init__(self, rule: Rule, delays: Delays, standing: Standing) -> None:
        self._silence, self._delays = rule.silence, delays
        self.now = standing
        self.spans: list[Span] = []

    def due(self) -> datetime | None:
        """Return when time alone changes something next; None: never."""
        now = self.now
        falls_silent = None
        if self._silence is not None and now.newest is not None:
            falls_silent = now.newest.at + self._silence
        if now.is_active:
            ends = [falls_silent, None if now.against is None else now.against + self._delays.off]
            return min((end for end in ends if end is not None), default=None)
        if now.first is None:
            return None
        raises = now.first.at + self._delays.on
        return raises if falls_silent is None else min(raises, falls_silent)

    def step(self) -> None:
        """Do what is due next."""
        now, at = self.now, self.due()
        assert at is not None
        if now.is_active:
            assert now.cause is not None
            assert now.raised_at is not None
            self.spans.append(Span(now.cause, now.raised_at, at))
            self.now = Standing()
        elif now.first is not None and now.first.at + self._delays.on <= at:
            self.now = replace(now, raised_at=at, cause=now.first)
        else:
            self.now = Standing()  # it fell silent before it was long enough

    def until(self, at: datetime) -> Fold:
        """Do all that is due up to an instant, and at it."""
        while (due := self.due()) is not None and due <= at:
            self.step()
        return self

    def take(self, sample: Sample) -> None:
        """Do all that is due before the sample, then take it."""
        while (due := self.due()) is not None and due <= sample.at:
            # At the same instant it is in time to go on with what would end, but not to stop what
            # would begin.
            if due == sample.at and sample.is_for and not self._begins(due):
                break
            self.step()
        now = self.now
        if sample.is_for:
            self.now = replace(now, first=now.first or sample, newest=sample, against=None)
        elif now.is_active:
            self.now = replace(now, first=None, against=now.against or sample.at)
        else:
            self.now = Standing()

    def _begins(self, due: datetime) -> bool:
        now = self.now
        return not now.is_active and now.first is not None and now.first.at + self._delays.on == due


def folded(rule: Rule, delays: Delays, memory: Samples) -> Fold:
    """Return how it stands at the newest sample, or later when that has been told."""
    fold = Fold(rule, delays, memory.settled)
    for sample in memory.samples:
        fold.take(sample)
    return fold if memory.known_until is None else fold.until(memory.known_until)


def told(
    rule: Rule, delays: Delays, memory: Samples, fact: Fact, key: str
) -> tuple[Samples, tuple[Decision, ...]]:
    """Return the memory after a new event, and what that changes, in order."""
    at = fact.time.astimezone(UTC)
    is_for = rule.raises(fact)
    before = folded(rule, delays, memory)
    if is_late(rule, fact):
        # Too late to raise is not too late to clear: nobody else may come to end this alarm.
        newest = memory.newest_at
        if is_for or not before.now.is_active or newest is None or at <= newest:
            return memory, ()
    if memory.floor is not None and at < memory.floor:
        return memory, ()
    sample = Sample(at, identity(fact.ce_source, fact.ce_id) if is_for else "")
    after = _with(rule, delays, memory, sample)
    change = _Change(rule, key, fact, sample, before, folded(rule, delays, after))
    return after, tuple(change.decisions())


@dataclass(frozen=True, slots=True)
class _Change:
    """What one sample has changed of what was told."""

    rule: Rule
    key: str
    fact: Fact
    sample: Sample
    before: Fold
    after: Fold

    def decisions(self) -> list[Decision]:
        was, now = self.before.now, self.after.now
        found: list[Decision] = []
        begins = now.is_active
        if was.raised_at is not None:
            ended_at = self._ended(was.raised_at)
            if ended_at is not None:
                found.append(self._clear(ended_at))
            elif not now.is_active:  # what raised it was none: a late sample has cut it off
                found.append(self._clear(max(self.sample.at, was.raised_at)))
            begins = now.is_active and ended_at is not None
        elif not now.is_active:
            for span in self._unseen():
                found += [self._raise(span.cause, span.raised_at), self._clear(span.ended_at)]
        if now.raised_at is not None and now.cause is not None:
            is_cause = now.cause == self.sample
            if begins:
                found.append(self._raise(now.cause, now.raised_at))
            if self.sample.is_for and self.sample.at >= now.cause.at and not (begins and is_cause):
                at = max(self.sample.at, now.raised_at)
                found.append(Raise(self.rule, self.key, at, self.fact))
        return found

    def _ended(self, raised_at: datetime) -> datetime | None:
        """Return when a condition that was raised ended, seen from now; None: it did not."""
        ends = (span.ended_at for span in self.after.spans if span.ended_at >= raised_at)
        return next(ends, None)

    def _unseen(self) -> Sequence[Span]:
        """Return the newest span that touches none of those before: it is over, but was."""
        known = self.before.spans
        return [
            span
            for span in self.after.spans
            if not any(
                span.raised_at <= each.ended_at and each.raised_at <= span.ended_at
                for each in known
            )
        ][-1:]

    def _raise(self, cause: Sample, at: datetime) -> Raise | Pending:
        if cause == self.sample:
            return Raise(self.rule, self.key, at, self.fact)
        return Pending(self.rule, self.key, at, EventRef(cause.at, cause.id))

    def _clear(self, at: datetime) -> Clear:
        is_said = not self.sample.is_for and at == self.sample.at
        return Clear(self.rule, self.key, at, self.fact if is_said else None)


def due(
    rule: Rule, delays: Delays, memory: Samples, after: datetime | None = None
) -> datetime | None:
    """Return when time alone changes something, if no more samples come; later than `after`."""
    fold = folded(rule, delays, memory)
    return (fold if after is None else fold.until(after)).due()


def elapsed(
    rule: Rule, delays: Delays, key: str, memory: Samples, at: datetime
) -> tuple[Samples, tuple[Decision, ...]]:
    """Return what time alone changes up to an instant that was due, and the memory after it."""
    fold = folded(rule, delays, memory)
    found: list[Decision] = []
    while (due := fold.due()) is not None and due <= at:
        was = fold.now
        fold.step()
        now = fold.now
        if was.is_active:
            found.append(Clear(rule, key, due, None))
        elif now.raised_at is not None:
            # The first says what it is about, the newest how severe it is by now.
            found += [
                Pending(rule, key, due, EventRef(sample.at, sample.id))
                for sample in dict.fromkeys(filter(None, (now.cause, now.newest)))
            ]
    return (replace(memory, told=at) if found else memory), tuple(found)


def is_forgettable(rule: Rule, delays: Delays, memory: Samples, progress: datetime) -> bool:
    """Return whether the row can go: no event that may still come needs it."""
    fold = folded(rule, delays, memory).until(progress)
    if fold.now.is_active or fold.due() is not None:
        return False
    newest = memory.newest_at or memory.floor
    return newest is None or newest < progress - reach(rule, delays)


def reach(rule: Rule, delays: Delays) -> timedelta:
    """Return how far back of the newest event samples matter."""
    longest = max(delays.on, delays.off, rule.silence or timedelta(0))
    return rule.max_lateness + CLOCK_AHEAD + longest


def _with(rule: Rule, delays: Delays, memory: Samples, sample: Sample) -> Samples:
    samples = memory.samples
    place = bisect_left(samples, sample.at, key=lambda each: each.at)
    if place < len(samples) and samples[place].at == sample.at:
        known = samples[place]
        # One against never stands beside one for; of two for it, either order must keep the same.
        if not sample.is_for or (known.is_for and known.id <= sample.id):
            return memory
        after = (*samples[:place], sample, *samples[place + 1 :])
    else:
        after = (*samples[:place], sample, *samples[place:])
    return _settled(rule, delays, replace(memory, samples=after))


def _settled(rule: Rule, delays: Delays, memory: Samples) -> Samples:
    """Return the memory with what no event to come can change folded into one standing.

    Done when half of what is kept is older than that, or when there are too many: then the oldest
    go first, and only the answer for very late events among a crowd gets coarser.
    """
    samples = memory.samples
    newest = samples[-1].at
    if len(samples) <= MARKS_MAX and samples[0].at >= newest - 2 * reach(rule, delays):
        return memory
    final = newest - rule.max_lateness - CLOCK_AHEAD  # no event to come is older than this
    cut = bisect_left(samples, final, key=lambda each: each.at)
    if len(samples) > MARKS_MAX and len(samples) - SAMPLES_KEPT > cut:
        cut = len(samples) - SAMPLES_KEPT
        final = samples[cut].at
    fold = Fold(rule, delays, memory.settled)
    for sample in samples[:cut]:
        fold.take(sample)
    return replace(memory, samples=samples[cut:], settled=fold.now, floor=final)


def _row(sample: Sample) -> list[object]:
    micros = micros_of(sample.at)
    return [micros, sample.id] if sample.is_for else [micros]


def _sample(row: object) -> Sample:
    at = instant_of(row[0]) if isinstance(row, list) and row else None
    if at is None or not isinstance(row, list):
        raise TypeError(f"a sample is a list with a time, not {row!r}")
    return Sample(at, str(row[1]) if len(row) > 1 else "")


def _maybe(row: object) -> Sample | None:
    return None if row is None else _sample(row)
