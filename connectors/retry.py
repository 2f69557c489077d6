"""Trying dead letters again: the same bytes, mended ones, or a corrected event in their place."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.kafka.event_record import STRUCTURED_HEADERS, event_record
from connectors.kafka.producer import Producer, Record
from connectors.timescale import dead_letters
from connectors.timescale.database import Database
from connectors.timescale.dead_letters import Letter
from ioc.errors import BrokerUnavailableError
from ioc.event import Refusal
from ioc.mending import Step, mended

log = logging.getLogger(__name__)

PUBLISH_TIMEOUT_S = 1.5
#: Of many, so many are held in memory and published at a time.
CHUNK_LETTERS = 50
#: The letters are locked meanwhile: shorter than a transaction may stand idle.
CHUNK_TIMEOUT_S = 5.0


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
        dead_letters.mark_retried(conn, [letter_id], by, now)
    log.info("dead letter %d tried again by %s", letter_id, by, extra={"action": "retry_letter"})
    return record


@dataclass(slots=True)
class Trial:
    """What became of many: how many were read, which would be refused, how many were published.

    `is_broken`: Kafka went away before the end; what was published until then is marked.
    """

    tried: int = 0
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    sent: int = 0
    is_broken: bool = False

    @property
    def ok(self) -> int:
        """How many the reader takes."""
        return self.tried - len(self.refused)


def try_many(database: Database, ids: Sequence[int], fix: Sequence[Step]) -> Trial:
    """Read many dead letters as `retry_many` would; nothing is published."""
    trial = Trial()
    for chunk in _chunks(ids):
        with database.reading() as conn:
            letters = dead_letters.some(conn, chunk)
        _readable(letters, fix, trial)
    return trial


def retry_many(
    database: Database,
    producer: Producer,
    ids: Sequence[int],
    fix: Sequence[Step],
    *,
    by: str,
    now: datetime,
) -> Trial:
    """Publish many dead letters again, mended by the steps; what would be refused stays.

    Chunk by chunk, and each is marked once Kafka has it: whatever ends this half-way leaves letters
    that can be tried again, and twice does no harm. Those that somebody else sends or gives up at
    the same moment are theirs.

    Raises:
        DatabaseUnavailableError: try again; nothing is lost.
    """
    trial = Trial()
    for chunk in _chunks(ids):
        with database.transaction() as conn:
            ready = _readable(dead_letters.held(conn, chunk), fix, trial)
            if not ready:
                continue
            try:
                producer.publish([record for _, record in ready], CHUNK_TIMEOUT_S)
            except BrokerUnavailableError as error:
                log.warning("dead letters wait: %s", error, extra={"action": "retry_letter"})
                trial.is_broken = True
                break
            dead_letters.mark_retried(conn, [letter_id for letter_id, _ in ready], by, now)
        trial.sent += len(ready)
    log.info("%d dead letters tried again by %s", trial.sent, by, extra={"action": "retry_letter"})
    return trial


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(ids), CHUNK_LETTERS):
        yield ids[at : at + CHUNK_LETTERS]


def _readable(
    letters: Sequence[Letter], fix: Sequence[Step], trial: Trial
) -> list[tuple[int, Record]]:
    """Return what the reader takes; `trial` learns of it and of the rest."""
    ready = []
    for letter in letters:
        letter_id, outcome = letter.row["id"], _mended_record(letter, fix)
        trial.tried += 1
        if isinstance(outcome, Refusal):
            trial.refused.append((letter_id, outcome))
        else:
            ready.append((letter_id, outcome))
    return ready


def _mended_record(letter: Letter, fix: Sequence[Step]) -> Record | Refusal:
    if not fix:
        return event_record(letter.raw, letter.headers, letter.received_at)
    value = mended(letter.raw, letter.headers, fix)
    if isinstance(value, Refusal):
        return value
    return event_record(value, STRUCTURED_HEADERS, letter.received_at)
