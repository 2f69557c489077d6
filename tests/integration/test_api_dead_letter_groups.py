"""Dead letters by the hundred: grouped, tried, sent with their own time, given up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition
from psycopg.types.json import Jsonb

from api import dead_letter_groups
from connectors.kafka.producer import Producer, Record
from connectors.retry import CHUNK_LETTERS, retry_many
from connectors.timescale import dead_letters, keys
from connectors.timescale.database import Database
from ioc import clock
from ioc.errors import BrokerUnavailableError
from ioc.event import Event
from ioc.mending import Rename
from ioc.topics import EVENT_TOPICS
from tests.api_server import running_api, running_broker
from tests.integration.test_api_events import decoded, event, records

RECEIVED_AT = clock.now().replace(microsecond=0) - timedelta(hours=3)
MISSING = "data.state: Field required"
RENAME = [{"op": "rename", "from": "/data/stat", "to": "/data/state"}]
PATH = "/api/v1/dead-letters"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_broker(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture
def consumer(kafka: str) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(bootstrap_servers=kafka)
    consumer.assign([TopicPartition(topic, part) for topic in EVENT_TOPICS for part in range(4)])
    consumer.seek_to_beginning()
    yield consumer
    consumer.close()


@pytest.fixture
def api(database_url: str, kafka: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(database_url, kafka, tmp_path) as client:
        yield client


def misspelt(number: int) -> bytes:
    return json.dumps(event(number, data={"kind": "smoke", "stat": "alarm"})).encode()


@pytest.fixture
def bury(database: Database) -> Any:
    def buried(offset: int, raw: bytes, **changes: Any) -> int:
        row = {"source": "fire", "reason": "schema", "detail": MISSING, "headers": [], **changes}
        with database.transaction() as conn:
            found = conn.execute(
                """INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at,
                       source, reason, detail, headers, raw)
                   VALUES (now(), 'log', 'ioc.fire.v1', 0, %(offset)s, %(received_at)s,
                       %(source)s, %(reason)s, %(detail)s, %(headers)s, %(raw)s) RETURNING id""",
                {
                    **row,
                    "offset": offset,
                    "received_at": RECEIVED_AT,
                    "headers": Jsonb(row["headers"]),
                    "raw": raw,
                },
            ).fetchone()
        assert found is not None
        return int(found["id"])

    return buried


@pytest.fixture
def group(api: httpx.Client, bury: Any) -> dict[str, Any]:
    """Bury 120 letters with one misspelt field, and return their group as a client names it."""
    for number in range(120):
        bury(number, misspelt(number))
    (found,) = api.get(f"{PATH}/groups").json()["groups"]
    return {name: found[name] for name in ("source", "reason", "detail", "newest")}


def waiting(api: httpx.Client) -> list[int]:
    return [each["n"] for each in api.get(f"{PATH}/groups").json()["groups"]]


def test_groups_count_what_waits_and_what_nobody_has_seen(
    api: httpx.Client, database: Database, bury: Any
) -> None:
    ids = [bury(number, misspelt(number)) for number in range(4)]
    other = bury(9, b"{", source="camera", reason="not_json", detail="EOF")
    first, second = api.get(f"{PATH}/groups").json()["groups"]
    assert (first["source"], first["n"], first["unseen"]) == ("camera", 1, 1)
    assert (second["detail"], second["n"], second["newest"]) == (MISSING, 4, ids[-1])
    assert second["expires_at"] > second["last_at"]
    assert api.get(f"{PATH}/{ids[1]}").json()["text"] == misspelt(1).decode()
    _, second = api.get(f"{PATH}/groups").json()["groups"]
    assert second["unseen"] == 2, "two came after the one that was looked at"
    api.post(f"{PATH}/discard", json={"ids": [other], "why": "thử"})
    assert waiting(api) == [4]
    later = {"from": (clock.now() + timedelta(hours=1)).isoformat()}
    assert api.get(f"{PATH}/groups", params=later).json()["groups"] == []
    with database.reading() as conn:
        looks = conn.execute("SELECT what FROM looks").fetchall()
    assert looks == [{"what": f"dead letter {ids[1]}"}], "groups show no bytes"


def test_times_that_differ_are_one_group(api: httpx.Client, bury: Any) -> None:
    for number, moment in enumerate(("2026-11-22T09:00:00+00:00", "2026-11-22T09:00:01.5+00:00")):
        bury(number, b"{}", reason="clock", detail=f"time {moment} is in the future")
    (found,) = api.get(f"{PATH}/groups").json()["groups"]
    assert (found["n"], found["detail"]) == (2, "time # is in the future")
    chosen = {name: found[name] for name in ("source", "reason", "detail")}
    answer = api.post(f"{PATH}/discard", json={"group": chosen, "why": "đồng hồ sai"})
    assert answer.json() == {"discarded": 2, "more": False}


def test_a_group_is_tried_sent_and_gone(
    api: httpx.Client, database: Database, bury: Any, group: dict[str, Any], consumer: KafkaConsumer
) -> None:
    as_is = api.post(f"{PATH}/try", json={"group": group}).json()
    assert (as_is["tried"], as_is["ok"], len(as_is["refused"])) == (120, 0, 50)
    assert as_is["refused"][0]["detail"] == MISSING
    tried = api.post(f"{PATH}/try", json={"group": group, "fix": RENAME}).json()
    last = group["newest"]
    assert tried == {"tried": 120, "ok": 120, "refused": [], "last": last, "more": False}
    assert waiting(api) == [120], "nothing was sent"
    late = bury(500, misspelt(500))
    sent = api.post(f"{PATH}/retry", json={"group": group, "fix": RENAME}).json()
    assert (sent["tried"], sent["sent"]) == (120, 120)
    found = records(consumer, 120)
    assert {record.timestamp for record in found} == {RECEIVED_AT.timestamp() * 1000}
    events = [decoded(record) for record in found]
    assert all(isinstance(each, Event) for each in events)
    assert len({json.loads(record.value)["id"] for record in found}) == 120
    assert waiting(api) == [1], "what came after the look was left alone"
    whole = api.get(f"{PATH}/{late}").json()
    assert (whole["retried_at"], whole["discarded_at"]) == (None, None)
    again = api.post(f"{PATH}/retry", json={"group": group, "fix": RENAME}).json()
    assert (again["tried"], again["sent"]) == (0, 0)
    with database.reading() as conn:
        (row,) = conn.execute("SELECT DISTINCT retried_by FROM dead_letters WHERE id <> %s", [late])
    assert row["retried_by"] == "local"


def test_those_that_a_mend_does_not_help_stay(
    api: httpx.Client, bury: Any, consumer: KafkaConsumer
) -> None:
    good = bury(1, misspelt(7001))
    bad = bury(2, json.dumps(event(7002, data={"kind": "smoke"})).encode())
    sent = api.post(f"{PATH}/retry", json={"ids": [good, bad], "fix": RENAME}).json()
    assert (sent["tried"], sent["ok"], sent["sent"]) == (2, 1, 1)
    assert sent["refused"] == [{"id": bad, "reason": "schema", "detail": MISSING}]
    ids = {json.loads(record.value)["id"] for record in records(consumer, 1)}
    assert "panel-7002" not in ids
    while "panel-7001" not in ids:
        ids |= {json.loads(record.value)["id"] for record in records(consumer, 1)}
    assert waiting(api) == [1]


def test_a_discard_says_who_and_why_and_keeps_the_bytes(
    api: httpx.Client, group: dict[str, Any]
) -> None:
    assert api.post(f"{PATH}/discard", json={"group": group}).status_code == 400, "why?"
    answer = api.post(f"{PATH}/discard", json={"group": group, "why": "Thiết bị thử"})
    assert answer.json() == {"discarded": 120, "more": False}
    assert waiting(api) == []
    whole = api.get(f"{PATH}/{group['newest']}").json()
    assert (whole["discarded_by"], whole["discard_reason"]) == ("local", "Thiết bị thử")
    assert whole["text"]
    tried = api.post(f"{PATH}/retry", json={"group": group}).json()
    assert tried["tried"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": [1], "group": {"source": "fire", "reason": "schema", "detail": "x"}},
        {"ids": [0]},
        {"ids": list(range(1, 1002))},
        {"group": {"source": "fire", "reason": "bad", "detail": "x"}},
        {"ids": [1], "fix": [{"op": "rename", "from": "data", "to": "/data/label"}]},
        {"ids": [1], "fix": [{"op": "copy", "from": "/data", "to": "/x"}]},
        {"ids": [1], "fix": [{"op": "remove", "path": "/x"}] * 21},
    ],
)
def test_a_wrong_wish_is_answered_400(api: httpx.Client, body: dict[str, Any]) -> None:
    answer = api.post(f"{PATH}/try", json=body)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_one_id_for_many_is_refused(api: httpx.Client, group: dict[str, Any]) -> None:
    fix = [{"op": "set", "path": "/id", "value": "x"}]
    answer = api.post(f"{PATH}/retry", json={"group": group, "fix": fix})
    assert (answer.status_code, answer.json()["code"]) == (400, "same_id")


def test_without_kafka_all_stay(database_url: str, tmp_path: Path, bury: Any) -> None:
    letter = bury(1, misspelt(1))
    with running_api(database_url, "127.0.0.1:1", tmp_path) as api:
        answer = api.post(f"{PATH}/retry", json={"ids": [letter], "fix": RENAME})
        assert (answer.status_code, answer.json()["code"]) == (503, "kafka_unavailable")
        assert waiting(api) == [1]


class Leaving(Producer):
    """The way to a broker that goes away after some chunks."""

    chunks = 1

    def publish(self, records: Sequence[Record], timeout_s: float = 2.0) -> None:
        if self.chunks == 0:
            raise BrokerUnavailableError("Kafka does not answer")
        self.chunks -= 1
        super().publish(records, timeout_s)


def test_when_kafka_goes_away_half_way_only_what_it_took_is_marked(
    database: Database, bury: Any, kafka: str
) -> None:
    ids = [bury(number, misspelt(9000 + number)) for number in range(CHUNK_LETTERS + 10)]
    fix = [Rename("/data/stat", "/data/state")]
    producer = Leaving(kafka, "test")
    trial = retry_many(database, producer, ids, fix, by="Lan", now=clock.now())
    assert (trial.sent, trial.is_broken) == (CHUNK_LETTERS, True)
    with database.reading() as conn:
        assert dead_letters.chosen(conn, ids, 1000) == ids[CHUNK_LETTERS:]
    producer.chunks = 1
    trial = retry_many(database, producer, ids, fix, by="Lan", now=clock.now())
    assert (trial.tried, trial.sent, trial.is_broken) == (10, 10, False)
    producer.close()


def test_those_behind_many_that_a_mend_does_not_help_are_reached(
    api: httpx.Client, bury: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letter_groups, "LETTERS_MAX", 3)
    hopeless = [bury(n, json.dumps(event(n, data={"kind": "smoke"})).encode()) for n in range(4)]
    good = bury(9, misspelt(8009))
    group = {"source": "fire", "reason": "schema", "detail": MISSING}
    front = api.post(f"{PATH}/retry", json={"group": group, "fix": RENAME}).json()
    assert (front["tried"], front["sent"], front["more"]) == (3, 0, True)
    assert front["last"] == hopeless[2]
    behind = {"group": {**group, "after": front["last"]}, "fix": RENAME}
    tried = api.post(f"{PATH}/try", json=behind).json()
    assert (tried["ok"], tried["last"], tried["more"]) == (1, good, False)
    assert api.post(f"{PATH}/retry", json=behind).json()["sent"] == 1
    assert waiting(api) == [4]


class Interrupted(Producer):
    """Somebody else gives the same letters up while they are on their way to Kafka."""

    def __init__(self, address: str, meanwhile: Callable[[], int]) -> None:
        super().__init__(address, "test")
        self.meanwhile = meanwhile
        self.given_up: list[int] = []

    def publish(self, records: Sequence[Record], timeout_s: float = 2.0) -> None:
        self.given_up.append(self.meanwhile())
        super().publish(records, timeout_s)


def test_what_is_being_sent_is_not_given_up_and_what_is_given_up_is_not_sent(
    database: Database, bury: Any, kafka: str
) -> None:
    ids = [bury(number, misspelt(9500 + number)) for number in range(3)]
    fix = [Rename("/data/stat", "/data/state")]

    def give_up() -> int:
        with database.transaction() as conn:
            return dead_letters.discard(conn, ids, "An", "thử", clock.now())

    producer = Interrupted(kafka, give_up)
    with database.transaction() as held_by_another:
        dead_letters.discard(held_by_another, ids[:1], "Bình", "thử", clock.now())
        trial = retry_many(database, producer, ids, fix, by="Lan", now=clock.now())
    producer.close()
    assert (trial.tried, trial.sent, producer.given_up) == (2, 2, [0])
    with database.reading() as conn:
        rows = conn.execute(
            "SELECT retried_by, discarded_by FROM dead_letters WHERE id = ANY (%s) ORDER BY id",
            [ids],
        ).fetchall()
    assert [tuple(row.values()) for row in rows] == [(None, "Bình"), ("Lan", None), ("Lan", None)]


def test_a_viewer_and_a_key_of_one_area_are_refused(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with database.transaction() as conn:
        _, viewer = keys.create(conn, "Lan", "viewer", None, clock.now())
        _, commune = keys.create(conn, "Xã", "operator", "05443", clock.now())
    with running_api(database_url, "127.0.0.1:1", tmp_path, auth=True) as api:
        for token in (viewer, commune):
            api.headers["X-API-Key"] = token
            assert api.get(f"{PATH}/groups").status_code == 403
            for call in ("try", "retry", "discard"):
                answer = api.post(f"{PATH}/{call}", json={"ids": [1], "why": "x"})
                assert answer.status_code == 403, call
