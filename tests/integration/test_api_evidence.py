"""What speaks for an alarm, and the pictures of it, on a real API over a real database."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg.types.json import Jsonb

from connectors.outbound.picture import media_hosts
from connectors.timescale import evidence as stored
from connectors.timescale import keys
from connectors.timescale.database import Database
from ioc import clock
from ioc.errors import ConfigError
from ioc.incident import EAST_M, NORTH_M
from ioc.severity import Severity
from tests.api_server import running_api
from tests.recorder import PNG, running_recorder
from tests.views_server import raise_alarms

NOWHERE = "127.0.0.1:1"
HERE, THERE = "05443", "05455"
LAT, LON = 21.59, 105.84
MINUTE = timedelta(minutes=1)


class Site:
    """Devices, events and reports around a point, in metres north and east of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = clock.now()

    def device(
        self, source: str, name: str, *, north: float = 0, east: float = 0, **changes: Any
    ) -> None:
        row = {"area": HERE, "quiet": timedelta(), **changes}
        with self.database.transaction() as conn:
            conn.execute(
                "INSERT INTO devices (source, device, area, lat, lon, first_seen, last_seen)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [source, name, row["area"], *point(north, east), self.now, self.now - row["quiet"]],
            )

    def event(
        self,
        source: str,
        ref: str,
        *,
        at: datetime | None = None,
        north: float = 0,
        kind: str = "smoke",
        **data: Any,
    ) -> UUID:
        event_id = uuid4()
        device = None if source == "citizen" else ref
        lat, lon = point(north, 0)
        with self.database.transaction() as conn:
            conn.execute(
                """INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, area,
                       device, ref, kind, lat, lon, partition, "offset", data)
                   VALUES (%s, %s, %s, %s, 'ioc.test', '/s', %s, %s, %s, %s, %s, %s, %s, 0, 0,
                       %s)""",
                [
                    *(at or self.now, event_id, self.now, source, str(event_id), HERE),
                    *(device, ref, kind, lat, lon, Jsonb(data)),
                ],
            )
        return event_id

    def report(self, name: str, *, north: float, at: datetime | None = None) -> None:
        reporter = {"name": "Nguyễn Văn An", "phone": "0912345678"}
        newest = self.event("citizen", name, at=at, north=north, kind="fire", reporter=reporter)
        with self.database.transaction() as conn:
            conn.execute(
                """INSERT INTO reports (report, area, category, status, status_at, opened_at,
                       emergency, event_id) VALUES (%s, %s, 'fire', 'open', %s, %s, true, %s)""",
                [name, HERE, at or self.now, at or self.now, newest],
            )

    def alarm(self, **fields: Any) -> UUID:
        (found,) = raise_alarms(self.database, **{"lat": LAT, "lon": LON, "area": HERE, **fields})
        return found

    def key(self, role: str, area: str | None = None) -> dict[str, str]:
        with self.database.transaction() as conn:
            _, token = keys.create(conn, f"{role} {area}", role, area, self.now)
        return {"X-API-Key": token}

    def looks(self) -> list[str]:
        with self.database.reading() as conn:
            return [row["what"] for row in conn.execute("SELECT what FROM looks ORDER BY id")]


def point(north: float, east: float) -> tuple[float, float]:
    return LAT + north / NORTH_M, LON + east / EAST_M


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(database_url, NOWHERE, tmp_path) as client:
        yield client


@pytest.fixture(scope="module")
def recorder() -> Iterator[str]:
    with running_recorder() as url:
        yield url


def evidence(api: httpx.Client, alarm: UUID, **params: Any) -> Any:
    answer = api.get(f"/api/v1/alarms/{alarm}/evidence", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


# Evidence ---------------------------------------------------------------------------------------


def test_what_stands_near_comes_nearest_first_and_no_further_than_asked(
    api: httpx.Client, site: Site
) -> None:
    site.device("camera", "cam-far", north=450)
    site.device("fire", "panel-near", east=80)
    site.device("camera", "cam-corner", north=360, east=360)  # 509 m, though in the box
    site.device("camera", "cam-away", north=700)
    alarm = site.alarm()
    found = evidence(api, alarm)["devices"]
    assert [(each["device"], each["distance_m"]) for each in found] == [
        ("panel-near", 80.0),
        ("cam-far", 450.0),
    ]
    wider = evidence(api, alarm, radius_m=600)["devices"]
    assert [each["device"] for each in wider] == ["panel-near", "cam-far", "cam-corner"]
    assert math.isclose(wider[2]["distance_m"], 509.1, abs_tol=0.2)


def test_an_alarm_is_as_reliable_as_its_source_is_heard_there(
    api: httpx.Client, site: Site
) -> None:
    alarm = site.alarm(source="camera", device="cam-1")
    assert evidence(api, alarm)["reliability"] == {
        "state": "none",
        "heard": 0,
        "known": 0,
        "silent": [],
    }
    site.device("camera", "cam-1", north=10)
    site.device("fire", "panel", north=5, quiet=timedelta(hours=2))  # another source says nothing
    assert evidence(api, alarm)["reliability"]["state"] == "full"
    site.device("camera", "cam-2", north=20, quiet=timedelta(minutes=11))
    found = evidence(api, alarm)
    assert found["reliability"] == {
        "state": "partial",
        "heard": 1,
        "known": 2,
        "silent": ["cam-2"],
    }
    assert {each["device"] for each in found["devices"] if each["silent"]} == {"panel", "cam-2"}


def test_a_device_near_carries_its_most_urgent_open_alarm(api: httpx.Client, site: Site) -> None:
    site.device("fire", "panel-9", north=30)
    site.alarm(device="panel-9", severity=Severity.LOW)
    worst = site.alarm(device="panel-9", severity=Severity.HIGH)
    site.alarm(device="panel-9", source="camera")  # the same name elsewhere is another device
    (device,) = evidence(api, site.alarm())["devices"]
    assert device["alarm"] == {"id": str(worst), "severity": "high", "state": "unacknowledged"}


def test_what_devices_said_then_is_shown_and_nothing_of_before(
    api: httpx.Client, site: Site
) -> None:
    site.device("fire", "panel-1", north=90)
    site.device("camera", "cam-1", north=10)
    alarm = site.alarm(event_time=site.now)
    site.event("fire", "panel-1", at=site.now - 9 * MINUTE, state="normal")
    site.event("camera", "cam-1", at=site.now - 11 * MINUTE, kind="person")
    site.event("camera", "cam-1", at=site.now - 2 * MINUTE)
    site.event("camera", "cam-1", at=site.now - 1 * MINUTE)
    site.event("citizen", "cam-1", at=site.now)  # a report may be called as a device is
    found = evidence(api, alarm)["events"]
    assert [(each["device"], each["kind"], each["state"]) for each in found] == [
        ("cam-1", "smoke", None),
        ("cam-1", "smoke", None),
        ("panel-1", "smoke", "normal"),
    ]
    assert found[0]["time"] > found[1]["time"]
    assert {each["picture"] for each in found} == {None}
    assert len(evidence(api, alarm, minutes=1)["events"]) == 1


@pytest.mark.parametrize("slow", ["device", "devices", "alarms", "events", "reports"])
def test_what_cannot_be_found_in_time_is_too_broad(
    api: httpx.Client, site: Site, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    site.device("camera", "cam-1")
    alarm = site.alarm(event_time=site.now)
    monkeypatch.setattr(stored, "SQL", {**stored.SQL, slow: "SELECT pg_sleep(5)"})
    monkeypatch.setattr(stored, "READ_TIMEOUT_MS", 50)
    answer = api.get(f"/api/v1/alarms/{alarm}/evidence")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_broad")


def test_at_most_five_events_of_a_device_are_shown(api: httpx.Client, site: Site) -> None:
    site.device("camera", "cam-1")
    alarm = site.alarm(event_time=site.now)
    for second in range(8):
        site.event("camera", "cam-1", at=site.now - timedelta(seconds=second))
    times = [each["time"] for each in evidence(api, alarm)["events"]]
    assert len(times) == 5
    assert times == sorted(times, reverse=True)


def test_reports_near_are_shown_without_who_reported(api: httpx.Client, site: Site) -> None:
    alarm = site.alarm(event_time=site.now)
    site.report("PA-2", north=120, at=site.now - MINUTE)
    site.report("PA-1", north=40, at=site.now + MINUTE)
    site.report("PA-3", north=900)
    site.report("PA-4", north=40, at=site.now - 20 * MINUTE)
    answer = api.get(f"/api/v1/alarms/{alarm}/evidence")
    found = answer.json()["reports"]
    assert [(each["report"], each["distance_m"]) for each in found] == [
        ("PA-1", 40.0),
        ("PA-2", 120.0),
    ]
    assert "0912345678" not in answer.text
    assert "An" not in answer.text.split('"reports"')[1]
    assert site.looks() == []


def test_an_alarm_without_a_place_goes_by_its_device(api: httpx.Client, site: Site) -> None:
    alarm = site.alarm(lat=None, lon=None, device="panel-1")
    assert evidence(api, alarm)["devices"] == []
    site.device("fire", "panel-1", north=10)
    site.device("camera", "cam-1", north=30)
    found = evidence(api, alarm)["devices"]
    assert [(each["device"], each["distance_m"]) for each in found] == [
        ("panel-1", 0.0),
        ("cam-1", 20.0),
    ]


def test_the_cause_is_the_rule_as_it_was(api: httpx.Client, site: Site) -> None:
    alarm = site.alarm(rule="smoke-cluster", facts={"n": 3}, rule_version=7)
    found = evidence(api, alarm)
    assert found["cause"] == {"rule": "smoke-cluster", "version": 7, "facts": {"n": 3}}
    assert found["escalation"] is None


def test_bad_questions_are_told_what_is_wrong(api: httpx.Client, site: Site) -> None:
    alarm = site.alarm()
    path = f"/api/v1/alarms/{alarm}/evidence"
    for params in ({"radius_m": "nan"}, {"radius_m": 0}, {"radius_m": 6000}, {"minutes": 0}):
        assert api.get(path, params=params).status_code == 400, params
    assert api.get(f"/api/v1/alarms/{uuid4()}/evidence").status_code == 404


def test_a_key_of_an_area_sees_its_own_area_only(
    database_url: str, tmp_path: Path, site: Site
) -> None:
    site.device("fire", "mine", north=10)
    site.device("fire", "theirs", north=20, area=THERE)
    alarm, other = site.alarm(), site.alarm(area=THERE)
    headers = site.key("viewer", HERE)
    with running_api(database_url, NOWHERE, tmp_path, auth=True) as api:
        assert api.get(f"/api/v1/alarms/{alarm}/evidence").status_code == 401
        seen = api.get(f"/api/v1/alarms/{alarm}/evidence", headers=headers)
        assert [each["device"] for each in seen.json()["devices"]] == ["mine"]
        refused = api.get(f"/api/v1/alarms/{other}/evidence", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "other_area")


# Pictures ---------------------------------------------------------------------------------------


@contextmanager
def api_with_pictures(
    database_url: str, folder: Path, *hosts: str, **more: Any
) -> Iterator[httpx.Client]:
    with running_api(database_url, NOWHERE, folder, media_hosts=hosts, **more) as client:
        yield client


def test_a_picture_is_fetched_shown_and_logged(
    database_url: str, tmp_path: Path, site: Site, recorder: str
) -> None:
    site.device("camera", "cam-1")
    event = site.event("camera", "cam-1", snapshot_url=f"{recorder}/good.png")
    alarm = site.alarm(event_time=site.now)
    with api_with_pictures(database_url, tmp_path, "127.0.0.0/30") as api:
        (said,) = evidence(api, alarm)["events"]
        assert said["picture"].startswith(f"/api/v1/pictures/{event}?time=")
        answer = api.get(said["picture"])
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == "no-store"
    assert site.looks() == [f"picture of event {event}"]


def test_pictures_are_off_until_a_site_names_hosts(
    api: httpx.Client, site: Site, recorder: str
) -> None:
    site.device("camera", "cam-1")
    event = site.event("camera", "cam-1", snapshot_url=f"{recorder}/good.png")
    (said,) = evidence(api, site.alarm(event_time=site.now))["events"]
    assert said["picture"] is None
    refused = api.get(f"/api/v1/pictures/{event}", params={"time": site.now.isoformat()})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_picture")
    assert site.looks() == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lies.png", "no JPEG and no PNG"),
        ("large.png", "larger than 2 MiB"),
        ("elsewhere.png", "answers 302"),
        ("gone.png", "answers 404"),
    ],
)
def test_what_is_no_picture_is_not_passed_on(
    database_url: str, tmp_path: Path, site: Site, recorder: str, name: str, why: str
) -> None:
    event = site.event("camera", "cam-1", snapshot_url=f"{recorder}/{name}")
    with api_with_pictures(database_url, tmp_path, "127.0.0.1") as api:
        refused = api.get(f"/api/v1/pictures/{event}", params={"time": site.now.isoformat()})
    assert (refused.status_code, refused.json()["code"]) == (502, "picture")
    assert why in refused.json()["detail"]
    assert recorder not in refused.text
    assert site.looks() == []


def test_no_picture_comes_from_a_host_that_is_not_named_or_leads_inside(
    database_url: str, tmp_path: Path, site: Site, recorder: str
) -> None:
    port = recorder.rpartition(":")[2]
    elsewhere = site.event("camera", "cam-1", snapshot_url=f"{recorder}/good.png")
    # Its name is listed, but it leads to a private address that is not.
    inside = site.event("camera", "cam-2", snapshot_url=f"http://localhost:{port}/good.png")
    with api_with_pictures(database_url, tmp_path, "10.1.2.0/24", "localhost") as api:
        params = {"time": site.now.isoformat()}
        refused = api.get(f"/api/v1/pictures/{elsewhere}", params=params)
        assert (refused.status_code, refused.json()["code"]) == (404, "no_picture")
        refused = api.get(f"/api/v1/pictures/{inside}", params=params)
        assert (refused.status_code, refused.json()["code"]) == (502, "picture")
        assert "not named by IOC_MEDIA_HOSTS" in refused.json()["detail"]
        assert api.get(f"/api/v1/pictures/{uuid4()}", params=params).status_code == 404
        assert api.get(f"/api/v1/pictures/{inside}").status_code == 400


def test_viewers_see_pictures_only_where_walls_may(
    database_url: str, tmp_path: Path, site: Site, recorder: str
) -> None:
    site.device("camera", "cam-1")
    site.event("camera", "cam-1", snapshot_url=f"{recorder}/good.png")
    alarm = site.alarm(event_time=site.now)
    viewer, operator = site.key("viewer"), site.key("operator")
    path = f"/api/v1/alarms/{alarm}/evidence"
    with api_with_pictures(database_url, tmp_path, "127.0.0.1", auth=True) as api:
        shown = api.get(path, headers=operator).json()["events"][0]["picture"]
        assert api.get(shown, headers=operator).status_code == 200
        assert api.get(path, headers=viewer).json()["events"][0]["picture"] is None
        assert api.get(shown, headers=viewer).status_code == 403
        elsewhere = site.key("operator", THERE)
        assert api.get(shown, headers=elsewhere).json()["code"] == "other_area"
    with api_with_pictures(database_url, tmp_path, "127.0.0.1", auth=True, wall_media=True) as api:
        assert api.get(path, headers=viewer).json()["events"][0]["picture"] == shown
        assert api.get(shown, headers=viewer).status_code == 200


def test_a_host_that_cannot_be_one_is_refused() -> None:
    for wrong in ("http://nvr.local", "nvr.local:80", "", "a b"):
        with pytest.raises(ConfigError, match="IOC_MEDIA_HOSTS"):
            media_hosts((wrong,))
