"""Publishing: everything acknowledged by Kafka, or an error; never a silent half."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from ioc.errors import BrokerUnavailableError

#: Kafka's own limit for one request, left as it is.
REQUEST_BYTES_MAX = 1024 * 1024
BULK_BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish; `timestamp_ms` None: now, by the producer's clock."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None


class Producer:
    """A thread-safe producer (acks=all) that connects on first use and again after an outage."""

    def __init__(self, bootstrap: str, client_id: str, *, bulk: bool = False) -> None:
        """`bulk`: large packed batches, for many records at a time; a single one waits 5 ms."""
        self._options: dict[str, Any] = {
            "bootstrap_servers": bootstrap.split(","),
            "client_id": client_id,
            "acks": "all",
            # A second copy is a duplicate that changes nothing, so no producer ids are asked for.
            "enable_idempotence": False,
            "linger_ms": 5 if bulk else 0,
            "batch_size": BULK_BATCH_BYTES if bulk else 16_384,
            # Events are alike: a packed batch is a fourth of the size, also in the broker; and
            # unpacking must cost a worker next to nothing.
            "compression_type": "lz4" if bulk else None,
            "retries": 3,
            "max_request_size": REQUEST_BYTES_MAX,
        }
        self._producer: KafkaProducer | None = None
        self._lock = threading.Lock()
        #: Held while a producer is made, which may take as long as a caller has.
        self._connecting = threading.Lock()

    def publish(self, records: Sequence[Record], timeout_s: float = 2.0) -> None:
        """Return once Kafka has every record; raise `BrokerUnavailableError` otherwise.

        After an error some of the records may have arrived: publish all of them again, their
        identity makes the second copy a duplicate that changes nothing.
        """
        deadline = time.monotonic() + timeout_s
        producer = None
        try:
            producer = self._connected(timeout_s, deadline)
            futures = [
                producer.send(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(record.headers),
                    timestamp_ms=record.timestamp_ms,
                )
                for record in records
            ]
            for future in futures:
                future.get(timeout=max(0.0, deadline - time.monotonic()))
        except KafkaError as error:
            self._drop(producer)
            raise BrokerUnavailableError(f"Kafka does not answer: {error}") from error

    def close(self) -> None:
        """Send what is buffered, bounded by a second, and close."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            _end(producer, 1.0)

    def _connected(self, timeout_s: float, deadline: float) -> KafkaProducer:
        if (known := self._producer) is not None:
            return known
        # Two threads that find none must not make two; nor may the second begin to wait only when
        # the first has waited in vain.
        if not self._connecting.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise KafkaTimeoutError("another thread is still connecting")
        try:
            if (known := self._producer) is not None:
                return known
            left_ms = int((deadline - time.monotonic()) * 1000)
            if left_ms <= 0:
                raise KafkaTimeoutError("there was no time left to connect")
            timeout_ms = int(timeout_s * 1000)
            made = KafkaProducer(
                **self._options,
                max_block_ms=timeout_ms,
                # kafka-python wants this below the delivery's timeout by more than the linger.
                request_timeout_ms=max(1, timeout_ms - self._options["linger_ms"] - 1),
                delivery_timeout_ms=timeout_ms,
                bootstrap_timeout_ms=left_ms,
            )
            with self._lock:
                self._producer = made
            return made
        finally:
            self._connecting.release()

    def _drop(self, broken: KafkaProducer | None) -> None:
        """Forget a producer whose broker is away: its buffer must not be sent behind our back."""
        with self._lock:
            if self._producer is not broken:
                return  # another thread has done so, and may have a new one by now
            self._producer = None
        if broken is not None:
            _end(broken, 0)


def _end(producer: KafkaProducer, timeout_s: float) -> None:
    """Close it; what could not be sent by then is thrown away, not sent behind our back."""
    try:
        producer.close(timeout=timeout_s)
    except KafkaError:  # it waits for its buffer first, and raises before it has closed anything
        if producer._sender is not None:
            producer._sender.force_close()
