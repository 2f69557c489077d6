"""The quick reader: an event, or a shrug. What it is not sure of, the judge reads.

msgspec reads the shapes of the contract about three times as fast as pydantic, and a little
differently. Where the two could differ, this reader is not sure; that they agree on all the rest
is a property test (tests/unit/test_event_readers.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec.json import Decoder

from ioc.event.contract import (
    DEPTH_MAX,
    EVENT_BYTES_MAX,
    CameraAlert,
    CitizenReport,
    FireReading,
    Moment,
    QueueDossier,
    QueueTicket,
)
from ioc.event.event import Attributes, Event, admitted

_ENVELOPE = Decoder(Attributes).decode
_DATA = {
    "ioc.camera.alert": Decoder(CameraAlert).decode,
    "ioc.fire.reading": Decoder(FireReading).decode,
    "ioc.citizen.report": Decoder(CitizenReport).decode,
    "ioc.queue.ticket": Decoder(QueueTicket).decode,
    "ioc.queue.dossier": Decoder(QueueDossier).decode,
}
#: Reads the fields that we do not know, too; the decoders above only skip them, unchecked.
_WHOLE = Decoder().decode
_TIME = Decoder(Moment).decode
_ZULU_MAX = len('"2026-11-22T07:00:00.123456Z"')
_OFFSET_MAX = len('"2026-11-22T07:00:00.123456+07:00"')


def read(value: bytes, topic: str, received_at: datetime) -> Event | None:
    """Return the event of a structured-mode record; None: the judge must look.

    Not sure of: attributes that we do not know, escapes by number (they can hide half a character
    or a NUL), fractions of a second beyond microseconds (rounded here, cut off there), and all
    that is wrong.
    """
    if (
        len(value) > EVENT_BYTES_MAX
        or (b"\\" in value and b"\\u" in value)
        or value.count(b"{") + value.count(b"[") > DEPTH_MAX
    ):
        return None
    try:
        attributes = _ENVELOPE(value)
        known = cast("dict[str, Any]", _DATA[attributes.type](attributes.data))
        data: dict[str, Any] = _WHOLE(attributes.data)
        time = _TIME(attributes.time)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return None
    if not _is_exact(bytes(attributes.time)):
        return None
    if known.get("due_at") is not None:
        if not _is_exact(b'"%s"' % data["due_at"].encode()):
            return None
        data["due_at"] = known["due_at"]
    event = admitted(attributes, time, data, topic, received_at)
    return event if isinstance(event, Event) else None


def _is_exact(moment: bytes) -> bool:
    """Return whether a moment, in its quotes, has at most six digits of a fraction."""
    length = len(moment)
    return length <= _ZULU_MAX or (length <= _OFFSET_MAX and moment[-4:-3] == b":")
