"""`ioc send` and `ioc simulate` into the embedded broker, and what a stock client reads there."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from connectors.embedded.broker import Broker
from connectors.embedded.children import Supervisor
from connectors.embedded.run import DataDir, Run, mark_broker_full, write_run
from ioc.area import place
from ioc.cli.outlet import EXIT_DONE, EXIT_FAILED, EXIT_REFUSED
from ioc.cli.send import LINE_BYTES_MAX, REFUSALS_SHOWN, send
from ioc.cli.simulate import Wish, simulate
from ioc.settings import Settings
from ioc.simulation import events
from ioc.topics import EVENT_TOPICS
from tests.patience import patient

PAST = datetime(2026, 9, 1, 2, tzinfo=UTC)
CODE_SEND = (
    "import sys; from pathlib import Path; from ioc.cli.send import send;"
    "from ioc.settings import Settings; sys.exit(send([Path('-')], Settings()))"
)
CODE_LIVE = (
    "import sys; from ioc.cli.simulate import Wish, simulate; from ioc.settings import Settings;"
    "sys.exit(simulate(Wish(live=True, rate=200), Settings()))"
)


class Site:
    """An embedded broker with empty topics, and the settings of who sends to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.supervisor = Supervisor(folder / "logs", print)
        self.broker = Broker(folder, self.supervisor)
        self.broker.start()
        self.make_topics()

    @property
    def settings(self) -> Settings:
        return Settings(kafka=self.broker.address, data_dir=self.folder)

    def make_topics(self) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.broker.address)
        try:
            admin.create_topics([NewTopic(name, 4, 1) for name in EVENT_TOPICS])
        finally:
            admin.close()

    def run_file(self) -> None:
        """Leave what a running `ioc up` leaves."""
        address, log = self.broker.address, self.broker.log_id
        write_run(self.folder, Run(os.getpid(), address, "postgresql:///none", log, "h", 1, {}))

    def read(self, count: int, within_s: float = 20) -> list[Any]:
        """Return all records as soon as there are so many; a moment more shows one too many."""
        consumer = KafkaConsumer(bootstrap_servers=self.broker.address, group_id=None)
        found: list[Any] = []
        deadline_s = time.monotonic() + patient(within_s)
        try:
            parts = [TopicPartition(name, part) for name in EVENT_TOPICS for part in range(4)]
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
            while len(found) < count:
                assert time.monotonic() < deadline_s, f"{len(found)} of {count} records"
                found += [r for batch in consumer.poll(200).values() for r in batch]
            found += [r for batch in consumer.poll(300).values() for r in batch]
        finally:
            consumer.close()
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with DataDir(tmp_path / "data") as data_dir:
        site = Site(data_dir.path)
        yield site
        site.supervisor.stop_all()


def some(count: int, seed: int = 1) -> list[bytes]:
    made = events("quiet-day", seed, PAST, rate=count)
    return [orjson.dumps(event) for event, _ in zip(made, range(count), strict=False)]


def written(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_what_is_in_the_file_is_in_kafka_under_its_commune(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = some(5_000)
    assert send([written(tmp_path / "events.ndjson", lines)], site.settings) == EXIT_DONE
    assert capsys.readouterr().out == "sent 5000, refused 0\n"
    records = site.read(5_000)
    assert Counter(record.value for record in records) == Counter(lines)
    # Desks are closed at night and on Sundays; the fire is at any hour.
    assert {"ioc.camera.v1", "ioc.fire.v1"} <= {record.topic for record in records}
    assert {record.topic for record in records} <= set(EVENT_TOPICS)
    for record in records:
        area = orjson.loads(record.value)["area"]
        assert record.key == area.encode() or area == "19"


def test_the_same_event_has_the_same_key_in_another_order_and_another_file(
    site: Site, tmp_path: Path
) -> None:
    lines = some(500)
    bare = [orjson.dumps({**orjson.loads(line), "area": "Gia Sàng"}) for line in lines[:50]]
    nowhere = [b'{"area": "no such",' + line[1:].replace(b'"area"', b'"was"') for line in lines]
    first = written(tmp_path / "first", lines + bare + nowhere)
    second = tmp_path / "second"
    second.write_bytes(gzip.compress(b"\r\n".join(reversed(lines + bare + nowhere))))
    assert send([first, second], site.settings) == EXIT_DONE
    keys: dict[bytes, list[tuple[bytes | None, int]]] = {}
    for record in site.read(2_100):
        keys.setdefault(record.value, []).append((record.key, record.partition))
    assert all(len(seen) == 2 and seen[0] == seen[1] for seen in keys.values())
    assert all(keys[line][0][0] == place("Gia Sàng", None, None).code.encode() for line in bare)
    assert all(keys[line][0][0] is not None for line in nowhere)


def test_a_bad_line_is_refused_with_its_place_and_its_neighbours_go(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = some(3)
    later = good[0].replace(b"2026-09", b"2926-09")
    bad = [b"not json", b'{"type": "ioc.camera.alert"}', later, b"\xff" * 10, b"[" * 40 + b"]" * 40]
    huge = b'{"a": "' + b"x" * (LINE_BYTES_MAX * 3) + b'"}'
    lines = [b"\xef\xbb\xbf" + good[0], bad[0], b"", b"  ", *bad[1:], good[1], huge, good[2]]
    file = written(tmp_path / "mixed.ndjson", lines)
    assert send([file], site.settings) == EXIT_REFUSED
    said = capsys.readouterr()
    assert said.out == "sent 3, refused 6\n"
    reasons = re.findall(r"mixed\.ndjson:(\d+): (\w+): ", said.err)
    assert reasons == [
        ("2", "not_json"),
        ("5", "schema"),
        ("6", "clock"),
        ("7", "not_json"),
        ("8", "too_deep"),
        ("10", "too_large"),
    ]
    assert sorted(record.value for record in site.read(3)) == sorted(good)


def test_only_the_first_refusals_are_shown(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "bad", [b"x"] * 300)
    assert send([file], site.settings) == EXIT_REFUSED
    said = capsys.readouterr()
    assert said.err.count(": not_json: ") == REFUSALS_SHOWN
    assert "and 280 more were refused" in said.err
    assert said.out == "sent 0, refused 300\n"


def test_without_the_check_the_bytes_go_as_they_are(site: Site, tmp_path: Path) -> None:
    raw = [b"not json\r", b'\xff\x00"', b'{"type": "ioc.fire.reading"}']
    file = written(tmp_path / "raw", raw)
    assert send([file], site.settings, check=False) == EXIT_DONE
    assert send([file], site.settings, check=False, topic="ioc.queue.v1") == EXIT_DONE
    found = Counter((record.topic, record.value) for record in site.read(6))
    assert found == Counter(
        [("ioc.camera.v1", raw[0]), ("ioc.camera.v1", raw[1]), ("ioc.fire.v1", raw[2])]
        + [("ioc.queue.v1", line) for line in raw]
    )


def test_an_event_sent_to_another_topic_is_refused(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fire = next(line for line in some(100) if b"ioc.fire" in line)
    file = written(tmp_path / "fire", [fire])
    assert send([file], site.settings, topic="ioc.queue.v1") == EXIT_REFUSED
    assert "fire:1: wrong_topic: " in capsys.readouterr().err


def test_a_line_from_a_pipe_does_not_wait_for_the_next(site: Site) -> None:
    environment = {**os.environ, "IOC_KAFKA": site.broker.address}
    lines = some(2)
    with subprocess.Popen(
        (sys.executable, "-c", CODE_SEND),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        sender.stdin.write(lines[0] + b"\n")
        sender.stdin.flush()
        assert [record.value for record in site.read(1)] == lines[:1]
        sender.stdin.write(lines[1])
        sender.stdin.close()
        assert sender.stdout.read() == b"sent 2, refused 0\n"
    assert sender.returncode == EXIT_DONE
    assert len(site.read(2)) == 2


@pytest.mark.parametrize("what", ["missing", "cut"])
def test_a_file_that_cannot_be_read_is_one_sentence(
    what: str, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.gz"
    if what == "cut":
        file.write_bytes(gzip.compress(b"\n".join(some(200)))[:2_000])
    assert send([file], site.settings) == EXIT_FAILED
    said = capsys.readouterr()
    assert said.out.startswith("sent ")
    assert len(said.err.splitlines()) == 1
    assert "cannot be read: " in said.err


def test_it_finds_the_broker_of_the_running_ioc_up(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IOC_KAFKA", raising=False)
    site.run_file()
    file = written(tmp_path / "events", some(10))
    assert send([file], Settings(data_dir=site.folder)) == EXIT_DONE
    assert len(site.read(10)) == 10


def test_it_waits_while_the_broker_is_full(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.run_file()
    mark_broker_full(site.folder, full=True)
    file = written(tmp_path / "events", some(10))
    codes: list[int] = []
    sender = threading.Thread(target=lambda: codes.append(send([file], site.settings)))
    sender.start()
    time.sleep(1.5)
    assert site.read(0) == []
    mark_broker_full(site.folder, full=False)
    sender.join(10)
    assert codes == [EXIT_DONE]
    assert len(site.read(10)) == 10
    assert "memory is full: waiting" in capsys.readouterr().err


def test_a_mark_that_no_running_broker_stands_behind_holds_nobody(
    site: Site, tmp_path: Path
) -> None:
    mark_broker_full(site.folder, full=True)
    assert send([written(tmp_path / "events", some(10))], site.settings) == EXIT_DONE


def test_a_broker_that_is_away_is_a_sentence(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.supervisor.stop("broker")
    file = written(tmp_path / "events", some(10))
    began_s = time.monotonic()
    assert send([file], site.settings, patience_s=1) == EXIT_FAILED
    assert 1 <= time.monotonic() - began_s < patient(5)
    said = capsys.readouterr()
    assert said.out == "sent 0, refused 0\n"
    assert f"Kafka does not answer on {site.broker.address}. Trying again for 1 s." in said.err


def test_a_broker_that_comes_back_gets_everything(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.supervisor.stop("broker")
    file = written(tmp_path / "events", some(3_000))
    codes: list[int] = []
    sender = threading.Thread(target=lambda: codes.append(send([file], site.settings)))
    sender.start()
    time.sleep(1)
    site.broker.start()
    site.make_topics()
    sender.join(30)
    assert codes == [EXIT_DONE]
    assert len({record.value for record in site.read(3_000)}) == 3_000
    assert "Kafka answers again" in capsys.readouterr().err


# ioc simulate


def test_a_simulation_keeps_its_time_and_its_number(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    began_s = time.monotonic()
    wish = Wish("market-fire", rate=100, duration_s=3)
    assert simulate(wish, site.settings) == EXIT_DONE
    assert 2.5 < time.monotonic() - began_s < patient(10)
    assert capsys.readouterr().out == "sent 300, refused 0\n"
    records = site.read(300)
    # Desks are closed at night and on Sundays; the fire is at any hour.
    assert {"ioc.camera.v1", "ioc.fire.v1"} <= {record.topic for record in records}
    assert {record.topic for record in records} <= set(EVENT_TOPICS)
    for record in records:
        made_ms = datetime.fromisoformat(orjson.loads(record.value)["time"]).timestamp() * 1000
        assert record.timestamp >= made_ms - 1, "no event is ahead of its time"


def test_events_of_the_past_go_at_once(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    began_s = time.monotonic()
    wish = Wish("queue-rush", rate=1, duration_s=3_600, start=PAST)
    assert simulate(wish, site.settings) == EXIT_DONE
    assert time.monotonic() - began_s < patient(20)
    assert capsys.readouterr().out == "sent 3600, refused 0\n"


def test_a_simulation_in_a_file_is_the_same_again_and_can_be_sent(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "first.ndjson.gz", tmp_path / "second.ndjson.gz"]
    for out in files:
        wish = Wish("storm", rate=20, duration_s=60, seed=5, start=PAST, out=out)
        assert simulate(wish, site.settings) == EXIT_DONE
        assert capsys.readouterr().out == "sent 1200, refused 0\n"
    assert files[0].read_bytes() == files[1].read_bytes()
    assert send(files[:1], site.settings) == EXIT_DONE
    sent = {record.value: record.key for record in site.read(1_200)}
    assert simulate(Wish("storm", rate=20, duration_s=60, seed=5, start=PAST), site.settings) == 0
    again = [(record.value, record.key) for record in site.read(2_400)]
    assert len(again) == 2_400
    assert all(sent[value] == key for value, key in again)


def test_live_goes_on_until_it_is_told_to_end(site: Site) -> None:
    environment = {**os.environ, "IOC_KAFKA": site.broker.address}
    with subprocess.Popen(
        (sys.executable, "-c", CODE_LIVE), stdout=subprocess.PIPE, env=environment
    ) as live:
        assert live.stdout is not None
        site.read(50)
        live.send_signal(signal.SIGTERM)
        last = live.stdout.read().decode()
    assert live.returncode == EXIT_DONE
    sent = re.fullmatch(r"sent (\d+), refused 0\n", last)
    assert sent is not None
    assert len(site.read(int(sent[1]))) >= int(sent[1]) >= 50


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (Wish("no-such"), "There are: quiet-day, market-fire, storm, queue-rush, dossiers-2023"),
        (Wish(rate=0), "--rate"),
        (Wish(duration_s=-1), "--duration"),
        (Wish(live=True, duration_s=5), "--live"),
        (Wish("dossiers-2023", live=True), "in the past"),
        (Wish(out=Path("/no/such/folder/file")), "cannot be written"),
    ],
)
def test_a_wrong_wish_is_one_sentence(
    wish: Wish, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(wish, Settings()) == EXIT_FAILED
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == "sent 0, refused 0\n"


def test_events_on_standard_output_stay_among_themselves(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    wish = Wish(rate=5, duration_s=2, start=PAST, out=Path("-"))
    assert simulate(wish, Settings()) == EXIT_DONE
    said = capfdbinary.readouterr()
    assert len([orjson.loads(line) for line in said.out.splitlines()]) == 10
    assert said.err.endswith(b"sent 10, refused 0\n")
