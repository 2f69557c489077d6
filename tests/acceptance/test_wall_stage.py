"""A new alarm of priority 1 takes the stage of the wall, sounds, and stays in sight after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from ioc import clock
from tests.acceptance.house import House, JsonObject, eventually
from tests.acceptance.panel import Panel
from tests.acceptance.wall_page import WallPage, wall_browser

pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)

WARD, WARD_NAME = "05443", "Phường Phan Đình Phùng"
PAGES = ("overview", "fire", "cameras", "citizens", "services", "sources", "incidents")
#: Our greys differ by 34 between two channels at most, the colours of alarms by 137 at least.
GREY_SPREAD_MAX = 40
SHOWN_WITHIN_S = 5.0
LEFT_WITHIN_S = 20.0
#: The lines of the list in which a word lies under the time.
_MET = """
return [...document.querySelectorAll('.stage-list li')].filter((line) => {
  const range = document.createRange();
  const time = line.querySelector('.time').getBoundingClientRect();
  return ['.title', '.place'].some((name) => {
    range.selectNodeContents(line.querySelector(name));
    const words = range.getBoundingClientRect();
    return words.right > time.left && words.bottom > time.bottom - 4 && words.top < time.bottom - 4;
  });
}).map((line) => line.textContent);
"""


@pytest.fixture(scope="module")
def wall(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WallPage]:
    with wall_browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def panel(house: House) -> Iterator[Panel]:
    """A panel whose alarms are all over when the test is."""
    with Panel(house.kafka, f"stage-{uuid4()}") as panel:
        yield panel
    for alarm in house.get("/alarms", limit=1000)["alarms"]:
        house.post(f"/alarms/{alarm['id']}/close", {"by": "Trực ban", "code": "test"})
    eventually(lambda: house.get("/alarms")["alarms"] == [], SHOWN_WITHIN_S, "no alarm is open")


def opened(wall: WallPage, house: House, query: str) -> None:
    wall.open_wall(house.url, query)
    wall.until_live()


def alarm_of(house: House, device: str) -> JsonObject:
    def look() -> JsonObject | None:
        alarms = house.get("/alarms", limit=1000)["alarms"]
        return next((one for one in alarms if one["device"] == device), None)

    return eventually(look, SHOWN_WITHIN_S, f"an alarm of {device}")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_a_day_without_alarms_has_no_colour(
    wall: WallPage, house: House, panel: Panel, name: str
) -> None:
    camera = {"label": "person", "phase": "new", "score": 0.9}
    panel.publish(panel.event("ioc.camera.alert", camera, area=WARD), "ioc.camera.v1")
    panel.publish(panel.reading(f"{panel.name}-1", "normal", kind="heartbeat"))
    report = {"report": f"r-{uuid4()}", "category": "road", "status": "open"}
    panel.publish(panel.event("ioc.citizen.report", report, area=WARD), "ioc.citizen.v1")
    opened(wall, house, f"?page={name}")
    wall.until_filled()
    assert wall.colour_spread_max() <= GREY_SPREAD_MAX


def test_a_commune_that_is_none_gives_the_wall_of_the_province(
    wall: WallPage, house: House
) -> None:
    opened(wall, house, "?area=99999&page=sources")
    wall.until(lambda: wall.text("[data-part=area]") == "Toàn tỉnh", "the province")
    assert wall.page() == "sources"
    assert wall.text("[data-part=dropped]").endswith("đã bỏ: area."), "and says why"
    wall.complaints()  # the feed of that commune was refused


def test_the_map_of_the_stage_goes_to_its_place_when_the_outlines_come_late(
    wall: WallPage, house: House, panel: Panel
) -> None:
    panel.alarm(f"{panel.name}-1", area=WARD)
    alarm_of(house, f"{panel.name}-1")
    wall.cdp("Network.enable")
    wall.cdp("Network.setBlockedURLs", urls=["*/areas/boundaries", "*/evidence*"])
    try:
        wall.open_wall(house.url, "?page=sources")
        wall.until_live()
        eventually(lambda: wall.stage() == "one", SHOWN_WITHIN_S, "the stage is taken")
        assert wall.data("[data-part=takeover]", "placed") == "false"
    finally:
        wall.cdp("Network.setBlockedURLs", urls=["*/evidence*"])
    eventually(
        lambda: wall.data("[data-part=takeover]", "placed") == "true",
        LEFT_WITHIN_S,
        "the map is at the place",
    )
    wall.cdp("Network.setBlockedURLs", urls=[])
    wall.complaints()


def test_a_new_priority_1_takes_the_stage_of_any_page_until_it_is_answered(
    wall: WallPage, house: House, panel: Panel
) -> None:
    opened(wall, house, "?page=sources&rotate=15")
    assert wall.stage() == "none"
    device = f"{panel.name}-1"
    panel.alarm(device, area=WARD)
    eventually(lambda: wall.stage() == "one", SHOWN_WITHIN_S, "the stage is taken")
    alarm = alarm_of(house, device)
    assert wall.data("[data-part=takeover]", "alarmed") == alarm["id"]
    words = wall.text("[data-part=takeover]")
    for word in (WARD_NAME, "Báo cháy", "Chưa ai xác nhận", alarm["guidance"][0], device):
        assert word in words
    assert wall.text(".stage-time").startswith("00:0")
    assert wall.small_texts() == []
    assert wall.cut_texts() == []
    eventually(
        lambda: wall.data("[data-part=takeover]", "placed") == "true", 10, "the map is at the place"
    )
    house.post(f"/alarms/{alarm['id']}/acknowledge", {"by": "Nguyễn Thị Hằng"})
    eventually(
        lambda: "Nguyễn Thị Hằng đã xác nhận lúc" in wall.text(".stage-owner"),
        SHOWN_WITHIN_S,
        "who has answered",
    )
    assert wall.page() == "sources", "no page turns while the stage is taken"
    eventually(lambda: wall.stage() == "none", LEFT_WITHIN_S, "the stage is free again")
    assert not wall.shows("[data-part=urgent]")
    assert wall.complaints() == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_stage_has_three_whole_lines_of_guidance_above_the_others(
    wall: WallPage, house: House, panel: Panel, lang: str
) -> None:
    wall.resize(1920, 1080)
    opened(wall, house, f"?page=overview&lang={lang}")
    for i in range(3):
        panel.alarm(f"{panel.name}-of-a-name-that-is-long-{i}", area=WARD)
    wall.until(lambda: wall.value(".stage-rest") == 2, "two more", SHOWN_WITHIN_S)
    lines = house.get("/alarms")["alarms"][0]["guidance"]
    assert len(lines) == 3
    wall.cdp("Network.enable")
    wall.cdp("Network.setBlockedURLs", urls=["*/api/*"])
    try:
        for is_lost in (False, True):
            if is_lost:
                wall.script("const now = Date.now; Date.now = () => now() + 60_000")  # it slept
                eventually(wall.is_stale, SHOWN_WITHIN_S, "a stale wall")
            for size in ((3840, 2160), (1920, 1080)):
                wall.resize(*size)
                wall.until_whole()
                assert wall.texts(".stage-guidance li") == lines
                assert wall.small_texts() == []
    finally:
        wall.cdp("Network.setBlockedURLs", urls=[])
        wall.complaints()


def test_more_than_three_within_a_minute_are_a_list(
    wall: WallPage, house: House, panel: Panel
) -> None:
    opened(wall, house, "?page=overview")
    # What tells them apart is at the end of a long name.
    names = [f"{panel.name}-{WARD}-1/zone-10{i}" for i in range(8)]
    for name in names:
        panel.alarm(name, area=WARD)
    eventually(lambda: wall.stage() == "list", SHOWN_WITHIN_S, "a list")
    wall.until(lambda: len(wall.texts(".stage-list li")) == 6, "six of them", SHOWN_WITHIN_S)
    wall.until(lambda: wall.value(".stage-rest") == 2, "and two more", SHOWN_WITHIN_S)
    assert wall.small_texts() == []
    assert wall.cut_texts() == []
    assert wall.script(_MET) == []
    for name in names:
        alarm = alarm_of(house, name)
        house.post(f"/alarms/{alarm['id']}/acknowledge", {"by": "Trực ban"})
    eventually(lambda: wall.stage() == "none", LEFT_WITHIN_S, "all are answered")


def test_one_that_has_waited_for_long_stands_in_the_red_band_of_every_page(
    wall: WallPage, house: House, panel: Panel
) -> None:
    old = panel.reading(f"{panel.name}-1", "alarm", WARD)
    panel.publish({**old, "time": (clock.now() - timedelta(minutes=4)).isoformat()})
    alarm = alarm_of(house, f"{panel.name}-1")
    for page in ("overview", "services", "incidents"):
        opened(wall, house, f"?page={page}")
        wall.until_shown("[data-part=urgent]", SHOWN_WITHIN_S)
        assert wall.stage() == "none"
        assert "P. Phan Đình Phùng" in wall.text("[data-part=urgent]")
        assert "00:04:" in wall.text("[data-part=urgent] .time")
        assert wall.small_texts() == []
        assert wall.cut_texts() == []
    house.post(f"/alarms/{alarm['id']}/acknowledge", {"by": "Trực ban"})
    wall.until_gone("[data-part=urgent]", SHOWN_WITHIN_S)


def test_sound_waits_for_one_press_and_says_when_the_browser_blocks_it(
    house: House, panel: Panel, tmp_path: Path
) -> None:
    with wall_browser(tmp_path) as wall:
        opened(wall, house, "")
        assert not wall.shows("[data-part=sound]"), "no sign where nobody asked for sound"
        opened(wall, house, "?sound=on")
        wall.until(lambda: wall.data("[data-part=sound]", "sound") == "off", "a button")
        assert wall.text("[data-part=sound]") == "Bật âm thanh"
        wall.click("[data-part=sound]")
        wall.until(lambda: wall.data("[data-part=sound]", "sound") == "on", "sound")
        panel.alarm(f"{panel.name}-1", area=WARD)
        wall.until(lambda: wall.data("[data-part=sound]", "played") == "1", "its pattern")
        wall.press("KeyS")
        wall.until(lambda: wall.data("[data-part=sound]", "sound") == "silenced", "silence")
        opened(wall, house, "")  # a new page, and nobody has touched it
        wall.until(lambda: wall.data("[data-part=sound]", "sound") == "blocked", "blocked")
        wall.until(lambda: "bị trình duyệt chặn" in wall.band(), "a sentence that says so")
        assert wall.cut_texts() == []
