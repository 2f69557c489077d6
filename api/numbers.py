"""What live views are shown besides alarms, encoded: tiles, health, and the snapshot's body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from api.province import Province, overview
from api.subscription import encoded
from connectors.timescale import feed
from connectors.timescale.alarms import as_json
from ioc import __version__

Json = dict[str, Any]

#: The tiles beside those of the sources.
TILES = ("alarms", "hidden", "flood", "incidents", "reports", "queues", "dossiers")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the views of one area are shown, encoded; `key` changes when health does."""

    province: Province
    tiles: dict[str, bytes]
    health: Json
    key: bytes


def snapshot_of(province: Province, area: str | None, found: feed.OpenAlarms) -> bytes:
    """Return a snapshot of an area, encoded."""
    body = {
        "as_of": province.as_of,
        "version": __version__,
        "position": found.position,
        "overview": overview(province, area),
        "alarms": [as_json(alarm) for alarm in found.alarms],
        "alarms_total": found.total,
    }
    return encoded(body)


def numbers_of(province: Province, area: str | None) -> Numbers:
    """Return tiles and health of an area, encoded."""
    whole = overview(province, area)
    values = {
        **whole["sources"],
        **{name: whole[name] for name in TILES},
    }
    tiles = {name: encoded({"tile": name, "value": value}) for name, value in values.items()}
    sources = {
        name: {key: tile[key] for key in ("state", "last_event_at", "devices")}
        for name, tile in whole["sources"].items()
    }
    health = {
        "as_of": province.as_of,
        "sources": sources,
        "processing": whole["processing"],
    }
    # The last event and the lag change all the time: they go with the next beat.
    key = [[name, tile["state"], tile["devices"]] for name, tile in sources.items()]
    processing = whole["processing"]
    key.append([processing["state"], processing["workers"], processing["notifiers"]])
    return Numbers(province, tiles, health, orjson.dumps(key))
