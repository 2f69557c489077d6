"""One seed from the first start to the last comparison."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from connectors.kafka import topics
from ioc import clock
from ioc.settings import Settings
from tests.acceptance.chaos import compare, records, reference, reference_alarms
from tests.acceptance.chaos.alarming import ACKNOWLEDGED, Alarming
from tests.acceptance.chaos.compare import Compared
from tests.acceptance.chaos.places import Places
from tests.acceptance.chaos.plan import Plan
from tests.acceptance.chaos.publisher import ApiSender, Operator, Publisher
from tests.acceptance.chaos.rules import Pace
from tests.acceptance.chaos.site import Blows, Site, Warden, open_site
from tests.acceptance.chaos.traffic import Arrival, Traffic

#: What the product says when it is hit; how often shows that the blows were felt.
SIGNS = {
    "fenced": "reread_partition",
    "database away": "wait_database",
    "clashes": "retry_batch",
}
#: Generous: other programs may share the machine. A run that comes to rest does not wait for it.
REST_WITHIN_S = 300.0
SAY_EVERY_S = 10.0
#: Between Kafka's word to the sender and the moment in which a worker can have read a record.
MARGIN_S = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a seed."""

    plan: Plan
    kills: dict[str, int]
    #: Parts that ended without being killed, with their exit code.
    ended: dict[str, int]
    records: int
    compared: Sequence[Compared]
    #: How often the workers were refused by the fence, waited for the database, or met a lock; how
    #: many webhooks came more than once; how many keys had their whole log foretold.
    signs: dict[str, int]
    #: Until all that was published was stored and told, after the last event.
    rest_s: float
    seconds: float
    logs: Path | None

    @property
    def differences(self) -> int:
        """How many rows differ."""
        return sum(each.differences for each in self.compared)

    @property
    def rows(self) -> int:
        """How many rows were compared."""
        return sum(each.rows for each in self.compared)


def arrivals(plan: Plan, places: Places, pace: Pace) -> list[Arrival]:
    """Return the records of a plan, in the order of sending."""
    traffic = Traffic(plan.seed, plan.events, plan.period_s, places.ways(), pace)
    return traffic.arrivals(Alarming(traffic).arrivals())


def run(plan: Plan, pace: Pace, say: Say) -> Result:
    """Run a plan; the folder with the logs is kept when something differs.

    Raises:
        AssertionError: it did not come to rest, or something of the run itself went wrong.
    """
    began_s = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"ioc-chaos-{plan.seed}-"))
    places = Places()
    planned = arrivals(plan, places, pace)
    say(f"seed {plan.seed}: {len(planned):,} records in {plan.period_s:g} s; logs in {folder}")
    with open_site(folder, pace) as site:
        run_ = _Run(plan, pace, site, planned, say)
        try:
            run_.wait_ready()
            run_.let_happen()
            rest_s = run_.come_to_rest()
            compared = run_.compare(places)
        finally:
            run_.over.set()
    signs = run_.signs(folder)
    is_good = not any(each.differences for each in compared)
    if is_good:
        shutil.rmtree(folder, ignore_errors=True)
    return Result(
        plan,
        run_.struck(),
        dict(site.ended),
        len(planned),
        compared,
        signs,
        rest_s,
        time.monotonic() - began_s,
        None if is_good else folder,
    )


class _Run:
    """The parts of one run that know each other."""

    def __init__(
        self, plan: Plan, pace: Pace, site: Site, planned: Sequence[Arrival], say: Say
    ) -> None:
        self._plan, self._pace, self._site, self._planned = plan, pace, site, planned
        self._say = say
        self.over = threading.Event()
        self._warden = Warden(site, self.over)

    def wait_ready(self) -> None:
        """Wait until the workers hold every partition; add the partner."""
        self._site.house.wait_ready()
        made = self._site.house.post(
            "/webhooks", {"name": "partner", "url": self._site.receiver.url}
        )
        assert made.status_code == 201, made.text
        self._secret: str = made.json()["secret"]

    def let_happen(self) -> None:
        """Publish everything while everything is done to the house."""
        now = clock.now().astimezone(UTC)
        self._start = now.replace(microsecond=now.microsecond // 1000 * 1000)
        site, house = self._site, self._site.house
        self._publisher = Publisher(house.kafka, self._planned, self._start)
        self._sender = ApiSender(house, self._planned, self._start)
        keys = {each.what.device for each in self._planned if each.what.device}
        expected = sum(key.startswith(ACKNOWLEDGED) for key in keys)
        self._operator = Operator(house, expected, self.over)
        began_s = time.monotonic()
        target = lambda blow: blow.target  # noqa: E731
        blows = [
            Blows(site, list(of_one), began_s, self.over)
            for _, of_one in itertools.groupby(sorted(self._plan.blows(), key=target), target)
        ]
        self._warden.start()
        for thread in (*blows, self._sender, self._operator):
            thread.start()
        self._publisher.begin()
        self._wait("everything is sent", lambda: not self._publisher.is_alive(), began_s)
        self._wait("every blow is struck", lambda: all(b.finished.is_set() for b in blows), began_s)
        for blow in blows:
            assert blow.error is None, f"{blow.name}: {blow.error!r}"
        assert self._publisher.error is None, repr(self._publisher.error)
        self._wait("the API has taken its part", lambda: not self._sender.is_alive(), began_s)
        self._began_s = began_s

    def come_to_rest(self) -> float:
        """Wait until all is read, every silence is over and everything is told; say how long."""
        began_s = time.monotonic()
        site = self._site
        site.everybody()
        ends = topics.ends(
            Settings(kafka=site.house.kafka), sorted({each.topic for each in self._planned})
        )
        self._ends = {partition: end for partition, (_, end) in ends.items()}
        total = sum(self._ends.values())
        self._wait("all is read", lambda: site.house.position() >= total, self._began_s)
        last = self._start + timedelta(seconds=self._plan.period_s + self._pace.silence_s + 1)
        self._wait("the silences are over", lambda: self._is_silent(last), self._began_s)
        self._wait("the person is done", lambda: self._operator.has_all, self._began_s)
        self._wait(
            "everything is told",
            lambda: site.house.count("deliveries", "state = 'pending'") == 0,
            self._began_s,
        )
        return time.monotonic() - began_s

    def compare(self, places: Places) -> list[Compared]:
        """Hold everything against the reference."""
        site, plan = self._site, self._plan
        self._say("comparing")
        refused = self._publisher.refused
        copies, dead = records.copies(records.read_all(site.house.kafka), refused, places)
        expected = reference.stored(copies, dead)
        rules = reference_alarms.rules(self._pace)
        with psycopg.connect(site.house.database_url, autocommit=True) as conn:
            progress = _progress(conn)
            longest = timedelta(seconds=self._publisher.behind_s + MARGIN_S)
            verdicts = reference_alarms.judged(copies, rules, progress, longest)
            self._foretold = sum(verdict.log is not None for verdict in verdicts)
            found = compare.alarms(conn)
            received = list(site.receiver.received)
            compared = [
                self._sent(expected),
                *compare.stored(conn, expected),
                compare.traced(conn, copies, self._ends),
                *compare.judged(verdicts, found),
                *compare.told(conn, found, received),
                compare.signed(
                    received, self._secret, clock.now() - timedelta(seconds=time.monotonic())
                ),
            ]
        compared.append(self._summaries(expected))
        compared.append(compare.of_mappings("blows", plan.counted(), self.struck()))
        wrong = [*self._sender.refused, *self._operator.refused]
        compared.append(compare.of_list("API", self._sender.accepted, wrong))
        return compared

    def struck(self) -> dict[str, int]:
        """Return how often each thing was really done."""
        return {kind: self._site.done[kind] for kind in self._plan.counted()}

    def signs(self, folder: Path) -> dict[str, int]:
        """Return how often the product was seen to be hit, from its logs."""
        lines = [
            line for path in folder.glob("worker*.log") for line in path.read_text().splitlines()
        ]
        found = {sign: sum(word in line for line in lines) for sign, word in SIGNS.items()}
        received = self._site.receiver.received
        found["webhooks again"] = len(received) - len({one.id for one in received})
        found["zombies in a transaction"] = self._site.in_the_middle
        found["logs foretold"] = self._foretold
        return found

    def _sent(self, expected: reference.Stored) -> Compared:
        """Compare what was sent with what Kafka holds: nothing that was taken is missing there."""
        sent = {
            (each.what.source, each.what.id, self._start + timedelta(milliseconds=each.what.at_ms))
            for each in self._planned
            if each.refused is None
        }
        wrong = [f"Kafka does not have {one!r}" for one in sent if one not in expected.events]
        wrong += [f"nobody sent {one!r}" for one in expected.events if one not in sent]
        return compare.of_list("sent", len(sent), wrong)

    def _summaries(self, expected: reference.Stored) -> Compared:
        """Compare the two summaries of the API."""
        house, now = self._site.house, clock.now()
        span = {
            "from": (now - timedelta(days=60)).isoformat(),
            "to": now.isoformat(),
        }
        must: dict[str, Any] = {
            f"queues {name}": n for name, n in reference.queue_summary(expected).items()
        } | {f"dossiers {name}": n for name, n in reference.dossier_summary(expected, now).items()}
        queues = house.get("/queues/summary", **span)
        desks = house.get("/dossiers/summary", **span)
        said = {f"queues {name}": n for name, n in queues.items()}
        said |= {f"dossiers {name}": n for name, n in desks.items()}
        return compare.of_mappings("summaries", must, {key: said.get(key) for key in must})

    def _is_silent(self, last: datetime) -> bool:
        """Whether the stream has passed every silence, and no timer waits that is due."""
        with psycopg.connect(self._site.house.database_url, autocommit=True) as conn:
            progress = _progress(conn)
            waiting = conn.execute(
                "SELECT count(*) FROM timers WHERE kind = 'silence' AND due_at <= %s", (progress,)
            ).fetchone()
        return progress > last and waiting == (0,)

    def _wait(self, what: str, is_so: Callable[[], bool], began_s: float) -> None:
        deadline_s = time.monotonic() + self._plan.period_s + REST_WITHIN_S
        said_s = time.monotonic()
        while not self._looks(is_so):
            assert self._publisher.error is None, repr(self._publisher.error)
            now_s = time.monotonic()
            assert now_s < deadline_s, f"not within {REST_WITHIN_S:g} s: {what}"
            if now_s - said_s >= SAY_EVERY_S:
                said_s = now_s
                self._say(f"{now_s - began_s:6.0f} s  until {what}: {self._standing()}")
            time.sleep(0.2)

    def _looks(self, is_so: Callable[[], bool]) -> bool:
        try:
            return is_so()
        except psycopg.OperationalError:
            return False  # it is away just now

    def _standing(self) -> str:
        publisher, done = self._publisher, self._site.done
        struck = ", ".join(f"{kind} {n}" for kind, n in sorted(done.items()))
        ended = ", ".join(f"{name} x{n}" for name, n in sorted(self._site.ended.items()))
        return (
            f"{publisher.acked:,} of {publisher.total:,} acknowledged, "
            f"at most {publisher.behind_s:.1f} s late; "
            f"{len(self._site.receiver.received):,} told; struck: {struck or 'nothing'}"
            + (f"; ended by themselves: {ended}" if ended else "")
        )


def _progress(conn: psycopg.Connection[tuple[Any, ...]]) -> datetime:
    """Return how far the stream has been read, in its own time."""
    row = conn.execute("SELECT min(progress_at) FROM offsets").fetchone()
    assert row is not None
    if row[0] is None:
        return datetime(1970, 1, 1, tzinfo=UTC)
    found: datetime = row[0]
    return found
