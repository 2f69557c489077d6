"""Overview, series, queues and dossiers over rows of which the answers are known."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api import overview as overview_module
from api.province import ProvinceReader, local_day, overview
from connectors.timescale.database import Conn, Database
from ioc import clock
from ioc.alarm import HIDDEN, State
from ioc.rollup import Duration
from ioc.severity import Severity
from tests.incident_world import Word, World
from tests.patience import patient
from tests.views_server import Views, raise_alarms, running_views

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
HERE, THERE = "05443", "05455"


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def insert(conn: Conn, table: str, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f"%({name})s" for name in row)
        conn.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", row)  # noqa: S608


def count(conn: Conn, minute: datetime, n: int = 1, partition: int = 0, **fields: str) -> None:
    """Count events as a worker does."""
    words = {"source": "camera", "area": HERE, "kind": "person", "severity": "low", **fields}
    minute = minute.replace(second=0, microsecond=0)
    conn.execute(
        "INSERT INTO series (source, area, kind, severity)"
        " VALUES (%(source)s, %(area)s, %(kind)s, %(severity)s) ON CONFLICT DO NOTHING",
        words,
    )
    conn.execute(
        "INSERT INTO counts_1m (minute, series, partition, n)"
        " SELECT %(minute)s, id, %(partition)s, %(n)s FROM series"
        " WHERE (source, area, kind, severity)"
        " = (%(source)s, %(area)s, %(kind)s, %(severity)s)",
        {**words, "minute": minute, "partition": partition, "n": n},
    )


# Overview ---------------------------------------------------------------------------------------


def test_an_empty_province_has_every_number_at_zero(views: Views) -> None:
    found = views.get("/overview")
    assert set(found["sources"]) == {"camera", "fire", "citizen", "queue"}
    for source in found["sources"].values():
        assert source == {
            "counts": {"1m": 0, "5m": 0, "1h": 0, "24h": 0},
            "last_event_at": None,
            "devices": {"known": 0, "silent": 0},
            "state": "unknown",
            "dead_letters_24h": 0,
        }
    assert found["area"] == "19"
    assert found["as_of"].endswith("Z")
    assert found["alarms"] == {
        "open": 0,
        "by_severity": {"critical": 0, "high": 0, "medium": 0, "low": 0},
        "by_state": {
            **{"unacknowledged": 0, "acknowledged": 0, "returned": 0},
            **{"shelved": 0, "suppressed": 0, "out_of_service": 0},
        },
        "by_area": {},
        "by_source": {},
    }
    assert found["hidden"]["total"] == 0
    assert set(found["hidden"]["by_reason"].values()) == {0}
    assert found["flood"] == {"positions": [], "ended": []}
    assert found["incidents"] == {
        "open": 0,
        "by_severity": {"critical": 0, "high": 0, "medium": 0, "low": 0},
        "newest": [],
    }
    assert found["reports"] == {"new_today": 0, "overdue": 0, "sos_open": 0}
    assert found["queues"]["wait_s"] == {"mean": None, "p50": None, "p90": None, "max": None}
    assert found["dossiers"]["on_time_rate"] is None
    assert found["processing"] == {"state": "stopped", "lag_s": None, "workers": 0, "notifiers": 0}


def test_events_are_counted_in_the_windows_that_they_are_in(database: Database) -> None:
    now = at("2026-11-22T07:05:15")
    with database.transaction() as conn:
        for minutes_ago, n in ((0, 1), (1, 4), (2, 10), (5, 100), (7, 1000)):
            count(conn, now - minutes_ago * MINUTE, n)
        count(conn, now - 60 * MINUTE, 10_000)
        count(conn, now - 70 * MINUTE, 100_000, partition=2)
        count(conn, now - 24 * 60 * MINUTE, 4_000_000)
        count(conn, now - 25 * 60 * MINUTE, 7_000_000)
        count(conn, now, 3, partition=1, area=THERE)
    province = ProvinceReader(database).read(now)
    # A quarter of this minute is over, so a quarter of each window's first one has left it.
    assert overview(province, HERE)["sources"]["camera"]["counts"] == {
        "1m": 1 + 3,
        "5m": 1 + 4 + 10 + 75,
        "1h": 1 + 4 + 10 + 100 + 1000 + 7500,
        "24h": 1 + 4 + 10 + 100 + 1000 + 10_000 + 100_000 + 3_000_000,
    }
    assert overview(province, None)["sources"]["camera"]["counts"]["1m"] == 1 + 3 + 3
    assert overview(province, THERE)["sources"]["camera"]["counts"]["24h"] == 3


def test_counts_stay_whole_when_the_old_minutes_are_read_less_often(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.paced.PACE", 1_000_000)  # 10 s between readings
    reader = ProvinceReader(database)
    now = at("2026-11-22T07:05:59")
    with database.transaction() as conn:
        count(conn, now - 30 * MINUTE, 5)
        count(conn, now - MINUTE, 1)
    assert overview(reader.read(now), None)["sources"]["camera"]["counts"]["1h"] == 6
    reader._recent.forget()
    with database.transaction() as conn:
        count(conn, now + 2 * MINUTE, 2)
    later = overview(reader.read(now + 2 * MINUTE), None)["sources"]["camera"]["counts"]
    assert later == {"1m": 2, "5m": 3, "1h": 8, "24h": 8}


def test_the_last_event_is_told_to_the_second(database: Database) -> None:
    now = at("2026-11-22T07:05:15")
    heard = now - timedelta(seconds=77)
    with database.transaction() as conn:
        count(conn, heard, source="citizen")
        insert(
            conn,
            "events",
            [
                {
                    **{"time": heard, "id": uuid4(), "received_at": now, "source": "citizen"},
                    **{"type": "t", "ce_source": "s", "ce_id": "i", "area": HERE, "kind": "k"},
                    **{"partition": 0, "offset": 0, "data": "{}"},
                }
            ],
        )
    found = overview(ProvinceReader(database).read(now), None)["sources"]["citizen"]
    assert (found["last_event_at"], found["state"]) == (heard, "healthy")


def test_silent_devices_and_sources_are_told(database: Database) -> None:
    now = at("2026-11-22T07:05:15")
    devices = [
        ("camera", "c1", HERE, now - timedelta(minutes=9)),
        ("camera", "c2", HERE, now - timedelta(minutes=11)),
        ("fire", "f1", HERE, now - timedelta(minutes=16)),
        ("fire", "f2", THERE, now - timedelta(days=3)),
    ]
    with database.transaction() as conn:
        insert(
            conn,
            "devices",
            [
                {"source": s, "device": d, "area": a, "first_seen": seen, "last_seen": seen}
                for s, d, a, seen in devices
            ],
        )
    province = ProvinceReader(database).read(now)
    whole = overview(province, None)["sources"]
    assert whole["camera"]["devices"] == {"known": 2, "silent": 1}
    assert whole["camera"]["state"] == "healthy"
    assert whole["fire"]["devices"] == {"known": 2, "silent": 2}
    assert whole["fire"]["state"] == "silent"
    assert whole["fire"]["last_event_at"] == now - timedelta(minutes=16)
    there = overview(province, THERE)["sources"]
    assert there["fire"]["devices"] == {"known": 1, "silent": 1}
    assert there["fire"]["last_event_at"] == now - timedelta(days=3)
    assert there["camera"]["state"] == "healthy"  # the feed's, not the commune's


def test_open_alarms_are_counted_by_severity_state_and_area(
    views: Views, database: Database
) -> None:
    raise_alarms(database, 2, severity=Severity.HIGH)
    raise_alarms(database, area=THERE)
    raise_alarms(database, area=None)
    found = views.get("/overview")["alarms"]
    assert found["open"] == 4
    assert found["by_severity"] == {"critical": 2, "high": 2, "medium": 0, "low": 0}
    assert found["by_state"]["unacknowledged"] == 4
    assert found["by_area"] == {
        HERE: {"critical": 0, "high": 2, "medium": 0, "low": 0},
        THERE: {"critical": 1, "high": 0, "medium": 0, "low": 0},
        "19": {"critical": 1, "high": 0, "medium": 0, "low": 0},
    }
    assert views.get("/overview", area=THERE)["alarms"]["open"] == 1


def test_what_is_set_aside_rings_in_no_count_of_severities(
    views: Views, database: Database
) -> None:
    raise_alarms(database, severity=Severity.HIGH, state=State.RETURNED)
    for state in sorted(HIDDEN):
        raise_alarms(database, state=state)
        raise_alarms(database, area=THERE, state=state)
    found = views.get("/overview")["alarms"]
    assert found["open"] == 7
    assert found["by_state"] == {
        **{"unacknowledged": 0, "acknowledged": 0, "returned": 1},
        **{"shelved": 2, "suppressed": 2, "out_of_service": 2},
    }
    assert found["by_severity"] == {"critical": 0, "high": 1, "medium": 0, "low": 0}
    high = {"critical": 0, "high": 1, "medium": 0, "low": 0}
    assert (found["by_area"], found["by_source"]) == ({HERE: high}, {"fire": high})


def test_a_flood_is_shown_with_its_groups_and_exactly_what_it_hides(
    views: Views, database: Database
) -> None:
    (first,) = raise_alarms(database, severity=Severity.HIGH)
    raise_alarms(database, 11, severity=Severity.HIGH)
    raise_alarms(database, 3, severity=Severity.HIGH)
    raise_alarms(database, 2, area=THERE)
    found = views.get("/overview")
    (flood,) = found["flood"]["positions"]
    folded = views.get("/alarms", limit=100)["alarms"]
    n = sum(alarm["folded"] for alarm in folded)
    assert n > 0
    assert (flood["position"], flood["rate_10m"], flood["hidden"]) == ("main", 17, n)
    assert found["hidden"]["by_reason"]["folded"] == found["hidden"]["total"] == n
    assert [(each["area"], each["n"], each["worst"]) for each in flood["groups"]] == [
        (THERE, 2, "critical"),
        (HERE, 15, "high"),
    ]
    assert flood["groups"][1]["first_out"] == str(first)
    there = views.get("/overview", area=THERE)["flood"]["positions"][0]
    assert (there["hidden"], there["groups_total"]) == (0, 1)
    with views.live(profile="wall") as live:
        shown = live.next("snapshot").data["alarms"]
    assert [alarm["folded"] for alarm in shown] == sorted(alarm["folded"] for alarm in shown)


def test_the_end_of_a_flood_is_shown_for_a_minute(database: Database) -> None:
    raise_alarms(database, 12, severity=Severity.LOW)
    now = clock.now()
    with database.transaction() as conn:
        conn.execute("UPDATE floods SET ended_at = %s", [now])
    (over,) = overview(ProvinceReader(database).read(now), None)["flood"]["ended"]
    assert (over["position"], over["ended_at"], over["alarms"]) == ("main", now, 12)
    later = ProvinceReader(database).read(now + timedelta(seconds=61))
    assert overview(later, None)["flood"] == {"positions": [], "ended": []}


def test_open_incidents_are_counted_and_the_newest_shown(database: Database) -> None:
    world = World(database)
    world.tell(Word("camera-fire", "cam-1"), Word("fire-alarm", "panel-1"))
    now = clock.now()
    found = overview(ProvinceReader(database).read(now), None)["incidents"]
    assert (found["open"], found["by_severity"]["critical"]) == (1, 1)
    (incident,) = found["newest"]
    assert (incident["title_en"], incident["area"]) == ("Fire, 2 sources agree", HERE)
    assert overview(ProvinceReader(database).read(now), THERE)["incidents"]["open"] == 0


def test_reports_that_need_somebody_are_counted(database: Database) -> None:
    now = at("2026-11-22T18:00:00")  # 01:00 on the 23rd in the province
    yesterday, today = at("2026-11-22T16:59:00"), at("2026-11-22T17:01:00")
    rows = [
        ("a", "open", today, None, False),
        ("b", "open", yesterday, now - MINUTE, False),
        ("c", "in_progress", yesterday, now + MINUTE, True),
        ("d", "resolved", today, now - MINUTE, True),
        ("e", "resolved", yesterday, None, True),
    ]
    with database.transaction() as conn:
        insert(
            conn,
            "reports",
            [
                {
                    **{"report": name, "area": HERE, "category": "road", "status": status},
                    **{"status_at": opened, "opened_at": opened, "due_at": due},
                    **{"emergency": emergency, "event_id": uuid4()},
                }
                for name, status, opened, due, emergency in rows
            ],
        )
    found = overview(ProvinceReader(database).read(now), None)["reports"]
    assert found == {"new_today": 2, "overdue": 1, "sos_open": 1}


def test_processing_says_whether_the_numbers_are_of_now(database: Database) -> None:
    now = clock.now()

    def told() -> Any:
        return overview(ProvinceReader(database).read(now), None)["processing"]

    with database.transaction() as conn:
        row = {"log": "a", "topic": "t", "next": 1, "held_by": "w", "held_at": now}
        slow = {**row, "progress_at": now - timedelta(seconds=2), "partition": 0}
        insert(conn, "offsets", [slow, {**row, "progress_at": now, "partition": 1}])
        # What is left of an earlier life of the broker says nothing.
        insert(conn, "offsets", [{**slow, "log": "old", "held_at": now - DAY}])
    assert told() == {"state": "stopped", "lag_s": 2.0, "workers": 1, "notifiers": 0}
    with database.transaction() as conn:
        mine = {"name": "n", "kind": "notifier", "started_at": now, "seen_at": now}
        insert(conn, "processes", [mine])
    assert told() == {"state": "healthy", "lag_s": 2.0, "workers": 1, "notifiers": 1}
    with database.transaction() as conn:
        insert(conn, "offsets", [{**slow, "partition": 2, "held_at": None}])
    assert told()["state"] == "degraded"
    with database.transaction() as conn:
        conn.execute("DELETE FROM offsets WHERE partition = 2")
        conn.execute("UPDATE offsets SET progress_at = %s", [now - MINUTE])
    assert told()["state"] == "degraded"


def test_the_overview_is_what_its_model_says(views: Views, database: Database) -> None:
    raise_alarms(database)
    with database.transaction() as conn:
        count(conn, clock.now(), 3, source="drone")
    found = views.get("/overview")
    assert set(found) == set(overview_module.Overview.model_fields)
    assert found["sources"]["drone"]["counts"]["1h"] == 3
    with views.live() as live:
        shown = live.next("snapshot").data["overview"]
    for whole in (found, shown):
        whole.pop("as_of")
    assert shown == found


# Series -----------------------------------------------------------------------------------------


def points(found: dict[str, Any]) -> list[Any]:
    return [point["n"] for point in found["points"]]


def test_empty_minutes_are_zeros_and_buckets_start_at_the_floor(
    views: Views, database: Database
) -> None:
    start = at("2026-11-20T10:00:00")
    with database.transaction() as conn:
        count(conn, start, 1)
        count(conn, start, 2, partition=1)
        count(conn, start + 2 * MINUTE, 5, kind="smoke")
        count(conn, start + 3 * MINUTE, 7, source="fire", area=THERE)
        count(conn, start + 4 * MINUTE, 100)
    span = {"from": "2026-11-20T10:00:30Z", "to": "2026-11-20T17:04:00+07:00"}
    found = views.get("/series", metric="events", step="1m", **span)
    assert points(found) == [3, 0, 5, 7]
    assert found["points"][0]["t"] == "2026-11-20T10:00:00Z"
    assert (found["metric"], found["step"]) == ("events", "1m")
    assert (found["from"], found["to"]) == ("2026-11-20T10:00:30Z", "2026-11-20T10:04:00Z")
    assert points(views.get("/series", step="1m", source="camera", **span)) == [3, 0, 5, 0]
    assert points(views.get("/series", step="1m", area=THERE, **span)) == [0, 0, 0, 7]
    assert points(views.get("/series", step="1m", kind="smoke", **span)) == [0, 0, 5, 0]
    assert points(views.get("/series", step="5m", **span)) == [15]


@pytest.mark.parametrize("ago", [timedelta(days=2), timedelta(days=400)])
def test_hours_and_days_add_up_however_old_they_are(
    views: Views, database: Database, ago: timedelta
) -> None:
    day = local_day(clock.now() - ago)
    with database.transaction() as conn:
        for hour in range(48):
            count(conn, day + timedelta(hours=hour, minutes=59), hour)
        count(conn, day - MINUTE, 1000)
        count(conn, day + 2 * DAY, 1000)
    span = {"from": day.isoformat(), "to": (day + 2 * DAY).isoformat()}
    assert points(views.get("/series", step="1h", **span)) == list(range(48))
    assert points(views.get("/series", step="1d", **span)) == [
        sum(range(24)),
        sum(range(24, 48)),
    ]
    # Half a day at either end: the first bucket is whole, the last one ends at `to`.
    span = {
        "from": (day + timedelta(hours=12)).isoformat(),
        "to": (day + timedelta(hours=36)).isoformat(),
    }
    assert points(views.get("/series", step="1d", **span)) == [
        sum(range(24)),
        sum(range(24, 36)),
    ]


def test_old_and_young_parts_of_a_long_range_meet_without_a_gap(
    views: Views, database: Database
) -> None:
    day = local_day(clock.now())
    with database.transaction() as conn:
        for days_ago in range(20):
            count(conn, day - days_ago * DAY, 1 + days_ago)
    span = {"from": (day - 19 * DAY).isoformat(), "to": (day + DAY).isoformat()}
    assert points(views.get("/series", step="1d", **span)) == list(range(20, 0, -1))
    by_hour = points(views.get("/series", step="1h", **span))
    assert [n for n in by_hour if n] == list(range(20, 0, -1))


def test_alarms_are_counted_when_they_were_raised(views: Views, database: Database) -> None:
    raise_alarms(database, 2)
    raise_alarms(database, area=THERE, rule="sos", source="citizen")
    now = clock.now()
    span = {"from": (now - MINUTE).isoformat(), "to": (now + 2 * MINUTE).isoformat()}
    assert sum(points(views.get("/series", metric="alarms", step="1m", **span))) == 3
    for params, n in (({"area": HERE}, 2), ({"source": "citizen"}, 1), ({"kind": "sos"}, 1)):
        found = views.get("/series", metric="alarms", step="1m", **span, **params)
        assert sum(points(found)) == n


def test_steps_of_the_desks_are_series_of_their_own(views: Views, database: Database) -> None:
    start = at("2026-11-20T10:00:00")
    with database.transaction() as conn:
        for number, kind in enumerate(("issued", "served", "abandoned", "received", "resolved")):
            count(conn, start, number + 1, source="queue", kind=kind)
        count(conn, start, 50, source="other", kind="issued")
    span = {"from": start.isoformat(), "to": (start + MINUTE).isoformat(), "step": "1m"}
    for number, kind in enumerate(("issued", "served", "abandoned", "received", "resolved")):
        assert points(views.get("/series", metric=kind, **span)) == [number + 1]
        assert points(views.get("/series", metric=kind, source="fire", **span)) == [0]


def test_percentiles_of_waiting_are_within_two_percent(views: Views, database: Database) -> None:
    start = at("2026-11-20T10:00:00")
    waits_ms = [10_000 * (number + 1) for number in range(100)]
    with database.transaction() as conn:
        for number, wait_ms in enumerate(waits_ms):
            ended = start + timedelta(seconds=number)
            cell = Duration("wait", f"o{number % 3}", HERE, ended, wait_ms).cell()
            conn.execute(
                "INSERT INTO durations_1m VALUES (%s, 'wait', %s, %s, %s, 1, %s)"
                " ON CONFLICT (minute, metric, office, area, bin) DO UPDATE"
                " SET n = durations_1m.n + 1",
                [cell.minute, cell.office, cell.area, cell.bin, wait_ms],
            )
    span = {"from": start.isoformat(), "to": (start + 10 * MINUTE).isoformat(), "step": "5m"}
    p50, empty = points(views.get("/series", metric="wait_p50", **span))
    p90, _ = points(views.get("/series", metric="wait_p90", **span))
    assert p50 == pytest.approx(500, rel=0.02)
    assert p90 == pytest.approx(900, rel=0.02)
    assert empty is None, "nobody waited: that is no wait of 0 s"
    assert points(views.get("/series", metric="wait_p90", area=THERE, **span)) == [None, None]
    table = views.client.get("/api/v1/series.csv", params={"metric": "wait_p50", **span}).text
    assert [row.split(",")[1] != "" for row in table.splitlines()[1:]] == [True, False]


def test_a_wrong_range_is_a_problem_with_a_code(views: Views) -> None:
    for params, code in (
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-01-08T00:00:00Z"}, "too_many_points"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "range"),
        ({"from": "2026-01-01T00:00:00"}, "invalid"),
        ({"from": "yesterday"}, "invalid"),
        ({"from": "2026-01-01T00:00:00Z", "step": "2m"}, "invalid"),
        ({"from": "2026-01-01T00:00:00Z", "metric": "x"}, "invalid"),
        ({"from": "0001-01-01T00:00:00+14:00", "to": "2026-01-01T00:00:00Z"}, "range"),
        ({"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T00:00:00Z"}, "range"),
    ):
        answer = views.client.get("/api/v1/series", params={"step": "1m", **params})
        assert (answer.status_code, answer.json()["code"]) == (400, code), params


def test_a_range_that_is_not_given_is_the_day_in_the_province(views: Views) -> None:
    found = views.get("/series", step="1d", source="", area="", kind="")
    assert len(found["points"]) == 1
    assert found["from"] == found["points"][0]["t"]
    assert datetime.fromisoformat(found["from"]) == local_day(clock.now())
    assert views.get("/queues/summary", office="")["issued"] == 0
    assert views.get("/dossiers/summary")["received"] == 0


def test_ten_thousand_points_are_allowed(views: Views) -> None:
    start = at("2026-01-01T00:00:00")
    span = {"from": start.isoformat(), "to": (start + 10_000 * MINUTE).isoformat()}
    assert points(views.get("/series", step="1m", **span)) == [0] * 10_000


# Queues -----------------------------------------------------------------------------------------


def visit(number: int, office: str = "PDP", area: str = HERE, **times: Any) -> dict[str, Any]:
    """Return a visit of the 20th; times are minutes after 08:00 in the province."""
    begin = at("2026-11-20T01:00:00")
    outcome = times.pop("outcome", None)
    known = {name: begin + minutes * MINUTE for name, minutes in times.items()}
    waited = known.get("called_at") or known.get("ended_at")
    wait = waited and "issued_at" in known and (waited - known["issued_at"])
    return {
        **{"office": office, "day": "2026-11-20", "ticket": f"A{number}", "visit": 1},
        **{"area": area, "outcome": outcome, **known, "waited_until": waited},
        "wait_ms": round(wait.total_seconds() * 1000) if wait else None,
    }


def test_queues_are_counted_by_the_time_of_each_step(views: Views, database: Database) -> None:
    visits = [
        visit(1, issued_at=0, called_at=10, ended_at=15, outcome="served"),
        visit(2, issued_at=1, called_at=21, ended_at=70, outcome="served"),  # served after
        visit(3, issued_at=2, called_at=65),  # called after
        visit(4, issued_at=3),
        visit(5, issued_at=4, ended_at=30, outcome="abandoned"),  # its wait is not among the waits
        visit(6, issued_at=5, called_at=35, ended_at=40, outcome="abandoned"),
        visit(7, issued_at=-20, called_at=20, ended_at=25, outcome="served"),  # issued before
        visit(8, called_at=20),  # nobody said when it was issued
        visit(9, office="DX", area=THERE, issued_at=0, called_at=4),
        visit(10, office="DX", area=THERE, issued_at=60, called_at=64),  # at the very end
    ]
    with database.transaction() as conn:
        insert(conn, "visits", visits)
    span = {"from": "2026-11-20T01:00:00Z", "to": "2026-11-20T02:00:00Z"}
    found = views.get("/queues/summary", **span, office="PDP")
    assert found == {
        **{"issued": 6, "called": 5, "served": 2, "abandoned": 2, "waiting": 2},
        # 10, 20, 30 and 40 minutes
        "wait_s": {"mean": 1500.0, "p50": 1200.0, "p90": 2400.0, "max": 2400.0},
    }
    assert found == views.get("/queues/summary", **span, area=HERE)
    everywhere = views.get("/queues/summary", **span)
    assert (everywhere["issued"], everywhere["wait_s"]["mean"]) == (7, (1500 * 4 + 240) / 5)
    assert views.get("/queues/summary", **span, office="none")["wait_s"]["max"] is None


def test_the_overview_shows_the_queues_of_the_local_day(database: Database) -> None:
    with database.transaction() as conn:
        insert(
            conn,
            "visits",
            [
                visit(1, issued_at=0, called_at=10),
                visit(2, area=THERE, issued_at=0, called_at=30),
                visit(3, issued_at=-9 * 60),  # the evening before
            ],
        )
    province = ProvinceReader(database).read(at("2026-11-20T16:59:00"))
    whole = overview(province, None)["queues"]
    assert (whole["issued"], whole["waiting"]) == (2, 0)
    assert whole["wait_s"] == {"mean": 1200.0, "p50": 600.0, "p90": 1800.0, "max": 1800.0}
    assert overview(province, HERE)["queues"]["wait_s"]["max"] == 600.0
    tomorrow = ProvinceReader(database).read(at("2026-11-20T17:01:00"))
    assert overview(tomorrow, None)["queues"]["issued"] == 0


# Dossiers ---------------------------------------------------------------------------------------


def dossier(conn: Conn, name: str, *steps: tuple[str, int], due: int | None = None) -> None:
    """Store a dossier of which steps are days after the first of October."""
    begin = at("2026-09-30T17:00:00")
    times: dict[str, datetime] = {}
    for action, days in steps:
        moment = begin + days * DAY
        times[f"{action}_at"] = min(moment, times.get(f"{action}_at", moment))
        step = {"at": moment, "office": "PDP", "dossier": name, "action": action, "area": HERE}
        insert(conn, "dossier_steps", [step])
    known = {"office": "PDP", "dossier": name, "area": HERE, "area_at": begin}
    due_at = None if due is None else begin + due * DAY
    insert(conn, "dossiers", [{**known, **times, "due_at": due_at}])


def test_dossiers_are_counted_as_the_contract_says(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        dossier(conn, "on time", ("received", 1), ("resolved", 5), due=5)
        dossier(conn, "without due date", ("received", 2), ("resolved", 9))
        dossier(conn, "late", ("received", 2), ("resolved", 9), due=8)
        dossier(conn, "open", ("received", 3), due=40)
        dossier(conn, "overdue", ("received", 3), due=29)
        dossier(conn, "open since long", ("received", -50), due=-20)
        dossier(conn, "resolved later", ("received", 3), ("resolved", 35), due=20)
        dossier(conn, "withdrawn later", ("received", 3), ("withdrawn", 35))
        dossier(conn, "withdrawn", ("received", 3), ("withdrawn", 10), due=1)
        dossier(conn, "only resolved", ("resolved", 6), due=7)
        dossier(conn, "received at the very end", ("received", 31))
        dossier(conn, "of before", ("received", -9), ("resolved", -3))
        dossier(
            conn,
            "again",
            ("received", -9),
            ("received", 4),
            ("resolved", -3),
            ("resolved", 8),
            due=7,
        )
        dossier(conn, "twice", ("received", 4), ("received", 5), ("resolved", 6), ("resolved", 7))
    span = {"from": "2026-10-01T00:00:00+07:00", "to": "2026-11-01T00:00:00+07:00"}
    found = views.get("/dossiers/summary", **span)
    assert found == {
        **{"received": 10, "resolved": 6, "on_time": 4, "late": 2},
        **{"open": 5, "overdue": 3, "on_time_rate": 0.6667},
    }
    assert found == views.get("/dossiers/summary", **span, office="PDP", area=HERE)
    nothing = views.get("/dossiers/summary", **span, area=THERE)
    assert (nothing["received"], nothing["on_time_rate"]) == (0, None)


def test_ten_months_of_the_province_are_answered_in_time(views: Views, database: Database) -> None:
    with database.transaction() as conn:
        conn.execute(
            """
            WITH made AS (
                SELECT i, timestamptz '2022-12-31 17:00Z' + i * 42 * interval '1 second' AS t
                FROM generate_series(0, 612220) AS i)
            INSERT INTO dossiers (office, dossier, area, area_at, received_at, resolved_at, due_at)
            SELECT 'o' || i % 180, 'D' || i, '05443', t, t,
                CASE WHEN i < 594406 THEN t + interval '3 days' END,
                t + CASE WHEN i < 592504 THEN interval '5 days' ELSE interval '2 days' END
            FROM made
            """
        )
        conn.execute(
            "INSERT INTO dossier_steps SELECT received_at, office, dossier, 'received', area"
            " FROM dossiers UNION ALL SELECT resolved_at, office, dossier, 'resolved', area"
            " FROM dossiers WHERE resolved_at IS NOT NULL"
        )
        conn.execute("ANALYZE dossiers, dossier_steps")
    span = {"from": "2023-01-01T00:00:00+07:00", "to": "2023-11-01T00:00:00+07:00"}
    started = time.monotonic()
    found = views.get("/dossiers/summary", **span)
    assert time.monotonic() - started < patient(2)
    assert (found["received"], found["resolved"]) == (612_221, 594_406)
    assert (found["on_time"], found["on_time_rate"], found["open"]) == (592_504, 0.9968, 17_815)
