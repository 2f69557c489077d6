"""Committers in processes of their own: they commit, report, and end with their worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest

from connectors.timescale import offsets
from connectors.timescale.database import Database
from streams.committer import Brief, Report
from streams.committers import CommitterDiedError, CommitterProcess
from streams.fetched import Fetched
from streams.guard import StoppingError
from tests.kafka_batches import fetched
from tests.patience import patient

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
TOPIC = "ioc.fire.v1"


def batch(partition: int, values: list[bytes]) -> Fetched:
    return fetched(TOPIC, partition, 0, NOW_MS, values)


def reading(number: int, state: str = "normal") -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "/committers",
            "type": "ioc.fire.reading",
            "time": (NOW - timedelta(minutes=1)).isoformat(),
            "device": f"d{number}",
            "data": {"kind": "smoke", "state": state},
        }
    )


def brief(url: str) -> Brief:
    return Brief(url, {TOPIC: "log"}, None, aggregates=False, recent_records=250)


@pytest.fixture
def committer(database: Database) -> Iterator[CommitterProcess]:
    with database.transaction() as conn:
        offsets.claim(conn, "log", {(TOPIC, partition): 0 for partition in range(3)})
    process = CommitterProcess(brief(database.url))
    try:
        yield process
    finally:
        process.stop()
        process.close()


def stored(database: Database) -> int:
    with database.reading() as conn:
        row = conn.execute("SELECT count(*)::int AS n FROM events").fetchone()
    assert row is not None
    found: int = row["n"]
    return found


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat") as stat:  # a zombie waits for its parent's look only
        return stat.read().rsplit(")", 1)[1].split()[0] == "Z"


def eventually(holds: Any, within_s: float) -> None:
    deadline_s = time.monotonic() + patient(within_s)
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_a_report_says_what_became_of_every_record(
    committer: CommitterProcess, database: Database
) -> None:
    unit = [
        batch(0, [reading(1, "alarm"), reading(2), b"{"]),
        batch(1, [reading(2), reading(3)]),
    ]
    report = committer.commit(unit)
    assert (report.stored, report.duplicates) == (3, 1)
    assert (dict(report.dead), dict(report.transitions)) == ({"not_json": 1}, {"raised": 1})
    assert report.received_at == {0: NOW, 1: NOW}
    assert not report.fenced
    assert not committer.waits
    assert committer.commit(unit).fenced == {0, 1}, "a second time, both are stored already"
    assert stored(database) == 3


def test_a_committer_that_is_killed_is_an_error_and_no_half_of_a_batch(
    committer: CommitterProcess, database: Database
) -> None:
    with database.transaction() as conn:
        conn.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        threading.Timer(0.5, committer._process.send_signal, [signal.SIGKILL]).start()
        with pytest.raises(CommitterDiedError):
            committer.commit([batch(0, [reading(1)])])
    assert stored(database) == 0
    with database.reading() as conn:
        row = conn.execute("SELECT sum(next)::int AS n FROM offsets").fetchone()
    assert row == {"n": 0}


def test_it_waits_for_the_database_says_so_and_can_be_told_to_end() -> None:
    process = CommitterProcess(brief("postgresql://nobody@127.0.0.1:9/nothing"))
    ended: list[BaseException | Report] = []

    def commit() -> None:
        try:
            ended.append(process.commit([batch(0, [reading(1)])]))
        except StoppingError as error:
            ended.append(error)

    thread = threading.Thread(target=commit)
    thread.start()
    eventually(lambda: process.waits, 20)
    process.stop()
    thread.join(20)
    process.close()
    assert [type(each) for each in ended] == [StoppingError]


def test_the_third_failure_reaches_the_worker(
    committer: CommitterProcess, database: Database
) -> None:
    with database.transaction() as conn:
        conn.execute("ALTER TABLE events RENAME COLUMN kind TO sort")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        committer.commit([batch(0, [reading(1)])])
    assert stored(database) == 0


def test_it_ends_with_its_worker_even_while_the_database_is_away() -> None:
    worker = textwrap.dedent(
        """
        from tests.integration.test_committers import *
        process = CommitterProcess(brief("postgresql://nobody@127.0.0.1:9/nothing"))
        print(process._process.pid, flush=True)
        process.commit([batch(0, [reading(1)])])
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", worker], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(1)
        assert not gone(pid)
        parent.kill()
    eventually(lambda: gone(pid), 15)
