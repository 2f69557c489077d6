"""Areas and their outlines, as shipped: the same for everybody, and cacheable."""

from __future__ import annotations

import functools
import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.auth import Viewer
from api.problem import Problem, problems
from ioc import area as places

router = APIRouter(prefix="/areas", tags=["areas"])

GEOJSON = "application/geo+json"
#: Checked again after this long; a new version of the product may bring new lines.
CACHE_CONTROL = "private, max-age=3600"

_OUTLINE: dict[int | str, dict[str, Any]] = {
    200: {"description": "GeoJSON", "content": {GEOJSON: {"schema": {"type": "object"}}}},
    304: {"description": "The one that you have is still right"},
}
IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


class Area(BaseModel):
    """An administrative unit; `lat` and `lon` are a point for its label.

    `former` are the units that went into it in 2025, whole or in part, by their full names.
    """

    code: str
    name: str
    name_en: str
    kind: Literal["commune", "ward", "province"]
    lat: float
    lon: float
    former: list[str] = Field(examples=[["Phường Hoàng Văn Thụ"]])


class Areas(BaseModel):
    """The province, then its communes and wards by code."""

    areas: list[Area]


@router.get("", summary="Areas", responses=problems(401, 403))
async def get_areas(who: Viewer) -> Areas:
    """Return today's areas of the province."""
    return _areas()


@router.get(
    "/boundaries",
    summary="All outlines",
    response_class=Response,
    responses={**problems(401, 403), **_OUTLINE},
)
def get_boundaries(who: Viewer, if_none_match: IfNoneMatch = None) -> Response:
    """Return the outlines of all communes, simplified for maps, as a FeatureCollection."""
    return _outline(places.boundaries(), if_none_match)


@router.get(
    "/{code}/boundary",
    summary="One outline",
    response_class=Response,
    responses={**problems(401, 403, 404), **_OUTLINE},
)
def get_boundary(
    who: Viewer,
    code: Annotated[str, Path(max_length=10, examples=["05443"])],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return the outline of one area as a GeoJSON Feature."""
    found = places.boundary(code)
    if found is None:
        raise Problem(404, f"there is no area {code!r}; `GET /areas` lists them")
    return _outline(found, if_none_match)


_SHOWN = ("code", "name", "name_en", "kind", "lat", "lon")


@functools.cache
def _areas() -> Areas:
    known = places.gazetteer()
    return Areas(
        areas=[
            Area.model_validate(
                {
                    **{name: getattr(area, name) for name in _SHOWN},
                    "former": [unit.full_name for unit in known.origins(area.code)],
                }
            )
            for area in known.areas
        ]
    )


def _outline(body: bytes, if_none_match: str | None) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL}
    known = {name.strip().removeprefix("W/") for name in (if_none_match or "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=GEOJSON, headers=headers)
