"""Devices as points and the figures of areas, over rows of which the answers are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.area_figures import figures
from api.device_book import DeviceBook
from api.province import ProvinceReader
from connectors.timescale.database import Database
from ioc import clock
from ioc.alarm import State
from ioc.area import gazetteer
from ioc.severity import Severity
from tests.views_server import Views, raise_alarms, running_views

HERE, THERE = "05443", "05455"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def stand(database: Database, *devices: tuple[str, str, str, float | None, datetime]) -> None:
    """Put devices at their latitude, or move them: source, name, area, lat, last seen."""
    with database.transaction() as conn:
        for source, device, area, lat, seen in devices:
            conn.execute(
                """INSERT INTO devices (source, device, area, lat, lon, first_seen, last_seen)
                   VALUES (%s, %s, %s, %s, %s, %s, %s)
                   ON CONFLICT (source, device) DO UPDATE SET area = excluded.area,
                       lat = excluded.lat, last_seen = excluded.last_seen""",
                (source, device, area, lat, lat and 105.84, seen, seen),
            )


def points(body: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The rows of an answer by device, with the words that they point to."""
    assert body["columns"] == ["source", "device", "area", "lat", "lon", "silent"]
    return {
        device: (body["sources"][source], body["areas"][area], lat, silent)
        for source, device, area, lat, _, silent in body["rows"]
    }


# Devices ----------------------------------------------------------------------------------------


def test_devices_stand_where_they_were_last_and_say_whether_they_are_silent(
    views: Views, database: Database
) -> None:
    now = clock.now()
    stand(
        database,
        ("fire", "panel-1", HERE, 21.6, now - 16 * MINUTE),
        ("camera", "CAM-1", HERE, 21.59, now),
        ("camera", "CAM-2", THERE, 21.5812345, now - 11 * MINUTE),
        ("camera", "CAM-3", "19", None, now),
    )
    found = views.get("/devices")
    assert found["complete"] is True
    assert points(found) == {
        "CAM-1": ("camera", HERE, 21.59, 0),
        "CAM-2": ("camera", THERE, 21.58123, 1),
        "CAM-3": ("camera", "19", None, 0),
        "panel-1": ("fire", HERE, 21.6, 1),
    }
    assert set(points(views.get("/devices", source="fire"))) == {"panel-1"}
    assert set(points(views.get("/devices", source="fire,camera", area=THERE))) == {"CAM-2"}
    assert points(views.get("/devices", source="nobody")) == {}


def test_what_changed_since_is_told_and_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.paced.PACE", 0)
    now = clock.now()
    book = DeviceBook(database)
    stand(
        database,
        ("camera", "still", HERE, 21.5, now + 60 * MINUTE),
        ("camera", "falls silent", HERE, 21.5, now - 9 * MINUTE),
        ("camera", "heard again", HERE, 21.5, now - 11 * MINUTE),
        ("camera", "moves", HERE, 21.5, now + 60 * MINUTE),
    )
    first = book.read(now)
    assert len(list(first.since(None))) == 4
    later = now + 2 * MINUTE
    assert list(book.read(later - MINUTE).since(first.as_of + MINUTE)) == []
    stand(
        database,
        ("camera", "heard again", HERE, 21.5, later),
        ("camera", "moves", THERE, 21.6, now + 60 * MINUTE),
        ("camera", "new", HERE, 21.5, later),
    )
    changed = {point.device: point for point in book.read(later).since(now + MINUTE)}
    assert set(changed) == {"falls silent", "heard again", "moves", "new"}
    assert changed["falls silent"].silent
    assert not changed["heard again"].silent
    assert (changed["moves"].area, changed["moves"].lat) == (THERE, 21.6)
    # Who asks from before this process began gets everything: nobody knows what changed.
    assert len(list(book.read(later).since(now - MINUTE))) == 5


def test_who_asks_from_another_process_is_told_what_it_may_not_know(database: Database) -> None:
    now = clock.now()
    book = DeviceBook(database)
    stand(database, ("camera", "CAM-1", HERE, 21.5, now))
    book.read(now)
    assert [point.device for point in book.read(now).since(now + timedelta(seconds=14))]
    assert not [point.device for point in book.read(now).since(now + timedelta(seconds=16))]


def test_more_devices_than_the_answer_holds_are_not_passed_over_in_silence(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.device_book.DEVICES_MAX", 2)
    now = clock.now()
    stand(database, *(("camera", f"CAM-{n}", HERE, 21.5, now) for n in range(2)))
    whole = DeviceBook(database).read(now)
    assert (len(whole.changed_at), whole.is_complete) == (2, True)
    stand(database, ("camera", "CAM-2", HERE, 21.5, now))
    cut = DeviceBook(database).read(now)
    assert (len(cut.changed_at), cut.is_complete) == (2, False)


def test_devices_that_did_not_change_are_not_sent_twice(views: Views, database: Database) -> None:
    stand(database, ("camera", "CAM-1", HERE, 21.59, clock.now()))
    answer = views.client.get("/api/v1/devices")
    tag = {"If-None-Match": answer.headers["etag"]}
    again = views.client.get("/api/v1/devices", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    other = views.client.get("/api/v1/devices", params={"area": THERE}, headers=tag)
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"area": "99999"}, 400, "area"),
        ({"since": "yesterday"}, 400, "invalid"),
        ({"since": "2026-11-22T07:00:00"}, 400, "invalid"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    views: Views, wish: dict[str, str], status: int, code: str
) -> None:
    answer = views.client.get("/api/v1/devices", params=wish)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# Figures ------------------------------------------------------------------------------------------


def test_a_province_without_anything_has_every_area_at_zero(views: Views) -> None:
    found = views.get("/areas/figures")["areas"]
    assert set(found) == {area.code for area in gazetteer().areas}
    assert found[HERE] == {
        "alarms": {"critical": 0, "high": 0, "medium": 0, "low": 0},
        "reports_open": 0,
        "reports_overdue": 0,
        "waiting": 0,
        "wait_longest_s": None,
        "dossiers_overdue": 0,
        "devices": {},
    }


def test_each_figure_is_that_of_its_area(views: Views, database: Database) -> None:
    now = clock.now()
    raise_alarms(database, 2, severity=Severity.HIGH)
    raise_alarms(database, area=THERE, state=State.SHELVED)
    raise_alarms(database, area=None, severity=Severity.LOW)
    stand(
        database,
        ("camera", "CAM-1", HERE, 21.59, now),
        ("camera", "CAM-2", HERE, None, now - 11 * MINUTE),
        ("fire", "panel-1", HERE, 21.59, now),
    )
    with database.transaction() as conn:
        for number, (status, due_at) in enumerate(
            [
                ("open", now - MINUTE),
                ("in_progress", now + MINUTE),
                ("reopened", None),
                ("resolved", now - MINUTE),
            ]
        ):
            conn.execute(
                """INSERT INTO reports (report, area, category, status, status_at, opened_at,
                       due_at, emergency, event_id)
                   VALUES (%s, %s, 'road', %s, %s, %s, %s, false, gen_random_uuid())""",
                (f"r-{number}", HERE, status, now, now - 3 * MINUTE, due_at),
            )
        conn.execute(
            """INSERT INTO dossiers (office, dossier, area, area_at, received_at, due_at)
               VALUES ('PDP', 'late', %(area)s, %(at)s, %(at)s, %(due)s),
                      ('PDP', 'in time', %(area)s, %(at)s, %(at)s, %(at)s + interval '9 days')""",
            {"area": HERE, "at": now - timedelta(days=3), "due": now - MINUTE},
        )
    found = views.get("/areas/figures")["areas"]
    assert found[HERE]["alarms"] == {"critical": 0, "high": 2, "medium": 0, "low": 0}
    assert sum(found[THERE]["alarms"].values()) == 0  # shelved: it asks nobody for anything
    assert found["19"]["alarms"]["low"] == 1
    assert found[HERE]["devices"] == {
        "camera": {"known": 2, "heard": 1},
        "fire": {"known": 1, "heard": 1},
    }
    assert (found[HERE]["reports_open"], found[HERE]["reports_overdue"]) == (3, 1)
    assert found[HERE]["dossiers_overdue"] == 1


def test_the_longest_wait_is_that_of_who_waits_now(database: Database) -> None:
    now = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
    with database.transaction() as conn:
        conn.execute(
            """INSERT INTO visits (office, day, ticket, visit, area, issued_at, called_at)
               SELECT 'PDP', '2026-11-22', ticket, 1, %(area)s, at, called
               FROM (VALUES ('A1', %(now)s - interval '90 s', %(now)s - interval '1 s'),
                            ('A2', %(now)s - interval '60 s', NULL),
                            ('A3', %(now)s - interval '30 s', NULL)) AS v (ticket, at, called)""",
            {"area": HERE, "now": now},
        )
    found = figures(ProvinceReader(database).read(now))
    assert (found[HERE]["waiting"], found[HERE]["wait_longest_s"]) == (2, 60)
    assert (found[THERE]["waiting"], found[THERE]["wait_longest_s"]) == (0, None)
