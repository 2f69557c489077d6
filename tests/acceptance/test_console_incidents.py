"""Incidents in a real browser: made, merged, split, led and closed by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.acceptance.control_desk import LAT as HERE
from tests.acceptance.control_desk import METRE, OPENED_WITHIN_S, OPERATOR, Desk, control_desk
from tests.acceptance.house import House, JsonObject

#: What the screen shows does not hang on the kind of broker, and a browser is heavy.
pytestmark = pytest.mark.parametrize("house", ["embedded"], indirect=True)


@pytest.fixture(scope="module")
def desk(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with control_desk(house, tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture
def quiet(desk: Desk) -> Iterator[Desk]:
    """The desk; what a test has opened is over after it."""
    yield desk
    desk.calm()


def fires(desk: Desk, n: int, **data: str) -> list[JsonObject]:
    """Raise alarms of detectors in a row, 200 m apart: no rule joins them."""
    return [desk.fire(f"p-{uuid4().hex[:6]}", lat=HERE + 400 * METRE * i, **data) for i in range(n)]


def made(desk: Desk, alarms: list[JsonObject], title: str = "Cháy chợ") -> JsonObject:
    """Let somebody make an incident of alarms."""
    answer = desk.house.post(
        "/incidents", {"by": "Trần Văn Đức", "title": title, "alarms": [a["id"] for a in alarms]}
    )
    assert answer.status_code == 201, answer.text
    found: JsonObject = answer.json()
    return found


def now(desk: Desk, incident: JsonObject) -> JsonObject:
    found: JsonObject = desk.house.get(f"/incidents/{incident['id']}")
    return found


def opened(desk: Desk, incident: JsonObject) -> None:
    desk.open(f"?page=incidents&open={incident['id']}")
    desk.page.until_shown(
        f".incident[data-incident='{incident['id']}'][data-state={incident['state']}]",
        OPENED_WITHIN_S,
    )


def send(desk: Desk) -> None:
    """Send the form that is open, and wait until it is gone."""
    desk.page.press("Ctrl+Enter")
    desk.page.until_gone("dialog")


def test_the_list_shows_what_is_open_and_enter_opens_one(quiet: Desk) -> None:
    page = quiet.page
    quiet.open("?page=incidents")
    quiet.until_text(".incidents .note", "Không có vụ việc đang mở.")
    incident = made(quiet, fires(quiet, 2))
    page.until_shown(f"tr[data-incident='{incident['id']}']")  # by itself
    row = page.text(f"tr[data-incident='{incident['id']}']")
    assert f"VV-{incident['number']:04}" in row
    assert "Cháy chợ" in row
    assert "Chưa ai phụ trách" in row
    quiet.press_on(f"tr[data-incident='{incident['id']}'] button")
    page.until_shown(f".incident[data-incident='{incident['id']}']")
    assert page.driver.current_url.endswith(f"open={incident['id']}")
    page.press("Escape")
    page.until_shown(f"tr[data-incident='{incident['id']}']")


def test_one_incident_shows_its_alarms_its_place_and_its_life(quiet: Desk) -> None:
    first, second = fires(quiet, 2)
    incident = made(quiet, [first, second])
    opened(quiet, incident)
    page = quiet.page
    for alarm in (first, second):
        assert alarm["title"] in page.text(f".incident tr[data-alarm='{alarm['id']}']")
    assert page.shows(".incident svg.plan")
    assert "bán kính" in page.text(".incident .where")
    lines = page.texts(".timeline li")
    assert sum(first["device"] in line or second["device"] in line for line in lines) == 2
    quiet.house.post(f"/incidents/{incident['id']}/comment", {"by": "An", "comment": "Xe đã đến"})
    page.press("F10")  # a key that is no command changes nothing
    quiet.open(f"?page=incidents&open={incident['id']}")
    quiet.until_text(".timeline li[data-line=commented]", "An: Xe đã đến")


def test_a_lead_is_named_and_a_remark_is_kept(quiet: Desk) -> None:
    incident = made(quiet, fires(quiet, 1))
    opened(quiet, incident)
    quiet.page.press("KeyP")
    quiet.page.until_shown("dialog input[name=lead]")
    quiet.page.type("Nguyễn Thị Hằng")
    quiet.page.press("Enter")
    quiet.page.until_gone("dialog")
    quiet.until_text(".incident .state", "Phụ trách: Nguyễn Thị Hằng")
    quiet.page.press("KeyC")
    quiet.page.until_shown("dialog textarea")
    quiet.page.press("Ctrl+Enter")  # nothing said yet
    quiet.until_text("dialog .error", "Vui lòng nhập ghi chú.")
    quiet.page.type("Đã gọi 114")
    send(quiet)
    quiet.until_text(".timeline li[data-line=commented]", f"{OPERATOR}: Đã gọi 114")
    assert now(quiet, incident)["incident"]["lead"] == "Nguyễn Thị Hằng"


def test_typed_words_are_not_lost_by_one_esc(quiet: Desk) -> None:
    opened(quiet, made(quiet, fires(quiet, 1)))
    quiet.page.press("KeyC")
    quiet.page.until_shown("dialog textarea")
    quiet.page.type("báo cháy")  # no letter of it is a command
    quiet.page.press("Escape")
    assert quiet.page.script("return document.querySelector('dialog textarea').value") == "báo cháy"
    quiet.page.press("Escape")
    quiet.page.until_gone("dialog")


def test_alarms_are_split_off_into_an_incident_of_their_own(quiet: Desk) -> None:
    first, second = fires(quiet, 2)
    incident = made(quiet, [first, second])
    opened(quiet, incident)
    quiet.press_on("[data-command=split]")
    assert not quiet.page.shows("dialog"), "nothing is chosen yet"
    quiet.tab_to(f"tr[data-alarm='{second['id']}'] input")
    quiet.page.press("Space")
    quiet.tab_to("[data-command=split]", back=True)
    quiet.page.press("Enter")
    quiet.page.until_shown("dialog input[name=title]")
    quiet.page.press("Ctrl+KeyA")
    quiet.page.type("Cháy bãi xe")
    send(quiet)
    quiet.page.until(
        lambda: quiet.page.data(".incident", "incident") not in {"", incident["id"]}, "the other"
    )
    quiet.until_text(".incident h1", "Cháy bãi xe")
    quiet.page.until_shown(f".incident tr[data-alarm='{second['id']}']")
    left = [each["alarm"]["id"] for each in now(quiet, incident)["members"]]
    assert left == [first["id"]]


def test_an_incident_goes_into_another(quiet: Desk) -> None:
    first, second = fires(quiet, 2)
    one, other = made(quiet, [first], "Khói ở chợ"), made(quiet, [second], "Cháy chợ lớn")
    opened(quiet, one)
    quiet.page.press("KeyV")
    quiet.page.until_shown("dialog select[name=into]")
    options = quiet.page.script(
        "return [...document.querySelectorAll('dialog option')].map((e) => e.value)"
    )
    assert options == [other["id"]]
    send(quiet)
    quiet.page.until_shown(f".incident[data-incident='{other['id']}']")
    quiet.page.until_shown(f".incident tr[data-alarm='{first['id']}']")
    assert now(quiet, one)["incident"]["merged_into"] == other["id"]
    quiet.open("?page=incidents&status=merged")
    quiet.page.until_shown(f"tr[data-incident='{one['id']}'][data-state=merged]")


def test_an_incident_is_closed_with_what_it_was(quiet: Desk) -> None:
    incident = made(quiet, fires(quiet, 1))
    opened(quiet, incident)
    quiet.page.press("KeyK")
    quiet.page.until_shown("dialog select[name=code]")
    quiet.page.press("ArrowDown")
    quiet.page.press("Tab")
    quiet.page.type("Hơi nước từ bếp")
    send(quiet)
    quiet.page.until_shown(".incident[data-state=closed]")
    assert "Báo nhầm" in quiet.page.text(".incident .state")
    closed = now(quiet, incident)["incident"]
    assert (closed["state"], closed["closing_code"]) == ("closed", "false")
    quiet.page.press("KeyK")  # over: the button says why
    quiet.until_text("[data-toast]", "đã kết thúc")
    assert not quiet.page.shows("dialog")


def test_a_change_that_came_too_late_is_refused_with_a_sentence(quiet: Desk) -> None:
    incident = made(quiet, fires(quiet, 1))
    opened(quiet, incident)
    quiet.page.press("KeyK")
    quiet.page.until_shown("dialog select[name=code]")
    quiet.house.post(f"/incidents/{incident['id']}/close", {"by": "An", "code": "true"})
    quiet.page.press("Ctrl+Enter")
    quiet.until_text("dialog .error", "đã kết thúc hoặc đã gộp")
    quiet.page.press("Escape")
    quiet.page.until_gone("dialog")
    assert now(quiet, incident)["incident"]["closing_code"] == "true"
    said = quiet.page.complaints()
    assert all("409" in line for line in said), said  # the browser itself notes the refusal


def test_the_rest_is_acknowledged_at_once_and_priority_1_one_by_one(quiet: Desk) -> None:
    troubles = fires(quiet, 3, state="trouble")
    critical = fires(quiet, 2)
    incident = made(quiet, [*troubles, *critical])
    opened(quiet, incident)
    page = quiet.page
    page.press("KeyX")
    quiet.until_text("dialog", "Xác nhận 3 cảnh báo. 2 cảnh báo mức 1 phải xác nhận riêng.")
    page.press("Enter")
    for n in (1, 2):
        quiet.until_text("dialog h2", f"Mức 1, khẩn cấp: {n}/2")
        states = [quiet.house.get(f"/alarms/{each['id']}")["state"] for each in critical]
        assert states.count("acknowledged") == n - 1
        page.press("Enter")
    page.until_gone("dialog")
    for alarm in (*troubles, *critical):
        page.until_shown(f".incident tr[data-alarm='{alarm['id']}'][data-state=acknowledged]")
        assert ("acknowledged", OPERATOR) in quiet.steps(alarm["id"])
    page.press("KeyX")
    quiet.until_text("[data-toast]", "Không còn cảnh báo nào chưa xác nhận.")


def test_esc_at_a_priority_1_alarm_leaves_it_as_it_is(quiet: Desk) -> None:
    (alarm,) = fires(quiet, 1)
    opened(quiet, made(quiet, [alarm]))
    quiet.page.press("KeyX")
    quiet.until_text("dialog h2", "Mức 1, khẩn cấp: 1/1")
    quiet.page.press("Escape")
    quiet.page.until_gone("dialog")
    assert quiet.house.get(f"/alarms/{alarm['id']}")["state"] == "unacknowledged"


def test_alarms_of_the_list_become_an_incident(quiet: Desk) -> None:
    fires(quiet, 2)  # priority 1: also in a flood each stands alone
    page = quiet.page
    quiet.open("?page=alarms")
    page.until(lambda: len(page.texts("[data-alarm]")) >= 2, "two alarms", OPENED_WITHIN_S)
    page.press("ArrowDown", "Space", "ArrowDown", "Space", "KeyV")
    page.until_shown("dialog")
    page.press("Ctrl+Enter")
    page.until(lambda: quiet.house.get("/incidents")["incidents"], "an incident")
    (incident,) = quiet.house.get("/incidents")["incidents"]
    assert incident["alarms"] == 2


def test_an_incident_that_is_not_there_is_dropped_from_the_link_and_named(desk: Desk) -> None:
    desk.open(f"?page=incidents&open={uuid4()}")
    desk.until_text("[data-toast]", "Đã bỏ open khỏi liên kết. Không có vụ việc này.")
    desk.page.until_shown(".incidents")
    assert "open=" not in desk.page.driver.current_url
    said = desk.page.complaints()
    assert all("404" in line for line in said), said


def test_axe_finds_nothing(quiet: Desk) -> None:
    incident = made(quiet, fires(quiet, 2))
    quiet.open("?page=incidents")
    quiet.page.until_shown(f"tr[data-incident='{incident['id']}']")
    assert quiet.page.axe() == []
    opened(quiet, incident)
    assert quiet.page.axe() == []
    quiet.page.press("KeyK")
    quiet.page.until_shown("dialog")
    assert quiet.page.axe() == []
