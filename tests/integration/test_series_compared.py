"""Series beside the weeks before, with gaps and what came late; and the largest parts."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from api import span as span_module
from connectors.timescale import series as stored
from connectors.timescale import source_figures
from connectors.timescale.database import Database
from ioc import clock
from tests.integration.test_sources import event
from tests.integration.test_views import HERE, THERE, at, count
from tests.views_server import Views, raise_alarms, running_views

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
NOON = at("2026-10-20T05:00:00")


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def span(start: datetime, lasts: timedelta) -> dict[str, str]:
    return {"from": start.isoformat(), "to": (start + lasts).isoformat()}


def beside(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["n"], each["week_ago"], each["low"], each["high"]) for each in found["points"]]


def test_without_the_wish_nothing_is_compared(views: Views) -> None:
    found = views.get("/series", step="1m", **span(NOON, MINUTE))
    assert set(found) == {"metric", "step", "from", "to", "points"}
    assert set(found["points"][0]) == {"t", "n"}


def test_a_point_stands_beside_the_same_time_of_four_weeks(
    views: Views, database: Database
) -> None:
    with database.transaction() as conn:
        for week, n in enumerate((50, 10, 20, 30, 40)):
            count(conn, NOON - week * WEEK, n)
            count(conn, NOON - week * WEEK + 5 * MINUTE, 1, kind="smoke")
        count(conn, NOON - 5 * WEEK, 900)
        count(conn, NOON - 2 * WEEK + 5 * MINUTE, 6, source="fire", area=THERE)
    found = views.get("/series", source="camera", compare=True, **span(NOON, 10 * MINUTE))
    assert found["weeks"] == 4
    assert beside(found) == [(50, 10, 10, 40), (1, 1, 1, 1)]
    smoke = views.get(
        "/series", source="camera", kind="smoke", compare=True, **span(NOON, 10 * MINUTE)
    )
    assert beside(smoke)[0] == (0, 0, 0, 0)  # the camera spoke, of other things


def test_fewer_than_three_weeks_are_no_band(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        for week in range(3):
            count(conn, NOON - week * WEEK, 10 + week)
    found = views.get("/series", source="camera", compare=True, **span(NOON, 5 * MINUTE))
    assert (found["weeks"], beside(found)) == (2, [(10, 11, None, None)])


def test_silence_for_longer_than_ever_is_a_gap_and_no_zero(
    views: Views, database: Database
) -> None:
    with database.transaction() as conn:
        for minute in (0, 3, 20, 25, 60):
            count(conn, NOON + minute * MINUTE, 1, area=THERE)
        count(conn, NOON + 8 * MINUTE, 1, source="fire")
    found = views.get("/series", source="camera", step="1m", compare=True, **span(NOON, HOUR))
    # Of ten minutes a camera may be quiet: from 12:04 to 12:20, and from 12:26 on.
    assert found["gaps"] == [
        {"from": "2026-10-20T05:04:00Z", "to": "2026-10-20T05:20:00Z"},
        {"from": "2026-10-20T05:26:00Z", "to": "2026-10-20T06:00:00Z"},
    ]
    assert {each["n"] for each in found["points"]} == {0, 1}
    # The whole source counts: in the area HERE nothing came at all, and its zeros are zeros.
    here = views.get(
        "/series", source="camera", area=HERE, step="1m", compare=True, **span(NOON, HOUR)
    )
    assert here["gaps"] == found["gaps"]
    # A silence that began before is one from the first minute on.
    later = views.get(
        "/series", source="camera", step="1m", compare=True, **span(NOON + 10 * MINUTE, HOUR / 4)
    )
    assert later["gaps"] == [{"from": "2026-10-20T05:10:00Z", "to": "2026-10-20T05:20:00Z"}]
    alarms = views.get(
        "/series", metric="alarms", source="camera", compare=True, **span(NOON, HOUR)
    )
    assert alarms["gaps"] == []


def test_long_ranges_have_their_gaps_by_the_hour(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        for hour in range(24 * 4):
            if not 30 <= hour < 33:
                count(conn, NOON + hour * HOUR + 7 * MINUTE, 1)
    found = views.get("/series", source="camera", step="1h", compare=True, **span(NOON, 4 * DAY))
    begin = NOON + 30 * HOUR
    assert [(each["from"], each["to"]) for each in found["gaps"]] == [
        (f"{begin:%Y-%m-%dT%H:%M:%SZ}", f"{begin + 3 * HOUR:%Y-%m-%dT%H:%M:%SZ}")
    ]


def test_what_was_silent_in_a_week_before_is_not_among_the_lowest(
    views: Views, database: Database
) -> None:
    with database.transaction() as conn:
        for week in range(1, 5):
            for minute in range(0, 60, 5):
                if week != 2 or not 15 <= minute < 45:
                    count(conn, NOON - week * WEEK + minute * MINUTE, week)
    found = views.get("/series", source="camera", compare=True, **span(NOON, HOUR))
    # Silent from :11 to :45 two weeks ago: three weeks are left there.
    assert beside(found)[3] == (0, 1, 1, 4)
    assert [each["low"] for each in found["points"]] == [1] * 12
    assert found["gaps"] == [{"from": "2026-10-20T05:00:00Z", "to": "2026-10-20T06:00:00Z"}]


def test_the_gaps_can_be_asked_for_without_the_weeks(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        for minute in (0, 20, 60):
            count(conn, NOON + minute * MINUTE, 1)
    asked = {"source": "camera", "step": "1m", **span(NOON, HOUR)}
    found = views.get("/series", gaps=True, **asked)
    assert set(found) == {"metric", "step", "from", "to", "points", "gaps"}
    assert found["gaps"] == views.get("/series", compare=True, **asked)["gaps"] != []
    assert set(found["points"][0]) == {"t", "n"}


def test_a_week_in_which_nobody_waited_is_not_among_the_lowest(
    views: Views, database: Database
) -> None:
    cell = "INSERT INTO durations_1m VALUES (%s, 'wait', 'PDP', %s, %s, 1, 60000)"
    with database.transaction() as conn:
        for week in range(5):
            count(conn, NOON - week * WEEK, 1, source="queue", kind="issued")
            if week != 2:
                conn.execute(cell, [NOON - week * WEEK, HERE, 550 + week])
    found = views.get("/series", metric="wait_p50", compare=True, **span(NOON, 10 * MINUTE))
    (n, week_ago, low, high), empty = beside(found)
    assert 0 < n < week_ago == low < high
    assert empty == (None, None, None, None)


def test_a_source_that_never_spoke_is_one_gap_up_to_now(views: Views) -> None:
    now = clock.now()
    found = views.get("/series", source="fire", compare=True, **span(now - HOUR, 2 * HOUR))
    (gap,) = found["gaps"]
    assert datetime.fromisoformat(gap["to"]) < now + MINUTE
    assert (found["weeks"], found["late"]) == (0, 0)
    assert found["points"][0]["week_ago"] is None


def test_late_events_of_the_range_are_counted(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        event(conn, NOON, 30 * MINUTE)
        event(conn, NOON, 50 * timedelta(seconds=1))
        event(conn, NOON, 2 * MINUTE, source="fire")
        event(conn, NOON - HOUR, 2 * MINUTE)
    assert views.get("/series", compare=True, **span(NOON, HOUR))["late"] == 2
    assert views.get("/series", source="fire", compare=True, **span(NOON, HOUR))["late"] == 1
    assert views.get("/series", metric="alarms", compare=True, **span(NOON, HOUR))["late"] is None


def test_a_range_with_too_many_events_is_not_looked_through_for_late_ones(
    views: Views, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as conn:
        event(conn, NOON, 30 * MINUTE)
        count(conn, NOON, 7)
        count(conn, NOON + MINUTE, 3)
        count(conn, NOON + HOUR, 1000)
    asked = {"source": "camera", "compare": True, **span(NOON, HOUR)}
    monkeypatch.setattr(source_figures, "LOOKED_THROUGH_MAX", 10)
    assert views.get("/series", step="1m", **asked)["late"] == 1
    monkeypatch.setattr(source_figures, "LOOKED_THROUGH_MAX", 9)
    assert views.get("/series", step="5m", **asked)["late"] is None
    monkeypatch.undo()
    monkeypatch.setattr(source_figures, "MINUTES_MAX", 1)
    assert views.get("/series", step="1h", **asked)["late"] is None


def test_what_many_screens_compare_is_read_once_for_a_moment(
    views: Views, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.shared.rest_s", lambda *_: 60.0)
    with database.transaction() as conn:
        count(conn, NOON, 7)
    asked = {"source": "camera", "step": "1h", **span(NOON, HOUR)}
    first = views.get("/series", compare=True, **asked)
    with database.transaction() as conn:
        count(conn, NOON, 5, area=THERE)
    assert views.get("/series", compare=True, **asked) == first
    assert views.get("/series", compare=True, area=THERE, **asked)["points"][0]["n"] == 5
    assert views.get("/series", **asked)["points"][0]["n"] == 12


def test_two_months_are_compared_and_no_more(views: Views) -> None:
    long = {"step": "1d", "compare": "true", **span(NOON - 100 * DAY, 62 * DAY)}
    assert views.get("/series", **long)["weeks"] == 0
    longer = {**long, **span(NOON - 100 * DAY, 63 * DAY)}
    for path in ("/series", "/series.csv"):
        answer = views.client.get(f"/api/v1{path}", params=longer)
        assert (answer.status_code, answer.json()["code"]) == (400, "range")
    assert len(views.get("/series", **{**longer, "compare": "false"})["points"]) == 64


def test_the_table_says_the_same_as_the_series(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        for week in range(4):
            count(conn, NOON - week * WEEK, 5 + week)
            count(conn, NOON - week * WEEK + 5 * MINUTE, 7)
    asked = {"source": "camera", "step": "5m", "compare": "true", **span(NOON, HOUR / 2)}
    answer = views.client.get("/api/v1/series.csv", params=asked)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="events-5m-20261020-1200.csv"' in answer.headers["content-disposition"]
    assert answer.content.startswith(codecs.BOM_UTF8)
    rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["time", "events", "week_ago", "low", "high", "silent"]
    assert rows[1] == ["2026-10-20T12:00:00+07:00", "5", "6", "6", "8", "0"]
    assert [row[-1] for row in rows[1:]] == ["0", "0", "1", "1", "1", "1"]
    found = views.get("/series", **asked)
    assert [int(row[1]) for row in rows[1:]] == [each["n"] for each in found["points"]]
    plain = views.client.get("/api/v1/series.csv", params={"step": "1d"}).content.decode(
        "utf-8-sig"
    )
    assert plain.splitlines()[0] == "time,events"


def test_the_largest_kinds_and_areas_stand_beside_a_week_ago(
    views: Views, database: Database
) -> None:
    with database.transaction() as conn:
        count(conn, NOON, 5, kind="person")
        count(conn, NOON + MINUTE, 4, kind="person", area=THERE)
        count(conn, NOON, 9, kind="car")
        count(conn, NOON, 2, source="fire", kind="smoke")
        count(conn, NOON - WEEK, 6, kind="car")
        count(conn, NOON - WEEK, 3, kind="truck")
        count(conn, NOON + HOUR, 100)
        count(conn, NOON - WEEK - MINUTE, 100)
    asked = span(NOON, HOUR)
    assert views.get("/series/by", source="camera", limit=2, **asked) == {
        "rows": [
            {"key": "car", "n": 9, "week_ago": 6},
            {"key": "person", "n": 9, "week_ago": 0},
        ],
        "total": {"n": 18, "week_ago": 9},
    }
    assert views.get("/series/by", by="area", **asked)["rows"] == [
        {"key": HERE, "n": 16, "week_ago": 9},
        {"key": THERE, "n": 4, "week_ago": 0},
    ]
    assert views.get("/series/by", area=THERE, **asked)["total"] == {"n": 4, "week_ago": 0}


def test_alarms_are_counted_by_rule_and_area(views: Views, database: Database) -> None:
    raise_alarms(database, 2, rule="fire-alarm")
    raise_alarms(database, rule="sos", source="citizen", area=None)
    asked = span(clock.now() - HOUR, 2 * HOUR)
    by_rule = views.get("/series/by", metric="alarms", **asked)
    assert [(each["key"], each["n"]) for each in by_rule["rows"]] == [("fire-alarm", 2), ("sos", 1)]
    by_area = views.get("/series/by", metric="alarms", by="area", source="citizen", **asked)
    assert [(each["key"], each["n"]) for each in by_area["rows"]] == [("19", 1)]


@pytest.mark.parametrize(
    ("path", "statement", "params"),
    [
        ("/series", "counts", {}),
        ("/series.csv", "minutes_heard", {"gaps": True}),
        ("/series", "spoke", {"compare": True}),
        ("/series/by", "events_by", {}),
    ],
)
def test_what_takes_too_long_is_given_up(
    views: Views, monkeypatch: pytest.MonkeyPatch, path: str, statement: str, params: dict[str, Any]
) -> None:
    monkeypatch.setattr(span_module, "READ_TIMEOUT_MS", 50)
    monkeypatch.setattr(stored, "SQL", {**stored.SQL, statement: "SELECT pg_sleep(5)"})
    answer = views.client.get(f"/api/v1{path}", params={**params, **span(NOON, HOUR)})
    assert (answer.status_code, answer.json()["code"]) == (400, "too_broad")


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/series/by", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-09T00:00:00Z"}, "range"),
        ("/series/by", {"by": "device"}, "invalid"),
        ("/series/by", {"limit": 0}, "invalid"),
        ("/series.csv", {"step": "2m"}, "invalid"),
        ("/series.csv", {"area": "00000"}, "area"),
        ("/series", {"compare": "perhaps"}, "invalid"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    views: Views, path: str, params: dict[str, Any], code: str
) -> None:
    answer = views.client.get(f"/api/v1{path}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
