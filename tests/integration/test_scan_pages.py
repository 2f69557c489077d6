"""The examples of the pages on rules about time do what the pages say."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.timescale.database import Database
from ioc.rule.calendar import read_calendar
from ioc.rule.document import Fields, read
from ioc.rule.notes import Notes
from tests.integration.scanned import DAY, HOUR, MINUTE, MONDAY, House, rules_of

PAGES = Path(__file__).parents[2] / "docs" / "rules"


def example(page: str) -> str:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def house(database: Database, request: pytest.FixtureRequest) -> House:
    return House(database, rules_of(example(request.param)))


@pytest.mark.parametrize("house", ["absence"], indirect=True)
def test_a_hydrant_is_silent_and_a_ward_is_blind(house: House) -> None:
    for source in ("fire", "camera"):
        house.hear(source, MONDAY - 4 * HOUR, MONDAY)
    house.see("hydrant-1", MONDAY - 3 * HOUR, source="fire")
    house.see("hydrant-2", MONDAY - 3 * HOUR, "05518", source="fire")
    for number in range(5):
        house.see(f"cam-{number}", MONDAY - (3 * HOUR if number < 3 else MINUTE))
    house.turn(MONDAY)
    house.turn(MONDAY)
    assert house.open == {"silent-hydrant hydrant-1": "medium", "blind-ward 05443": "high"}


@pytest.mark.parametrize("house", ["rate"], indirect=True)
def test_floods_are_reported_ten_times_as_often_and_cameras_fall_quiet(house: House) -> None:
    for week in range(1, 5):
        then = MONDAY - week * 7 * DAY
        house.hear("citizen", then - HOUR, then, every=20 * MINUTE, kind="flooding")
    house.hear("citizen", MONDAY - HOUR, MONDAY, every=2 * MINUTE, kind="flooding")
    house.hear("camera", MONDAY - 2 * HOUR, MONDAY - 35 * MINUTE, n=3)
    house.hear("camera", MONDAY - 2 * HOUR, MONDAY, area="05518")
    house.turn(MONDAY)
    assert house.open == {
        "flood-reports 05443": "high",
        "cameras-fall-quiet 05443": "low",
    }


@pytest.mark.parametrize("house", ["sla"], indirect=True)
def test_a_queue_is_long_and_dossiers_and_reports_are_late(house: House) -> None:
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY, kind="issued")
    for number in range(3):
        house.issue(f"A{number}", MONDAY - 50 * MINUTE)
    house.receive("d-1", MONDAY + HOUR, "MC-02")
    house.report("r-1", MONDAY - MINUTE, "trash")
    house.turn(MONDAY)
    assert house.open == {
        "long-queue MC-01": "medium",
        "dossiers-due-soon MC-02": "low",
        "reports-overdue 05443|trash": "medium",
    }


def test_a_site_s_calendar_is_laid_over_the_shipped_one() -> None:
    root, notes = read(example("calendar")), Notes("calendar.yaml")
    assert isinstance(root, Fields)
    (calendar,) = read_calendar(root.entries["calendar"], notes)
    assert notes.problems == []
    assert not calendar.is_working_day(MONDAY.replace(2027, 2, 11).date())
    assert calendar.is_working_day(MONDAY.replace(2027, 2, 20).date())
    assert calendar.day_length == timedelta(hours=8)
