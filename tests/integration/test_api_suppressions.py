"""What hides alarms, over HTTP: made, ended, and the ledger of what is hidden now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from connectors.timescale import alarms, keys
from connectors.timescale.database import Database
from ioc import clock
from ioc.alarm import shelve
from ioc.rule import RuleSet
from tests.api_server import running_api
from tests.integration.suppressed import RULES, UNDAMPED, House

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Site:
    """The API without authentication, and the house behind it."""

    client: httpx.Client
    house: House

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: dict[str, Any], status: int) -> Any:
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def silence(self, expected: int = 201, **changes: Any) -> Any:
        body = {"kind": "silence", "matcher": {"areas": ["05443"]}, "reason": "Thi công"}
        if "begins" in changes:
            changes["from"] = changes.pop("begins")
        return self.post("/suppressions", {**body, "minutes": 30, "by": "An", **changes}, expected)


@pytest.fixture
def site(database_url: str, database: Database, tmp_path: Path) -> Iterator[Site]:
    with running_api(database_url, "127.0.0.1:1", tmp_path) as client:
        yield Site(client, House(database, RuleSet(RULES.rules, philosophy=UNDAMPED)))


def test_a_silence_that_was_made_hides_and_who_ends_it_lets_ring(site: Site) -> None:
    camera = site.house.raised("camera", "c-1", clock.now())
    made = site.silence()
    assert made["state"] == "live"
    assert made["matcher"] == {"areas": ["05443"]}
    assert made["ended_at"] is None
    site.house.run(clock.now())
    found = site.get(f"/alarms/{camera}")
    assert found["state"] == "suppressed"
    assert found["hidden_by"][0]["id"] == made["id"]

    ended = site.post(f"/suppressions/{made['id']}/end", {"by": "Bình", "comment": "xong"}, 200)
    assert (ended["state"], ended["ended_by"]) == ("ended", "Bình")
    site.house.run(clock.now())
    assert site.get(f"/alarms/{camera}")["state"] == "unacknowledged"
    again = site.post(f"/suppressions/{made['id']}/end", {}, 409)
    assert again["code"] == "ended"

    one = site.get(f"/suppressions/{made['id']}")
    steps = [(line["type"], line["by"], line["alarms"]) for line in one["log"]]
    assert steps == [
        ("made", "An", None),
        ("begun", None, 1),
        ("ended", "Bình", None),
        ("over", None, 1),
    ]


def test_the_ledger_says_what_is_hidden_why_by_whom_and_until_when(site: Site) -> None:
    now = clock.now()
    until = now + HOUR
    shelved = site.house.raised("camera", "c-1", now)
    alarms.move(
        site.house.db, shelved, lambda found: shelve(found, until, "Lan", now, "lỗi ống kính")
    )
    made = site.silence(matcher={"rules": ["lamp"]})
    now = clock.now()
    lamp = site.house.raised("lamp", "l-1", now)
    over = site.house.raised("lamp", "l-2", now)
    site.house.cleared("lamp", "l-2", now)
    site.house.raised("power", "p-1", now)
    found = site.get("/suppressions/hidden")
    assert found["counts"] == {
        "shelved": 1,
        "silence": 2,
        "maintenance": 0,
        "inhibition": 0,
        "plant_state": 0,
        "out_of_service": 0,
        "folded": 0,
    }
    assert found["would_ring"] == 2
    by_id = {each["alarm"]["id"]: each for each in found["hidden"]}
    assert set(by_id) == {str(shelved), str(lamp), str(over)}
    assert by_id[str(shelved)]["reason"] == "shelved"
    assert by_id[str(shelved)]["by"] == "Lan"
    assert datetime.fromisoformat(by_id[str(shelved)]["until"]) == until
    one = by_id[str(lamp)]
    assert (one["reason"], one["why"], one["by"]) == ("silence", "Thi công", "An")
    assert datetime.fromisoformat(one["until"]) == datetime.fromisoformat(made["until"])
    assert datetime.fromisoformat(one["since"]) == now
    assert one["would_ring"] is True
    assert by_id[str(over)]["would_ring"] is False
    elsewhere = site.get("/suppressions/hidden", area="02143")
    assert (elsewhere["hidden"], elsewhere["would_ring"]) == ([], 0)


def test_in_a_flood_the_ledger_counts_exactly_what_is_folded_and_groups_say_the_same(
    site: Site,
) -> None:
    now = clock.now()
    site.house.raised_together("camera", [f"c-{n:02}" for n in range(25)], now, "05443")
    site.house.raised("lamp", "l-1", now, area="02143")
    found = site.get("/suppressions/hidden")
    assert found["counts"]["folded"] == 15
    assert {each["reason"] for each in found["hidden"]} == {"folded"}
    groups = site.get("/alarms/groups")["groups"]
    assert [(each["rule"], each["area"], each["n"], each["folded"]) for each in groups] == [
        ("camera", "05443", 25, 15),
        ("lamp", "02143", 1, 0),
    ]
    listed = site.get("/alarms", limit=100)["alarms"]
    assert sum(alarm["folded"] for alarm in listed) == 15
    first = min((alarm for alarm in listed if alarm["rule"] == "camera"), key=_first)
    assert groups[0]["first_out"] == first["id"]
    assert site.get("/alarms/groups", area="02143")["groups"][0]["rule"] == "lamp"
    assert site.get("/alarms/groups", source="camera")["groups"] == []


def _first(alarm: dict[str, Any]) -> tuple[str, str]:
    return alarm["raised_at"], alarm["id"]


def test_pages_of_the_ledger_and_of_what_is_hidden_follow_each_other(site: Site) -> None:
    made = [site.silence(reason=f"r {n}")["id"] for n in range(5)]
    for n in range(5):
        site.house.raised("camera", f"c-{n}", clock.now())
    first = site.get("/suppressions", limit=3)
    rest = site.get("/suppressions", limit=3, cursor=first["next"])
    assert rest["next"] is None
    ids = [each["id"] for each in first["suppressions"] + rest["suppressions"]]
    assert ids == made[::-1]
    first = site.get("/suppressions/hidden", limit=3)
    rest = site.get("/suppressions/hidden", limit=3, cursor=first["next"])
    hidden = [each["alarm"]["key"] for each in first["hidden"] + rest["hidden"]]
    assert sorted(hidden) == [f"c-{n}" for n in range(5)]
    assert rest["counts"]["silence"] == 5
    refused = site.client.get("/api/v1/suppressions/hidden?cursor=x")
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor")


def test_the_list_is_of_one_kind_or_state(site: Site) -> None:
    live = site.silence()["id"]
    over = site.silence()["id"]
    site.post(f"/suppressions/{over}/end", {}, 200)
    work = site.silence(kind="maintenance")["id"]

    def ids(**params: str) -> set[str]:
        return {each["id"] for each in site.get("/suppressions", **params)["suppressions"]}

    assert ids(state="live") == {live, work}
    assert ids(state="ended") == {over}
    assert ids(kind="maintenance") == {work}


#: Without an end; and one that comes again.
OUT = {"kind": "out_of_service", "minutes": None}
DAILY = {
    "kind": "maintenance",
    "minutes": None,
    "recurrence": "FREQ=DAILY",
    "duration_minutes": 30,
}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"matcher": {}}, 400, "matcher"),
        ({"matcher": {"severities": ["critical", "high", "medium", "low"]}}, 400, "matcher"),
        ({"matcher": {"areas": ["00000"]}}, 400, "matcher"),
        ({"matcher": {"severities": ["worst"]}}, 400, "matcher"),
        ({"matcher": {"area": ["05443"]}}, 400, "invalid"),
        ({"reason": ""}, 400, "invalid"),
        ({"kind": "inhibition"}, 400, "invalid"),
        ({"minutes": None}, 400, "time"),
        ({"until": "2020-01-01T00:00:00Z", "minutes": None}, 400, "time"),
        ({"until": "2126-01-01T00:00:00Z"}, 400, "time"),
        ({"from": "2126-01-01T00:00:00Z"}, 400, "time"),
        ({"minutes": 481}, 409, "time"),
        ({"minutes": 61, "matcher": {"severities": ["critical"]}}, 409, "time"),
        ({"recurrence": "FREQ=DAILY"}, 400, "recurrence"),
        ({"kind": "maintenance", "recurrence": "FREQ=DAILY"}, 400, "recurrence"),
        ({"kind": "plant_state", "name": "drill"}, 400, "name"),
        ({**OUT, "until": "9999-12-31T23:59:59-12:00"}, 400, "invalid"),
        ({**OUT, "review_at": "9999-12-31T23:59:59-12:00"}, 400, "invalid"),
        ({**DAILY, "from": "0001-01-01T00:00:00Z"}, 400, "invalid"),
    ],
)
def test_what_cannot_be_hidden_is_refused(
    site: Site, changes: dict[str, Any], status: int, code: str
) -> None:
    refused = site.silence(status, **changes)
    assert refused["code"] == code
    if status == 409:
        assert refused["limit_s"] in {3600, 8 * 3600}
    assert site.get("/suppressions")["suppressions"] == []


def test_a_silence_of_low_alarms_may_be_long(site: Site) -> None:
    site.silence(minutes=6 * 24 * 60, matcher={"severities": ["low"], "areas": ["05443"]})


def test_a_window_that_comes_again_says_its_present_turn(site: Site) -> None:
    start = clock.now() + HOUR
    made = site.silence(
        kind="maintenance",
        minutes=None,
        recurrence="FREQ=DAILY;COUNT=3",
        duration_minutes=90,
        begins=start.isoformat(),
    )
    assert made["state"] == "planned"
    assert made["recurrence"] == "FREQ=DAILY;COUNT=3"
    assert made["duration_minutes"] == 90
    begin, end = (datetime.fromisoformat(made[key]) for key in ("from", "until"))
    assert begin == start.replace(microsecond=0)
    assert end - begin == timedelta(minutes=90)
    camera = site.house.raised("camera", "c-1", start)
    site.house.run(start + timedelta(minutes=1))
    assert site.get(f"/alarms/{camera}")["state"] == "suppressed"


def test_a_state_of_plant_hides_where_it_is_switched_on_and_not_longer_than_it_may(
    site: Site,
) -> None:
    body = {"id": "drill", "title": "Diễn tập", "longest": "4h"}
    hides = {"rules": ["fire", "lamp"], "severities": ["critical", "low"]}
    with site.house.db.transaction() as conn:
        conn.execute(
            "INSERT INTO rule_versions (noun, id, version, body, by, at, why, origin, revision)"
            " VALUES ('plant_state', 'drill', 1, %s, 'test', now(), 'test', 'file', 1)",
            [orjson.dumps({**body, "hides": hides}).decode()],
        )
    refused = site.silence(409, kind="plant_state", name="drill", minutes=241)
    assert (refused["code"], refused["limit_s"]) == ("time", 4 * 3600)
    strange = site.silence(400, kind="plant_state", name="drill", matcher={"rules": ["camera"]})
    assert strange["code"] == "matcher"
    made = site.silence(kind="plant_state", name="drill", minutes=240)
    assert made["matcher"] == {"areas": ["05443"], **hides}
    now = clock.now()
    fire = site.house.raised("fire", "f-1", now)
    elsewhere = site.house.raised("fire", "f-2", now, area="02143")
    camera = site.house.raised("camera", "c-1", now)
    assert site.get(f"/alarms/{fire}")["state"] == "suppressed"
    assert site.get(f"/alarms/{elsewhere}")["state"] == "unacknowledged"
    assert site.get(f"/alarms/{camera}")["state"] == "unacknowledged"
    assert site.get("/suppressions/hidden")["counts"]["plant_state"] == 1


def test_what_is_not_there_is_not_found(site: Site) -> None:
    for method, path in (
        ("GET", f"/suppressions/{uuid4()}"),
        ("POST", f"/suppressions/{uuid4()}/end"),
    ):
        answer = site.client.request(method, f"/api/v1{path}", json={})
        assert answer.status_code == 404, answer.text


def test_a_key_of_one_area_hides_there_and_nowhere_else(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as conn:
        _, everywhere = keys.create(conn, "center", "operator", None, clock.now())
        _, here = keys.create(conn, "commune", "operator", "05443", clock.now())
    with running_api(database_url, "127.0.0.1:1", tmp_path, auth=True) as client:

        def post(key: str, areas: list[str] | None) -> httpx.Response:
            matcher = {"rules": ["camera"], **({"areas": areas} if areas else {})}
            body = {"kind": "silence", "matcher": matcher, "reason": "x", "minutes": 5, "by": "?"}
            headers = {"X-API-Key": key}
            return client.post("/api/v1/suppressions", json=body, headers=headers)

        assert post(here, None).json()["code"] == "other_area"
        assert post(here, ["05443", "02143"]).status_code == 403
        mine = post(here, ["05443"])
        assert mine.status_code == 201
        assert mine.json()["by"] == "commune", "a key says who it is"
        all_ = post(everywhere, None).json()["id"]
        theirs = post(everywhere, ["02143"]).json()["id"]
        headers = {"X-API-Key": here}
        seen = client.get("/api/v1/suppressions", headers=headers).json()["suppressions"]
        assert {each["id"] for each in seen} == {mine.json()["id"], all_}
        for other, status in ((all_, 200), (theirs, 403)):
            answer = client.get(f"/api/v1/suppressions/{other}", headers=headers)
            assert answer.status_code == status
            answer = client.post(f"/api/v1/suppressions/{other}/end", json={}, headers=headers)
            assert answer.status_code == 403
