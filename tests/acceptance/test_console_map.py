"""The map of the console: a table says the same, hands and keys move it, the address holds it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.acceptance.browser import Page
from tests.acceptance.house import House, JsonObject

WARD, WARD_NAME = "05443", "Phường Phan Đình Phùng"
COMMUNES = 92
SHOWN_WITHIN_S = 20.0
SEVERITIES = ("critical", "high", "medium", "low")


def open_map(page: Page, house: House, query: str = "") -> None:
    page.open(f"{house.url}/console?page=map{query}")
    page.until_live()
    page.until(
        lambda: page.data(".map", "land") == "true" and len(rows(page)) == COMMUNES,
        "the land and the table",
        SHOWN_WITHIN_S,
    )


def rows(page: Page) -> dict[str, dict[str, str]]:
    """The table by area: what each cell holds as a number, '' for none."""
    return dict(
        page.script(
            """const cells = (row) => Object.fromEntries(
                 [...row.querySelectorAll('[data-column]')].map(
                   (cell) => [cell.dataset.column, cell.dataset.value]));
               return Object.fromEntries([...document.querySelectorAll('tr[data-area]')].map(
                 (row) => [row.dataset.area, cells(row)]));"""
        )
    )


def address(page: Page) -> dict[str, str]:
    """The parameters of the address."""
    found = parse_qs(urlsplit(page.driver.current_url).query)
    return {name: values[0] for name, values in found.items()}


def place(page: Page) -> tuple[float, ...]:
    """Longitude and latitude of the middle, and the zoom, as the address has them."""
    return tuple(float(each) for each in address(page)["at"].split(","))


def zoom(page: Page) -> float:
    return float(page.data(".map", "zoom"))


def shown(figures: JsonObject) -> dict[str, str]:
    """What a row of the table says of an area's figures."""
    known = sum(each["known"] for each in figures["devices"].values())
    heard = sum(each["heard"] for each in figures["devices"].values())
    wait = figures["wait_longest_s"]
    return {
        **{severity: str(figures["alarms"][severity]) for severity in SEVERITIES},
        "reports": str(figures["reports_open"]),
        "wait": "" if wait is None else str(wait // 60),
        "dossiers": str(figures["dossiers_overdue"]),
        "coverage": str(100 * heard // known) if known else "",
    }


def test_the_table_says_what_the_api_says_of_every_area(page: Page, province_house: House) -> None:
    open_map(page, province_house)

    def same() -> bool:
        figures = province_house.get("/areas/figures")["areas"]
        return rows(page) == {code: shown(each) for code, each in figures.items() if code != "19"}

    page.until(same, "the figures of all areas", SHOWN_WITHIN_S)
    assert int(rows(page)[WARD]["critical"]) > 0
    names = page.texts("tr[data-area] th button")
    assert len(names) == COMMUNES
    assert names.index("Xã Ba Bể") < names.index("Phường Bắc Kạn") < names.index("Xã Đại Từ")


def test_the_picture_has_a_sentence_that_counts_what_the_table_counts(
    page: Page, province_house: House
) -> None:
    open_map(page, province_house)

    def with_alarms() -> int:
        return sum(any(int(row[each]) for each in SEVERITIES) for row in rows(page).values())

    page.until(
        lambda: page.data("[data-map-summary]", "mapSummary") == str(with_alarms()) != "0",
        "as many areas in the sentence as in the table",
    )
    canvas = page.element(".map-canvas")
    assert canvas.get_attribute("role") == "img"
    assert str(with_alarms()) in (canvas.get_attribute("aria-label") or "")
    # The worst commune has its marker, with a name of its own.
    marker = page.element(f".map-badge[data-mark='{WARD}'] svg")
    assert WARD_NAME in (marker.get_attribute("aria-label") or "")


def test_the_measure_stands_in_the_address_and_comes_back_from_it(
    page: Page, province_house: House
) -> None:
    open_map(page, province_house)
    assert page.data(".map-page", "measure") == "alarms"
    page.click("[data-command='measure_coverage']")
    page.until(lambda: address(page).get("measure") == "coverage", "the measure in the address")
    assert page.text("[data-part='legend'] h2") == "Độ phủ tín hiệu, %"
    open_map(page, province_house, "&measure=wait")
    assert page.element("[data-command='measure_wait']").get_attribute("aria-pressed") == "true"
    assert page.text("[data-part='legend'] h2") == "Chờ lâu nhất, phút"


def test_keys_move_and_zoom_it_and_the_address_remembers_where(
    page: Page, province_house: House
) -> None:
    open_map(page, province_house)
    page.script("document.querySelector('.map-canvas').focus()")
    whole = zoom(page)
    page.press("Equal", "Equal", "Equal", "Equal")
    page.until(lambda: zoom(page) == pytest.approx(whole + 2, abs=0.02), "two doublings nearer")
    page.until(lambda: "at" in address(page), "the place in the address")
    lon, lat, _ = place(page)
    page.press("ArrowRight", "ArrowDown")
    page.until(lambda: place(page)[0] > lon and place(page)[1] < lat, "a place to the south-east")
    page.press("Minus")
    page.until(lambda: zoom(page) == pytest.approx(whole + 1.5, abs=0.02), "half a step back")
    here = address(page)["at"]
    page.press("Digit0")
    page.until(lambda: zoom(page) == pytest.approx(whole, abs=0.02), "the whole province")
    page.until(lambda: "at" not in address(page), "nothing to remember")
    open_map(page, province_house, f"&at={here}")
    page.until(lambda: zoom(page) == pytest.approx(float(here.split(",")[2]), abs=0.02), "there")


def test_near_enough_there_are_devices_and_no_more_marks_than_it_may_have(
    page: Page, province_house: House
) -> None:
    open_map(page, province_house)
    assert page.data(".map", "marks") == "0"
    placed = sum(row[3] is not None for row in province_house.get("/devices")["rows"])
    page.until(lambda: page.data(".map", "devices") == str(placed), "every device with a place")
    open_map(page, province_house, "&at=105.8300,21.5900,13.00")
    page.until(lambda: 0 < int(page.data(".map", "marks")) <= 400, "devices in clusters")
    assert page.data(".map", "near") == "true"
    page.until_shown(".map-badge")


def test_the_wheel_zooms_and_a_drag_moves(page: Page, province_house: House) -> None:
    open_map(page, province_house)
    whole = zoom(page)
    where = {"x": 500, "y": 600}
    page.cdp("Input.dispatchMouseEvent", type="mouseWheel", deltaX=0, deltaY=-480, **where)
    page.until(lambda: zoom(page) > whole + 0.9, "nearer by the wheel")
    page.until(
        lambda: "at" in address(page) and address(page)["at"].endswith(f"{zoom(page):.2f}"),
        "the place in the address",
    )
    before = address(page)["at"]
    held = {"button": "left", "buttons": 1, "clickCount": 1}
    page.cdp("Input.dispatchMouseEvent", type="mousePressed", **where, **held)
    for step in range(1, 11):
        moved = {"x": 500 - 10 * step, "y": 600}
        page.cdp("Input.dispatchMouseEvent", type="mouseMoved", **moved, **held)
    page.cdp("Input.dispatchMouseEvent", type="mouseReleased", x=400, y=600, **held)
    page.until(lambda: address(page)["at"] != before, "moved by the drag")
    assert float(address(page)["at"].split(",")[0]) > float(before.split(",")[0])


def test_a_double_click_filters_by_the_commune_and_escape_takes_it_back(
    page: Page, province_house: House
) -> None:
    # Its point in the middle of the picture: what lies there is the ward itself.
    ward = next(one for one in province_house.get("/areas")["areas"] if one["code"] == WARD)
    open_map(page, province_house, f"&at={ward['lon']:.4f},{ward['lat']:.4f},13.00")
    box = page.script(
        "const b = document.querySelector('.map-canvas').getBoundingClientRect();"
        "return [b.left + b.width / 2, b.top + b.height / 2]"
    )
    x, y = box[0] + 60, box[1] - 60  # beside the marker that stands on the point itself
    for click in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            page.cdp(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=click
            )
    page.until(lambda: address(page).get("area") == WARD, "the ward in the address")
    page.until_shown("[data-part='picked'] [data-alarm]")
    assert page.text("[data-part='picked'] h2") == WARD_NAME
    alarms = province_house.get("/alarms", area=WARD, limit=1000)["alarms"]
    ringing = {"unacknowledged", "acknowledged", "returned"}
    open_ones = {one["id"] for one in alarms if one["state"] in ringing}
    listed = page.script(
        "return [...document.querySelectorAll('[data-part=picked] [data-alarm]')]"
        ".map((e) => e.dataset.alarm)"
    )
    assert set(listed) == open_ones
    page.press("Escape")
    page.until(lambda: "area" not in address(page), "the whole province again")
    page.until_gone("[data-part='picked']")


def test_a_row_of_the_table_does_by_keyboard_what_a_double_click_does(
    page: Page, province_house: House
) -> None:
    open_map(page, province_house)
    page.script(f"document.querySelector('tr[data-area=\"{WARD}\"] button').focus()")
    page.until_shown(".map-tip")
    assert WARD in page.text(".map-tip")
    page.press("Enter")
    page.until(lambda: address(page).get("area") == WARD, "the ward in the address")
    assert page.element(f"tr[data-area='{WARD}']").get_attribute("aria-selected") == "true"


def test_a_column_sorts_the_table_with_the_most_first(page: Page, province_house: House) -> None:
    open_map(page, province_house)
    page.click("[data-sort='critical']")
    page.until(lambda: next(iter(rows_in_order(page))) == WARD, "the ward with the fire first")
    head = page.element("[data-sort='critical']").find_element("xpath", "..")
    assert head.get_attribute("aria-sort") == "descending"


def rows_in_order(page: Page) -> list[str]:
    return list(
        page.script(
            "return [...document.querySelectorAll('tr[data-area]')].map((e) => e.dataset.area)"
        )
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_used_by_everybody(page: Page, province_house: House, theme: str) -> None:
    open_map(page, province_house, f"&theme={theme}&area={WARD}")
    page.until_shown("[data-part='picked'] [data-alarm]")
    assert [each for each in page.axe() if each.startswith(("serious", "critical"))] == []


def test_nothing_complained_and_nobody_else_was_asked(page: Page, province_house: House) -> None:
    assert page.complaints() == []
    assert page.hosts() == {urlsplit(province_house.url).netloc}
