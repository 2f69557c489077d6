"""The frame of the console: pages by address, keys, what it says of itself; nobody else asked."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.acceptance.browser import Page, browser
from tests.acceptance.house import House, eventually, free_port
from tests.acceptance.panel import Panel

#: 15 s of silence and the page's own second.
STALE_WITHIN_S = 17.0
LOST_WITHIN_S = 65.0
BACK_WITHIN_S = 25.0
#: The page asks for something twice a minute, whatever happens.
ASKED_AGAIN_WITHIN_S = 40.0
ALARMS = "[data-part=main][data-page=alarms]"


@pytest.fixture
def console(page: Page, province_house: House) -> Page:
    """The console, live, on its first page; what it complained of before is told apart."""
    page.open(f"{province_house.url}/console?theme=light")
    page.until_live()
    page.until_shown(ALARMS)
    return page


def query(page: Page) -> dict[str, str]:
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(page.driver.current_url).query).items()
    }


def test_the_first_page_is_the_alarms_and_all_of_them_are_known(
    console: Page, province_house: House
) -> None:
    known = len(province_house.get("/alarms", limit=1000)["alarms"])
    assert known >= 5
    console.until(lambda: console.root("loaded") == f"{known}/{known}", "every alarm known")
    waiting = console.script(
        "return fetch('/api/v1/alarms?state=unacknowledged&limit=1000')"
        ".then((a) => a.json()).then((b) => b.alarms.length)"
    )
    console.until(
        lambda: console.driver.title == f"({waiting}) Cảnh báo – Điều hành Thái Nguyên", "the title"
    )
    assert console.root("condition") == "live"
    assert console.text("[data-part=live]").startswith("Trực tiếp ")


def test_who_waits_for_the_scripts_is_told_so(console: Page, province_house: House) -> None:
    console.cdp("Network.setBlockedURLs", urls=["*/console/alarms.js"])
    try:
        console.open(f"{province_house.url}/console")
        console.until_shown("[data-toast='shell.page_failed']")
        assert not console.shows("[data-part=waiting]"), "it has come to an end"
        console.cdp("Network.setBlockedURLs", urls=["*/console/main.js"])
        console.open(f"{province_house.url}/console")
        assert console.text("main") == "Đang tải… Loading…"
    finally:
        console.cdp("Network.setBlockedURLs", urls=[])
    console.complaints()  # the browser names what was held back
    console.cdp("Fetch.enable", patterns=[{"urlPattern": "*/console/alarms.js"}])  # and not gone on
    try:
        console.open(f"{province_house.url}/console")
        console.until_live()
        known = f"{console.root('loaded').split('/')[0]} cảnh báo đang mở"
        console.until(lambda: known in console.text("main"), "what has come already")
    finally:
        console.cdp("Fetch.disable")
    console.until_shown(ALARMS)
    assert not console.shows("[data-part=waiting]")


def test_every_page_of_the_header_opens_by_a_press_and_by_its_address(
    console: Page, province_house: House
) -> None:
    names = console.script(
        "return [...document.querySelectorAll('[data-nav]')].map((e) => e.dataset.nav)"
    )
    assert names[0] == "alarms"
    for name in names:
        console.click(f"[data-nav='{name}']")
        console.until_shown(f"[data-part=main][data-page='{name}']")
        assert query(console)["page"] == name
        assert console.text("[aria-current=page]") == console.text(f"[data-nav='{name}']")
        console.open(f"{province_house.url}/console?page={name}")
        console.until_shown(f"[data-part=main][data-page='{name}']")
    assert console.complaints() == []


def test_back_and_forward_lead_through_the_pages(console: Page) -> None:
    console.press("KeyG", "KeyV")
    console.until_shown("[data-part=main][data-page=incidents]")
    console.driver.back()
    console.until_shown(ALARMS)
    console.driver.forward()
    console.until_shown("[data-part=main][data-page=incidents]")


def test_a_link_with_values_that_nobody_knows_says_what_it_dropped(
    console: Page, province_house: House
) -> None:
    console.open(f"{province_house.url}/console?page=alarms&severity=9&wrong=1")
    console.until_shown("[data-toast='shell.dropped']")
    assert "severity, wrong" in console.text("[data-toast='shell.dropped']")
    console.click("[data-toast] button")
    console.until_gone("[data-toast]")
    console.open(f"{province_house.url}/console?page=alarms&area=99999")
    console.until_shown("[data-toast='shell.dropped_why']")
    assert "Không có địa bàn này." in console.text("[data-toast]")
    assert query(console) == {"page": "alarms"}
    console.until_shown("[data-alarm]")


def test_help_shows_every_key_and_switches_letters_off_and_on(console: Page) -> None:
    console.press("Shift+Slash")
    console.until_shown("[data-dialog=help]")
    words = console.text("[data-dialog=help]")
    assert "Xác nhận" in words
    assert "g v" in words
    console.press("KeyG", "KeyV")  # the dialog has the keys
    assert console.shows(ALARMS)
    console.click("[data-command=letters]")
    console.press("Escape")
    console.until_gone("dialog")
    console.press("KeyG", "KeyV")
    assert console.shows(ALARMS), "letters are off"
    console.press("Ctrl+KeyK")  # what is no letter still works
    console.until_shown("[data-dialog=palette]")
    console.press("Escape")
    console.until_gone("dialog")
    console.script("localStorage.removeItem('ioc.letters')")


def test_a_command_is_found_by_its_name_with_or_without_marks(console: Page) -> None:
    for typed in ("vu viec", "vụ việc"):
        console.press("KeyG", "KeyC")
        console.until_shown(ALARMS)
        console.press("Ctrl+KeyK")
        console.until_shown("[data-dialog=palette]")
        console.type(typed)
        console.until(lambda: console.texts("[data-run]"), "what was found")
        # The move of an alarm and the page have the same name: both are offered.
        assert set(
            console.script(
                "return [...document.querySelectorAll('[data-run]')].map((e) => e.dataset.run)"
            )
        ) == {"incident", "go_incidents"}
        if console.data("[data-run][aria-selected=true]", "run") != "go_incidents":
            console.press("ArrowDown")
        console.press("Enter")
        console.until_shown("[data-part=main][data-page=incidents]")


def test_theme_and_language_are_chosen_and_kept(console: Page, province_house: House) -> None:
    console.click("[data-command=menu]")
    console.until_shown("[data-part=menu]")
    console.click("[data-command=choose-dark]")
    assert console.root("theme") == "dark"
    console.click("[data-command=choose-en]")
    console.until(lambda: console.text("[data-nav=alarms]") == "Alarms", "English")
    console.open(f"{province_house.url}/console")
    console.until(lambda: console.text("[data-nav=alarms]") == "Alarms", "still English")
    assert console.root("theme") == "dark"
    assert console.script("return document.documentElement.lang") == "en"
    console.click("[data-command=menu]")
    console.click("[data-command=choose-vi]")
    console.until(lambda: console.text("[data-nav=alarms]") == "Cảnh báo", "Vietnamese again")
    console.script("localStorage.clear()")


def test_a_name_is_asked_for_once_and_kept(console: Page) -> None:
    console.click("[data-command=menu]")
    assert console.text("[data-operator]") == "Chưa có tên người vận hành"
    console.click("[data-command=name]")
    console.until_shown("[data-dialog=ask]")
    console.press("Enter")
    assert console.text("#ask-error") == "Vui lòng nhập tên."
    console.type("Trần Văn Đức")
    console.press("Escape")  # typed text is not thrown away without asking
    console.until_shown("[data-dialog=ask]")
    console.press("Enter")
    console.until_gone("dialog")
    console.click("[data-command=menu]")
    assert console.text("[data-operator]") == "Người vận hành: Trần Văn Đức"
    console.press("Escape")
    console.until_gone("[data-part=menu]")
    assert console.focused() == "button[command=menu]"
    console.script("localStorage.clear()")


def test_the_sound_is_allowed_with_one_press(console: Page) -> None:
    assert console.data("[data-command=sound]", "sound") == "off"
    console.click("[data-command=sound]")
    console.until(lambda: console.data("[data-command=sound]", "sound") == "on", "sound")
    console.element("body").click()
    console.press("KeyS")
    console.until(lambda: console.data("[data-command=sound]", "sound") == "silenced", "a minute")
    console.script("localStorage.clear()")


def test_a_machine_in_another_time_zone_shows_the_time_of_the_province(console: Page) -> None:
    console.cdp("Emulation.setTimezoneOverride", timezoneId="America/Los_Angeles")
    try:
        console.driver.refresh()
        console.until_live()
        clock = console.until(lambda: console.text("[data-part=clock]"), "a clock")
        hours = console.script("return (new Date().getUTCHours() + 7) % 24")
        assert int(clock[:2]) in {hours, (hours + 23) % 24}
    finally:
        console.cdp("Emulation.setTimezoneOverride", timezoneId="")


def test_nobody_else_is_asked_and_the_browser_complains_of_nothing(
    console: Page, province_house: House
) -> None:
    assert console.complaints() == []
    assert console.hosts() == {urlsplit(province_house.url).netloc}
    assert console.root("errors") == ""


def test_a_key_of_one_area_and_a_viewer_see_what_is_theirs(
    province_house: House, tmp_path: Path
) -> None:
    port = free_port()
    key = province_house.ioc("key", "create", "ward", "--role", "viewer", "--area", "05443")
    assert key.returncode == 0, key.stderr
    province_house.start("api-guarded", IOC_API_PORT=str(port), IOC_AUTH="true")
    url = f"http://127.0.0.1:{port}"
    with browser(tmp_path) as page:
        eventually(lambda: answers(url), 30, "an API with keys")
        page.open(f"{url}/console?page=alarms")
        page.until(lambda: urlsplit(page.driver.current_url).path == "/login", "asked for a key")
        page.element("#key").send_keys(key.stdout.strip(), "\n")
        page.until_shown(ALARMS)
        page.until_live()
        page.click("[data-command=menu]")
        page.until(lambda: page.text("[data-operator]") == "Người vận hành: ward", "the key's name")
        assert "Người xem" in page.text("[data-part=menu]")
        assert not page.shows("[data-nav=dead-letters]")
        assert not page.shows("[data-nav=deliveries]")
        page.open(f"{url}/console?page=dead-letters")  # also not by its address
        page.until_shown(ALARMS)
        page.open(f"{url}/wall?area=05455")  # a key of one area is led to its own
        page.until(lambda: query(page).get("area") == "05443", "the wall of its area")
        page.until_live()
        page.open(f"{url}/console?page=incidents&area=05455")
        page.until(lambda: query(page) == {"page": "incidents"}, "the other area is dropped")
        page.until_live()
        page.click("[data-command=menu]")
        page.click("[data-command=sign-out]")
        page.until(lambda: urlsplit(page.driver.current_url).path == "/login", "signed out")
    province_house.kill("api-guarded")


def test_a_key_that_ran_out_is_asked_for_over_the_page_and_what_was_typed_stays(
    province_house: House, tmp_path: Path
) -> None:
    port = free_port()
    key = province_house.ioc("key", "create", "desk", "--role", "operator").stdout.strip()
    province_house.start("api-guarded", IOC_API_PORT=str(port), IOC_AUTH="true")
    url = f"http://127.0.0.1:{port}"
    typed = "đã gọi trực, có khói"
    asked = "dialog[data-dialog=sign-in]"
    with browser(tmp_path) as page:
        eventually(lambda: answers(url), 30, "an API with keys")
        page.open(f"{url}/console?page=alarms")
        page.until(lambda: urlsplit(page.driver.current_url).path == "/login", "asked for a key")
        page.element("#key").send_keys(key, "\n")
        page.until_shown(ALARMS)
        page.until_live()
        page.press("ArrowDown")
        page.until_shown('.line[data-focused="true"]')
        page.press("KeyC")
        page.until_shown("#form-comment")
        page.type(typed)
        page.script("return fetch('/api/v1/logout', { method: 'POST' }).then((a) => a.ok)")
        page.until_shown(f"{asked} [name=key]", ASKED_AGAIN_WITHIN_S)
        with Panel(province_house.kafka, "late") as panel:
            panel.alarm("late-1")
        # What is outside of the dialog in front no screen reader is told.
        page.until(lambda: spoken_in(page, asked), "a priority 1 is read")
        page.element(f"{asked} [name=key]").send_keys("another", "\n")
        page.until(lambda: bool(page.text(f"{asked} .field .error")), "this key is not known")
        page.element(f"{asked} [name=key]").clear()
        page.element(f"{asked} [name=key]").send_keys(key, "\n")
        page.until_gone(asked)
        assert page.element("#form-comment").get_attribute("value") == typed
        assert spoken_in(page, "dialog[data-dialog=comment]"), "and goes back to the form"
        page.press("Ctrl+Enter")
        page.until_gone("dialog")
        assert spoken_in(page, "body")
        said = f"type = 'commented' AND comment = '{typed}' AND by = 'desk'"
        eventually(lambda: province_house.count("alarm_log", said) == 1, 15, "it is in the log")
    province_house.kill("api-guarded")


def spoken_in(page: Page, place: str) -> bool:
    """Whether what was read aloud last stands right in this place."""
    said = page.script(
        "return document.querySelector(arguments[0])?.textContent ?? ''",
        f"{place} > [data-part=spoken]",
    )
    return str(said).startswith("Mức 1")


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_silent_server_makes_the_console_stale_then_lost_and_a_new_one_brings_it_back(
    console: Page, province_house: House
) -> None:
    # The connection stays open and nothing comes: what a browser does not notice by itself.
    province_house.running["api"].send_signal(signal.SIGSTOP)
    console.until(lambda: console.root("stale") == "true", "stale", STALE_WITHIN_S)
    assert "MẤT KẾT NỐI" in console.text("[data-part=band]")
    assert console.text("[data-part=clock]").startswith("≈")
    console.until(lambda: console.root("condition") == "lost", "lost", LOST_WITHIN_S)
    assert "HỆ THỐNG CẢNH BÁO KHÔNG HOẠT ĐỘNG" in console.text("[data-part=band]")
    console.complaints()  # from here on connections are refused, and the browser says so
    province_house.kill("api")
    province_house.start("api")
    console.until(lambda: console.root("condition") == "live", "back", BACK_WITHIN_S)
    console.until(lambda: "Đã kết nối lại" in console.text("[data-part=band]"), "said so")
    assert all("Failed to load resource" in said for said in console.complaints())
    assert console.root("errors") == ""
