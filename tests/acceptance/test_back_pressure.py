"""A part is away under load: senders are answered, what waits is in sight, all is stored."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from ioc import clock
from tests.acceptance.house import House, JsonObject, eventually, free_port
from tests.acceptance.test_outages import (
    ANSWER_WITHIN_S,
    BACK_WITHIN_S,
    DATABASE_AWAY_S,
    Site,
    embedded_kafka,
    post,
)
from tests.embedded import running_postgres
from tests.patience import patient
from tests.real.kafka import find_or_explain, running_kafka

#: A sender's call, and how often it comes: 1,000 events a second, the worst hour of a province.
BATCH = 250
EVERY_S = 0.25
#: So few that the worker is full after seconds, as with the usual 20,000 after a minute.
BATCH_ROWS = "1000"
SENDERS = 40
BATCH_TYPE = {"content-type": "application/cloudevents-batch+json"}


@dataclass
class Loaded(Site):
    """A site whose worker shows its figures."""

    metrics: str = ""

    def lag(self) -> int:
        """Return how many records wait, as the worker says."""
        text = httpx.get(self.metrics, timeout=5).text
        found = re.findall(r"^ioc_worker_lag_records\{[^}]*\} (\S+)$", text, re.MULTILINE)
        assert found, "the worker says how many records wait"
        return int(sum(float(each) for each in found))


@pytest.fixture(params=["embedded", "kafka"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp(f"pressure-{request.param}")
    with ExitStack() as stack:
        supervisor, postgres = stack.enter_context(running_postgres(folder / "postgres"))
        take: Callable[[], None]
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
        house.start("api")
        house.wait_ready()  # its port is taken from now on
        port = free_port()
        house.start("worker", IOC_WORKER_METRICS_PORT=str(port), IOC_BATCH_ROWS=BATCH_ROWS)
        house.wait_ready()
        metrics = f"http://127.0.0.1:{port}/metrics"
        yield Loaded(house, take, give, supervisor, postgres, metrics)


def some(first: int, n: int = BATCH) -> list[JsonObject]:
    time_ = clock.now().isoformat()
    return [
        {
            "specversion": "1.0",
            "id": f"{number}",
            "source": "/pressure",
            "type": "ioc.fire.reading",
            "time": time_,
            "area": ("05443", "02143", "01840")[number % 3],
            "device": f"sensor-{number % 500}",
            "data": {"kind": "smoke", "state": "test"},
        }
        for number in range(first, first + n)
    ]


def test_while_the_database_is_away_under_load_the_lag_rises_in_sight_and_all_is_stored(
    site: Loaded,
) -> None:
    house, worker = site.house, site.house.running["worker"].pid
    sent = BATCH
    assert post(house, *some(0)).status_code == 202
    house.wait_stored(sent)

    site.kill_postgres()
    away_since_s, seen = time.monotonic(), []
    while time.monotonic() - away_since_s < DATABASE_AWAY_S:
        began_s = time.monotonic()
        answer = post(house, *some(sent))
        assert (answer.status_code, answer.json()["accepted"]) == (202, BATCH), answer.text
        assert time.monotonic() - began_s < patient(ANSWER_WITHIN_S)
        sent += BATCH
        seen.append(site.lag())
        # The pace of a sender, not a wait for something.
        time.sleep(EVERY_S)
    waiting = sent - BATCH
    # The embedded broker does not say how long its last batches are.
    eventually(lambda: site.lag() > waiting - 2 * BATCH, 10, f"{waiting} waiting; seen: {seen}")
    assert site.lag() <= waiting

    site.postgres.start()
    house.wait_stored(sent, BACK_WITHIN_S)
    eventually(lambda: site.lag() == 0, 10, "nothing waits")
    assert house.row("SELECT sum(n) FROM rollup_1m")[0] == sent
    assert house.count("dead_letters") == 0
    assert house.running["worker"].pid == worker
    assert house.running["worker"].poll() is None, "nobody had to be started again"


def told(client: httpx.Client, body: bytes) -> tuple[int, int, float]:
    """Send; return the status, when to come back (0: not said), and how long that took."""
    began_s = time.monotonic()
    answer = client.post("/api/v1/events", content=body)
    retry_s = int(answer.headers.get("retry-after", "0"))
    return answer.status_code, retry_s, time.monotonic() - began_s


def is_taken(house: House, events: list[JsonObject]) -> bool:
    return post(house, *events).status_code == 202


def test_while_kafka_is_away_many_senders_are_all_told_at_once(site: Loaded) -> None:
    house = site.house
    assert post(house, *some(0)).status_code == 202
    house.wait_stored(BATCH)

    events = {number: some(number * BATCH) for number in range(1, SENDERS + 1)}
    bodies = [json.dumps(each).encode() for each in events.values()]

    site.take_kafka()
    try:
        # One client: each of its own would keep this machine busy for as long as Kafka is away.
        with (
            httpx.Client(base_url=house.url, headers=BATCH_TYPE, timeout=30) as client,
            ThreadPoolExecutor(SENDERS) as senders,
        ):
            for _ in range(2):
                answers = list(senders.map(partial(told, client), bodies))
                assert {status for status, _, _ in answers} == {503}
                assert all(retry_s >= 1 for _, retry_s, _ in answers), "and when to come back"
                slowest_s = max(took_s for _, _, took_s in answers)
                assert slowest_s < patient(ANSWER_WITHIN_S), f"a sender waited {slowest_s:.1f} s"
        assert house.get("/events", source="fire")["events"], "the others are answered"
    finally:
        site.give_kafka()

    # 503 says «perhaps not»: all of it again, the same events, as senders do.
    for each in events.values():
        eventually(partial(is_taken, house, each), BACK_WITHIN_S, "events are taken again")
    eventually(
        lambda: house.row("SELECT count(DISTINCT ce_id) FROM events")[0] == BATCH * (SENDERS + 1),
        BACK_WITHIN_S,
        "all of them are stored",
    )
