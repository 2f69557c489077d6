"""Events over HTTP: into a real broker, and out of a real database."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition
from psycopg.types.json import Jsonb

from connectors.embedded.run import mark_broker_full
from connectors.timescale import dead_letters, keys
from connectors.timescale.database import Database
from ioc import clock
from ioc.event import Event, Refusal, decode, identity
from ioc.topics import EVENT_TOPICS
from tests.api_server import running_api, running_broker
from tests.patience import patient

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_broker(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture
def consumer(kafka: str) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(bootstrap_servers=kafka)
    consumer.assign([TopicPartition(topic, part) for topic in EVENT_TOPICS for part in range(4)])
    consumer.seek_to_end()
    for partition in consumer.assignment():
        consumer.position(partition)
    yield consumer
    consumer.close()


@pytest.fixture
def api(database_url: str, kafka: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(database_url, kafka, tmp_path) as client:
        yield client


@pytest.fixture
def guarded(database_url: str, kafka: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(database_url, kafka, tmp_path, auth=True) as client:
        yield client


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"panel-{number}",
        "source": "/sia/1234",
        "type": "ioc.fire.reading",
        "time": "2026-11-22T02:14:12Z",
        "area": "05443",
        "device": "panel-1234",
        "data": {"kind": "smoke", "state": "alarm"},
        **changes,
    }


def nested(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def records(consumer: KafkaConsumer, count: int) -> list[Any]:
    found: list[Any] = []
    deadline = time.monotonic() + patient(10)
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records"
        for batch in consumer.poll(timeout_ms=200).values():
            found.extend(batch)
    return found


def decoded(record: Any) -> Event | Refusal:
    received_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return decode(record.value, record.headers, record.topic, received_at)


# In ---------------------------------------------------------------------------------------------


def test_one_event_is_in_kafka_when_202_is_answered(
    api: httpx.Client, consumer: KafkaConsumer
) -> None:
    answer = api.post("/api/v1/events", headers=STRUCTURED, content=json.dumps(event()))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "refused": []})
    (record,) = records(consumer, 1)
    assert (record.topic, record.key) == ("ioc.fire.v1", b"05443")
    assert json.loads(record.value) == event()
    assert isinstance(decoded(record), Event)


def test_binary_mode_carries_its_headers(api: httpx.Client, consumer: KafkaConsumer) -> None:
    sent = event(subject="Khói ở tầng 2")
    headers = {
        "Content-Type": "application/json",
        **{f"ce-{name}": sent[name] for name in ("specversion", "id", "source", "type", "time")},
        "ce-device": "panel-1234",
        "ce-subject": "Kh%C3%B3i%20%E1%BB%9F%20t%E1%BA%A7ng%202",
    }
    data = {**sent["data"], "lat": 21.59, "lon": 105.84}
    assert api.post("/api/v1/events", headers=headers, json=data).status_code == 202
    (record,) = records(consumer, 1)
    found = decoded(record)
    assert isinstance(found, Event)
    assert found.subject == "Khói ở tầng 2"
    assert found.id == identity("/sia/1234", "panel-1")
    assert record.key is not None  # from the point
    assert json.loads(record.value) == data


def test_a_batch_keeps_its_good_events_and_names_the_others(
    api: httpx.Client, consumer: KafkaConsumer
) -> None:
    far = (clock.now() + timedelta(days=1)).isoformat()
    hostile: list[Any] = [
        event(1),
        event(2, data={"kind": "smoke"}),
        event(3, time=far),
        event(4, type="ioc.unknown"),
        5,
        event(6, data={"kind": "smoke", "state": "alarm", "note": "a\u0000b"}),
        event(7, data={"kind": "smoke", "state": "alarm", "note": "x" * 300_000}),
        event(8, data={"kind": "smoke", "state": "alarm", "value": float("nan")}),
        event(9, data={"kind": "smoke", "state": "alarm", "note": "\ud800"}),
        event(10, data={"kind": "smoke", "state": "alarm", "n": 123456789012345678901234567890}),
        event(11, data={"kind": "smoke", "state": "alarm", "n": nested(400)}),
    ]
    answer = api.post("/api/v1/events", headers=BATCH, content=json.dumps(hostile))
    assert answer.status_code == 202
    body = answer.json()
    assert body["accepted"] == 2
    assert {one["index"]: one["code"] for one in body["refused"]} == {
        1: "schema",
        2: "clock",
        3: "wrong_type",
        4: "schema",
        5: "nul",
        6: "too_large",
        7: "not_json",
        8: "not_json",
        10: "too_deep",
    }
    found = records(consumer, 2)
    assert all(isinstance(decoded(record), Event) for record in found)
    assert {json.loads(record.value)["data"].get("n") for record in found} == {
        None,
        123456789012345678901234567890,
    }


def test_a_deep_event_is_refused_alone_whichever_reader_took_the_batch(api: httpx.Client) -> None:
    for levels in (40, 300, 900, 980, 995, 1100, 100_000):
        text = f"[{json.dumps(event())}, {'[' * levels}{']' * levels}]"
        answer = api.post("/api/v1/events", headers=BATCH, content=text)
        assert answer.status_code in {202, 400}, levels
        body = answer.json()
        assert (body.get("code") or body["refused"][0]["code"]) == "too_deep", levels


def test_nothing_usable_is_a_400_that_says_why(api: httpx.Client) -> None:
    for body in (b"", b"{", b"\xff", b"{}", b"[]", b"[" * 100_000):
        answer = api.post("/api/v1/events", headers=STRUCTURED, content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "nothing_usable"), body[:10]
        assert answer.json()["refused"][0]["index"] == 0
    for body in (b"", b"{", b"\xff", b"{}", b"[" * 100_000, b'["a", ' + b"1" * 5000 + b"]"):
        answer = api.post("/api/v1/events", headers=BATCH, content=body)
        assert answer.status_code == 400, body[:10]
        assert answer.headers["content-type"] == "application/problem+json"
    answer = api.post("/api/v1/events", headers=BATCH, content=json.dumps([event(data={})]))
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (400, "schema")


def test_the_limits_are_413_and_another_type_is_415(api: httpx.Client) -> None:
    many = [event(number) for number in range(1001)]
    answer = api.post("/api/v1/events", headers=BATCH, content=json.dumps(many))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_events")
    large = json.dumps(event(data={"kind": "smoke", "state": "alarm", "note": "x" * 300_000}))
    assert api.post("/api/v1/events", headers=STRUCTURED, content=large).status_code == 413
    body = b" " * (5 * 1024 * 1024 + 1)
    assert api.post("/api/v1/events", headers=BATCH, content=body).status_code == 413
    for media_type in ("text/plain", "application/json", "application/xml", ""):
        answer = api.post("/api/v1/events", headers={"Content-Type": media_type}, content=b"{}")
        assert answer.status_code == 415, media_type
    utf16 = {"Content-Type": "application/cloudevents+json; charset=utf-16"}
    assert api.post("/api/v1/events", headers=utf16, content=b"{}").status_code == 415


def test_a_full_batch_of_a_thousand_is_taken(api: httpx.Client, consumer: KafkaConsumer) -> None:
    many = [event(number) for number in range(1000)]
    answer = api.post("/api/v1/events", headers=BATCH, content=json.dumps(many))
    assert answer.json()["accepted"] == 1000
    assert len({record.value for record in records(consumer, 1000)}) == 1000


def test_a_full_broker_says_come_back(api: httpx.Client, tmp_path: Path) -> None:
    mark_broker_full(tmp_path, full=True)
    answer = api.post("/api/v1/events", headers=STRUCTURED, content=json.dumps(event()))
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_full")
    assert int(answer.headers["retry-after"]) > 0
    mark_broker_full(tmp_path, full=False)
    answer = api.post("/api/v1/events", headers=STRUCTURED, content=json.dumps(event()))
    assert answer.status_code == 202


def test_kafka_away_is_a_503_within_two_seconds(database_url: str, tmp_path: Path) -> None:
    with running_api(database_url, "127.0.0.1:1", tmp_path) as api:
        for _ in range(2):
            began = time.monotonic()
            answer = api.post("/api/v1/events", headers=STRUCTURED, content=json.dumps(event()))
            assert time.monotonic() - began < patient(2.0)
            assert (answer.status_code, answer.json()["code"]) == (503, "kafka_unavailable")
            assert int(answer.headers["retry-after"]) > 0


def test_a_connector_of_a_commune_sends_for_that_commune_only(
    guarded: httpx.Client, database: Database, consumer: KafkaConsumer
) -> None:
    with database.transaction() as conn:
        _, token = keys.create(conn, "panels", "connector", "05443", clock.now())
    answer = guarded.post(
        "/api/v1/events",
        headers={**BATCH, "X-API-Key": token},
        content=json.dumps([event(1), event(2, area="01840"), event(3, area=None)]),
    )
    assert answer.json()["accepted"] == 1
    assert [one["code"] for one in answer.json()["refused"]] == ["other_area", "other_area"]
    assert records(consumer, 1)[0].key == b"05443"


# Out --------------------------------------------------------------------------------------------

MINUTE = datetime(2026, 11, 22, 2, tzinfo=UTC)


def store(database: Database, number: int, **changes: Any) -> None:
    row = {
        "time": MINUTE + timedelta(minutes=number // 2),
        "id": identity("/s", str(number)),
        "received_at": MINUTE,
        "source": "fire",
        "type": "ioc.fire.reading",
        "ce_source": "/s",
        "ce_id": str(number),
        "area": "05443",
        "device": "d1",
        "ref": "d1",
        "kind": "smoke",
        "data": {},
        **changes,
    }
    with database.transaction() as conn:
        conn.execute(
            """INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, area,
                   device, ref, kind, partition, "offset", data)
               VALUES (%(time)s, %(id)s, %(received_at)s, %(source)s, %(type)s, %(ce_source)s,
                   %(ce_id)s, %(area)s, %(device)s, %(ref)s, %(kind)s, 0, 0, %(data)s)""",
            {**row, "data": Jsonb(row["data"])},
        )


def test_pages_hold_every_event_once_newest_first(api: httpx.Client, database: Database) -> None:
    for number in range(25):
        store(database, number)
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": "10"} | ({"cursor": cursor} if cursor else {})
        page = api.get("/api/v1/events", params=params)
        found += page.json()["events"]
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert len({one["id"] for one in found}) == len(found) == 25
    assert [one["time"] for one in found] == sorted((one["time"] for one in found), reverse=True)
    assert found[-1]["time"] == "2026-11-22T02:00:00Z"


def test_filters_take_what_matches_and_time_is_half_open(
    api: httpx.Client, database: Database
) -> None:
    store(database, 0)
    store(database, 2, area="01840", source="camera", device="d2", ref="d2")
    store(database, 4, device=None, ref="PA-1", source="citizen")

    def ids(**params: str) -> list[str]:
        return [one["ce_id"] for one in api.get("/api/v1/events", params=params).json()["events"]]

    assert ids() == ids(area="19") == ["4", "2", "0"]
    assert ids(area="01840") == ids(source="camera") == ids(device="d2") == ["2"]
    assert ids(device="PA-1") == []
    assert ids(**{"from": "2026-11-22T02:01:00Z", "to": "2026-11-22T09:02:00+07:00"}) == ["2"]


def test_a_reporter_is_shown_to_operators_only_and_the_look_is_logged(
    guarded: httpx.Client, database: Database
) -> None:
    reporter = {"name": "Người dân", "phone": "+84900000000"}
    store(database, 1, source="citizen", data={"report": "PA-1", "reporter": reporter})
    store(database, 2)
    with database.transaction() as conn:
        _, viewer = keys.create(conn, "screen", "viewer", None, clock.now())
        _, operator = keys.create(conn, "Hoa", "operator", None, clock.now())
    seen = guarded.get("/api/v1/events", headers={"X-API-Key": viewer})
    assert seen.status_code == 200
    assert "reporter" not in seen.text
    assert "+84900000000" not in seen.text
    with database.reading() as conn:
        assert conn.execute("SELECT * FROM looks").fetchall() == []
    seen = guarded.get("/api/v1/events", headers={"X-API-Key": operator})
    assert seen.json()["events"][1]["data"]["reporter"] == reporter
    with database.reading() as conn:
        looks = conn.execute("SELECT by, what FROM looks").fetchall()
    assert looks == [{"by": "Hoa", "what": "reporter of /s 1"}]


# Dead letters -----------------------------------------------------------------------------------


def bury(database: Database, offset: int, raw: bytes, **changes: Any) -> int:
    row = {
        "topic": "ioc.fire.v1",
        "reason": "schema",
        "received_at": MINUTE + timedelta(hours=1),
        "headers": [],
        **changes,
    }
    with database.transaction() as conn:
        buried = conn.execute(
            """INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source,
                   reason, detail, headers, raw)
               VALUES (now(), 'log', %(topic)s, 0, %(offset)s, %(received_at)s, 'fire',
                   %(reason)s, 'why', %(headers)s, %(raw)s) RETURNING id""",
            {**row, "offset": offset, "headers": Jsonb(row["headers"]), "raw": raw},
        ).fetchone()
    assert buried is not None
    return int(buried["id"])


def test_dead_letters_are_listed_without_and_shown_with_their_bytes(
    api: httpx.Client, database: Database
) -> None:
    ids = [bury(database, number, b"\xff{") for number in range(3)]
    page = api.get("/api/v1/dead-letters?limit=2&source=fire&reason=schema").json()
    assert [one["id"] for one in page["dead_letters"]] == [ids[2], ids[1]]
    assert "base64" not in page["dead_letters"][0]
    rest = api.get("/api/v1/dead-letters", params={"cursor": page["next"]}).json()
    assert [one["id"] for one in rest["dead_letters"]] == [ids[0]]
    assert rest["next"] is None
    whole = api.get(f"/api/v1/dead-letters/{ids[0]}").json()
    assert (whole["text"], whole["base64"]) == (None, "/3s=")
    with database.reading() as conn:
        looks = conn.execute("SELECT by, what FROM looks").fetchall()
    assert looks == [{"by": "local", "what": f"dead letter {ids[0]}"}]


def test_a_retry_keeps_the_first_time_and_finds_the_right_topic(
    api: httpx.Client, database: Database, consumer: KafkaConsumer
) -> None:
    letter = bury(
        database,
        1,
        json.dumps(event()).encode(),
        topic="ioc.camera.v1",
        reason="wrong_topic",
        headers=[["x-note", "6Q=="]],
    )
    answer = api.post(f"/api/v1/dead-letters/{letter}/retry")
    assert answer.status_code == 200
    (record,) = records(consumer, 1)
    assert record.topic == "ioc.fire.v1"
    assert record.timestamp == (MINUTE + timedelta(hours=1)).timestamp() * 1000
    assert record.headers == [("x-note", b"\xe9")]
    with database.reading() as conn:
        row = dead_letters.one(conn, letter).row
    assert row["retried_by"] == "local"
    assert row["retried_at"] is not None


def test_a_retry_that_would_die_again_says_so_and_takes_a_fixed_event(
    api: httpx.Client, database: Database, consumer: KafkaConsumer
) -> None:
    letter = bury(database, 1, json.dumps(event(data={"kind": "smoke"})).encode())
    answer = api.post(f"/api/v1/dead-letters/{letter}/retry")
    assert (answer.status_code, answer.json()["code"]) == (400, "schema")
    assert "data.state" in answer.json()["detail"]
    for value in ({}, event(id="\ud800"), event(data={"kind": "smoke", "value": float("nan")})):
        body = json.dumps({"value": value})
        wrong = api.post(f"/api/v1/dead-letters/{letter}/retry", content=body)
        assert wrong.status_code == 400, value
    with database.reading() as conn:
        assert dead_letters.one(conn, letter).row["retried_at"] is None
    fixed = api.post(f"/api/v1/dead-letters/{letter}/retry", json={"value": event()})
    assert fixed.status_code == 200
    (record,) = records(consumer, 1)
    assert json.loads(record.value) == event()
    assert record.timestamp == (MINUTE + timedelta(hours=1)).timestamp() * 1000


def test_a_retry_without_kafka_leaves_the_letter_as_it_was(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    letter = bury(database, 1, json.dumps(event()).encode())
    with running_api(database_url, "127.0.0.1:1", tmp_path) as api:
        answer = api.post(f"/api/v1/dead-letters/{letter}/retry")
    assert (answer.status_code, answer.json()["code"]) == (503, "kafka_unavailable")
    with database.reading() as conn:
        assert dead_letters.one(conn, letter).row["retried_at"] is None
