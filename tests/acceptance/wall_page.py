"""The wall in a headless Chromium: how to open one, and what can be read from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.browser import LOADED_WITHIN_S, Page, browser

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
#: Every word that is drawn must be inside of all that clips it: half a line cannot be read, and
#: what is pushed off the screen is missed. Titles may end in "…"; whole words of a line may step
#: aside.
_CUT = """
const SIDE = 1.5;
const stepsAside = (e) => e.matches('.word-line, .words, .stage-rest');
function fault(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const size = parseFloat(getComputedStyle(node.parentElement).fontSize);
  for (const text of range.getClientRects()) {
    // The box of a letter is higher than its ink: accents stand in it, empty lines do not.
    const [top, bottom] = [text.top + 0.15 * size, text.bottom - 0.2 * size];
    const found = clipped({ top, bottom, left: text.left, right: text.right }, node.parentElement);
    if (found) return found;
  }
  return '';
}
function clipped({ top, bottom, left, right }, parent) {
  let isEnded = false; // by "…"
  for (let e = parent; e; e = e.parentElement) {
    const style = getComputedStyle(e);
    if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
    const box = e.getBoundingClientRect();
    isEnded ||= style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none';
    const isAway = top >= box.bottom || bottom <= box.top;
    if (isAway && (stepsAside(e) || style.webkitLineClamp !== 'none')) return '';
    const isBeside = right > box.right + SIDE || left < box.left - SIDE;
    if (!isEnded && isBeside) return `beside ${e.className}`;
    if (bottom > box.bottom || top < box.top) return `cut by ${e.className}`;
  }
  const isBeside = !isEnded && (right > innerWidth + SIDE || left < -SIDE);
  return isBeside || bottom > innerHeight || top < 0 ? 'off the screen' : '';
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const cut = [];
while (walker.nextNode()) {
  const { currentNode: node } = walker;
  const { parentElement: element } = node;
  if (!node.textContent.trim() || element.closest('svg, .spoken')) continue;
  if (!element.checkVisibility({ visibilityProperty: true })) continue;
  // The stage lies over the page: what is under it is seen by nobody.
  if (element.closest('.page') && document.querySelector('.takeover:not([hidden])')) continue;
  const found = fault(node);
  if (found) cut.push(`${element.className || element.tagName} "${node.textContent}": ${found}`);
}
const room = document.documentElement;
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


class WallPage(Page):
    """What a person in front of the wall can see, by the page's data hooks."""

    def open_wall(self, base_url: str, query: str = "") -> None:
        """Open `/wall` of a server."""
        self.open(f"{base_url}/wall{query}")

    def until_filled(self) -> None:
        """Wait until the wall is live and everything that it asked for has come."""
        self.until_live()
        self.until(lambda: self.root("pending") == "0", "every figure", within_s=LOADED_WITHIN_S)

    def page(self) -> str:
        """Return which page is shown; two side by side with a comma."""
        return self.root("page")

    def stage(self) -> str:
        """Return what has the stage: none, one or list."""
        return self.data("[data-part=takeover]", "stage")

    def bar(self, key: str) -> str:
        """Return the text beside a bar."""
        return self.text(f"[data-bar='{key}'] .bar-text")

    def condition(self) -> str:
        """Return loading, live, stale or lost."""
        return self.root("condition")

    def is_stale(self) -> bool:
        return self.root("stale") == "true"

    def band(self) -> str:
        """Return the words of the band under the header, '' when there is none."""
        return self.text("[data-part=band]")

    def rows(self) -> list[Row]:
        """Return the alarms in view, most urgent first."""
        found = self.script(
            "return [...document.querySelectorAll('[data-alarm]')]"
            ".filter((e) => e.offsetParent).map((e) => "
            "[e.dataset.alarm, Number(e.dataset.priority), e.dataset.state, e.innerText])"
        )
        return [Row(*row) for row in found]

    def figure(self, tile: str) -> int | None:
        """Return a tile's figure (camera, fire, citizen, queue); None while it is not known."""
        return self.value(f".figure[data-figure='{tile}']")

    def line(self, tile: str, line: str) -> int | None:
        """Return a detail of a tile: silent, overdue, sos, waiting."""
        return self.value(f"[data-tile='{tile}'] [data-line='{line}']")

    def open_alarms(self, severity: str) -> int | None:
        """Return the header's count of a severity."""
        return self.value(f".counts [data-figure='{severity}']")

    def tile_state(self, tile: str) -> str:
        """Return loading, healthy, silent or unknown."""
        return self.data(f"[data-tile='{tile}']", "state")

    def priority_on_map(self, area: str) -> int | None:
        """Return the worst open priority of a commune on the map."""
        shown = f"section:not([hidden]) .commune[data-area='{area}']"
        value = self.data(shown, "priority")
        return int(value) if value else None

    def communes(self) -> int:
        """Return how many communes the map has drawn."""
        count = "document.querySelectorAll('[data-page=overview] .commune[d]').length"
        return int(self.script(f"return {count}"))

    def colour_spread_max(self) -> int:
        """Return the largest difference of two channels of one pixel: below 41 is grey."""
        picture = "data:image/png;base64," + self.driver.get_screenshot_as_base64()
        # A data: address may not be fetched under the page's own policy, so on a page without one.
        wall = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        try:
            return int(self.script(_SPREAD_MAX, picture))
        finally:
            self.driver.close()
            self.driver.switch_to.window(wall)

    def small_texts(self) -> list[str]:
        """Return texts under 44 units."""
        return list(self.script(_SMALL_TEXTS))

    def cut_texts(self) -> list[str]:
        """Return words that are cut or outside the screen, with how, and scroll bars."""
        return list(self.script(_CUT))

    def until_whole(self) -> None:
        """Wait until nothing is cut; a page that was resized is drawn anew within a second."""
        cut: list[str] = []

        def is_whole() -> bool:
            cut[:] = self.cut_texts()
            return cut == []

        with suppress(AssertionError):
            self.until(is_whole, "a whole page")
        assert cut == []

    def value(self, selector: str) -> int | None:
        """Return the number that an element shows; None while it is not known."""
        value = self.data(selector, "value")
        return int(float(value)) if value else None


@contextmanager
def wall_browser(profile: Path) -> Iterator[WallPage]:
    """Start a Chromium with an empty `profile` folder; a skip without one, a failure in CI."""
    with browser(profile) as page:
        yield WallPage(page.driver)
