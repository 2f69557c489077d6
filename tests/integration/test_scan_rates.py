"""Rules about how many, on real rows: more than in other weeks, less than just before."""

from __future__ import annotations

from connectors.timescale.database import Database
from tests.integration.scanned import DAY, HEAD, HOUR, MINUTE, MONDAY, House, rules_of


def test_three_times_as_many_as_in_other_weeks(database: Database) -> None:
    text = HEAD.format(id="many", type="ioc.citizen.report", kind="rate")
    part = "    rate: {window: 1h, against: weeks, weeks: 3, above: 3, least: 20}\n    per: area\n"
    house = House(database, rules_of(text + part + "    when: {category: [flood, tree]}\n"))
    for week in (1, 2, 3):
        before = MONDAY - week * 7 * DAY
        house.hear("citizen", before - HOUR, before, every=10 * MINUTE, kind="flood", n=2)
    house.hear("citizen", MONDAY - HOUR, MONDAY + HOUR, every=10 * MINUTE, kind="noise", n=99)
    house.hear("citizen", MONDAY - HOUR, MONDAY, every=10 * MINUTE, kind="flood", n=5)
    house.turn(MONDAY)
    assert house.open == {}
    house.hear("citizen", MONDAY - HOUR, MONDAY, every=10 * MINUTE, kind="flood", n=6)
    house.turn(MONDAY + 5 * MINUTE)
    assert house.open == {"many 05443": "medium"}
    (alarm,) = house.rows("SELECT facts, raised_at FROM alarms")
    assert alarm["facts"]["n"] == 36
    assert alarm["facts"]["baseline"] == 12
    assert alarm["raised_at"] == MONDAY + 5 * MINUTE
    house.turn(MONDAY + 50 * MINUTE)
    assert house.open == {}


def test_much_less_than_just_before_but_not_because_nobody_listened(database: Database) -> None:
    text = HEAD.format(id="few", type="ioc.camera.alert", kind="rate")
    part = "    rate: {window: 1h, against: before, below: 0.2, least: 60}\n    per: area\n"
    house = House(database, rules_of(text + part))
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY - HOUR)
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY + 2 * HOUR, area="05518")
    house.until(MONDAY - HOUR, MONDAY, 5 * MINUTE)
    assert house.open == {"few 05443": "medium"}
    mute = House(database, house.rules)
    mute.until(MONDAY + 2 * HOUR, MONDAY + 4 * HOUR, 5 * MINUTE)
    assert mute.open.keys() <= {"few 05443"}, "the whole source is mute: 05518 is not unusual"
