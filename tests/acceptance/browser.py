"""A headless Chromium that looks at our pages as a person does, and hears every complaint of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.acceptance.house import eventually

T = TypeVar("T")

SHOWN_WITHIN_S = 10.0
LOADED_WITHIN_S = 30.0
FULL_HD = (1920, 1080)
AXE = Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js"
#: WCAG 2.2 A and AA; what axe calls best practice is not asked for.
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--mute-audio",
)
#: `code` of a key -> what it types and its number on Windows, which CDP wants for each.
_KEYS: dict[str, tuple[str, int]] = {
    "Enter": ("Enter", 13),
    "Escape": ("Escape", 27),
    "Tab": ("Tab", 9),
    "Space": (" ", 32),
    "Backspace": ("Backspace", 8),
    "Delete": ("Delete", 46),
    "ArrowLeft": ("ArrowLeft", 37),
    "ArrowUp": ("ArrowUp", 38),
    "ArrowRight": ("ArrowRight", 39),
    "ArrowDown": ("ArrowDown", 40),
    "PageUp": ("PageUp", 33),
    "PageDown": ("PageDown", 34),
    "End": ("End", 35),
    "Home": ("Home", 36),
    "Slash": ("/", 191),
    "Minus": ("-", 189),
    "Equal": ("=", 187),
    "F10": ("F10", 121),
    **{f"Key{letter}": (letter.lower(), ord(letter)) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{f"Digit{digit}": (digit, ord(digit)) for digit in "0123456789"},
}
_SHIFTED = {"Slash": "?", "Equal": "+"}
_MODIFIERS = {"Alt": 1, "Ctrl": 2, "Shift": 8}
_AXE_RUN = """
const [tags, done] = [arguments[0], arguments[arguments.length - 1]];
axe.run(document, { runOnly: { type: 'tag', values: tags } }).then(
  ({ violations }) => done(violations.flatMap(({ id, impact, nodes }) => nodes.map(
    ({ target, failureSummary }) => `${impact} ${id}: ${target.join(' ')}: ${failureSummary}`))),
  (error) => done([`axe failed: ${error}`]));
"""


class Page:
    """One tab. What can be known of it is read from its data hooks, never from its styles."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self._hosts: set[str] = set()

    # -- going and looking ---------------------------------------------------------------------

    def open(self, url: str) -> None:
        """Open an address."""
        self.driver.get(url)

    def root(self, name: str) -> str:
        """Return a data attribute of the whole page: condition, stale, loaded, position."""
        return self.data("html", name)

    def data(self, selector: str, name: str) -> str:
        """Return a data attribute of the first that matches, '' without one."""
        return str(
            self.driver.execute_script(
                "return document.querySelector(arguments[0])?.dataset[arguments[1]] ?? ''",
                selector,
                name,
            )
        )

    def texts(self, selector: str) -> list[str]:
        """Return the words of all that match and are drawn."""
        return list(
            self.driver.execute_script(
                "return [...document.querySelectorAll(arguments[0])]"
                ".filter((e) => e.checkVisibility()).map((e) => e.innerText)",
                selector,
            )
        )

    def text(self, selector: str) -> str:
        """Return the words of the first that matches and is drawn, '' without one."""
        return next(iter(self.texts(selector)), "")

    def shows(self, selector: str) -> bool:
        """Return whether something that matches is drawn."""
        return bool(
            self.driver.execute_script(
                "return [...document.querySelectorAll(arguments[0])]"
                ".some((e) => e.checkVisibility())",
                selector,
            )
        )

    def script(self, source: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(source, *arguments)

    def until(self, look: Callable[[], T | None], message: str, within_s: float = 0) -> T:
        """Wait until something can be seen; elements that were just redrawn are looked at again."""

        def again() -> T | None:
            try:
                return look()
            except StaleElementReferenceException:
                return None

        return eventually(again, within_s or SHOWN_WITHIN_S, message)

    def until_shown(self, selector: str, within_s: float = 0) -> None:
        """Wait until something that matches is drawn."""
        self.until(lambda: self.shows(selector), f"{selector} shown", within_s)

    def until_gone(self, selector: str, within_s: float = 0) -> None:
        """Wait until nothing that matches is drawn."""
        self.until(lambda: not self.shows(selector), f"{selector} gone", within_s)

    def until_live(self) -> None:
        """Wait until the page says that its figures can be believed."""
        self.until(
            lambda: self.root("condition") == "live", "a live page", within_s=LOADED_WITHIN_S
        )

    # -- acting --------------------------------------------------------------------------------

    def element(self, selector: str) -> WebElement:
        """Return the first that matches."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        """Click on the first that matches, once it is drawn."""
        self.until_shown(selector)
        # What is redrawn under the hand is clicked on where it is then.
        self.until(lambda: self._clicked(selector), f"a click on {selector}")

    def _clicked(self, selector: str) -> bool:
        self.element(selector).click()
        return True

    def press(self, *keys: str) -> None:
        """Press keys by their place on the keyboard: `KeyX`, `Shift+Slash`, `Ctrl+KeyK`."""
        for key in keys:
            *held, code = key.split("+")
            modifiers = sum(_MODIFIERS[name] for name in held)
            typed, number = _KEYS[code]
            if "Shift" in held:
                typed = _SHIFTED.get(code, typed.upper() if len(typed) == 1 else typed)
            event: dict[str, Any] = {
                "code": code,
                "key": typed,
                "windowsVirtualKeyCode": number,
                "modifiers": modifiers,
            }
            text = "\r" if code == "Enter" else typed if len(typed) == 1 else ""
            is_text = bool(text) and not modifiers & (_MODIFIERS["Ctrl"] | _MODIFIERS["Alt"])
            kind = "keyDown" if is_text else "rawKeyDown"
            down = {**event, "type": kind, **({"text": text} if is_text else {})}
            self.cdp("Input.dispatchKeyEvent", **down)
            self.cdp("Input.dispatchKeyEvent", **event, type="keyUp")

    def type(self, text: str) -> None:
        """Write text where the focus is, as an input method hands it over."""
        self.cdp("Input.insertText", text=text)

    def focused(self) -> str:
        """Return what has the focus, as `tag#id[data-…]`, to compare and to read in a failure."""
        return str(
            self.script(
                "const e = document.activeElement; return e.tagName.toLowerCase()"
                " + (e.id ? '#' + e.id : '')"
                " + Object.entries(e.dataset).map(([k, v]) => `[${k}=${v}]`).join('')"
            )
        )

    # -- what the browser says -----------------------------------------------------------------

    def complaints(self) -> list[str]:
        """Return what the browser complained about since the last time: errors, refusals."""
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in log]

    def hosts(self) -> set[str]:
        """Return every host that was asked for anything, answered or not."""
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(entry["message"])["message"]
            if message["method"] in {"Network.requestWillBeSent", "Network.webSocketCreated"}:
                params = message["params"]
                url = params["request"]["url"] if "request" in params else params["url"]
                parts = urlsplit(url)
                if parts.scheme in {"http", "https", "ws", "wss"}:
                    self._hosts.add(parts.netloc)
        return set(self._hosts)

    def axe(self) -> list[str]:
        """Return what axe-core finds against WCAG 2.2 A and AA on the page as it is drawn now."""
        self.cdp("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        found: list[str] = self.driver.execute_async_script(_AXE_RUN, list(AXE_TAGS))
        return found

    # -- the machine around it -----------------------------------------------------------------

    def resize(self, width: int, height: int, scale: float = 1) -> None:
        """Give the page another size; `scale` is the browser's zoom."""
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=round(width / scale),
            height=round(height / scale),
            deviceScaleFactor=scale,
            mobile=False,
        )

    def prefer(self, **features: str) -> None:
        """Set what the person prefers: `prefers_reduced_motion="reduce"`; nothing: no wish."""
        wishes = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        self.cdp("Emulation.setEmulatedMedia", features=wishes)

    def cdp(self, method: str, **parameters: Any) -> Any:
        """Ask the browser itself."""
        return self.driver.execute_cdp_cmd(method, parameters)


@contextmanager
def browser(
    profile: Path, size: tuple[int, int] = FULL_HD, *, hears_network: bool = True
) -> Iterator[Page]:
    """Start a Chromium with an empty `profile` folder; a skip without one, a failure in CI.

    `hears_network`: needed for `hosts`; it keeps every message of a live view until asked for.
    """
    chromium, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver_path is None:
        if os.getenv("CI"):
            pytest.fail("no chromium and chromedriver on this machine, and CI needs them")
        pytest.skip("no chromium and chromedriver on this machine: no page is looked at")
    options = ChromeOptions()
    options.binary_location = chromium
    width, height = size
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    heard = {"browser": "ALL"} | ({"performance": "ALL"} if hears_network else {})
    options.set_capability("goog:loggingPrefs", heard)
    if hears_network:
        options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True})
    driver = Chrome(options=options, service=ChromeService(driver_path))
    try:
        page = Page(driver)
        page.resize(width, height)
        yield page
    finally:
        driver.quit()
