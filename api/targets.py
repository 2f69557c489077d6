"""What a site promises, and how it is called: what screens measure figures by."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.auth import Viewer
from api.parts import parts
from api.problem import problems
from ioc.severity import Severity

router = APIRouter(tags=["desks"])


class SiteBody(BaseModel):
    """How the center is called; `parent`, `body` and `place` head a letter."""

    title: str = Field(examples=["Điều hành Thái Nguyên"])
    parent: str = Field(examples=["UBND tỉnh Thái Nguyên"])
    body: str = Field(examples=["Trung tâm Điều hành thông minh"])
    place: str = Field(examples=["Thái Nguyên"])


class TargetsBody(BaseModel):
    """What figures are measured by; rates are shares from 0 to 1.

    `acknowledge_p90_s` names only the severities that have a target. `phones` are dialled when the
    alarm system is lost; `wall_media` is the setting of that name.
    """

    wait_p90_s: float = Field(examples=[900])
    on_time_rate: float = Field(examples=[0.99])
    reports_on_time_rate: float = Field(examples=[0.95])
    online_rate: float = Field(examples=[0.8])
    acknowledge_p90_s: dict[Severity, float] = Field(examples=[{"critical": 60}])
    phones: list[str] = Field(examples=[["114", "113", "115"]])
    site: SiteBody
    wall_media: bool


@router.get("/targets", response_model=TargetsBody, summary="Targets", responses=problems(401, 403))
def get_targets(request: Request, _: Viewer) -> TargetsBody:
    """Return what the site's `targets.yaml` says, on top of what is shipped."""
    of = parts(request)
    targets = of.targets
    site = targets.site
    return TargetsBody(
        wait_p90_s=targets.wait_p90.total_seconds(),
        on_time_rate=targets.on_time_rate,
        reports_on_time_rate=targets.reports_on_time_rate,
        online_rate=targets.online_rate,
        acknowledge_p90_s={
            severity: limit.total_seconds() for severity, limit in targets.acknowledge_p90.items()
        },
        phones=list(targets.phones),
        site=SiteBody(title=site.title, parent=site.parent, body=site.body, place=site.place),
        wall_media=of.settings.wall_media,
    )
