"""Incidents over HTTP: looking, and what operators do with them; everything is in their log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest

from connectors.timescale.database import Database
from tests.incident_world import HERE, Word, World
from tests.views_server import Views, running_views

SMOKE = Word("camera-fire", "cam-1")
PANEL = Word("fire-alarm", "panel-1", minute=2, east=100)
CALL = Word("sos", "0912", minute=4, east=150)


@dataclass
class Desk:
    """An operator and what they look at."""

    world: World
    views: Views

    def get(self, path: str, **params: Any) -> Any:
        answer = self.views.client.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = self.views.client.post(f"/api/v1{path}", json={"by": "Trực ban 1", **body})
        assert answer.status_code == status, answer.text
        return answer.json()

    def the_incident(self) -> Any:
        (found,) = self.get("/incidents")["incidents"]
        return found

    def alarm(self, word: Word) -> str:
        row = self.world.one("SELECT id FROM alarms WHERE key = %s", word.device)
        return str(row["id"])

    def keys(self, incident: str) -> set[str]:
        whole = self.get(f"/incidents/{incident}")
        assert {each["alarm"]["incident"] for each in whole["members"]} <= {incident}
        return {each["alarm"]["key"] for each in whole["members"]}

    def log(self, incident: str) -> list[tuple[str, str | None]]:
        return [
            (line["type"], line["by"]) for line in self.get(f"/incidents/{incident}/log")["log"]
        ]


@pytest.fixture
def desk(database_url: str, database: Database) -> Iterator[Desk]:
    with running_views(database_url) as views:
        yield Desk(World(database), views)


def test_an_incident_is_shown_with_its_alarms_and_all_its_evidence(desk: Desk) -> None:
    desk.world.tell(SMOKE, PANEL, replace(SMOKE, minute=1))
    found = desk.the_incident()
    assert (found["title_en"], found["severity"], found["alarms"]) == (
        "Fire, 2 sources agree",
        "critical",
        2,
    )
    assert (found["area"], found["area_name"]) == (HERE, "Phường Phan Đình Phùng")
    whole = desk.get(f"/incidents/{found['id']}")
    assert whole["incident"] == found
    assert {each["alarm"]["key"] for each in whole["members"]} == {"cam-1", "panel-1"}
    assert [(each["key"], each["n"]) for each in whole["evidence"]] == [
        ("cam-1", 2),
        ("panel-1", 1),
    ]
    assert whole["evidence"][0]["lat"] == 21.6
    assert desk.get("/incidents", area="05455")["incidents"] == []
    assert desk.get("/incidents", severity="low,medium")["incidents"] == []


def test_a_person_splits_an_incident_and_no_rule_joins_it_again(desk: Desk) -> None:
    desk.world.tell(SMOKE, PANEL, CALL)
    found = desk.the_incident()
    made = desk.post(f"/incidents/{found['id']}/split", 201, alarms=[desk.alarm(CALL)])
    assert desk.keys(found["id"]) == {"cam-1", "panel-1"}
    assert desk.keys(made["id"]) == {"0912"}
    # Evidence goes on between the two, and so does what a person has said.
    desk.world.tell(replace(CALL, minute=5), replace(SMOKE, minute=5), replace(PANEL, minute=6))
    desk.world.tell(replace(SMOKE, device="cam-2", minute=6, east=50))
    assert desk.keys(found["id"]) == {"cam-1", "panel-1", "cam-2"}
    assert desk.keys(made["id"]) == {"0912"}
    assert desk.log(found["id"])[-2:] == [("split", "Trực ban 1"), ("joined", None)]
    assert desk.log(made["id"])[0] == ("split", "Trực ban 1")


def test_nothing_is_split_off_that_is_not_there_or_is_all_of_it(desk: Desk) -> None:
    desk.world.tell(SMOKE, PANEL)
    desk.world.tell(replace(CALL, east=5000))
    path = f"/incidents/{desk.the_incident()['id']}/split"
    assert desk.post(path, 409, alarms=[desk.alarm(CALL)])["code"] == "alarms"
    both = [desk.alarm(SMOKE), desk.alarm(PANEL)]
    refused = desk.post(path, 409, alarms=both)
    assert (refused["code"], refused["incident"]["alarms"]) == ("alarms", 2)
    assert desk.post(path, 404, alarms=[str(uuid4())])


def test_a_person_merges_two_incidents(desk: Desk) -> None:
    desk.world.tell(SMOKE, PANEL)
    desk.world.tell(
        replace(SMOKE, device="cam-9", east=5000), replace(PANEL, device="panel-9", east=5050)
    )
    one, other = desk.get("/incidents")["incidents"]
    into = desk.post(f"/incidents/{one['id']}/merge", into=other["id"], comment="một đám cháy")
    assert (into["id"], into["alarms"]) == (other["id"], 4)
    assert desk.the_incident()["id"] == other["id"]
    assert desk.keys(other["id"]) == {"cam-1", "panel-1", "cam-9", "panel-9"}
    gone = desk.get(f"/incidents/{one['id']}")["incident"]
    assert (gone["state"], gone["merged_into"]) == ("merged", other["id"])
    assert desk.log(one["id"])[-1] == ("merged", "Trực ban 1")
    assert ("merged", "Trực ban 1") in desk.log(other["id"])
    refused = desk.post(f"/incidents/{one['id']}/close", 409, code="true")
    assert refused["code"] == "state"
    assert desk.post(f"/incidents/{other['id']}/merge", 409, into=other["id"])["code"] == "same"


def test_what_was_split_may_be_merged_again(desk: Desk) -> None:
    desk.world.tell(SMOKE, PANEL, CALL)
    found = desk.the_incident()
    made = desk.post(f"/incidents/{found['id']}/split", 201, alarms=[desk.alarm(CALL)])
    desk.post(f"/incidents/{made['id']}/merge", into=found["id"])
    assert desk.keys(found["id"]) == {"cam-1", "panel-1", "0912"}
    assert desk.world.rows("SELECT * FROM incident_splits") == []


def test_a_person_makes_an_incident_of_alarms_that_no_rule_sees_together(desk: Desk) -> None:
    desk.world.tell(SMOKE, replace(CALL, east=9000))
    named = [desk.alarm(SMOKE), desk.alarm(CALL)]
    made = desk.post("/incidents", 201, title="Cháy rừng", alarms=named)
    assert (made["rule"], made["title"], made["severity"]) == (None, "Cháy rừng", "high")
    assert (made["alarms"], made["sources"]) == (2, ["camera", "citizen"])
    assert desk.keys(made["id"]) == {"cam-1", "0912"}
    # What comes near one of them belongs to it, too.
    desk.world.tell(replace(PANEL, minute=3))
    assert desk.keys(made["id"]) == {"cam-1", "0912", "panel-1"}
    assert desk.post("/incidents", 404, title="x", alarms=[str(uuid4())])


def test_an_incident_is_led_remarked_on_and_closed(desk: Desk) -> None:
    desk.world.tell(SMOKE, PANEL)
    path = f"/incidents/{desk.the_incident()['id']}"
    assert desk.post(f"{path}/assign", lead="Đội PCCC 1")["lead"] == "Đội PCCC 1"
    desk.post(f"{path}/comment", comment="Đã có xe tại chỗ")
    closed = desk.post(f"{path}/close", code="true", comment="Đã dập tắt")
    assert (closed["state"], closed["closing_code"]) == ("closed", "true")
    assert desk.get("/incidents")["incidents"] == []
    assert len(desk.get("/incidents", state="closed")["incidents"]) == 1
    assert desk.post(f"{path}/close", 409, code="false")["code"] == "state"
    kinds = [kind for kind, _ in desk.log(closed["id"])]
    assert kinds == ["opened", "joined", "assigned", "commented", "closed"]
    desk.world.tell(CALL)
    assert desk.the_incident()["state"] == "open"


def test_pages_of_incidents_follow_each_other(desk: Desk) -> None:
    for n in range(3):
        east = 3000.0 * n
        desk.world.tell(
            replace(SMOKE, device=f"c{n}", east=east), replace(PANEL, device=f"p{n}", east=east)
        )
    first = desk.get("/incidents", limit=2)
    rest = desk.get("/incidents", limit=2, cursor=first["next"])
    numbers = [each["number"] for each in (*first["incidents"], *rest["incidents"])]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), rest["next"]) == (3, None)
