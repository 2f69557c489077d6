"""The names on Kafka."""

from __future__ import annotations

from ioc.source import SOURCES

EVENT_TOPICS: tuple[str, ...] = tuple(source.topic for source in SOURCES)
#: For outsiders; nothing of ours reads it.
CHANGES_TOPIC = "ioc.changes.v1"
