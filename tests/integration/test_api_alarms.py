"""Alarms over HTTP: lists, searching, pages, and the moves of operators."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from connectors.timescale import keys, suppressions
from connectors.timescale.alarms import apply, lock, move
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc import clock
from ioc.alarm import Alarm, ClosingCode, State, Step, Transition
from ioc.rule import Clear, Raise, Rule, shipped
from ioc.severity import Severity
from tests.api_server import running_api
from tests.views_server import Views, an_alarm, raise_alarms, running_views

RULE = shipped().by_id["fire-alarm"]


@dataclass(frozen=True)
class Reading:
    """A fire reading, as a rule sees it."""

    time: datetime
    ce_id: str = "e-1"
    ce_source: str = "/sia/1"
    source: str = "fire"
    type: str = "ioc.fire.reading"
    kind: str = "smoke"
    area: str | None = "05443"
    device: str | None = "panel-1"
    severity: str | None = None
    received_at: datetime = datetime(2026, 11, 22, tzinfo=UTC)
    data: dict[str, object] = field(default_factory=dict)


READING = Reading(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def titles(found: dict[str, Any]) -> list[str]:
    return [alarm["title"] for alarm in found["alarms"]]


def test_open_alarms_come_most_urgent_first_then_newest(views: Views, database: Database) -> None:
    raise_alarms(database, severity=Severity.LOW, title="low")
    raise_alarms(database, severity=Severity.CRITICAL, title="older")
    raise_alarms(database, severity=Severity.CRITICAL, title="newer")
    (closed,) = raise_alarms(database, severity=Severity.CRITICAL, title="over")
    move(database, closed, lambda a: life.close(a, ClosingCode.TEST, "a", clock.now()))
    assert titles(views.get("/alarms")) == ["newer", "older", "low"]
    assert titles(views.get("/alarms", state="normal")) == ["over"]
    assert titles(views.get("/alarms", state="normal,unacknowledged")) == [
        "over",
        "newer",
        "older",
        "low",
    ]


def test_an_alarm_is_the_whole_object_of_the_contract(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database, lat=21.5, lon=105.8)
    found = views.get(f"/alarms/{raised}")
    assert found == views.get("/alarms")["alarms"][0]
    assert set(found) >= {
        *("id", "rule", "key", "source", "severity", "priority", "state", "active", "area"),
        *("area_name", "device", "title", "title_en", "guidance", "raised_at", "changed_at"),
        *("returned_at", "acknowledged_at", "acknowledged_by", "assignee", "shelved_until"),
        *("closed_at", "closing_code", "lat", "lon", "event", "count", "version"),
    }
    assert found["area_name"] == "Phường Phan Đình Phùng"
    assert found["raised_at"].endswith("Z")
    assert set(found["event"]) == {"ce_source", "id", "time"}


def test_filters_narrow_the_list(views: Views, database: Database) -> None:
    raise_alarms(database, title="a")
    raise_alarms(database, title="b", severity=Severity.HIGH, area="05455")
    (last,) = raise_alarms(
        database, title="c", severity=Severity.LOW, area="05455", source="camera", rule="x"
    )
    move(database, last, lambda a: life.acknowledge(a, "a", clock.now()))
    for params, expected in (
        ({"severity": "high"}, {"b"}),
        ({"severity": "high, critical"}, {"a", "b"}),
        ({"area": "05455"}, {"b", "c"}),
        ({"area": "19"}, {"a", "b", "c"}),
        ({"source": "camera"}, {"c"}),
        ({"rule": "fire-alarm,sos"}, {"a", "b"}),
        ({"state": "acknowledged"}, {"c"}),
        ({"state": "shelved"}, set()),
        ({"severity": "low", "source": "fire"}, set()),
    ):
        assert set(titles(views.get("/alarms", **params))) == expected, params


def test_a_search_needs_no_accents(views: Views, database: Database) -> None:
    raise_alarms(database, title="Khói ở chợ Đồng Quang", title_en="Smoke", device=None)
    raise_alarms(database, title="Báo cháy", title_en="Fire", device="PANEL-1234/zone-7")
    raise_alarms(database, title="Ngập", title_en="Flood", device="w1", area="05569")
    for q, expected in (
        ("khoi", {"Khói ở chợ Đồng Quang"}),
        ("KHÓI", {"Khói ở chợ Đồng Quang"}),
        ("dong qua", {"Khói ở chợ Đồng Quang"}),
        ("đồng", {"Khói ở chợ Đồng Quang"}),
        ("zone-7", {"Báo cháy"}),
        ("panel-12", {"Báo cháy"}),
        ("dinh hoa", {"Ngập"}),  # the commune's name
        ("Định Hóa", {"Ngập"}),
        ("hoi", set()),
        ("' | !", set()),
        ("khoi & !cho | (", {"Khói ở chợ Đồng Quang"}),
    ):
        for state in ("", "normal,unacknowledged"):
            assert set(titles(views.get("/alarms", q=q, state=state))) == expected, q


def test_pages_show_every_alarm_once(views: Views, database: Database) -> None:
    same = clock.now()
    for severity in Severity:
        raise_alarms(database, 3, severity=severity)
        raise_alarms(database, 4, severity=severity, raised_at=same)
    for state in ("", "normal,unacknowledged"):
        whole = [alarm["id"] for alarm in views.get("/alarms", state=state, limit=1000)["alarms"]]
        assert len(set(whole)) == 28
        seen: list[str] = []
        further: dict[str, str] = {}
        while further or not seen:
            page = views.get("/alarms", state=state, limit=5, **further)
            seen += [alarm["id"] for alarm in page["alarms"]]
            further = {"cursor": page["next"]} if page["next"] else {}
        assert seen == whole


def test_a_wrong_filter_is_a_problem_with_a_code(views: Views) -> None:
    for params in (
        {"state": "open"},
        {"severity": "fatal"},
        {"area": "99999"},
        {"cursor": "xyz"},
        {"cursor": "OXwyMDI2LTAxLTAxfHg"},
        {"limit": "1001"},
        {"source": "a\0b"},
        {"q": "x" * 101},
    ):
        answer = views.client.get("/api/v1/alarms", params=params)
        assert answer.status_code == 400, params
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]


def test_an_unknown_alarm_is_not_found(views: Views) -> None:
    for path in (f"/alarms/{uuid4()}", f"/alarms/{uuid4()}/log"):
        assert views.client.get(f"/api/v1{path}").status_code == 404
    views.post(f"/alarms/{uuid4()}/acknowledge", {}, status=404)
    assert views.client.get("/api/v1/alarms/none").status_code == 400


# Moves ------------------------------------------------------------------------------------------


def test_the_life_of_an_alarm_is_told_with_who_and_why(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database)
    path = f"/alarms/{raised}"
    assert views.post(f"{path}/acknowledge", {"by": "Hoa"})["acknowledged_by"] == "Hoa"
    assert views.post(f"{path}/unacknowledge", {})["state"] == "unacknowledged"
    assert views.post(f"{path}/assign", {"assignee": "Đội 3"})["assignee"] == "Đội 3"
    assert views.post(f"{path}/assign", {"assignee": None})["assignee"] is None
    views.post(f"{path}/comment", {"by": "Hoa", "comment": "đang xem"})
    shelved = views.post(f"{path}/shelve", {"minutes": 30, "comment": "thử còi"})
    assert shelved["state"] == "shelved"
    until = datetime.fromisoformat(shelved["shelved_until"])
    assert timedelta(minutes=29) < until - clock.now() <= timedelta(minutes=30)
    assert views.post(f"{path}/unshelve", {})["state"] == "acknowledged"
    closed = views.post(f"{path}/close", {"by": "Hoa", "code": "false", "comment": "hơi nước"})
    assert (closed["state"], closed["closing_code"]) == ("normal", "false")
    log = views.get(f"{path}/log")["log"]
    assert [step["type"] for step in log] == [
        *("raised", "acknowledged", "unacknowledged", "assigned", "assigned"),
        *("commented", "shelved", "unshelved", "closed"),
    ]
    assert (log[-1]["by"], log[-1]["comment"]) == ("Hoa", "hơi nước")
    assert (log[1]["from_state"], log[1]["to_state"]) == ("unacknowledged", "acknowledged")
    assert log[2]["by"] == "local"
    first = views.get(f"{path}/log", limit=4)
    rest = views.get(f"{path}/log", cursor=first["next"])
    assert first["log"] + rest["log"] == log


def test_a_move_without_a_body_is_one_without_a_comment(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database)
    answer = views.client.post(f"/api/v1/alarms/{raised}/acknowledge")
    assert answer.json()["state"] == "acknowledged"


def test_a_move_that_is_not_allowed_answers_with_the_alarm_as_it_is(
    views: Views, database: Database
) -> None:
    (raised,) = raise_alarms(database)
    views.post(f"/alarms/{raised}/acknowledge", {"by": "first"})
    answer = views.post(f"/alarms/{raised}/acknowledge", {"by": "second"}, status=409)
    assert answer["code"] == "already"
    assert "first" in answer["detail"]
    assert answer["alarm"] == {**views.get(f"/alarms/{raised}"), "first_out": None}
    assert answer["changed"]["by"] == "first"
    assert answer["changed"]["type"] == "acknowledged"


def test_a_move_on_an_old_sight_of_the_alarm_is_refused_when_it_is_worse_by_now(
    views: Views, database: Database
) -> None:
    moves: list[tuple[str, dict[str, Any]]] = [
        ("acknowledge", {}),
        ("close", {"code": "true"}),
        ("shelve", {"minutes": 5, "comment": "x"}),
    ]
    for word, body in moves:
        now = clock.now()
        alarm = an_alarm(now, severity=Severity.LOW)
        worse = replace(alarm, severity=Severity.HIGH, version=2, changed_at=now)
        raised = Transition(Step.RAISED, State.NORMAL, alarm, now)
        rose = Transition(Step.SEVERITY_CHANGED, alarm.state, worse, now)
        with database.transaction() as conn:
            apply(conn, [raised, rose])
        for seen in ({"severity": "low"}, {"version": 1}):
            answer = views.post(f"/alarms/{alarm.id}/{word}", {**body, **seen}, status=409)
            assert answer["code"] == "severity"
            assert answer["alarm"]["severity"] == "high"
        views.post(f"/alarms/{alarm.id}/{word}", {**body, "version": 2})


def test_a_move_with_a_wrong_body_changes_nothing(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database)
    moves: list[tuple[str, dict[str, Any]]] = [
        ("shelve", {"minutes": 5}),
        ("shelve", {"comment": "x"}),
        ("shelve", {"minutes": 5, "until": "2100-01-01T00:00:00Z", "comment": "x"}),
        ("shelve", {"until": "2100-01-01T00:00:00", "comment": "x"}),
        ("close", {}),
        ("close", {"code": "whatever"}),
        ("comment", {}),
        ("comment", {"comment": ""}),
        ("assign", {}),
        ("acknowledge", {"by": ""}),
        ("acknowledge", {"comment": "a\0b"}),
    ]
    for word, body in moves:
        views.post(f"/alarms/{raised}/{word}", body, status=400)
    assert views.get(f"/alarms/{raised}")["version"] == 1


def test_a_shelf_that_ends_too_late_is_refused(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database)
    body = {"until": "2100-01-01T00:00:00Z", "comment": "x"}
    assert views.post(f"/alarms/{raised}/shelve", body, status=409)["code"] == "time"


def test_two_operators_at_once_acknowledge_it_once(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database)
    assert isinstance(raised, UUID)
    views.post(f"/alarms/{raised}/acknowledge", {"by": "a"})
    views.post(f"/alarms/{raised}/acknowledge", {"by": "b"}, status=409)
    log = views.get(f"/alarms/{raised}/log")["log"]
    assert [step["type"] for step in log] == ["raised", "acknowledged"]


def latched(database: Database) -> UUID:
    """An alarm whose condition is over, kept until somebody resets it."""
    (raised,) = raise_alarms(database, latch=True)
    verdict = Clear(RULE, "device", clock.now(), None)

    def over(alarm: Alarm) -> Transition:
        step = life.returned(alarm, verdict, clock.now())
        assert step is not None
        return step

    move(database, raised, over)
    return raised


def test_a_latched_alarm_stays_until_it_is_known_and_reset(
    views: Views, database: Database
) -> None:
    raised = latched(database)
    found = views.get("/alarms", latched="true")["alarms"]
    assert [(each["id"], each["state"], each["active"]) for each in found] == [
        (str(raised), "unacknowledged", False)
    ]
    assert views.get("/alarms", latched="false")["alarms"] == []
    answer = views.post(f"/alarms/{raised}/reset", {}, status=409)
    assert answer["code"] == "state"
    views.post(f"/alarms/{raised}/acknowledge", {"by": "Hoa"})
    gone = views.post(f"/alarms/{raised}/reset", {"by": "Hoa", "comment": "đã xem"})
    assert (gone["state"], gone["latched"], gone["closing_code"]) == ("normal", False, None)


@pytest.mark.parametrize(
    ("severity", "hours"), [("critical", 1), ("high", 8), ("medium", 24), ("low", 168)]
)
def test_the_longest_shelf_depends_on_the_severity(
    views: Views, database: Database, severity: str, hours: int
) -> None:
    (raised,) = raise_alarms(database, severity=Severity(severity))
    body = {"minutes": 60 * hours, "comment": "thợ hàn", "by": "Hoa"}
    if hours < 168:
        too_long = views.post(
            f"/alarms/{raised}/shelve", {**body, "minutes": 60 * hours + 1}, status=409
        )
        assert (too_long["code"], too_long["limit_s"]) == ("time", 3600 * hours)
    shelved = views.post(f"/alarms/{raised}/shelve", {**body, "reason": "maintenance"})
    assert (shelved["shelved_by"], shelved["shelve_reason"]) == ("Hoa", "maintenance")


def test_a_one_shot_shelf_ends_with_the_condition(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database)
    shelved = views.post(f"/alarms/{raised}/shelve", {"comment": "x", "one_shot": True})
    until = datetime.fromisoformat(shelved["shelved_until"])
    assert timedelta(minutes=59) < until - clock.now() <= timedelta(hours=1)
    with database.transaction() as conn:
        alarm = lock(conn, [raised])[raised]
        step = life.returned(alarm, Clear(RULE, "device", clock.now(), None), clock.now())
        assert step is not None
        apply(conn, [step])
        row = conn.execute("SELECT count(*) AS n FROM timers WHERE kind = 'shelf'").fetchone()
    assert views.get(f"/alarms/{raised}")["state"] == "normal"
    assert row == {"n": 0}


def test_what_is_out_of_service_does_not_ring_until_it_is_brought_back(
    views: Views, database: Database
) -> None:
    (raised,) = raise_alarms(database)
    path = f"/alarms/{raised}"
    views.post(f"{path}/remove-from-service", {}, status=400)
    out = views.post(f"{path}/remove-from-service", {"by": "Hoa", "comment": "chờ thay"})
    assert out["state"] == "out_of_service"
    assert [(each["kind"], each["by"], each["reason"]) for each in out["hidden_by"]] == [
        ("out_of_service", "Hoa", "chờ thay")
    ]
    back = views.post(f"{path}/return-to-service", {"by": "Hoa"})
    assert (back["state"], back["hidden_by"]) == ("unacknowledged", [])
    with database.reading() as conn:
        assert suppressions.live(conn, clock.now()) == []


def test_a_duplicate_says_of_what(views: Views, database: Database) -> None:
    one, other = raise_alarms(database, 2)
    views.post(f"/alarms/{one}/close", {"code": "true", "of": str(other)}, status=400)
    closed = views.post(f"/alarms/{one}/close", {"code": "duplicate", "of": str(other)})
    assert closed["facts"] == {"duplicate_of": str(other)}


def test_the_first_of_a_group_is_marked_and_a_late_one_takes_its_place(
    views: Views, database: Database
) -> None:
    now = clock.now()
    alone, second, first = (
        raise_alarms(database, rule=rule, area=area, raised_at=now + timedelta(seconds=after))[0]
        for rule, area, after in (
            ("fire-alarm", "05455", 0),
            ("fire-alarm", "05443", 20),
            ("fire-alarm", "05443", 10),
        )
    )
    nowhere = [
        raise_alarms(database, area=None, raised_at=now + timedelta(seconds=n))[0] for n in (5, 4)
    ]

    def first_ones() -> set[str]:
        return {each["id"] for each in views.get("/alarms")["alarms"] if each["first_out"]}

    assert first_ones() == {str(first), str(nowhere[1])}
    (late,) = raise_alarms(database, area="05443", raised_at=now - timedelta(seconds=60))
    assert first_ones() == {str(late), str(nowhere[1])}
    assert views.get(f"/alarms/{late}")["first_out"] is True
    assert views.get(f"/alarms/{second}")["first_out"] is False
    views.post(f"/alarms/{late}/shelve", {"minutes": 5, "comment": "x"})
    assert first_ones() == {str(first), str(nowhere[1])}, "what is hidden is in no group"
    groups = views.get("/alarms/groups")["groups"]
    assert [(g["area"], g["n"], g["first_out"]) for g in groups] == [
        ("05455", 1, str(alone)),
        (None, 2, str(nowhere[1])),
        ("05443", 2, str(first)),
    ]
    assert len(views.get("/alarms/groups", area="05455")["groups"]) == 1


def test_two_operators_and_the_stream_on_one_row_end_as_one_after_the_other(
    views: Views, database: Database
) -> None:
    """Whatever the order, an acknowledgement never outlives a rise, and nothing is done twice."""
    for _ in range(5):
        now = clock.now()
        (raised,) = raise_alarms(database, severity=Severity.LOW, key=f"race {now}")
        worse = replace(RULE, id="fire-alarm", severity=Severity.HIGH)

        def rises(alarm_id: UUID = raised, rule: Rule = worse) -> None:
            event = replace(READING, time=clock.now() + timedelta(seconds=1))
            move(
                database,
                alarm_id,
                lambda alarm: life.raised(
                    alarm, Raise(rule, alarm.key, event.time, event), clock.now()
                ),
            )

        def acknowledges(by: str, alarm_id: UUID = raised) -> int:
            body = {"by": by, "severity": "low"}
            path = f"/api/v1/alarms/{alarm_id}/acknowledge"
            return views.client.post(path, json=body).status_code

        with ThreadPoolExecutor(3) as threads:
            stream = threads.submit(rises)
            people = [threads.submit(acknowledges, by) for by in ("Hoa", "Lan")]
            codes = sorted(person.result() for person in people)
            stream.result()
        found = views.get(f"/alarms/{raised}")
        assert (found["state"], found["severity"]) == ("unacknowledged", "high")
        assert found["acknowledged_by"] is None
        assert codes in ([200, 409], [409, 409])
        types = [step["type"] for step in views.get(f"/alarms/{raised}/log")["log"]]
        assert types.count("acknowledged") == codes.count(200)


# Keys -------------------------------------------------------------------------------------------


def test_a_key_moves_alarms_in_its_own_name_and_its_own_area(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    here, there = (raise_alarms(database, area=area)[0] for area in ("05443", "05455"))
    with database.transaction() as conn:
        _, mine = keys.create(conn, "Phường PĐP", "operator", "05443", clock.now())
        _, screen = keys.create(conn, "a screen", "viewer", None, clock.now())
    with running_api(database_url, "127.0.0.1:1", tmp_path, auth=True) as client:

        def call(token: str, method: str, path: str, **body: Any) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return client.request(method, f"/api/v1{path}", headers=headers, **body)

        listed = call(mine, "GET", "/alarms").json()["alarms"]
        assert [alarm["id"] for alarm in listed] == [str(here)]
        moved = call(mine, "POST", f"/alarms/{here}/acknowledge", json={"by": "the mayor"})
        assert moved.json()["acknowledged_by"] == "Phường PĐP"
        for method, path in (
            ("GET", f"/alarms/{there}"),
            ("GET", f"/alarms/{there}/log"),
            ("GET", "/alarms?area=05455"),
            ("GET", "/overview?area=05455"),
            ("GET", "/live?area=05455"),
            ("POST", f"/alarms/{there}/acknowledge"),
        ):
            assert call(mine, method, path).json()["code"] == "other_area"
        assert call(mine, "GET", "/overview").json()["area"] == "05443"
        assert call(screen, "GET", f"/alarms/{there}").status_code == 200
        assert call(screen, "POST", f"/alarms/{there}/acknowledge").status_code == 403
        assert client.get("/api/v1/live").status_code == 401
