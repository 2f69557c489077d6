"""Devices as a map draws them: tens of thousands of points in one answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.auth import AskedArea, Viewer, seen_area
from api.device_book import DeviceBook
from api.problem import problems
from connectors.timescale.devices import Point
from ioc import clock
from ioc.area import gazetteer

router = APIRouter(tags=["areas"])

COLUMNS = ("source", "device", "area", "lat", "lon", "silent")
#: Five decimals of a degree are a metre: nobody sees less on a map.
DECIMALS = 5

IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


class DevicePoints(BaseModel):
    """Devices in rows: `source` and `area` are places in the lists beside them.

    `lat` and `lon` are in degrees, null where nobody said where the device stands; `silent` is 1
    when it should have spoken and did not. `complete` false: there are more than the answer holds.
    """

    as_of: datetime
    complete: bool
    sources: list[str] = Field(examples=[["camera", "fire"]])
    areas: list[str] = Field(examples=[["19", "05443"]])
    columns: list[str] = Field(examples=[list(COLUMNS)])
    rows: list[tuple[int, str, int, float | None, float | None, int]] = Field(
        examples=[[[0, "CAM-1", 1, 21.59, 105.84, 0]]]
    )


def device_book(request: Request) -> DeviceBook:
    """Return the book that all calls of this process share."""
    return cast("DeviceBook", request.app.state.devices)


@router.get(
    "/devices",
    response_model=DevicePoints,
    summary="Devices as points",
    responses={
        **problems(400, 401, 403, 503),
        304: {"description": "The ones that you have are still right"},
    },
)
def get_devices(
    who: Viewer,
    book: Annotated[DeviceBook, Depends(device_book)],
    *,
    source: Annotated[
        str | None,
        Query(max_length=400, pattern=r"^[^\x00]*$", description="One, or several with commas."),
    ] = None,
    area: AskedArea = None,
    since: Annotated[
        AwareDatetime | None, Query(description="`as_of` of the answer before: only what changed.")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return where devices stand and which are silent.

    With `since` only those that came, moved, fell silent or were heard again; the same device may
    come twice.
    """
    where = seen_area(who, area)
    sources = frozenset(filter(None, (source or "").split(",")))
    found = book.read(clock.now())
    wanted = (
        point
        for point in found.since(since)
        if where in {None, point.area} and (not sources or point.source in sources)
    )
    columns = orjson.dumps(_columns(wanted))
    tag = f'"{hashlib.sha256(columns).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = {name.strip().removeprefix("W/") for name in (if_none_match or "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=headers)
    head = orjson.dumps({"as_of": found.as_of, "complete": found.is_complete}, option=_UTC)
    return Response(head[:-1] + b"," + columns[1:], media_type="application/json", headers=headers)


_UTC = orjson.OPT_UTC_Z


def _columns(points: Iterable[Point]) -> dict[str, Any]:
    """Return the rows, and the lists that they point into; the same devices give the same bytes."""
    areas = [area.code for area in gazetteer().areas]
    place = {code: number for number, code in enumerate(areas)}
    found = sorted(points)
    sources = sorted({point.source for point in found})
    number = {source: at for at, source in enumerate(sources)}
    rows = [
        (
            number[point.source],
            point.device,
            place.get(point.area, 0),  # an area of before the last reform is the province's
            None if point.lat is None else round(point.lat, DECIMALS),
            None if point.lon is None else round(point.lon, DECIMALS),
            int(point.silent),
        )
        for point in found
    ]
    return {"sources": sources, "areas": areas, "columns": COLUMNS, "rows": rows}
