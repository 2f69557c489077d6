"""A house for each kind of broker: the embedded one and a real Apache Kafka."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from connectors.embedded.broker import Broker
from ioc import clock
from tests.acceptance.browser import Page, browser
from tests.acceptance.house import House, JsonObject, eventually
from tests.embedded import running_broker
from tests.real.kafka import find_or_explain, running_kafka

_numbers = itertools.count(1)
FIRE_BURNS = timedelta(minutes=7)
ALARMS_OF_A_FIRE = 5


def embedded_broker(stack: ExitStack, folder: Path) -> Broker:
    """Start the embedded broker until the stack is closed."""
    _, broker = stack.enter_context(running_broker(folder))
    return broker


def new_database(postgres_url: str, name: str) -> str:
    """Create an empty database; return its URL."""
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return postgres_url.replace("@/ioc?", f"@/{name}?")


def open_house(stack: ExitStack, built: House) -> House:
    """Start a worker, a notifier and an API until the stack is closed."""
    done = built.ioc("migrate")
    assert done.returncode == 0, done.stderr
    stack.callback(built.stop)
    built.start("worker", "notifier", "api")
    built.wait_ready()
    return built


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def house(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A worker, a notifier and an API, for the tests of one module; empty at the start."""
    folder = tmp_path_factory.mktemp(f"house-{request.param}")
    with ExitStack() as stack:
        url = new_database(postgres_url, f"house_{next(_numbers)}")
        if request.param == "embedded":
            broker = embedded_broker(stack, folder / "broker")
            built = House(folder, broker.address, url, broker.log_id)
        else:
            find_or_explain()
            kafka = stack.enter_context(running_kafka())
            built = House(folder, kafka.bootstrap, url)
        yield open_house(stack, built)


def first_minutes_of_the_fire(house: House) -> list[JsonObject]:
    """Return what the simulated province has sent by now, in the middle of its fire."""
    file = house.folder / "fire.ndjson"
    start = clock.now() - FIRE_BURNS
    done = house.ioc(
        *("simulate", "--scenario", "market-fire", "--seed", "1", "--rate", "10"),
        *("--start", start.isoformat(), "--duration", "900", "--out", str(file)),
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [one for one in events if datetime.fromisoformat(one["time"]) < start + FIRE_BURNS]


@pytest.fixture(scope="module")
def province_house(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with the embedded broker, seven minutes into the fire at the market.

    Alarms of every kind of source are open, an incident too; more is the business of each module.
    """
    folder = tmp_path_factory.mktemp("house-province")
    with ExitStack() as stack:
        broker = embedded_broker(stack, folder / "broker")
        url = new_database(postgres_url, f"house_{next(_numbers)}")
        built = open_house(stack, House(folder, broker.address, url, broker.log_id))
        sent = built.send(first_minutes_of_the_fire(built))
        assert "refused 0" in sent, sent
        eventually(lambda: built.count("alarms") >= ALARMS_OF_A_FIRE, 60, "the alarms of a fire")
        yield built


@pytest.fixture(scope="module")
def page(province_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The browser of a module before the province; each test opens what it looks at.

    It wants the house so that it is closed before it: a page complains of a house that is gone.
    """
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened
