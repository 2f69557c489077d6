"""Where events come from: the four families, their topics and the types that belong to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """One family of senders; its name is the word in paths, filters and JSON."""

    name: str
    topic: str
    types: frozenset[str]


SOURCES: tuple[Source, ...] = (
    Source("camera", "ioc.camera.v1", frozenset({"ioc.camera.alert"})),
    Source("fire", "ioc.fire.v1", frozenset({"ioc.fire.reading"})),
    Source("citizen", "ioc.citizen.v1", frozenset({"ioc.citizen.report"})),
    Source("queue", "ioc.queue.v1", frozenset({"ioc.queue.ticket", "ioc.queue.dossier"})),
)
BY_NAME = {source.name: source for source in SOURCES}
BY_TOPIC = {source.topic: source for source in SOURCES}
BY_TYPE = {event_type: source for source in SOURCES for event_type in source.types}
