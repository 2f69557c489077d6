"""The judge: pydantic reads the record, and its word is final.

It says why a record cannot be used, and reads every record that the quick reader is not sure of.
"""

from __future__ import annotations

import contextlib
import json
import re
from datetime import datetime
from typing import Any

import msgspec
import orjson
from pydantic import TypeAdapter, ValidationError

from ioc.event.contract import DEPTH_MAX, EVENT_BYTES_MAX, AnyEvent, Moment
from ioc.event.event import Attributes, Event, Headers, Reason, Refusal, admitted

_READER = TypeAdapter[Any](AnyEvent).validator
#: Maybe a moment that is finer than we keep it.
_LONG_FRACTION = re.compile(rb"\.\d{7}")


def judge(value: bytes, headers: Headers, topic: str, received_at: datetime) -> Event | Refusal:
    """Read one Kafka record, structured or binary mode; say why when it cannot be used."""
    if is_binary(headers):
        enveloped = _from_binary(value, headers)
        if isinstance(enveloped, Refusal):
            return enveloped
        value = enveloped
    if (refusal := _unreadable(value)) is not None:
        return refusal
    try:
        envelope: dict[str, Any] = _READER.validate_json(value)
    except ValidationError as error:
        return _refusal(error)
    if _LONG_FRACTION.search(value):
        _round(envelope, orjson.loads(value))
    data = envelope["data"]
    text = _json(data)
    return admitted(_attributes(envelope, text), data, text, topic, received_at)


def _round(envelope: dict[str, Any], written: dict[str, Any]) -> None:
    """Round moments to microseconds, as the quick reader does; pydantic cuts off the rest.

    `time` is part of an event's identity: both readers must come to the same.
    """
    for of, name in ((envelope, "time"), (envelope["data"], "due_at")):
        text = (written if of is envelope else written["data"]).get(name)
        if isinstance(of.get(name), datetime):
            with contextlib.suppress(msgspec.ValidationError):
                of[name] = msgspec.convert(text, Moment)


def _attributes(envelope: dict[str, Any], text: bytes) -> Attributes:
    known = {name: envelope[name] for name in Attributes.__struct_fields__ if name in envelope}
    return Attributes(**{**known, "data": msgspec.Raw(text)})


def is_binary(headers: Headers) -> bool:
    """Return whether the attributes are in headers and the value is the data alone."""
    return any(name == "ce_type" for name, _ in headers)


def _json(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data)
    except TypeError:  # an integer beyond 64 bits: rare, allowed in JSON, kept exactly
        return json.dumps(data, ensure_ascii=False, default=datetime.isoformat).encode()


def _unreadable(value: bytes) -> Refusal | None:
    """Refuse what the reader must not see; cheap counts first, exact looks on suspicion."""
    if len(value) > EVENT_BYTES_MAX:
        return Refusal(Reason.TOO_LARGE, f"{len(value)} bytes; at most {EVENT_BYTES_MAX}")
    if value.count(b"{") + value.count(b"[") > DEPTH_MAX and depth(value) > DEPTH_MAX:
        return Refusal(Reason.TOO_DEEP, f"nested deeper than {DEPTH_MAX}")
    if b"\\u0000" in value and _has_nul(value):
        return Refusal(Reason.NUL, "a text holds a NUL character, which no database text can")
    if b"NaN" in value or b"Infinity" in value:
        try:
            orjson.loads(value)  # pydantic's reader takes these words for numbers; JSON has none
        except orjson.JSONDecodeError as error:
            return Refusal(Reason.NOT_JSON, str(error))
    return None


def _from_binary(value: bytes, headers: Headers) -> bytes | Refusal:
    """Put a binary-mode record (`ce_*` headers, data as the value) into one envelope."""
    try:
        envelope: dict[str, Any] = {
            name[3:]: raw.decode()
            for name, raw in headers
            if name.startswith("ce_") and raw is not None
        }
    except UnicodeDecodeError:
        return Refusal(Reason.SCHEMA, "a ce_ header is not UTF-8")
    try:
        orjson.loads(value)  # a Fragment is not looked at: broken data must not break the envelope
    except orjson.JSONDecodeError as error:
        return Refusal(Reason.NOT_JSON, f"data: {error}")
    envelope["data"] = orjson.Fragment(value)
    return orjson.dumps(envelope)


def depth(value: bytes) -> int:
    """Return how deep the brackets of a JSON text nest, not counting those inside strings."""
    deepest = level = 0
    in_string = escaped = False
    for byte in value:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:  # backslash
                escaped = True
            elif byte == 0x22:  # quotation mark
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"}]":
            level -= 1
    return deepest


def _has_nul(value: bytes) -> bool:
    r"""Tell a real `\u0000` from one whose backslash is itself escaped."""
    start = 0
    while (at := value.find(b"\\u0000", start)) >= 0:
        backslashes = at - len(value[:at].rstrip(b"\\"))
        if backslashes % 2 == 0:
            return True
        start = at + 1
    return False


def _refusal(error: ValidationError) -> Refusal:
    """Name the first problem; the value itself is never repeated: it may be personal."""
    first = error.errors(include_url=False, include_context=True, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Refusal(Reason.NOT_JSON, first["msg"])
    if first["type"] == "union_tag_invalid":
        return Refusal(Reason.WRONG_TYPE, "no such event type; see the contract's five")
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("ioc."))
    return Refusal(Reason.SCHEMA, f"{where}: {first['msg']}" if where else first["msg"])
