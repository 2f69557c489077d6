"""`ioc up` as its user sees it: two starts, Ctrl-C, neighbours, and a part that dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from ioc import clock
from tests.acceptance.house import JsonObject, eventually
from tests.acceptance.up_process import READY_WITHIN_S, Up, running_up
from tests.patience import patient
from tests.processes import is_alive

SECOND_START_WITHIN_S = 15.0
PARTS = {"broker", "postgres", "worker", "notifier", "api"}


def thousand(first: int, end: datetime) -> list[JsonObject]:
    """Return 1,000 events of the last half hour, numbered from `first`."""
    return [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "/up",
            "type": "ioc.camera.alert",
            "time": (end - timedelta(seconds=1.7 * (number - first))).isoformat(),
            "area": "05443",
            "device": f"cam-{number % 10}",
            "data": {"label": "person"},
        }
        for number in range(first, first + 1000)
    ]


def seen_everywhere(up: Up, since: datetime) -> dict[str, int]:
    """Return how many events each view has."""
    span = {
        "from": since.isoformat(),
        "to": (clock.now() + timedelta(minutes=1)).isoformat(),
        "source": "camera",
    }
    points = up.get("/api/v1/series", metric="events", step="1m", **span)["points"]
    with psycopg.connect(up.run.database_url) as conn:
        rolled = conn.execute("SELECT coalesce(sum(n), 0)::int FROM rollup_1m").fetchone()
    assert rolled is not None
    return {
        "overview": up.get("/api/v1/overview")["sources"]["camera"]["counts"]["24h"],
        "series": sum(point["n"] for point in points),
        "events": len({event["id"] for event in all_events(up, span)}),
        "rollups": rolled[0],
    }


def all_events(up: Up, span: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield every event, page after page."""
    cursor: dict[str, str] = {}
    while True:
        page = up.get("/api/v1/events", limit=1000, **span, **cursor)
        yield from page["events"]
        if not page["next"]:
            return
        cursor = {"cursor": page["next"]}


def wait_seen(up: Up, since: datetime, n: int) -> None:
    views = ("overview", "series", "events", "rollups")
    eventually(lambda: seen_everywhere(up, since)["rollups"] >= n, 30, f"{n} events")
    # The overview is read anew once a second.
    eventually(
        lambda: seen_everywhere(up, since) == dict.fromkeys(views, n), 5, f"{n} in every view"
    )


@pytest.fixture(scope="module")
def began() -> datetime:
    return clock.now()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, began: datetime) -> Iterator[Up]:
    """The second start on a folder in which the first one has stored 1,000 events."""
    again = Up(tmp_path_factory.mktemp("up") / "data")
    again.start()
    try:
        again.wait_ready()
        wall = httpx.get(f"http://127.0.0.1:{again.port}/wall", timeout=patient(5))
        assert wall.status_code == 200
        assert "text/html" in wall.headers["content-type"]
        address = f"http://127.0.0.1:{again.port}/wall"
        eventually(lambda: address in again.screen.read_text(), 5, "the address on the screen")
        again.send(thousand(0, began))
        wait_seen(again, began - timedelta(hours=1), 1000)
        pids = again.run.pids
        assert set(pids) == PARTS
        assert again.ctrl_c() == 0
        assert [name for name, pid in pids.items() if is_alive(pid)] == []
        assert again.screen.read_text().rstrip().endswith("Everything has stopped.")

        started_s = time.monotonic()
        again.start()
        again.wait_ready()
        took_s = time.monotonic() - started_s
        assert took_s < patient(SECOND_START_WITHIN_S), f"the second start took {took_s:.1f} s"
        yield again
    finally:
        again.ctrl_c()


def test_a_thousand_before_ctrl_c_and_a_thousand_after_are_two_thousand_in_every_view(
    up: Up, began: datetime
) -> None:
    up.send(thousand(1000, began))
    wait_seen(up, began - timedelta(hours=1), 2000)
    # What the first life had, sent again to the empty broker, is nothing new.
    up.send(thousand(0, began)[:100])
    assert up.ioc("doctor").stdout.strip() == "nothing is wrong"
    wait_seen(up, began - timedelta(hours=1), 2000)


def test_a_worker_that_is_killed_is_said_and_started_again_and_nothing_is_missing(
    up: Up, began: datetime
) -> None:
    before = seen_everywhere(up, began - timedelta(hours=1))["rollups"]
    killed = up.run.pids["worker"]
    up.send(thousand(5000, began)[:500])
    os.kill(killed, signal.SIGKILL)
    up.send(thousand(5000, began)[500:])
    eventually(lambda: up.run.pids.get("worker", killed) != killed, 10, "another worker")
    wait_seen(up, began - timedelta(hours=1), before + 1000)
    screen = up.screen.read_text()
    assert "worker died (SIGKILL)" in screen
    assert "worker started again" in screen
    assert "Traceback" not in screen


def test_ctrl_c_has_everything_stored_that_was_accepted(tmp_path: Path, began: datetime) -> None:
    since = began - timedelta(hours=1)
    with running_up(tmp_path / "drained") as site:
        os.kill(site.run.pids["worker"], signal.SIGKILL)
        site.send(thousand(0, began))
        assert seen_everywhere(site, since)["rollups"] < 1000, "they are still in the broker"
        assert site.ctrl_c() == 0
        assert "Storing what the broker has accepted" in site.screen.read_text()
        site.start()
        site.wait_ready()
        wait_seen(site, since, 1000)


def test_two_side_by_side_do_not_meet(up: Up, tmp_path: Path, began: datetime) -> None:
    before = seen_everywhere(up, began - timedelta(hours=1))["rollups"]
    with running_up(tmp_path / "other") as other:
        assert not {*up.run.pids.values()} & {*other.run.pids.values()}
        other.send(thousand(0, began)[:10])
        wait_seen(other, began - timedelta(hours=1), 10)
        assert seen_everywhere(up, began - timedelta(hours=1))["rollups"] == before
        pids = other.run.pids
    assert [name for name, pid in pids.items() if is_alive(pid)] == []
    assert up.get("/readyz")["ready"], "the other one's end is not ours"


def test_asked_for_keys_without_one_it_stops_and_says_how_to_make_it(tmp_path: Path) -> None:
    site = Up(tmp_path / "closed")
    asking, open_to_all = ({**site.environment, "IOC_AUTH": each} for each in ("true", "false"))
    try:
        site.environment = asking
        site.start()
        assert site.process is not None
        assert site.process.wait(READY_WITHIN_S) == 2
        screen = site.screen.read_text()
        assert "Authentication is on (IOC_AUTH), and there is no API key yet." in screen
        assert "api died" not in screen

        site.environment = open_to_all
        site.start()
        site.wait_ready()
        token = site.ioc("key", "create", "first", "--role", "admin").stdout.strip()
        assert site.ctrl_c() == 0

        site.environment = asking
        site.start()
        site.wait_ready()
        overview = f"http://127.0.0.1:{site.port}/api/v1/overview"
        assert httpx.get(overview, timeout=patient(5)).status_code == 401
        assert (
            httpx.get(overview, headers={"X-API-Key": token}, timeout=patient(5)).status_code == 200
        )
    finally:
        site.ctrl_c()


def test_a_port_in_use_is_a_sentence_with_the_way_out(up: Up, tmp_path: Path) -> None:
    refused = Up(tmp_path / "refused", up.port)
    refused.start()
    assert refused.process is not None
    assert refused.process.wait(20) == 2
    screen = refused.screen.read_text()
    assert f"Port {up.port}" in screen
    assert "IOC_API_PORT=" in screen
    assert "Traceback" not in screen
    assert len(screen.splitlines()) == 1


# The last one: it stores an event that is not one of the thousands.
def test_the_lines_of_the_readme_raise_an_alarm_and_acknowledge_it(
    up: Up, repository: Path
) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"^    API=.*\n(?:    .*\n)+", text, re.MULTILINE)
    assert lines is not None
    # A second is for people; a machine that runs every test at once may take longer.
    script = lines[0].replace(":8080", f":{up.port}").replace("sleep 1", "sleep 5")
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    states = re.findall(r'"state":"(\w+)"', done.stdout)
    assert states == ["unacknowledged", "acknowledged"], done.stdout
