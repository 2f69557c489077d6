"""What our code relies on in Apache Kafka and TimescaleDB, shown on the real thing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from psycopg import sql
from psycopg.rows import TupleRow

from connectors.timescale.migrate import migrate
from tests.patience import patient
from tests.real.kafka import RealKafka, running_kafka
from tests.real.kafka import find_or_explain as find_kafka
from tests.real.need import REPO
from tests.real.timescale import RealTimescale, running_timescale
from tests.real.timescale import find_or_explain as find_timescale

PARTITIONS = 4


@pytest.fixture(scope="module")
def kafka() -> Iterator[RealKafka]:
    with running_kafka() as running:
        yield running


@pytest.fixture
def topic(kafka: RealKafka) -> str:
    name = f"ioc.test-{uuid4().hex[:8]}.v1"
    created(kafka, name)
    return name


def created(kafka: RealKafka, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    finally:
        admin.close()


def deleted(kafka: RealKafka, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        admin.delete_topics([name])
    finally:
        admin.close()


def produced(kafka: RealKafka, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", linger_ms=5)
    try:
        sent = [
            producer.send(
                topic,
                value=value,
                key=b"05443",
                headers=[("content-type", b"application/cloudevents+json")],
            )
            for value in values
        ]
        for one in sent:
            one.get(timeout=20)
    finally:
        producer.close()


async def consumed(kafka: RealKafka, topic: str, group: str, count: int) -> list[object]:
    """Read `count` records as a member of the group, commit them, and leave."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        records: list[object] = []
        until = time.monotonic() + patient(30)
        while len(records) < count and time.monotonic() < until:
            batches = await consumer.getmany(timeout_ms=500)
            records += [record for batch in batches.values() for record in batch]
        await consumer.commit()
    finally:
        await consumer.stop()
    return records


async def test_a_group_reads_keys_and_headers_and_goes_on_where_it_committed(
    kafka: RealKafka, topic: str
) -> None:
    produced(kafka, topic, [b"1", b"2", b"3"])
    first = await consumed(kafka, topic, "readers", 3)
    assert [getattr(record, "value", None) for record in first] == [b"1", b"2", b"3"]
    assert {getattr(record, "key", None) for record in first} == {b"05443"}
    assert {tuple(getattr(record, "headers", ())) for record in first} == {
        (("content-type", b"application/cloudevents+json"),)
    }
    produced(kafka, topic, [b"4"])
    second = await consumed(kafka, topic, "readers", 1)
    assert [getattr(record, "value", None) for record in second] == [b"4"]


async def test_a_killed_kafka_keeps_what_it_acknowledged_and_the_topics_id(
    kafka: RealKafka, topic: str
) -> None:
    produced(kafka, topic, [b"kept"])
    before = kafka.topic_id(topic)
    kafka.kill()
    assert not kafka.is_running
    kafka.start()
    assert kafka.topic_id(topic) == before
    records = await consumed(kafka, topic, "after-the-kill", 1)
    assert [getattr(record, "value", None) for record in records] == [b"kept"]


def test_a_topic_made_again_has_another_id_and_an_unknown_one_has_none(
    kafka: RealKafka, topic: str
) -> None:
    first = kafka.topic_id(topic)
    deleted(kafka, topic)
    until = time.monotonic() + patient(10)
    while kafka.topic_id(topic) is not None and time.monotonic() < until:
        time.sleep(0.1)
    assert kafka.topic_id(topic) is None
    created(kafka, topic)
    assert isinstance(first, UUID)
    assert kafka.topic_id(topic) not in {first, None}


def test_a_part_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    # Straight from this test's own words, so that the killed parent is not the test run itself.
    program = (
        "import pathlib, sys, time; from tests.real.child import Child;"
        "child = Child(['sleep', '600'], log=pathlib.Path('log'), cwd=pathlib.Path('.'));"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPO)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        try:
            assert parent.stdout is not None
            sleeper = Path("/proc") / parent.stdout.readline().strip()
            # Its number is told before it has become another program.
            assert within_10_s(lambda: (sleeper / "cmdline").read_bytes().startswith(b"sleep"))
        finally:
            parent.send_signal(signal.SIGKILL)
    assert within_10_s(lambda: not sleeper.exists())


def within_10_s(look: Callable[[], bool]) -> bool:
    until = time.monotonic() + patient(10)
    while time.monotonic() < until:
        if look():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("find", [find_kafka, find_timescale])
def test_what_is_missing_skips_on_a_laptop_and_fails_in_ci(
    find: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install"):
        find()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must have it"):
        find()


@pytest.fixture(scope="module")
def timescale() -> Iterator[RealTimescale]:
    with running_timescale() as running:
        yield running


@pytest.fixture
def db(timescale: RealTimescale) -> Iterator[psycopg.Connection[TupleRow]]:
    """An empty schema of its own for each test, on a connection in autocommit."""
    with psycopg.connect(timescale.url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        schema = sql.Identifier(f"t_{uuid4().hex[:8]}")
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        connection.execute(sql.SQL("SET search_path = {}, public").format(schema))
        connection.execute(ROLLUP)
        yield connection


ROLLUP = """
CREATE TABLE rollup_1m (
    minute timestamptz NOT NULL, source text NOT NULL, partition int NOT NULL, n bigint NOT NULL,
    PRIMARY KEY (minute, source, partition)
);
SELECT create_hypertable('rollup_1m', by_range('minute', INTERVAL '7 days'));
CREATE MATERIALIZED VIEW rollup_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 day', minute, 'Asia/Ho_Chi_Minh') AS day, source, sum(n)::bigint AS n
FROM rollup_1m GROUP BY 1, 2 WITH NO DATA;
"""

EVENTS = """
CREATE TABLE events (
    time timestamptz NOT NULL, id uuid NOT NULL, source text NOT NULL, data jsonb NOT NULL,
    label text GENERATED ALWAYS AS (data ->> 'label') STORED, times timestamptz[],
    PRIMARY KEY (time, id)
);
SELECT create_hypertable('events', by_range('time', INTERVAL '1 day'));
"""

ONE_EVENT = """
INSERT INTO events (time, id, source, data, times)
VALUES (%s, %s, 'camera', '{"label": "smoke"}', ARRAY[%s::timestamptz])
ON CONFLICT (time, id) DO NOTHING RETURNING label
"""
AT = datetime(2026, 11, 1, 17, 30, tzinfo=UTC)  # 00:30 of the 2nd in Thái Nguyên


def days(db: psycopg.Connection[TupleRow]) -> list[tuple[str, int]]:
    found = db.execute("SELECT day, n FROM rollup_1d ORDER BY day").fetchall()
    return [(day.astimezone(UTC).isoformat(), n) for day, n in found]


def counted(db: psycopg.Connection[TupleRow], minute: datetime, n: int, partition: int = 0) -> None:
    db.execute(
        "INSERT INTO rollup_1m AS r VALUES (%s, 'fire', %s, %s)"
        " ON CONFLICT (minute, source, partition) DO UPDATE SET n = r.n + excluded.n",
        (minute, partition, n),
    )


def test_an_event_sent_again_changes_nothing_even_in_a_compressed_chunk(
    db: psycopg.Connection[TupleRow],
) -> None:
    db.execute(EVENTS)
    again = (AT, UUID(int=1), AT)
    assert db.execute(ONE_EVENT, again).fetchall() == [("smoke",)]
    assert db.execute(ONE_EVENT, again).fetchall() == []
    db.execute(
        "ALTER TABLE events SET (timescaledb.compress, timescaledb.compress_segmentby = 'source')"
    )
    packed = db.execute("SELECT compress_chunk(c) FROM show_chunks('events') AS c").fetchall()
    assert len(packed) == 1
    assert db.execute(ONE_EVENT, again).fetchall() == []
    assert db.execute(ONE_EVENT, (AT, UUID(int=2), AT)).fetchall() == [("smoke",)]
    assert db.execute("SELECT count(*), min(times[1]) FROM events").fetchall() == [(2, AT)]


def test_days_begin_at_midnight_in_vietnam_and_are_read_before_any_refresh(
    db: psycopg.Connection[TupleRow],
) -> None:
    counted(db, AT - timedelta(hours=1), 5)
    counted(db, AT, 7)
    counted(db, AT, 1, partition=1)
    first, second = "2026-10-31T17:00:00+00:00", "2026-11-01T17:00:00+00:00"
    assert days(db) == [(first, 5), (second, 8)]
    db.execute("CALL refresh_continuous_aggregate('rollup_1d', NULL, NULL)")
    assert days(db) == [(first, 5), (second, 8)]


def test_a_late_count_behind_the_watermark_shows_only_after_an_explicit_refresh(
    db: psycopg.Connection[TupleRow],
) -> None:
    counted(db, AT, 7)
    db.execute("CALL refresh_continuous_aggregate('rollup_1d', NULL, NULL)")
    counted(db, AT, 100)
    day = "2026-11-01T17:00:00+00:00"
    assert days(db) == [(day, 7)]
    db.execute(
        "CALL refresh_continuous_aggregate('rollup_1d', %s::timestamptz, %s::timestamptz)",
        (AT - timedelta(days=1), AT + timedelta(days=1)),
    )
    assert days(db) == [(day, 107)]


def test_a_refresh_inside_a_transaction_is_refused(db: psycopg.Connection[TupleRow]) -> None:
    with pytest.raises(psycopg.errors.ActiveSqlTransaction), db.transaction():
        db.execute("CALL refresh_continuous_aggregate('rollup_1d', NULL, NULL)")


def test_policies_can_be_set_and_run_by_hand(db: psycopg.Connection[TupleRow]) -> None:
    db.execute(EVENTS)
    db.execute("ALTER TABLE events SET (timescaledb.compress)")
    db.execute("SELECT add_retention_policy('events', INTERVAL '365 days', if_not_exists => true)")
    db.execute("SELECT add_compression_policy('events', INTERVAL '9 days', if_not_exists => true)")
    made = db.execute(
        "SELECT add_continuous_aggregate_policy('rollup_1d', start_offset => INTERVAL '8 days',"
        " end_offset => INTERVAL '1 day', schedule_interval => INTERVAL '1 hour',"
        " if_not_exists => true, timezone => 'Asia/Ho_Chi_Minh')"
    ).fetchone()
    assert made is not None
    db.execute("CALL run_job(%s)", (made[0],))
    names = {row[0] for row in db.execute("SELECT proc_name FROM timescaledb_information.jobs")}
    assert names >= {
        "policy_retention",
        "policy_compression",
        "policy_refresh_continuous_aggregate",
    }


def test_a_hypertable_and_its_aggregates_are_made_in_one_transaction_or_not_at_all(
    db: psycopg.Connection[TupleRow],
) -> None:
    with db.transaction(force_rollback=True):
        db.execute(EVENTS)
        db.execute(
            "CREATE MATERIALIZED VIEW events_1h WITH (timescaledb.continuous) AS SELECT"
            " time_bucket('1 hour', time) AS hour, count(*) FROM events GROUP BY 1 WITH NO DATA"
        )
    assert db.execute("SELECT to_regclass('events'), to_regclass('events_1h')").fetchone() == (
        None,
        None,
    )


def test_rows_copied_into_a_staging_table_reach_the_hypertable_once(
    db: psycopg.Connection[TupleRow],
) -> None:
    db.execute(EVENTS)
    for _ in range(2):
        with db.transaction(), db.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE staged (time timestamptz, id uuid, data jsonb)"
                " ON COMMIT DROP"
            )
            with cursor.copy("COPY staged FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["timestamptz", "uuid", "jsonb"])
                for n in range(3000):
                    copy.write_row((AT + timedelta(minutes=n), UUID(int=n), {"label": "x" * 100}))
            cursor.execute(
                "INSERT INTO events (time, id, source, data) SELECT time, id, 'camera', data"
                " FROM staged ON CONFLICT (time, id) DO NOTHING"
            )
    assert db.execute("SELECT count(*) FROM events").fetchone() == (3000,)


def test_one_open_alarm_per_rule_and_key_and_a_lock_that_ends_with_the_transaction(
    db: psycopg.Connection[TupleRow],
) -> None:
    db.execute(
        "CREATE TABLE alarm (id uuid PRIMARY KEY, rule text, key text, closed_at timestamptz)"
    )
    db.execute("CREATE UNIQUE INDEX ON alarm (rule, key) WHERE closed_at IS NULL")
    raised = (
        "INSERT INTO alarm VALUES (gen_random_uuid(), 'r', 'k', NULL)"
        " ON CONFLICT (rule, key) WHERE closed_at IS NULL DO NOTHING RETURNING rule"
    )
    with db.transaction():
        assert db.execute("SELECT pg_try_advisory_xact_lock(42)").fetchone() == (True,)
        assert db.execute(raised).fetchall() == [("r",)]
    assert db.execute(raised).fetchall() == []
    held = db.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
    assert held == (0,)


def test_our_schema_makes_hypertables_and_real_time_aggregates_and_is_applied_once(
    timescale: RealTimescale,
) -> None:
    assert "0001_core.timescale" in migrate(timescale.url)
    assert migrate(timescale.url) == []
    with psycopg.connect(timescale.url) as db:
        made = db.execute(
            "SELECT hypertable_name FROM timescaledb_information.hypertables"
            " WHERE hypertable_schema = 'public'"
        )
        assert {name for (name,) in made} >= {"events", "counts_1m"}
        views = db.execute(
            "SELECT view_name, materialized_only"
            " FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'public'"
        )
        assert dict(views.fetchall()) == {"counts_1h": False, "counts_1d": False}


def test_two_clients_keep_their_prepared_statements_apart(timescale: RealTimescale) -> None:
    # psycopg names them alike on every connection, from the sixth time on.
    with psycopg.connect(timescale.url) as one, psycopg.connect(timescale.url) as two:
        for n in range(8):
            assert one.execute("SELECT %s::int + 1", (n,)).fetchone() == (n + 1,)
            one.commit()
            assert two.execute("SELECT %s::int + 2", (n,)).fetchone() == (n + 2,)
            two.commit()


def test_a_listener_hears_what_another_connection_says(
    timescale: RealTimescale, db: psycopg.Connection[TupleRow]
) -> None:
    db.execute("LISTEN bell")
    with psycopg.connect(timescale.url, autocommit=True) as other:
        other.execute("NOTIFY bell, 'x'")
    assert [heard.payload for heard in db.notifies(timeout=5, stop_after=1)] == ["x"]
