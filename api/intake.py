"""What a POST of events holds: CloudEvents single, batch or binary, read into Kafka records.

Pure: bytes and headers in, records and refusals out. Every event is read by the very reader that
the workers use, so what is accepted here is no dead letter there.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import orjson

from api.problem import Problem
from connectors.kafka.event_record import STRUCTURED_HEADERS, area_of, event_record
from connectors.kafka.producer import Record
from ioc.event import DEPTH_MAX, Refusal

EVENTS_PER_BATCH_MAX = 1000
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
#: Stands for an event that cannot be written again; the reader refuses it for the right reason.
TOO_DEEP = b"[" * (DEPTH_MAX + 1)
_LONG_NUMBER = re.compile(rb"\d{19}")


@dataclass(frozen=True, slots=True)
class Refused:
    """One event of the body that was not taken, by its place in the batch."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What to publish, and what was wrong with the rest."""

    records: tuple[Record, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class _Sent:
    """One event as a record's value and headers."""

    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def taken(
    body: bytes, headers: Mapping[str, str], received_at: datetime, only_area: str | None
) -> Intake:
    """Read a body; `headers` by lower-case name, `only_area` what the sender's key is bound to.

    Raises:
        Problem: 400, 413 or 415, the body as a whole cannot be read.
    """
    records: list[Record] = []
    refused: list[Refused] = []
    for index, sent in enumerate(_sent(body, headers)):
        outcome = _record(sent, received_at, only_area)
        if isinstance(outcome, Record):
            records.append(outcome)
        else:
            refused.append(Refused(index, *outcome))
    return Intake(tuple(records), tuple(refused))


def _record(sent: _Sent, received_at: datetime, only_area: str | None) -> Record | tuple[str, str]:
    record = event_record(sent.value, sent.headers, received_at)
    if isinstance(record, Refusal):
        return record.reason.value, record.detail
    if only_area is not None and area_of(record) != only_area:
        return "other_area", f"this key sends for area {only_area} only"
    return record


def _sent(body: bytes, headers: Mapping[str, str]) -> list[_Sent]:
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    if "charset=" in (spelled := parameters.lower().replace(" ", "").replace('"', "")) and (
        "charset=utf-8" not in spelled
    ):
        raise Problem(415, "JSON is UTF-8: send no other charset")
    if media_type == BATCH:
        return [_structured(element) for element in _elements(body)]
    if media_type == STRUCTURED:
        return [_structured(body)]
    if "ce-type" in headers or "ce-specversion" in headers:
        return [_binary(body, headers, media_type)]
    raise Problem(
        415, f"send {STRUCTURED}, {BATCH}, or application/json with the ce- headers of an event"
    )


def _structured(value: bytes) -> _Sent:
    return _Sent(value, STRUCTURED_HEADERS)


def _binary(body: bytes, headers: Mapping[str, str], media_type: str) -> _Sent:
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Problem(415, "the data of an event is JSON: send application/json")
    attributes = {
        # The HTTP binding writes what is not printable ASCII as percent-encoded UTF-8.
        name[3:]: unquote(value, errors="replace")
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    carried = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
    return _Sent(body, (*carried, ("content-type", media_type.encode())))


def _elements(body: bytes) -> list[bytes]:
    """Return each event of a batch as its own JSON text."""
    try:
        batch, encoded = _loaded(body)
    except RecursionError:
        raise Problem(400, "the batch is nested too deep", code="too_deep") from None
    except ValueError as error:  # both readers' errors, and a bad UTF-8 byte
        raise Problem(400, f"the batch is not JSON: {error}"[:300], code="not_json") from None
    if not isinstance(batch, list):
        raise Problem(400, "a batch is a JSON array of events", code="schema")
    if len(batch) > EVENTS_PER_BATCH_MAX:
        raise Problem(
            413,
            f"{len(batch)} events; a batch has at most {EVENTS_PER_BATCH_MAX}",
            code="too_many_events",
        )
    return [_written(element, encoded) for element in batch]


def _loaded(body: bytes) -> tuple[Any, Callable[[Any], bytes]]:
    """Return what the JSON text holds, and the writer that loses nothing of it."""
    if not _LONG_NUMBER.search(body):  # orjson rounds what does not fit into 64 bits
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(body), orjson.dumps
    # The patient reader also takes NaN or half a surrogate pair: one bad event must not spoil its
    # neighbours, and is refused by itself later.
    return json.loads(body), _patiently


def _written(element: Any, encoded: Callable[[Any], bytes]) -> bytes:
    try:
        return encoded(element)
    except (orjson.JSONEncodeError, RecursionError):
        # Both writers give up on depth alone, far beyond what an event may have.
        return TOO_DEEP


def _patiently(element: Any) -> bytes:
    try:
        return json.dumps(element, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(element).encode()
