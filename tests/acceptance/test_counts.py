"""Every number is what one plain reading of the events gives, whatever happened on the way."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from ioc import clock
from tests.acceptance import oracle
from tests.acceptance.busy_hour import COMMUNES, BusyHour
from tests.acceptance.house import House, eventually, write_events
from tests.acceptance.oracle import LOCAL, Sent

TAKEOVER_WITHIN_S = 20.0
#: What the other tests of this house send is of other years.
SINCE = timedelta(days=40)


def rows(house: House, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(house.database_url) as conn:
        return conn.execute(query.encode(), values).fetchall()


def test_a_file_sent_twice_through_two_workers_with_one_killed_counts_once(
    house: House, tmp_path: Path
) -> None:
    now = clock.now()
    sent = BusyHour(now, seed=7).sent()
    first = [each.event for each in sent]
    second = random.Random(8).sample(first, len(first))
    records = house.position() + len(first) + len(second)
    house.start("worker-2")
    house.wait_ready()

    killed_at_s = send_and_kill_half_way(house, first, write_events(tmp_path / "again.gz", second))
    eventually(house.is_ready, TAKEOVER_WITHIN_S, "worker-2 holds all partitions")
    assert time.monotonic() - killed_at_s < TAKEOVER_WITHIN_S
    house.wait_read(records)

    events = oracle.distinct(sent)
    assert house.count(where="ce_source = '/busy-7'") == len(events)
    assert house.count("dead_letters") == 0
    assert_counted(house, events, now)
    assert_desks_are_right(house, events, now)
    assert_alarms_are_right(house, events, now)


def send_and_kill_half_way(house: House, first: Sequence[object], second: Path) -> float:
    """Send both copies; kill the first worker in the middle of the first. Return when."""
    half = len(first) // 2
    path = second.with_name("first.ndjson")
    write_events(path, first[:half])  # type: ignore[arg-type]
    assert house.ioc("send", str(path)).returncode == 0
    eventually(lambda: house.count() > 0, 20, "the first batch is stored")
    house.kill("worker")
    killed_at_s = time.monotonic()
    assert house.count() < half, "the other half was still to come"
    write_events(path, first[half:])  # type: ignore[arg-type]
    done = house.ioc("send", str(path), str(second))
    assert done.stdout.splitlines()[-1] == f"sent {len(first) * 2 - half}, refused 0", done.stderr
    return killed_at_s


def assert_counted(house: House, events: Sequence[Sent], now: datetime) -> None:
    wanted = oracle.per_minute(events)
    found = rows(
        house,
        "SELECT minute, source, area, kind, sum(n) FROM rollup_1m WHERE minute > %s "
        "GROUP BY minute, source, area, kind",
        now - SINCE,
    )
    assert {tuple(row[:4]): row[4] for row in found} == wanted

    # The same through the API, which fills empty minutes with zeros.
    start, end = oracle.minute(now - timedelta(hours=12)), oracle.minute(now)
    for code in ("19", COMMUNES[0][0]):
        series = house.get(
            "/series",
            **{"metric": "events", "source": "camera", "area": code, "step": "1m"},
            **{"from": start.isoformat(), "to": end.isoformat()},
        )
        points = {datetime.fromisoformat(point["t"]): point["n"] for point in series["points"]}
        expected: Counter[datetime] = Counter()
        for (minute, source, area, _), n in wanted.items():
            if source == "camera" and code in {"19", area} and start <= minute < end:
                expected[minute] += n
        assert len(points) == 12 * 60
        assert {at: n for at, n in points.items() if n} == expected


def assert_desks_are_right(house: House, events: Sequence[Sent], now: datetime) -> None:
    visits, dossiers = oracle.visits(events), oracle.dossiers(events)
    found = rows(
        house,
        "SELECT minute, metric, office, sum(n), sum(sum_ms) FROM durations_1m WHERE minute > %s "
        "GROUP BY minute, metric, office HAVING sum(n) <> 0",
        now - SINCE,
    )
    wanted = oracle.durations(visits, dossiers)
    assert {tuple(row[:3]): (row[3], row[4]) for row in found} == wanted

    days = [(now - timedelta(days=ago)).astimezone(LOCAL) for ago in (12, 1)]
    for office in (None, *sorted({visit.office for visit in visits})):
        named = {} if office is None else {"office": office}
        around = span(now - timedelta(hours=2), now + timedelta(minutes=1))
        queue = house.get("/queues/summary", **named, **around)
        expected = oracle.queue_summary([v for v in visits if office in {None, v.office}])
        assert queue.pop("wait_s") == pytest.approx(expected.pop("wait_s"), rel=0.02)
        assert queue | expected == queue
        summary = house.get("/dossiers/summary", **named, **span(*days))
        some = [d for d in dossiers if office in {None, d.office}]
        expected = oracle.dossier_summary(some, *days)
        assert summary | expected == summary


def span(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": start.isoformat(), "to": end.isoformat()}


def assert_alarms_are_right(house: House, events: Sequence[Sent], now: datetime) -> None:
    wanted = oracle.transitions(events, now)

    def logged() -> oracle.Transitions:
        found = rows(
            house,
            "SELECT a.rule, a.key, l.type, count(*) FROM alarm_log l "
            "JOIN alarms a ON a.id = l.alarm_id WHERE a.event_source = '/busy-7' GROUP BY 1, 2, 3",
        )
        return Counter({(str(row[0]), str(row[1]), str(row[2])): int(str(row[3])) for row in found})

    # Silence ends what cameras saw once the stream has passed it.
    eventually(lambda: logged().total() >= wanted.total(), 10, "all transitions")
    if logged() != wanted:  # DBG
        for r in rows(house, "SELECT a.key, l.seq, l.type, l.at, l.alarm->>'event_time', l.alarm->>'condition_at', l.alarm->>'count' FROM alarm_log l JOIN alarms a ON a.id=l.alarm_id WHERE a.rule='fire-alarm' ORDER BY 1,2"): print("LOG", *r)
        for r in rows(house, "SELECT device, time, data->>'state', partition, \"offset\", received_at, ce_id FROM events WHERE device like '%%panel%%' ORDER BY 1, partition, \"offset\""): print("EV", *r)
        for r in rows(house, "SELECT * FROM offsets ORDER BY 1,2,3"): print("OFF", *r)
    assert logged() == wanted
