"""An event before it has a time and an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ioc.clock import LOCAL_ZONE
from ioc.simulation.province import Device


@dataclass(frozen=True, slots=True)
class Draft:
    """What a simulated source says; `system` is the sender behind `/simulated/`."""

    system: str
    type: str
    data: dict[str, Any]
    area: str | None = None
    device: str | None = None

    def event(self, event_id: str, at: datetime) -> dict[str, Any]:
        """Return the CloudEvents object."""
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/simulated/{self.system}",
            "type": self.type,
            "time": stamp(at),
        }
        if self.area is not None:
            event["area"] = self.area
        if self.device is not None:
            event["subject"] = event["device"] = self.device
        event["data"] = self.data
        return event


@dataclass(frozen=True, slots=True)
class Planned:
    """A draft and when it is due; one that `must` come is sent even when time runs out."""

    at: datetime
    draft: Draft
    must: bool = False


def stamp(at: datetime) -> str:
    """Return RFC 3339 in local time with milliseconds."""
    return at.astimezone(LOCAL_ZONE).isoformat(timespec="milliseconds")


def camera_alert(
    camera: Device, label: str, phase: str, score: float | None = None, severity: str | None = None
) -> Draft:
    """Return an alert of a camera at its place."""
    data: dict[str, Any] = {"label": label, "phase": phase, "lat": camera.lat, "lon": camera.lon}
    if score is not None:
        data["score"] = round(score, 2)
    if severity is not None:
        data["severity"] = severity
    return Draft("camera", "ioc.camera.alert", data, camera.area, camera.name)


def fire_reading(device: Device, kind: str, state: str, **more: object) -> Draft:
    """Return a reading of a panel's zone or of a radio sensor at its place."""
    data = {"kind": kind, "state": state, "lat": device.lat, "lon": device.lon, **more}
    system = "sia" if device.name.startswith("panel-") else "lorawan"
    return Draft(system, "ioc.fire.reading", data, device.area, device.name)


def citizen_report(area: str, report: str, category: str, status: str, **more: object) -> Draft:
    """Return a word on a citizen's report."""
    data = {"report": report, "category": category, "status": status, **more}
    return Draft("c-thainguyen", "ioc.citizen.report", data, area)


def queue_ticket(area: str, office: str, ticket: str, action: str, **more: object) -> Draft:
    """Return a step of a ticket."""
    data = {"office": office, "ticket": ticket, "action": action, **more}
    return Draft("queue", "ioc.queue.ticket", data, area)


def queue_dossier(area: str, office: str, dossier: str, action: str, **more: object) -> Draft:
    """Return a step of a dossier."""
    data = {"office": office, "dossier": dossier, "action": action, **more}
    return Draft("dossiers", "ioc.queue.dossier", data, area)
