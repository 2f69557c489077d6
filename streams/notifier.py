"""`ioc notifier`: tells endpoints what the outbox holds, and runs the timers.

A delivery is leased, the lease is committed, and only then is the message sent: whoever is killed
in between leaves a lease that runs out, and another notifier sends the same message again under the
same `webhook-id`. Several may run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connectors.outbound.endpoint_file import read_all
from connectors.outbound.webhook import Message, Sender, redacted
from connectors.timescale import alarms, deliveries, endpoints, feed, processes, rule_versions
from connectors.timescale.database import Database, connect
from connectors.timescale.deliveries import Claim, Room
from ioc import clock, metrics
from ioc.errors import DatabaseUnavailableError
from ioc.notify import Attempt, Delivered, Outcome, Step, message
from ioc.rule import RuleSet
from ioc.settings import Settings
from streams import scan, timers
from streams.alarm_gauges import Gauges
from streams.collector import calm_collector
from streams.handlers import bulk_of, handlers_of
from streams.own_http import is_fresh, serve
from streams.reload import UNREAD, reloaded
from streams.what_ifs import Runner

log = logging.getLogger(__name__)

T = TypeVar("T")

KIND = "notifier"
#: To one endpoint at a time, from all notifiers together; and from this one to all.
PER_ENDPOINT = 4
SENDS_MAX = 32
#: Probes of failing endpoints have room of their own: many dead receivers, each holding a place for
#: the length of a timeout, must not keep the living ones waiting.
PROBES_MAX = 128
#: An attempt that was not heard of for so many times its timeout belongs to somebody else.
LEASE_TIMEOUTS = 2
POLL_S = 1.0
#: How long the bell's thread listens before it looks whether to stop.
BELL_S = 0.25
SWEEP_S = 5.0
#: Later than this the poll finds out early enough.
RING_AHEAD_S = 60.0
AWAY_S = 1.0
#: Writing down what came of an attempt is tried this often while the database is away.
FINISH_TRIES = 30
STOP_S = 5.0
DATABASE_THREADS = 8


@dataclass(slots=True)
class Pulse:
    """When the loops last did something; None: never yet."""

    claimed_at: datetime | None = None
    beat_at: datetime | None = None

    def is_ready(self, now: datetime) -> bool:
        """Whether deliveries are looked for and others can see that we live."""
        return is_fresh(self.claimed_at, now) and is_fresh(self.beat_at, now)


class Notifier:
    """The loop that leases and sends; one per process."""

    def __init__(self, db: Database, sender: Sender, lease: timedelta, pulse: Pulse) -> None:
        self._db = db
        self._sender = sender
        self._lease = lease
        self._pulse = pulse
        self._bell = asyncio.Event()
        self._stopping = False
        self._gauges = Gauges()
        self._running: dict[asyncio.Task[None], Claim] = {}
        # The database has threads of its own; lookups of names may hang in others.
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="database")

    def ring(self) -> None:
        """Look at once; there may be something to send."""
        self._bell.set()

    def stop(self) -> None:
        """Lease nothing more; `run` ends when what is under way has ended."""
        self._stopping = True
        self._bell.set()

    async def run(self) -> None:
        """Lease and send until stopped."""
        sweeping = asyncio.create_task(self._sweep())
        try:
            while not self._stopping:
                self._bell.clear()
                try:
                    await self._claim()
                    pause_s = POLL_S
                except DatabaseUnavailableError as error:
                    log.warning("deliveries wait: %s", error, extra={"action": "wait_database"})
                    pause_s = AWAY_S
                await self._wait_bell(pause_s)
        finally:
            sweeping.cancel()
            await self._end()

    async def _sweep(self) -> None:
        """Give up, now and then, what nobody will take."""
        while not self._stopping:
            with contextlib.suppress(DatabaseUnavailableError):
                metrics.NOTIFIER_PENDING.set(await self._in_database(self._swept))
            await asyncio.sleep(SWEEP_S)

    async def _claim(self) -> None:
        probes = sum(claim.is_probe for claim in self._running.values())
        room = Room(
            sends=SENDS_MAX - (len(self._running) - probes),
            probes=PROBES_MAX - probes,
            per_endpoint=PER_ENDPOINT,
            lease=self._lease,
        )
        claims = await self._in_database(lambda: self._claimed(room))
        self._pulse.claimed_at = clock.now()
        for claim in claims:
            task = asyncio.create_task(self._deliver(claim), name=f"deliver {claim.id}")
            self._running[task] = claim
            task.add_done_callback(self._ended)

    def _claimed(self, room: Room) -> list[Claim]:
        with self._db.transaction() as conn:
            return deliveries.claim(conn, room, clock.now(), shown)

    def _swept(self) -> int:
        with self._db.transaction() as conn:
            given_up = deliveries.fail_unwanted(conn, clock.now())
            pending = deliveries.count_pending(conn)
            self._gauges.look(conn)
        if given_up:
            log.warning("gave up %d deliveries", given_up, extra={"action": "fail_delivery"})
        return pending

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease runs out and it is tried again; the others must go on.
            log.error("a delivery broke", exc_info=error, extra={"action": "deliver_message"})
        self.ring()

    async def _deliver(self, claim: Claim) -> None:
        started_at = clock.now()
        body = message(claim.kind, claim.log, claim.alarm)
        outcome = await self._sender.send(
            Message(str(claim.id), claim.url, claim.secret, body), started_at
        )
        # Not earlier than the start, whatever somebody did to the clock meanwhile.
        ended_at = max(clock.now(), started_at)
        attempt = Attempt(started_at, ended_at, random.random())  # noqa: S311 - jitter, no secret
        step = await self._finish(claim, outcome, attempt)
        tell(claim, outcome, attempt, step)
        self._ring_at(step.health.next_probe_at or step.next_at)

    def _ring_at(self, at: datetime) -> None:
        """Look again when a pause ends, not at some poll after it."""
        delay_s = (at - clock.now()).total_seconds()
        if 0 < delay_s <= RING_AHEAD_S:
            asyncio.get_running_loop().call_later(delay_s, self.ring)

    async def _finish(self, claim: Claim, outcome: Outcome, attempt: Attempt) -> Step:
        def finished() -> Step:
            with self._db.transaction() as conn:
                return deliveries.finish(conn, claim, outcome, attempt)

        for _ in range(FINISH_TRIES):
            try:
                return await self._in_database(finished)
            except DatabaseUnavailableError as error:
                log.warning("an outcome waits: %s", error, extra={"action": "wait_database"})
                await asyncio.sleep(AWAY_S)
        raise DatabaseUnavailableError("an outcome could not be written down; it is sent again")

    async def _end(self) -> None:
        """Let what is under way end; what does not is handed back."""
        left = dict(self._running)
        if left:
            _, late = await asyncio.wait(left, timeout=STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            with contextlib.suppress(DatabaseUnavailableError):
                await self._in_database(lambda: self._give_back([left[task] for task in late]))
        self._threads.shutdown(wait=True)

    def _give_back(self, claims: list[Claim]) -> None:
        with self._db.transaction() as conn:
            deliveries.give_back(conn, claims)

    async def _wait_bell(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._bell.wait()

    async def _in_database(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the alarm object of a row."""
    return alarms.as_json(alarms.from_row(row))


def tell(claim: Claim, outcome: Outcome, attempt: Attempt, step: Step) -> None:
    """Put an attempt into the metrics and, when it is news, into the log."""
    metrics.NOTIFIER_DELIVERIES.labels(type(outcome).__name__.lower()).inc()
    where = f"{claim.endpoint} ({redacted(claim.url)})"
    if isinstance(outcome, Delivered):
        told_after_s = (attempt.ended_at - claim.log["at"]).total_seconds()
        metrics.NOTIFIER_SECONDS.observe(max(told_after_s, 0.0))
        if step.is_back:
            log.info("%s answers again", where, extra={"action": "recover_endpoint"})
    elif step.disabled:
        log.error(
            "%s is switched off: %s", where, step.disabled, extra={"action": "disable_endpoint"}
        )
    elif step.state == "failed":
        log.error("gave up %s to %s", claim.id, where, extra={"action": "fail_delivery"})
    elif step.health.failures <= 1:
        log.warning("%s fails: %s", where, outcome.why, extra={"action": "retry_delivery"})


# The process ------------------------------------------------------------------------------------


async def run(settings: Settings) -> None:
    """Run the notifier until SIGTERM or SIGINT."""
    calm_collector()
    await Process(settings).run()


class Process:
    """The loops of one notifier process: they start together, and when one breaks all end."""

    def __init__(self, settings: Settings, rules: RuleSet = UNREAD) -> None:
        """`rules`: by what timers judge, until the database has others."""
        self._settings = settings
        self._rules = rules
        self._url = settings.database_url.get_secret_value()
        self._db = Database(self._url, "ioc notifier", DATABASE_THREADS + 4)
        self._handlers = handlers_of(settings, rules)
        self._bulk = bulk_of(rules)
        self._stop = threading.Event()
        self._stopped = asyncio.Event()
        self._pulse = Pulse()
        self._notifier: Notifier | None = None

    async def run(self) -> None:
        """Run until stopped; raises what broke a loop."""
        loop, settings = asyncio.get_running_loop(), self._settings
        sender = Sender(
            allow_private=settings.webhook_allow_private, timeout_s=settings.webhook_timeout_s
        )
        lease = timedelta(seconds=settings.webhook_timeout_s) * LEASE_TIMEOUTS
        self._notifier = notifier = Notifier(self._db, sender, lease, self._pulse)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        if self._stopped.is_set():
            notifier.stop()
        self._db.open()
        threads = ThreadPoolExecutor(5, thread_name_prefix="loop")
        loops: list[asyncio.Future[None]] = [
            loop.run_in_executor(threads, self._prepare),
            loop.run_in_executor(threads, self._listen, loop, notifier.ring),
            loop.run_in_executor(threads, self._run_timers),
            loop.run_in_executor(threads, self._beat),
            loop.run_in_executor(threads, Runner(settings, self._db, self._stop).run),
            asyncio.ensure_future(notifier.run()),
            asyncio.ensure_future(
                serve(
                    settings.metrics_host,
                    settings.notifier_metrics_port,
                    self._pulse.is_ready,
                    self._stopped,
                )
            ),
        ]
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            self.stop()
            ended = await asyncio.gather(*loops, return_exceptions=True)
            await sender.close()
            threads.shutdown(wait=True)
            self._db.close()
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    @property
    def is_ready(self) -> bool:
        """Whether it looks for deliveries and says that it lives."""
        return self._pulse.is_ready(clock.now())

    def stop(self) -> None:
        """Lease nothing more, let what is under way end, then end; called in the event loop."""
        self._stop.set()
        self._stopped.set()
        if self._notifier is not None:
            self._notifier.stop()

    def _prepare(self) -> None:
        """Bring the files' endpoints and the daily timers into the database, once it is there."""
        found = read_all(self._settings)

        def prepared() -> None:
            now = clock.now()
            with self._db.transaction() as conn:
                timers.arm_housekeeping(conn, now)
                for name in endpoints.declare(conn, found.endpoints, now):
                    log.error(
                        "webhooks: the name %s is taken by one that was made over the API",
                        name,
                        extra={"action": "declare_endpoint"},
                    )
                if found.is_complete:
                    names = [endpoint.name for endpoint in found.endpoints]
                    endpoints.disable_undeclared(conn, names, now)

        self._until_done(prepared)

    def _run_timers(self) -> None:
        """Handle what comes due until told to stop, by the rules of that moment."""
        while not self._stop.is_set():
            try:
                self._follow_rules()
                handled = timers.run_due(self._db, self._handlers, clock.now(), self._bulk)
                pause_s = timers.pause_after(handled)
            except DatabaseUnavailableError as error:
                log.warning("timers wait: %s", error, extra={"action": "wait_database"})
                pause_s = timers.AWAY_S
            self._stop.wait(pause_s)

    def _follow_rules(self) -> None:
        with self._db.reading() as conn:
            if rule_versions.revision(conn) == self._rules.revision:
                return
            rules = reloaded(conn, self._rules, self._settings.config_dir)
        with self._db.transaction() as conn:
            scan.arm(conn, rules)
        self._rules = rules
        self._handlers = handlers_of(self._settings, self._rules)
        self._bulk = bulk_of(self._rules)

    def _listen(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        """Ring when the alarm log grows; the poll of each second is the net below."""
        while not self._stop.is_set():
            try:
                with connect(self._url, "ioc notifier bell") as conn:
                    feed.listen(conn)
                    while not self._stop.is_set():
                        if feed.wait(conn, BELL_S):
                            loop.call_soon_threadsafe(ring)
            except DatabaseUnavailableError:
                self._stop.wait(AWAY_S)

    def _beat(self) -> None:
        """Say each second that this process lives."""
        name, started_at = processes.name_of(KIND), clock.now()
        while not self._stop.is_set():
            with contextlib.suppress(DatabaseUnavailableError), self._db.reading() as conn:
                now = clock.now()
                processes.beat(conn, name, KIND, started_at, now)
                self._pulse.beat_at = now
            self._stop.wait(processes.BEAT_EVERY_S)
        with contextlib.suppress(DatabaseUnavailableError), self._db.reading() as conn:
            processes.leave(conn, name)

    def _until_done(self, work: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                work()
                break
            except DatabaseUnavailableError as error:
                log.warning("%s; waiting", error, extra={"action": "wait_database"})
                self._stop.wait(AWAY_S)
