"""Which alarms there must be, by one plain reading of docs/rules.md; nothing of the product.

Each rule and key for itself. Told in order, its whole log is worked out step by step; told in
disorder, what is promised for any order is: the condition, and for `match` the occurrence.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.acceptance.chaos.alarming import ACKNOWLEDGED
from tests.acceptance.chaos.records import Copy, Identity
from tests.acceptance.chaos.rules import Pace

FIRE_KINDS = {"smoke", "heat", "flame", "gas", "manual", "waterflow"}
HOUR = timedelta(hours=1)

#: type, from, to, and when the condition was over.
Step = tuple[str, str, str, datetime | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in the words of docs/rules.md; `n` is 1 for kind `match`."""

    id: str
    type: str
    severity: str
    key: Callable[[Copy], str]
    raises: Callable[[Copy], bool]
    clears: Callable[[Copy], bool] = lambda _: False
    n: int = 1
    within: timedelta = timedelta(0)
    silence: timedelta | None = None
    max_lateness: timedelta = HOUR
    acknowledge: bool = True


@dataclass(slots=True)
class Occurrence:
    """One alarm; `count` and `event` are None where no order promises them."""

    raised_at: datetime | None
    event: Identity | None
    area: str | None
    count: int | None
    active: bool
    ended: bool = False

    @property
    def state(self) -> str:
        """Where it is when no person has acted."""
        if self.ended:
            return "normal"
        return "unacknowledged" if self.active else "returned"


@dataclass(frozen=True, slots=True)
class Judged:
    """What must be known of a rule and key.

    `occurrences` None: how many there were is not promised, only whether one is `active` now.
    `log` None: the steps depend on the order in which partitions were read.
    """

    rule: Rule
    key: str
    active: bool
    occurrences: Sequence[Occurrence] | None
    log: Sequence[Step] | None = None
    by_person: bool = False


def rules(pace: Pace) -> list[Rule]:
    """Return the shipped rules, and those of the run."""
    second = timedelta(seconds=1)
    within, silence = pace.within_s * second, pace.silence_s * second
    lateness = pace.count_lateness_s * second

    def device(copy: Copy) -> str:
        return copy.device or copy.ce_source

    def said(copy: Copy, kinds: set[str], *states: str) -> bool:
        return copy.data["kind"] in kinds and copy.data["state"] in states

    fire, camera, citizen = "ioc.fire.reading", "ioc.camera.alert", "ioc.citizen.report"
    return [
        Rule(
            *("fire-alarm", fire, "critical", device),
            raises=lambda copy: said(copy, FIRE_KINDS, "alarm"),
            clears=lambda copy: said(copy, FIRE_KINDS, "restore", "normal"),
        ),
        Rule(
            *("fire-trouble", fire, "low", device),
            raises=lambda copy: copy.data["state"] == "trouble",
            clears=lambda copy: (
                copy.data["state"] == "restore"
                or (
                    copy.data["state"] == "normal"
                    and copy.data["kind"] not in {"temperature", "heartbeat"}
                )
            ),
        ),
        Rule(
            *("sos", citizen, "critical", lambda copy: str(copy.data["report"])),
            raises=lambda copy: (
                copy.data.get("emergency") is True and copy.data["status"] in {"open", "reopened"}
            ),
            clears=lambda copy: copy.data["status"] in {"resolved", "rejected"},
        ),
        Rule(
            *("camera-fire", camera, "high", lambda copy: copy.area),
            raises=lambda copy: (
                copy.data["label"] in {"smoke", "fire"}
                and copy.data.get("phase") not in {"update", "end"}
            ),
            n=3,
            within=timedelta(minutes=5),
            silence=timedelta(minutes=10),
        ),
        Rule(
            *("chaos-crowd", camera, "medium", lambda copy: copy.area),
            raises=lambda copy: copy.data["label"] == "crowd" and copy.data.get("score", 0) >= 0.7,
            **{"n": 4, "within": within, "silence": silence, "max_lateness": lateness},  # type: ignore[arg-type]
        ),
        Rule(
            *("chaos-loitering", camera, "low", device),
            raises=lambda copy: copy.data["label"] == "loitering",
            **{"n": 3, "within": within, "silence": silence, "max_lateness": lateness},  # type: ignore[arg-type]
            acknowledge=False,
        ),
        Rule(
            *("chaos-tamper", fire, "medium", device),
            raises=lambda copy: said(copy, {"tamper"}, "alarm"),
            clears=lambda copy: said(copy, {"tamper"}, "restore", "normal"),
            max_lateness=pace.match_lateness_s * second,
            acknowledge=False,
        ),
    ]


@dataclass(slots=True)
class _Told:
    """What a rule was told of one key: each event once, as its first copy in its partition."""

    copies: dict[Identity, Copy] = field(default_factory=dict)
    partitions: set[tuple[str, int]] = field(default_factory=set)

    def hear(self, copy: Copy) -> None:
        self.copies.setdefault(copy.identity, copy)
        self.partitions.add(copy.place[:2])


def judged(
    copies: Iterable[Copy], of: Sequence[Rule], progress: datetime, longest_wait: timedelta
) -> list[Judged]:
    """Return every rule and key that must have an alarm.

    `copies` in the order of their offsets; `progress`: how far the stream has been read;
    `longest_wait`: of any record for Kafka. A silence that is not longer may have been over for the
    stream before an event came that prolongs the alarm: then its steps are not promised.
    """
    told: dict[tuple[str, str], _Told] = defaultdict(_Told)
    by_id = {rule.id: rule for rule in of}
    for copy in copies:
        for rule in of:
            if rule.type == copy.type and (rule.raises(copy) or rule.clears(copy)):
                told[rule.id, rule.key(copy)].hear(copy)
    found = []
    for (name, key), heard in sorted(told.items(), key=lambda item: item[0]):
        rule = by_id[name]
        events = [copy for copy in heard.copies.values() if _counts(rule, copy)]
        if any(rule.raises(copy) for copy in events):
            may_end_early = rule.silence is not None and rule.silence <= longest_wait
            exact = _is_in_order(heard, events) and not may_end_early
            verdict = (_in_order if exact else _in_disorder)(rule, key, events, progress)
            if verdict is not None:
                found.append(verdict)
    return found


def _counts(rule: Rule, copy: Copy) -> bool:
    """An event beyond `max_lateness` raises nothing; too late to raise is not too late to clear."""
    return rule.clears(copy) or copy.late <= rule.max_lateness


def _is_in_order(heard: _Told, events: Sequence[Copy]) -> bool:
    times = [copy.at for copy in events]
    rising = all(before < after for before, after in itertools.pairwise(times))
    return rising and len(heard.partitions) == 1


# In order: step by step --------------------------------------------------------------------------


@dataclass(slots=True)
class _Life:
    """The occurrences of one key so far, and what was written down."""

    rule: Rule
    occurrences: list[Occurrence] = field(default_factory=list)
    log: list[Step] = field(default_factory=list)

    @property
    def now(self) -> Occurrence | None:
        """The open occurrence."""
        return next((each for each in self.occurrences if not each.ended), None)

    def raise_(self, copy: Copy) -> None:
        now = self.now
        if now is None:
            self.occurrences.append(Occurrence(copy.at, copy.identity, copy.area, 1, True))
            self.log.append(("raised", "normal", "unacknowledged", None))
            return
        assert now.count is not None
        now.count += 1
        if not now.active:
            now.active = True
            self.log.append(("raised", "returned", "unacknowledged", None))

    def clear(self, at: datetime) -> None:
        now = self.now
        if now is None or not now.active:
            return
        now.active = False
        now.ended = not self.rule.acknowledge
        self.log.append(("returned", "unacknowledged", now.state, at))


def _in_order(rule: Rule, key: str, events: Sequence[Copy], progress: datetime) -> Judged | None:
    life = _Life(rule)
    marks: list[datetime] = []
    newest: datetime | None = None
    for copy in events:
        if rule.silence is not None and newest is not None and copy.at - newest > rule.silence:
            life.clear(newest + rule.silence)
        if not rule.raises(copy):
            life.clear(copy.at)
            marks.clear()
            continue
        marks.append(copy.at)
        if _closes(rule, marks) or _prolongs(rule, newest, copy.at):
            newest = copy.at
            life.raise_(copy)
    if rule.silence is not None and newest is not None and newest + rule.silence <= progress:
        life.clear(newest + rule.silence)
    if not life.occurrences:
        return None
    now = life.now
    if key.startswith(ACKNOWLEDGED):
        # A person has said that they know, before the end or after it: it is over either way.
        (only,) = life.occurrences
        only.ended = True
        return Judged(rule, key, False, life.occurrences, by_person=True)
    return Judged(rule, key, bool(now and now.active), life.occurrences, life.log)


def _closes(rule: Rule, marks: Sequence[datetime]) -> bool:
    """Whether the newest is the last of N within the time."""
    return len(marks) >= rule.n and marks[-1] - marks[-rule.n] <= rule.within


def _prolongs(rule: Rule, newest: datetime | None, at: datetime) -> bool:
    return rule.silence is not None and newest is not None and at - newest <= rule.silence


# In disorder: what holds for the set -------------------------------------------------------------


def _in_disorder(rule: Rule, key: str, events: Sequence[Copy], progress: datetime) -> Judged | None:
    marks = sorted((copy for copy in events if rule.raises(copy)), key=lambda copy: copy.identity)
    marks.sort(key=lambda copy: copy.at)
    clears = [copy.at for copy in events if not rule.raises(copy)]
    # No rule of a run that counts has a clear of its own; `match` needs no neighbours.
    assert rule.n == 1 or not clears
    newest: datetime | None = None
    for number, copy in enumerate(marks):
        times = [each.at for each in marks[: number + 1]]
        if _closes(rule, times) or _prolongs(rule, newest, copy.at):
            newest = copy.at
    if newest is None:
        return None
    active = all(clear <= newest for clear in clears)
    if rule.silence is not None:
        active = active and newest + rule.silence > progress
    if not rule.acknowledge:
        return Judged(rule, key, active, None)
    if rule.n > 1:
        return Judged(rule, key, active, [Occurrence(None, None, None, None, active)])
    first = marks[0]
    one = Occurrence(first.at, first.identity, first.area, len(marks), active)
    return Judged(rule, key, active, [one])
