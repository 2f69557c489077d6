"""Every number is what one plain reading of the events gives, whatever happened on the way."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ioc import clock
from tests.acceptance import oracle
from tests.acceptance.busy_hour import COMMUNES, BusyHour
from tests.acceptance.hostile import (
    GOOD,
    SCHEMA,
    TOPIC,
    WRONG_TOPIC,
    Hostile,
    Payload,
    Place,
    publish,
    publish_with_a_broken_header_name,
    text,
)
from tests.acceptance.hostile import event as hostile_event
from tests.acceptance.house import House, JsonObject, eventually, write_events
from tests.acceptance.oracle import LOCAL, Sent
from tests.integration.city_requests import la311_events, whole_file
from tests.patience import patient

TAKEOVER_WITHIN_S = 20.0
#: What the other tests of this house send is of other years.
SINCE = timedelta(days=40)


def rows(house: House, query: str, *values: object) -> list[tuple[Any, ...]]:
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
    assert time.monotonic() - killed_at_s < patient(TAKEOVER_WITHIN_S)
    house.wait_read(records)

    events = oracle.distinct(sent)
    assert house.count(where="ce_source = '/busy-7'") == len(events)
    assert house.count("dead_letters") == 0
    assert_counted(house, events, now)
    assert_desks_are_right(house, events, now)
    assert_alarms_are_right(house, events, now)


def send_and_kill_half_way(house: House, first: Sequence[JsonObject], second: Path) -> float:
    """Send both copies; kill the first worker once it has begun. Return when."""
    path = write_events(second.with_name("first.ndjson"), first)
    with ThreadPoolExecutor(1) as sender:
        sending = sender.submit(house.ioc, "send", str(path), str(second))
        eventually(lambda: house.count() > 0, 20, "the first batch is stored")
        house.kill("worker")
        killed_at_s = time.monotonic()
        assert not sending.done(), "there was more to come"
        done = sending.result()
    assert done.stdout.splitlines()[-1] == f"sent {len(first) * 2}, refused 0", done.stderr
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
    assert logged() == wanted


# Hostile payloads --------------------------------------------------------------------------------


def test_good_events_between_hostile_ones_are_stored_and_each_bad_one_says_why(
    house: House,
) -> None:
    hostile = Hostile(seed=2026, now=clock.now())
    bad, good = list(hostile.payloads(500)), list(hostile.good(500))
    mixed = [payload for pair in zip(bad, good, strict=True) for payload in pair]
    records = house.position() + len(mixed)
    workers = {name: process.pid for name, process in house.running.items()}

    places = asyncio.run(publish(house.kafka, mixed))
    house.wait_read(records)

    stored = {Place(*row) for row in rows(house, STORED_PLACES)}
    buried = {Place(*row[:3]): row[3:] for row in rows(house, BURIED_PLACES)}
    assert len(set(places)) == len(mixed)
    for payload, place in zip(mixed, places, strict=True):
        reason, detail, raw = buried.get(place, ("stored", "", None))
        assert reason in payload.outcomes, f"{payload.name}: {reason} {detail}"
        if reason == "stored":
            assert place in stored, f"{payload.name} is neither stored nor a dead letter"
        else:
            assert detail, payload.name
            assert raw == (payload.value or b""), payload.name
    assert house.count(where="ce_id LIKE 'good-%%' AND ce_source = '/hostile'") == len(good)
    assert {name: process.pid for name, process in house.running.items()} == workers
    assert all(process.poll() is None for process in house.running.values()), "nobody has died"
    # The views still read what was stored, whatever it was.
    everything = span(datetime(1970, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    assert house.get("/events", limit=1000, **everything)["events"]
    assert house.get("/dossiers/summary", office="hostile", **everything)["received"] >= 1
    assert house.get("/overview")["sources"]["fire"]["dead_letters_24h"] > 0


STORED_PLACES = """SELECT CASE source WHEN 'camera' THEN 'ioc.camera.v1' WHEN 'fire' THEN
    'ioc.fire.v1' WHEN 'citizen' THEN 'ioc.citizen.v1' ELSE 'ioc.queue.v1' END, partition, "offset"
    FROM events WHERE ce_source = '/hostile'"""
BURIED_PLACES = 'SELECT topic, partition, "offset", reason, detail, raw FROM dead_letters'


def test_a_dead_letter_is_stored_once_it_is_mended_and_retried(
    house: House, tmp_path: Path
) -> None:
    broken = hostile_event(id="mend-1", data={"state": "unknown"})
    lost = hostile_event("camera", id="mend-2")
    payloads = [
        Payload("broken", TOPIC["fire"], text(broken), SCHEMA),
        Payload("lost", TOPIC["queue"], text(lost), WRONG_TOPIC),
    ]
    records = house.position() + len(payloads)
    schema, wrong_topic = (
        house_letter(house, place) for place in place_once_read(house, payloads, records)
    )

    refused = house.ioc("dead-letters", "retry", str(schema))
    assert refused.returncode == 1
    assert f"{schema}: data.state" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout.splitlines()[-1] == "retried 0, failed 1"

    mended = tmp_path / "mended.json"
    mended.write_bytes(text(broken | {"data": {"kind": "heartbeat", "state": "normal"}}))
    done = house.ioc("dead-letters", "retry", str(schema), "--value", str(mended))
    assert done.stdout.splitlines()[-1] == "retried 1, failed 0", done.stderr
    # What came on the wrong road goes on the right one, and twice is once.
    for _ in range(2):
        done = house.ioc("dead-letters", "retry", str(wrong_topic))
        assert done.stdout.splitlines()[-1] == "retried 1, failed 0", done.stderr
    house.wait_read(records + 3)
    house.wait_stored(2, where="ce_source = '/hostile' AND ce_id LIKE 'mend-%%'")

    letters = {letter["id"]: letter for letter in house.get("/dead-letters")["dead_letters"]}
    assert letters[schema]["reason"] == "schema"
    assert letters[wrong_topic]["reason"] == "wrong_topic"
    for number in (schema, wrong_topic):
        assert letters[number]["retried_at"] is not None
    for number, name in ((schema, "mend-1"), (wrong_topic, "mend-2")):
        first = house.row("SELECT received_at FROM dead_letters WHERE id = %s", number)
        kept = house.row("SELECT received_at FROM events WHERE ce_id = %s", name)
        assert kept == first, "received when it first came"


def place_once_read(house: House, payloads: Sequence[Payload], records: int) -> list[Place]:
    places = asyncio.run(publish(house.kafka, payloads))
    house.wait_read(records)
    return places


def house_letter(house: House, place: Place) -> int:
    """Return the number of the dead letter of a record, as `ioc dead-letters` wants it."""
    found = house.row(
        'SELECT id FROM dead_letters WHERE topic = %s AND partition = %s AND "offset" = %s',
        place.topic,
        place.partition,
        place.offset,
    )
    return int(found[0])


# A real city -------------------------------------------------------------------------------------


def test_a_real_citys_requests_are_all_stored_and_those_without_a_place_are_the_provinces(
    house: House, tmp_path: Path
) -> None:
    requests = list(la311_events(whole_file()))
    placeless = [each for each in requests if "lat" not in each["data"]]
    assert len(requests) == 9_999
    assert len(placeless) == 1_753
    records = house.position() + len(requests)
    sent = house.ioc("send", str(write_events(tmp_path / "requests.ndjson", requests)))
    assert sent.stdout.splitlines()[-1] == f"sent {len(requests)}, refused 0", sent.stderr
    house.wait_read(records)

    identities = {(each["id"], each["time"]) for each in requests}
    house.wait_stored(len(identities), where="ce_source = '/la311'")
    # Los Angeles is nowhere in the province, so all of it is the whole province's.
    assert house.count(where="ce_source = '/la311' AND area <> '19'") == 0
    days = span(datetime(2017, 12, 1, tzinfo=UTC), datetime(2018, 1, 31, tzinfo=UTC))
    for area in ({}, {"area": "19"}):
        series = house.get("/series", metric="events", source="citizen", step="1d", **area, **days)
        assert sum(point["n"] for point in series["points"]) == len(identities)
    found = rows(
        house,
        "SELECT kind, sum(n) FROM rollup_1m WHERE source = 'citizen' "
        "AND minute >= '2017-12-01' AND minute < '2018-02-01' GROUP BY kind",
    )
    categories = Counter(each["data"]["category"] for each in requests)
    assert dict(found) == categories


# The last one: when it fails, this house has no worker any more.
def test_a_header_name_that_is_not_utf8_does_not_stop_a_worker(house: House) -> None:
    records = house.position() + 21
    asyncio.run(publish_with_a_broken_header_name(house.kafka))
    good = [Payload("after", TOPIC["fire"], text(hostile_event(id="after")), GOOD, key=None)]
    asyncio.run(publish(house.kafka, good * 20))
    house.wait_read(records, 10)
    assert house.count(where="ce_source = '/hostile' AND ce_id = 'after'") == 1
    assert all(process.poll() is None for process in house.running.values()), "nobody has died"
