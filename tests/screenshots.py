"""The pictures of the README, made from the simulated province: `make screenshots`.

A house with yesterday's whole day and the first minutes of a fire at the market; a browser looks at
every page as a person would, and what it sees is kept in docs/screens/ when it is light enough.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from ioc import clock
from ioc.clock import LOCAL_ZONE
from tests.acceptance.browser import Page, browser
from tests.acceptance.conftest import (
    embedded_broker,
    first_minutes_of_the_fire,
    new_database,
    open_house,
)
from tests.acceptance.house import House, eventually
from tests.acceptance.panel import Panel
from tests.embedded import running_postgres

FOLDER = Path(__file__).parents[1] / "docs" / "screens"
BYTES_MAX = 200_000
WEBP_QUALITY = 80
LOADED_WITHIN_S = 60.0
SETTLED_S = 120.0
A4_AT_96_DPI = (794, 1123)
LAPTOP = (1440, 900)
DESK = (1600, 900)
FULL_HD = (1920, 1080)
ONE_DAY = timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Picture:
    """A page to be looked at: where it is, and what must be drawn before.

    `path` may name the days `{yesterday}` and `{today}`.
    """

    name: str
    path: str
    size: tuple[int, int]
    shown: str
    prepare: Callable[[House, Page], None] | None = None


def _after_the_stage(_: House, page: Page) -> None:
    page.until(lambda: page.data(".takeover", "stage") == "none", "an empty stage", SETTLED_S * 2)


def _on_the_stage(house: House, page: Page) -> None:
    _after_the_stage(house, page)
    with Panel(house.kafka, "TT-0192") as panel:
        panel.alarm("TT-0192")
    page.until_shown(".takeover[data-stage=one]", LOADED_WITHIN_S)


def _print(_: House, page: Page) -> None:
    page.cdp("Emulation.setEmulatedMedia", media="print")


def _open_first(_: House, page: Page) -> None:
    page.press("ArrowDown", "Enter")
    page.until_shown("aside [role=tab]", LOADED_WITHIN_S)


PICTURES = (
    Picture("wall", "/wall?blink=off", FULL_HD, "[data-alarm]", _after_the_stage),
    Picture("take-over", "/wall?blink=off", FULL_HD, "[data-alarm]", _on_the_stage),
    Picture("console", "/console?theme=dark", LAPTOP, "[data-alarm]"),
    Picture("detail", "/console?theme=light", DESK, "[data-alarm]", _open_first),
    Picture("map", "/console?page=map&theme=light", LAPTOP, "[data-map-summary]"),
    Picture(
        "services",
        "/console?page=services&theme=light&from={yesterday}&to={today}",
        LAPTOP,
        "[data-table=queues] tbody tr",
    ),
    Picture(
        "report", "/reports/daily?date={today}", A4_AT_96_DPI, "html[data-report=ready]", _print
    ),
)


def take(house: House, page: Page, picture: Picture) -> Path:
    """Look at one page; return the file."""
    page.resize(*picture.size)
    page.cdp("Emulation.setEmulatedMedia", media="")
    today = clock.now().astimezone(LOCAL_ZONE).date()
    page.open(f"{house.url}{picture.path.format(today=today, yesterday=today - ONE_DAY)}")
    page.until_shown(picture.shown, LOADED_WITHIN_S)
    if picture.path.startswith(("/wall", "/console")):
        page.until_live()
    if picture.prepare:
        picture.prepare(house, page)
    page.script("return document.fonts.ready.then(() => null)")
    # Drawn, and drawn again: charts and maps follow their figures by a frame.
    page.driver.execute_async_script(
        "const done = arguments[0]; let n = 90;"
        " const next = () => (n-- ? requestAnimationFrame(next) : done()); next();"
    )
    shot = page.cdp("Page.captureScreenshot", format="webp", quality=WEBP_QUALITY)
    file = FOLDER / f"{picture.name}.webp"
    file.write_bytes(base64.b64decode(shot["data"]))
    return file


def simulate(house: House, scenario: str, start: datetime, lasts: timedelta, rate: float) -> None:
    """Send a scenario of the past and wait until every event of it is stored."""
    done = house.ioc(
        *("simulate", "--scenario", scenario, "--seed", "1", "--rate", f"{rate:g}"),
        *("--start", start.isoformat(), "--duration", f"{lasts.total_seconds():g}"),
    )
    if done.returncode:
        sys.exit(done.stderr)
    eventually(lambda: house.ioc("doctor", "--drained").returncode == 0, SETTLED_S, "all stored")


def province(house: House) -> None:
    """Let yesterday happen, with a rush at the desks and a fire; and a fire now."""
    today = datetime.combine(clock.now().astimezone(LOCAL_ZONE).date(), time(), LOCAL_ZONE)
    yesterday = today - ONE_DAY
    simulate(house, "quiet-day", yesterday, ONE_DAY, 0.5)
    simulate(house, "queue-rush", yesterday + timedelta(hours=8), timedelta(hours=3), 0.5)
    simulate(house, "market-fire", yesterday + timedelta(hours=14), timedelta(minutes=30), 20)
    simulate(house, "quiet-day", clock.now() - HALF_AN_HOUR, HALF_AN_HOUR, 30)
    sent = house.send(first_minutes_of_the_fire(house))
    if "refused 0" not in sent:
        sys.exit(sent)
    eventually(lambda: house.ioc("doctor", "--drained").returncode == 0, SETTLED_S, "all stored")


def main(names: list[str]) -> None:
    """Make the pictures of these names, all without any."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, postgres = stack.enter_context(running_postgres(folder / "postgres"))
        broker = embedded_broker(stack, folder / "broker")
        url = new_database(postgres.url, "screens")
        house = open_house(stack, House(folder, broker.address, url, broker.log_id))
        province(house)
        page = stack.enter_context(browser(folder / "profile"))
        for picture in PICTURES:
            if names and picture.name not in names:
                continue
            file = take(house, page, picture)
            size = file.stat().st_size
            print(f"{file.relative_to(FOLDER.parents[1])}: {size / 1000:.0f} KB")
            if size > BYTES_MAX:
                sys.exit(f"{file.name} is larger than {BYTES_MAX / 1000:.0f} KB")


if __name__ == "__main__":
    main(sys.argv[1:])
