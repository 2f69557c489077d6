"""The daily report on paper: two sheets, the API's figures, nothing that only a screen has."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.timescale.database import Database
from connectors.timescale.migrate import migrate
from ioc import clock
from ioc.clock import LOCAL_ZONE
from tests.acceptance.browser import Page, browser
from tests.acceptance.conftest import new_database
from tests.acceptance.full_day import CODES, DATE, a_full_day
from tests.acceptance.pdf import Sheet, sheets
from tests.api_server import running_api

A4_MM = (210, 297)
WINDOW = (1280, 1000)
#: Where nothing of a sheet is cut off: neither below, nor a word in a cell.
_CUT = """
return [...document.querySelectorAll('.sheet')].flatMap((sheet) => {
  const [room, paper] = [sheet.querySelector('.body'), sheet.getBoundingClientRect()];
  const out = [...sheet.querySelectorAll('td, th, p, li, svg')].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && (box.right > paper.right - 50 || box.bottom > paper.bottom - 70);
  });
  const over = room.scrollHeight > room.clientHeight ? [`${room.scrollHeight}`] : [];
  return [...over, ...out.map((e) => e.textContent)];
});
"""
#: The middle of each badge of the table of alarms, as it is drawn: shape, digit, lightness.
_BADGES = """
return [...document.querySelectorAll('[data-table=alarms] .badge')].map((badge) => {
  const [shape, digit] = ['.shape', '.digit'].map((name) => badge.querySelector(name));
  return {
    shape: shape.getAttribute('d'), digit: digit.getAttribute('d'),
    fill: getComputedStyle(shape).fill, ink: getComputedStyle(digit).fill,
  };
});
"""
_COLOURS = """
const seen = new Set();
for (const element of document.querySelectorAll('.sheet, .sheet *')) {
  const style = getComputedStyle(element);
  for (const name of ['color', 'backgroundColor', 'fill', 'stroke', 'borderTopColor']) {
    seen.add(style[name]);
  }
}
return [...seen];
"""


@pytest.fixture(scope="module")
def api(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An API over a day on which everything happened."""
    url = new_database(postgres_url, "full_day")
    migrate(url)
    database = Database(url, "test").open()
    with database.transaction() as conn:
        a_full_day(conn)
    database.close()
    with running_api(url, "127.0.0.1:1", tmp_path_factory.mktemp("api")) as client:
        yield client


@pytest.fixture(scope="module")
def page(api: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile"), WINDOW) as found:
        yield found


def opened(page: Page, api: httpx.Client, query: str) -> None:
    page.open(f"{api.base_url}/reports/daily?{query}")
    page.until(lambda: page.root("report") == "ready", "a report", within_s=30)


def printed(page: Page) -> list[Sheet]:
    made = page.cdp("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
    return sheets(base64.b64decode(made["data"]))


def joined(text: str) -> str:
    """Return words without what is between them: a printer places each where it should be."""
    return "".join(text.split())


def vietnamese(share: float) -> str:
    return f"{100 * share:.2f}%".replace(".", ",")


@pytest.mark.parametrize(
    "query", ["lang=vi", "lang=en", "form=nd30", f"area={CODES[0]}", f"area={CODES[0]}&form=nd30"]
)
def test_a_full_day_is_two_sheets_of_a4_with_nothing_cut(
    api: httpx.Client, page: Page, query: str
) -> None:
    opened(page, api, f"date={DATE}&{query}")
    assert page.script(_CUT) == []
    first, second = printed(page)
    for each in (first, second):
        assert (round(each.width_mm), round(each.height_mm)) == A4_MM
    assert second.text.split()[-1] == "2"  # drawn last: it stands in the margin
    assert page.texts(".number") == ["2"]
    assert page.complaints() == []


def test_paper_has_the_figures_of_the_api(api: httpx.Client, page: Page) -> None:
    found = api.get("/api/v1/reports/daily", params={"date": str(DATE)}).json()
    opened(page, api, f"date={DATE}")
    first, second = (joined(each.text) for each in printed(page))
    low = found["alarms"]["by_severity"]["low"]
    assert f"Mức4,thấp{low['raised']}{low['acknowledged']}" in first
    reports = found["reports"]
    rate = vietnamese(reports["on_time_rate"])
    figures = (reports["new"], reports["resolved"], rate, reports["open"], reports["overdue"])
    assert f"Tổng{''.join(str(each) for each in figures)}" in first
    assert "3sựkiệnđếnmuộn" in first
    dossiers = found["dossiers"]
    rate = vietnamese(dossiers["on_time_rate"])
    assert f"Trongngày{dossiers['received']}{dossiers['resolved']}{rate}" in second
    (fire,) = (each for each in found["sources"] if each["source"] == "fire")
    assert "KhôngcósốliệucủanguồnBáocháytừ02:01đến05:50." in second
    assert vietnamese(fire["coverage"]) in second
    times = sum(each["n"] for each in found["top_10"])
    assert f"Tổng{times}" in second


def test_what_does_not_fit_is_counted(api: httpx.Client, page: Page) -> None:
    found = api.get("/api/v1/reports/daily", params={"date": str(DATE)}).json()
    opened(page, api, f"date={DATE}")
    for table, every in (
        ("incidents", found["incidents_total"]),
        ("categories", len(found["reports"]["by_category"])),
        ("sos", len(found["reports"]["sos"])),
    ):
        rows = len(page.texts(f"[data-table={table}] tbody tr"))
        assert rows >= 1
        assert page.text(f"[data-table={table}] + .more") == f"và {every - rows} mục khác"


def test_a_figure_that_may_change_has_a_star(api: httpx.Client, page: Page) -> None:
    yesterday = clock.now().astimezone(LOCAL_ZONE).date() - timedelta(days=1)
    opened(page, api, f"date={yesterday}")
    assert page.text("[data-table=sources] tfoot .star") == "*"
    assert "*" not in page.text("[data-table=alarms]")  # the log does not change
    assert "*Sốliệucòncóthểthayđổi" in joined(printed(page)[1].text)
    opened(page, api, f"date={DATE}")
    assert page.texts(".star") == []


def test_a_day_without_data_prints_and_says_so(api: httpx.Client, page: Page) -> None:
    opened(page, api, f"date={DATE + timedelta(days=4)}")
    sentences = page.texts("[data-points] li")
    assert sentences[0] == "Không có số liệu trong khoảng thời gian này."
    assert sentences[1] == "Cuối ngày còn 4 cảnh báo khẩn cấp đang mở."
    first, second = (joined(each.text) for each in printed(page))
    assert "Tổng00\u2014\u2014" in first
    assert "KhôngcósốliệucủanguồnCameratừ00:00đến24:00." in second
    assert page.script(_CUT) == []


def test_grey_paper_tells_priorities_apart(api: httpx.Client, page: Page) -> None:
    opened(page, api, f"date={DATE}")
    page.cdp("Emulation.setEmulatedMedia", media="print")
    try:
        badges = page.script(_BADGES)
        for name in ("shape", "digit", "fill"):
            assert len({badge[name] for badge in badges}) == len(badges) == 4
        assert all(badge["fill"] != badge["ink"] for badge in badges)
        for colour in page.script(_COLOURS):
            if colour.startswith("rgb"):
                red, green, blue = (float(n) for n in colour[4:-1].strip("a(").split(",")[:3])
                assert red == green == blue, colour
        assert not page.shows("nav, button, input, select, a")
    finally:
        page.cdp("Emulation.setEmulatedMedia", media="")


def test_a_letter_of_the_administration_has_its_head(api: httpx.Client, page: Page) -> None:
    opened(page, api, f"date={DATE}&form=nd30")
    first, second = (joined(each.text) for each in printed(page))
    for line in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "TRUNG TÂM ĐIỀU HÀNH THÔNG MINH",
        "Thái Nguyên, ngày",
    ):
        assert joined(line) in first
    assert joined("không thay thế văn bản hành chính") not in second
    opened(page, api, f"date={DATE}")
    assert joined("không thay thế văn bản hành chính") in joined(printed(page)[1].text)


def test_a_narrow_window_reflows_and_prints_the_same(api: httpx.Client, page: Page) -> None:
    opened(page, api, f"date={DATE}")
    wide = [each.text for each in printed(page)]
    page.resize(640, 900)
    try:
        opened(page, api, f"date={DATE}")
        root = "document.scrollingElement"
        assert page.script(f"return {root}.scrollWidth <= {root}.clientWidth")
        # The minute at which it was made may be another.
        sizes = [len(each.text) for each in printed(page)]
        assert sizes == [len(text) for text in wide]
    finally:
        page.resize(*WINDOW)


def test_the_bar_leads_to_another_day_and_to_the_data(api: httpx.Client, page: Page) -> None:
    opened(page, api, f"date={DATE}&lang=en")
    assert page.axe() == []
    links = page.script("return [...document.querySelectorAll('nav a')].map((a) => a.href)")
    assert [urlsplit(link).path for link in links] == [
        *("/api/v1/reports/daily.csv", "/api/v1/reports/daily", "/console"),
    ]
    assert {urlsplit(link).query for link in links[:2]} == {f"date={DATE}&lang=en"}
    page.script(
        "const [area] = document.querySelectorAll('nav select'); area.value = arguments[0];"
        " area.dispatchEvent(new Event('change'));",
        CODES[0],
    )
    page.until(lambda: f"area={CODES[0]}" in page.driver.current_url, "the report of an area")
    page.until(lambda: page.root("report") == "ready", "a report", within_s=30)
    assert page.text(".where").endswith(("ward", "commune"))
    assert page.complaints() == []
    assert page.hosts() == {urlsplit(str(api.base_url)).netloc}


def test_a_day_that_cannot_be_is_said_on_the_page(api: httpx.Client, page: Page) -> None:
    page.open(f"{api.base_url}/reports/daily?date=2001-01-01")
    page.until(lambda: page.root("report") == "refused", "a refusal")
    assert page.text("[role=alert]").startswith("Không có báo cáo của ngày này.")
    assert page.shows("nav input")
    assert ["400" in line for line in page.complaints()] == [True]


@pytest.mark.parametrize(("wanted", "end"), [("json", ""), ("csv", ".csv")])
def test_the_page_leads_to_its_data_by_format(api: httpx.Client, wanted: str, end: str) -> None:
    answer = api.get("/reports/daily", params={"format": wanted, "date": str(DATE), "area": "19"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/api/v1/reports/daily{end}?date={DATE}&area=19"
    assert api.get("/reports/daily", params={"format": wanted}).headers["location"] == (
        f"/api/v1/reports/daily{end}"
    )
    assert api.get("/reports/daily", params={"format": "doc"}).status_code == 200
