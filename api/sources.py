"""How each source does: heard, usual, late, and its devices one by one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from api import cursor as cursors
from api.auth import AskedArea, Viewer, seen_area
from api.cursor import LIMIT_DEFAULT, Limit, NameCursor
from api.overview import ProcessingNumbers, province
from api.parts import Db
from api.problem import Problem, problems
from api.province import Province, ProvinceReader, processing_tile, source_tile
from api.source_reader import SourceFigures, SourceReader
from connectors.timescale import source_figures
from connectors.timescale.source_figures import DevicesAsked
from ioc import clock
from ioc.health import BLIND_BELOW, SourceHealth, silent_after

router = APIRouter(prefix="/sources", tags=["sources"])

Json = dict[str, Any]


class Band(BaseModel):
    """Events per minute in the same hour of the last weeks in which the source spoke."""

    low: float = Field(examples=[3.2])
    high: float = Field(examples=[7.9])
    weeks: int = Field(examples=[4])


class SourceRow(BaseModel):
    """One source; a lag of null: nothing came lately, `late_today` null: too many to count.

    `skewed` are devices whose clock is ahead by more than 5 s; dead letters belong to no area: null
    where one is asked for.
    """

    source: str = Field(examples=["camera"])
    state: SourceHealth
    per_minute: int = Field(examples=[1284])
    band: Band | None
    known: int = Field(examples=[10_000])
    heard: int = Field(examples=[9_871])
    lag_p50_s: float | None = Field(examples=[0.4])
    skewed: int = Field(examples=[12])
    late_today: int | None = Field(examples=[31])
    dead_letters_today: int | None = Field(examples=[3])
    last_event_at: datetime | None


class ProcessingRate(ProcessingNumbers):
    """Our own processing, with the events that came in each second of the last minute."""

    events_per_s: float = Field(examples=[3120.0])


class SendingNumbers(BaseModel):
    """How telling others goes; `running` endpoints are neither disabled nor failing."""

    endpoints: int = Field(examples=[6])
    running: int = Field(examples=[6])
    pending: int = Field(examples=[0])
    failed_24h: int = Field(examples=[2])


class BlindArea(BaseModel):
    """An area of which fewer than half the devices were heard."""

    area: str = Field(examples=["05443"])
    known: int = Field(examples=[12])
    heard: int = Field(examples=[3])


class Sources(BaseModel):
    """Every source that is known; `dead_letters_new` were opened by nobody, of 24 hours.

    They and `sending` are of the whole province: null where an area is asked for.
    """

    as_of: datetime
    sources: list[SourceRow]
    processing: ProcessingRate
    sending: SendingNumbers | None
    dead_letters_new: int | None = Field(examples=[5])
    blind: list[BlindArea]


class DeviceState(StrEnum):
    """Which devices are asked for."""

    SILENT = "silent"
    SKEWED = "skewed"
    HEARD = "heard"


class DeviceRow(BaseModel):
    """A device; `ahead_s` is by how much its clock is ahead, null when it is not."""

    device: str = Field(examples=["CAM-2231"])
    area: str = Field(examples=["05443"])
    lat: float | None
    lon: float | None
    first_seen: datetime
    last_seen: datetime
    silent: bool
    ahead_s: float | None = Field(examples=[None])


class DevicePage(BaseModel):
    """Devices by name; `next` is the cursor of the following page, null on the last."""

    devices: list[DeviceRow]
    next: str | None


def source_reader(request: Request) -> SourceReader:
    """Return the reader that all calls of this process share."""
    return cast("SourceReader", request.app.state.sources)


Reader = Annotated[ProvinceReader, Depends(province)]
Figures = Annotated[SourceReader, Depends(source_reader)]


@router.get(
    "", response_model=Sources, summary="How the sources do", responses=problems(400, 401, 403, 503)
)
def get_sources(who: Viewer, reader: Reader, figures: Figures, area: AskedArea = None) -> Json:
    """Return each source's events per minute with what is usual, its devices, lag and clocks.

    A source's state and lag are those of the whole feed; its counts and devices are of the area.
    """
    where, now = seen_area(who, area), clock.now()
    found, beside = reader.read(now), figures.read(now)
    return {
        "as_of": found.as_of,
        "sources": [_row(found, beside, name, where) for name in found.sources],
        "processing": {
            **processing_tile(found),
            "events_per_s": round(sum(counts.n_1m for counts in found.counts.values()) / 60, 1),
        },
        "sending": beside.sending if where is None else None,
        "dead_letters_new": beside.letters_unseen if where is None else None,
        "blind": _blind(found, where),
    }


@router.get(
    "/{source}/devices",
    summary="Devices of a source",
    responses=problems(400, 401, 403, 404, 503),
)
def get_devices(  # noqa: PLR0913 - one parameter is one filter
    db: Db,
    who: Viewer,
    reader: Reader,
    figures: Figures,
    *,
    source: Annotated[str, Path(max_length=64, examples=["camera"])],
    state: Annotated[DeviceState | None, Query(description="None: all.")] = None,
    area: AskedArea = None,
    cursor: NameCursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> DevicePage:
    """Return the devices that ever spoke, by name; or those that are silent, or ahead of time."""
    where, now = seen_area(who, area), clock.now()
    after = cursors.read_names(cursor, 1)
    if source not in reader.read(now).sources:
        raise Problem(404, f"there is no source {source!r}; `GET /sources` lists them")
    ahead = {each.device: each.ahead_s for each in figures.read(now).ahead if each.source == source}
    asked = DevicesAsked(
        source=source,
        area=where,
        is_silent={"silent": True, "heard": False}.get(state or ""),
        names=list(ahead) if state == DeviceState.SKEWED else None,
        after=after[0] if after else None,
    )
    with db.reading() as conn:
        rows = source_figures.devices(conn, asked, now - silent_after(source), limit + 1)
    shown = [DeviceRow(**row, ahead_s=ahead.get(row["device"])) for row in rows[:limit]]
    return DevicePage(
        devices=shown,
        next=cursors.written_names(shown[-1].device) if len(rows) > limit else None,
    )


def _row(found: Province, beside: SourceFigures, name: str, area: str | None) -> Json:
    tile = source_tile(found, name, area)
    devices = tile["devices"]
    return {
        "source": name,
        "state": tile["state"],
        "per_minute": tile["counts"]["1m"],
        "band": _band(beside, name, area),
        "known": devices["known"],
        "heard": devices["known"] - devices["silent"],
        "lag_p50_s": beside.lags.get(name),
        "skewed": sum(each.source == name and area in {None, each.area} for each in beside.ahead),
        "late_today": _late(beside, name, area),
        "dead_letters_today": beside.letters.get(name, 0) if area is None else None,
        "last_event_at": tile["last_event_at"],
    }


def _late(beside: SourceFigures, name: str, area: str | None) -> int | None:
    if beside.late is None:
        return None
    return sum(
        n for place, n in beside.late.items() if place.source == name and area in {None, place.area}
    )


def _band(beside: SourceFigures, name: str, area: str | None) -> Json | None:
    """Return the lowest and the highest of the weeks; None when the source spoke in none."""
    per_minute = [
        sum(
            n
            for place, n in week.counts.items()
            if place.source == name and area in {None, place.area}
        )
        / 60
        for week in beside.usual
        if name in week.spoke
    ]
    if not per_minute:
        return None
    return {
        "low": round(min(per_minute), 1),
        "high": round(max(per_minute), 1),
        "weeks": len(per_minute),
    }


def _blind(found: Province, area: str | None) -> list[Json]:
    """Return the areas with too few devices heard, the emptiest first."""
    known: dict[str, int] = {}
    heard: dict[str, int] = {}
    for place, devices in found.devices.items():
        if area in {None, place.area}:
            known[place.area] = known.get(place.area, 0) + devices.known
            heard[place.area] = heard.get(place.area, 0) + devices.known - devices.silent
    blind = [
        {"area": code, "known": known[code], "heard": heard[code]}
        for code in known
        if heard[code] < BLIND_BELOW * known[code]
    ]
    return sorted(blind, key=lambda each: (each["heard"] / each["known"], each["area"]))
