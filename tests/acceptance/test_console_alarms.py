"""The console's alarm list in a real browser: nothing is uncounted, nothing moves by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from connectors.timescale.alarms import move
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc import clock
from ioc.area import gazetteer
from ioc.severity import Severity
from tests.acceptance.alarm_list import OPERATOR, OVER, AlarmListPage, close_all, one
from tests.acceptance.browser import browser
from tests.acceptance.house import House
from tests.views_server import raise_alarms

#: What the screen shows does not hang on the kind of broker, and a browser is heavy.
pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)

WARD = "05443"
ROWS_MAX = 80
CRITICAL, HIGH, MEDIUM, LOW = list(Severity)


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
        assert page.hosts() == {urlsplit(house.url).netloc}


@pytest.fixture
def console(opened: AlarmListPage, database: Database) -> AlarmListPage:
    """The list of a quiet day."""
    close_all(database)
    return opened


def shelve(database: Database, alarm_id: str) -> None:
    until = clock.now() + timedelta(minutes=10)
    move(database, UUID(alarm_id), lambda a: life.shelve(a, until, "An", clock.now(), "thử"))


def log_of(console: AlarmListPage, alarm_id: str) -> list[tuple[str, str | None]]:
    lines = console.house.get(f"/alarms/{alarm_id}/log")["log"]
    return [(line["type"], line["by"]) for line in lines]


def state_of(console: AlarmListPage, alarm_id: str) -> str:
    return str(console.house.get(f"/alarms/{alarm_id}")["state"])


def test_a_quiet_day_says_so(console: AlarmListPage) -> None:
    console.open()
    console.page.until_shown("[data-part=empty][data-why=empty]")
    assert console.page.text("[data-part=empty]") == "Không có cảnh báo nào đang mở."
    assert (console.count("shown"), console.count("value"), console.count("filtered")) == (0, 0, 0)
    title = "Cảnh báo – Điều hành Thái Nguyên"
    console.page.until(lambda: console.page.driver.title == title, title)


def test_shown_covered_and_hidden_are_all_alarms_of_the_api_under_every_filter(
    console: AlarmListPage, database: Database
) -> None:
    communes = [area.code for area in gazetteer().communes]
    for number in range(60):
        raised = one(
            database,
            rule=f"rule-{number}",
            severity=(HIGH, MEDIUM, LOW)[number % 3],
            area=communes[number % 7],
            source=("fire", "camera")[number % 2],
        )
        if number % 6 == 0:
            shelve(database, raised)
    fires = [one(database, severity=CRITICAL, area=communes[50 + n]) for n in range(3)]
    for query in (
        {},
        {"severity": "high"},
        {"severity": "2,4", "area": communes[1]},
        {"source": "camera", "state": "UNACK"},
        {"state": "shelved"},
        {"q": "khong co gi nhu the"},
    ):
        console.open(**query)
        total = console.house.get("/overview")["alarms"]["open"]
        assert total == 63

        def adds_up(total: int = total, *, hides: bool = "shelved" not in query.values()) -> bool:
            counts = [console.count(name) for name in ("shown", "filtered", "value")]
            return counts[2] == 10 and counts[0] + counts[1] == total - (10 if hides else 0)

        # A list of shelved alarms shows what is counted as hidden, too, and covers what rings.
        console.page.until(adds_up, f"every alarm once with {query}")
        for fire in fires:
            assert console.until_line(fire).seen, query
    console.open(severity="high")
    assert console.page.text(".covered") == "bộ lọc che 40 cảnh báo, trong đó 20 mức 3"


def test_no_more_than_eighty_rows_are_in_the_document_and_screen_readers_hear_of_all(
    console: AlarmListPage, database: Database
) -> None:
    for number in range(0, 300, 50):
        raise_alarms(database, 50, rule=f"rule-{number}", severity=LOW, area=None)
    console.open()
    script = console.page.script
    rows = "return document.querySelectorAll('[role=row]').length"
    grid = "return document.querySelector('[role=grid]')"
    shown = script(f"{grid}.dataset.rows")
    assert int(script(f"{grid}.getAttribute('aria-rowcount')")) == int(shown) + 1
    console.focus(console.lines()[0].id)
    for key in ("PageDown", "PageDown", "End", "PageUp", "Home", "End"):
        console.page.press(key)
        focused = [line for line in console.lines() if line.focused]
        assert len(focused) == 1, key
        assert focused[0].seen, key
        assert script(rows) <= ROWS_MAX
    last = script(f"{grid}.getAttribute('aria-activedescendant')")
    index = script(
        "return document.getElementById(arguments[0]).getAttribute('aria-rowindex')", last
    )
    assert index == script(f"{grid}.getAttribute('aria-rowcount')")


def test_nothing_moves_under_the_hand_and_r_brings_in_what_waits(
    console: AlarmListPage, database: Database
) -> None:
    ids = [one(database, severity=HIGH, title=f"Cũ {n}") for n in range(6)]
    console.open()
    before = console.focus(ids[2])
    newer = [one(database, severity=HIGH, title=f"Mới {n}") for n in range(4)]
    fire = one(database, severity=CRITICAL)
    console.house.post(f"/alarms/{ids[3]}/close", {"code": "test", "by": "An"})
    console.page.until(lambda: console.arrived() == 4, "four wait")
    console.until_line(fire, seen=True)
    now = console.until_line(ids[2], focused=True)
    assert now.top == before.top
    assert console.until_line(ids[3], gone=True, state=OVER).id == ids[3]
    assert console.page.text("[data-command=bring_in]") == "▲ 4 cảnh báo mới (r)"
    console.page.press("KeyR")
    console.until_line(newer[0])
    assert console.line(ids[3]) is None
    console.until_line(ids[2], focused=True, seen=True)
    console.page.press("Escape")
    another = one(database, severity=HIGH)
    console.until_line(another)
    assert console.arrived() == 0


def test_acknowledge_is_one_key_and_q_takes_it_back(
    console: AlarmListPage, database: Database
) -> None:
    alarm = one(database, severity=CRITICAL)
    console.open()
    console.page.press("ArrowDown")
    console.until_line(alarm, focused=True)
    console.page.press("KeyX")
    console.until_line(alarm, state="acknowledged", pending="")
    assert OPERATOR in console.until_line(alarm).text
    assert state_of(console, alarm) == "acknowledged"
    assert console.toasts() == []
    console.page.until_shown("[data-command=undo]")
    console.page.press("KeyQ")
    console.until_line(alarm, state="unacknowledged", pending="")
    assert log_of(console, alarm)[1:] == [
        ("acknowledged", OPERATOR),
        ("unacknowledged", OPERATOR),
    ]


def test_a_shelf_wants_a_reason_and_an_end_and_can_be_taken_back(
    console: AlarmListPage, database: Database
) -> None:
    alarm = one(database, severity=LOW)
    console.open()
    console.page.press("ArrowDown", "KeyT")
    console.page.until_shown("[data-dialog=shelve]")
    console.page.press("Ctrl+Enter")
    error = console.page.until(lambda: console.page.text("[data-part=error]"), "a sentence")
    assert error == "Vui lòng nhập lý do tạm gác."
    assert console.page.focused().startswith("select")
    console.page.press("ArrowDown", "Tab")
    console.page.type("chờ thay đầu báo")
    console.page.press("Tab", "ArrowDown", "Ctrl+Enter")
    console.page.until_gone("[data-dialog=shelve]")
    console.page.until(lambda: state_of(console, alarm) == "shelved", "shelved")
    found = console.house.get(f"/alarms/{alarm}")
    left = datetime.fromisoformat(found["shelved_until"]) - clock.now()
    assert timedelta(minutes=55) < left <= timedelta(hours=1)
    lines = console.house.get(f"/alarms/{alarm}/log")["log"]
    assert lines[-1]["comment"] == "Đang bảo trì: chờ thay đầu báo"
    console.page.until(lambda: console.count("value") == 1, "counted as hidden")
    console.open(state="shelved")
    assert "Tạm gác đến" in console.until_line(alarm, state="shelved").text
    console.page.press("ArrowDown", "Shift+KeyX", "Shift+KeyT")
    console.page.until(lambda: state_of(console, alarm) == "acknowledged", "back from the shelf")


def test_take_assign_comment_and_close_by_keyboard(
    console: AlarmListPage, database: Database
) -> None:
    alarm = one(database, severity=MEDIUM)
    console.open()
    console.page.press("ArrowDown", "KeyN")
    console.page.until(lambda: OPERATOR in console.until_line(alarm).text, "taken")
    console.page.press("KeyP")
    console.page.until_shown("[data-dialog=assign]")
    console.page.type("Đội PCCC khu vực 1")
    console.page.press("Enter")
    console.page.until(lambda: "Đội PCCC khu vực 1" in console.until_line(alarm).text, "assigned")
    console.page.press("KeyC")
    console.page.until_shown("[data-dialog=comment]")
    console.page.type("đã gọi cơ sở, báo cháy giả")
    console.page.press("Ctrl+Enter")
    console.page.until_gone("[data-dialog=comment]")
    console.page.press("KeyK")
    console.page.until_shown("[data-dialog=close]")
    console.page.press("Digit2", "Ctrl+Enter")
    console.page.until_gone("[data-dialog=close]")
    console.until_line(alarm, state=OVER)
    found = console.house.get(f"/alarms/{alarm}")
    assert (found["closing_code"], found["assignee"]) == ("false", "Đội PCCC khu vực 1")
    assert [step for step, _ in log_of(console, alarm)] == [
        *("raised", "assigned", "assigned", "commented", "closed"),
    ]
    assert {by for _, by in log_of(console, alarm)[1:]} == {OPERATOR}


def test_alarms_become_an_incident(console: AlarmListPage, database: Database) -> None:
    two = [one(database, severity=HIGH, title=f"Khói {n}") for n in range(2)]
    console.open()
    console.page.press("ArrowDown", "Shift+ArrowDown", "KeyV")
    console.page.until_shown("[data-dialog=incident]")
    console.page.press("Ctrl+Enter")
    console.page.until_gone("[data-dialog=incident]")
    for alarm in two:

        def is_linked(alarm: str = alarm) -> bool:
            found = console.house.get(f"/alarms/{alarm}")["incident"]
            return bool(found) and "vụ việc" in console.until_line(alarm).text

        console.page.until(is_linked, "linked, and the list says so")


def test_many_are_acknowledged_at_once_but_priority_1_by_itself(
    console: AlarmListPage, database: Database
) -> None:
    fire = one(database, severity=CRITICAL)
    others = [one(database, severity=MEDIUM) for _ in range(20)]
    console.open()
    console.page.press("ArrowDown", "Space")
    console.page.press("ArrowDown", *["Shift+ArrowDown"] * 19)
    console.page.until(lambda: console.page.data("[data-part=chosen]", "count") == "20", "20")
    console.page.press("ArrowUp", "Ctrl+KeyA")
    console.focus(fire)
    console.page.press("Space")
    words = "21 cảnh báo: 1 mức 1, 20 mức 3. Có 1 cảnh báo mức 1 phải xác nhận riêng."
    console.page.until(lambda: console.page.text("[data-part=chosen]") == words, words)
    console.page.press("KeyX")
    console.page.until_shown("[data-part=bulk][data-state=over]")
    assert console.page.text("[data-part=bulk]") == "Đã xác nhận 20, 0 bị từ chối, 0 chưa rõ."
    assert {state_of(console, each) for each in others} == {"acknowledged"}
    assert state_of(console, fire) == "unacknowledged"
    console.page.press("KeyQ")
    console.page.until(
        lambda: {state_of(console, each) for each in others} == {"unacknowledged"}, "taken back"
    )


def test_a_search_needs_no_accents_marks_what_it_found_and_fires_no_command(
    console: AlarmListPage, database: Database
) -> None:
    fire = one(database, severity=HIGH, title="Báo cháy: tủ trung tâm")
    run = one(database, severity=HIGH, title="Người chạy qua đường sắt")
    water = one(database, severity=HIGH, title="Ngập nước")
    console.open()
    console.page.press("Slash")
    console.page.type("chay")
    console.page.until(lambda: console.line(water) is None, "narrowed")
    assert {line.id for line in console.lines()} == {fire, run}
    assert console.page.texts(".line mark") == ["chạy", "cháy"] or console.page.texts(
        ".line mark"
    ) == ["cháy", "chạy"]
    console.page.script("document.querySelector('[data-field=search]').select()")
    console.page.type("báo cháy")
    console.page.until(lambda: {line.id for line in console.lines()} == {fire}, "with marks")
    for letter in "xtnk":
        console.page.press(f"Key{letter.upper()}")
    assert state_of(console, fire) == "unacknowledged"
    assert not console.page.shows("dialog[open]")
    query = parse_qs(urlsplit(console.page.driver.current_url).query)
    console.page.press("Escape")
    console.until_line(water)
    assert query["q"][0].startswith("báo cháy")


def test_filters_stand_in_the_address_and_a_link_shows_the_same(
    console: AlarmListPage, database: Database
) -> None:
    ids = {each: one(database, severity=each, area=WARD) for each in (HIGH, MEDIUM, LOW)}
    elsewhere = one(database, severity=HIGH, area="05455")
    console.open()
    console.page.press("Digit2", "Digit3")
    console.page.until(lambda: console.line(ids[LOW]) is None, "narrowed by keys")
    console.page.press("KeyL")
    console.page.until_shown("[data-part=filters]")
    console.page.script(
        "const area = document.querySelector('[data-choice=area]'); area.value = arguments[0];"
        "area.dispatchEvent(new Event('change', { bubbles: true }))",
        WARD,
    )
    console.page.until(lambda: console.line(elsewhere) is None, "narrowed by area")
    query = parse_qs(urlsplit(console.page.driver.current_url).query)
    assert (set(query["severity"][0].split(",")), query["area"]) == ({"high", "medium"}, [WARD])
    console.page.open(console.page.driver.current_url)
    console.page.until_live()
    console.until_line(ids[HIGH])
    assert {line.id for line in console.lines()} == {ids[HIGH], ids[MEDIUM]}
    console.page.script("document.querySelector('[data-command=clear-filters]').click()")
    console.until_line(elsewhere)
    assert "severity" not in console.page.driver.current_url


def test_going_from_page_to_page_leaves_no_connection_behind(
    console: AlarmListPage, database: Database
) -> None:
    one(database, severity=LOW)
    # A browser has six connections for a host; each page that was left would hold one.
    for number in range(8):
        console.open(q=f"chuyen {number}")


def test_a_flood_folds_alarms_into_groups_that_count_them(
    console: AlarmListPage, database: Database
) -> None:
    fire = one(database, severity=CRITICAL)
    for _ in range(3):
        raise_alarms(database, 10, rule="silent-camera", severity=LOW, title="Camera im lặng")
    console.open()
    console.page.until_shown("[data-flood=on]")
    group = console.page.until(
        lambda: next((line for line in console.lines() if line.kind == "group"), None), "a group"
    )
    assert "30 cảnh báo" in group.text
    assert console.until_line(fire).seen

    def adds_up() -> bool:
        total = console.house.get("/overview")["alarms"]["open"]
        return console.count("shown") == int(total) == 31

    console.page.until(adds_up, "all are shown or in a group")
    console.focus(group.id)
    console.page.press("ArrowRight")
    first = console.page.until(
        lambda: next((line for line in console.lines() if "khởi phát" in line.text), None), "first"
    )
    assert first.kind == "alarm"
    console.page.press("ArrowLeft")
    console.page.until(lambda: len(console.lines()) == 2, "folded again")


def test_every_command_has_a_button_and_says_why_it_cannot_be_pressed(
    console: AlarmListPage, database: Database
) -> None:
    alarm = one(database, severity=LOW)
    console.open()
    button = "[data-command=acknowledge]"
    disabled = "return document.querySelector(arguments[0]).getAttribute('aria-disabled')"
    assert console.page.script(disabled, button) == "true"
    console.focus(alarm)
    console.page.until(lambda: console.page.script(disabled, button) == "false", "can be pressed")
    console.page.script("document.querySelector(arguments[0]).click()", button)
    console.until_line(alarm, state="acknowledged", pending="")
    console.page.press("Shift+F10")
    console.page.until_shown("[data-dialog=menu]")
    names = console.page.script(
        "return [...document.querySelectorAll('[data-dialog=menu] li button')]"
        ".filter((e) => !e.disabled).map((e) => e.dataset.command)"
    )
    assert set(names) == {
        *("unacknowledge", "shelve", "take", "assign", "comment", "close", "incident"),
        "remove-from-service",
    }
    console.page.press("Escape")
    console.page.until_gone("[data-dialog=menu]")
