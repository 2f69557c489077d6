"""What happens while Kafka or the database is away, and that nothing is missing afterwards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from connectors.embedded.broker import Broker
from connectors.embedded.children import Supervisor
from connectors.embedded.postgres import Postgres
from ioc import clock
from tests.acceptance.house import House, JsonObject, eventually
from tests.embedded import running_broker, running_postgres
from tests.patience import patient
from tests.real.kafka import find_or_explain, running_kafka

ANSWER_WITHIN_S = 2.0
BACK_WITHIN_S = 30.0
#: A minute is what is promised; ten seconds find the same mistakes while somebody waits.
DATABASE_AWAY_S = 60.0 if os.environ.get("IOC_TEST_LONG") else 10.0
BATCH = {"content-type": "application/cloudevents-batch+json"}


@dataclass
class Site:
    """A house whose broker and database can be taken away and given back."""

    house: House
    take_kafka: Callable[[], None]
    give_kafka: Callable[[], None]
    supervisor: Supervisor
    postgres: Postgres

    def kill_postgres(self) -> None:
        """SIGKILL, as a power cut would."""
        child = self.supervisor.child("postgres")
        assert child is not None
        os.killpg(child.pid, signal.SIGKILL)
        child.process.wait()


def embedded_kafka(
    stack: ExitStack, folder: Path
) -> tuple[Broker, Callable[[], None], Callable[[], None]]:
    """Start the embedded broker. It forgets all when it ends, so it is away while it is stopped."""
    supervisor, broker = stack.enter_context(running_broker(folder))
    child = supervisor.child("broker")
    assert child is not None
    give = lambda: os.kill(child.pid, signal.SIGCONT)  # noqa: E731
    stack.callback(give)
    return broker, lambda: os.kill(child.pid, signal.SIGSTOP), give


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(f"outages-{request.param}")
    with ExitStack() as stack:
        supervisor, postgres = stack.enter_context(running_postgres(folder / "postgres"))
        if request.param == "embedded":
            broker, take, give = embedded_kafka(stack, folder / "broker")
            house = House(folder, broker.address, postgres.url, broker.log_id)
        else:
            find_or_explain()
            kafka = stack.enter_context(running_kafka())
            house = House(folder, kafka.bootstrap, postgres.url)
            take, give = kafka.kill, kafka.start
        done = house.ioc("migrate")
        assert done.returncode == 0, done.stderr
        stack.callback(house.stop)
        house.start("worker", "notifier", "api")
        house.wait_ready()
        yield Site(house, take, give, supervisor, postgres)


def event(name: str, source: str = "/outage", state: str = "test") -> JsonObject:
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": "ioc.fire.reading",
        "time": clock.now().isoformat(),
        "area": "05443",
        "device": f"panel-{source.strip('/')}",
        "data": {"kind": "smoke", "state": state},
    }


def post(house: House, *events: JsonObject) -> httpx.Response:
    return house.post("/events", list(events), **BATCH)


def readiness(house: House) -> tuple[int, JsonObject]:
    answer = httpx.get(f"{house.url}/readyz", timeout=patient(5))
    missing: JsonObject = answer.json()["missing"]
    return answer.status_code, missing


def pids(house: House) -> dict[str, int]:
    """Return who runs; one that has ended is not in it."""
    return {name: each.pid for name, each in house.running.items() if each.poll() is None}


@pytest.mark.parametrize("site", ["embedded", "kafka"], indirect=True)
def test_while_kafka_is_away_senders_are_told_at_once_and_afterwards_all_goes_on(
    site: Site,
) -> None:
    house, before = site.house, pids(site.house)
    assert post(house, event("before", "/kafka")).status_code == 202
    house.wait_stored(1, where="ce_source = '/kafka'")
    stored = {"before"}

    site.take_kafka()
    try:
        slowest_s = 0.0
        for number in range(4):
            began_s = time.monotonic()
            answer = post(house, event(f"away-{number}", "/kafka"))
            slowest_s = max(slowest_s, time.monotonic() - began_s)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["content-type"] == "application/problem+json"
            assert "Kafka" in answer.json()["detail"]
        assert slowest_s < ANSWER_WITHIN_S, f"a sender waited {slowest_s:.1f} s"
        eventually(lambda: "broker" in readiness(house)[1], 10, "/readyz names the broker")
        assert readiness(house)[0] == 503
        assert house.get("/events", source="fire")["events"], "what is stored can be read"
    finally:
        site.give_kafka()

    def is_taken() -> bool:
        return post(house, event("after", "/kafka") | {"time": after}).status_code == 202

    after = clock.now().isoformat()
    eventually(is_taken, BACK_WITHIN_S, "events are taken again")
    stored.add("after")
    eventually(
        lambda: house.count(where="ce_source = '/kafka' AND ce_id = 'after'") == 1,
        BACK_WITHIN_S,
        "the same worker stores what came after",
    )
    eventually(lambda: readiness(house)[0] == 200, BACK_WITHIN_S, "ready again")
    assert pids(house) == before, "nobody had to be started again"
    # A 503 says «perhaps not»: sent again, such an event counts once all the same.
    again = [event(f"away-{number}", "/kafka") for number in range(4)]
    assert post(house, *again, *again).status_code == 202
    for number in range(4):
        found = f"ce_source = '/kafka' AND ce_id = 'away-{number}' AND time >= '{after}'"
        house.wait_stored(1, 10, where=found)


@pytest.mark.parametrize("site", ["embedded"], indirect=True)
def test_while_the_database_is_away_events_are_accepted_and_none_is_missing_afterwards(
    site: Site,
) -> None:
    house, before = site.house, pids(site.house)
    sent = [event("0", "/database")]
    assert post(house, *sent).status_code == 202
    house.wait_stored(1, where="ce_source = '/database'")

    site.kill_postgres()
    away_since_s = time.monotonic()
    named = ""
    while time.monotonic() - away_since_s < DATABASE_AWAY_S:
        began_s = time.monotonic()
        some = [event(f"{len(sent) + n}", "/database") for n in range(20)]
        answer = post(house, *some)
        assert answer.status_code == 202, answer.text
        assert answer.json()["accepted"] == len(some)
        assert time.monotonic() - began_s < patient(ANSWER_WITHIN_S)
        sent += some
        named = str(readiness(house)[1].get("database", named))
        # The pace of a sender, not a wait for something.
        time.sleep(0.25)
    assert named, "/readyz names the database"
    assert readiness(house)[0] == 503
    answer = house.post("/events", event("fire", "/database", "alarm"), **{
        "content-type": "application/cloudevents+json"
    })  # fmt: skip
    assert answer.status_code == 202
    unread = httpx.get(f"{house.url}/api/v1/alarms", timeout=patient(10))
    assert unread.status_code == 503, "what needs the database says so"
    assert unread.headers["content-type"] == "application/problem+json"
    assert pids(house) == before, "the worker waits, it does not die"

    site.postgres.start()
    house.wait_stored(len(sent) + 1, BACK_WITHIN_S, where="ce_source = '/database'")
    eventually(lambda: readiness(house)[0] == 200, BACK_WITHIN_S, "ready again")
    raised = house.get("/alarms", rule="fire-alarm", source="fire")["alarms"]
    assert [alarm["device"] for alarm in raised] == ["panel-database"]
    assert pids(house) == before, "nobody had to be started again"
    assert house.count("dead_letters") == 0
