"""Queues and dossiers office by office, and citizens' reports, over rows counted by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from connectors.timescale import keys
from connectors.timescale.database import Conn, Database
from ioc import clock
from ioc.severity import Severity
from tests.api_server import running_api, running_broker
from tests.integration.test_views import HERE, THERE, at, dossier, insert, visit
from tests.views_server import Views, raise_alarms, running_views

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_broker(tmp_path_factory.mktemp("broker")) as address:
        yield address


# Queues -----------------------------------------------------------------------------------------


def test_desks_come_by_the_longest_wait_with_the_waits_of_each(
    views: Views, database: Database
) -> None:
    visits = [
        visit(1, issued_at=0, called_at=10, ended_at=15, outcome="served"),
        visit(2, issued_at=1, called_at=21, ended_at=30, outcome="served"),
        visit(3, issued_at=2, called_at=65),  # called after: it waits at the end
        visit(4, issued_at=50),
        visit(5, issued_at=4, ended_at=30, outcome="abandoned"),
        visit(6, office="DX", area=THERE, issued_at=10),
        visit(7, office="DX", area=THERE, issued_at=0, called_at=4),
        visit(8, office="QUIET", issued_at=0, called_at=40, ended_at=41, outcome="served"),
        visit(9, office="BEFORE", issued_at=-90, called_at=-80, ended_at=-70, outcome="served"),
    ]
    with database.transaction() as conn:
        insert(conn, "visits", visits)
    span = {"from": "2026-11-20T01:00:00Z", "to": "2026-11-20T02:00:00Z"}
    offices = views.get("/queues/offices", **span)["offices"]
    assert [each["office"] for each in offices] == ["PDP", "DX", "QUIET"]
    first = {name: value for name, value in offices[0].items() if name != "open_now"}
    assert first == {
        **{"office": "PDP", "area": HERE, "waiting": 2, "longest_s": 58 * 60.0},
        # 10 and 20 minutes; who left uncalled is not among them
        **{"p50_s": 600.0, "p90_s": 1200.0, "mean_s": 900.0},
        **{"issued": 5, "served": 2, "abandoned": 1, "abandoned_rate": 0.3333},
        **{"counters": None, "worst": None},
    }
    assert (offices[1]["longest_s"], offices[1]["abandoned_rate"]) == (50 * 60.0, None)
    assert (offices[2]["waiting"], offices[2]["longest_s"]) == (0, None)
    (there,) = views.get("/queues/offices", **span, area=THERE)["offices"]
    assert there["office"] == "DX"


def test_nobody_has_waited_yet_for_what_of_a_range_is_to_come(
    views: Views, database: Database
) -> None:
    now = clock.now()
    issued = now - 10 * MINUTE
    day = issued.astimezone(clock.LOCAL_ZONE).date()
    with database.transaction() as conn:
        insert(conn, "visits", [{**visit(1), "day": day, "issued_at": issued}])
    span = {"from": (now - HOUR).isoformat(), "to": (now + DAY).isoformat()}
    (desk,) = views.get("/queues/offices", **span)["offices"]
    assert desk["longest_s"] == pytest.approx(600, abs=30)


def test_the_worst_open_alarm_of_a_desk_stands_beside_it(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        insert(conn, "visits", [visit(1, issued_at=0)])
        dossier(conn, "open", ("received", 3))
        for name, of_type in (("queue-wait", "ticket"), ("dossier-overdue", "dossier")):
            body = f'{{"type": "ioc.queue.{of_type}"}}'
            insert(conn, "rules", [{"id": name, "body": body, "loaded_at": clock.now()}])
    raise_alarms(database, source="queue", rule="queue-wait", severity=Severity.MEDIUM)
    raise_alarms(database, source="queue", rule="dossier-overdue", severity=Severity.LOW)
    with database.transaction() as conn:
        conn.execute("UPDATE alarms SET key = 'PDP'")
    span = {"from": "2026-11-20T01:00:00Z", "to": "2026-11-20T02:00:00Z"}
    assert views.get("/queues/offices", **span)["offices"][0]["worst"] == "medium"
    assert views.get("/dossiers/offices", **span)["offices"][0]["worst"] == "low"
    with database.transaction() as conn:
        conn.execute("UPDATE alarms SET state = 'shelved' WHERE rule = 'queue-wait'")
    assert views.get("/queues/offices", **span)["offices"][0]["worst"] is None


def test_office_hours_are_those_of_the_calendar_in_force(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        insert(conn, "visits", [visit(1, issued_at=0)])
    span = {"from": "2026-11-20T01:00:00Z", "to": "2026-11-20T02:00:00Z"}

    def say(version: int, body: str) -> bool:
        wording = {"noun": "calendar", "id": "calendar", "version": version, "body": body}
        rest = {"by": "x", "at": clock.now(), "why": "x", "origin": "file", "revision": version}
        with database.transaction() as conn:
            insert(conn, "rule_versions", [{**wording, **rest}])
        return bool(views.get("/queues/offices", **span)["offices"][0]["open_now"])

    today = clock.now().astimezone(clock.LOCAL_ZONE)
    around = f'"{today.year}": {{"%s": ["{today:%m-%d}"]}}'
    hours = '"office_hours": ["00:00-24:00"]'
    assert say(1, f'{{{hours}, "years": {{{around % "work"}}}}}')
    assert not say(2, f'{{{hours}, "years": {{{around % "off"}}}}}')


# Dossiers ---------------------------------------------------------------------------------------


def test_dossiers_of_offices_add_up_to_the_summary(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        dossier(conn, "on time", ("received", 1), ("resolved", 5), due=5)
        dossier(conn, "late", ("received", 2), ("resolved", 9), due=8)
        dossier(conn, "open", ("received", 3), due=40)
        dossier(conn, "overdue", ("received", 3), due=29)
        dossier(conn, "elsewhere", ("received", 3), due=20)
        dossier(conn, "last day", ("received", 3), due=30)
        conn.execute(
            "UPDATE dossiers SET office = 'DX', area = %s WHERE dossier = 'elsewhere'", [THERE]
        )
    # 23:00 of the 31st in the province: what was due at its first moment is due today, and overdue.
    span = {"from": "2026-10-01T00:00:00+07:00", "to": "2026-10-31T23:00:00+07:00"}
    offices = views.get("/dossiers/offices", **span)["offices"]
    assert offices[0] == {
        **{"office": "PDP", "area": HERE, "received": 5, "resolved": 2, "on_time": 1, "late": 1},
        **{"open": 3, "overdue": 2, "due_today": 1, "on_time_rate": 0.5, "worst": None},
    }
    assert (offices[1]["office"], offices[1]["overdue"], offices[1]["on_time_rate"]) == (
        "DX",
        1,
        None,
    )
    whole = views.get("/dossiers/summary", **span)
    for name in ("received", "resolved", "on_time", "late", "open", "overdue"):
        assert sum(each[name] for each in offices) == whole[name], name
    # Up to midnight is still that day, not the next one.
    span["to"] = "2026-11-01T00:00:00+07:00"
    assert views.get("/dossiers/offices", **span)["offices"][0]["due_today"] == 1


def test_open_dossiers_are_paged_by_their_due_date(views: Views, database: Database) -> None:
    now = clock.now()
    rows = [
        ("PDP", "a|b", HERE, now - 8 * DAY),
        ("PDP", "b", HERE, now - 8 * DAY),
        ("DX", "c", THERE, now - 8 * DAY),
        ("PDP", "d", HERE, now + 40 * DAY),
        ("PDP", "e", HERE, None),
        ("DX", "f", THERE, None),
    ]
    with database.transaction() as conn:
        for office, name, area, due_at in rows:
            known = {"office": office, "dossier": name, "area": area, "area_at": now}
            insert(conn, "dossiers", [{**known, "received_at": now - 20 * DAY, "due_at": due_at}])
        done = {"office": "DX", "dossier": "done", "area": THERE, "area_at": now}
        insert(conn, "dossiers", [{**done, "received_at": now, "resolved_at": now}])
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = views.get("/dossiers", limit=2, **({"cursor": cursor} if cursor else {}))
        names += [each["dossier"] for each in page["dossiers"]]
        if (cursor := page["next"]) is None:
            break
    assert names == ["c", "a|b", "b", "d", "f", "e"]
    overdue = views.get("/dossiers", state="overdue", office="PDP")["dossiers"]
    assert [each["dossier"] for each in overdue] == ["a|b", "b"]
    # Eight days hold five or six working days, less at a holiday.
    assert all(1 <= each["overdue_working_days"] <= 6 for each in overdue)
    assert views.get("/dossiers", area=THERE)["dossiers"][1]["overdue_working_days"] is None


def test_what_is_due_today_is_due_on_the_day_of_the_province(
    views: Views, database: Database
) -> None:
    now = clock.now()
    midnight = now.astimezone(clock.LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    due = {"first": midnight, "last": midnight + DAY - MINUTE, "next": midnight + DAY}
    with database.transaction() as conn:
        for name, due_at in {**due, "before": midnight - MINUTE}.items():
            known = {"office": "PDP", "dossier": name, "area": HERE, "area_at": now}
            insert(conn, "dossiers", [{**known, "received_at": now - 20 * DAY, "due_at": due_at}])
    found = views.get("/dossiers", state="due_today")["dossiers"]
    assert [each["dossier"] for each in found] == ["first", "last"]


# Reports ----------------------------------------------------------------------------------------


def report(
    conn: Conn, name: str, status: str, opened: datetime, status_at: datetime, **more: Any
) -> None:
    row = {"report": name, "area": HERE, "category": "road", "status": status}
    rest = {"opened_at": opened, "status_at": status_at, "emergency": False, "event_id": uuid4()}
    insert(conn, "reports", [{**row, **rest, **more}])


def test_reports_are_counted_by_when_they_came_and_how_they_stood(
    views: Views, database: Database
) -> None:
    start, end = at("2026-11-19T17:00:00"), at("2026-11-20T17:00:00")  # the 20th of the province
    hour = timedelta(hours=1)
    with database.transaction() as conn:
        report(conn, "in time", "resolved", start, start + 2 * hour, due_at=start + 3 * hour)
        report(conn, "late", "resolved", start - 10 * hour, start, due_at=start - hour)
        report(conn, "no due date", "resolved", start, start + 4 * hour)
        report(conn, "of before", "resolved", start - 5 * hour, start - hour)
        report(conn, "open", "open", end - hour, end - hour, due_at=end + hour)
        report(conn, "sos", "reopened", start, end - hour, emergency=True, category="sos")
        report(conn, "taken", "in_progress", start - DAY, start, due_at=end - 3 * DAY, area=THERE)
        report(conn, "rejected", "rejected", start, start + hour)
        # Answered on the next morning: at the end of the day it was open, and overdue.
        report(conn, "next day", "resolved", start, end + hour, due_at=end - hour)
        report(conn, "came later", "open", end, end)
        report(conn, "word without opening", "in_progress", end, start, opened_at=None)
    span = {"from": start.isoformat(), "to": end.isoformat()}
    found = views.get("/reports/summary", **span)
    categories, oldest = found.pop("by_category"), found.pop("oldest_overdue")
    assert found == {
        **{"new": 7, "resolved": 3, "open": 3, "in_progress": 2, "overdue": 2, "due_soon": 1},
        # of 2, 10 and 4 hours
        **{"sos_open": 1, "on_time_rate": 0.6667, "resolve_median_s": 4 * 3600.0},
    }
    assert categories == [
        {"category": "road", "new": 6, "open": 4, "overdue": 2},
        {"category": "sos", "new": 1, "open": 1, "overdue": 0},
    ]
    # Due with the first moment of the 18th: the 19th and the 20th, a Friday, have gone by since.
    assert [(each["report"], each["overdue_working_days"]) for each in oldest] == [
        ("taken", 2),
        ("next day", 0),
    ]
    there = views.get("/reports/summary", **span, area=THERE)
    assert (there["new"], there["in_progress"], there["on_time_rate"]) == (0, 1, None)


def tell(conn: Conn, name: str, minutes: int, data: str) -> None:
    moment = datetime(2026, 11, 20, 3, minutes, tzinfo=UTC)
    row = {"time": moment, "id": uuid4(), "received_at": moment, "source": "citizen", "type": "t"}
    rest = {"ce_source": "s", "ce_id": "i", "area": HERE, "ref": name, "kind": "k", "data": data}
    insert(conn, "events", [{**row, **rest, "partition": 0, "offset": 0}])


def test_who_reported_is_told_for_a_purpose_and_the_look_is_kept(
    views: Views, database: Database
) -> None:
    now = clock.now()
    with database.transaction() as conn:
        for name in ("PA-1", "PA-2"):
            report(conn, name, "open", now, now)
        tell(conn, "PA-1", 1, '{"reporter": {"name": "Nguyễn Văn A", "phone": "0912 344 821"}}')
        tell(conn, "PA-1", 2, '{"reporter": null}')
        tell(conn, "PA-2", 3, '{"report": "PA-2"}')
    found = views.post("/reports/PA-1/reporter", {"purpose": "Gọi lại  hỏi địa điểm"})
    assert found == {"name": "Nguyễn Văn A", "phone": "0912 344 821"}
    with database.reading() as conn:
        looks = conn.execute("SELECT by, what FROM looks").fetchall()
    assert looks == [{"by": "local", "what": "reporter of report PA-1: Gọi lại hỏi địa điểm"}]
    for name, body, status, code in (
        ("PA-2", {"purpose": "vì sao"}, 404, "no_reporter"),
        ("PA-3", {"purpose": "vì sao"}, 404, "not_found"),
        ("PA-1", {"purpose": "   "}, 400, "purpose"),
        ("PA-1", {"purpose": ""}, 400, "invalid"),
        ("PA-1", {}, 400, "invalid"),
    ):
        answer = views.client.post(f"/api/v1/reports/{name}/reporter", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    with database.reading() as conn:
        assert len(conn.execute("SELECT FROM looks").fetchall()) == 1


@pytest.mark.parametrize(
    ("role", "area", "status"),
    [("viewer", None, 403), ("operator", THERE, 404), ("operator", HERE, 200)],
)
def test_a_reporter_is_for_operators_of_the_area(  # noqa: PLR0913, PLR0917 - fixtures
    database_url: str,
    database: Database,
    kafka: str,
    tmp_path: Path,
    role: str,
    area: str | None,
    status: int,
) -> None:
    now = clock.now()
    with database.transaction() as conn:
        report(conn, "PA-1", "open", now, now)
        tell(conn, "PA-1", 1, '{"reporter": {"name": "A"}}')
        _, token = keys.create(conn, "who", role, area, now)
    with running_api(database_url, kafka, tmp_path, auth=True) as client:
        answer = client.post(
            "/api/v1/reports/PA-1/reporter",
            json={"purpose": "gọi lại"},
            headers={"X-API-Key": token},
        )
    assert answer.status_code == status


_OF_A_RANGE = ("/reports/summary", "/dossiers/summary", "/dossiers/offices", "/queues/offices")
_AT_THE_END_OF_TIME = {"from": "9999-12-31T00:00:00Z", "to": "9999-12-31T23:59:59Z"}


def _cursor(*names: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(names).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/queues/offices", {"area": "00000"}, "area"),
        (
            "/queues/offices",
            {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
            "range",
        ),
        ("/dossiers", {"state": "lost"}, "invalid"),
        ("/dossiers", {"cursor": "WyJhIl0"}, "cursor"),
        ("/dossiers", {"cursor": "WyJ5ZXN0ZXJkYXkiLCJhIiwiYiJd"}, "cursor"),
        ("/dossiers", {"cursor": _cursor("yesterday", "a", "b")}, "cursor"),
        ("/dossiers", {"cursor": _cursor("infinity", "\ud800", "b")}, "cursor"),
        ("/reports/summary", {"from": "yesterday"}, "invalid"),
        *((path, _AT_THE_END_OF_TIME, "range") for path in _OF_A_RANGE),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    views: Views, path: str, params: dict[str, str], code: str
) -> None:
    answer = views.client.get(f"/api/v1{path}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_cursor_may_write_its_time_in_any_way(views: Views) -> None:
    for written in ("2026-W47-1T08:00:00+07:00", "20261116T010000Z", "infinity"):
        assert views.get("/dossiers", cursor=_cursor(written, "PDP", "1"))["dossiers"] == []
