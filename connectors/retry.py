"""Trying a dead letter again: the same bytes, or a corrected event in its place."""

from __future__ import annotations

import logging
from datetime import datetime

from connectors.kafka.event_record import STRUCTURED_HEADERS, event_record
from connectors.kafka.producer import Producer, Record
from connectors.timescale import dead_letters
from connectors.timescale.database import Database
from ioc.event import Refusal

log = logging.getLogger(__name__)

PUBLISH_TIMEOUT_S = 1.5


def retry(
    database: Database,
    producer: Producer,
    letter_id: int,
    *,
    by: str,
    now: datetime,
    value: bytes | None = None,
) -> Record | Refusal:
    """Publish a dead letter again and return its record, or why it would be refused once more.

    `value` is a corrected event (structured mode) that takes the place of the bytes. The record
    keeps the time at which Kafka first had it, so lateness is judged as if nothing had been wrong,
    and goes to the topic that its type belongs on. Twice does no harm: an event is stored once.

    Raises:
        NotFoundError: there is no such dead letter.
        BrokerUnavailableError, DatabaseUnavailableError: try again; nothing is lost.
    """
    with database.reading() as conn:
        letter = dead_letters.one(conn, letter_id)
    if value is None:
        record = event_record(letter.raw, letter.headers, letter.received_at)
    else:
        record = event_record(value, STRUCTURED_HEADERS, letter.received_at)
    if isinstance(record, Refusal):
        return record
    producer.publish([record], PUBLISH_TIMEOUT_S)
    # After Kafka has it: a process killed in between leaves a letter that can be tried again.
    with database.transaction() as conn:
        dead_letters.mark_retried(conn, letter_id, by, now)
    log.info("dead letter %d tried again by %s", letter_id, by, extra={"action": "retry_letter"})
    return record
