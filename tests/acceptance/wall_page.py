"""The wall in a headless Chromium: how to open one, and what can be read from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_SPREAD_MAX = """
const image = await createImageBitmap(await (await fetch(arguments[0])).blob());
const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
canvas.drawImage(image, 0, 0);
const { data } = canvas.getImageData(0, 0, image.width, image.height);
let worst = 0;
for (let i = 0; i < data.length; i += 4) {
  const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
  worst = Math.max(worst, Math.max(r, g, b) - Math.min(r, g, b));
}
return worst;
"""
_SMALL_TEXTS = """
const unit = innerHeight / 1080;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const small = [];
while (walker.nextNode()) {
  const { parentElement: element, textContent: text } = walker.currentNode;
  const size = parseFloat(getComputedStyle(element).fontSize) / unit;
  if (text.trim() && size < 43.99) small.push(`${text}: ${size}`);
}
return small;
"""
_CUT = """
const room = document.documentElement;
const cut = [...document.querySelectorAll(
  '.place, .time, .more, .clock, .date, .where, .counts li, .figure, .unit, .lines p, .plate p')]
  .filter((e) => e.offsetParent && (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
    || e.getBoundingClientRect().right > innerWidth + 1
    || e.getBoundingClientRect().bottom > innerHeight + 1))
  .map((e) => `${e.className}: ${e.textContent}`);
if (room.scrollHeight > innerHeight || room.scrollWidth > innerWidth) cut.push('scrolls');
return cut;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One alarm as it is drawn."""

    id: str
    priority: int
    state: str
    text: str


class WallPage:
    """What a person in front of the wall can see, by the page's data hooks."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, base_url: str, query: str = "") -> None:
        """Open `/wall` of a server."""
        self.driver.get(f"{base_url}/wall{query}")

    def condition(self) -> str:
        """Return loading, live, stale or lost."""
        return self._root("condition")

    def is_stale(self) -> bool:
        return self._root("stale") == "true"

    def band(self) -> str:
        """Return the words of the band under the header, '' when there is none."""
        return self.driver.find_element(By.CSS_SELECTOR, "[data-part=band]").text

    def rows(self) -> list[Row]:
        """Return the alarms in view, most urgent first."""
        found = self.driver.execute_script(
            "return [...document.querySelectorAll('[data-alarm]')].map((e) => "
            "[e.dataset.alarm, Number(e.dataset.priority), e.dataset.state, e.innerText])"
        )
        return [Row(*row) for row in found]

    def figure(self, tile: str) -> int | None:
        """Return a tile's figure (camera, fire, citizen, queue); None while it is not known."""
        return self._value(f".figure[data-figure='{tile}']")

    def line(self, tile: str, line: str) -> int | None:
        """Return a detail of a tile: silent, overdue, sos, waiting."""
        return self._value(f"[data-tile='{tile}'] [data-line='{line}']")

    def open_alarms(self, severity: str) -> int | None:
        """Return the header's count of a severity."""
        return self._value(f".counts [data-figure='{severity}']")

    def tile_state(self, tile: str) -> str:
        """Return loading, healthy, silent or unknown."""
        return self._attribute(f"[data-tile='{tile}']", "data-state")

    def priority_on_map(self, area: str) -> int | None:
        """Return the worst open priority of a commune on the map."""
        value = self._attribute(f".commune[data-area='{area}']", "data-priority")
        return int(value) if value else None

    def communes(self) -> int:
        """Return how many communes the map has drawn."""
        return len(self.driver.find_elements(By.CSS_SELECTOR, ".commune[d]"))

    def chart_points(self, tile: str) -> int:
        """Return how many minutes a tile's chart has drawn."""
        return int(self._attribute(f"[data-tile='{tile}'] .spark", "data-points") or 0)

    def colour_spread_max(self) -> int:
        """Return the largest difference of two channels of one pixel: below 41 is grey."""
        picture = "data:image/png;base64," + self.driver.get_screenshot_as_base64()
        # A data: address may not be fetched under the page's own policy, so on a page without one.
        wall = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        try:
            return int(self.driver.execute_script(_SPREAD_MAX, picture))
        finally:
            self.driver.close()
            self.driver.switch_to.window(wall)

    def small_texts(self) -> list[str]:
        """Return texts under 44 units."""
        return list(self.driver.execute_script(_SMALL_TEXTS))

    def cut_texts(self) -> list[str]:
        """Return places, times and figures that are cut or outside the screen, and scroll bars."""
        return list(self.driver.execute_script(_CUT))

    def complaints(self) -> list[str]:
        """Return what the browser complained about: script errors, refused by policy."""
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in log]

    def _root(self, name: str) -> str:
        return self._attribute("html", f"data-{name}")

    def _attribute(self, selector: str, name: str) -> str:
        value = self.driver.find_element(By.CSS_SELECTOR, selector).get_attribute(name)
        return value or ""

    def _value(self, selector: str) -> int | None:
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        value = found[0].get_attribute("data-value") if found else None
        return int(value) if value else None


@contextmanager
def wall_browser(profile: Path, width: int = 1920, height: int = 1080) -> Iterator[WallPage]:
    """Start a Chromium with an empty `profile` folder; a skip without one, a failure in CI."""
    chromium, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver_path is None:
        if os.getenv("CI"):
            pytest.fail("no chromium and chromedriver on this machine, and CI needs them")
        pytest.skip("no chromium and chromedriver on this machine: the wall is not looked at")
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=ChromeService(driver_path))
    try:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        yield WallPage(driver)
    finally:
        driver.quit()
