"""What speaks for an alarm: its cause, what stands around it, and what that said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.alarm_body import Instant
from api.alarm_moves import AlarmId, check_area
from api.auth import Caller, Viewer
from api.parts import Db, parts
from api.pictures import path_of
from api.problem import Problem, problems
from connectors.timescale import alarm_pages
from connectors.timescale import evidence as stored
from connectors.timescale.database import Database
from connectors.timescale.evidence import Around, Row
from ioc import clock
from ioc.alarm import Alarm, State
from ioc.alarm.move import z
from ioc.health import silent_after
from ioc.severity import Severity

router = APIRouter(prefix="/alarms", tags=["alarms"])

#: Most devices, events and reports of one answer: what is further away proves little.
SHOWN_MAX = 50
#: As far as a camera sees and a siren is heard; further is another place.
RADIUS_MAX_M = 5_000
MINUTES_MAX = 120


class Cause(BaseModel):
    """The rule that raised it, in the wording that was in force, and what it found."""

    rule: str = Field(examples=["fire-alarm"])
    version: int = Field(examples=[3])
    facts: dict[str, Any] = Field(examples=[{"n": 3}])


class Reliability(BaseModel):
    """How far the alarm can be relied on: how many devices of its source around it still speak.

    `none`: nothing of the source is known there, or all of it is silent.
    """

    state: Literal["full", "partial", "none"]
    heard: int = Field(examples=[3])
    known: int = Field(examples=[3])
    silent: list[str] = Field(examples=[["CAM-1"]], description="The nearest, at most 50.")


class NearAlarm(BaseModel):
    """The most urgent open alarm of a device."""

    id: str = Field(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    severity: Severity
    state: State


class NearDevice(BaseModel):
    """A device of any source; no distance: the alarm has no place."""

    source: str = Field(examples=["camera"])
    device: str = Field(examples=["CAM-1"])
    lat: float | None = Field(examples=[21.59])
    lon: float | None = Field(examples=[105.84])
    distance_m: float | None = Field(examples=[120.5])
    last_seen: Instant
    silent: bool
    alarm: NearAlarm | None


class NearEvent(BaseModel):
    """An event of one of these devices; `state` is a fire reading's."""

    source: str = Field(examples=["fire"])
    id: str = Field(examples=["0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"])
    kind: str = Field(examples=["smoke"])
    state: str | None = Field(examples=["normal"])
    device: str = Field(examples=["CAM-1"])
    time: Instant
    distance_m: float | None = Field(examples=[120.5])
    picture: str | None = Field(description="Where this API serves its snapshot; null: none.")


class NearReport(BaseModel):
    """A citizen's report; who reported is never told here."""

    report: str = Field(examples=["PA-20411"])
    category: str = Field(examples=["fire"])
    status: str = Field(examples=["open"])
    emergency: bool
    opened_at: Instant
    distance_m: float = Field(examples=[80.0])


class Evidence(BaseModel):
    """Each list nearest first, at most 50; `escalation` is null as long as nobody is on call."""

    cause: Cause
    reliability: Reliability
    escalation: None
    devices: list[NearDevice]
    events: list[NearEvent]
    reports: list[NearReport]


@router.get(
    "/{alarm_id}/evidence",
    response_model=Evidence,
    summary="What speaks for an alarm",
    responses=problems(400, 401, 403, 404, 503),
)
def get_evidence(
    request: Request,
    db: Db,
    who: Viewer,
    alarm_id: AlarmId,
    radius_m: Annotated[float, Query(gt=0, le=RADIUS_MAX_M, examples=[500])] = 500,
    minutes: Annotated[int, Query(ge=1, le=MINUTES_MAX, examples=[10])] = 10,
) -> dict[str, Any]:
    """Return the devices around an alarm, and what they and citizens said then.

    Then is from `minutes` before the event that raised it to `minutes` after. Reporters are not
    in it. An alarm without a place has its own device beside it only.
    """
    with db.reading() as conn:
        alarm = alarm_pages.one(conn, alarm_id)
    if alarm is None:
        raise Problem(404, f"there is no alarm {alarm_id}")
    check_area(who, alarm)
    lasts, now = timedelta(minutes=minutes), clock.now()
    span = (alarm.event_time - lasts, alarm.event_time + lasts)
    found = _found(db, who, alarm, radius_m, span)
    near, silent = found.devices, _silent(found.devices, now)
    places = {(row["source"], row["device"]): row["distance_m"] for row in near}
    said = sorted(
        found.events,
        key=lambda row: (places[row["source"], row["device"]] or 0.0, -row["time"].timestamp()),
    )
    settings = parts(request).settings
    return {
        "cause": {"rule": alarm.rule, "version": alarm.rule_version, "facts": dict(alarm.facts)},
        "reliability": reliability(alarm.source, near, silent),
        "escalation": None,
        "devices": [_device(row, silent, found.alarms) for row in near[:SHOWN_MAX]],
        "events": [
            {
                **{name: row[name] for name in ("source", "id", "kind", "state", "device")},
                "time": z(row["time"]),
                "distance_m": _metres(places[row["source"], row["device"]]),
                "picture": path_of(settings, who, row["id"], row["time"], row["snapshot_url"]),
            }
            for row in said[:SHOWN_MAX]
        ],
        "reports": [
            {**row, "opened_at": z(row["opened_at"]), "distance_m": _metres(row["distance_m"])}
            for row in found.reports
        ],
    }


@dataclass(frozen=True, slots=True)
class _Found:
    devices: list[Row]
    alarms: dict[tuple[str, str], Row]
    events: list[Row]
    reports: list[Row]


def _found(
    db: Database, who: Caller, alarm: Alarm, radius_m: float, span: tuple[datetime, datetime]
) -> _Found:
    """Read all of it; the place is the alarm's, or that of its device."""
    try:
        with db.transaction() as conn, stored.in_time(conn):
            own = stored.device(conn, alarm.source, alarm.device)
            lat, lon = alarm.lat, alarm.lon
            if own is not None and (lat is None or lon is None):
                lat, lon = own["lat"], own["lon"]
            if lat is None or lon is None:
                near, reports = [own] if own else [], []
            else:
                around = Around(
                    lat=lat, lon=lon, radius_m=radius_m, area=who.area, start=span[0], end=span[1]
                )
                near, reports = (
                    stored.devices(conn, around),
                    stored.reports(conn, around, SHOWN_MAX),
                )
            shown = near[:SHOWN_MAX]
            return _Found(
                devices=near,
                alarms=stored.alarms(conn, shown),
                events=stored.events(conn, shown, *span),
                reports=reports,
            )
    except TimeoutError as error:
        raise Problem(
            400, f"{error}: ask for a smaller radius or fewer minutes", code="too_broad"
        ) from None


def _silent(near: Sequence[Row], now: datetime) -> frozenset[tuple[str, str]]:
    return frozenset(
        (row["source"], row["device"])
        for row in near
        if now - row["last_seen"] > silent_after(row["source"])
    )


def reliability(
    source: str, near: Sequence[Row], silent: frozenset[tuple[str, str]]
) -> dict[str, Any]:
    """Return how many of the devices of a source that stand near still speak."""
    known = [row["device"] for row in near if row["source"] == source]
    quiet = [device for device in known if (source, device) in silent]
    heard = len(known) - len(quiet)
    state = "none" if heard == 0 else "partial" if quiet else "full"
    return {"state": state, "heard": heard, "known": len(known), "silent": quiet[:SHOWN_MAX]}


def _device(
    row: Row, silent: frozenset[tuple[str, str]], alarms: Mapping[tuple[str, str], Row]
) -> dict[str, Any]:
    of = (row["source"], row["device"])
    return {
        **{name: row[name] for name in ("source", "device", "lat", "lon")},
        "distance_m": _metres(row["distance_m"]),
        "last_seen": z(row["last_seen"]),
        "silent": of in silent,
        "alarm": alarms.get(of),
    }


def _metres(distance_m: float | None) -> float | None:
    return None if distance_m is None else round(distance_m, 1)
