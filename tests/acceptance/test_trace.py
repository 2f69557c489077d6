"""A stored event names the record that it came from, and `ioc doctor` how far each partition is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from connectors.timescale import keys
from connectors.timescale.database import Database
from ioc import clock
from tests.acceptance.house import House, JsonObject, eventually
from tests.api_server import running_api
from tests.patience import patient

TOPIC = "ioc.fire.v1"
WITHIN_S = 30.0
SINGLE = {"content-type": "application/cloudevents+json"}


def event(number: int, source: str = "/trace") -> JsonObject:
    return {
        "specversion": "1.0",
        "id": f"{number}",
        "source": source,
        "type": "ioc.fire.reading",
        "time": clock.now().isoformat(),
        "area": "05443",
        "device": f"sensor{source}",
        "data": {"kind": "smoke", "state": "test", "value": number},
    }


def publish(house: House, records: list[tuple[int, JsonObject]]) -> list[int]:
    """Put events on partitions of the topic, many to a batch; return their offsets."""
    producer = KafkaProducer(bootstrap_servers=house.kafka, linger_ms=50)
    try:
        sent = [
            producer.send(TOPIC, json.dumps(each).encode(), partition=partition)
            for partition, each in records
        ]
        return [future.get(timeout=patient(10)).offset for future in sent]
    finally:
        producer.close()


def record_at(house: House, place: JsonObject) -> JsonObject:
    """Return the event of the record at this place in Kafka."""
    partition = TopicPartition(place["topic"], place["partition"])
    consumer = KafkaConsumer(bootstrap_servers=house.kafka)
    try:
        consumer.assign([partition])
        consumer.seek(partition, place["offset"])
        records = eventually(
            lambda: consumer.poll(timeout_ms=500).get(partition), WITHIN_S, f"a record at {place}"
        )
    finally:
        consumer.close()
    assert records[0].offset == place["offset"]
    found: JsonObject = json.loads(records[0].value)
    return found


def test_a_stored_event_names_the_record_that_it_came_from(house: House) -> None:
    sent = [event(number) for number in range(4)]
    partitions = [0, 3, 3, 1]
    offsets = publish(house, list(zip(partitions, sent, strict=True)))
    assert house.post("/events", event(4), **SINGLE).status_code == 202
    house.wait_stored(5, where="ce_source = '/trace'")
    # A copy that comes later, elsewhere, is not where the stored one came from.
    publish(house, [(2, sent[0]), (3, sent[1])])
    read = "SELECT sum(next) FROM offsets WHERE topic = 'ioc.fire.v1'"
    eventually(lambda: house.row(read)[0] >= 7, WITHIN_S, "the copies are read")

    stored = house.get("/events", device="sensor/trace")["events"]
    places = {each["ce_id"]: each["kafka"] for each in stored}
    for number, (partition, offset) in enumerate(zip(partitions, offsets, strict=True)):
        assert places[str(number)] == {"topic": TOPIC, "partition": partition, "offset": offset}
    for each in stored:
        record = record_at(house, each["kafka"])
        assert (record["source"], record["id"]) == (each["ce_source"], each["ce_id"])
        assert record["data"] == each["data"]


def waiting(said: str) -> dict[str, int]:
    """Return how many records wait in each partition, by what doctor says."""
    found = re.findall(r"^- (\S+) has (\d+) records waiting$", said, re.MULTILINE)
    return {name: int(n) for name, n in found}


def test_doctor_says_what_is_behind_while_the_worker_is_stopped_and_nothing_when_it_is_back(
    house: House,
) -> None:
    eventually(lambda: house.ioc("doctor", "--drained").returncode == 0, WITHIN_S, "drained")
    house.kill("worker")
    behind = 40
    publish(house, [(n % 2 * 3, event(n, "/behind")) for n in range(behind)])

    eventually(lambda: "no worker is alive" in house.ioc("doctor").stdout, WITHIN_S, "it is said")
    done = house.ioc("doctor")
    assert done.returncode == 1
    assert waiting(done.stdout) == {f"{TOPIC}[0]": behind // 2, f"{TOPIC}[3]": behind // 2}
    assert house.ioc("doctor", "--drained").returncode == 1

    house.start("worker")
    house.wait_stored(behind, where="ce_source = '/behind'")
    house.wait_ready()
    said = eventually(lambda: well(house), WITHIN_S, "nothing is wrong any more")
    assert said == "nothing is wrong\n"
    assert house.ioc("doctor", "--drained").returncode == 0


def test_doctor_says_that_a_partition_ends_before_what_was_read_of_it(house: House) -> None:
    house.kill("worker")
    shift = "UPDATE offsets SET next = next + %s WHERE topic = %s AND partition = 1"
    with psycopg.connect(house.database_url, autocommit=True) as conn:
        conn.execute(shift, (1_000, TOPIC))
        try:
            done = house.ioc("doctor")
        finally:
            conn.execute(shift, (-1_000, TOPIC))
    assert done.returncode == 1
    assert f"{TOPIC}[1] is stored as read up to 1" in done.stdout
    assert "1000 records are gone there" in done.stdout
    assert "--accept-gap" in done.stdout
    house.start("worker")
    house.wait_ready()


def well(house: House) -> str | None:
    """Return what doctor says when nothing is wrong."""
    done = house.ioc("doctor")
    return done.stdout if done.returncode == 0 else None


def test_where_an_event_came_from_is_for_operators(database: Database, tmp_path: Path) -> None:
    with database.transaction() as conn:
        conn.execute(
            """INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, area,
                   kind, partition, "offset", data)
               VALUES (now(), gen_random_uuid(), now(), 'queue', 'ioc.queue.ticket', '/s', '1',
                   '19', 'issued', 2, 4711, '{}')"""
        )
        tokens = {
            role: keys.create(conn, role, role, None, clock.now())[1]
            for role in ("viewer", "operator", "admin")
        }
    place = {"topic": "ioc.queue.v1", "partition": 2, "offset": 4711}
    with running_api(database.url, "127.0.0.1:9", tmp_path, auth=True) as api:
        for role, seen in (("viewer", None), ("operator", place), ("admin", place)):
            answer = api.get("/api/v1/events", headers={"X-API-Key": tokens[role]})
            assert [each["kafka"] for each in answer.json()["events"]] == [seen], role
