"""The seven pages of the wall in a browser: whole, large enough, true to the API, by turns."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from ioc import clock
from tests.acceptance.house import House, eventually
from tests.acceptance.wall_page import WallPage, wall_browser

PAGES = ("overview", "fire", "cameras", "citizens", "services", "sources", "incidents")
TICKET = {
    "specversion": "1.0",
    "id": "a-ticket",
    "source": "/desk",
    "type": "ioc.queue.ticket",
    "area": "05443",
    "data": {"office": "Phan Đình Phùng", "ticket": "A001", "action": "issued"},
}
SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
SHOWN_WITHIN_S = 10.0
#: A page stays for fifteen seconds, and the machine may be busy.
TURN_WITHIN_S = 40.0
LOADED_WITHIN_S = 30.0
#: It is said for twenty seconds.
DROPPED_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def wall(province_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WallPage]:
    """A browser before the province: its alarms are answered, those of the fire an incident."""
    alarms = province_house.get("/alarms", limit=1000)["alarms"]
    for alarm in alarms:
        province_house.post(f"/alarms/{alarm['id']}/acknowledge", {"by": "Trực ban"})
    fire = [alarm["id"] for alarm in alarms if alarm["priority"] <= 2]
    made = {"by": "Trực ban", "title": "Cháy khu chợ trung tâm", "alarms": fire}
    assert province_house.post("/incidents", made).status_code in {200, 201}
    # At night no desk of the province is open, and without one a page would be missing.
    assert "refused 0" in province_house.send([TICKET | {"time": clock.now().isoformat()}])
    with wall_browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(autouse=True)
def nothing_is_complained_about(wall: WallPage, province_house: House) -> Iterator[None]:
    yield
    assert wall.complaints() == []
    assert wall.hosts() == {urlsplit(province_house.url).netloc}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_small_and_no_cut_text(
    wall: WallPage, province_house: House, name: str, size: tuple[int, int]
) -> None:
    wall.resize(*size)
    wall.open_wall(province_house.url, f"?page={name}")
    wall.until_filled()
    assert wall.page() == name
    assert wall.small_texts() == []
    assert wall.cut_texts() == []
    assert wall.open_alarms("critical") is not None, "the header is the same on every page"
    assert wall.data("[data-part=takeover]", "stage") == "none"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_on_a_smaller_screen_from_the_same_distance(
    wall: WallPage, province_house: House, name: str
) -> None:
    wall.resize(*SIZES["1080p"])
    wall.open_wall(province_house.url, f"?page={name}&screen=55&distance=5")
    wall.until_filled()
    scale = wall.script("return document.documentElement.style.getPropertyValue('--wall-scale')")
    assert 1.1 < float(scale) < 1.2
    assert wall.cut_texts() == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_english_words(wall: WallPage, province_house: House, name: str) -> None:
    wall.resize(*SIZES["1080p"])
    wall.open_wall(province_house.url, f"?page={name}&lang=en")
    wall.until_filled()
    assert wall.cut_texts() == []
    assert "operations" in wall.driver.title
    assert wall.script("return document.documentElement.lang") == "en"


def opened(wall: WallPage, house: House, name: str) -> None:
    wall.resize(*SIZES["1080p"])
    wall.open_wall(house.url, f"?page={name}")
    wall.until_filled()


def test_fire_counts_devices_in_alarm_and_lists_their_alarms(
    wall: WallPage, province_house: House
) -> None:
    opened(wall, province_house, "fire")
    alarms = province_house.get("/alarms", source="fire", limit=1000)["alarms"]
    burning = {a["device"] for a in alarms if a["active"] and a["priority"] == 1}
    assert burning
    assert wall.value("[data-figure=fire-burning]") == len(burning)
    assert {row.id for row in wall.rows()} <= {alarm["id"] for alarm in alarms}
    assert wall.data("[data-chart=fire-day] svg", "points") == "24"
    devices = province_house.get("/overview")["sources"]["fire"]["devices"]
    assert wall.value("[data-figure=fire-silent]") == devices["silent"]


def test_cameras_are_counted_by_what_they_saw(wall: WallPage, province_house: House) -> None:
    opened(wall, province_house, "cameras")
    found = province_house.get("/series/by", metric="events", by="kind", source="camera", limit=30)
    smoke = next(row["n"] for row in found["rows"] if row["key"] == "smoke")
    assert wall.bar("smoke") == str(smoke)
    assert wall.bar("fire") != "", "what would be an alarm is named even when nobody saw it"
    devices = province_house.get("/overview")["sources"]["camera"]["devices"]
    assert wall.value(".heard") == devices["known"] - devices["silent"]


def test_reports_are_counted_by_state_and_category(wall: WallPage, province_house: House) -> None:
    opened(wall, province_house, "citizens")
    found = province_house.get("/reports/summary")
    assert wall.value("[data-figure=reports-open]") == found["open"]
    assert wall.value("[data-figure=reports-doing]") == found["in_progress"]
    alarms = province_house.get("/alarms", source="citizen", limit=1000)["alarms"]
    sos = sum(alarm["rule"] == "sos" for alarm in alarms)
    assert sos > 0
    assert wall.value("[data-figure=reports-sos]") == sos, "as many as the map and the bands have"
    assert wall.text("[data-cell=reports-sos] .unit") == "cảnh báo mở"
    assert wall.data("[data-cell=reports-sos] .tile-alarm", "priority") == "1"


def test_services_show_who_waits(wall: WallPage, province_house: House) -> None:
    opened(wall, province_house, "services")
    waiting = province_house.get("/overview")["queues"]["waiting"]
    assert wall.value("[data-figure=queue-waiting]") == waiting
    assert len(wall.texts(".desks .bar-line")) <= 6


def test_sources_stand_in_a_table_of_their_own(wall: WallPage, province_house: House) -> None:
    opened(wall, province_house, "sources")
    found = province_house.get("/sources")
    shown = wall.script(
        "return [...document.querySelectorAll('[data-source]')].map((e) => e.dataset.source)"
    )
    assert shown == [row["source"] for row in found["sources"]][:6]
    assert wall.data("[data-line=processing]", "value") == "healthy"


def test_an_incident_has_its_place_its_size_and_its_steps(
    wall: WallPage, province_house: House
) -> None:
    found = province_house.get("/incidents", state="open")["incidents"]
    opened(wall, province_house, "incidents")
    wall.until_shown(f"[data-incident='{found[0]['id']}'] .timeline li", SHOWN_WITHIN_S)
    words = wall.text(f"[data-incident='{found[0]['id']}']")
    assert f"VV-{found[0]['number']:04}" in words
    members = province_house.get(f"/incidents/{found[0]['id']}")["members"]
    devices = {one["alarm"]["device"][-6:] for one in members if one["alarm"]["device"]}
    assert any(device in words for device in devices), "a step says what was heard"
    assert "P. Phan Đình Phùng" in words
    assert wall.shows(".ring")


def test_two_pages_stand_side_by_side_on_an_ultra_wide_wall(
    wall: WallPage, province_house: House
) -> None:
    wall.resize(3840, 1080)
    wall.open_wall(province_house.url, "?page=overview,fire")
    wall.until_filled()
    assert wall.page() == "overview,fire"
    assert wall.shows("[data-page=overview]")
    assert wall.shows("[data-page=fire]")
    assert wall.small_texts() == []
    assert wall.cut_texts() == []
    assert wall.band() == ""
    wall.resize(1920, 1080)  # half as wide, and nobody said from how far it is read
    wall.until_whole()
    assert wall.band() == ""


def test_text_is_too_small_only_for_the_screen_and_the_distance_that_were_told(
    wall: WallPage, province_house: House
) -> None:
    wall.resize(*SIZES["1080p"])
    wall.open_wall(province_house.url, "?page=fire,services&screen=65")
    wall.until_filled()
    wall.until(lambda: wall.band() == "Màn hình quá nhỏ cho khoảng cách 5 m.", "a sentence")
    for told in ("screen=98", "screen=65&distance=2"):
        wall.open_wall(province_house.url, f"?page=fire,services&{told}")
        wall.until_filled()
        assert wall.band() == "", told
        assert wall.cut_texts() == []


def test_pages_take_turns_and_the_ticks_say_which_of_how_many(
    wall: WallPage, province_house: House
) -> None:
    wall.resize(*SIZES["1080p"])
    wall.open_wall(province_house.url, "?page=sources&rotate=1")  # never under fifteen seconds
    wall.until_filled()
    assert wall.page() == "sources"
    stops = "return [...document.querySelectorAll('[data-stop]')].map((e) => e.dataset.stop)"
    # A page without anything to show is left out until its figures have come.
    wall.until(lambda: wall.script(stops) == list(PAGES), "every page", LOADED_WITHIN_S)
    assert wall.data("[data-stop=sources]", "now") == "true"
    nodes = "return document.getElementsByTagName('*').length"
    before = wall.script(nodes)
    eventually(lambda: wall.page() == "incidents", TURN_WITHIN_S, "the next page")
    assert wall.data("[data-stop=incidents]", "now") == "true"
    assert "Đang lấy" not in wall.text("[data-page=incidents] .body"), "it was asked for before"
    eventually(lambda: wall.page() == "overview", TURN_WITHIN_S, "the first page again")
    assert wall.script(nodes) < 2 * before, "pages are kept, not made anew"


def test_what_is_no_page_of_ours_is_the_overview(wall: WallPage, province_house: House) -> None:
    wall.open_wall(province_house.url, "?page=%3Cscript%3E&rotate=x&screen=-5&lang=fr")
    wall.until_live()
    wall.until(lambda: wall.page() == "overview", "the overview")
    assert not wall.shows(".ticks")
    assert wall.text("[data-part=dropped]").endswith("đã bỏ: page, rotate, screen, lang.")
    assert wall.cut_texts() == []
    wall.until_gone("[data-part=dropped]", DROPPED_WITHIN_S)
