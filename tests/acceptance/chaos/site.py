"""The house of a run on a real Apache Kafka and a real PostgreSQL, and what can be done to it."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import psycopg

from connectors.embedded.children import Supervisor
from connectors.embedded.identity import server_identity
from connectors.embedded.postgres import Postgres, postgres_programs
from connectors.embedded.run import DataDir
from tests.acceptance.chaos.plan import NOTIFIERS, SESSION_TIMEOUT_S, WORKERS, Blow, Kind
from tests.acceptance.chaos.rules import Pace, write_rules
from tests.acceptance.house import House
from tests.acceptance.receiver import Receiver
from tests.real.kafka import RealKafka, find_or_explain

#: How often somebody looks whether a process has ended by itself.
LOOK_EVERY_S = 0.3
#: Whose absence means that something is wrong with the run, not with the product.
PARTS_WITHIN_S = 120.0
RECEIVER_MOST_S = 0.1
#: How often to try to freeze a worker in the middle of its work, and what shows that it is.
FREEZES, FREEZE_EVERY_S, OPEN_FOR_S = 40, 0.03, 0.05
_OPEN = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ioc worker' "
    "AND state = 'idle in transaction' AND now() - state_change > %s * interval '0.9 second'"
)
#: A lease is twice as long: so long a message waits for a killed notifier.
WEBHOOK_TIMEOUT_S = "2"


class SlowReceiver(Receiver):
    """A partner who takes a moment for each message, so that who is killed had some on the way."""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        chance = random.Random(self.port)

        class Handler(super()._handler()):  # type: ignore[misc]
            def do_POST(self) -> None:
                time.sleep(chance.uniform(0, RECEIVER_MOST_S))
                super().do_POST()

        return Handler


@dataclass
class Site:
    """All parts; every method may be called from any thread."""

    house: House
    kafka: RealKafka
    postgres: Postgres
    supervisor: Supervisor
    receiver: Receiver
    #: Who ended without being asked to, with which code: an orchestrator would start them again.
    ended: Counter[str] = field(default_factory=Counter)
    #: What was really done.
    done: Counter[str] = field(default_factory=Counter)
    #: How many zombies fell asleep with an open transaction.
    in_the_middle: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)
    #: Processes that nobody may start again now: somebody is doing something to them.
    _held: set[str] = field(default_factory=set)

    def do(self, blow: Blow, over: threading.Event) -> None:
        """Do one thing and, after its time, take it back; `over` cuts the waiting short."""
        acts: Mapping[Kind, Callable[[Blow, threading.Event], None]] = {
            Kind.WORKER: self._kill,
            Kind.NOTIFIER: self._kill,
            Kind.ZOMBIE: self._freeze,
            Kind.POSTGRES: self._kill_postgres,
            Kind.KAFKA: self._kill_kafka,
            Kind.REASSIGNED: self._come_and_go,
            Kind.RECEIVER: self._refuse,
        }
        acts[blow.kind](blow, over)
        self.done[blow.kind.value] += 1

    def look_after(self) -> None:
        """Start again who has ended by itself."""
        with self._lock:
            for name, process in list(self.house.running.items()):
                code = process.poll()
                if code is not None and name not in self._held:
                    self.ended[f"{name.partition('-')[0]} ({code})"] += 1
                    del self.house.running[name]
                    self.house.start(name)

    def everybody(self) -> None:
        """Start whoever is missing at the end, so that the run can come to rest."""
        with self._lock:
            self._held.clear()
            for name in ("api", *WORKERS, *NOTIFIERS):
                if name not in self.house.running:
                    self.house.start(name)

    def _kill(self, blow: Blow, over: threading.Event) -> None:
        with self._lock:
            self._held.add(blow.target)
            if blow.target in self.house.running:
                self.house.kill(blow.target)
        over.wait(blow.lasts_s)
        with self._lock:
            self._held.discard(blow.target)
            self.house.start(blow.target)

    def _freeze(self, blow: Blow, over: threading.Event) -> None:
        """Stop a process, if it can be in the middle of a transaction, and let it go on later."""
        with self._lock:
            process = self.house.running[blow.target]
        for _ in range(FREEZES):
            process.send_signal(signal.SIGSTOP)
            if self._is_transaction_open():
                self.in_the_middle += 1
                break
            process.send_signal(signal.SIGCONT)
            over.wait(FREEZE_EVERY_S)
        process.send_signal(signal.SIGSTOP)
        over.wait(blow.lasts_s)
        process.send_signal(signal.SIGCONT)

    def _is_transaction_open(self) -> bool:
        """Return whether a worker has left a transaction open for longer than one that lives."""
        try:
            time.sleep(OPEN_FOR_S)
            return bool(self.house.row(_OPEN, OPEN_FOR_S)[0])
        except psycopg.OperationalError:
            return False

    def _come_and_go(self, blow: Blow, over: threading.Event) -> None:
        with self._lock:
            self.house.start(blow.target)
        over.wait(blow.lasts_s)
        with self._lock:
            self._held.add(blow.target)
            process = self.house.running.pop(blow.target)
        process.terminate()
        process.wait(PARTS_WITHIN_S)
        with self._lock:
            self._held.discard(blow.target)

    def _kill_postgres(self, blow: Blow, over: threading.Event) -> None:
        child = self.supervisor.child("postgres")
        assert child is not None
        os.killpg(child.pid, signal.SIGKILL)
        child.process.wait()
        over.wait(blow.lasts_s)
        self.postgres.start()

    def _kill_kafka(self, blow: Blow, over: threading.Event) -> None:
        self.kafka.kill()
        over.wait(blow.lasts_s)
        self.kafka.start()

    def _refuse(self, blow: Blow, over: threading.Event) -> None:
        self.receiver.status = 503
        over.wait(blow.lasts_s)
        self.receiver.status = 200


@contextmanager
def open_site(folder: Path, pace: Pace) -> Iterator[Site]:
    """Start every part; all of them are gone at the end, the logs are in `folder`."""
    jars = find_or_explain()
    write_rules(folder / "config", pace)
    with ExitStack() as stack:
        data_dir = stack.enter_context(DataDir(folder / "database"))
        supervisor = Supervisor(data_dir.path / "logs", lambda _: None)
        tools = postgres_programs()
        identity = server_identity(
            data_dir.path / "postgres", (tools / "postgres", tools / "initdb")
        )
        postgres = Postgres(data_dir.path, supervisor, identity)
        stack.callback(postgres.close)
        stack.callback(supervisor.stop_all)
        # Its data is many megabytes that nobody looks at: not with the logs.
        log_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ioc-kafka-")))
        kafka = RealKafka(jars, log_dir)
        stack.callback(kafka.stop)
        kafka.start()
        receiver = SlowReceiver()
        stack.callback(receiver.down)
        receiver.up()
        settings = {
            "IOC_CONFIG_DIR": str(folder / "config"),
            "IOC_SESSION_TIMEOUT_S": f"{SESSION_TIMEOUT_S:g}",
            "IOC_WEBHOOK_TIMEOUT_S": WEBHOOK_TIMEOUT_S,
        }
        house = House(folder, kafka.bootstrap, postgres.start(), settings=settings)
        done = house.ioc("migrate")
        assert done.returncode == 0, done.stderr
        stack.callback(house.stop)
        house.start("api", *WORKERS, *NOTIFIERS)
        yield Site(house, kafka, postgres, supervisor, receiver)


class Blows(threading.Thread):
    """Does to one part what is planned for it, one after the other.

    The thread stays until it is told that all is over: PostgreSQL ends with the thread that started
    it (a death signal follows the thread, not the process).
    """

    def __init__(
        self, site: Site, blows: list[Blow], began_s: float, over: threading.Event
    ) -> None:
        super().__init__(name=f"blows-{blows[0].target}", daemon=True)
        self._site, self._blows, self._began_s, self._over = site, blows, began_s, over
        self.finished = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Wait for each moment, strike, and wait for the end of the run."""
        try:
            for blow in self._blows:
                if self._over.wait(max(0.0, self._began_s + blow.at_s - time.monotonic())):
                    break
                self._site.do(blow, self._over)
        except Exception as error:  # noqa: BLE001 - told by the main thread, which waits for us
            self.error = error
        self.finished.set()
        self._over.wait()


class Warden(threading.Thread):
    """Starts again who ended by itself, as an orchestrator would."""

    def __init__(self, site: Site, over: threading.Event) -> None:
        super().__init__(name="warden", daemon=True)
        self._site, self._over = site, over

    def run(self) -> None:
        """Look a few times a second."""
        while not self._over.wait(LOOK_EVERY_S):
            self._site.look_after()
