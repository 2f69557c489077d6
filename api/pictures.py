"""Snapshots of cameras: fetched by us, so that a screen speaks to nobody but this service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast
from urllib.parse import urlencode
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from api.auth import Caller, Viewer
from api.parts import Db, parts
from api.problem import Problem, problems
from connectors.outbound.picture import PictureError, Pictures, media_hosts
from connectors.timescale import events, looks
from connectors.timescale.database import Database
from connectors.timescale.keys import Role
from ioc import clock
from ioc.alarm.move import z
from ioc.settings import Settings

router = APIRouter(prefix="/pictures", tags=["alarms"])

EventId = Annotated[UUID, Path(examples=["3f7a0c9e-3a53-5d9e-8f0b-0c2f5f3f7a12"])]
_PICTURE = {
    "content": {"image/jpeg": {}, "image/png": {}},
    "description": "The snapshot as the camera's host serves it.",
}


def path_of(
    settings: Settings, who: Caller, event_id: str, time: datetime, url: str | None
) -> str | None:
    """Return where this caller finds the snapshot of an event; None when there is none for them."""
    if url is None or not _may_look(settings, who):
        return None
    if not media_hosts(settings.media_hosts).has(url):
        return None
    return f"/api/v1/pictures/{event_id}?{urlencode({'time': z(time)})}"


@router.get(
    "/{event_id}",
    summary="A camera's snapshot",
    response_class=Response,
    responses={200: _PICTURE, **problems(400, 401, 403, 404, 502, 503)},
)
async def get_picture(
    request: Request,
    db: Db,
    who: Viewer,
    event_id: EventId,
    time: Annotated[
        AwareDatetime, Query(description="The event's time.", examples=["2026-11-22T02:14:12Z"])
    ],
) -> Response:
    """Return the snapshot of a camera event, fetched from a host that IOC_MEDIA_HOSTS names.

    For operators; for viewers, so for walls, when IOC_WALL_MEDIA is on. Each look is logged. 404
    `no_picture`: there is none, or none may be fetched; 502 `picture`: it did not come.
    """
    settings = parts(request).settings
    if not settings.media_hosts:
        raise _none("pictures are off; IOC_MEDIA_HOSTS names where they may come from")
    if not _may_look(settings, who):
        raise Problem(403, f"{who.name!r} has the role {who.role}; {Role.OPERATOR} is needed")
    url = await anyio.to_thread.run_sync(_url, db, who, event_id, time)
    if not media_hosts(settings.media_hosts).has(url):
        raise _none("the host of this picture is not named by IOC_MEDIA_HOSTS")
    pictures = cast("Pictures", request.app.state.pictures)
    try:
        picture = await pictures.fetch(url)
    except PictureError as error:
        raise Problem(502, f"the picture did not come: {error}", code="picture") from error
    await anyio.to_thread.run_sync(_log, db, who, event_id)
    return Response(picture.data, media_type=picture.media_type)


def _may_look(settings: Settings, who: Caller) -> bool:
    return who.may(Role.OPERATOR) or settings.wall_media


def _url(db: Database, who: Caller, event_id: UUID, time: datetime) -> str:
    with db.reading() as conn:
        found = events.snapshot(conn, time, event_id)
    if found is None:
        raise _none("no camera event with a picture has this id and time")
    area, url = found
    if who.area not in {None, area}:
        raise Problem(403, f"this key sees area {who.area} only", code="other_area")
    return url


def _log(db: Database, who: Caller, event_id: UUID) -> None:
    with db.transaction() as conn:
        looks.log(conn, who.name, [f"picture of event {event_id}"], clock.now())


def _none(why: str) -> Problem:
    return Problem(404, why, code="no_picture")
