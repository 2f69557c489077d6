"""What-ifs: asked over the API, answered by a child of the notifier, one at a time, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from connectors.timescale import keys, replays, what_ifs
from connectors.timescale.database import Database
from ioc import clock
from ioc.settings import Settings
from streams import what_ifs as running
from streams.what_ifs import Runner
from tests.api_server import running_api
from tests.integration.test_replay import CHANGED, QUARTER, SECOND, START, Town, databases, events

PATH = "/api/v1/what-ifs"


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(database_url, "127.0.0.1:1", tmp_path) as client:
        yield client


@pytest.fixture
def town(database: Database, database_url: str) -> Iterator[Town]:
    made = Town(database, database_url)
    yield made
    made.conn.close()


@pytest.fixture
def notifier(database: Database, database_url: str) -> Iterator[None]:
    """Run the notifier's loop, and nothing else of it."""
    stop = threading.Event()
    runner = Runner(Settings(database_url=SecretStr(database_url)), database, stop)
    thread = threading.Thread(target=runner.run)
    thread.start()
    yield
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def wish(**changes: Any) -> dict[str, Any]:
    return {
        "text": CHANGED,
        "why": "giảm nhiễu",
        "from": START.isoformat(),
        "to": (START + QUARTER).isoformat(),
        "warm_up_hours": 1,
        "by": "Hằng",
        **changes,
    }


def asked(api: httpx.Client, **changes: Any) -> str:
    answer = api.post(PATH, json=wish(**changes))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


#: A child has the lowest of priorities, and the machine of the tests is shared.
ENDS_WITHIN_S = 120


def until(api: httpx.Client, what_if: str, holds: Callable[[dict[str, Any]], bool]) -> Any:
    deadline = time.monotonic() + ENDS_WITHIN_S
    while not holds(found := api.get(f"{PATH}/{what_if}").json()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def ended(found: dict[str, Any]) -> bool:
    return found["ended_at"] is not None


@pytest.mark.usefixtures("notifier")
def test_a_question_is_answered_in_a_process_of_its_own(
    town: Town, api: httpx.Client, database_url: str
) -> None:
    town.live(events(100), START + QUARTER + 90 * SECOND)
    what_if = asked(api)
    found = until(api, what_if, ended)
    assert (found["state"], found["error"], found["progress"]) == ("done", None, 1.0)
    answer = found["answer"]
    assert answer["of"] > 20
    assert answer["reproduced"] == answer["of"], answer["missing"]
    assert answer["now"]["alarms"] - answer["lost_n"] + answer["new_n"] >= 0
    assert sum(each["now"] for each in answer["per_10min"]) == len_of(answer, "now")
    assert len(answer["per_10min"]) == 2, "a quarter of an hour"
    assert "fire-trouble" in {each["rule"] for each in answer["lost"]}
    codes = [each["closed_as"] == "true" for each in answer["lost"]]
    assert codes == sorted(codes, reverse=True), "what was true and would be lost comes first"
    assert sum(codes) == answer["lost_true"]
    (listed,) = api.get(PATH).json()["what_ifs"]
    assert (listed["id"], listed["by"], listed["why"]) == (what_if, "Hằng", "giảm nhiễu")
    assert databases(database_url) == set()


def len_of(answer: dict[str, Any], which: str) -> int:
    """Return how many occurrences rang; `alarms` also counts those that rang anew."""
    total = sum(each[which] for each in answer["per_10min"])
    assert 0 < total <= answer[which]["alarms"]
    return int(total)


@pytest.mark.usefixtures("notifier")
def test_one_that_runs_is_stopped_and_leaves_nothing_behind(
    town: Town, api: httpx.Client, database_url: str
) -> None:
    town.live(events(20), START + QUARTER)
    what_if = asked(api, warm_up_hours=24 * 28)  # a month of timers: longer than this test
    until(api, what_if, lambda found: found["state"] == "running" and bool(databases(database_url)))
    assert api.delete(f"{PATH}/{what_if}").status_code == 204
    found = until(api, what_if, ended)
    assert (found["state"], found["answer"]) == ("stopped", None)
    assert databases(database_url) == set()
    assert api.delete(f"{PATH}/{what_if}").status_code == 409


def test_one_that_waits_is_stopped_at_once(api: httpx.Client) -> None:
    what_if = asked(api)
    assert api.delete(f"{PATH}/{what_if}").status_code == 204
    assert api.get(f"{PATH}/{what_if}").json()["state"] == "stopped"


def test_beside_the_one_that_runs_a_sixth_has_to_wait_outside(
    api: httpx.Client, database: Database
) -> None:
    asked(api)
    with database.transaction() as conn:
        assert what_ifs.claim(conn, clock.now(), timedelta(seconds=30)) is not None
    for _ in range(what_ifs.WAITING_MAX):
        asked(api)
    assert api.post(PATH, json=wish()).status_code == 409
    assert len(api.get(PATH).json()["what_ifs"]) == what_ifs.WAITING_MAX + 1


def test_what_a_killed_notifier_left_is_taken_up_again(
    api: httpx.Client, database: Database, database_url: str
) -> None:
    what_if, now = UUID(asked(api)), clock.now()
    names = set[str]()
    for attempt in (1, 2, 3):
        with database.transaction() as conn:
            lease = what_ifs.claim(conn, now, timedelta(seconds=30))
            assert lease is not None
            assert lease.attempt == attempt
            names.add(what_ifs.database_of(lease))
            assert what_ifs.claim(conn, now, timedelta(seconds=30)) is None, "one at a time"
        later = now + timedelta(seconds=31)
        with database.transaction() as conn:
            assert what_ifs.abandoned(conn, now) == []
            assert what_ifs.abandoned(conn, later) == [lease]
            what_ifs.put_back(conn, lease, later)
    found = api.get(f"{PATH}/{what_if}").json()
    assert (found["state"], found["error"]) == ("failed", "it was interrupted 3 times")
    last = max(names)
    with replays.database(database_url, f"{last}_now"):
        replays.drop(database_url, last)
        assert databases(database_url) == set()


def test_who_comes_late_to_what_was_left_takes_nothing_from_who_was_faster(
    api: httpx.Client, database: Database, database_url: str
) -> None:
    """Two notifiers find the same lease run out; and its own, which only slept, wakes up."""
    asked(api)
    now, lasts = clock.now(), timedelta(seconds=30)
    later = now + 2 * lasts
    with database.transaction() as conn:
        what_ifs.claim(conn, now, lasts)
        (left,) = what_ifs.abandoned(conn, later)
        what_ifs.put_back(conn, left, later)
        faster = what_ifs.claim(conn, later, lasts)
    assert faster is not None
    (own, _) = replays.names(what_ifs.database_of(faster))
    with replays.database(database_url, own):
        replays.drop(database_url, what_ifs.database_of(left))
        with database.transaction() as conn:
            what_ifs.put_back(conn, left, later)
            what_ifs.finish(conn, left, later, error="its process ended with 1")
            assert what_ifs.renew(conn, faster, later, lasts) == (True, False)
        assert databases(database_url) == {own}


def a_child(
    api: httpx.Client, database: Database, database_url: str
) -> tuple[str, subprocess.Popen[bytes]]:
    """Ask for a what-if and start the process that answers it, as a notifier does."""
    what_if = asked(api, warm_up_hours=24 * 28)
    runner = Runner(Settings(database_url=SecretStr(database_url)), database, threading.Event())
    lease = runner._claimed()
    assert lease is not None
    return what_if, runner._started(lease)


@contextmanager
def held_up(database: Database) -> Iterator[None]:
    """Let nobody read events: a child that is here before the test is ready stays until it is."""
    with database.transaction() as conn:
        # A busy machine starts a child in more time than a transaction of ours may stand idle.
        conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        conn.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_child_whose_notifier_is_gone_ends_and_cleans_up(
    town: Town, api: httpx.Client, database: Database, database_url: str
) -> None:
    town.live(events(20), START + QUARTER)
    what_if, child = a_child(api, database, database_url)
    try:
        with held_up(database):
            until(api, what_if, lambda _: bool(databases(database_url)) or child.poll() is not None)
            assert child.stdin is not None
            child.stdin.close()  # as the kernel does with the pipes of a killed process
            assert child.wait(ENDS_WITHIN_S) != 0
    finally:
        child.kill()
        child.wait()
    assert databases(database_url) == set()


def test_a_child_that_loses_the_database_says_that_nothing_is_wrong_with_the_question(
    town: Town, api: httpx.Client, database: Database, database_url: str
) -> None:
    town.live(events(20), START + QUARTER)
    what_if, child = a_child(api, database, database_url)
    with held_up(database), child:
        until(api, what_if, lambda _: bool(databases(database_url)) or child.poll() is not None)
        with database.transaction() as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'ioc what-if' AND datname = current_database()"
            )
        assert child.wait(ENDS_WITHIN_S) == running.EX_TEMPFAIL
    assert databases(database_url) == set()


def test_a_notifier_without_room_for_a_child_goes_on(
    api: httpx.Client, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: Any, **__: Any) -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("streams.what_ifs.subprocess.Popen", no_room)
    what_if, stop = asked(api), threading.Event()
    runner = Runner(Settings(database_url=SecretStr(database_url)), database, stop)
    thread = threading.Thread(target=runner.run)
    thread.start()
    found = until(api, what_if, ended)
    assert (found["state"], found["error"]) == ("failed", "it was interrupted 3 times")
    assert thread.is_alive()
    stop.set()
    thread.join(30)


@pytest.mark.usefixtures("notifier")
def test_a_child_that_is_killed_is_said_to_have_failed(
    town: Town, api: httpx.Client, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.live(events(20), START + QUARTER)
    started: list[int] = []
    start = Runner._started

    def remembered(runner: Runner, lease: what_ifs.Lease) -> Any:
        child = start(runner, lease)
        started.append(child.pid)
        return child

    monkeypatch.setattr(running.Runner, "_started", remembered)
    what_if = asked(api, warm_up_hours=24 * 28)
    until(api, what_if, lambda _: bool(databases(database_url)))
    os.kill(started[0], signal.SIGKILL)
    found = until(api, what_if, ended)
    assert (found["state"], "ended with -9" in found["error"]) == ("failed", True)
    assert databases(database_url) == set(), "the notifier cleans up behind it"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": CHANGED.replace("severity: medium", "severity: loud")}, "rule"),
        ({"to": START.isoformat()}, "range"),
        ({"to": "2999-01-01T00:00:00Z"}, "range"),
        ({"from": (START - timedelta(days=40)).isoformat()}, "range"),
        ({"why": ""}, "invalid"),
        ({"from": "1969-01-01T00:00:00Z"}, "range"),
        ({"from": "0001-01-01T00:00:00Z"}, "range"),
        ({"warm_up_hours": 10_000}, "invalid"),
    ],
)
def test_a_wrong_question_is_not_stored(
    api: httpx.Client, changes: dict[str, Any], code: str
) -> None:
    answer = api.post(PATH, json=wish(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert api.get(PATH).json()["what_ifs"] == []


def test_only_an_admin_of_the_whole_province_asks(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with database.transaction() as conn:
        _, operator = keys.create(conn, "Lan", "operator", None, clock.now())
        _, commune = keys.create(conn, "Xã", "admin", "05443", clock.now())
    with running_api(database_url, "127.0.0.1:1", tmp_path, auth=True) as api:
        for token in (operator, commune):
            api.headers["X-API-Key"] = token
            assert api.post(PATH, json=wish()).status_code == 403
            assert api.get(PATH).status_code == 403
