"""The console's charts on a real house: drawn is what the API says, and silence is no zero."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from ioc import clock
from ioc.clock import LOCAL_ZONE
from tests.acceptance.browser import Page, browser
from tests.acceptance.conftest import embedded_broker, new_database, open_house
from tests.acceptance.house import House, eventually

MINUTE = timedelta(minutes=1)
SPOKE = timedelta(minutes=10)
#: The sources speak for ten minutes, are silent for half an hour, and speak again.
FIRST, AGAIN = timedelta(minutes=60), timedelta(minutes=20)
WEEK = timedelta(days=7)
CHART = "[data-chart=series]"
MARKS = {"silent": "Nguồn im lặng", "unfinished": "Chưa hết bước", "value": "", "future": ""}


class World:
    """A house, and the minute at which its story began."""

    def __init__(self, house: House, start: datetime) -> None:
        self.house = house
        self.start = start

    def address(self, **query: str) -> str:
        return f"{self.house.url}/console?{urlencode({'page': 'charts', **query})}"

    def span(self, before: timedelta, after: timedelta) -> dict[str, str]:
        """Return a range around the beginning of the story, as an address writes it."""
        ends = (self.start - before, self.start + after)
        local = [at.astimezone(LOCAL_ZONE).isoformat(timespec="minutes") for at in ends]
        return {"from": local[0], "to": local[1]}


@pytest.fixture(scope="module")
def world(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("house-charts")
    with ExitStack() as stack:
        broker = embedded_broker(stack, folder / "broker")
        url = new_database(postgres_url, "house_charts")
        built = open_house(stack, House(folder, broker.address, url, broker.log_id))
        start = clock.now().replace(second=0, microsecond=0) - FIRST
        for begin in (start, start + FIRST - AGAIN, *(start - week * WEEK for week in range(1, 5))):
            done = built.ioc(
                *("simulate", "--scenario", "quiet-day", "--seed", str(begin.day), "--rate", "3"),
                *("--start", begin.isoformat(), "--duration", str(SPOKE.total_seconds())),
            )
            assert done.returncode == 0, done.stderr
        last = start + FIRST - AGAIN
        eventually(
            lambda: built.count("events", f"time >= '{last.isoformat()}'") > 300, 60, "the events"
        )
        eventually(lambda: built.get("/overview")["processing"]["lag_s"] < 5, 60, "all counted")
        yield World(built, start)


@pytest.fixture(scope="module")
def page(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(page: Page, world: World) -> Iterator[None]:
    yield
    assert page.complaints() == []
    assert page.hosts() <= {urlsplit(world.house.url).netloc}


def visit(page: Page, address: str, loaded: str) -> None:
    page.open(address)
    page.until_live()
    page.until_shown(f'{CHART}[data-loaded="{loaded}"] canvas', within_s=20)


def table(page: Page) -> list[tuple[str, list[str]]]:
    """Return each line of the opened table: what it is, and its cells."""
    if not page.shows("[data-part=table] table"):
        page.click("[data-command=table]")
        page.until_shown("[data-part=table] tbody tr")
    found: list[list[Any]] = page.script(
        "return [...document.querySelectorAll('[data-part=table] tbody tr')]"
        ".map((line) => [line.dataset.kind, [...line.cells].map((cell) => cell.innerText)])"
    )
    return [(kind, cells) for kind, cells in found]


def number(n: float | None) -> str:
    return "—" if n is None else f"{n:,}".replace(",", ".")


def test_the_table_is_the_series_and_silence_is_no_zero(page: Page, world: World) -> None:
    span = world.span(timedelta(0), timedelta(minutes=45))
    visit(page, world.address(source="camera", step="1m", **span), "events 1m")
    found = world.house.get("/series", source="camera", step="1m", compare="true", **span)
    (gap,) = [
        each for each in found["gaps"] if each["from"] >= world.start.strftime("%Y-%m-%dT%H:%M")
    ]
    silent = [
        point for point in found["points"] if gap["from"] <= point["t"] and point["t"] < gap["to"]
    ]
    assert len(silent) > 15
    assert page.data(CHART, "gaps") == str(len(found["gaps"]))
    lines = table(page)
    assert len(lines) == len(found["points"]) == 45
    for (kind, cells), point in zip(lines, found["points"], strict=True):
        is_silent = point in silent
        assert kind == ("silent" if is_silent else "value"), cells
        assert cells[1] == ("—" if is_silent else number(point["n"]))
        assert cells[2:5] == [number(point[name]) for name in ("week_ago", "low", "high")]
        assert cells[5] == MARKS[kind]
    assert sum(kind == "value" for kind, _ in lines) >= 10
    foot = page.text("[data-part=foot]")
    assert foot.startswith("tính đến ")
    assert f"{number(found['late'])} sự kiện đến muộn" in foot
    assert f"thiếu {len(silent)} phút" in foot
    assert page.shows('[data-key="gap"]')


def test_four_weeks_are_a_band_and_without_them_it_is_said(page: Page, world: World) -> None:
    visit(page, world.address(source="camera", **world.span(timedelta(0), SPOKE)), "events 1m")
    assert page.shows('[data-key="band"]')
    assert page.shows('[data-key="week"]')
    early = {"from": "2026-01-01", "to": "2026-01-02"}
    visit(page, world.address(source="camera", **early), "events 5m")
    assert page.texts('[data-key="few"]') == ["Chưa đủ số liệu để so sánh: cần 3 tuần, mới có 0."]
    assert not page.shows('[data-key="band"]')
    assert {kind for kind, _ in table(page)} == {"silent"}


def test_a_step_that_goes_on_is_told_from_one_that_is_over(page: Page, world: World) -> None:
    visit(page, world.address(span="1h", metric="issued"), "issued 1m")
    kinds = [kind for kind, _ in table(page)]
    assert kinds.count("unfinished") + kinds.count("silent") >= 1
    visit(page, world.address(span="24h", step="1d"), "events 1d")
    assert table(page)[-1][0] == "unfinished"
    assert page.shows('[data-key="unfinished"]')


def test_every_step_is_read_by_keyboard_and_a_part_is_zoomed_and_left(
    page: Page, world: World
) -> None:
    span = world.span(timedelta(0), timedelta(minutes=45))
    visit(page, world.address(source="camera", **span), "events 1m")
    before = page.driver.current_url
    page.script(f"document.querySelector('{CHART}').focus()")
    page.press("Home")
    started = int(world.start.timestamp() * 1000)
    assert page.data("[data-part=value]", "t") == str(started)
    page.press("ArrowRight", "ArrowRight")
    assert page.data("[data-part=value]", "t") == str(started + 120_000)
    found = world.house.get("/series", source="camera", step="1m", compare="true", **span)
    said = page.text("[data-part=value]")
    n = found["points"][2]["n"]
    assert f": {number(n)} " in said
    assert "4 tuần" in said
    page.press("End")
    page.until(lambda: page.data("[data-part=value]", "kind") in MARKS, "the last step")
    page.press("Home", *["Shift+ArrowRight"] * 4, "Enter")
    page.until(lambda: page.driver.current_url != before, "the part in the address")
    page.until(lambda: page.data(CHART, "points") == "5", "five minutes")
    page.press("Escape")
    page.until(lambda: page.driver.current_url == before, "the whole again")
    page.until(lambda: page.data(CHART, "points") == "45", "all of it")


def test_a_part_is_zoomed_by_dragging(page: Page, world: World) -> None:
    span = world.span(timedelta(0), timedelta(minutes=40))
    visit(page, world.address(source="camera", **span), "events 1m")
    box = page.script(
        f"const b = document.querySelector('{CHART} .u-over').getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height]"
    )
    left, y, width = box[0], box[1] + box[3] / 2, box[2]
    press = {"button": "left", "clickCount": 1, "y": y}
    page.cdp("Input.dispatchMouseEvent", type="mousePressed", x=left + width * 0.1, **press)
    for share in (0.2, 0.3):
        place = {"x": left + width * share, "y": y, "button": "left", "buttons": 1}
        page.cdp("Input.dispatchMouseEvent", type="mouseMoved", **place)
    page.cdp("Input.dispatchMouseEvent", type="mouseReleased", x=left + width * 0.3, **press)
    page.until(lambda: page.data(CHART, "points") in {"8", "9", "10"}, "a fifth of it")


def test_the_file_is_what_the_table_shows(page: Page, world: World) -> None:
    span = world.span(MINUTE, SPOKE)
    visit(page, world.address(source="camera", **span), "events 1m")
    link = page.script("return document.querySelector('a[data-command=csv]').href")
    answer = httpx.get(link)
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    shown = [cells[1] for kind, cells in table(page)]
    assert [number(int(line["events"])) for line in lines if line["silent"] == "0"] == [
        text for text in shown if text != "—"
    ]
    assert lines[0]["time"].endswith("+07:00")


def test_choices_stand_in_the_address_and_the_address_chooses(page: Page, world: World) -> None:
    visit(page, world.address(), "events 5m")
    page.click("[data-command=choose-7d]")
    page.until_shown(f'{CHART}[data-loaded="events 1h"]')
    assert "span=7d" in page.driver.current_url
    page.click("[data-command=choose-1d]")
    page.until_shown(f'{CHART}[data-loaded="events 1d"]')
    assert "step=1d" in page.driver.current_url
    assert page.element("[data-command=choose-1m]").get_attribute("disabled")
    page.script(
        "const s = document.querySelector('select[name=metric]'); s.value = 'alarms';"
        " s.dispatchEvent(new Event('change', {bubbles: true}));"
    )
    page.until_shown(f'{CHART}[data-loaded="alarms 1d"]')
    page.open(page.driver.current_url)
    page.until_shown(f'{CHART}[data-loaded="alarms 1d"]', within_s=20)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_those_who_see_or_hear_badly(
    page: Page, world: World, theme: str
) -> None:
    span = world.span(timedelta(0), timedelta(minutes=45))
    visit(page, world.address(source="camera", theme=theme, **span), "events 1m")
    table(page)
    assert page.axe() == []
