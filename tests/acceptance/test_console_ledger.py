"""What is hidden and why, and wishes for a second person, in a real browser, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.acceptance.control_desk import OPERATOR, WARD, WARD_NAME, Desk, control_desk
from tests.acceptance.house import House, JsonObject

#: What the screen shows does not hang on the kind of broker, and a browser is heavy.
pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)


@pytest.fixture(scope="module")
def desk(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with control_desk(house, tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture
def quiet(desk: Desk) -> Iterator[Desk]:
    """The desk; nothing that a test has hidden stays so."""
    yield desk
    desk.calm()


def live(desk: Desk) -> list[JsonObject]:
    found: list[JsonObject] = desk.house.get("/suppressions", state="live")["suppressions"]
    return found


def choose(desk: Desk, name: str, value: str) -> None:
    """Choose in a list of a form, as a person does who types the beginning of a word."""
    desk.tab_to(f"dialog [name={name}]")
    desk.page.script(
        "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
        " e.dispatchEvent(new Event('change', { bubbles: true }))",
        f"dialog [name={name}]",
        value,
    )


def test_what_is_hidden_is_counted_with_its_reason(quiet: Desk) -> None:
    quiet.open("?page=ledger")
    quiet.until_text("[data-list=hidden]", "Không có cảnh báo nào đang ẩn.")
    alarm = quiet.fire(f"p-{uuid4().hex[:6]}")
    quiet.move(alarm["id"], "shelve", by="Hằng", minutes=30, comment="Đơn vị thử hệ thống")
    quiet.page.until_shown(f"tr[data-alarm='{alarm['id']}'][data-reason=shelved]")  # by itself
    row = quiet.page.text(f"tr[data-alarm='{alarm['id']}']")
    for word in (alarm["title"], WARD_NAME, "Tạm gác", "Đơn vị thử hệ thống", "Hằng", "Sẽ kêu"):
        assert word in row
    counts = quiet.page.text(".ledger .counts")
    assert "Đang ẩn 1 · Tạm gác 1 · sẽ kêu nếu không ẩn 1" in counts
    quiet.move(alarm["id"], "unshelve")
    quiet.until_text("[data-list=hidden]", "Không có cảnh báo nào đang ẩn.")


def test_the_hidden_line_of_the_list_leads_to_the_ledger(quiet: Desk) -> None:
    alarm = quiet.fire(f"p-{uuid4().hex[:6]}")
    quiet.move(alarm["id"], "shelve", minutes=30, comment="Thử")
    quiet.open("?page=alarms")
    quiet.press_on("[data-command=ledger]")
    quiet.page.until_shown(f"tr[data-alarm='{alarm['id']}']")
    quiet.press_on(f"tr[data-alarm='{alarm['id']}'] button")
    quiet.page.until_shown(f".detail[data-open='{alarm['id']}']")


def test_a_silence_is_made_hides_and_is_ended(quiet: Desk) -> None:
    device = f"p-{uuid4().hex[:6]}"
    alarm = quiet.fire(device, state="trouble")
    page = quiet.page
    quiet.open("?page=ledger")
    quiet.press_on("[data-command=new_silence]")
    page.until_shown("dialog textarea[name=reason]")
    page.press("Ctrl+Enter")
    quiet.until_text("dialog .error", "Vui lòng nhập lý do.")
    page.type("Thử tủ báo cháy")
    page.press("Ctrl+Enter")
    quiet.until_text("dialog .error", "Điền ít nhất một quy tắc")
    choose(quiet, "rules", "fire-trouble")
    choose(quiet, "areas", WARD)
    page.press("Ctrl+Enter")
    page.until_gone("dialog")
    page.until_shown(f"tr[data-alarm='{alarm['id']}'][data-reason=silence]")
    (made,) = live(quiet)
    assert made["matcher"] == {"rules": ["fire-trouble"], "areas": [WARD]}
    assert (made["by"], made["reason"]) == (OPERATOR, "Thử tủ báo cháy")
    assert WARD_NAME in page.text(f"tr[data-suppression='{made['id']}']")
    quiet.press_on(f"tr[data-suppression='{made['id']}'] [data-command=end]")
    page.until_shown("dialog textarea")
    page.type("Đã thử xong")
    page.press("Ctrl+Enter")
    page.until_gone("dialog")
    page.until_gone(f"tr[data-suppression='{made['id']}']")
    page.until_gone(f"tr[data-alarm='{alarm['id']}']")
    log = quiet.house.get(f"/suppressions/{made['id']}")["log"]
    assert [(each["by"], each["comment"]) for each in log if each["type"] == "ended"] == [
        (OPERATOR, "Đã thử xong")
    ]


def test_what_would_hide_too_long_is_refused_with_the_limit(quiet: Desk) -> None:
    page = quiet.page
    quiet.open("?page=ledger")
    quiet.press_on("[data-command=new_silence]")
    page.until_shown("dialog textarea[name=reason]")
    page.type("Thử")
    choose(quiet, "rules", "fire-alarm")
    quiet.tab_to("dialog input[name=severities]")
    page.press("Space")  # priority 1, by its own box
    quiet.tab_to("dialog input[name=minutes]")
    page.press("Ctrl+KeyA")
    page.type("100000")
    page.press("Ctrl+Enter")
    quiet.until_text("dialog .error", "Dài hơn mức cho phép: tối đa")
    assert page.script("return document.activeElement.name") == "minutes"
    assert live(quiet) == []
    page.press("Escape", "Escape")
    page.until_gone("dialog")
    said = page.complaints()
    assert all("409" in line for line in said), said  # the browser itself notes the refusal


def test_maintenance_is_made_for_a_device(quiet: Desk) -> None:
    page = quiet.page
    quiet.open("?page=ledger")
    quiet.press_on("[data-command=new_maintenance]")
    page.until_shown("dialog textarea[name=reason]")
    page.type("Thay đầu báo")
    quiet.tab_to("dialog input[name=devices]")
    page.type("panel-1/zone-1, panel-1/zone-2")
    page.press("Enter")
    page.until_gone("dialog")
    (made,) = live(quiet)
    assert (made["kind"], made["matcher"]) == (
        "maintenance",
        {"devices": ["panel-1/zone-1", "panel-1/zone-2"]},
    )
    page.until_shown(f"tr[data-suppression='{made['id']}'][data-kind=maintenance]")


def test_a_second_person_approves_from_the_tray(quiet: Desk) -> None:
    alarm = quiet.fire(f"p-{uuid4().hex[:6]}")
    two_persons(quiet, alarm)
    quiet.move(alarm["id"], "close", by="Trần Văn Đức", code="false", comment="Hơi nước")
    page = quiet.page
    quiet.open("?page=alarms")
    page.until_shown("[data-tray='1']", 20)
    quiet.press_on("[data-command=tray]")
    quiet.until_text("[data-list=approvals]", "Trần Văn Đức đề nghị: Kết thúc (Báo nhầm)")
    quiet.press_on("[data-list=approvals] button")
    quiet.until_text("dialog", "Hơi nước")
    quiet.tab_to("dialog textarea")
    page.type("Đã gọi lại cơ sở")
    page.press("Ctrl+Enter")
    page.until_gone("dialog")
    page.until(lambda: quiet.house.get(f"/alarms/{alarm['id']}")["ended_at"], "closed")
    assert ("closed", "Trần Văn Đức") in quiet.steps(alarm["id"])
    page.until_gone("[data-command=tray]")


def test_who_asked_cannot_approve_and_may_reject(quiet: Desk) -> None:
    alarm = quiet.fire(f"p-{uuid4().hex[:6]}")
    two_persons(quiet, alarm)
    quiet.move(alarm["id"], "close", by=OPERATOR, code="false")
    page = quiet.page
    quiet.open("?page=alarms")
    page.until_shown("[data-tray='1']", 20)
    quiet.press_on("[data-command=tray]")
    quiet.press_on("[data-list=approvals] button")
    page.until_shown("dialog select[name=decision]")
    page.press("Ctrl+Enter")
    quiet.until_text("dialog .error", "Người đề nghị không được tự duyệt.")
    choose(quiet, "decision", "reject")
    page.press("Ctrl+Enter")
    page.until_gone("dialog")
    assert quiet.house.get(f"/alarms/{alarm['id']}")["ended_at"] is None
    assert ("rejected", OPERATOR) in quiet.steps(alarm["id"])
    said = page.complaints()
    assert all("409" in line for line in said), said


def two_persons(desk: Desk, alarm: JsonObject) -> None:
    """Make an alarm one that only two persons close, as the rules of a site may say."""
    changed = desk.house.row(
        "UPDATE alarms SET two_person = '{close}' WHERE id = %s RETURNING id", alarm["id"]
    )
    assert changed


def test_axe_finds_nothing(quiet: Desk) -> None:
    alarm = quiet.fire(f"p-{uuid4().hex[:6]}")
    quiet.move(alarm["id"], "shelve", minutes=30, comment="Thử")
    quiet.open("?page=ledger")
    quiet.page.until_shown(f"tr[data-alarm='{alarm['id']}']")
    assert quiet.page.axe() == []
    quiet.press_on("[data-command=new_silence]")
    quiet.page.until_shown("dialog")
    assert quiet.page.axe() == []
