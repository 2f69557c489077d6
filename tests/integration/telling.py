"""The same events told in many ways: any order, copies, lateness, partitions, batches and workers.

Places, desks, reports, devices and moments are few, so that events meet: most mistakes need two of
them at one minute, one ticket or one instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from types import SimpleNamespace
from typing import Any, LiteralString

import orjson
from hypothesis import strategies as st
from psycopg.rows import tuple_row

from connectors.timescale import offsets
from connectors.timescale.database import Conn, connect
from ioc.rule import RuleSet
from ioc.source import BY_TYPE
from ioc.topics import EVENT_TOPICS
from streams.batch import Decoded, Memory, decode_batch
from streams.fetched import RecordBatch
from streams.guard import Guard

JsonObject = dict[str, Any]
Rows = list[tuple[Any, ...]]

#: Midnight in the province, 17:00 UTC, is in the middle of the hour in which everything happens.
BASE = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: Long after all of it: no timestamp of a record is ahead of the worker's clock.
NOW = BASE + timedelta(days=60)
LOG = "log"
PARTITIONS = 3
WORKERS = 2
BROKEN = b'{"specversion": "1.0", "id": '
#: The database refuses an event of this sender.
REFUSED = "/refused"

# Events -------------------------------------------------------------------------------------------


def moments(minutes: int) -> st.SearchStrategy[datetime]:
    """Moments of `minutes` from BASE, so few that ties and neighbours are common."""
    tens = st.integers(0, minutes // 10 - 1).map(lambda n: n * timedelta(minutes=10))
    moreover = st.sampled_from([0, 0, 1, 14, 179.999999]).map(lambda s: timedelta(seconds=s))
    return st.builds(lambda ten, more: BASE + ten + more, tens, moreover)


_AREA = st.sampled_from(["05443", "02143", "Phường Phan Đình Phùng", "99999", None])
_POINT = st.sampled_from([{}, {"lat": 21.59, "lon": 105.84}])
_DUE = st.sampled_from([None, *((BASE + n * HOUR).isoformat() for n in range(3))])
_DEVICE = st.sampled_from(["d1", "d1", "d1", "d2", None])


def _data(known: Mapping[str, Sequence[Any]]) -> st.SearchStrategy[JsonObject]:
    return st.fixed_dictionaries({name: st.sampled_from(words) for name, words in known.items()})


def _with_place(data: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    return st.builds(lambda one, place: {**one, **place}, data, _POINT)


def _with_due(data: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    return st.builds(lambda one, due_at: {**one, "due_at": due_at}, data, _DUE)


_FIRE = {
    "kind": ["smoke", "smoke", "smoke", "heat", "temperature"],
    "state": ["alarm", "alarm", "restore", "restore", "trouble", "normal"],
}
_SMOKE: dict[str, Sequence[Any]] = {
    "label": ["smoke", "smoke", "fire", "person"],
    "phase": ["new", "new", "update"],
    "severity": [None, "high"],
    "score": [0.5, 0.9],
}
_REPORT: dict[str, Sequence[Any]] = {
    "report": ["r1", "r1", "r2"],
    "category": ["fire", "flood"],
    "status": ["open", "in_progress", "resolved", "rejected", "reopened"],
    "emergency": [True, True, False, None],
}
_TICKET = {
    "office": ["A", "A", "A/1"],
    "ticket": ["1", "1", "1/1"],
    "action": ["issued", "called", "served", "abandoned", "transferred"],
}
_DOSSIER = {
    "office": ["A", "B"],
    "dossier": ["1", "1", "2"],
    "action": ["received", "resolved", "withdrawn"],
}
DATA: dict[str, st.SearchStrategy[JsonObject]] = {
    "ioc.fire.reading": _with_place(_data(_FIRE)),
    "ioc.camera.alert": _with_place(_data(_SMOKE)),
    "ioc.citizen.report": _with_due(_with_place(_data(_REPORT))),
    "ioc.queue.ticket": _data(_TICKET),
    "ioc.queue.dossier": _with_due(_data(_DOSSIER)),
}


@st.composite
def events(
    draw: st.DrawFn,
    *,
    least: int = 1,
    size: int = 10,
    types: Sequence[str] = tuple(DATA),
    minutes: int = 60,
    senders: Sequence[str] = ("/a", "/a", "/b"),
) -> list[JsonObject]:
    """`least` to `size` events, of one type or of all, each with an identity of its own.

    Ids are used again at other times. Up to three more say something about the same thing at the
    same instant.
    """
    some = draw(st.sampled_from([tuple(types), *((each,) for each in types)]))
    found = draw(
        st.lists(
            st.sampled_from(some).flatmap(lambda each: _event(each, moments(minutes), senders)),
            min_size=least,
            max_size=size,
            unique_by=lambda event: (event["source"], event["id"], event["time"]),
        )
    )
    for n in draw(st.lists(st.integers(0, len(found) - 1), max_size=3)):
        other = draw(_event(found[n]["type"], moments(minutes), senders))
        same = {name: word for name, word in found[n]["data"].items() if name in _THINGS}
        found.append(
            {
                **found[n],
                "id": f"{len(found)} of {n}",
                "area": other["area"],
                "data": {**other["data"], **same},
            }
        )
    return found


#: What an event is about; of a desk also the step, so that two may report the same one.
_THINGS = {"report", "office", "ticket", "dossier", "action"}


def _event(
    event_type: str, at: st.SearchStrategy[datetime], senders: Sequence[str]
) -> st.SearchStrategy[JsonObject]:
    return st.fixed_dictionaries(
        {
            "specversion": st.just("1.0"),
            "type": st.just(event_type),
            "source": st.sampled_from(senders),
            "id": st.integers(0, 9).map(str),
            "time": at.map(datetime.isoformat),
            "area": _AREA,
            "device": _DEVICE,
            "data": DATA[event_type],
        }
    )


# Ways to tell them --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Copy:
    """One record: which event, and how it comes."""

    event: int
    #: What is told first; equal ones in the order of the list.
    rank: int = 0
    partition: int = 0
    #: From the event's time to Kafka's timestamp.
    delay: timedelta = timedelta(0)
    ends_unit: bool = False
    worker: int = 0
    #: The notifier looks at its timers when this is stored.
    timers_run: bool = False


def copies(n: int, delays: st.SearchStrategy[timedelta]) -> st.SearchStrategy[list[Copy]]:
    """Each of `n` events at least once, some more often."""

    def some(event: st.SearchStrategy[int]) -> st.SearchStrategy[Copy]:
        return st.builds(
            Copy,
            event,
            st.integers(0, 50),
            st.integers(0, PARTITIONS - 1),
            delays,
            st.booleans(),
            st.integers(0, WORKERS - 1),
            st.booleans(),
        )

    once = st.tuples(*(some(st.just(each)) for each in range(n)))
    again = st.lists(some(st.integers(0, n - 1)), max_size=5)
    return st.builds(lambda one, more: [*one, *more], once, again)


def plainly(told: Sequence[JsonObject], delay: timedelta = timedelta(0)) -> list[Copy]:
    """Each event once, in order of time, all of a topic in one transaction."""
    order = sorted(range(len(told)), key=lambda n: (told[n]["time"], n))
    return [Copy(n, rank, delay=delay) for rank, n in enumerate(order)]


def in_order_of_rank(told: Sequence[JsonObject], copies: Sequence[Copy]) -> list[Copy]:
    """Whatever order was drawn."""
    del told  # both orders are asked alike
    return sorted(copies, key=lambda copy: copy.rank)


def in_order_of_arrival(told: Sequence[JsonObject], copies: Sequence[Copy]) -> list[Copy]:
    """As Kafka had them; as drawn where that was the same moment."""
    return sorted(copies, key=lambda copy: (received_at(told[copy.event], copy), copy.rank))


def received_at(event: JsonObject, copy: Copy) -> datetime:
    """When Kafka had it, in whole milliseconds as Kafka has it, and never before it was due."""
    at = datetime.fromisoformat(event["time"]) + copy.delay + timedelta(microseconds=999)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


# The store ----------------------------------------------------------------------------------------

_EMPTY: LiteralString = """
DELETE FROM events; DELETE FROM counts_1m; DELETE FROM series; DELETE FROM durations_1m;
DELETE FROM visits; DELETE FROM dossiers; DELETE FROM dossier_steps; DELETE FROM reports;
DELETE FROM devices; DELETE FROM dead_letters; DELETE FROM rule_windows; DELETE FROM alarms;
DELETE FROM alarm_log; DELETE FROM timers; DELETE FROM offsets; DELETE FROM chatter;
DELETE FROM approvals; DELETE FROM scan_findings; DELETE FROM suppression_log;
DELETE FROM suppressions; DELETE FROM incident_alarms; DELETE FROM incident_splits;
DELETE FROM incident_log; DELETE FROM incidents; DELETE FROM evidence; DELETE FROM floods
"""


@dataclass(repr=False)
class Store:
    """A database that hears events; `Place` is a topic, a partition and an offset."""

    url: str
    rules: RuleSet
    conn: Conn
    next: dict[tuple[str, int], int] = field(default_factory=dict)
    #: Every copy that was told: its place, and which event it was.
    places: dict[tuple[str, int, int], tuple[JsonObject, datetime]] = field(default_factory=dict)

    @classmethod
    def opened(cls, url: str, rules: RuleSet) -> Store:
        """Open a database that nobody pulls the plug of: the disk need not be waited for."""
        conn = connect(url, "test")
        conn.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', "
            "current_database()); END $$"
        )
        return cls(url, rules, conn)

    def empty(self) -> None:
        """Forget everything."""
        self.conn.execute(_EMPTY)
        self.places.clear()
        self.next = {(topic, n): 0 for topic in EVENT_TOPICS for n in range(PARTITIONS)}
        offsets.claim(self.conn, LOG, self.next)

    def tell(
        self,
        told: Sequence[JsonObject],
        copies: Sequence[Copy],
        *,
        after: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Let workers store these copies in the order given, as units.

        `after` is called with the number of copies told when their timers are to run.
        """
        memory = Memory(dict.fromkeys(EVENT_TOPICS, LOG), self.rules, aggregates=False,
                        recent_records=250)  # fmt: skip
        workers = [Guard(self.url, memory) for _ in range(WORKERS)]
        try:
            n = 0
            for run in _runs(copies):
                n += len(run)
                for topic, of_topic in _by_topic(told, run):
                    unit = [
                        self._batch(told, topic, partition, list(batch))
                        for partition, batch in groupby(of_topic, lambda copy: copy.partition)
                    ]
                    assert not workers[run[-1].worker].commit(unit).fenced
                if run[-1].timers_run:
                    after(n)
        finally:
            for worker in workers:
                worker.close()

    def _batch(
        self, told: Sequence[JsonObject], topic: str, partition: int, copies: Sequence[Copy]
    ) -> Decoded:
        start = self.next[topic, partition]
        records: list[Any] = []
        for offset, copy in enumerate(copies, start):
            event = told[copy.event]
            at = received_at(event, copy)
            self.places[topic, partition, offset] = (event, at)
            value = BROKEN if event["id"] == "broken" else orjson.dumps(event)
            records.append(
                SimpleNamespace(
                    value=value,
                    headers=(),
                    timestamp=round(at.timestamp() * 1000),
                    offset=offset,
                    key=None,
                )
            )
        end = self.next[topic, partition] = start + len(records)
        return decode_batch(RecordBatch(topic, partition, start, end, records), NOW)

    def rows(self, query: LiteralString) -> Rows:
        """Return rows in order of their values."""
        with self.conn.cursor(row_factory=tuple_row) as cursor:
            return sorted(cursor.execute(query).fetchall(), key=repr)


def _runs(copies: Sequence[Copy]) -> Iterator[list[Copy]]:
    """Cut what is told into what is fetched together."""
    run: list[Copy] = []
    for copy in copies:
        run.append(copy)
        if copy.ends_unit:
            yield run
            run = []
    if run:
        yield run


def _by_topic(told: Sequence[JsonObject], run: Sequence[Copy]) -> Iterator[tuple[str, list[Copy]]]:
    """Cut a run into units: one topic, the partitions in order, records in the order told."""
    for topic in dict.fromkeys(BY_TYPE[told[copy.event]["type"]].topic for copy in run):
        of_topic = [copy for copy in run if BY_TYPE[told[copy.event]["type"]].topic == topic]
        yield topic, sorted(of_topic, key=lambda copy: copy.partition)
