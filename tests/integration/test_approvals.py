"""Moves that a second person must approve, over HTTP and through their timer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.timescale.database import Database
from ioc import clock
from ioc.rule import RuleSet
from streams.alarm_timers import handlers
from streams.timers import run_due
from tests.views_server import Views, raise_alarms, running_views


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


@pytest.fixture
def guarded(database: Database) -> UUID:
    """An alarm that one person alone can neither close nor shelve."""
    (raised,) = raise_alarms(database, two_person=("close", "shelve"))
    return raised


def asked(views: Views, alarm: UUID, by: str = "Hoa", **body: Any) -> Any:
    wanted = {"by": by, "code": "false", "comment": "hơi nước", **body}
    return views.post(f"/alarms/{alarm}/close", wanted, status=202)


def log_of(views: Views, alarm: UUID) -> list[tuple[str, str | None, str | None]]:
    log = views.get(f"/alarms/{alarm}/log")["log"]
    return [(step["type"], step["by"], step["comment"]) for step in log[1:]]


def armed(database: Database) -> list[datetime]:
    with database.reading() as conn:
        rows = conn.execute("SELECT due_at FROM timers WHERE kind = 'approval'")
        return [row["due_at"] for row in rows]


def test_a_move_for_two_is_made_when_the_second_says_yes(
    views: Views, database: Database, guarded: UUID
) -> None:
    answer = asked(views, guarded)
    assert answer["alarm"]["state"] == "unacknowledged", "nothing has moved yet"
    approval = answer["approval"]
    assert (approval["move"], approval["by"], approval["outcome"]) == ("close", "Hoa", None)
    assert views.get("/approvals", state="pending")["approvals"] == [approval]
    done = views.post(f"/approvals/{approval['id']}/approve", {"by": "Lan", "comment": "đúng"})
    assert (done["alarm"]["state"], done["alarm"]["closing_code"]) == ("normal", "false")
    assert (done["approval"]["outcome"], done["approval"]["decided_by"]) == ("approved", "Lan")
    assert log_of(views, guarded) == [
        ("requested", "Hoa", "close: hơi nước"),
        ("closed", "Hoa", "hơi nước; approved by Lan: đúng"),
    ]
    assert armed(database) == []
    assert views.get("/approvals", state="pending")["approvals"] == []
    assert len(views.get("/approvals", state="approved")["approvals"]) == 1


def test_whoever_asked_cannot_approve_and_may_take_it_back(views: Views, guarded: UUID) -> None:
    approval = asked(views, guarded)["approval"]["id"]
    answer = views.post(f"/approvals/{approval}/approve", {"by": "Hoa"}, status=409)
    assert answer["code"] == "same_person"
    assert views.get(f"/alarms/{guarded}")["state"] == "unacknowledged"
    views.post(f"/approvals/{approval}/reject", {"by": "Hoa"})
    answer = views.post(f"/approvals/{approval}/approve", {"by": "Lan"}, status=409)
    assert (answer["code"], answer["approval"]["outcome"]) == ("decided", "rejected")
    assert asked(views, guarded)["approval"]["id"] != approval, "it can be asked for anew"


def test_a_no_is_in_the_life_of_the_alarm(views: Views, guarded: UUID) -> None:
    approval = asked(views, guarded)["approval"]["id"]
    views.post(f"/approvals/{approval}/reject", {"by": "Lan", "comment": "chưa gọi lại"})
    assert log_of(views, guarded)[-1] == ("rejected", "Lan", "close: chưa gọi lại")


def test_what_is_asked_for_twice_waits_once(views: Views, guarded: UUID) -> None:
    first = asked(views, guarded)["approval"]
    assert asked(views, guarded, by="Minh")["approval"] == first
    assert len(log_of(views, guarded)) == 1


def test_who_wants_the_same_move_otherwise_is_told_what_waits(views: Views, guarded: UUID) -> None:
    first = asked(views, guarded)["approval"]
    other = {"by": "Minh", "code": "true", "comment": "có khói thật"}
    refused = views.post(f"/alarms/{guarded}/close", other, status=409)
    assert (refused["code"], refused["approval"]) == ("asked", first)
    assert refused["alarm"]["id"] == str(guarded)


def test_blanks_say_nothing_and_are_nobody(views: Views, guarded: UUID) -> None:
    for wrong in ({"comment": "   "}, {"by": " "}):
        wanted = {"by": "Hoa", "code": "false", "comment": "hơi nước", **wrong}
        assert views.post(f"/alarms/{guarded}/close", wanted, status=400)["code"] == "invalid"
    approval = asked(views, guarded, by=" Hoa ")["approval"]
    assert approval["by"] == "Hoa"


def test_moves_of_one_are_made_at_once_and_what_is_not_allowed_is_not_asked_for(
    views: Views, guarded: UUID
) -> None:
    views.post(f"/alarms/{guarded}/acknowledge", {"by": "Hoa"})
    too_long = {"by": "Hoa", "minutes": 10_080, "comment": "x"}
    answer = views.post(f"/alarms/{guarded}/shelve", too_long, status=409)
    assert answer["code"] == "time"
    assert views.get("/approvals")["approvals"] == []


def test_the_move_is_judged_anew_when_it_is_approved(views: Views, guarded: UUID) -> None:
    body = {"by": "Hoa", "minutes": 5, "comment": "thợ hàn"}
    approval = views.post(f"/alarms/{guarded}/shelve", body, status=202)["approval"]["id"]
    close = asked(views, guarded)["approval"]["id"]
    views.post(f"/approvals/{close}/approve", {"by": "Lan"})
    answer = views.post(f"/approvals/{approval}/approve", {"by": "Lan"}, status=409)
    assert (answer["code"], answer["alarm"]["state"]) == ("ended", "normal")


def test_what_nobody_decides_expires(views: Views, database: Database, guarded: UUID) -> None:
    approval = asked(views, guarded)["approval"]
    (due_at,) = armed(database)
    assert due_at - clock.now() <= timedelta(minutes=15)
    assert run_due(database, handlers(RuleSet()), due_at - timedelta(seconds=1)) == 0
    assert run_due(database, handlers(RuleSet()), due_at) == 1
    assert armed(database) == []
    assert log_of(views, guarded)[-1] == ("rejected", None, "close: nobody approved it")
    answer = views.post(f"/approvals/{approval['id']}/approve", {"by": "Lan"}, status=409)
    assert answer["code"] == "expired"
    (found,) = views.get("/approvals", state="expired")["approvals"]
    assert (found["id"], found["decided_by"]) == (approval["id"], None)


def test_of_many_who_approve_at_once_one_does(views: Views, guarded: UUID) -> None:
    approval = asked(views, guarded)["approval"]["id"]

    def approves(by: str) -> int:
        path = f"/api/v1/approvals/{approval}/approve"
        return views.client.post(path, json={"by": by}).status_code

    with ThreadPoolExecutor(4) as threads:
        codes = sorted(threads.map(approves, ("Lan", "Minh", "Hoa", "An")))
    assert codes == [200, 409, 409, 409]
    assert [step for step, _, _ in log_of(views, guarded)] == ["requested", "closed"]


def test_pages_show_every_request_once(views: Views, database: Database) -> None:
    wanted = set()
    for alarm in raise_alarms(database, 7, two_person=("close",)):
        wanted.add(asked(views, alarm)["approval"]["id"])
    seen: list[str] = []
    further: dict[str, str] = {}
    while further or not seen:
        page = views.get("/approvals", limit=3, **further)
        seen += [each["id"] for each in page["approvals"]]
        further = {"cursor": page["next"]} if page["next"] else {}
    assert len(seen) == 7
    assert set(seen) == wanted


def test_an_unknown_request_is_not_found(views: Views) -> None:
    views.post(f"/approvals/{uuid4()}/approve", {}, status=404)
    assert views.client.get("/api/v1/approvals", params={"state": "open"}).status_code == 400
