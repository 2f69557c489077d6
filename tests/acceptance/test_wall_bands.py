"""Under the red band and without a connection every page of the wall is still whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ioc import clock
from tests.acceptance.house import House, eventually
from tests.acceptance.panel import Panel
from tests.acceptance.wall_page import WallPage, wall_browser

PAGES = ("overview", "fire", "cameras", "citizens", "services", "sources", "incidents")
SIZES = ((1920, 1080), (3840, 2160))
PAIRS = ("fire,services", "overview,citizens")
WARD = "05443"
WAITING = 4
INCIDENTS = 5
SHOWN_WITHIN_S = 10.0
#: A clock that jumps is a machine that slept: nothing is believed until the next snapshot.
_SLEEP = "const now = Date.now; Date.now = () => now() + 60_000"


@pytest.fixture(scope="module")
def wall(province_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WallPage]:
    """A browser before the province, where fire alarms have waited for four minutes."""
    house = province_house
    for n, alarm in enumerate(house.get("/alarms", limit=1000)["alarms"]):
        house.post(f"/alarms/{alarm['id']}/acknowledge", {"by": "Trực ban"})
        if n < INCIDENTS:
            made = {"by": "Trực ban", "title": f"Cháy chợ, dãy {n}", "alarms": [alarm["id"]]}
            assert house.post("/incidents", made).status_code in {200, 201}
    with Panel(house.kafka, "bands") as panel:
        for n in range(WAITING):
            sent = panel.reading(f"bands-{n}", "alarm", WARD)
            panel.publish({**sent, "time": (clock.now() - timedelta(minutes=4)).isoformat()})
    waiting: dict[str, str | int] = {
        "state": "unacknowledged",
        "source": "fire",
        "limit": 1000,
    }
    eventually(
        lambda: len(house.get("/alarms", **waiting)["alarms"]) == WAITING,
        SHOWN_WITHIN_S,
        "the alarms that wait",
    )
    with wall_browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


def opened(wall: WallPage, house: House, query: str) -> None:
    wall.open_wall(house.url, query)
    wall.until_filled()
    wall.until_shown("[data-part=urgent]", SHOWN_WITHIN_S)


def lose_the_connection(wall: WallPage) -> None:
    wall.cdp("Network.enable")
    wall.cdp("Network.setBlockedURLs", urls=["*/api/*"])
    wall.script(_SLEEP)
    eventually(wall.is_stale, SHOWN_WITHIN_S, "a stale wall")
    assert wall.shows("[data-part=band]")
    assert wall.shows("[data-part=urgent]")


@pytest.fixture(autouse=True)
def connection_comes_back(wall: WallPage) -> Iterator[None]:
    yield
    wall.cdp("Network.setBlockedURLs", urls=[])
    wall.complaints()  # what was blocked was missed, and the browser says so


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_under_the_red_band_and_without_a_connection(
    wall: WallPage, province_house: House, name: str, lang: str
) -> None:
    wall.resize(*SIZES[0])
    opened(wall, province_house, f"?page={name}&lang={lang}")
    assert wall.cut_texts() == []
    lose_the_connection(wall)
    for size in SIZES:
        wall.resize(*size)
        wall.until_whole()
        assert wall.small_texts() == []


@pytest.mark.parametrize("query", [f"?page={pair}" for pair in PAIRS])
def test_two_pages_are_whole_under_the_bands(
    wall: WallPage, province_house: House, query: str
) -> None:
    wall.resize(3840, 1080)
    opened(wall, province_house, query)
    lose_the_connection(wall)
    for size in ((3840, 1080), (1920, 1080)):
        wall.resize(*size)
        wall.until_whole()
