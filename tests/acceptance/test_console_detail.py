"""One alarm beside the list, in a real browser: its five tabs, its moves, by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.acceptance.control_desk import LAT as HERE
from tests.acceptance.control_desk import (
    METRE,
    OPENED_WITHIN_S,
    OPERATOR,
    WARD_NAME,
    Desk,
    control_desk,
)
from tests.acceptance.house import House, JsonObject
from tests.acceptance.receiver import Receiver
from tests.recorder import running_recorder

#: What the screen shows does not hang on the kind of broker, and a browser is heavy.
pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)


@pytest.fixture(scope="module")
def recorder() -> Iterator[str]:
    with running_recorder() as url:
        yield url


@pytest.fixture(scope="module")
def desk(house: House, recorder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose site names the recorder as a place that snapshots may come from."""
    house.kill("api")
    house.start("api", IOC_MEDIA_HOSTS=json.dumps(["127.0.0.1"]))
    house.wait_ready()
    with control_desk(house, tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture(autouse=True)
def calm(desk: Desk) -> Iterator[None]:
    yield
    desk.calm()


@pytest.fixture
def alarm(desk: Desk) -> JsonObject:
    """A fire alarm of a detector of this test."""
    return desk.fire(f"panel-{uuid4().hex[:6]}/zone-1")


def opened(desk: Desk, alarm: JsonObject, tab: int = 1) -> None:
    """Open an alarm by its address and go into its panel with Tab."""
    desk.open(f"?page=alarms&open={alarm['id']}&tab={tab}")
    desk.page.until_shown(
        f".detail[data-open='{alarm['id']}'][data-state='{alarm['state']}']", OPENED_WITHIN_S
    )
    desk.tab_to(".detail")


def chosen(desk: Desk) -> str:
    return desk.page.text(".detail [role=tab][aria-selected=true]")


def test_enter_opens_the_alarm_of_the_row_and_esc_leads_back_to_it(
    desk: Desk, alarm: JsonObject
) -> None:
    page = desk.page
    desk.open("?page=alarms")
    page.until_shown(f"[data-alarm='{alarm['id']}']", OPENED_WITHIN_S)
    page.press("ArrowDown", "Enter")
    page.until_shown(f".detail[data-open='{alarm['id']}'][data-state=unacknowledged]")
    assert f"open={alarm['id']}" in page.driver.current_url
    desk.until_text(".detail header", alarm["title"])
    assert WARD_NAME in page.text(".detail .where")
    assert page.text(".detail .state") == "Chưa xác nhận · Chưa ai xác nhận"
    assert page.texts(".detail [data-block=steps] li") == alarm["guidance"]
    desk.until_text(".detail [data-block=cause]", "quy tắc fire-alarm")
    desk.tab_to(".detail")
    page.press("Escape")
    page.until_gone(".detail")
    assert "open=" not in page.driver.current_url
    assert page.script("return document.activeElement.closest('[data-keys=list]') !== null")


def test_digits_choose_tabs_while_the_focus_is_in_the_panel(desk: Desk, alarm: JsonObject) -> None:
    opened(desk, alarm)
    for digit, word in enumerate(("Hướng dẫn", "Bằng chứng", "Nhật ký", "Đã báo", "Liên quan"), 1):
        desk.page.press(f"Digit{digit}")
        assert word in chosen(desk)
        assert desk.page.shows(f"#detail-panel-{digit}")
        assert f"tab={digit}" in desk.page.driver.current_url
    desk.page.press("KeyH")
    assert "Hướng dẫn" in chosen(desk)


def test_the_evidence_is_what_stands_near_and_what_it_said(desk: Desk, recorder: str) -> None:
    near, far = f"cam-{uuid4().hex[:6]}", f"cam-{uuid4().hex[:6]}"
    snapshot = f"{recorder}/good.png"
    desk.camera(near, "smoke", snapshot_url=snapshot, lat=HERE + 120 * METRE)
    desk.camera(far, lat=HERE + 900 * METRE)
    report = f"PA-{uuid4().hex[:6]}"
    desk.citizen(report, lat=HERE + 60 * METRE, reporter={"name": "An", "phone": "0912345678"})
    desk.house.wait_stored(1, where=f"ref = '{report}'")
    desk.house.wait_stored(1, where=f"ref = '{far}'")
    alarm = desk.fire(f"panel-{uuid4().hex[:6]}")
    opened(desk, alarm, tab=2)
    page = desk.page
    page.until_shown(f".detail [data-device='{near}']")
    row = page.text(f".detail [data-device='{near}']")
    assert "120\xa0m" in row
    assert "Khói" in row
    assert not page.shows(f".detail [data-device='{far}']")
    desk.until_text(f".detail [data-report='{report}']", report)
    assert "0912345678" not in page.driver.page_source
    assert page.shows(".detail svg.plan")
    page.until(
        lambda: page.script(
            "return document.querySelector('.detail .pictures img')?.naturalWidth === 160"
        ),
        "the snapshot of the camera",
    )
    looks = desk.house.count("looks", "what LIKE 'picture of event %%'")
    assert looks == 1
    page.until_shown(".detail .spark[data-points='60']")
    assert "Đủ tín hiệu" in page.text(".detail [data-block=reliability]")
    page.press("Digit1", "Digit2")
    page.until_shown(f".detail [data-device='{near}']")
    assert desk.house.count("looks", "what LIKE 'picture of event %%'") == looks


def test_x_in_the_panel_acknowledges_and_the_log_says_who(desk: Desk, alarm: JsonObject) -> None:
    opened(desk, alarm, tab=3)
    desk.page.until_shown(".detail tr[data-type=raised]")
    desk.page.press("KeyX")
    desk.page.until_shown(".detail[data-state=acknowledged][data-pending='']")
    desk.until_text(".detail tr[data-type=acknowledged]", OPERATOR)
    assert ("acknowledged", OPERATOR) in desk.steps(alarm["id"])
    assert desk.page.text(".detail .state") == f"Đã xác nhận · Người xử lý: {OPERATOR}"
    assert desk.page.shows(".detail [data-command=unacknowledge]")
    assert not desk.page.shows(".detail [data-command=acknowledge]")


def test_every_move_has_a_button_in_the_panel(desk: Desk, alarm: JsonObject) -> None:
    opened(desk, alarm)
    desk.press_on(".detail .foot [data-command=comment]")
    desk.page.until_shown("dialog")
    desk.page.type("Chủ cơ sở nghe máy")
    desk.page.press("Ctrl+Enter")
    desk.page.until_gone("dialog")
    desk.until_text(".detail .last", "Ghi chú")
    desk.press_on(".detail .foot [data-command=take]", back=True)
    desk.until_text(".detail .state", f"Người xử lý: {OPERATOR}")
    log = desk.house.get(f"/alarms/{alarm['id']}/log")["log"]
    assert [each["comment"] for each in log if each["type"] == "commented"] == [
        "Chủ cơ sở nghe máy"
    ]


def test_what_others_do_is_shown_without_a_touch(desk: Desk, alarm: JsonObject) -> None:
    opened(desk, alarm, tab=3)
    desk.move(alarm["id"], "shelve", minutes=30, comment="Thử hệ thống")
    desk.page.until_shown(".detail[data-state=shelved]")
    desk.until_text(".detail tr[data-type=shelved]", "Thử hệ thống")
    assert "Tạm gác đến" in desk.page.text(".detail .state")
    desk.move(alarm["id"], "close", code="false", comment="Hơi nước")
    desk.page.until_shown(".detail[data-state=normal]")
    assert "Đã kết thúc lúc" in desk.page.text(".detail .state")
    shown = desk.page.script(
        "return [...document.querySelectorAll('.detail .foot button')]"
        ".filter((e) => e.checkVisibility()).map((e) => e.dataset.command)"
    )
    assert shown == ["comment"]


def test_a_lost_race_is_said_in_the_panel(desk: Desk, alarm: JsonObject) -> None:
    opened(desk, alarm)
    # Somebody else is faster while the browser hears nothing.
    desk.page.script(
        "const { fetch } = window; window.fetch = async (url, o) => {"
        " if (String(url).endsWith('/acknowledge')) await fetch(url,"
        " { ...o, body: JSON.stringify({ by: 'Trần Văn Đức' }) }); return fetch(url, o); }"
    )
    desk.page.press("KeyX")
    desk.until_text(".detail .race", "Trần Văn Đức đã xác nhận trước")
    desk.page.until_shown(".detail[data-state=acknowledged]")
    said = desk.page.complaints()
    assert all("409" in line for line in said), said  # the browser itself notes the refusal


def test_who_was_told_is_in_the_fourth_tab(desk: Desk) -> None:
    receiver = Receiver()
    receiver.up()
    made = desk.house.post("/webhooks", {"name": "truc-xa", "url": receiver.url})
    assert made.status_code == 201, made.text
    try:
        alarm = desk.fire(f"panel-{uuid4().hex[:6]}")
        receiver.wait(lambda one: one.alarm["id"] == alarm["id"], 20, "the alarm told")
        opened(desk, alarm, tab=4)
        desk.until_text(".detail tr[data-delivery]", "truc-xa")
        row = desk.page.text(".detail tr[data-delivery]")
        assert "Đã gửi" in row
        assert "200" in row
    finally:
        receiver.down()


def test_what_is_related_is_one_press_away(desk: Desk, alarm: JsonObject) -> None:
    desk.fire(f"panel-{uuid4().hex[:6]}")
    made = desk.house.post(
        "/incidents", {"by": "a", "title": "Cháy chợ", "alarms": [alarm["id"]]}
    ).json()
    device = alarm["device"]
    desk.move(alarm["id"], "close", code="false")
    again = desk.fire(device)
    opened(desk, again, tab=5)
    desk.until_text(".detail [data-block=before]", "Báo nhầm")
    desk.until_text(".detail [data-block=beside]", "Cùng quy tắc, cùng địa bàn (1)")
    desk.press_on(f".detail [data-block=before] [data-open='{alarm['id']}']")
    desk.page.until_shown(f".detail[data-open='{alarm['id']}'][data-state=normal]")
    desk.tab_to(".detail")
    desk.page.press("Digit5")
    desk.until_text(".detail [data-block=incident]", "Cháy chợ")
    desk.press_on(f".detail [data-block=incident] [data-open='{made['id']}']")
    desk.page.until_shown(f"[data-incident='{made['id']}'][data-state=open]")


def test_arrows_lead_to_the_alarm_before_and_after(desk: Desk, alarm: JsonObject) -> None:
    other = desk.fire(f"panel-{uuid4().hex[:6]}")
    desk.open("?page=alarms")
    desk.page.until_shown(f"[data-alarm='{other['id']}']", OPENED_WITHIN_S)
    desk.page.press("ArrowDown", "Enter")
    desk.page.until_shown(".detail[data-open][data-state=unacknowledged]")
    first = desk.page.data(".detail", "open")
    desk.tab_to(".detail")
    desk.page.press("ArrowRight")
    desk.page.until(lambda: desk.page.data(".detail", "open") != first, "the next alarm")
    assert {first, desk.page.data(".detail", "open")} == {alarm["id"], other["id"]}
    desk.page.press("ArrowLeft")
    desk.page.until(lambda: desk.page.data(".detail", "open") == first, "the one before")


def test_an_alarm_that_is_not_there_is_dropped_from_the_link_and_named(desk: Desk) -> None:
    for unknown in (str(uuid4()), "nope"):
        desk.open(f"?page=alarms&open={unknown}")
        desk.until_text("[data-toast]", "Đã bỏ open khỏi liên kết. Không có cảnh báo này.")
        desk.page.until_gone(".detail")
        assert "open=" not in desk.page.driver.current_url
    said = desk.page.complaints()
    assert all("404" in line or "400" in line for line in said), said


def test_axe_finds_nothing_in_the_panel(desk: Desk, alarm: JsonObject) -> None:
    opened(desk, alarm)
    for digit in (1, 2, 3, 5):
        desk.page.press(f"Digit{digit}")
        desk.page.until_gone(".detail .note[data-state=loading]")
        assert desk.page.axe() == []
