"""How the sources do, over rows of which the answers are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api import sources as sources_module
from api.province import local_day
from connectors.timescale.database import Conn, Database
from ioc import clock
from tests.integration.test_views import HERE, THERE, count, insert
from tests.views_server import Views, running_views

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def device(conn: Conn, name: str, seen: datetime, **fields: Any) -> None:
    row = {"source": "camera", "device": name, "area": HERE, "first_seen": seen, "last_seen": seen}
    insert(conn, "devices", [{**row, **fields}])


def event(conn: Conn, time: datetime, lag: timedelta, **fields: Any) -> None:
    row = {
        **{"time": time, "id": uuid4(), "received_at": time + lag, "source": "camera"},
        **{"type": "t", "ce_source": "s", "ce_id": "i", "area": HERE, "kind": "person"},
        **{"device": "cam-1", "partition": 0, "offset": 0, "data": "{}"},
    }
    insert(conn, "events", [{**row, **fields}])


def row_of(found: dict[str, Any], source: str) -> dict[str, Any]:
    return next(row for row in found["sources"] if row["source"] == source)


def test_a_source_that_never_spoke_has_no_numbers_that_are_made_up(views: Views) -> None:
    found = views.get("/sources")
    assert set(found) == set(sources_module.Sources.model_fields)
    assert [row["source"] for row in found["sources"]] == ["camera", "fire", "citizen", "queue"]
    assert row_of(found, "fire") == {
        **{"source": "fire", "state": "unknown", "per_minute": 0, "band": None},
        **{"known": 0, "heard": 0, "lag_p50_s": None, "skewed": 0, "late_today": 0},
        **{"dead_letters_today": 0, "last_event_at": None},
    }
    assert found["sending"] == {"endpoints": 0, "running": 0, "pending": 0, "failed_24h": 0}
    assert (found["dead_letters_new"], found["blind"]) == (0, [])
    assert found["processing"]["events_per_s"] == 0.0


def test_the_usual_band_is_that_of_the_same_hour_of_the_weeks_in_which_the_source_spoke(
    views: Views, database: Database
) -> None:
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    with database.transaction() as conn:
        count(conn, hour - WEEK + 5 * MINUTE, 600)
        count(conn, hour - WEEK + 65 * MINUTE, 9_000)  # the hour after
        count(conn, hour - 2 * WEEK + 5 * MINUTE, 100)
        count(conn, hour - 2 * WEEK + 59 * MINUTE, 80, area=THERE)
        count(conn, hour - 3 * WEEK - 60 * MINUTE, 50)  # it was there, and quiet in this hour
        count(conn, hour - 5 * WEEK, 60_000)  # too long ago
    found = views.get("/sources")
    assert row_of(found, "camera")["band"] == {"low": 0.0, "high": 10.0, "weeks": 3}
    assert row_of(found, "fire")["band"] is None
    there = row_of(views.get("/sources", area=THERE), "camera")["band"]
    assert there == {"low": 0.0, "high": 1.3, "weeks": 3}


def test_lag_clocks_and_late_events_are_told(views: Views, database: Database) -> None:
    now = clock.now()
    day = local_day(now)
    with database.transaction() as conn:
        for lag in (200, 400, 800):
            event(conn, now - 20 * SECOND, timedelta(milliseconds=lag))
        event(conn, now - 10 * MINUTE, timedelta(hours=1), device="cam-old")  # not of the newest
        event(conn, now + 30 * SECOND, -31 * SECOND, device="cam-ahead", area=THERE)
        event(conn, now + 2 * SECOND, -3 * SECOND, device="cam-nearly")
        event(conn, now - 30 * SECOND, 90 * SECOND, source="fire", device="panel-1")
        device(conn, "cam-1", now)
        device(conn, "cam-ahead", now, area=THERE)
    found = views.get("/sources")
    camera, fire = row_of(found, "camera"), row_of(found, "fire")
    # Of 0, 0, 0.2, 0.4 and 0.8 s: who is ahead has no lag.
    assert (camera["lag_p50_s"], camera["skewed"]) == (0.2, 1)
    assert (fire["lag_p50_s"], fire["skewed"]) == (90.0, 0)
    assert camera["late_today"] == (1 if now - 10 * MINUTE >= day else 0)
    assert fire["late_today"] == (1 if now - 30 * SECOND >= day else 0)
    assert row_of(views.get("/sources", area=HERE), "camera")["skewed"] == 0
    (ahead,) = views.get("/sources/camera/devices", state="skewed")["devices"]
    assert (ahead["device"], ahead["ahead_s"]) == ("cam-ahead", 31.0)


def test_letters_and_endpoints_that_ask_for_somebody_are_counted(
    views: Views, database: Database
) -> None:
    now = clock.now()
    day = local_day(now)
    with database.transaction() as conn:
        for number, (at, became) in enumerate(
            (
                (now, {"seen_at": now}),
                (now, {"retried_at": now}),
                (now, {"discarded_at": now}),
                (now, {}),
                (day - SECOND, {}),
                (now - 2 * WEEK, {}),
            )
        ):
            row = {"at": at, "log": "l", "topic": "t", "partition": 0, "offset": number}
            rest = {"received_at": at, "source": "fire", "reason": "schema", "detail": "why"}
            insert(conn, "dead_letters", [{**row, **rest, "raw": b"{", **became}])
        endpoint: dict[str, Any] = {}
        for name, fields in (
            ("runs", {}),
            ("fails", {"failing_since": now}),
            ("off", {"disabled_at": now}),
            ("gone", {"deleted_at": now}),
        ):
            endpoint = {"id": uuid4(), "name": name, "url": "https://x.example/", "secret": "s"}
            insert(conn, "endpoints", [{**endpoint, "origin": "api", "created_at": now, **fields}])
        for seq, (state, ended) in enumerate(
            (("pending", None), ("failed", now), ("failed", now - WEEK), ("delivered", now))
        ):
            delivery = {"id": uuid4(), "endpoint_id": endpoint["id"], "alarm_id": uuid4()}
            rest = {"seq": seq, "type": "raised", "priority": 1, "at": now, "state": state}
            insert(conn, "deliveries", [{**delivery, **rest, "ended_at": ended}])
    found = views.get("/sources")
    assert row_of(found, "fire")["dead_letters_today"] == 4
    # One was opened, one sent again, one given up; the fourth and that of before midnight wait.
    is_within_a_day = now - day < timedelta(hours=24) - SECOND
    assert found["dead_letters_new"] == 1 + is_within_a_day
    assert found["sending"] == {"endpoints": 3, "running": 1, "pending": 1, "failed_24h": 1}
    here = views.get("/sources", area=HERE)
    assert (here["sending"], here["dead_letters_new"]) == (None, None), "they are of no area"
    assert row_of(here, "fire")["dead_letters_today"] is None
    fire = [views.get("/overview", **asked)["sources"]["fire"] for asked in ({}, {"area": HERE})]
    assert [each["dead_letters_24h"] is None for each in fire] == [False, True]


def test_areas_with_less_than_half_of_their_devices_heard_are_blind(
    views: Views, database: Database
) -> None:
    now = clock.now()
    with database.transaction() as conn:
        for number in range(4):
            device(conn, f"here-{number}", now if number == 0 else now - timedelta(hours=1))
        for number in range(2):
            seen = now if number == 0 else now - timedelta(hours=1)
            device(conn, f"there-{number}", seen, source="fire", area=THERE)
    found = views.get("/sources")
    assert found["blind"] == [{"area": HERE, "known": 4, "heard": 1}]
    assert views.get("/sources", area=THERE)["blind"] == []
    camera = row_of(found, "camera")
    assert (camera["known"], camera["heard"]) == (4, 1)


def test_devices_are_paged_by_name_whatever_their_names_are(
    views: Views, database: Database
) -> None:
    now = clock.now()
    names = ["a", "b|c", 'd"é', "x" * 256, "z"]
    with database.transaction() as conn:
        for number, name in enumerate(names):
            seen = now - timedelta(hours=1) if number % 2 else now
            device(conn, name, seen, area=THERE if name == "z" else HERE, lat=21.5, lon=105.8)
        device(conn, "panel", now, source="fire")
    seen_names: list[str] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = views.get("/sources/camera/devices", limit=2, **more)
        seen_names += [each["device"] for each in page["devices"]]
        if (cursor := page["next"]) is None:
            break
    assert seen_names == sorted(names)

    def listed(**params: str) -> list[str]:
        page = views.get("/sources/camera/devices", **params)
        return [each["device"] for each in page["devices"]]

    assert listed(state="silent") == ["b|c", "x" * 256]
    assert listed(state="heard", area=THERE) == ["z"]
    (one,) = views.get("/sources/camera/devices", area=THERE)["devices"]
    assert (one["silent"], one["lat"], one["ahead_s"]) == (False, 21.5, None)


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/sources/nobody/devices", {}, 404, "not_found"),
        ("/sources/camera/devices", {"cursor": "x"}, 400, "cursor"),
        ("/sources/camera/devices", {"cursor": "WyJhXHUwMDAwIl0"}, 400, "cursor"),
        ("/sources/camera/devices", {"state": "broken"}, 400, "invalid"),
        ("/sources/camera/devices", {"area": "00000"}, 400, "area"),
        ("/sources", {"area": "00000"}, 400, "area"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    views: Views, path: str, params: dict[str, str], status: int, code: str
) -> None:
    answer = views.client.get(f"/api/v1{path}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
