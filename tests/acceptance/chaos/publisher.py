"""Who sends: devices straight to Kafka, others over the API, and a person who acknowledges."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
from kafka import KafkaProducer

from tests.acceptance.chaos.alarming import ACKNOWLEDGED
from tests.acceptance.chaos.traffic import Arrival
from tests.acceptance.house import House

#: However long Kafka is away, a sender keeps what it has and tries again.
PATIENCE_MS = 10 * 60 * 1000
BUFFER_BYTES = 256 * 1024 * 1024
API_EVERY_S = 0.5
API_MOST = 500
LOOK_EVERY_S = 1.0
BY = "Trực ban"


class Publisher(threading.Thread):
    """Sends every record at its moment, in the order of the plan, until Kafka has acknowledged it.

    One request at a time for each broker: what is sent again after an outage stays in its order.
    A retry may leave a record twice in Kafka, which is what duplicates are.
    """

    def __init__(self, bootstrap: str, arrivals: Sequence[Arrival], start: datetime) -> None:
        super().__init__(name="publisher", daemon=True)
        self._arrivals = [arrival for arrival in arrivals if not arrival.by_api]
        self._zero = start
        self._kafka = bootstrap
        self.refused: dict[bytes, str] = {}
        self.sent = self.acked = 0
        #: The longest that a record had to wait for Kafka's word, in seconds after its moment.
        self.behind_s = 0.0
        self.error: BaseException | None = None

    @property
    def total(self) -> int:
        """How many records there are to send."""
        return len(self._arrivals)

    def begin(self) -> None:
        """Start; moments count from now."""
        self._began_s = time.monotonic()
        self.start()

    def run(self) -> None:
        """Send everything; return when Kafka has all of it."""
        # It says a line for each broken connection; the run says how many are acknowledged.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        producer = KafkaProducer(
            bootstrap_servers=self._kafka,
            client_id="chaos",
            acks="all",
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            delivery_timeout_ms=PATIENCE_MS,
            max_block_ms=PATIENCE_MS,
            request_timeout_ms=10_000,
            reconnect_backoff_max_ms=500,
            linger_ms=20,
            batch_size=128 * 1024,
            max_request_size=4 * 1024 * 1024,
        )
        try:
            for arrival in self._arrivals:
                self._send(producer, arrival)
            producer.flush(timeout=PATIENCE_MS / 1000)
        except Exception as error:  # noqa: BLE001 - told by the main thread, which waits for us
            self.error = error
        finally:
            producer.close(timeout=5)

    def _send(self, producer: KafkaProducer, arrival: Arrival) -> None:
        wait_s = self._began_s + arrival.send_ms / 1000 - time.monotonic()
        if wait_s > 0.002:
            time.sleep(wait_s)
        value, headers = arrival.record(self._zero)
        if arrival.refused is not None:
            self.refused[value] = arrival.refused
        at = self._zero + timedelta(milliseconds=arrival.send_ms)
        future = producer.send(
            arrival.topic,
            value=value,
            headers=headers,
            partition=arrival.partition,
            timestamp_ms=round(at.timestamp() * 1000),
        )
        future.add_callback(self._was_acked, arrival.send_ms / 1000)
        future.add_errback(self._failed)
        self.sent += 1

    def _was_acked(self, sent_s: float, _: object) -> None:
        self.acked += 1
        self.behind_s = max(self.behind_s, time.monotonic() - self._began_s - sent_s)

    def _failed(self, error: BaseException) -> None:
        self.error = error


class ApiSender(threading.Thread):
    """POSTs some of the events; a batch that was not accepted is sent again, whole."""

    def __init__(self, house: House, arrivals: Sequence[Arrival], start: datetime) -> None:
        super().__init__(name="api-sender", daemon=True)
        self._house, self._zero = house, start
        self._left = [arrival for arrival in arrivals if arrival.by_api]
        self.accepted = self.tries = 0
        self.refused: list[str] = []

    def run(self) -> None:
        """Send what is due, twice a second."""
        began_s = time.monotonic()
        with httpx.Client(timeout=15) as client:
            while self._left:
                now_ms = (time.monotonic() - began_s) * 1000
                due = [each for each in self._left if each.send_ms <= now_ms][:API_MOST]
                if due and self._is_accepted(client, due):
                    self._left = self._left[len(due) :]
                    self.accepted += len(due)
                time.sleep(API_EVERY_S)

    def _is_accepted(self, client: httpx.Client, due: Sequence[Arrival]) -> bool:
        self.tries += 1
        body = json.dumps([arrival.what.envelope(self._zero) for arrival in due])
        try:
            answer = client.post(
                f"{self._house.url}/api/v1/events",
                content=body,
                headers={"content-type": "application/cloudevents-batch+json"},
            )
        except httpx.HTTPError:
            return False
        if answer.status_code == 202 and answer.json()["refused"]:
            self.refused.append(answer.text[:500])
        elif answer.status_code not in {202, 503}:
            self.refused.append(f"{answer.status_code} {answer.text[:500]}")
        return answer.status_code == 202


class Operator(threading.Thread):
    """A person who says «I know» of some alarms, while everything dies around them."""

    def __init__(self, house: House, expected: int, over: threading.Event) -> None:
        super().__init__(name="operator", daemon=True)
        self._house, self._expected, self._over = house, expected, over
        self.acknowledged: set[str] = set()
        self.refused: list[str] = []

    @property
    def has_all(self) -> bool:
        """Whether every such alarm was acknowledged."""
        return len(self.acknowledged) >= self._expected

    def run(self) -> None:
        """Look each second for alarms that are ours to acknowledge."""
        with httpx.Client(base_url=f"{self._house.url}/api/v1", timeout=15) as client:
            while not self.has_all and not self._over.wait(LOOK_EVERY_S):
                try:
                    self._look(client)
                except httpx.HTTPError:
                    continue

    def _look(self, client: httpx.Client) -> None:
        answer = client.get(
            "/alarms", params={"rule": "fire-alarm", "q": ACKNOWLEDGED.strip("-"), "limit": 1000}
        )
        if answer.status_code != 200:
            return
        for alarm in answer.json()["alarms"]:
            is_ours = (alarm["device"] or "").startswith(ACKNOWLEDGED)
            if is_ours and alarm["state"] in {"unacknowledged", "returned"}:
                done = client.post(f"/alarms/{alarm['id']}/acknowledge", json={"by": BY})
                if done.status_code == 200 or done.json().get("code") in {"already", "ended"}:
                    # After an answer that was lost the second try is refused: it was done.
                    self.acknowledged.add(alarm["id"])
                elif done.status_code not in {409, 503}:
                    self.refused.append(f"{done.status_code} {done.text[:500]}")
            elif is_ours:
                self.acknowledged.add(alarm["id"])
