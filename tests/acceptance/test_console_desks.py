"""The console's pages of desks and sources, on a real house with a morning of yesterday in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from ioc import clock
from ioc.clock import LOCAL_ZONE
from tests.acceptance.browser import Page, browser
from tests.acceptance.conftest import embedded_broker, new_database, open_house
from tests.acceptance.house import House, eventually

LOADED = ".desk-body[data-loaded]"
HERE = "05443"
MORNING = timedelta(minutes=15)
#: An event from further ahead is refused.
AHEAD = timedelta(seconds=100)


def send(house: House, of_type: str, source: str, time: datetime, **data: Any) -> None:
    device = data.pop("device", None)
    event = {
        **{"specversion": "1.0", "id": f"{source}-{time.isoformat()}-{data}", "source": source},
        **{"type": of_type, "time": time.isoformat(), "area": HERE, "data": data},
    }
    answer = httpx.post(
        f"{house.url}/api/v1/events",
        json={**event, **({"device": device} if device else {})},
        headers={"content-type": "application/cloudevents+json"},
    )
    assert answer.status_code == 202, answer.text


@pytest.fixture(scope="module")
def house(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which cameras have been silent since yesterday and a fire panel speaks now."""
    folder = tmp_path_factory.mktemp("house-desks")
    with ExitStack() as stack:
        broker = embedded_broker(stack, folder / "broker")
        url = new_database(postgres_url, "house_desks")
        built = open_house(stack, House(folder, broker.address, url, broker.log_id))
        now = clock.now()
        nine = now.astimezone(LOCAL_ZONE).replace(hour=9, minute=0, second=0, microsecond=0)
        start = nine - timedelta(days=1)
        done = built.ioc(
            *("simulate", "--scenario", "queue-rush", "--seed", "1", "--rate", "8"),
            *("--start", start.isoformat(), "--duration", str(MORNING.total_seconds())),
        )
        assert done.returncode == 0, done.stderr
        sent = now - timedelta(days=30)
        for number in range(3):
            send(
                *(built, "ioc.queue.dossier", "/dossier/pdp", sent + timedelta(minutes=number)),
                office="PDP",
                dossier=f"H55-{number}",
                action="received",
                due_at=(now - timedelta(days=10 + number)).isoformat(),
            )
        for device, ahead in (("panel-right", timedelta()), ("panel-ahead", AHEAD)):
            send(
                *(built, "ioc.fire.reading", "/sia/1", now + ahead),
                device=device,
                kind="heartbeat",
                state="normal",
            )
        eventually(
            lambda: built.count("devices", "starts_with(device, 'panel-')") >= 2,
            60,
            "the last events",
        )
        eventually(lambda: built.count("dossiers", "due_at < now()") >= 3, 60, "the dossiers")
        yield built


@pytest.fixture(scope="module")
def page(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(page: Page, house: House) -> Iterator[None]:
    yield
    assert page.complaints() == []
    assert page.hosts() <= {urlsplit(house.url).netloc}


def visit(page: Page, house: House, query: str, loaded: str) -> None:
    page.open(f"{house.url}/console?{query}")
    page.until_live()
    page.until_shown(f'.desk-body[data-loaded="{loaded}"]', within_s=20)


def rows(page: Page, table: str) -> list[list[str]]:
    """Return the cells of a table's body, as they are read."""
    return [line.split("\t") for line in page.texts(f'[data-table="{table}"] tbody tr')]


def test_every_desk_stands_with_its_waits_as_the_api_says(page: Page, house: House) -> None:
    visit(page, house, "page=services", "queues")
    page.script(
        "const s = document.querySelector('select[name=span]'); s.value = 'yesterday';"
        " s.dispatchEvent(new Event('change', {bubbles: true}));"
    )
    day = clock.now().astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    span = {"from": (day - timedelta(days=1)).isoformat(), "to": day.isoformat()}
    offices = house.get("/queues/offices", **span)["offices"]
    assert offices, "a rush without desks"
    page.until(lambda: len(rows(page, "queues")) == len(offices), "every desk", 20)
    shown = rows(page, "queues")
    assert [cells[0].split()[0] for cells in shown] == [each["office"] for each in offices]
    for cells, each in zip(shown, offices, strict=True):
        assert cells[1] == f"{each['waiting']}"
        assert cells[5:7] == [f"{each['issued']}", f"{each['served']}"]
        rate = each["abandoned_rate"]
        said = "—" if rate is None else f"{rate * 100:.2f}%".replace(".", ",")
        assert cells[8] == said
    total = house.get("/queues/summary", **span)
    (foot,) = [line.split("\t") for line in page.texts('[data-table="queues"] tfoot tr')]
    assert foot[0] == "Tất cả"
    assert foot[5].replace(".", "") == str(total["issued"])
    assert "from=" in page.driver.current_url


def test_a_desk_without_anybody_says_so_and_no_zeros(page: Page, house: House) -> None:
    visit(page, house, "page=services&from=2020-01-01&to=2020-01-02", "queues")
    assert page.texts('[data-table="queues"] .note') == ["Không có người chờ."]
    visit(page, house, "page=services&tab=2&from=2020-01-01&to=2020-01-02&area=05455", "dossiers")
    assert page.texts('[data-table="dossiers"] .note')
    assert page.texts('[data-table="overdue"] .note') == ["Không có hồ sơ quá hạn."]


def test_overdue_dossiers_of_an_office_are_listed_the_oldest_first(
    page: Page, house: House
) -> None:
    visit(page, house, "page=services", "queues")
    page.click('[data-command="show-dossiers"]')
    page.until_shown('.desk-body[data-loaded="dossiers"]')
    page.until_shown('[data-dossier="H55-2"]')
    office = page.element('tr[data-office="PDP"] button')
    office.click()
    page.until(lambda: "office=PDP" in page.driver.current_url, "the office in the address")
    page.until(
        lambda: page.texts('[data-table="overdue"] h2') == ["Quá hạn chưa giải quyết: PDP"],
        "the office's own list",
    )
    listed = rows(page, "overdue")
    assert [cells[0] for cells in listed] == ["H55-2", "H55-1", "H55-0"]
    days = house.get("/dossiers", state="overdue", office="PDP")["dossiers"]
    assert [cells[-1] for cells in listed] == [
        f"{each['overdue_working_days']} ngày làm việc" for each in days
    ]
    # Nothing was resolved: 0 of 0 is no share.
    (row,) = [cells for cells in rows(page, "dossiers") if cells[0].startswith("PDP")]
    assert row[3] == "—"


def test_the_table_is_a_file_that_a_spreadsheet_reads(
    page: Page, house: House, tmp_path: Path
) -> None:
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    visit(page, house, "page=services&tab=2", "dossiers")
    page.click('[data-command="csv"]')
    file = eventually(lambda: next(tmp_path.glob("dossiers-*.csv"), None), 10, "the file")
    text = file.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    header, *lines = list(csv.reader(text.decode("utf-8-sig").splitlines()))
    assert header[:2] == ["Mã nơi tiếp nhận", "Tiếp nhận"]
    offices = house.get("/dossiers/offices")["offices"]
    assert [line[0] for line in lines] == [each["office"] for each in offices]
    assert [line[6] for line in lines] == [str(each["overdue"]) for each in offices]


def test_a_silent_source_says_since_when_and_one_that_speaks_does_not(
    page: Page, house: House
) -> None:
    visit(page, house, "page=sources", "all")
    by_name = {cells[0]: cells for cells in rows(page, "sources")}
    assert page.data('[data-row="fire"]', "state") == "healthy"
    states = {row["source"]: row["state"] for row in house.get("/sources")["sources"]}
    assert set(states) == {"camera", "fire", "citizen", "queue"}
    assert by_name["Báo cháy"][1] == "Hoạt động"
    silent = [name for name, state in states.items() if state == "silent"]
    for name in silent:
        words = page.text(f'[data-row="{name}"] .hatched')
        assert words.startswith("im lặng từ "), words
    assert page.texts('[data-part="facts"] dt') == [
        *("Xử lý", "Gửi ra", "Bản tin lỗi", "Vùng mất tín hiệu")
    ]


def test_devices_of_a_source_are_found_by_what_is_wrong_with_them_by_keyboard(
    page: Page, house: House
) -> None:
    visit(page, house, "page=sources", "all")
    page.script("document.querySelector('button[data-source=fire]').focus()")
    page.press("Enter")
    page.until_shown('[data-table="devices"][data-loaded="fire silent"]')
    assert "open=fire" in page.driver.current_url
    page.click('[data-command="only-skewed"]')
    page.until_shown('[data-table="devices"][data-loaded="fire skewed"]')
    (ahead,) = rows(page, "devices")
    assert ahead[0] == "panel-ahead"
    # As many seconds less as it took to be received.
    assert 5 < float(ahead[-1].split()[0].replace(",", ".")) <= AHEAD.total_seconds()
    page.click('[data-command="only-heard"]')
    page.until_shown('[data-table="devices"][data-loaded="fire heard"]')
    assert {cells[0] for cells in rows(page, "devices")} == {"panel-ahead", "panel-right"}
    page.press("Escape")
    page.until_gone('[data-table="devices"]')
    assert page.focused().startswith("button")


@pytest.mark.parametrize(
    "query", ["page=services", "page=services&tab=2", "page=sources&open=fire"]
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_those_who_see_or_hear_badly(
    page: Page, house: House, query: str, theme: str
) -> None:
    page.open(f"{house.url}/console?{query}&theme={theme}&lang=en")
    page.until_live()
    page.until(lambda: page.data(".desk-body", "loaded") != "", "figures", 20)
    assert page.axe() == []
