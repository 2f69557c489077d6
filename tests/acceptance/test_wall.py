"""The wall in a real browser: it moves by itself and says when it cannot be believed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest
from selenium.webdriver.common.by import By

from tests.acceptance.house import House, JsonObject, eventually, free_port
from tests.acceptance.panel import Panel
from tests.acceptance.wall_page import Row, WallPage, wall_browser

#: What the screen shows does not hang on the kind of broker, and a browser is heavy.
pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)

WARD, WARD_NAME = "05443", "P. Phan Đình Phùng"
COMMUNES = 92
SHOWN_WITHIN_S = 5.0
LOADED_WITHIN_S = 30.0
#: The contract's 15 s of silence, and the page's own second.
STALE_WITHIN_S = 17.0
BACK_WITHIN_S = 25.0


@pytest.fixture(scope="module")
def wall(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WallPage]:
    """The wall of the house, live; the same page for every test of the module."""
    with wall_browser(tmp_path_factory.mktemp("chromium")) as page:
        page.open_wall(house.url)
        page.driver.execute_script("window.neverReloaded = true")
        eventually(
            lambda: page.condition() == "live" and page.communes() == COMMUNES,
            LOADED_WITHIN_S,
            "a live wall with its map",
        )
        yield page


@pytest.fixture
def panel(house: House) -> Iterator[Panel]:
    with Panel(house.kafka, f"wall-{uuid4()}") as panel:
        yield panel


def row_of(page: WallPage, house: House, device: str) -> Row:
    """Return the row of a device's alarm, once it is on the screen."""

    def look() -> Row | None:
        alarms = house.get("/alarms", limit=1000)["alarms"]
        wanted = next((one["id"] for one in alarms if one["device"] == device), None)
        return next((row for row in page.rows() if row.id == wanted), None)

    return eventually(look, SHOWN_WITHIN_S, f"a row for {device}")


def is_same_page(page: WallPage) -> bool:
    return bool(page.driver.execute_script("return window.neverReloaded === true"))


def reports(panel: Panel, n: int) -> Iterator[JsonObject]:
    """Yield reports of citizens of now."""
    for _ in range(n):
        data = {"report": f"r-{uuid4()}", "category": "road", "status": "open"}
        yield panel.event("ioc.citizen.report", data, area=WARD)


def test_a_fire_alarm_stands_on_the_wall_with_its_priority_and_place(
    wall: WallPage, house: House, panel: Panel
) -> None:
    panel.alarm(f"{panel.name}-1", area=WARD)
    row = row_of(wall, house, f"{panel.name}-1")
    assert (row.priority, row.state) == (1, "unacknowledged")
    assert WARD_NAME in row.text
    assert "Báo cháy" in row.text
    eventually(lambda: wall.open_alarms("critical") == 1, SHOWN_WITHIN_S, "1 in the header")
    eventually(lambda: wall.priority_on_map(WARD) == 1, SHOWN_WITHIN_S, "the ward on the map")
    house.post(f"/alarms/{row.id}/acknowledge", {"by": "Trực ban"})
    eventually(
        lambda: [one.state for one in wall.rows()] == ["acknowledged"],
        SHOWN_WITHIN_S,
        "acknowledged on the wall",
    )
    panel.restore(f"{panel.name}-1", area=WARD)
    eventually(lambda: wall.rows() == [], SHOWN_WITHIN_S, "the row is gone when it is over")
    eventually(lambda: wall.priority_on_map(WARD) is None, SHOWN_WITHIN_S, "the map is calm")
    assert wall.open_alarms("critical") == 0
    assert is_same_page(wall)


def test_numbers_move_without_a_reload(wall: WallPage, house: House, panel: Panel) -> None:
    fire = wall.figure("fire") or 0
    citizen = wall.figure("citizen") or 0
    for _ in range(3):
        panel.publish(panel.reading(f"{panel.name}-1", "normal", kind="heartbeat"))
    for report in reports(panel, 2):
        panel.publish(report, "ioc.citizen.v1")
    eventually(lambda: (wall.figure("fire") or 0) >= fire + 3, SHOWN_WITHIN_S, "three more signals")
    eventually(
        lambda: (wall.figure("citizen") or 0) >= citizen + 2, SHOWN_WITHIN_S, "two more reports"
    )
    assert wall.tile_state("fire") == "healthy"
    camera = {"label": "person", "phase": "new", "score": 0.9}
    panel.publish(panel.event("ioc.camera.alert", camera, area=WARD), "ioc.camera.v1")
    eventually(lambda: wall.figure("camera") == 1, SHOWN_WITHIN_S, "the first camera event")
    assert is_same_page(wall)


def test_the_words_are_vietnamese(wall: WallPage) -> None:
    driver = wall.driver
    text = driver.execute_script("return document.body.innerText")
    for word in ("Toàn tỉnh", "Báo cháy", "Phản ánh", "Một cửa", "Không có cảnh báo đang mở."):
        assert word in text
    assert driver.title == "Tổng quan – Điều hành Thái Nguyên"
    assert driver.execute_script("return document.documentElement.lang") == "vi"


def test_the_wall_asks_nobody_but_its_own_server_and_the_browser_complains_of_nothing(
    wall: WallPage, house: House
) -> None:
    entries = wall.driver.execute_script(
        "return performance.getEntriesByType('resource').concat("
        "performance.getEntriesByType('navigation')).map((e) => e.name)"
    )
    assert {urlsplit(name).netloc for name in entries} == {urlsplit(house.url).netloc}
    assert {urlsplit(name).path for name in entries} >= {
        "/wall",
        "/api/v1/areas",
        "/api/v1/areas/boundaries",
        "/api/v1/series",
    }
    assert wall.complaints() == []
    policy = httpx.get(f"{house.url}/wall").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_silent_server_makes_the_wall_stale_and_a_new_one_brings_it_back_without_a_reload(
    wall: WallPage, house: House, panel: Panel
) -> None:
    assert not wall.is_stale()
    # The connection stays open and nothing comes: what a browser does not notice by itself.
    house.running["api"].send_signal(signal.SIGSTOP)
    stopped_s = time.monotonic()
    panel.alarm(f"{panel.name}-unseen", area=WARD)
    eventually(wall.is_stale, STALE_WITHIN_S, "a stale wall")
    # A heartbeat may have come up to ten seconds before the stop, never more than the limit.
    assert time.monotonic() - stopped_s > 4
    assert "MẤT KẾT NỐI" in wall.band()
    assert wall.rows() == []
    wall.complaints()  # from here on connections are refused, and the browser says so
    house.kill("api")
    house.start("api")
    eventually(lambda: not wall.is_stale(), BACK_WITHIN_S, "the wall is back")
    row = row_of(wall, house, f"{panel.name}-unseen")
    assert row.priority == 1
    assert (wall.condition(), wall.is_stale()) == ("live", False)
    eventually(lambda: "Đã kết nối lại" in wall.band(), SHOWN_WITHIN_S, "the band says so")
    assert is_same_page(wall)
    # A server that is away is worth a line in the browser's log; nothing else may be there.
    assert all("Failed to load resource" in said for said in wall.complaints())


def test_a_wall_whose_key_was_revoked_asks_for_another_and_is_there_again(
    house: House, tmp_path: Path
) -> None:
    port = free_port()

    def start() -> None:
        house.start("api-guarded", IOC_API_PORT=str(port), IOC_AUTH="true")

    first, second = (
        house.ioc("key", "create", name, "--role", "viewer").stdout.strip()
        for name in ("wall-first", "wall-second")
    )
    start()
    with wall_browser(tmp_path) as page:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(url), LOADED_WITHIN_S, "an API with keys")

        def sign_in(key: str) -> None:
            field = page.driver.find_element(By.ID, "key")
            field.clear()
            field.send_keys(key, "\n")
            eventually(lambda: address(page) == "/wall?area=05443", BACK_WITHIN_S, "on the wall")
            eventually(lambda: page.condition() == "live", LOADED_WITHIN_S, "a live wall")

        def asks() -> bool:
            return address(page) == "/login?next=%2Fwall%3Farea%3D05443"

        page.open_wall(url, f"?area={WARD}")
        eventually(asks, SHOWN_WITHIN_S, "nobody is signed in")
        sign_in(first)
        done = house.ioc("key", "revoke", "wall-first")
        assert done.returncode == 0, done.stderr
        # The view that is open goes on for up to an hour; the next one is refused.
        house.kill("api-guarded")
        start()
        eventually(asks, BACK_WITHIN_S, "the wall asks for a key instead of being stale for ever")
        sign_in(second)
    house.kill("api-guarded")


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def address(page: WallPage) -> str:
    """Return the page's address without its server."""
    return urlunsplit(("", "", *urlsplit(page.driver.current_url)[2:]))
