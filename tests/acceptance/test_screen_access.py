"""Every page for everybody: nothing that axe-core calls serious; zoom, motion, other colours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.browser import Page, browser
from tests.acceptance.house import House, JsonObject

WEB = Path(__file__).parents[2] / "api" / "web"
#: As the console lists its own pages: who adds one need not remember this.
CONSOLE_PAGES = re.findall(
    r"{ name: '([a-z-]+)'", (WEB / "js" / "console" / "pages.js").read_text(encoding="utf-8")
)
WALL_PAGES = ("overview", "fire", "cameras", "citizens", "services", "sources", "incidents")
SERIOUS = ("serious", "critical")
LIVE_WITHIN_S = 30.0
#: WCAG 1.4.12: all of this at once must cost no text.
SPACING = """
const sheet = new CSSStyleSheet();
sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; '
  + 'word-spacing: .16em !important }');
document.adoptedStyleSheets = [sheet];
"""
_OUTSIDE = """
const wide = document.scrollingElement.scrollWidth - innerWidth;
const out = wide > 1 ? [`the page is ${wide} px too wide`] : [];
for (const e of document.querySelectorAll('header *, main > section:not([hidden])')) {
  const box = e.getBoundingClientRect();
  if (!box.width || !e.checkVisibility() || box.right <= innerWidth + 1) continue;
  out.push(e.outerHTML.slice(0, 120));
}
return out;
"""
_CUT_WORDS = """
return [...document.querySelectorAll('header button, header a, dialog button, main button')]
  .filter((e) => e.checkVisibility() && e.innerText.trim() && !e.closest('[role=grid]'))
  .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
  .map((e) => e.innerText);
"""
#: Words that a person sees or hears with the name of a value still in braces; what devices and
#: people wrote (a rule's text, a record) is shown as it is.
_BRACES = r"""
const raw = /\{\w*\}/;
const found = [];
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = words.nextNode(); node; node = words.nextNode()) {
  const own = node.parentElement.closest('pre, code, textarea, .value');
  if (raw.test(node.data) && !own && node.parentElement.checkVisibility()) found.push(node.data);
}
for (const name of ['aria-label', 'title', 'placeholder']) {
  for (const e of document.querySelectorAll(`[${name}]`)) {
    if (raw.test(e.getAttribute(name))) found.push(`${name}: ${e.getAttribute(name)}`);
  }
}
return raw.test(document.title) ? [...found, document.title] : found;
"""


@pytest.fixture(scope="module")
def page(province_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium"), (1440, 900)) as page:
        yield page


@pytest.fixture
def screen(page: Page) -> Iterator[Page]:
    """The browser as it was before somebody asked it for other sizes or colours."""
    yield page
    page.resize(1440, 900)
    page.prefer()


def open_console(
    page: Page, house: House, name: str, theme: str = "light", lang: str = "vi"
) -> None:
    page.open(f"{house.url}/console?page={name}&theme={theme}&lang={lang}")
    page.until_live()
    page.until_shown(f"[data-part=main][data-page='{name}'] > section > *")
    page.until(lambda: page.script("return document.fonts.status") == "loaded", "fonts")


def open_first_alarm(page: Page, house: House, **how: str) -> None:
    found = house.get("/alarms", limit=1)["alarms"][0]
    open_console(page, house, "alarms", **how)
    page.script("history.replaceState(null, '', arguments[0])", "/console")
    theme, lang = how.get("theme", "light"), how.get("lang", "vi")
    page.open(f"{house.url}/console?page=alarms&open={found['id']}&theme={theme}&lang={lang}")
    page.until_live()
    page.until_shown("[data-keys=detail]")


def incident_of(house: House) -> JsonObject:
    """Return an incident; one is made where none is open."""
    if not house.get("/incidents", limit=1)["incidents"]:
        alarms = [each["id"] for each in house.get("/alarms", limit=2)["alarms"]]
        made = house.post("/incidents", {"by": "Lan", "title": "Cháy chợ", "alarms": alarms})
        assert made.status_code == 201, made.text
    found: JsonObject = house.get("/incidents", limit=1)["incidents"][0]
    return found


def serious(page: Page) -> list[str]:
    return [line for line in page.axe() if line.startswith(SERIOUS)]


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page_of_the_console(
    screen: Page, province_house: House, theme: str, lang: str
) -> None:
    found: dict[str, list[str]] = {}
    for name in CONSOLE_PAGES:
        open_console(screen, province_house, name, theme, lang)
        found[name] = serious(screen)
    open_first_alarm(screen, province_house, theme=theme, lang=lang)
    for tab in range(1, 6):
        screen.script("document.querySelector('[data-keys=detail]').focus()")
        screen.press(f"Digit{tab}")
        found[f"alarm, tab {tab}"] = serious(screen)
    for key, dialog in (("Shift+Slash", "help"), ("Ctrl+KeyK", "palette")):
        screen.press(key)
        screen.until_shown(f"[data-dialog={dialog}]")
        found[dialog] = serious(screen)
        screen.press("Escape")
        screen.until_gone("dialog")
    screen.click("[data-command=menu]")
    screen.until_shown("[data-part=menu]")
    found["menu"] = serious(screen)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing_serious_on_the_wall_the_report_and_the_sign_in(
    screen: Page, province_house: House, lang: str
) -> None:
    found: dict[str, list[str]] = {}
    screen.resize(1920, 1080)
    for name in WALL_PAGES:
        screen.open(f"{province_house.url}/wall?page={name}&rotate=0&lang={lang}")
        screen.until_live()
        found[f"wall {name}"] = serious(screen)
    screen.resize(1440, 900)
    for path in (f"/reports/daily?lang={lang}", "/login"):
        screen.open(province_house.url + path)
        screen.until_shown("h1")
        found[path] = serious(screen)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_page_shows_the_name_of_a_value_in_place_of_it(
    screen: Page, province_house: House, lang: str
) -> None:
    found: dict[str, list[str]] = {}
    incident = incident_of(province_house)
    rows = {"incidents": "tr[data-incident]", "rules": "[data-rule]", "kpis": "[data-kpi]"}
    for name in CONSOLE_PAGES:
        open_console(screen, province_house, name, lang=lang)
        if name in rows:
            screen.until_shown(rows[name])
        found[name] = screen.script(_BRACES)
    for query in (f"incidents&open={incident['id']}", "rules&open=fire-alarm"):
        screen.open(f"{province_house.url}/console?page={query}&lang={lang}")
        screen.until_shown(".incident h2, .rule h2")
        found[query] = screen.script(_BRACES)
    open_first_alarm(screen, province_house, lang=lang)
    for tab in range(1, 6):
        screen.script("document.querySelector('[data-keys=detail]').focus()")
        screen.press(f"Digit{tab}")
        found[f"alarm, tab {tab}"] = screen.script(_BRACES)
    for name in WALL_PAGES:
        screen.open(f"{province_house.url}/wall?page={name}&rotate=0&lang={lang}")
        screen.until_live()
        found[f"wall {name}"] = screen.script(_BRACES)
    screen.open(f"{province_house.url}/reports/daily?lang={lang}")
    screen.until_shown("h1")
    found["report"] = screen.script(_BRACES)
    assert {name: words for name, words in found.items() if words} == {}


def test_the_check_finds_a_name_in_braces(screen: Page, province_house: House) -> None:
    open_console(screen, province_house, "alarms")
    screen.script("document.querySelector('main').append('Phụ trách: {name}')")
    assert screen.script(_BRACES) == ["Phụ trách: {name}"]


def test_the_check_finds_what_is_wrong(screen: Page, province_house: House) -> None:
    open_console(screen, province_house, "alarms")
    screen.script("document.querySelector('main').append(document.createElement('button'))")
    assert any("button-name" in line for line in serious(screen))


@pytest.mark.parametrize("lang", ["vi", "qps"])
def test_at_twice_the_size_nothing_is_lost_and_nothing_scrolls_two_ways(
    screen: Page, province_house: House, lang: str
) -> None:
    # "qps" is no language: four tenths longer, with a mark on every letter.
    screen.resize(1280, 720, scale=2)
    for name in CONSOLE_PAGES:
        open_console(screen, province_house, name, lang=lang)
        assert screen.script(_OUTSIDE) == [], name
        assert screen.script("return document.querySelector('main').clientHeight") >= 100, name


def test_with_the_text_spacing_that_a_reader_may_set_no_button_is_cut(
    screen: Page, province_house: House
) -> None:
    for name in CONSOLE_PAGES:
        open_console(screen, province_house, name)
        screen.script(SPACING)
        assert screen.script(_CUT_WORDS) == [], name


def test_who_wants_no_motion_gets_none_and_still_sees_what_is_new(
    screen: Page, province_house: House
) -> None:
    open_console(screen, province_house, "alarms")
    moving = "return document.getAnimations().filter((a) => a.playState === 'running').length"
    unacknowledged = "[data-alarm][data-state=unacknowledged]"
    screen.until_shown(unacknowledged)
    assert screen.script(moving) > 0, "it blinks for everybody else"
    screen.prefer(prefers_reduced_motion="reduce")
    open_console(screen, province_house, "alarms")
    screen.until_shown(unacknowledged)
    assert screen.root("blink") == "off"
    assert screen.script(moving) == 0
    assert screen.shows(f"{unacknowledged} .badge .inner"), "a second rim instead"


def test_in_the_colours_of_the_reader_shape_digit_and_word_stay(
    screen: Page, province_house: House
) -> None:
    screen.prefer(forced_colors="active")
    open_console(screen, province_house, "alarms")
    row = "[data-alarm][data-priority='1']"
    screen.until_shown(row)
    assert screen.script("return matchMedia('(forced-colors: active)').matches")
    fill, ground = screen.script(
        "const row = document.querySelector(arguments[0]);"
        "return [getComputedStyle(row.querySelector('.badge .shape')).stroke,"
        " getComputedStyle(row).backgroundColor]",
        row,
    )
    assert fill != ground
    assert screen.shows(f"{row} .badge .digit")
    assert "Chưa xác nhận" in screen.text(row)
    for name in CONSOLE_PAGES:
        open_console(screen, province_house, name)
        screen.press("Tab")
        outline = screen.script("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", (name, screen.focused())


def test_a_grey_screen_still_says_which_priority(screen: Page, province_house: House) -> None:
    screen.cdp("Emulation.setEmulatedVisionDeficiency", type="achromatopsia")
    try:
        open_console(screen, province_house, "alarms")
        screen.until_shown("[data-alarm] .badge")
        named = screen.script(
            "return [...document.querySelectorAll('[data-alarm] .badge')].map((e) =>"
            " [e.closest('[data-alarm]').dataset.priority, e.dataset.priority,"
            "  getComputedStyle(e.querySelector('.digit')).display])"
        )
        assert named
        assert all(row == badge and display != "none" for row, badge, display in named)
    finally:
        screen.cdp("Emulation.setEmulatedVisionDeficiency", type="none")


def test_the_browser_complains_of_nothing(screen: Page) -> None:
    assert screen.complaints() == []
