"""Deliveries in the console: how each endpoint is, every message and every attempt at it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from ioc import clock
from tests.acceptance.browser import Page
from tests.acceptance.house import House, JsonObject, eventually
from tests.acceptance.receiver import Receiver

LIST = ".page-deliveries [data-delivery]"
FIRES = 3


def fire(number: int) -> JsonObject:
    return {
        "specversion": "1.0",
        "id": f"told-{number}",
        "source": "/sia/told",
        "type": "ioc.fire.reading",
        "time": clock.now().isoformat(),
        "area": "05443",
        "device": f"told-{number}",
        "data": {"kind": "smoke", "state": "alarm"},
    }


@pytest.fixture(scope="module")
def house(province_house: House) -> Iterator[House]:
    """A house that tells one who answers and one who is away of three fires."""
    there = Receiver()
    there.up()
    away = Receiver()  # only now: else both may be given the same free port
    for name, receiver in (("Zalo trực xã", there), ("Cổng SMS", away)):
        made = province_house.post("/webhooks", {"name": name, "url": receiver.url})
        assert made.status_code == 201, made.text
    province_house.send([fire(number) for number in range(FIRES)])
    eventually(
        lambda: province_house.count("deliveries", "state = 'delivered'") >= FIRES, 30, "told"
    )
    eventually(lambda: province_house.count("attempts", "error IS NOT NULL") > 0, 30, "one is away")
    yield province_house
    there.down()


def test_each_endpoint_says_how_it_is(house: House, page: Page) -> None:
    page.open(f"{house.url}/console?page=deliveries")
    page.until_shown('tr[data-endpoint="Cổng SMS"]')
    assert page.data('tr[data-endpoint="Zalo trực xã"]', "state") == "running"
    assert page.data('tr[data-endpoint="Cổng SMS"]', "state") == "paused"
    sums = house.get("/deliveries/summary")
    wanted = f"Đã gửi 24 giờ: {sums['delivered']} · chờ {sums['pending']} · lỗi 0"
    page.until(lambda: page.text(".page-deliveries h1") == wanted, wanted)
    assert "Tạm ngắt" in page.text('tr[data-endpoint="Cổng SMS"]')


def test_a_message_opens_with_all_its_attempts_by_keys_alone(house: House, page: Page) -> None:
    page.open(f"{house.url}/console?page=deliveries&status=delivered")
    page.until(lambda: len(page.texts(LIST)) >= FIRES, "the messages")
    delivered = house.get("/deliveries", state="delivered")["deliveries"]
    assert len(page.texts(LIST)) == len(delivered)
    page.script("document.querySelector(arguments[0]).focus()", LIST)
    page.press("ArrowDown", "Enter")
    opened = delivered[1]["id"]
    page.until_shown(f'[data-attempts="{opened}"]')
    assert opened in page.text(f'[data-attempts="{opened}"]')
    assert "200" in page.text(f'[data-attempts="{opened}"] tbody tr')
    assert page.axe() == []
    page.press("Escape")
    page.until_gone(f'[data-attempts="{opened}"]')
    assert page.data(":focus", "delivery") == opened, "the focus stays at its row"


def test_filters_stand_in_the_address(house: House, page: Page) -> None:
    page.open(f"{house.url}/console?page=deliveries&lang=en")
    page.until_shown('tr[data-endpoint="Cổng SMS"]')
    page.script(
        "const s = document.querySelector('[name=endpoint]');"
        "s.value = [...s.options].find((o) => o.text === 'Cổng SMS').value;"
        "s.dispatchEvent(new Event('change'))"
    )
    page.until(lambda: "endpoint=" in str(page.script("return location.search")), "the address")
    page.until(
        lambda: (
            set(page.texts(".page-deliveries .block:last-child tbody td:nth-child(3)"))
            == {"Cổng SMS"}
        ),
        "only what went there",
    )
    page.driver.refresh()
    page.until_shown(LIST)
    assert page.script(
        "return document.querySelector('[name=endpoint]').selectedOptions[0].text"
    ) == ("Cổng SMS")


def test_nothing_was_complained_about_and_nobody_else_was_asked(house: House, page: Page) -> None:
    assert page.complaints() == []
    assert page.hosts() == {urlsplit(house.url).netloc}
