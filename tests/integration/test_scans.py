"""Rules about time on real rows: who is silent, late or unusual, and who never was."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from connectors.timescale import alarms
from connectors.timescale.database import Database
from ioc.alarm import ClosingCode, close
from ioc.rule import Raise, RuleSet
from ioc.rule.scan import Finding, Notice
from ioc.severity import Severity
from streams import scan
from streams.timers import run_due
from streams.verdicts import applied
from tests.integration.scanned import DAY, HEAD, HOUR, MINUTE, MONDAY, House, rules_of


def camera(part: str, extra: str = "") -> RuleSet:
    head = HEAD.format(id="silent", type="ioc.camera.alert", kind="absence")
    return rules_of(f"{head}    absence: {{{part}}}\n{extra}")


def desk(part: str, kind: str = "ticket", extra: str = "") -> RuleSet:
    head = HEAD.format(id="late", type=f"ioc.queue.{kind}", kind="sla")
    return rules_of(f"{head}    sla: {{{part}}}\n    per: office\n{extra}")


SILENT_HOUR = camera("of: device, for: 1h")
WAITING = desk("waiting: 30m, least: 3")
OVERDUE = rules_of(
    HEAD.format(id="late", type="ioc.queue.dossier", kind="sla").replace(
        "severity: medium",
        "severity: [{when: {n: {ge: 3}}, is: high}, {when: {n: {ge: 2}}, is: medium}, {is: low}]",
    )
    + "    sla: {due: past}\n    per: office\n"
)

# Silence ----------------------------------------------------------------------------------------


def test_a_device_is_silent_after_its_time_and_until_it_speaks(database: Database) -> None:
    house = House(database, SILENT_HOUR)
    house.hear("camera", MONDAY - 2 * HOUR, MONDAY + 3 * HOUR)
    house.see("cam-1", MONDAY)
    house.turn(MONDAY + HOUR)
    assert house.open == {}, "what is stored is exact to fifteen seconds only"
    house.turn(MONDAY + HOUR + MINUTE)
    assert house.open == {"silent cam-1": "medium"}
    house.turn(MONDAY + 2 * HOUR)
    house.see("cam-1", MONDAY + 2 * HOUR)
    house.turn(MONDAY + 2 * HOUR + MINUTE)
    assert house.open == {}
    assert house.steps == ["raised cam-1", "returned cam-1"]
    (raised,) = house.rows("SELECT raised_at, device, area FROM alarms")
    grain = timedelta(seconds=15)
    assert raised == {"raised_at": MONDAY + HOUR + grain, "device": "cam-1", "area": "05443"}


def test_who_is_looked_at_follows_the_scope(database: Database) -> None:
    rules = camera("of: device, for: 1h", "    scope: {areas: [05443], devices: [cam-1, cam-3]}\n")
    house = House(database, rules)
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY)
    for device, area in (("cam-1", "05443"), ("cam-2", "05443"), ("cam-3", "05518")):
        house.see(device, MONDAY - 2 * HOUR, area)
    house.see("cam-1", MONDAY - 2 * HOUR, source="fire")
    house.turn(MONDAY)
    assert house.open == {"silent cam-1": "medium"}


def test_after_a_night_off_nobody_was_silent(database: Database) -> None:
    """The sources spoke yesterday; today everything starts again, and speaks bit by bit."""
    house = House(database, SILENT_HOUR)
    yesterday = MONDAY - DAY
    house.hear("camera", yesterday - 2 * HOUR, yesterday)
    for number in range(5):
        house.see(f"cam-{number}", yesterday - number * MINUTE)
    house.turn(yesterday)
    house.hear("camera", MONDAY, MONDAY + 2 * HOUR)
    house.see("cam-0", MONDAY + 40 * MINUTE)
    house.until(MONDAY, MONDAY + HOUR, MINUTE)
    assert house.steps == []
    house.until(MONDAY + HOUR, MONDAY + HOUR + 10 * MINUTE, MINUTE)
    assert house.open == {f"silent cam-{number}": "medium" for number in range(1, 5)}


def test_after_an_outage_of_ours_only_what_nobody_heard_is_silent(database: Database) -> None:
    """Nothing was lost: it is read after the outage at once; the scans between are left out."""
    house = House(database, SILENT_HOUR)
    house.hear("camera", MONDAY - 2 * HOUR, MONDAY)
    house.see("cam-1", MONDAY)
    house.see("cam-2", MONDAY)
    house.turn(MONDAY)
    house.hear("camera", MONDAY, MONDAY + 3 * HOUR)
    house.see("cam-1", MONDAY + 3 * HOUR - MINUTE)
    house.turn(MONDAY + 3 * HOUR)
    assert house.open == {"silent cam-2": "medium"}


def test_while_the_whole_source_is_mute_nobody_becomes_silent_and_nobody_comes_back(
    database: Database,
) -> None:
    house = House(database, SILENT_HOUR)
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY)
    house.see("dead", MONDAY - 2 * HOUR)
    house.see("well", MONDAY - 5 * MINUTE)
    house.turn(MONDAY)
    assert house.open == {"silent dead": "medium"}
    house.until(MONDAY, MONDAY + 5 * HOUR, 10 * MINUTE)
    back = MONDAY + 5 * HOUR
    house.hear("camera", back, back + 3 * HOUR)
    house.see("well", back)
    house.until(back, back + 30 * MINUTE, 10 * MINUTE)
    assert house.open == {"silent dead": "medium"}
    assert house.steps == ["raised dead"], "it was not heard, so its alarm did not end meanwhile"


def test_a_restart_finds_the_same_and_says_nothing_new(database: Database) -> None:
    house = House(database, SILENT_HOUR)
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY + HOUR)
    house.see("cam-1", MONDAY - 2 * HOUR)
    house.turn(MONDAY)
    again = House(database, SILENT_HOUR)
    again.turn(MONDAY + MINUTE)
    assert again.steps == ["raised cam-1"]
    assert again.timers == ["silent"]


def test_a_new_rule_knows_what_was_heard_before_it(database: Database) -> None:
    house = House(database, SILENT_HOUR)
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY)
    house.see("cam-1", MONDAY - 2 * HOUR)
    house.turn(MONDAY)
    assert house.open == {"silent cam-1": "medium"}


def test_a_source_that_was_never_heard_has_no_silent_devices(database: Database) -> None:
    house = House(database, SILENT_HOUR)
    house.see("cam-1", MONDAY - 2 * DAY)
    house.turn(MONDAY)
    assert house.open == {}


def test_an_area_is_blind_under_half_and_sees_again_from_sixty_percent(database: Database) -> None:
    rules = camera("of: area, for: 1h, heard_below: 50, heard_above: 60, least: 5")
    house = House(database, rules)
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY + 5 * HOUR)
    for number in range(10):
        house.see(f"cam-{number}", MONDAY - (2 * HOUR if number < 5 else -2 * HOUR))
    for number in range(4):
        house.see(f"far-{number}", MONDAY - 2 * HOUR, "05518")
    house.turn(MONDAY - 90 * MINUTE)
    house.turn(MONDAY)
    assert house.open == {}, "half is not under half, and four cameras are too few to judge"
    house.see("cam-5", MONDAY - 90 * MINUTE)
    house.turn(MONDAY + MINUTE)
    assert house.open == {"silent 05443": "medium"}
    assert house.rows("SELECT raised_at FROM alarms")[0]["raised_at"] == (
        MONDAY - 30 * MINUTE + timedelta(seconds=15)
    ), "since the camera that made it too few"
    house.see("cam-5", MONDAY + MINUTE)
    house.turn(MONDAY + 2 * MINUTE)
    assert house.open == {"silent 05443": "medium"}
    house.see("cam-4", MONDAY + 2 * MINUTE)
    house.turn(MONDAY + 3 * MINUTE)
    assert house.open == {}


# Queues -----------------------------------------------------------------------------------------


def queue(house: House, *minutes_ago: int, prefix: str = "A", office: str = "MC-01") -> None:
    for number, minutes in enumerate(minutes_ago):
        house.issue(f"{prefix}{number:03d}", MONDAY - minutes * MINUTE, office)


def test_three_who_wait_half_an_hour_are_a_queue(database: Database) -> None:
    house = House(database, WAITING)
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY + HOUR, kind="issued")
    queue(house, 50, 40, 25)
    queue(house, 60, 59, office="MC-02")
    house.turn(MONDAY)
    assert house.open == {}
    house.until(MONDAY, MONDAY + 5 * MINUTE, MINUTE)
    assert house.open == {"late MC-01": "medium"}
    assert house.rows("SELECT raised_at FROM alarms")[0]["raised_at"] == MONDAY + 5 * MINUTE
    house.issue("A000", MONDAY - 50 * MINUTE, called_at=MONDAY + 6 * MINUTE)
    house.turn(MONDAY + 6 * MINUTE)
    assert house.open == {}


def test_a_number_that_was_passed_over_waits_no_more(database: Database) -> None:
    """Its holder has left: those after it in the same queue have been called."""
    house = House(database, desk("waiting: 30m"))
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY, kind="issued")
    house.issue("A001", MONDAY - 60 * MINUTE)
    house.issue("B001", MONDAY - 60 * MINUTE, "MC-02")
    for number, minutes in ((2, 50), (3, 45), (4, 40)):
        called = MONDAY - (minutes - 5) * MINUTE
        house.issue(f"A{number:03d}", MONDAY - minutes * MINUTE, called_at=called)
        house.issue(f"A{number:03d}", MONDAY - minutes * MINUTE, "MC-02", called_at=called)
    house.turn(MONDAY)
    assert house.open == {"late MC-02": "medium"}


def test_in_an_office_that_flows_only_a_queue_that_stands_still_waits(database: Database) -> None:
    house = House(database, desk("waiting: 30m"))
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY, kind="issued")
    for office in ("MC-01", "MC-02"):
        house.issue("B000", MONDAY - 60 * MINUTE, office)
        for number in range(20):
            issued = MONDAY - (55 - number) * MINUTE
            house.issue(f"A{number:03d}", issued, office, called_at=issued + 5 * MINUTE)
    for number in range(1, 4):
        house.issue(f"B00{number}", MONDAY - (50 - number) * MINUTE, "MC-02")
    house.turn(MONDAY)
    assert house.open == {"late MC-02": "medium"}


def test_two_who_were_let_through_do_not_hide_a_long_queue(database: Database) -> None:
    house = House(database, WAITING)
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY, kind="issued")
    queue(house, *range(70, 30, -4))
    for number in (3, 6):
        house.issue(f"A{number:03d}", MONDAY - 60 * MINUTE, called_at=MONDAY - 40 * MINUTE)
    house.turn(MONDAY)
    assert house.open == {"late MC-01": "medium"}


def test_at_closing_nobody_waits_any_more_and_at_noon_they_do(database: Database) -> None:
    house = House(database, WAITING)
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY + 8 * HOUR, kind="issued")
    queue(house, 50, 40, 35)
    house.turn(MONDAY)
    house.turn(MONDAY + 2 * HOUR + 30 * MINUTE)
    assert house.open == {"late MC-01": "medium"}
    house.turn(MONDAY + 7 * HOUR)
    assert house.open == {}
    house.turn(MONDAY + DAY)
    assert house.steps == ["raised MC-01", "returned MC-01"]


def test_at_closing_nobody_waits_any_more_though_no_desk_was_heard_for_long(
    database: Database,
) -> None:
    house = House(database, WAITING)
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY, kind="issued")
    queue(house, 50, 40, 35)
    house.turn(MONDAY)
    house.turn(MONDAY + 6 * HOUR)
    assert house.open == {"late MC-01": "medium"}
    house.turn(MONDAY + 7 * HOUR)
    assert house.open == {}


def test_desks_that_were_cut_off_have_no_queue_until_they_are_heard_for_half_an_hour(
    database: Database,
) -> None:
    house = House(database, WAITING)
    house.hear("queue", MONDAY - 3 * HOUR, MONDAY - 20 * MINUTE, kind="issued")
    queue(house, 45, 40, 25, 24, 23)
    house.until(MONDAY, MONDAY + 30 * MINUTE, MINUTE)
    assert house.open == {}, "nothing of any desk was heard for a quarter of an hour and more"
    house.hear("queue", MONDAY + 30 * MINUTE, MONDAY + 90 * MINUTE, kind="issued")
    for number in range(3):
        house.issue(f"A1{number}", MONDAY + 31 * MINUTE)
    house.until(MONDAY + 31 * MINUTE, MONDAY + 60 * MINUTE, MINUTE)
    assert house.open == {}
    house.turn(MONDAY + 61 * MINUTE)
    assert house.open == {"late MC-01": "medium"}


# Due dates --------------------------------------------------------------------------------------


def test_an_office_s_alarm_gets_worse_and_better_with_its_dossiers(database: Database) -> None:
    house = House(database, OVERDUE)
    friday = MONDAY - 3 * DAY
    house.receive("d-1", friday.replace(hour=17))
    house.turn(MONDAY - DAY)
    assert house.open == {}, "on Sunday no office has worked since"
    house.turn(MONDAY.replace(hour=7, minute=31))
    assert house.open == {"late MC-01": "low"}
    for number in (2, 3):
        house.receive(f"d-{number}", MONDAY - number * MINUTE)
    house.turn(MONDAY)
    assert house.open == {"late MC-01": "high"}
    house.resolve("d-1", MONDAY)
    house.turn(MONDAY + MINUTE)
    assert house.open == {"late MC-01": "medium"}
    house.resolve("d-2", MONDAY)
    house.turn(MONDAY + 2 * MINUTE)
    assert house.open == {"late MC-01": "low"}
    house.resolve("d-3", MONDAY)
    house.turn(MONDAY + 3 * MINUTE)
    assert house.open == {}
    (alarm,) = house.rows("SELECT raised_at FROM alarms")
    assert alarm["raised_at"] == MONDAY.replace(hour=7, minute=30)


def shut(house: House) -> UUID:
    (row,) = house.rows("SELECT id FROM alarms WHERE ended_at IS NULL")
    alarm_id: UUID = row["id"]
    alarms.move(
        house.db, alarm_id, lambda now: close(now, ClosingCode.NO_IMPACT, "An", MONDAY + HOUR)
    )
    return alarm_id


def test_a_title_says_how_many_were_found(database: Database) -> None:
    head = HEAD.format(id="late", type="ioc.queue.dossier", kind="sla")
    head = head.replace('title: "T"', 'title: "{n} hồ sơ quá hạn tại {office}"')
    house = House(database, rules_of(f"{head}    sla: {{due: past}}\n    per: office\n"))
    for number in range(3):
        house.receive(f"d-{number}", MONDAY - HOUR)
    house.turn(MONDAY)
    assert house.rows("SELECT title FROM alarms") == [{"title": "3 hồ sơ quá hạn tại MC-01"}]


def test_a_closed_alarm_is_not_raised_again_by_what_goes_on_or_gets_better(
    database: Database,
) -> None:
    house = House(database, OVERDUE)
    for number in range(2):
        house.receive(f"d-{number}", MONDAY - HOUR)
    house.turn(MONDAY)
    assert house.open == {"late MC-01": "medium"}
    shut(house)
    house.turn(MONDAY + MINUTE)
    assert house.open == {}
    house.resolve("d-0", MONDAY)
    house.turn(MONDAY + 2 * MINUTE)
    assert house.open == {}, "one less is no reason to call again"
    assert house.findings == {"MC-01"}


def test_a_closed_alarm_is_raised_again_when_it_gets_worse(database: Database) -> None:
    house = House(database, OVERDUE)
    house.receive("d-0", MONDAY - HOUR)
    house.turn(MONDAY)
    first = shut(house)
    house.receive("d-1", MONDAY - HOUR)
    house.turn(MONDAY + MINUTE)
    assert house.open == {"late MC-01": "medium"}
    assert house.rows("SELECT count(*) AS n FROM alarms WHERE id = %s", first)[0]["n"] == 1
    assert house.rows("SELECT count(*) AS n FROM alarms")[0]["n"] == 2


def test_what_begins_anew_with_the_same_words_is_another_occurrence(database: Database) -> None:
    """The oldest due date is the same: the ended alarm's row stays as it is."""
    house = House(database, OVERDUE)
    house.receive("d-0", MONDAY - HOUR)
    house.turn(MONDAY)
    house.resolve("d-0", MONDAY)
    house.turn(MONDAY + MINUTE)
    house.execute("UPDATE dossiers SET resolved_at = NULL")
    house.turn(MONDAY + 2 * MINUTE)
    rows = house.rows("SELECT raised_at, ended_at IS NULL AS open FROM alarms ORDER BY raised_at")
    assert rows == [
        {"raised_at": MONDAY - HOUR, "open": False},
        {"raised_at": MONDAY + 2 * MINUTE, "open": True},
    ]


def test_reports_are_one_alarm_for_each_area_and_category(database: Database) -> None:
    text = HEAD.format(id="late", type="ioc.citizen.report", kind="sla")
    house = House(database, rules_of(text + "    sla: {due_within: 1wd}\n    per: [area, kind]\n"))
    house.report("r-1", MONDAY + HOUR)
    house.report("r-2", MONDAY + 2 * HOUR, "lights")
    house.report("r-3", MONDAY + HOUR, "lights", "05518")
    house.report("past", MONDAY - HOUR, "noise")
    # Tomorrow is a day off; Wednesday at ten is a working day away.
    house.report("r-4", MONDAY + 2 * DAY, "trees")
    house.report("r-5", MONDAY + 2 * DAY + MINUTE, "roads")
    house.turn(MONDAY)
    assert house.open.keys() == {
        *("late 05443|trash", "late 05443|lights", "late 05518|lights", "late 05443|trees")
    }


def test_out_of_schedule_nothing_is_raised_and_everything_clears(database: Database) -> None:
    rules = desk("due: past", "dossier", '    schedule: {hours: "07:30-17:00"}\n')
    house = House(database, rules)
    house.receive("d-1", MONDAY - HOUR)
    house.receive("d-2", MONDAY - HOUR, "MC-02")
    house.turn(MONDAY.replace(hour=7, minute=0))
    house.turn(MONDAY)
    evening = MONDAY.replace(hour=20)
    house.receive("d-3", MONDAY, "MC-03")
    house.resolve("d-2", MONDAY)
    house.turn(evening)
    assert house.open == {"late MC-01": "medium"}
    house.turn(MONDAY + 2 * DAY)
    assert house.open == {"late MC-01": "medium", "late MC-03": "medium"}


# Many -------------------------------------------------------------------------------------------

FIRE = rules_of(
    """
rules:
  - id: fire
    title: "Cháy"
    title_en: "Fire"
    type: ioc.fire.reading
    kind: match
    when: {state: alarm}
    per: device
    severity: critical
"""
)


def ring_fire(house: House, number: int) -> None:
    rule = FIRE.by_id["fire"]
    notice = Notice(rule, Finding(f"p-{number}", MONDAY, "05443"), MONDAY)
    with house.db.transaction() as conn:
        verdict = Raise(rule, f"p-{number}", MONDAY, notice)
        alarms.apply(conn, applied(conn, FIRE, [verdict], MONDAY))


def test_thousands_that_fall_silent_at_once_come_in_pages_and_let_a_fire_through(
    database: Database,
) -> None:
    house = House(database, SILENT_HOUR)
    house.hear("camera", MONDAY - 3 * HOUR, MONDAY)
    house.execute(
        "INSERT INTO devices (source, device, area, first_seen, last_seen)"
        " SELECT 'camera', 'cam-' || n, '05443', %s, %s FROM generate_series(1, 1200) AS g (n)",
        *(MONDAY - 3 * HOUR, MONDAY - 2 * HOUR),
    )
    for number in range(3):
        assert house.turn(MONDAY) == 1
        ring_fire(house, number)
    assert house.turn(MONDAY) == 0
    assert len(house.open) == 1203
    order = [step.split()[1].split("-")[0] for step in house.steps]
    pages = "".join("F" if each == "p" else "." for each in order)
    assert [len(page) for page in pages.split("F")] == [500, 500, 200, 0]
    house.hear("camera", MONDAY, MONDAY + MINUTE)
    house.execute("UPDATE devices SET last_seen = %s", MONDAY)
    for _ in range(3):
        assert house.turn(MONDAY + MINUTE) == 1
    assert len(house.open) == 3


# Rules that come and go -------------------------------------------------------------------------


def test_a_rule_that_is_withdrawn_ends_its_scan_and_keeps_its_alarms(database: Database) -> None:
    house = House(database, OVERDUE)
    house.receive("d-0", MONDAY - HOUR)
    house.turn(MONDAY)
    house.follow(RuleSet())
    house.turn(MONDAY + MINUTE)
    assert (house.timers, house.findings) == ([], set())
    assert house.open == {"late MC-01": "low"}
    house.follow(OVERDUE)
    house.turn(MONDAY + 2 * MINUTE)
    assert house.open == {"late MC-01": "low"}
    assert house.rows("SELECT count(*) AS n FROM alarms")[0]["n"] == 1


def test_the_scan_of_a_rule_that_is_newer_than_ours_is_left_to_who_knows_it(
    database: Database,
) -> None:
    house = House(database, OVERDUE)
    house.receive("d-0", MONDAY - HOUR)
    house.execute(
        "INSERT INTO rule_versions (noun, id, version, body, by, at, why, origin, revision) "
        "VALUES ('rule', 'late', 1, '{}', 'anna', %s, 'new', 'api', 1)",
        MONDAY,
    )
    before = house.timers
    house.rules = RuleSet()
    house.turn(MONDAY)
    assert house.timers == before
    house.follow(RuleSet(OVERDUE.rules, revision=1))
    house.turn(MONDAY)
    assert house.open == {"late MC-01": "low"}


def test_nothing_is_scanned_before_a_stream_was_read(database: Database) -> None:
    house = House(database, OVERDUE)
    house.receive("d-0", MONDAY - HOUR)
    assert run_due(database, scan.handlers(OVERDUE), MONDAY) == 0
    assert house.open == {}


@pytest.mark.parametrize("missed", [timedelta(minutes=10), timedelta(days=3)])
def test_grid_points_that_nobody_looked_at_are_left_out(
    database: Database, missed: timedelta
) -> None:
    house = House(database, OVERDUE)
    house.receive("d-0", MONDAY - HOUR)
    house.turn(MONDAY)
    later: datetime = MONDAY + missed
    assert house.turn(later) == 1
    assert house.turn(later) == 0
    assert house.open == {"late MC-01": Severity.LOW.value}
