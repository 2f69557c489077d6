"""`ioc doctor`: nothing runs, something waits, and a busy site where something always waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.embedded.broker import Broker
from connectors.embedded.children import Supervisor
from connectors.embedded.run import DataDir
from connectors.kafka.producer import Producer, Record
from connectors.kafka.topics import ensure_topics
from connectors.timescale import offsets
from connectors.timescale.database import Database
from connectors.timescale.offsets import Advance, Hold
from ioc import clock
from ioc.cli.doctor import run
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from tests.acceptance.house import free_port

TOPIC = "ioc.fire.v1"
NOWHERE = f"127.0.0.1:{free_port()}"


class Unsaid(Settings):
    """Settings in whose default places nobody is, whatever runs on this machine."""

    kafka: str = NOWHERE
    database_url: SecretStr = SecretStr(f"postgresql://ioc:secret@{NOWHERE}/ioc")


@pytest.fixture
def site(database_url: str, database: Database, tmp_path: Path) -> Iterator[Settings]:
    """A broker with empty topics, all of them read by a worker that lives."""
    with ExitStack() as stack:
        folder = stack.enter_context(DataDir(tmp_path / "broker")).path
        supervisor = Supervisor(folder / "logs", lambda _: None)
        stack.callback(supervisor.stop_all)
        broker = Broker(folder, supervisor)
        broker.start()
        settings = Settings(
            kafka=broker.address,
            database_url=SecretStr(database_url),
            log_id=broker.log_id,
            data_dir=tmp_path,
            partitions=1,
        )
        ensure_topics(settings)
        with database.transaction() as conn:
            offsets.claim(
                conn, broker.log_id, dict.fromkeys(((each, 0) for each in EVENT_TOPICS), 0)
            )
            held = [Hold(topic, 0, 0, None) for topic in EVENT_TOPICS]
            offsets.hold(conn, broker.log_id, held, "a worker", clock.now())
        yield settings


def send(settings: Settings, records: int) -> None:
    producer = Producer(settings.kafka, "test", bulk=False)
    try:
        producer.publish([Record(TOPIC, b"", b"{}") for _ in range(records)], 10)
    finally:
        producer.close()


def store(settings: Settings, database: Database, start: int, end: int) -> None:
    """Do as a worker does."""
    assert settings.log_id is not None
    with database.transaction() as conn:
        batch = Advance(TOPIC, 0, start, end, end - start, 0)
        offsets.advance(conn, settings.log_id, batch, 1000, clock.now())


def ask(settings: Settings, pause: Callable[[], None] = lambda: None) -> int:
    return run(settings, drained=False, accept_gap=False, pause=pause)


def test_where_nothing_runs_it_says_so_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(Unsaid(data_dir=tmp_path)) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"- Kafka at {NOWHERE} does not answer"
    assert said[1] == (
        f"  No `ioc up` runs on {tmp_path}, and IOC_KAFKA is not set: start `ioc up`, name its "
        "folder with IOC_DATA_DIR, or set IOC_KAFKA."
    )
    assert said[2].startswith("- the database does not answer")
    assert said[3].startswith(f"  No `ioc up` runs on {tmp_path}, and IOC_DATABASE_URL is not set")
    assert "secret" not in "".join(said)
    assert len(said) == 4


def test_an_address_that_was_named_is_not_blamed_on_ioc_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(Unsaid(data_dir=tmp_path, kafka=NOWHERE)) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[1].startswith("  Start it, or set IOC_KAFKA to where it is")


def test_what_waits_and_is_not_stored_is_wrong(
    site: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(site) == 0
    assert capsys.readouterr().out == "nothing is wrong\n"
    send(site, 3)
    assert ask(site) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"- {TOPIC}[0] has 3 records waiting"
    assert second.startswith("  None was stored within 2 s")


def test_what_comes_while_the_worker_goes_on_is_not_wrong(
    site: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    send(site, 3)

    def busy() -> None:
        store(site, database, 0, 2)
        send(site, 5)

    assert ask(site, busy) == 0
    assert capsys.readouterr().out == "nothing is wrong\n"

    def through() -> None:
        store(site, database, 2, 8)

    assert ask(site, through) == 0
    assert ask(site, lambda: send(site, 1)) == 0, "it came after the first look"


def test_drained_looks_once_and_says_nothing(
    site: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    send(site, 3)

    def never() -> None:
        raise AssertionError("it looks once")

    assert run(site, drained=True, accept_gap=False, pause=never) == 1
    store(site, database, 0, 3)
    assert run(site, drained=True, accept_gap=False, pause=never) == 0
    assert capsys.readouterr() == ("", "")
