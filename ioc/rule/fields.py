"""The fields that a rule may name, by event type; so that a slip of the pen is found at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ioc.rule.fact import ATTRIBUTES
from ioc.severity import Severity

#: Personal or free text of people: never in a title, which goes to walls and webhooks.
RESTRICTED = frozenset({"reporter", "description", "address", "media"})


@dataclass(frozen=True, slots=True)
class Field:
    """What a field holds: `text`, `number`, `truth`; `values` when only these are possible."""

    holds: str = "text"
    values: tuple[str, ...] = ()


_TEXT, _NUMBER, _TRUTH = Field(), Field("number"), Field("truth")
_KINDS = (
    *("smoke", "heat", "flame", "gas", "manual", "waterflow"),
    *("temperature", "battery", "tamper", "heartbeat"),
)
_SEVERITY = Field(values=tuple(Severity))
_PLACE = {"lat": _NUMBER, "lon": _NUMBER}

FIELDS: Mapping[str, Mapping[str, Field]] = {
    "ioc.camera.alert": {
        "label": _TEXT,
        "phase": Field(values=("new", "update", "end")),
        "score": _NUMBER,
        "zones": _TEXT,
        "snapshot_url": _TEXT,
        **_PLACE,
    },
    "ioc.fire.reading": {
        "kind": Field(values=_KINDS),
        "state": Field(values=("alarm", "restore", "trouble", "test", "normal")),
        "value": _NUMBER,
        "unit": _TEXT,
        "battery": _NUMBER,
        **_PLACE,
    },
    "ioc.citizen.report": {
        "report": _TEXT,
        "category": _TEXT,
        "status": Field(values=("open", "in_progress", "resolved", "rejected", "reopened")),
        "description": _TEXT,
        "emergency": _TRUTH,
        "channel": _TEXT,
        "address": _TEXT,
        "due_at": _TEXT,
        "reporter": _TEXT,
        "media": _TEXT,
        **_PLACE,
    },
    "ioc.queue.ticket": {
        "office": _TEXT,
        "ticket": _TEXT,
        "action": Field(values=("issued", "called", "served", "abandoned", "transferred")),
        "service": _TEXT,
        "counter": _TEXT,
    },
    "ioc.queue.dossier": {
        "office": _TEXT,
        "dossier": _TEXT,
        "action": Field(values=("received", "resolved", "withdrawn")),
        "procedure": _TEXT,
        "due_at": _TEXT,
        "level": _TEXT,
    },
}


def known(event_type: str) -> Mapping[str, Field]:
    """Return the fields of a type, with the attributes that every event has."""
    attributes = {name: _SEVERITY if name == "severity" else _TEXT for name in ATTRIBUTES}
    return {**attributes, **FIELDS[event_type]}
