"""What a hand may trust in the list: nothing is moved unseen and nothing covered, on any screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.timescale.database import Database
from ioc import clock
from ioc.alarm import State
from ioc.severity import Severity
from tests.acceptance.alarm_list import OVER, AlarmListPage, close_all, one
from tests.acceptance.browser import FULL_HD, browser
from tests.acceptance.house import House

pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)

CRITICAL, HIGH, MEDIUM, LOW = list(Severity)
LAPTOP = (1366, 768)
PHONE = (360, 640)
ROWS_MIN = 6
#: Which lines are whole in the grid, and which are cut at its foot.
_CUT = """
const grid = document.querySelector('[role=grid]').getBoundingClientRect();
return [...document.querySelectorAll('[data-alarm]')].filter((e) => e.checkVisibility())
  .map((e) => e.getBoundingClientRect())
  .filter((e) => e.top < grid.bottom - 1 && e.bottom > grid.bottom + 1).length;
"""
_COVERED = """
const toast = document.querySelector('.toast').getBoundingClientRect();
return [...document.querySelectorAll('[data-alarm], .action-bar button')]
  .filter((e) => e.checkVisibility())
  .filter((e) => {
    const box = e.getBoundingClientRect();
    const grid = e.closest('[role=grid]')?.getBoundingClientRect() ?? box;
    return Math.min(box.bottom, grid.bottom) > toast.top && box.top < toast.bottom
      && box.right > toast.left && box.left < toast.right;
  }).map((e) => e.innerText);
"""


@pytest.fixture(scope="module")
def database(house: House) -> Iterator[Database]:
    found = Database(house.database_url, "test").open()
    yield found
    found.close()


@pytest.fixture(scope="module")
def opened(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlarmListPage]:
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield AlarmListPage(page, house)
        assert page.complaints() == []


@pytest.fixture
def console(opened: AlarmListPage, database: Database) -> AlarmListPage:
    """The list of a quiet day, on a large screen."""
    close_all(database)
    opened.page.resize(*FULL_HD)
    return opened


def returned(database: Database, **fields: Any) -> str:
    """Raise an alarm whose condition is over, and which nobody has acknowledged."""
    return one(database, state=State.RETURNED, active=False, returned_at=clock.now(), **fields)


def state_of(console: AlarmListPage, alarm_id: str) -> str:
    return str(console.house.get(f"/alarms/{alarm_id}")["state"])


def focused(console: AlarmListPage) -> list[str]:
    return [line.id for line in console.lines() if line.focused]


def test_what_is_critical_and_new_stands_below_the_list_and_moves_nothing(
    console: AlarmListPage, database: Database
) -> None:
    for severity in [CRITICAL] * 8 + [HIGH] * 6:
        one(database, severity=severity)
    console.open()
    console.page.press("ArrowDown", "ArrowDown")
    console.page.until(lambda: focused(console), "a line of the strip in focus")
    before = {line.id: line.top for line in console.lines()}
    assert len(before) == 14
    fires = {one(database, severity=CRITICAL) for _ in range(6)}
    console.page.until(lambda: console.page.data("[data-count=new-rest]", "value") == "2", "2 more")
    lines = {line.id: line for line in console.lines()}
    assert {each: lines[each].top for each in before} == before
    assert all(lines[each].seen for each in before)
    come = [line for line in lines.values() if line.id in fires]
    assert len(come) == 4
    assert all(line.seen for line in come)
    assert console.page.data("[data-count=rest]", "value") == "4"
    assert console.page.script("return document.querySelector('[role=grid]').scrollTop") == 0
    console.page.press("Escape")
    console.page.until_gone("[data-part=newcomers]")
    assert console.page.data("[data-count=rest]", "value") == "10"


def test_after_a_search_keys_begin_with_what_was_found(
    console: AlarmListPage, database: Database
) -> None:
    sos = one(database, severity=CRITICAL, title="Khẩn cấp SOS", device=None, key="PA-7")
    hits = [one(database, severity=HIGH, title="Báo cháy: khói") for _ in range(3)][::-1]
    console.open()
    console.page.press("ArrowDown")
    console.until_line(sos, focused=True)
    console.page.press("Slash")
    console.page.type("chay")
    console.page.until(lambda: "ngoài bộ lọc" in console.until_line(sos).text, "told apart")
    console.page.press("Enter")
    assert focused(console) == []
    console.page.press("ArrowDown")
    console.until_line(hits[0], focused=True)
    console.page.press("ArrowDown", "KeyX")
    console.until_line(hits[1], state="acknowledged", pending="")
    assert state_of(console, sos) == "unacknowledged"
    for key, alarm in (("End", hits[2]), ("PageUp", hits[0]), ("Home", hits[0]), ("ArrowUp", sos)):
        console.page.press(key)
        console.until_line(alarm, focused=True, seen=True)
        assert focused(console) == [alarm], key


def test_what_was_scrolled_out_of_sight_is_shown_before_it_is_moved(
    console: AlarmListPage, database: Database
) -> None:
    first = [one(database, rule=f"rule-{n}", severity=MEDIUM) for n in range(60)][-1]
    console.open()
    console.page.press("ArrowDown")
    console.until_line(first, focused=True)
    console.page.script("document.querySelector('[role=grid]').scrollTop = 600")
    console.page.until(lambda: not focused(console), "scrolled away")
    console.page.press("KeyX")
    console.until_toast("action.look_first")
    console.until_line(first, seen=True, state="unacknowledged")
    assert state_of(console, first) == "unacknowledged"
    console.page.press("KeyX")
    console.until_line(first, state="acknowledged", pending="")


def test_what_is_open_at_the_side_lets_nothing_else_be_moved_unseen(
    console: AlarmListPage, database: Database
) -> None:
    *_, other, first = [one(database, rule=f"rule-{n}", severity=MEDIUM) for n in range(60)]
    console.open()
    console.page.press("ArrowDown")
    console.until_line(first, focused=True)
    console.page.press("Enter")
    console.page.until_shown(f".detail[data-open='{first}']")
    console.focus(other)
    console.page.script("document.querySelector('[role=grid]').scrollTop = 600")
    console.page.until(lambda: not focused(console), "scrolled away")
    console.page.press("KeyX")
    console.until_toast("action.look_first")
    assert [state_of(console, each) for each in (first, other)] == ["unacknowledged"] * 2


def test_all_that_nobody_acknowledged_is_counted_whatever_its_condition(
    console: AlarmListPage, database: Database
) -> None:
    over = [returned(database, severity=CRITICAL), returned(database, severity=LOW)]
    ringing = one(database, severity=HIGH)
    seen = one(database, severity=HIGH, state=State.ACKNOWLEDGED, acknowledged_by="An")
    console.open()
    button = "[data-command=unacknowledged]"
    console.page.until(lambda: console.page.text(button) == "Chưa xác nhận 3", "three")
    console.page.until(lambda: console.page.driver.title.startswith("(3) "), "in the title, too")
    console.page.click(button)
    console.page.until(lambda: console.line(seen) is None, "narrowed")
    assert {line.id for line in console.lines()} == {*over, ringing}
    console.focus(ringing)
    console.page.press("KeyX")
    # It leaves the filter, not the day.
    found = console.until_line(ringing, state="acknowledged", gone=True, pending="")
    assert "Đã xác nhận" in found.text


def test_what_ends_is_struck_through_and_its_frame_goes_on(
    console: AlarmListPage, database: Database
) -> None:
    over, other = (returned(database, severity=CRITICAL) for _ in range(2))
    console.open()
    console.focus(over)
    console.page.press("KeyX")
    line = console.until_line(over, state=OVER, gone=True, pending="")
    assert "…" not in line.text
    struck = "return getComputedStyle(document.querySelector(arguments[0])).textDecorationLine"
    assert console.page.script(struck, f"[data-alarm='{over}'] .title") == "line-through"
    console.page.press("KeyX")
    console.until_toast("action.is_over")
    console.focus(other)
    assert focused(console) == [other]
    console.page.press("KeyQ")
    assert console.until_toast("undo.ended").endswith("cảnh báo đã kết thúc.")


def test_a_shelf_that_cannot_be_undone_is_said(console: AlarmListPage, database: Database) -> None:
    over = returned(database, severity=LOW)
    console.open()
    console.page.press("ArrowDown", "KeyT")
    console.page.until_shown("[data-dialog=shelve]")
    console.page.press("ArrowDown", "Tab")
    console.page.type("thử")
    console.page.press("Ctrl+Enter")
    console.page.until(lambda: state_of(console, over) == "shelved", "shelved")
    assert "Tạm gác" in console.until_line(over, state="shelved", pending="").text
    console.page.press("KeyQ")
    assert "hoàn tác sẽ kết thúc cảnh báo" in console.until_toast("undo.would_end")
    assert state_of(console, over) == "shelved"


def test_alarms_of_one_title_are_told_apart(console: AlarmListPage, database: Database) -> None:
    def two(title: str, **fields: Any) -> list[str]:
        return [
            one(database, severity=CRITICAL, title=title, **fields, device=device, key=key)
            for device, key in (("TT-0192", "TT-0192"), (None, "PA-2026-0017"))
        ]

    loaded = two("Khẩn cấp")
    console.open()
    come = two("Báo cháy: khói")
    for by_device, by_number in (loaded, come):
        assert "TT-0192" in console.until_line(by_device).text
        assert "PA-2026-0017" in console.until_line(by_number).text
    console.page.press("Slash")
    console.page.type("0017")
    console.page.until(lambda: console.page.texts(".line mark") == ["0017"] * 2, "found")


@pytest.mark.parametrize(("size", "zoom"), [(LAPTOP, 2), (LAPTOP, 1), (PHONE, 1)])
def test_small_screens_keep_six_whole_lines_and_scroll_no_page_sideways(
    console: AlarmListPage, database: Database, size: tuple[int, int], zoom: int
) -> None:
    for severity in [CRITICAL] * 6 + [HIGH] * 30:
        one(database, severity=severity, device="panel-1234/zone-101")
    console.page.resize(*size, zoom)
    console.open()
    console.page.until(lambda: len([line for line in console.lines() if line.seen]) >= 6, "six")
    assert console.page.script(_CUT) == 0
    wide = "const e = document.documentElement; return e.scrollWidth - e.clientWidth"
    assert console.page.script(wide) == 0
    right = "return document.querySelector(arguments[0]).getBoundingClientRect().right"
    assert console.page.script(right, "[data-command=menu]") <= size[0] / zoom
    for each in (".line .time", ".line .title"):
        assert 0 < console.page.script(right, each) <= size[0] / zoom, each
    console.page.press("KeyX")
    console.page.until_shown("[data-toast='action.choose']")
    assert console.page.script(_COVERED) == []


def test_pages_fold_behind_the_name_of_the_one_that_is_shown(
    console: AlarmListPage, database: Database
) -> None:
    console.page.resize(*PHONE)
    console.open()
    for page, name in (("map", "Bản đồ ▾"), ("alarms", "Cảnh báo ▾")):
        assert not console.page.shows(f"[data-nav={page}]")
        console.page.click("[data-command=pages]")
        console.page.click(f"[data-nav={page}]")
        console.page.until_gone(f"[data-nav={page}]")
        assert console.page.text("[data-command=pages]") == name


@pytest.mark.parametrize(("size", "zoom"), [(LAPTOP, 2), (PHONE, 1)])
def test_the_legend_lies_beside_the_map_where_there_is_little_room(
    console: AlarmListPage, size: tuple[int, int], zoom: int
) -> None:
    console.page.resize(*size, zoom)
    console.page.open(f"{console.house.url}/console?page=map")
    console.page.until_live()
    console.page.until_shown("[data-part=legend] li")
    bottom, top = console.page.script(
        "const box = (name) => document.querySelector(name).getBoundingClientRect();"
        "return [box('.map-canvas').bottom, box('[data-part=legend]').top]"
    )
    assert bottom <= top
