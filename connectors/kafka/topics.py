"""Our topics: made with the right partitions, and known by the id of their log."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, TopicAlreadyExistsError

from ioc.errors import BrokerUnavailableError, ConfigError
from ioc.settings import Settings
from ioc.topics import CHANGES_TOPIC, EVENT_TOPICS

TIMEOUT_MS = 10_000


@contextlib.contextmanager
def _admin(settings: Settings, timeout_ms: int = TIMEOUT_MS) -> Iterator[KafkaAdminClient]:
    try:
        client = KafkaAdminClient(
            bootstrap_servers=settings.kafka.split(","),
            client_id="ioc-admin",
            bootstrap_timeout_ms=timeout_ms,
            request_timeout_ms=timeout_ms,
        )
    except KafkaError as error:
        raise BrokerUnavailableError(
            f"Kafka at {settings.kafka} does not answer: {error}"
        ) from error
    try:
        yield client
    except KafkaError as error:
        raise BrokerUnavailableError(f"Kafka at {settings.kafka}: {error}") from error
    finally:
        client.close()


def ensure_topics(settings: Settings) -> list[str]:
    """Make the topics that are missing and return their names.

    Raises:
        BrokerUnavailableError: Kafka does not answer.
        ConfigError: a source's topic has another number of partitions than the settings say. The
            same commune must be on the same partition of every source.
    """
    with _admin(settings) as admin:
        there = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
        for name in EVENT_TOPICS:
            if name in there and there[name] != settings.partitions:
                raise ConfigError(
                    f"topic {name} has {there[name]} partitions, IOC_PARTITIONS is "
                    f"{settings.partitions}: every source needs the same number. Set "
                    f"IOC_PARTITIONS={there[name]}, or add partitions to the topic."
                )
        missing = [name for name in (*EVENT_TOPICS, CHANGES_TOPIC) if name not in there]
        retention_ms = str(int(settings.topic_retention.total_seconds() * 1000))
        wanted = {
            name: {
                "num_partitions": settings.partitions,
                "replication_factor": settings.replication,
                "configs": {"retention.ms": retention_ms},
            }
            for name in missing
        }
        with contextlib.suppress(TopicAlreadyExistsError):  # another `ioc migrate` was faster
            if wanted:
                admin.create_topics(wanted, timeout_ms=TIMEOUT_MS, wait_for_metadata=True)
        return missing


def log_ids(settings: Settings, topics: Sequence[str]) -> dict[str, str]:
    """Return the id of the log that each topic's offsets count in (architecture.md, rule 3).

    The embedded broker forgets its topics when it ends, so `ioc up` names its log; elsewhere it is
    Kafka's own topic id, which is a new one when a topic is deleted and made again.
    """
    if settings.log_id is not None:
        return dict.fromkeys(topics, settings.log_id)
    with _admin(settings) as admin:
        found = {
            topic["name"]: topic.get("topic_id") for topic in admin.describe_topics(list(topics))
        }
    for topic in topics:
        if not found.get(topic):
            raise ConfigError(f"topic {topic} is not there or has no id: run `ioc migrate`")
    return {topic: str(found[topic]) for topic in topics}


def ends(settings: Settings, topics: Sequence[str]) -> dict[tuple[str, int], tuple[int, int]]:
    """Return the first and the next offset of each partition, as Kafka says now."""
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka.split(","), bootstrap_timeout_ms=TIMEOUT_MS
        )
    except KafkaError as error:
        raise BrokerUnavailableError(f"Kafka at {settings.kafka}: {error}") from error
    try:
        partitions = [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        first = consumer.beginning_offsets(partitions)
        next_ = consumer.end_offsets(partitions)
    except KafkaError as error:
        raise BrokerUnavailableError(f"Kafka at {settings.kafka}: {error}") from error
    finally:
        consumer.close()
    return {(tp.topic, tp.partition): (first[tp], next_[tp]) for tp in partitions}
