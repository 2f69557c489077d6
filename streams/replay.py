"""What-if: stored events run through a changed rule set, in a database of its own.

What people did is done again at its time. First with the rules of now: what they do not reproduce
of the log says how far the second answer is to be trusted.
"""

from __future__ import annotations

import contextlib
import heapq
import logging
import pickle
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import IO, Any
from uuid import UUID, uuid4

import orjson

from connectors.timescale import alarms, kpis, philosophies, replays, rule_versions, suppressions
from connectors.timescale.database import connect
from connectors.timescale.kpis import Scope
from connectors.timescale.replays import Entry, Heard, Range, Said
from connectors.timescale.rule_versions import Change
from ioc import alarm as life
from ioc import intake, rulebook
from ioc.alarm import Alarm, ClosingCode, NotAllowed, Step, Transition
from ioc.errors import NotFoundError
from ioc.kpi import Counts
from ioc.rulebook import Stored, Wording
from ioc.settings import Settings
from ioc.suppression import Suppression
from streams.replay_progress import READ, RUN, Phase, Work
from streams.sandbox import Sandbox

log = logging.getLogger(__name__)

#: An entry may come so much later than the event that caused it and still be compared.
GRACE = timedelta(minutes=1)
#: Events of so long are stored together: a transaction costs as much as fifty of them.
TOGETHER = timedelta(seconds=10)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
#: What people do to alarms that is done again.
_MOVES = (
    *(Step.ACKNOWLEDGED, Step.UNACKNOWLEDGED, Step.SHELVED, Step.UNSHELVED, Step.ASSIGNED),
    *(Step.COMMENTED, Step.CLOSED, Step.RESET),
)
#: Steps that must come out the same.
_COMPARED = (*_MOVES, Step.RAISED, Step.SEVERITY_CHANGED, Step.RETURNED, Step.REMINDER)
#: The system's own alarm is about records that are no events; those are not stored as such.
_WITHOUT = (intake.RULE.id,)


@dataclass(frozen=True, slots=True)
class Run:
    """What a rule set made of the events; `rang` is rule, key, title, area and at by occurrence."""

    entries: Counter[Entry]
    counts: Counts
    rang: Mapping[UUID, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a changed rule set would have changed.

    `logged` are the entries of the house's own log; `closed_as` with which code a person has closed
    those of the occurrences that the changed rules lose.
    """

    of: Range
    events: int
    logged: Counter[Entry]
    now: Run
    changed: Run
    closed_as: Mapping[UUID, str]

    @property
    def closed_true(self) -> set[UUID]:
        """What would be lost although a person has closed it as true."""
        return {found for found, code in self.closed_as.items() if code == "true"}

    @property
    def missing(self) -> Counter[Entry]:
        """What the rules of now did not make again."""
        return self.logged - self.now.entries

    @property
    def more(self) -> Counter[Entry]:
        """What they made that is not in the log."""
        return self.now.entries - self.logged

    @property
    def lost(self) -> list[UUID]:
        """Occurrences that ring with the rules of now only."""
        return [found for found in self.now.rang if found not in self.changed.rang]

    @property
    def new(self) -> list[UUID]:
        """Occurrences that ring with the changed rules only."""
        return [found for found in self.changed.rang if found not in self.now.rang]


def range_of(start: datetime, end: datetime, warm_up: timedelta) -> Range:
    """Return the range that is compared, with what is run before and after it."""
    return Range(start - warm_up, start, end, end + GRACE)


def replay(
    settings: Settings,
    wordings: Sequence[Wording],
    of: Range,
    database_url: str | None = None,
    *,
    name: str | None = None,
    say: Callable[[Phase, float], None] = lambda phase, share: None,
) -> Answer:
    """Run stored events through the rules of now, then with `wordings` on top.

    `database_url`: an empty database to run the second in; none: both are made and dropped. `name`
    begins the names of those; `say` is told what it does and how far it is, 0 to 1.

    Raises:
        ioc.rule.RuleError: the wordings are wrong.
        ioc.errors.ConfigError: there is no database to run in.
    """
    url = settings.database_url.get_secret_value()
    if database_url is not None:
        replays.check_empty(database_url)
    say(Phase.PREPARING, 0.0)
    with tempfile.TemporaryFile() as spool:
        with connect(url, "ioc replay") as conn:
            rules = rule_versions.copied(conn) or _filed(settings)
            said, hidden = replays.said(conn, of, _MOVES), replays.hidden(conn, of)
            logged = Counter(replays.entries(conn, of, _COMPARED, _WITHOUT))
            work = _spooled(replays.heard(conn, of), spool, of.until)
        told = Told(spool, said, hidden)
        changed = {each.key: each for each in rules}
        changed |= {each.key: Change(*each.key, each.body, "file", "replay") for each in wordings}
        _check(list(changed.values()))  # before anything is run for nothing
        # Not by the process's number: in a container that is the same each time, and one that was
        # killed has left its database behind.
        name = name or f"{replays.PREFIX}{uuid4().hex[:12]}"
        now_name, changed_name = replays.names(name)
        with replays.database(url, now_name) as own:
            steps = Phase.WARMING_UP_NOW, Phase.PLAYING_BACK_NOW
            now = _run(own, rules, told, of, _Watch(work, of, steps, READ, say))
        with contextlib.ExitStack() as stack:
            own = database_url or stack.enter_context(replays.database(url, changed_name))
            steps = Phase.WARMING_UP_DRAFT, Phase.PLAYING_BACK_DRAFT
            watch = _Watch(work, of, steps, READ + RUN, say)
            then = _run(own, list(changed.values()), told, of, watch)
    say(Phase.COMPARING, READ + 2 * RUN)
    answer = Answer(of, work.events, logged, now, then, {})
    with connect(url, "ioc replay") as conn:
        return replace(answer, closed_as=replays.closed_as(conn, answer.lost))


@dataclass(frozen=True, slots=True)
class Told:
    """What a run is told: events in a file, and what people did, each in order of time."""

    spool: IO[bytes]
    said: Sequence[Said]
    hidden: Sequence[tuple[datetime, Suppression, str | None]]

    def in_order(self) -> Iterator[tuple[datetime, int, Callable[[Sandbox], None]]]:
        """Return everything in order of time, each with its number of events.

        Events of a few seconds between two acts are one thing to do.
        """
        yield from heapq.merge(
            ((heard[0].at, len(heard), _hearing(heard)) for heard in self._together()),
            ((each.at, 0, _moving(each)) for each in self.said),
            ((at, 0, _hiding(of, by)) for at, of, by in self.hidden),
            key=lambda each: each[0],
        )

    def _together(self) -> Iterator[list[Heard]]:
        # A one-shot shelf just before the return is over with it; just after it, it is not.
        acts = sorted([*(each.at for each in self.said), *(at for at, _, _ in self.hidden)])
        for _, heard in groupby(
            _unspooled(self.spool),
            lambda each: ((each.at - _EPOCH) // TOGETHER, bisect_right(acts, each.at)),
        ):
            yield list(heard)


@dataclass(frozen=True, slots=True)
class _Watch:
    """Says how far a run is: its two phases, from which share of the whole on."""

    work: Work
    of: Range
    phases: tuple[Phase, Phase]
    start: float
    say: Callable[[Phase, float], None]

    def __call__(self, heard: int, at: datetime) -> None:
        phase = self.phases[at >= self.of.start]
        self.say(phase, self.start + RUN * self.work.share(heard, at))


def _run(
    url: str, rules: Sequence[Change], told: Told, of: Range, say: Callable[[int, datetime], None]
) -> Run:
    say(0, of.began)
    with Sandbox(url, rules, of.began) as sandbox:
        heard = 0
        for at, events, act in told.in_order():
            say(heard, at)
            sandbox.pass_until(max(at, sandbox.now))
            act(sandbox)
            heard += events
        sandbox.pass_until(of.until)
        conn = sandbox.conn
        philosophy = philosophies.newest(conn)
        scope = Scope(of.start, of.end)
        return Run(
            Counter(replays.entries(conn, of, _COMPARED, _WITHOUT)),
            kpis.counts(conn, scope, philosophy.chattering.fleeting),
            replays.rang(conn, of, _WITHOUT),
        )


def _check(rules: Sequence[Change]) -> None:
    rulebook.assembled(
        [
            Stored(each.noun, each.id, 1, orjson.dumps(each.body).decode(), 0)
            for each in rules
            if each.body is not None
        ]
    )


def _filed(settings: Settings) -> list[Change]:
    """Return the rules of the files: nobody has given the database any."""
    found = rulebook.of_site(settings.config_dir)
    return [Change(*each.key, each.body, each.origin, each.place) for each in found]


# What is told -------------------------------------------------------------------------------------


def _spooled(pages: Iterator[list[Heard]], spool: IO[bytes], until: datetime) -> Work:
    """Write all events to a file: the house is not kept waiting for what becomes of them."""
    n, first_at = 0, None
    for page in pages:
        pickle.dump(page, spool, pickle.HIGHEST_PROTOCOL)
        first_at = first_at or page[0].at
        n += len(page)
    return Work(n, first_at, until)


def _unspooled(spool: IO[bytes]) -> Iterator[Heard]:
    spool.seek(0)
    while True:
        try:
            yield from pickle.load(spool)  # noqa: S301 - written by ourselves, a moment ago
        except EOFError:
            return


def _hearing(heard: Sequence[Heard]) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.hear(heard)


def _hiding(of: Suppression, ended_by: str | None) -> Callable[[Sandbox], None]:
    def act(sandbox: Sandbox) -> None:
        with sandbox.conn.transaction():
            if ended_by is None:
                suppressions.make(sandbox.conn, of)
            else:
                suppressions.end(sandbox.conn, of.id, ended_by, None, sandbox.now)

    return act


def _moving(said: Said) -> Callable[[Sandbox], None]:
    def act(sandbox: Sandbox) -> None:
        # An alarm that these rules did not raise, or that is over by now, is nobody's to move.
        with contextlib.suppress(NotFoundError, NotAllowed):
            alarms.move(sandbox.db, said.alarm_id, lambda alarm: _moved(alarm, said, sandbox.now))

    return act


def _moved(alarm: Alarm, said: Said, now: datetime) -> Transition:
    by, comment, after = said.by, said.comment, said.alarm
    moves: dict[Step, Callable[[], Transition]] = {
        Step.ACKNOWLEDGED: lambda: life.acknowledge(alarm, by, now, comment),
        Step.UNACKNOWLEDGED: lambda: life.unacknowledge(alarm, by, now, comment),
        Step.SHELVED: lambda: life.shelve(
            alarm,
            datetime.fromisoformat(after["shelved_until"]),
            by,
            now,
            comment,
            one_shot=bool(after.get("one_shot")),
        ),
        Step.UNSHELVED: lambda: life.unshelve(alarm, by, now, comment),
        Step.ASSIGNED: lambda: life.assign(alarm, after["assignee"], by, now, comment),
        Step.COMMENTED: lambda: life.comment(alarm, comment or "", by, now),
        Step.CLOSED: lambda: life.close(
            alarm, ClosingCode(after["closing_code"]), by, now, comment
        ),
        Step.RESET: lambda: life.reset(alarm, by, now, comment),
    }
    return moves[Step(said.type)]()
