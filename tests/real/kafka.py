"""A real Apache Kafka for tests: one KRaft node from Maven Central's jars, Java 17, no Docker."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.real.child import Child, free_port, is_listening
from tests.real.need import BUILD, fetched, missing, program

POM = Path(__file__).with_name("kafka-pom.xml")
JAVA_AT_LEAST = 17  # what a broker of Kafka 4 is compiled for
START_WITHIN_S = 60.0
_FETCH_WITHIN_S = 300.0

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={data}
# One node: every topic of Kafka's own has one replica, and few partitions to load at a start.
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A topic that nobody migrated is an error, as on a well-kept site.
auto.create.topics.enable=false
# The stock 3 s before a first group assigns would be most of a test's time.
group.initial.rebalance.delay.ms=0
# As low as our workers go in chaos (DESIGN: 6 s).
group.min.session.timeout.ms=6000
# A killed node is let in again only when its last lease has run out (stock: 9 s).
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
log.cleaner.dedupe.buffer.size=8388608
"""

_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # The second compiler would still be warming up when a test is over.
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)


def find_or_explain() -> Path:
    """Return the folder with Kafka's jars, fetched once into build/; else skip, or fail in CI."""
    java = program("java", "OpenJDK 17, for example: apt-get install openjdk-17-jre-headless")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    major = re.search(r'version "(\d+)', told)
    if major is None or int(major[1]) < JAVA_AT_LEAST:
        missing(f"Kafka needs Java {JAVA_AT_LEAST} or newer, and this one says: {told.strip()}")
    # Named by the pom's own hash: another version is another folder, never a mixture of two.
    jars = BUILD / "kafka-jars" / hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    if not jars.is_dir():
        _fetch(jars)
    return jars


def _fetch(jars: Path) -> None:
    """Let Maven copy the jars next to their place, then move the whole folder in at once."""
    maven = program("mvn", "Maven, for example: apt-get install maven")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent) as half:
        got = Path(half) / "jars"
        fetched(
            [
                *(maven, "-q", "-B", "-f", str(POM)),
                *("dependency:copy-dependencies", f"-DoutputDirectory={got}"),
            ],
            cwd=jars.parent,
            within_s=_FETCH_WITHIN_S,
        )
        if not jars.is_dir():  # or another run was faster
            got.rename(jars)


class RealKafka:
    """One Kafka node on 127.0.0.1 with its data in a folder; the port stays over a restart."""

    def __init__(self, jars: Path, folder: Path) -> None:
        """Format the storage in `folder`, which must be empty; nothing runs yet."""
        self.port = free_port()
        self._java = program("java", "OpenJDK 17")
        self._classpath = str(jars / "*")
        self._folder = folder
        self._config = folder / "server.properties"
        self._config.write_text(
            _PROPERTIES.format(port=self.port, controller_port=free_port(), data=folder / "data")
        )
        self._child: Child | None = None
        self._format()

    @property
    def bootstrap(self) -> str:
        """What goes into `IOC_KAFKA`: host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running node."""
        assert self._child is not None, "Kafka is not started"
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether the node's process is there."""
        return self._child is not None and self._child.is_running

    def start(self) -> None:
        """Start the node on its data and wait until it answers a metadata request."""
        assert not self.is_running, "Kafka is started already"
        self._child = Child(
            [self._java, *_JVM, "-cp", self._classpath, "kafka.Kafka", str(self._config)],
            log=self._folder / "kafka.log",
            cwd=self._folder,
        )
        until = time.monotonic() + START_WITHIN_S
        while not self._answers():
            if not self._child.is_running or time.monotonic() > until:
                self._child.kill()
                raise RuntimeError(f"Kafka did not start:\n{self._child.last_words()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Shut the node down in order; its data and port stay."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """SIGKILL the node, as a power cut would; its data and port stay."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def restart(self) -> None:
        """Stop in order, then start again on the same data and port."""
        self.stop()
        self.start()

    def topic_id(self, topic: str) -> uuid.UUID | None:
        """Return Kafka's own id of a topic (another when it is deleted and made again) or None."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            found = admin.describe_topics([topic])[0]["topic_id"]
        finally:
            admin.close()
        return uuid.UUID(str(found)) if found else None

    def _answers(self) -> bool:
        if not is_listening(self.port):
            return False
        try:
            admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=2000)
        except KafkaError:
            return False
        try:
            return bool(admin.describe_cluster()["brokers"])
        except KafkaError:
            return False
        finally:
            admin.close()

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]
        done = subprocess.run(
            [
                *(self._java, "-cp", self._classpath, "kafka.tools.StorageTool"),
                # With «=», because one in 64 ids begins with a dash.
                *("format", f"--cluster-id={cluster}", "-c", str(self._config)),
            ],
            capture_output=True,
            text=True,
            timeout=START_WITHIN_S,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"Kafka's storage was not formatted:\n{done.stdout}{done.stderr}")


@contextmanager
def running_kafka() -> Iterator[RealKafka]:
    """Run a fresh Kafka for as long as the block lasts; skips or fails as find_or_explain does."""
    jars = find_or_explain()
    # Not pytest's tmp_path: the last three of those are kept, and this is many megabytes.
    folder = Path(tempfile.mkdtemp(prefix="ioc-kafka-"))
    kafka = RealKafka(jars, folder)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()
        shutil.rmtree(folder, ignore_errors=True)
