"""Dead letters in the console: found in groups, looked at, mended, tried, sent and given up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from ioc import clock
from tests.acceptance.browser import Page
from tests.acceptance.house import House, JsonObject, eventually

MISSPELT, CUT_OFF = 60, 3
GROUP = '.groups [data-group^="camera.schema"]'
BROKEN = '.groups [data-group^="camera.not_json"]'


def misspelt(number: int) -> JsonObject:
    return {
        "specversion": "1.0",
        "id": f"misspelt-{number}",
        "source": "/nvr/7",
        "type": "ioc.camera.alert",
        "time": clock.now().isoformat(),
        "area": "05443",
        "device": "CAM-7",
        "data": {"lable": "person", "phase": "new"},
    }


@pytest.fixture(scope="module")
def house(province_house: House) -> House:
    """A house whose cameras write a field wrong, and cut some messages off."""
    lines = [orjson.dumps(misspelt(number)) for number in range(MISSPELT)]
    lines += [lines[5 * number][:-1] for number in range(CUT_OFF)]
    file = province_house.folder / "misspelt.ndjson"
    file.write_bytes(b"\n".join(lines) + b"\n")
    done = province_house.ioc("send", str(file), "--topic", "ioc.camera.v1", "--no-check")
    assert done.returncode == 0, done.stderr
    eventually(
        lambda: province_house.count("dead_letters") == MISSPELT + CUT_OFF, 30, "all are buried"
    )
    return province_house


def looks(house: House) -> int:
    return house.count("looks", "starts_with(what, 'dead letter')")


def test_a_group_is_looked_at_mended_tried_and_sent(
    house: House, page: Page, tmp_path: Path
) -> None:
    page.open(f"{house.url}/console?page=dead-letters")
    page.until(lambda: page.data(".page-dead-letters", "groups") >= "2", "the groups")
    heading = f"Bản tin lỗi: {MISSPELT + CUT_OFF}"
    page.until(lambda: page.text(".page-dead-letters h1") == heading, "how many there are")
    assert "Thiếu trường bắt buộc: /data/label" in page.texts(GROUP)
    page.click(GROUP)
    page.until_shown(".letter")
    assert looks(house) == 0, "opening a group shows no bytes"
    page.click('[data-command="look"]')
    page.until_shown(".raw pre")
    assert '"lable":' in page.text(".raw pre").replace(" ", "")
    assert looks(house) == 1
    assert page.data('.fields tr[data-field="/data/label"]', "state") == "missing"
    page.click('[data-command="suggest"]')
    page.click('[data-command="try"]')
    page.until(lambda: page.data(".letter", "ok") == str(MISSPELT), "all of them pass")
    assert house.count("dead_letters", "retried_at IS NOT NULL") == 0, "a try sends nothing"
    assert page.axe() == []
    page.click('[data-command="retry"]')
    eventually(
        lambda: house.count("events", "starts_with(ce_id, 'misspelt-')") == MISSPELT,
        30,
        "they are events",
    )
    page.until_gone(GROUP)
    page.until_gone(".letter")
    same = "retried_at IS NOT NULL AND retried_by IS NOT NULL"
    assert house.count("dead_letters", same) == MISSPELT
    late = house.row(
        "SELECT count(*) FROM events JOIN dead_letters ON dead_letters.received_at ="
        " events.received_at WHERE starts_with(ce_id, 'misspelt-')"
    )
    assert late[0] >= MISSPELT, "each keeps the time at which it first came"
    assert looks(house) == 1


def test_what_nobody_needs_is_given_up_with_a_reason_by_keys_alone(
    house: House, page: Page
) -> None:
    page.open(f"{house.url}/console?page=dead-letters")
    page.until_shown(BROKEN)
    page.script("document.querySelector(arguments[0]).focus()", BROKEN)
    page.press("Enter")
    page.until_shown('[data-command="discard"]')
    page.script("document.querySelector('[data-command=discard]').focus()")
    page.press("Enter")
    page.until_shown('dialog [name="why"]')
    page.press("Enter")
    page.until(lambda: bool(page.text("dialog .field .error")), "a reason is asked for")
    assert house.count("dead_letters", "discarded_at IS NOT NULL") == 0
    page.type("Đường truyền cắt cụt, đã gửi lại")
    page.press("Ctrl+Enter")
    page.until_gone("dialog")
    page.until_gone(BROKEN)
    discarded = "discard_reason = 'Đường truyền cắt cụt, đã gửi lại'"
    assert house.count("dead_letters", discarded) == CUT_OFF
    page.until_shown('.groups .note[data-state="empty"]')


def test_an_address_shows_its_filter_and_a_step_that_is_not_whole_is_said(
    house: House, page: Page
) -> None:
    wrong = {**misspelt(900), "data": {"label": 7, "phase": "new"}}
    file = house.folder / "wrong.ndjson"
    file.write_bytes(orjson.dumps(wrong) + b"\n")
    assert house.ioc("send", str(file), "--topic", "ioc.camera.v1", "--no-check").returncode == 0
    page.open(f"{house.url}/console?page=dead-letters&source=fire&lang=en")
    page.until_shown('.groups .note[data-state="empty"]')
    page.open(f"{house.url}/console?page=dead-letters&source=camera&lang=en")
    page.until_shown(GROUP)
    assert page.text(GROUP).startswith("Wrong type: /data/label")
    page.click(GROUP)
    assert page.texts(".groups .own")[0] == "must be a text"
    page.click('[data-command="add-step"]')
    assert page.element('.mend [name="path"]').get_attribute("value") == "/data/label"
    assert page.focused() == "input", "what it is to be is typed at once"
    page.element('.mend [name="path"]').clear()
    page.element('.mend [name="path"]').send_keys("label")
    page.click('[data-command="try"]')
    page.until(lambda: "begins with /" in " ".join(page.texts(".mend .error")), "it is said")
    assert page.data(".letter", "ok") == ""
    page.press("Escape")
    page.until_gone(".letter")


def test_those_behind_a_thousand_that_a_mend_does_not_help_are_reached(
    house: House, page: Page
) -> None:
    bury(house, [{**misspelt(n), "data": {"phase": "new"}} for n in range(1000, 2000)])
    bury(house, [misspelt(3000), misspelt(3001)])
    page.open(f"{house.url}/console?page=dead-letters")
    page.until_shown('.groups [data-group^="camera.schema"]')
    missing = page.until(lambda: group_of(page, "Thiếu trường bắt buộc: /data/label"), "the group")
    page.click(missing)
    page.click('[data-command="add-step"]')
    page.script(
        "const e = document.querySelector('.mend [name=op]'); e.value = 'rename';"
        "e.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    page.element('.mend [name="path"]').clear()
    page.element('.mend [name="path"]').send_keys("/data/lable")
    page.element('.mend [name="to"]').send_keys("/data/label")
    page.click('[data-command="try"]')
    page.until_shown('[data-command="try-next"]')
    page.click('[data-command="try-next"]')
    page.until(lambda: page.data(".letter", "ok") == "2", "those behind them")
    page.click('[data-command="retry"]')
    sent = "ce_id IN ('misspelt-3000', 'misspelt-3001')"
    eventually(lambda: house.count("events", sent) == 2, 30, "they are events")


def bury(house: House, events: Sequence[JsonObject]) -> None:
    """Send what cannot be used, and return when it waits for a person."""
    file = house.folder / "buried.ndjson"
    file.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    n = house.count("dead_letters") + len(events)
    assert house.ioc("send", str(file), "--topic", "ioc.camera.v1", "--no-check").returncode == 0
    eventually(lambda: house.count("dead_letters") == n, 60, "all are buried")


def group_of(page: Page, text: str) -> str:
    """Return the selector of the group that says so, '' while there is none."""
    key = page.script(
        "return [...document.querySelectorAll('.groups [data-group]')]"
        ".find((line) => line.textContent.includes(arguments[0]))?.dataset.group",
        text,
    )
    return f'.groups [data-group="{key}"]' if key else ""


def test_nothing_was_complained_about_and_nobody_else_was_asked(house: House, page: Page) -> None:
    assert page.complaints() == []
    assert page.hosts() == {urlsplit(house.url).netloc}
