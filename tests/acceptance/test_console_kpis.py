"""Figures in the console: what the API says, against its targets, by position and range."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.acceptance.browser import Page
from tests.acceptance.house import House

BODY = ".page-kpis .kpi-body"


def met(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.script(
        "return Object.fromEntries([...document.querySelectorAll('[data-kpi]')]"
        ".map((row) => [row.dataset.kpi, row.dataset.met]))"
    )
    return found


def test_every_figure_of_the_api_stands_against_its_target(
    province_house: House, page: Page
) -> None:
    page.open(f"{province_house.url}/console?page=kpis")
    page.until_shown(f"{BODY} [data-kpi=per_hour]", 30)
    rows = province_house.get("/kpis")["rows"]
    shown = {each["name"]: each for each in rows if not each["name"].startswith("priority_")}
    assert met(page).keys() == shown.keys()
    for name, verdict in met(page).items():
        if name not in {"CurrentAlarmRate", "standing"}:  # these move on meanwhile
            wanted = {True: "true", False: "false", None: "null"}[shown[name]["met"]]
            assert verdict == wanted, name
    assert "Cảnh báo mỗi giờ" in page.text("[data-kpi=per_hour]")
    assert not [text for text in page.texts(f"{BODY} td") if text.startswith("kpi.")]
    bars = page.script("return document.querySelectorAll('.bullet[aria-label]').length")
    assert bars == sum(
        isinstance(each["value"], int | float) and (each["target"], each["maximum"]) != (None, None)
        for each in shown.values()
    )
    assert "cần 3 tuần" in page.text(BODY), "the log is a few minutes old"
    assert "chưa đủ một ngày" in page.text(".page-kpis .page-head")
    counted = {each["name"]: each["value"] for each in rows}
    assert counted["per_day"] == counted["AlarmCount"], "of thirty days there is none but this"
    assert len(page.texts(f"{BODY} [data-answers]")) == 4
    assert page.axe() == []


def test_top_ten_names_its_rule_and_leads_to_it(province_house: House, page: Page) -> None:
    top = province_house.get("/kpis")["top_10"]
    assert top, "a fire rings"
    page.open(f"{province_house.url}/console?page=kpis&lang=en")
    page.until_shown(f"{BODY} [data-actor]", 30)
    assert len(page.texts(f"{BODY} [data-actor]")) == len(top)
    page.click(f"{BODY} [data-actor] a")
    page.until(lambda: "page=rules" in str(page.script("return location.search")), "the rule")


def test_range_position_and_edition_stand_in_the_address(province_house: House, page: Page) -> None:
    page.open(f"{province_house.url}/console?page=kpis&days=1&position=main&edition=EEMUA-191-3")
    page.until_shown(f"{BODY} [data-kpi=standing]", 30)
    assert "per_hour" not in met(page), "one edition only"
    chosen = page.script(
        "return ['days', 'position', 'edition']"
        ".map((name) => document.querySelector(`[name=${name}]`).value)"
    )
    assert chosen == ["1", "main", "EEMUA-191-3"]
    page.script(
        "const s = document.querySelector('[name=days]'); s.value = '7';"
        "s.dispatchEvent(new Event('change'))"
    )
    page.until(lambda: "days=7" in str(page.script("return location.search")), "the address")
    page.until_shown(f"{BODY} [data-kpi=standing]", 30)


def test_nothing_was_complained_about_and_nobody_else_was_asked(
    province_house: House, page: Page
) -> None:
    assert page.complaints() == []
    assert page.hosts() == {urlsplit(province_house.url).netloc}
