"""Rules in the console: read with their versions, and a what-if from its question to its answer."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from ioc.rule import shipped
from tests.acceptance.browser import Page
from tests.acceptance.house import House

FIRE = '.page-rules [data-rule="fire-alarm"]'
STATE = ".page-rules .what-if"
RUN_WITHIN_S = 120.0


def open_rule(house: House, page: Page) -> None:
    page.open(f"{house.url}/console?page=rules&open=fire-alarm")
    page.until_shown(f"{STATE} textarea")
    # Who asks is asked for once, while authentication is off.
    page.script("localStorage.setItem('ioc.operator', 'Nguyễn Thị Hằng')")
    page.driver.refresh()
    page.until_shown(f"{STATE} textarea")


def write(page: Page, name: str, value: str) -> None:
    page.script(
        "const e = document.querySelector(`.what-if [name=${arguments[0]}]`);"
        "e.value = arguments[1]; e.dispatchEvent(new Event('input', {bubbles: true}))",
        name,
        value,
    )


def draft(page: Page) -> str:
    return str(page.script("return document.querySelector('.what-if [name=text]').value"))


def test_a_rule_is_found_by_words_without_marks_and_read_with_its_versions(
    province_house: House, page: Page
) -> None:
    rules = province_house.get("/rules")["rules"]
    page.open(f"{province_house.url}/console?page=rules")
    page.until(lambda: page.data(".page-rules", "rules") == str(len(rules)), "all rules")
    assert len(page.texts(".page-rules [data-rule]")) == len(rules)
    page.press("Slash")
    page.type("bao chay")
    page.until(lambda: page.shows(FIRE) and len(page.texts(".page-rules [data-rule]")) < len(rules),
               "fewer rules")  # fmt: skip
    assert "q=bao" in str(page.script("return location.search"))
    page.click(FIRE)
    page.until(lambda: page.texts(".rule [data-version]"), "its versions")
    versions = province_house.get("/rules/fire-alarm/versions")["versions"]
    assert len(page.texts(".rule [data-version]")) == len(versions)
    assert "id: fire-alarm" in page.text(".rule pre")
    assert page.texts(".rule button") == [], "the rule in force is read, not changed"
    assert page.axe() == []


def test_a_draft_that_is_wrong_names_its_line_and_nothing_is_asked(
    province_house: House, page: Page
) -> None:
    open_rule(province_house, page)
    write(page, "text", draft(page).replace("severity: critical", "severity: loud"))
    write(page, "why", "thử")
    page.click('[data-command="what-if"]')
    page.until(lambda: "dòng" in " ".join(page.texts(".what-if .error")), "its line", 20)
    write(page, "from", "01/01/2026")
    page.click('[data-command="what-if"]')
    page.until(lambda: "31" in " ".join(page.texts(".what-if .error")), "too long a range", 20)
    assert province_house.get("/what-ifs")["what_ifs"] == []


def test_a_what_if_goes_to_its_end(province_house: House, page: Page) -> None:
    open_rule(province_house, page)
    write(page, "text", draft(page) + "enabled: false\n")
    write(page, "why", "xem nếu bỏ quy tắc")
    write(page, "warm", "0")
    page.click('[data-command="what-if"]')
    page.until(lambda: page.data(STATE, "whatif") in {"waiting", "running", "done"}, "it is asked")
    page.until(lambda: page.data(STATE, "whatif") == "done", "its answer", RUN_WITHIN_S)
    (asked,) = province_house.get("/what-ifs")["what_ifs"]
    assert (asked["by"], asked["why"]) == ("Nguyễn Thị Hằng", "xem nếu bỏ quy tắc")
    answer = province_house.get(f"/what-ifs/{asked['id']}")["answer"]
    assert answer["lost_n"] > 0, "without the rule its alarms are lost"
    assert f"Mất đi {answer['lost_n']}" in page.text('.answer [data-part="lost"]')
    shown = page.texts('.answer [data-figure="alarms"] td')
    assert shown[1:] == [str(answer["now"]["alarms"]), str(answer["draft"]["alarms"])]
    assert f"{answer['reproduced']}/{answer['of']}" in page.text('.answer [data-part="reproduced"]')
    assert len(page.texts(".answer section tbody tr")) == len(answer["lost"]) + len(answer["new"])
    assert page.axe() == []
    rules = {rule["id"]: rule for rule in province_house.get("/rules")["rules"]}
    assert rules["fire-alarm"]["version"] == 1, "the rule in force is as it was"


def test_one_that_runs_is_found_again_and_stopped(province_house: House, page: Page) -> None:
    # Since the first event a rule about time looks every ten seconds: for weeks, that takes long.
    province_house.row(
        "UPDATE events SET received_at = received_at - interval '27 days'"
        " WHERE id = (SELECT id FROM events LIMIT 1) RETURNING 1"
    )
    open_rule(province_house, page)
    looking = [rule.plain for rule in shipped().scan_rules if rule.id == "queue-wait"]
    write(page, "text", json.dumps({"rules": looking}, indent=1))
    write(page, "why", "chạy lâu")
    write(page, "warm", "672")
    page.click('[data-command="what-if"]')
    page.until(lambda: page.data(STATE, "whatif") == "running", "it runs", RUN_WITHIN_S)
    page.until(lambda: "bản thử" in page.text(f"{STATE} .said"), "what it does", RUN_WITHIN_S)
    assert "100" not in page.text(f"{STATE} .said")
    assert page.script("return document.querySelector('.what-if .said').checkVisibility()")
    page.driver.refresh()
    page.until(lambda: page.data(STATE, "whatif") == "running", "it is found again", 20)
    page.click('[data-command="stop-what-if"]')
    page.until(lambda: page.data(STATE, "whatif") == "stopped", "it has stopped", 60)
    newest = province_house.get("/what-ifs")["what_ifs"][0]
    assert (newest["state"], newest["why"]) == ("stopped", "chạy lâu")


def test_nothing_was_complained_about_and_nobody_else_was_asked(
    province_house: House, page: Page
) -> None:
    # The answer to a wrong draft and a wrong range is a 400, which a browser always notes.
    assert [
        each for each in page.complaints() if "what-ifs" not in each or " 400 " not in each
    ] == []
    assert page.hosts() == {urlsplit(province_house.url).netloc}
