"""The report of a day beside rows that were counted by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from connectors.timescale import alarms, keys, kpis
from connectors.timescale import daily as stored
from connectors.timescale.database import Conn, Database
from connectors.timescale.kpis import Scope
from ioc import alarm as life
from ioc import clock
from ioc.alarm import Alarm, ClosingCode, Transition
from ioc.clock import LOCAL_ZONE
from ioc.daily import day_of
from ioc.rule import Clear, Raise, load
from tests.api_server import running_api
from tests.integration.test_views import HERE, THERE, count, insert
from tests.views_server import Views, running_views

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ONE_DAY = timedelta(days=1)
#: So long ago that nothing of it comes late any more.
DATE = clock.now().astimezone(LOCAL_ZONE).date() - timedelta(days=10)
START = datetime.combine(DATE, time(), LOCAL_ZONE).astimezone(UTC)
END = START + ONE_DAY
RULES = load(
    """
rules:
  - {id: grave, title: "Báo cháy {device}", title_en: "Fire {device}", type: ioc.fire.reading,
     kind: match, when: {state: alarm}, per: device, severity: critical,
     clear: {when: {state: restore}}}
  - {id: mild, title: "=Mất kết nối", title_en: "Lost", type: ioc.fire.reading, kind: match,
     when: {state: alarm}, per: device, severity: low, clear: {when: {state: restore}}}
""",
    "test.yaml",
).by_id


@dataclass(frozen=True)
class Reading:
    time: datetime
    device: str
    area: str
    received_at: datetime
    ce_id: str = "e"
    ce_source: str = "/sia/1"
    source: str = "fire"
    type: str = "ioc.fire.reading"
    kind: str = "smoke"
    severity: str | None = None
    data: dict[str, object] = field(default_factory=dict)


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def apply(conn: Conn, step: Transition | None) -> Alarm:
    assert step is not None
    with conn.transaction():
        alarms.apply(conn, [step])
    return step.alarm


def raised(conn: Conn, rule: str, at: datetime, device: str, area: str = HERE) -> Alarm:
    fact = Reading(at, device, area, at)
    return apply(conn, life.raised(None, Raise(RULES[rule], device, at, fact), at))


def cleared(conn: Conn, alarm: Alarm, at: datetime) -> Alarm:
    fact = Reading(at, alarm.device or "", alarm.area or "", at)
    return apply(conn, life.returned(alarm, Clear(RULES[alarm.rule], alarm.key, at, fact), at))


def event(conn: Conn, at: datetime, received_at: datetime, area: str = HERE) -> None:
    row = {"time": at, "id": uuid4(), "received_at": received_at, "source": "fire", "type": "t"}
    rest = {"ce_source": "s", "ce_id": "i", "area": area, "kind": "smoke", "device": "d"}
    insert(conn, "events", [{**row, **rest, "partition": 0, "offset": 0, "data": "{}"}])


def a_day_of_alarms(conn: Conn) -> None:
    """Two critical ones at the edges of the day, one from before it, and those around."""
    first = raised(conn, "grave", START, "d-1")
    first = apply(conn, life.acknowledge(first, "lan", START + 30 * SECOND))
    apply(conn, life.close(first, ClosingCode.TRUE, "lan", START + 10 * MINUTE, ""))
    last = raised(conn, "grave", END - SECOND, "d-2", THERE)
    apply(conn, life.acknowledge(last, "lan", END + MINUTE))
    old = raised(conn, "mild", START - SECOND, "d-3")
    apply(conn, life.acknowledge(old, "lan", START + 4 * HOUR))
    shelved = raised(conn, "mild", START + 9 * HOUR, "d-4")
    apply(conn, life.shelve(shelved, END + HOUR, "lan", START + 10 * HOUR, "bảo trì"))
    gone = raised(conn, "mild", START - 2 * HOUR, "d-5")
    gone = cleared(conn, gone, START - HOUR)
    apply(conn, life.acknowledge(gone, "lan", START - MINUTE))
    raised(conn, "mild", END, "d-6")


def test_alarms_are_those_of_the_log_between_two_midnights(
    views: Views, database: Database
) -> None:
    with database.reading() as conn:
        count(conn, START - ONE_DAY)
        a_day_of_alarms(conn)
    found = views.get("/reports/daily", date=str(DATE))
    critical, low = (found["alarms"]["by_severity"][name] for name in ("critical", "low"))
    assert critical == {
        **{"raised": 2, "acknowledged": 1, "ack_p50_s": 30.0, "ack_p90_s": 30.0},
        **{"open_at_end": 1, "over_24h": 0, "shelved": 0},
    }
    assert low == {
        **{"raised": 1, "acknowledged": 1, "ack_p50_s": 14401.0, "ack_p90_s": 14401.0},
        **{"open_at_end": 1, "over_24h": 1, "shelved": 1},
    }
    assert found["alarms"]["by_severity"]["high"] == {
        **{"raised": 0, "acknowledged": 0, "ack_p50_s": None, "ack_p90_s": None},
        **{"open_at_end": 0, "over_24h": 0, "shelved": 0},
    }
    total = found["alarms"]["total"]
    assert (total["raised"], total["acknowledged"], total["open_at_end"]) == (3, 2, 2)
    assert total["ack_p50_s"] == pytest.approx((30 + 14401) / 2)
    hours = found["alarms"]["by_hour"]
    assert {hour: n for hour, n in enumerate(hours) if n} == {0: 1, 9: 1, 23: 1}
    assert found["map"] == {HERE: {"n": 2, "worst": 1}, THERE: {"n": 1, "worst": 1}}
    assert [point["key"] for point in found["points"]][:2] == ["critical_open", "standing"]
    (fire,) = [each for each in found["top_10"] if each["key"] == "d-1"]
    assert (fire["title"], fire["n"], fire["precision"]) == ("Báo cháy d-1", 1, None)


def test_acknowledgements_are_those_that_the_figures_name(views: Views, database: Database) -> None:
    with database.reading() as conn:
        count(conn, START)
        a_day_of_alarms(conn)
    found = views.get("/reports/daily", date=str(DATE))
    with database.reading() as conn:
        (fleeting,) = conn.execute("SELECT interval '10 seconds' AS s").fetchall()
        counts = kpis.counts(conn, Scope(START, END), fleeting["s"])
    answers = {each.priority: (each.n, each.p50_s, each.p90_s) for each in counts.answers}
    lines = found["alarms"]["by_severity"]
    assert answers == {
        1: (1, lines["critical"]["ack_p50_s"], lines["critical"]["ack_p90_s"]),
        4: (1, lines["low"]["ack_p50_s"], lines["low"]["ack_p90_s"]),
    }
    per_hour = next(each for each in found["kpis"] if each["name"] == "per_hour")
    assert (per_hour["value"], per_hour["met"]) == (round(3 / 24, 3), True)


def test_one_area_is_told_alone(views: Views, database: Database) -> None:
    with database.reading() as conn:
        count(conn, START)
        a_day_of_alarms(conn)
        event(conn, START, END, THERE)
    found = views.get("/reports/daily", date=str(DATE), area=THERE)
    assert found["area"] == THERE
    assert found["alarms"]["total"]["raised"] == 1
    assert found["map"] == {THERE: {"n": 1, "worst": 1}}
    assert found["late_events"] == 1
    assert views.get("/reports/daily", date=str(DATE), area=HERE)["late_events"] == 0


def report(
    name: str, opened: datetime, status: str, status_at: datetime, **more: Any
) -> dict[str, Any]:
    row = {"report": name, "area": HERE, "category": "traffic", "status": status}
    rest = {"status_at": status_at, "opened_at": opened, "emergency": False, "event_id": uuid4()}
    return {**row, **rest, **more}


def test_reports_are_as_they_stood_when_the_day_ended(views: Views, database: Database) -> None:
    noon = START + 12 * HOUR
    rows = [
        report("late", START - ONE_DAY, "resolved", END - SECOND, due_at=noon),
        report("in-time", START, "resolved", noon, due_at=noon),
        report("without-term", START - ONE_DAY, "resolved", noon, category="other"),
        report("resolved-since", noon, "resolved", END, due_at=noon + HOUR),
        report("overdue", START - ONE_DAY, "in_progress", START - HOUR, due_at=END - SECOND),
        report("due-later", START, "open", START, due_at=END),
        report("of-the-day-after", END, "open", END),
        report("rejected", START - ONE_DAY, "rejected", noon),
        report("resolved-before", START - ONE_DAY, "resolved", START - SECOND),
        report("sos-1", noon, "resolved", noon + MINUTE, emergency=True, category="sos"),
        report("sos-2", START - HOUR, "open", START, emergency=True, area=THERE, category="sos"),
        report("sos-3", START - HOUR, "resolved", noon, emergency=True, category="sos"),
    ]
    with database.reading() as conn:
        count(conn, START)
        insert(conn, "reports", rows)
    found = views.get("/reports/daily", date=str(DATE))["reports"]
    by_category = {each.pop("category"): each for each in found["by_category"]}
    assert by_category["traffic"] == {
        **{"new": 3, "resolved": 2, "on_time": 1, "open": 3, "overdue": 2, "on_time_rate": 0.5},
    }
    assert by_category["other"]["on_time_rate"] == 1.0
    assert (found["new"], found["resolved"], found["open"], found["overdue"]) == (4, 5, 4, 2)
    assert [(each["report"], each["resolved_at"] is None) for each in found["sos"]] == [
        ("sos-2", True),
        ("sos-1", False),
    ]


def test_each_call_of_a_stormy_day_counts(views: Views, database: Database) -> None:
    calls = [
        report(f"sos-{n:02}", START + n * MINUTE, "open", START, emergency=True) for n in range(60)
    ]
    with database.reading() as conn:
        insert(conn, "reports", calls)
        for n in range(120):  # a camera that comes and goes: heard one minute of twelve
            count(conn, START + n * 12 * MINUTE, source="camera")
    found = views.get("/reports/daily", date=str(DATE))
    (point,) = [each for each in found["points"] if each["key"] == "sos_open"]
    assert point["values"] == {"n": 60, "of": 60}
    (camera,) = [each for each in found["sources"] if each["source"] == "camera"]
    assert len(camera["gaps"]) == 120
    assert camera["coverage"] == pytest.approx(1 / 12, abs=0.001)


def visit(office: str, ticket: str, issued: datetime, called: datetime | None) -> dict[str, Any]:
    waited = None if called is None else int((called - issued).total_seconds() * 1000)
    row = {"office": office, "day": DATE, "ticket": ticket, "visit": 1, "area": HERE}
    rest = {"issued_at": issued, "called_at": called, "waited_until": called, "wait_ms": waited}
    return {**row, **rest}


def test_desks_and_dossiers_stand_beside_their_targets(views: Views, database: Database) -> None:
    morning = START + 8 * HOUR
    dossier = {"office": "PDP", "area": HERE, "area_at": START}
    due = {"due_at": START + 6 * HOUR}
    with database.reading() as conn:
        count(conn, START)
        insert(
            conn,
            "visits",
            [
                visit("PDP", "1", morning, morning + 10 * MINUTE),
                visit("PDP", "2", morning, morning + 20 * MINUTE),
                visit("DT", "1", morning, morning + 2 * MINUTE),
                visit("DT", "2", morning, None),
            ],
        )
        insert(
            conn,
            "dossiers",
            [
                {
                    **dossier,
                    "dossier": "a",
                    "received_at": START,
                    "resolved_at": END - SECOND,
                    **due,
                },
                {**dossier, "dossier": "b", "received_at": START, "resolved_at": morning},
                {**dossier, "dossier": "c", "received_at": START, **due},
                {**dossier, "dossier": "d", "received_at": START - ONE_DAY, "resolved_at": END},
                {**dossier, "dossier": "e", "received_at": END, "office": "DT"},
            ],
        )
    found = views.get("/reports/daily", date=str(DATE))
    queues, dossiers = found["queues"], found["dossiers"]
    assert (queues["issued"], queues["waiting"], queues["abandoned_rate"]) == (4, 1, None)
    assert queues["wait_s"]["p90"] == 1200.0
    assert [(each["office"], each["p90_s"]) for each in queues["worst"]] == [
        ("PDP", 1200.0),
        ("DT", 120.0),
    ]
    figures = {key: value for key, value in dossiers.items() if key not in {"week_ago", "worst"}}
    assert figures == {
        **{"received": 3, "resolved": 2, "on_time": 1, "late": 1, "open": 2, "overdue": 1},
        **{"on_time_rate": 0.5, "within_term_rate": 0.5},
    }
    assert dossiers["week_ago"]["on_time_rate"] is None
    assert [(each["office"], each["overdue"]) for each in dossiers["worst"]] == [("PDP", 1)]
    wait = next(each for each in found["kpis"] if each["name"] == "wait_p90")
    assert (wait["value"], wait["target"], wait["met"]) == (1200.0, 900.0, False)
    assert [point["key"] for point in found["points"]] == [
        *("waits_long", "dossiers_late", "dossiers_overdue", "source_silent"),
    ]


def test_what_came_after_its_day_is_counted_and_marks_the_day_as_open(
    views: Views, database: Database
) -> None:
    today = clock.now().astimezone(LOCAL_ZONE).date()
    yesterday = datetime.combine(today - ONE_DAY, time(), LOCAL_ZONE).astimezone(UTC)
    with database.reading() as conn:
        count(conn, START)
        event(conn, yesterday, yesterday + ONE_DAY)
        event(conn, yesterday + ONE_DAY - SECOND, yesterday + ONE_DAY + HOUR)
        event(conn, yesterday + ONE_DAY - SECOND, yesterday + ONE_DAY - SECOND)
        event(conn, yesterday + ONE_DAY, yesterday + ONE_DAY + HOUR)
        event(conn, yesterday - SECOND, yesterday + HOUR)
    found = views.get("/reports/daily")
    assert (found["date"], found["late_events"], found["open"]) == (
        str(today - ONE_DAY),
        2,
        True,
    )
    assert views.get("/reports/daily", date=str(DATE))["open"] is False


def test_before_its_first_word_ever_a_source_was_not_silent(
    views: Views, database: Database
) -> None:
    with database.reading() as conn:
        count(conn, START + 8 * HOUR, source="fire")
        count(conn, START + 8 * HOUR + MINUTE)
    camera, fire = views.get("/reports/daily", date=str(DATE))["sources"]
    for source, minutes in ((fire, 1), (camera, 2)):
        (gap,) = source["gaps"]
        assert (at(gap["from"]), at(gap["to"])) == (START + 8 * HOUR + minutes * MINUTE, END)


def test_a_source_that_was_not_heard_is_named_with_its_times(
    views: Views, database: Database
) -> None:
    device = {"source": "fire", "first_seen": START - ONE_DAY, "last_seen": START}
    with database.reading() as conn:
        insert(conn, "devices", [{**device, "device": "d-1", "area": HERE}])
        insert(conn, "devices", [{**device, "device": "d-2", "area": THERE}])
        minute = START - 30 * MINUTE
        while minute < END + 30 * MINUTE:
            if not START + 2 * HOUR <= minute < START + 5 * HOUR:
                count(conn, minute, source="fire", area=HERE)
            minute += 10 * MINUTE
    found = views.get("/reports/daily", date=str(DATE))
    (fire,) = found["sources"]
    silence = (START + 111 * MINUTE, START + 5 * HOUR)
    assert [(at(gap["from"]), at(gap["to"])) for gap in fire["gaps"]] == [silence]
    assert fire["coverage"] == round(1 - 189 / 1440, 4)
    assert fire["events"] == 24 * 6 - 18
    assert found["blind"] == [{"area": THERE, "hours": 24.0}]
    assert found["points"] == [
        {
            "key": "source_silent",
            "values": {
                **{"source": "fire", "from": fire["gaps"][0]["from"]},
                **{"to": fire["gaps"][0]["to"]},
            },
        },
        {"key": "blind", "values": {"n": 1}},
    ]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_day_without_anything_is_a_report_that_says_so(views: Views, database: Database) -> None:
    with database.reading() as conn:
        count(conn, START - 3 * ONE_DAY, source="fire")
    found = views.get("/reports/daily", date=str(DATE))
    assert (found["has_data"], found["points"]) == (False, [{"key": "no_data", "values": {}}])
    assert found["sources"] == [
        {
            **{"source": "fire", "events": 0, "coverage": 0.0, "dead_letters": 0},
            "gaps": [{"from": found["from"], "to": found["to"]}],
        }
    ]
    assert (found["dossiers"]["on_time_rate"], found["reports"]["on_time_rate"]) == (None, None)
    assert found["queues"]["wait_s"] == dict.fromkeys(("mean", "p50", "p90", "max"))


def test_days_that_cannot_be_are_refused(views: Views, database: Database) -> None:
    today = clock.now().astimezone(LOCAL_ZONE).date()
    assert views.get("/reports/daily")["date"] == str(today)  # there is nothing older
    with database.reading() as conn:
        count(conn, START)
    for asked, word in (
        (today + ONE_DAY, "has not begun"),
        (DATE - ONE_DAY, f"nothing before {DATE}"),
    ):
        answer = views.client.get("/api/v1/reports/daily", params={"date": str(asked)})
        assert (answer.status_code, answer.json()["code"]) == (400, "date")
        assert word in answer.json()["detail"]
    for wrong in ("2026-02-30", "yesterday", "9999-99-99"):
        assert views.client.get(f"/api/v1/reports/daily?date={wrong}").status_code == 400
    for wrong in ("lang=fr", "area=99999"):
        assert views.client.get(f"/api/v1/reports/daily?{wrong}").status_code == 400
    assert views.get("/reports/daily", date=str(today))["open"] is True


def flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, (*path, key))
    elif isinstance(value, list):
        for n, each in enumerate(value, 1):
            yield from flat(each, (*path, str(n)))
    else:
        yield ".".join(path), value


def as_written(text: str, like: Any) -> Any:
    """Return a cell as what it stands for, told by the value that it should be."""
    if text == "":
        return like if like == "" else None
    if isinstance(like, bool):
        return text == "true"
    if isinstance(like, int | float):
        return float(text)
    if isinstance(like, str) and like.endswith("Z"):
        return at(text).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return text.removeprefix("'")


def test_the_csv_has_every_figure_of_the_json(views: Views, database: Database) -> None:
    with database.reading() as conn:
        count(conn, START)
        a_day_of_alarms(conn)
        insert(conn, "reports", [report("=1+1", START, "open", START, emergency=True)])
        insert(conn, "visits", [visit('@P"D,P', "1", START, START + MINUTE)])
    params = {"date": str(DATE)}
    answer = views.client.get("/api/v1/reports/daily.csv", params=params)
    found = views.get("/reports/daily", **params)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="ioc-{DATE}.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfsection,name,area,value,unit,target,note\r\n")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    cells = {(row["section"], row["name"]): row["value"] for row in rows}
    assert len(cells) == len(rows)
    figures = {each["name"]: each for each in found.pop("kpis")}
    assert found.pop("shifts") is None
    for path, value in flat(found):
        section, _, name = path.partition(".")
        cell = cells.pop((section, name) if name else ("report", section))
        if path != "as_of":
            assert as_written(cell, value) == value, path
    for name, each in figures.items():
        for key in ("maximum", "met", "change_30d"):
            assert as_written(cells.pop(("kpis", f"{name}.{key}")), each[key]) == each[key]
        assert as_written(cells.pop(("kpis", name)), each["value"]) == each["value"]
    assert cells == {}
    assert {row["target"] for row in rows if row["name"] == "wait_p90"} == {"900.0"}


def test_a_cell_that_a_spreadsheet_would_run_is_text(views: Views, database: Database) -> None:
    with database.reading() as conn:
        count(conn, START)
        a_day_of_alarms(conn)
        insert(conn, "visits", [visit("@SUM(A1)", "1", START, START + MINUTE)])
        insert(conn, "reports", [report("-1", START, "open", START, emergency=True)])
    text = views.client.get(f"/api/v1/reports/daily.csv?date={DATE}").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    outside = [cell for row in rows[1:] for cell in row if cell.lstrip("'")[:1] in {*"=@-"}]
    assert {"'@SUM(A1)", "'-1", "'=Mất kết nối"} <= set(outside)
    assert all(cell.startswith("'") or float(cell) < 0 for cell in outside)


def test_every_figure_is_of_one_moment_and_reading_is_bounded(database: Database) -> None:
    with database.transaction() as conn:
        stored.begin(conn)
        one = stored.read(conn, day_of(DATE, clock.now()), None, clock.now())
        with database.reading() as other:
            raised(other, "grave", START + HOUR, "d-9")
        again = stored.read(conn, day_of(DATE, clock.now()), None, clock.now())
        assert one.alarms_total == again.alarms_total
        assert again.alarms_total.raised == 0
        bound = conn.execute("SHOW statement_timeout").fetchone()
        assert bound == {"statement_timeout": f"{stored.READ_TIMEOUT_MS // 1000}s"}
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("DELETE FROM alarms")


def test_what_takes_too_long_is_left_out_and_the_rest_stands(
    views: Views, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.reading() as conn:
        count(conn, START)
        a_day_of_alarms(conn)
    slow = {**stored.SQL, "late_events": "SELECT 1 AS n FROM pg_sleep(5)"}
    monkeypatch.setattr(stored, "SQL", slow)
    monkeypatch.setattr(stored, "EXTRA_TIMEOUT_MS", 50)
    found = views.get("/reports/daily", date=str(DATE))
    assert found["late_events"] is None
    assert found["alarms"]["total"]["raised"] == 3
    monkeypatch.setattr(stored, "SQL", {**stored.SQL, "alarms": "SELECT pg_sleep(5)"})
    monkeypatch.setattr(stored, "READ_TIMEOUT_MS", 50)
    answer = views.client.get("/api/v1/reports/daily", params={"date": str(DATE)})
    assert (answer.status_code, answer.json()["code"]) == (503, "too_slow")


def test_a_key_of_an_area_gets_the_report_of_that_area_alone(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as conn:
        count(conn, START)
        a_day_of_alarms(conn)
        _, token = keys.create(conn, "a commune", "viewer", THERE, clock.now())
    asked = {"date": str(DATE)}
    with running_api(database_url, "127.0.0.1:1", tmp_path, auth=True) as client:
        assert client.get("/api/v1/reports/daily", params=asked).status_code == 401
        client.headers["Authorization"] = f"Bearer {token}"
        found = client.get("/api/v1/reports/daily", params=asked).json()
        assert (found["area"], found["alarms"]["total"]["raised"]) == (THERE, 1)
        for end in ("", ".csv"):
            path = f"/api/v1/reports/daily{end}"
            assert client.get(path, params={**asked, "area": HERE}).status_code == 403
