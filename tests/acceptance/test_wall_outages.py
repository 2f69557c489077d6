"""Whatever happens to API and cable, the wall says so, comes back by itself and misses nothing.

Times are counted from the last byte that reached the browser, not from when the test has pulled.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.acceptance.cut import Cable, cable
from tests.acceptance.house import House, eventually
from tests.acceptance.panel import Panel
from tests.acceptance.wall_page import WallPage, wall_browser
from tests.patience import patient

pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)

WARD = "05443"
STALE_S, LOST_S = 15.0, 60.0
#: The page looks once a second, and a busy machine takes its time.
SLACK_S = 3.0
BACK_WITHIN_S = 25.0
LOADED_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def line(house: House) -> Iterator[Cable]:
    with cable(house.port) as pulled:
        yield pulled


@pytest.fixture(scope="module")
def wall(line: Cable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WallPage]:
    with wall_browser(tmp_path_factory.mktemp("chromium")) as page:
        page.open_wall(line.url, "?page=overview")
        page.until_live()
        page.script("window.neverReloaded = true")
        yield page


@pytest.fixture
def panel(house: House) -> Iterator[Panel]:
    with Panel(house.kafka, f"outage-{uuid4()}") as panel:
        yield panel
    for alarm in house.get("/alarms", limit=1000)["alarms"]:
        house.post(f"/alarms/{alarm['id']}/close", {"by": "Trực ban", "code": "test"})


def until_stale(wall: WallPage, line: Cable) -> None:
    """Wait until the wall says that it is stale, no later than it must."""
    eventually(wall.is_stale, STALE_S + SLACK_S + 10, "a stale wall")
    assert time.monotonic() - line.last_answer_s <= STALE_S + patient(SLACK_S)
    assert "MẤT KẾT NỐI" in wall.band()


def until_back(wall: WallPage, house: House) -> None:
    """Wait until the wall is live by itself, and compare it with the API and the log."""
    eventually(lambda: wall.condition() == "live", BACK_WITHIN_S, "the wall is back")
    assert wall.script("return window.neverReloaded === true"), "without a reload"
    wanted = {alarm["id"] for alarm in house.get("/alarms", limit=1000)["alarms"]}
    eventually(lambda: {row.id for row in wall.rows()} == wanted, BACK_WITHIN_S, "every open alarm")
    newest = house.row("SELECT coalesce(max(seq), 0) FROM alarm_log")[0]
    eventually(
        lambda: wall.root("position") == str(newest),
        BACK_WITHIN_S,
        f"the log's last entry {newest}",
    )


def test_a_pulled_cable_makes_it_stale_and_nothing_is_missing_when_it_is_back(
    wall: WallPage, line: Cable, house: House, panel: Panel
) -> None:
    panel.alarm(f"{panel.name}-before", area=WARD)
    eventually(lambda: len(wall.rows()) == 1, 10, "an alarm before")
    line.cut()
    panel.alarm(f"{panel.name}-meanwhile", area=WARD)
    panel.alarm(f"{panel.name}-over", area=WARD)
    panel.restore(f"{panel.name}-before", area=WARD)
    until_stale(wall, line)
    assert wall.condition() == "stale"
    assert len(wall.rows()) == 1, "what is shown is what was known"
    assert wall.shows(".clock")
    assert wall.text(".clock").startswith("≈")
    time.sleep(max(0.0, 20 - (time.monotonic() - line.last_answer_s)))  # twenty seconds without
    line.heal()
    until_back(wall, house)
    eventually(lambda: "Đã kết nối lại" in wall.band(), 5, "the band says so")
    eventually(
        lambda: wall.data("[data-part=takeover]", "stage") in {"one", "list"},
        5,
        "what came meanwhile takes the stage",
    )


def test_a_killed_api_is_missed_and_its_successor_found(
    wall: WallPage, line: Cable, house: House, panel: Panel
) -> None:
    house.kill("api")
    panel.alarm(f"{panel.name}-1", area=WARD)
    until_stale(wall, line)
    house.start("api")
    until_back(wall, house)


def test_an_api_that_hangs_is_stale_then_lost_then_back(
    wall: WallPage, line: Cable, house: House, panel: Panel
) -> None:
    stopped = house.running["api"]
    stopped.send_signal(signal.SIGSTOP)
    try:
        panel.alarm(f"{panel.name}-1", area=WARD)
        until_stale(wall, line)
        eventually(lambda: wall.condition() == "lost", LOST_S, "the alarm system is lost")
        assert time.monotonic() - line.last_answer_s <= LOST_S + patient(SLACK_S)
        assert "HỆ THỐNG CẢNH BÁO KHÔNG HOẠT ĐỘNG" in wall.band()
        assert "114, 113, 115" in wall.band()
        assert wall.small_texts() == []
        assert wall.cut_texts() == []
    finally:
        stopped.send_signal(signal.SIGCONT)
    until_back(wall, house)


def test_rules_that_have_stopped_are_a_lost_alarm_system_though_the_feed_beats(
    wall: WallPage, house: House, panel: Panel
) -> None:
    house.kill("worker")
    house.kill("notifier")
    eventually(lambda: wall.condition() == "lost", LOST_S, "nobody reads, so no alarm can come")
    assert not wall.is_stale(), "the server is there and says so itself"
    panel.alarm(f"{panel.name}-1", area=WARD)
    house.start("worker", "notifier")
    until_back(wall, house)
    eventually(lambda: len(wall.rows()) == 1, BACK_WITHIN_S, "what waited for its rules is there")
