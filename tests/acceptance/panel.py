"""A fire panel that speaks Kafka, as a site's own integration would: kafka-python, real topics."""

from __future__ import annotations

import json
from typing import Any, Self

from kafka import KafkaProducer
from kafka.producer.future import FutureRecordMetadata

from ioc import clock
from tests.patience import patient

FIRE_TOPIC = "ioc.fire.v1"
CITIZEN_TOPIC = "ioc.citizen.v1"
ACKED_WITHIN_S = 10.0

JsonObject = dict[str, Any]


class Panel:
    """One sender with a connection of its own; every event it makes has another id."""

    def __init__(self, kafka: str, name: str) -> None:
        self.name = name
        self._sent = 0
        self._producer = KafkaProducer(
            bootstrap_servers=kafka.split(","),
            client_id=name,
            acks="all",
            enable_idempotence=False,  # the embedded broker gives out no producer ids
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close(timeout=5)

    def event(self, kind: str, data: JsonObject, **attributes: str) -> JsonObject:
        """Return a CloudEvent of now."""
        self._sent += 1
        return {
            "specversion": "1.0",
            "id": f"{self.name}-{self._sent}",
            "source": f"/panel/{self.name}",
            "type": kind,
            "time": clock.now().isoformat(),
            **attributes,
            "data": data,
        }

    def reading(
        self, device: str, state: str, area: str = "05443", kind: str = "smoke"
    ) -> JsonObject:
        """Return what a detector says."""
        said = {"kind": kind, "state": state}
        return self.event("ioc.fire.reading", said, area=area, device=device)

    def send(self, event: JsonObject, topic: str = FIRE_TOPIC) -> FutureRecordMetadata:
        """Hand an event to the producer; the future is done when Kafka has it."""
        return self._producer.send(topic, json.dumps(event).encode())

    def publish(self, event: JsonObject, topic: str = FIRE_TOPIC) -> None:
        """Return once Kafka has the event."""
        self.send(event, topic).get(timeout=patient(ACKED_WITHIN_S))

    def alarm(self, device: str, area: str = "05443") -> None:
        """A detector sees smoke."""
        self.publish(self.reading(device, "alarm", area))

    def restore(self, device: str, area: str = "05443") -> None:
        """A detector is quiet again."""
        self.publish(self.reading(device, "restore", area))
