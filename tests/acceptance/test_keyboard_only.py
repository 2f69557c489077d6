"""A shift of an operator who has no mouse: every command by its key, the focus never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.acceptance.alarm_list import AlarmListPage, Line
from tests.acceptance.browser import Page
from tests.acceptance.house import House

KEYMAP = Path(__file__).parents[2] / "api" / "web" / "js" / "keymap.js"
NAME = "Trần Văn Đức"
TABS = ("1", "2", "3", "4", "5")
#: Stops of the Tab key that are looked at: header, filters, list, panel, and round again.
STOPS = 60
#: Counts every press of a pointer, also one that a script makes.
_WATCH_POINTER = """
window.presses = 0;
for (const name of ['pointerdown', 'mousedown', 'touchstart']) {
  addEventListener(name, () => { window.presses += 1; }, true);
}
"""
_FOCUS = """
const e = document.activeElement;
const named = e.getAttribute('aria-activedescendant');
const seen = named ? document.getElementById(named) : e;
const box = seen?.getBoundingClientRect();
const style = getComputedStyle(e);
const middle = box && document.elementFromPoint(
  Math.min(innerWidth - 1, Math.max(0, box.left + box.width / 2)),
  Math.min(innerHeight - 1, Math.max(0, box.top + Math.min(box.height / 2, 12))));
return {
  what: `${e.tagName} ${e.className} ${JSON.stringify(e.dataset)}`,
  isPage: e === document.body,
  isVisible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 || Boolean(named),
  isInView: Boolean(box) && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
  isCovered: Boolean(middle) && !seen.contains(middle) && !middle.contains(seen),
};
"""


@pytest.fixture(scope="module")
def page(page: Page) -> Iterator[Page]:
    """The browser of the module, in which presses of the mouse are counted."""
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=_WATCH_POINTER)
    yield page
    assert page.complaints() == []


@pytest.fixture
def console(page: Page, province_house: House) -> Iterator[AlarmListPage]:
    """The list of alarms; nobody pressed anything but keys when the test is over."""
    console = AlarmListPage(page, province_house)
    page.open(f"{province_house.url}/console?page=alarms&theme=light")
    page.until_live()
    page.until(console.lines, "alarms")
    yield console
    assert page.script("return window.presses") == 0


def focused(console: AlarmListPage) -> Line:
    return console.page.until(
        lambda: next((line for line in console.lines() if line.focused), None), "a focused line"
    )


def state(console: AlarmListPage, alarm_id: str) -> str:
    return str(console.house.get(f"/alarms/{alarm_id}")["state"])


def tab_into(page: Page, selector: str) -> None:
    """Press Tab until the focus is inside."""
    inside = "return Boolean(document.activeElement.closest(arguments[0]))"
    for _ in range(STOPS):
        if page.script(inside, selector):
            return
        page.press("Tab")
    raise AssertionError(f"Tab does not lead into {selector}; the focus is on {page.focused()}")


def other_than(console: AlarmListPage, before: str | None) -> str | None:
    """Return the focused line once it is another one than before."""
    return next((line.id for line in console.lines() if line.focused and line.id != before), None)


def walk_to(console: AlarmListPage, alarm_id: str) -> None:
    """Press the arrow until the focus is on an alarm; it is drawn with the next frame."""
    at = next((line.id for line in console.lines() if line.focused), None)
    for _ in range(STOPS):
        console.page.press("ArrowDown")
        before = at
        at = console.page.until(lambda: other_than(console, before), "the focus moves on")  # noqa: B023
        if at == alarm_id:
            return
    raise AssertionError(f"the arrow does not lead to {alarm_id}")


def until_state(console: AlarmListPage, alarm_id: str, wanted: str) -> None:
    console.page.until(lambda: state(console, alarm_id) == wanted, f"{alarm_id} {wanted}")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.driver.current_url).query)


def test_the_first_move_asks_for_a_name_and_every_move_has_a_key(console: AlarmListPage) -> None:
    page = console.page
    page.script("localStorage.removeItem('ioc.operator')")
    page.press("ArrowDown")
    alarm = focused(console).id
    page.press("KeyX")
    page.until_shown("[data-dialog=ask]")
    page.type(NAME)
    page.press("Enter")
    until_state(console, alarm, "acknowledged")
    page.press("Shift+KeyX")
    until_state(console, alarm, "unacknowledged")
    page.press("KeyX")
    until_state(console, alarm, "acknowledged")
    page.press("KeyQ")
    until_state(console, alarm, "unacknowledged")
    page.press("KeyN")
    page.until(lambda: console.house.get(f"/alarms/{alarm}")["assignee"] == NAME, "taken")
    page.press("KeyP")
    page.until_shown("[data-dialog=assign]")
    page.type("Đội 2")
    page.press("Ctrl+Enter")
    page.until_gone("dialog")
    page.until(lambda: console.house.get(f"/alarms/{alarm}")["assignee"] == "Đội 2", "assigned")
    page.press("KeyC")
    page.until_shown("[data-dialog=comment]")
    page.type("đã gọi 114")
    page.press("Ctrl+Enter")
    page.until_gone("dialog")
    by = {line["by"] for line in console.house.get(f"/alarms/{alarm}/log")["log"][1:]}
    assert by == {NAME}


def test_an_alarm_is_shelved_taken_back_and_closed(console: AlarmListPage) -> None:
    page = console.page
    page.script("localStorage.setItem('ioc.operator', arguments[0])", NAME)
    page.press("ArrowDown", "End")
    alarm = focused(console).id
    page.press("KeyT")
    page.until_shown("[data-dialog=shelve]")
    page.press("ArrowDown", "Ctrl+Enter")  # the first reason, fifteen minutes
    page.until_gone("dialog")
    until_state(console, alarm, "shelved")
    page.open(f"{console.house.url}/console?page=alarms&state=shelved")
    console.until_line(alarm)
    walk_to(console, alarm)
    page.press("Shift+KeyT")
    page.until(lambda: state(console, alarm) != "shelved", "back from the shelf")
    page.press("KeyG", "KeyC")
    page.open(f"{console.house.url}/console?page=alarms")
    console.until_line(alarm)
    walk_to(console, alarm)
    page.press("KeyK")
    page.until_shown("[data-dialog=close]")
    page.press("Digit3", "Ctrl+Enter")
    page.until_gone("dialog")
    page.until(
        lambda: console.house.get(f"/alarms/{alarm}")["closing_code"] == "test", "closed as a test"
    )
    page.press("KeyR")
    page.until(lambda: console.line(alarm) is None, "out of the list")


def test_the_details_open_turn_and_close_and_the_focus_comes_back(console: AlarmListPage) -> None:
    page = console.page
    page.press("ArrowDown", "ArrowDown")
    alarm = focused(console).id
    page.press("Enter")
    page.until_shown("[data-keys=detail]")
    assert query(page)["open"] == [alarm]
    tab_into(page, "[data-keys=detail]")
    for tab in TABS:
        page.press(f"Digit{tab}")
        page.until_shown(f"[data-keys=detail][data-tab='{tab}']")
    page.press("KeyH")
    page.until(lambda: page.data("[data-keys=detail]", "tab") == "1", "the guidance")
    page.press("ArrowRight")
    page.until(lambda: query(page)["open"] != [alarm], "the next alarm")
    page.press("ArrowLeft")
    page.until(lambda: query(page)["open"] == [alarm], "the one before")
    page.press("Escape")
    page.until_gone("[data-keys=detail]")
    assert focused(console).id == alarm


def test_rows_are_chosen_filtered_and_searched(console: AlarmListPage) -> None:
    page = console.page
    page.press("ArrowDown", "Space", "Shift+ArrowDown")
    page.until(lambda: sum(line.selected for line in console.lines()) >= 2, "two chosen")
    page.press("Ctrl+KeyA")
    page.until(lambda: int(page.data("[data-part=chosen]", "count") or 0) > 2, "all of them")
    page.press("Escape")
    page.until(lambda: not any(line.selected for line in console.lines()), "none")
    page.press("Digit2")
    page.until(lambda: query(page).get("severity") == ["high"], "priority 2 alone")
    page.press("Digit0")
    page.until(lambda: "severity" not in query(page), "all again")
    page.press("Slash")
    assert "search" in page.focused()
    page.type("bao chay")
    page.until(lambda: query(page).get("q") == ["bao chay"], "searched")
    page.press("Escape", "Escape")
    page.until(lambda: "q" not in query(page), "not any more")
    page.press("KeyL")
    page.until_shown("[data-part=filters]")
    page.press("Escape")
    page.until_gone("[data-part=filters]")


def test_every_page_has_its_two_keys(console: AlarmListPage) -> None:
    page = console.page
    chords = re.findall(r"'?go_([a-z-]+)'?: .*?keys: \['KeyG (Key[A-Z])'\]", KEYMAP.read_text())
    there = set(
        page.script("return [...document.querySelectorAll('[data-nav]')].map((e) => e.dataset.nav)")
    )
    assert {name for name, _ in chords} >= there - {"charts"}
    for name, key in chords:
        if name in there:
            page.press("KeyG", key)
            page.until_shown(f"[data-part=main][data-page='{name}']")
    page.press("KeyG", "KeyR")
    page.until(lambda: urlsplit(page.driver.current_url).path == "/reports/daily", "the report")


def test_the_map_moves_by_keys(console: AlarmListPage) -> None:
    page = console.page
    page.press("KeyG", "KeyB")
    page.until_shown("[data-part=main][data-page=map] canvas")
    tab_into(page, "canvas")
    before = float(page.data("[data-zoom]", "zoom"))
    page.press("Shift+Equal")
    page.until(lambda: float(page.data("[data-zoom]", "zoom")) > before, "nearer")
    page.press("Minus", "Digit0", "ArrowLeft", "ArrowUp")
    page.until(lambda: float(page.data("[data-zoom]", "zoom")) <= before, "all of it")


def test_the_focus_is_always_seen_and_never_under_the_header(console: AlarmListPage) -> None:
    page = console.page
    page.press("ArrowDown", "Enter")
    page.until_shown("[data-keys=detail]")
    wrong = []
    visited = set()
    for _ in range(STOPS):
        page.press("Tab")
        found = page.script(_FOCUS)
        visited.add(found["what"])
        if found["isPage"]:
            continue  # on its way round through the browser's own controls
        if not (found["isVisible"] and found["isInView"]) or found["isCovered"]:
            wrong.append(found)
    assert wrong == []
    assert any("skip" in what for what in visited)
    grids = [what for what in visited if '"part":"grid"' in what]
    assert len(grids) == 1, "the list is one stop"


def test_help_palette_tray_menu_and_silence_by_keys(console: AlarmListPage) -> None:
    page = console.page
    for key, dialog in (("Shift+Slash", "help"), ("Ctrl+KeyK", "palette")):
        page.press(key)
        page.until_shown(f"[data-dialog={dialog}]")
        page.press("Escape")
        page.until_gone("dialog")
    tab_into(page, "[data-command=sound]")
    page.press("Enter")
    page.until(lambda: page.data("[data-command=sound]", "sound") == "on", "sound")
    page.press("KeyS")
    page.until(lambda: page.data("[data-command=sound]", "sound") == "silenced", "a quiet minute")
    tab_into(page, "[data-command=menu]")
    page.press("Enter")
    page.until_shown("[data-part=menu]")
    page.press("Escape")
    page.until_gone("[data-part=menu]")
