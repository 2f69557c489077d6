"""Moves that lose a race, or whose answer never comes: the screen says what became of each."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from connectors.timescale.alarms import apply, lock, move
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc import clock
from ioc.alarm import ClosingCode, Step, Transition
from ioc.severity import Severity
from tests.acceptance.alarm_list import OPERATOR, OVER, AlarmListPage, close_all, one
from tests.acceptance.browser import browser
from tests.acceptance.cut import Cable, cable
from tests.acceptance.house import House, eventually, free_port
from tests.acceptance.test_wall import answers

pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)

OTHER = "Trần Văn Đức"
#: The page gives a call five seconds; then it looks the alarm up.
KNOWN_WITHIN_S = 20.0
#: An API that was killed has to start first, on a busy machine.
BACK_WITHIN_S = 60.0
TYPED = "đã gọi chủ nhà, có khói ở tầng 2"
ASKS_BEFORE_LEAVING = "return !dispatchEvent(new Event('beforeunload', { cancelable: true }))"

#: The choice of a form: a reason, or what it was.
CHOOSE = """
const list = document.querySelector('[data-field=reason]');
if (list) list.value = arguments[0];
else document.querySelector(`[data-field=code] [value=${arguments[0]}]`).checked = true;
"""
CHOSEN = """
return document.querySelector('[data-field=reason]')?.value
  ?? document.querySelector('[data-field=code] input:checked').value;
"""


@pytest.fixture(scope="module")
def database(house: House) -> Iterator[Database]:
    found = Database(house.database_url, "test").open()
    yield found
    found.close()


@pytest.fixture(scope="module")
def line(house: House) -> Iterator[Cable]:
    with cable(house.port) as laid:
        yield laid


@pytest.fixture(scope="module")
def opened(
    house: House, line: Cable, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AlarmListPage]:
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield AlarmListPage(page, house)
        # A refusal, or a cable that was pulled, is worth a line in the browser's log.
        assert [said for said in page.complaints() if "Failed to load resource" not in said] == []


@pytest.fixture
def console(opened: AlarmListPage, database: Database, line: Cable) -> AlarmListPage:
    """The list of a quiet day, over a whole cable."""
    line.heal()
    close_all(database)
    return opened


def opened_on(console: AlarmListPage, line: Cable, alarm: str) -> None:
    """Open the list with the focus on an alarm."""
    console.open(line.url)
    console.page.press("ArrowDown")
    console.until_line(alarm, focused=True)


def tray(console: AlarmListPage) -> int:
    return int(console.page.data("[data-command=tray]", "tray") or 0)


def send_again(console: AlarmListPage) -> None:
    """Open the form of what did not arrive, from the tray."""
    console.page.click("[data-command=tray]")
    console.page.click("[data-dialog=tray] .tray-item")
    console.page.until_shown("[data-command=throw-away]")


def said_of(console: AlarmListPage, alarm: str) -> list[str | None]:
    return [line["comment"] for line in console.house.get(f"/alarms/{alarm}/log")["log"]]


def state_of(console: AlarmListPage, alarm: str) -> str:
    return str(console.house.get(f"/alarms/{alarm}")["state"])


def raised_to(database: Database, alarm: str, severity: Severity) -> None:
    """Let an alarm become more severe, as a rule does."""
    now = clock.now()
    with database.transaction() as conn:
        found = lock(conn, [UUID(alarm)])[UUID(alarm)]
        worse = replace(found, severity=severity, version=found.version + 1, changed_at=now)
        apply(conn, [Transition(Step.SEVERITY_CHANGED, found.state, worse, now)])


def test_a_rise_of_severity_that_nobody_had_seen_refuses_the_move(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.MEDIUM)
    opened_on(console, line, alarm)
    line.cut(answers_only=True)
    raised_to(database, alarm, Severity.CRITICAL)
    console.page.press("KeyX")
    assert console.until_line(alarm, pending="sending").state == "acknowledged"
    line.heal()
    refused = console.until_line(alarm, pending="refused", outlined=True, state="unacknowledged")
    assert refused.priority == 1
    said = console.until_toast("race.severity")
    assert said.startswith("Chưa xác nhận được: mức đã tăng từ 3 lên 1 lúc ")
    assert state_of(console, alarm) == "unacknowledged"
    assert tray(console) == 1
    console.page.press("Enter")
    console.until_line(alarm, pending="", outlined=False)
    console.page.until(lambda: tray(console) == 0, "looked at")
    console.page.press("KeyX")
    console.until_line(alarm, pending="", state="acknowledged")


def test_somebody_who_was_faster_is_named(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.HIGH)
    opened_on(console, line, alarm)
    line.cut(answers_only=True)
    move(database, UUID(alarm), lambda a: life.acknowledge(a, OTHER, clock.now()))
    console.page.press("KeyX")
    line.heal()
    said = console.until_toast("race.already")
    assert said.startswith(f"{OTHER} đã xác nhận trước, lúc ")
    assert OTHER in console.until_line(alarm, state="acknowledged", pending="refused").text


def test_an_alarm_that_has_ended_cannot_be_moved(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.HIGH)
    opened_on(console, line, alarm)
    line.cut(answers_only=True)
    move(database, UUID(alarm), lambda a: life.close(a, ClosingCode.TEST, OTHER, clock.now()))
    console.page.press("KeyX")
    line.heal()
    said = console.until_toast("race.ended")
    assert said.startswith("Cảnh báo đã kết thúc lúc ")
    assert said.endswith(", không thể xác nhận.")
    console.until_line(alarm, gone=True, state=OVER)


def test_a_state_that_does_not_allow_the_move_is_said(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.LOW)
    opened_on(console, line, alarm)
    line.cut(answers_only=True)
    console.house.post(f"/alarms/{alarm}/shelve", {"by": OTHER, "minutes": 10, "comment": "thử"})
    console.page.press("KeyX")
    line.heal()
    assert console.until_toast("race.state") == ("Trạng thái nay là “Tạm gác”, không thể xác nhận.")
    assert state_of(console, alarm) == "shelved"


def test_a_shelf_that_is_too_long_is_refused_with_the_longest_there_is(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.CRITICAL)
    opened_on(console, line, alarm)
    console.page.press("KeyT")
    console.page.until_shown("[data-dialog=shelve]")
    console.page.press("ArrowDown")
    console.page.script(
        "document.querySelector('[data-dialog=shelve] [type=radio][value=shift]').checked = true"
    )
    console.page.script("document.querySelector('[data-dialog=shelve] [value=at]').checked = true")
    before = clock.now().timestamp() + 7 * 3600 - 120
    text = f"{int(before // 3600 % 24):02}:{int(before // 60 % 60):02}"
    console.page.script("document.querySelector('[data-field=at]').value = arguments[0]", text)
    console.page.press("Ctrl+Enter")
    said = console.until_toast("race.time")
    assert said.startswith("Chỉ được tạm gác mức 1 tối đa ")
    console.until_line(alarm, state="unacknowledged", pending="refused")


def test_what_two_persons_must_agree_to_waits_for_the_second(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.HIGH, two_person=("close",))
    opened_on(console, line, alarm)
    console.page.press("KeyK")
    console.page.until_shown("[data-dialog=close]")
    console.page.press("Digit1", "Ctrl+Enter")
    console.until_toast("race.waiting")
    assert "Chờ duyệt" in console.until_line(alarm, pending="waiting").text
    assert state_of(console, alarm) == "unacknowledged"
    (asked,) = console.house.get("/approvals", state="pending")["approvals"]
    console.house.post(f"/approvals/{asked['id']}/approve", {"by": OTHER})
    console.until_line(alarm, gone=True, state=OVER, pending="")


def test_an_answer_that_never_came_is_looked_up_and_the_move_was_made(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.HIGH)
    opened_on(console, line, alarm)
    line.cut(answers_only=True)
    console.page.press("KeyX")
    eventually(lambda: state_of(console, alarm) == "acknowledged", 5, "done, unknown to the page")
    console.page.until(
        lambda: console.until_line(alarm).pending == "unknown", "unknown", KNOWN_WITHIN_S
    )
    assert "?" in console.until_line(alarm).text
    assert tray(console) == 1
    line.heal()
    console.page.until(
        lambda: console.until_line(alarm).pending == "", "known again", KNOWN_WITHIN_S
    )
    console.until_line(alarm, state="acknowledged")
    assert tray(console) == 0
    steps = [line["type"] for line in console.house.get(f"/alarms/{alarm}/log")["log"]]
    assert steps == ["raised", "acknowledged"], "sent once"


def test_a_move_that_never_arrived_is_said_to_be_not_sent(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.HIGH)
    opened_on(console, line, alarm)
    line.refuse()
    console.page.press("KeyX")
    console.until_line(alarm, pending="unknown", state="unacknowledged")
    line.heal()
    console.page.until(
        lambda: console.until_line(alarm).pending == "refused", "looked up", KNOWN_WITHIN_S
    )
    assert state_of(console, alarm) == "unacknowledged"
    assert tray(console) == 1


def test_a_comment_that_met_a_killed_api_is_shown_and_sent_again(
    console: AlarmListPage, database: Database, line: Cable, house: House
) -> None:
    alarm = one(database, severity=Severity.HIGH)
    opened_on(console, line, alarm)
    page = console.page
    page.press("KeyC")
    page.until_shown("#form-comment")
    page.type(TYPED)
    os.kill(house.running["api"].pid, signal.SIGSTOP)  # it has the call, and will never read it
    page.press("Ctrl+Enter")
    console.until_line(alarm, pending="sending")
    house.kill("api")
    console.until_line(alarm, pending="unknown")
    page.click("[data-command=tray]")
    page.until(lambda: page.text("[data-dialog=tray] [data-part=words]") == TYPED, "what was typed")
    page.press("Escape")
    house.start("api")
    house.wait_ready()
    page.until(lambda: console.until_line(alarm).pending == "refused", "not sent", BACK_WITHIN_S)
    assert page.script(ASKS_BEFORE_LEAVING), "what was typed is kept nowhere else"
    send_again(console)
    assert page.script("return document.querySelector('#form-comment').value") == TYPED
    page.press("Ctrl+Enter")
    page.until(lambda: TYPED in said_of(console, alarm), "the comment")
    console.until_line(alarm, pending="")
    page.until(lambda: tray(console) == 0, "nothing is left to do")
    assert said_of(console, alarm) == [None, TYPED], "once"
    assert not page.script(ASKS_BEFORE_LEAVING)


def test_what_was_typed_to_close_and_to_shelve_comes_back_into_its_form(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.LOW)
    opened_on(console, line, alarm)
    page = console.page
    for key, form, chosen in (("KeyK", "close", "test"), ("KeyT", "shelve", "maintenance")):
        page.press(key)
        page.until_shown(f"[data-dialog={form}] #form-note")
        page.script(CHOOSE, chosen)
        page.element("#form-note").send_keys(TYPED)
        line.refuse()
        page.press("Ctrl+Enter")
        page.until_gone(f"[data-dialog={form}]")
        page.until(lambda: console.until_line(alarm).pending == "unknown", "unknown")
        line.heal()
        page.until(
            lambda: console.until_line(alarm).pending == "refused", "not sent", BACK_WITHIN_S
        )
        send_again(console)
        assert page.script("return document.querySelector('#form-note').value") == TYPED
        assert page.script(CHOSEN) == chosen
        page.click("[data-command=throw-away]")
        page.until(lambda: tray(console) == 0, "nothing is left to do")
        console.until_line(alarm, pending="", state="unacknowledged")


def test_without_a_connection_nothing_is_sent_or_kept_for_later(
    console: AlarmListPage, database: Database, line: Cable
) -> None:
    alarm = one(database, severity=Severity.HIGH)
    opened_on(console, line, alarm)
    cdp, none = console.page.cdp, {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    cdp("Network.emulateNetworkConditions", offline=True, **none)
    console.page.press("KeyX")
    assert console.until_toast("race.offline") == (
        "Chưa gửi được vì mất kết nối. Hãy thực hiện lại khi có kết nối."
    )
    assert console.until_line(alarm).pending == ""
    cdp("Network.emulateNetworkConditions", offline=False, **none)
    console.page.until_live()
    assert (state_of(console, alarm), tray(console)) == ("unacknowledged", 0)
    console.page.press("KeyX")
    console.until_line(alarm, state="acknowledged", pending="")
    assert [line["by"] for line in console.house.get(f"/alarms/{alarm}/log")["log"]] == [
        None,
        OPERATOR,
    ]


def test_a_viewer_is_told_what_the_account_may_not_do(
    console: AlarmListPage, database: Database, house: House
) -> None:
    alarm = one(database, severity=Severity.HIGH)
    port = free_port()
    key = house.ioc("key", "create", "looker", "--role", "viewer").stdout.strip()
    house.start("api-guarded", IOC_API_PORT=str(port), IOC_AUTH="true")
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(url), 30, "an API with keys")
    try:
        page = console.page
        page.open(f"{url}/console?page=alarms")
        page.until_shown("#key", 30)
        page.element("#key").send_keys(key, "\n")
        page.until_live()
        console.until_line(alarm)
        page.press("ArrowDown", "KeyX")
        said = console.until_toast("race.forbidden")
        assert said == "Tài khoản này không có quyền xác nhận. Liên hệ quản trị."
        button = page.element("[data-command=acknowledge]")
        assert button.get_attribute("aria-disabled") == "true"
        assert button.get_attribute("title") == said
        assert state_of(console, alarm) == "unacknowledged"
    finally:
        house.kill("api-guarded")
