"""The open alarms as rows: all of them, in the order of the list, of one moment of the log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from connectors.timescale.alarm_rows import COLUMNS, FLAGS
from connectors.timescale.alarms import apply, move
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc import clock
from ioc.alarm import ClosingCode, State, Step, Transition
from ioc.severity import Severity
from tests.views_server import Views, an_alarm, raise_alarms, running_views


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def rows(views: Views, **params: Any) -> list[dict[str, Any]]:
    found = views.get("/alarms/rows", **params)
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def test_a_row_says_what_the_alarm_says(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database, title="Báo cháy", title_en="Fire alarm")
    alarm = views.get(f"/alarms/{raised}")
    answer = views.get("/alarms/rows")
    assert answer["columns"] == list(COLUMNS)
    (row,) = rows(views)
    same = ("id", "rule", "source", "severity", "state", "area", "device", "version", "incident")
    assert {name: row[name] for name in same} == {name: alarm[name] for name in same}
    for name in ("raised_at", "changed_at"):
        instant = datetime.fromisoformat(alarm[name])
        assert row[name] == pytest.approx(instant.timestamp() * 1000, abs=1)
    assert row["title"] == "Báo cháy"
    assert [row[name] for name in ("owner", "until", "hidden")] == [None, None, None]
    assert row["flags"] == FLAGS["active"]
    assert rows(views, lang="en")[0]["title"] == "Fire alarm"


def test_what_an_alarm_is_about_is_said_once(views: Views, database: Database) -> None:
    raise_alarms(database, device="TT-0192", key="TT-0192")
    raise_alarms(database, device=None, key="PA-2026-0017")
    found = {(row["device"], row["key"]) for row in rows(views)}
    assert found == {("TT-0192", None), (None, "PA-2026-0017")}


def test_who_has_it_and_until_when_it_is_shelved_are_said(views: Views, database: Database) -> None:
    (raised,) = raise_alarms(database)
    views.post(f"/alarms/{raised}/acknowledge", {"by": "Hằng"})
    assert rows(views)[0]["owner"] == "Hằng"
    views.post(f"/alarms/{raised}/assign", {"assignee": "Đội 3"})
    assert rows(views)[0]["owner"] == "Đội 3"
    shelved = views.post(f"/alarms/{raised}/shelve", {"minutes": 30, "comment": "thử còi"})
    (row,) = rows(views)
    until = datetime.fromisoformat(shelved["shelved_until"])
    assert (row["state"], row["hidden"]) == ("shelved", None)
    assert row["until"] == pytest.approx(until.timestamp() * 1000, abs=1)


def test_each_flag_is_a_bit_and_a_hidden_alarm_names_what_hides_it(
    views: Views, database: Database
) -> None:
    now = clock.now()
    why = {"id": "x", "kind": "maintenance", "reason": "x", "by": "x", "until": None}
    told: list[tuple[dict[str, Any], int]] = [
        ({"active": False}, 0),
        ({"latched": True, "latch": True}, FLAGS["latched"]),
        ({"one_shot": True}, FLAGS["one_shot"]),
        ({"chattering_at": now}, FLAGS["chattering"]),
        ({"two_person": ("acknowledge",)}, FLAGS["two_person_acknowledge"]),
        ({"two_person": ("close", "acknowledge")}, 32 + 64),
        ({"state": State.SUPPRESSED, "hidden_by": (why,)}, 0),
    ]
    for fields, expected in told:
        alarm = an_alarm(now, **fields)
        with database.transaction() as conn:
            apply(conn, [Transition(Step.RAISED, State.NORMAL, alarm, now)])
        row = next(row for row in rows(views) if row["id"] == str(alarm.id))
        assert row["flags"] == expected + (FLAGS["active"] if alarm.active else 0), fields
        assert row["hidden"] == ("maintenance" if alarm.hidden_by else None)
    with database.transaction() as conn:
        conn.execute("UPDATE alarms SET folded = true")
    assert all(row["flags"] & FLAGS["folded"] for row in rows(views))


def test_pages_hold_every_open_alarm_once_in_the_order_of_the_list(
    views: Views, database: Database
) -> None:
    same = clock.now()
    for severity in Severity:
        raise_alarms(database, 3, severity=severity)
        raise_alarms(database, 4, severity=severity, raised_at=same)
    (over, *_) = raise_alarms(database, 2)
    move(database, over, lambda a: life.close(a, ClosingCode.TEST, "a", clock.now()))
    whole = [alarm["id"] for alarm in views.get("/alarms", limit=1000)["alarms"]]
    assert [row["id"] for row in rows(views)] == whole
    seen: list[str] = []
    cursor: str | None = None
    while cursor or not seen:
        page = views.get("/alarms/rows", limit=5, **({"cursor": cursor} if cursor else {}))
        seen += [row[0] for row in page["rows"]]
        cursor = page["next"]
    assert seen == whole
    assert len(set(seen)) == 29


def test_area_and_source_narrow_the_rows(views: Views, database: Database) -> None:
    raise_alarms(database, title="a")
    raise_alarms(database, title="b", area="05455", source="camera")
    for params, expected in (
        ({"area": "05455"}, {"b"}),
        ({"area": "19"}, {"a", "b"}),
        ({"source": "camera"}, {"b"}),
        ({"source": "camera, fire"}, {"a", "b"}),
        ({"area": "05455", "source": "fire"}, set()),
    ):
        assert {row["title"] for row in rows(views, **params)} == expected, params


def test_the_position_is_that_of_the_newest_step_that_the_rows_hold(
    views: Views, database: Database
) -> None:
    assert views.get("/alarms/rows")["position"] == 0
    (raised,) = raise_alarms(database)
    log = views.get(f"/alarms/{raised}/log")["log"]
    assert views.get("/alarms/rows")["position"] == log[-1]["seq"]
    views.post(f"/alarms/{raised}/acknowledge", {})
    log = views.get(f"/alarms/{raised}/log")["log"]
    found = views.get("/alarms/rows")
    assert (found["position"], found["rows"][0][4]) == (log[-1]["seq"], "acknowledged")


def test_a_wrong_question_is_a_problem_with_a_code(views: Views) -> None:
    for params, code in (
        ({"area": "99999"}, "area"),
        ({"cursor": "xyz"}, "cursor"),
        ({"limit": "10001"}, "invalid"),
        ({"limit": "0"}, "invalid"),
        ({"lang": "fr"}, "invalid"),
        ({"source": "a\0b"}, "invalid"),
    ):
        answer = views.client.get("/api/v1/alarms/rows", params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, code), params
