"""The examples of the API's document; a test sends every one of them to the real application."""

from __future__ import annotations

from typing import Any

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "panel-1234-0007",
    "source": "/sia/1234",
    "type": "ioc.fire.reading",
    "time": "2026-11-22T02:14:12Z",
    "area": "05443",
    "device": "panel-1234/zone-101",
    "data": {"kind": "smoke", "state": "alarm", "lat": 21.59, "lon": 105.84},
}
BATCH_OF_EVENTS: list[dict[str, Any]] = [
    EVENT,
    {
        "specversion": "1.0",
        "id": "q-PDP-20261122-A017-1",
        "source": "/queue/pdp",
        "type": "ioc.queue.ticket",
        "time": "2026-11-22T08:00:10+07:00",
        "area": "05443",
        "data": {"office": "PDP", "ticket": "A017", "action": "issued", "service": "land"},
    },
]
#: Looks like a key; a real one is only ever shown by `ioc key create`.
KEY = "ioc_5wHrxvZk0Jd2mYqQw0fC8uVbT1n9sLxE3aRgPqKjZtM"
WALL_LINK = "ioc_Q2Zp8sWc1Lk7vBnXy4tRdJh6gMfUoAe9iKqNwSxCzVE"
