"""Sessions: what a browser has instead of a key, because EventSource and a wall send no headers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from api import auth
from api.auth import COOKIE, Caller, Operator, Viewer
from api.examples import KEY, WALL_LINK
from api.parts import Db, parts
from api.problem import Problem, problems
from connectors.timescale import keys
from connectors.timescale.keys import Key, Role
from ioc import clock
from ioc.area import PROVINCE_CODE

router = APIRouter(tags=["sessions"])
#: Outside `/api/v1`: the link that a wall display opens once.
wall_router = APIRouter(tags=["sessions"])

#: A shift and what comes after it.
LOGIN_LASTS = timedelta(hours=12)
#: A wall has no keyboard: it stays.
WALL_LASTS = timedelta(days=180)
#: The link only has to be carried to the display.
LINK_LASTS = timedelta(minutes=15)


#: What each role adds, in the words of the screens: an alarm's moves, and whole kinds of work.
ROLE_MAY: dict[Role, tuple[str, ...]] = {
    Role.OPERATOR: (
        *("acknowledge", "unacknowledge", "shelve", "unshelve", "reset", "remove-from-service"),
        *("return-to-service", "assign", "comment", "close"),
        *("approve", "incident", "suppress", "dead_letter", "reporter"),
    ),
    Role.ADMIN: ("rule", "what_if", "webhook"),
}


class Login(BaseModel):
    """A key, to be traded for a session cookie."""

    key: str = Field(min_length=1, max_length=keys.TOKEN_CHARACTERS_MAX, examples=[KEY])


class Me(BaseModel):
    """Who the API takes you for; `area` null: the whole province."""

    name: str
    role: Role
    area: str | None
    authentication: bool
    may: list[str] = Field(
        description="The moves and kinds of work that the role allows.", examples=[["acknowledge"]]
    )


class WallLink(BaseModel):
    """Which area the display shows; none: the whole province, or the key's own area."""

    area: str | None = Field(None, max_length=10, examples=["05443"])


class WallLinkMade(BaseModel):
    """A link that opens one read-only session on one display, once."""

    url: str
    expires_at: datetime


@router.post("/login", summary="Open a session", responses=problems(400, 401, 403, 503))
def post_login(request: Request, response: Response, db: Db, login: Annotated[Login, Body()]) -> Me:
    """Trade a key for a session cookie, which scripts cannot read and other sites cannot send."""
    if not parts(request).settings.auth:
        return _me(auth.ANYONE)
    now = clock.now()
    with db.transaction() as conn:
        key = keys.of_token(conn, login.key)
        if key is None:
            raise Problem(401, "this key is not known", headers={"WWW-Authenticate": "Bearer"})
        if key.role is Role.CONNECTOR:
            raise Problem(403, "a connector sends events; it has no screens")
        token = keys.open_session(conn, key, now, LOGIN_LASTS)
    _set_cookie(request, response, token, LOGIN_LASTS)
    return _me(Caller(key.name, key.role, key.area, is_named=True))


@router.post("/logout", status_code=204, summary="End the session", responses=problems(403, 503))
def post_logout(request: Request, response: Response, db: Db) -> None:
    """End the session of this browser; without one nothing changes."""
    token = request.cookies.get(COOKIE, "")
    if token and len(token) <= keys.TOKEN_CHARACTERS_MAX:
        with db.transaction() as conn:
            keys.close_session(conn, token)
        keyring: auth.Keyring = request.app.state.keyring
        keyring.forget(token)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


@router.get("/me", summary="Who am I", responses=problems(401, 403))
def get_me(who: Viewer) -> Me:
    """Return the name, role and area of whoever asks."""
    return _me(who)


@router.post(
    "/wall-links",
    status_code=201,
    summary="Make a link for a wall display",
    responses=problems(400, 401, 403, 409, 503),
)
def post_wall_link(
    request: Request, db: Db, who: Operator, link: Annotated[WallLink | None, Body()] = None
) -> WallLinkMade:
    """Return a link to open on a display: within 15 minutes, once; it can look and nothing more."""
    key = _own_key(request, who)
    area = auth.seen_area(who, link.area if link else None)
    now = clock.now()
    with db.transaction() as conn:
        token = keys.open_session(
            conn, replace(key, role=Role.VIEWER, area=area), now, LINK_LASTS, is_link=True
        )
    return WallLinkMade(url=f"/wall/open?link={token}", expires_at=now + LINK_LASTS)


@wall_router.get(
    "/wall/open",
    status_code=303,
    response_class=Response,
    summary="Open a wall display",
    responses=problems(401, 503),
)
def open_wall(
    request: Request,
    db: Db,
    link: Annotated[str, Query(max_length=keys.TOKEN_CHARACTERS_MAX, examples=[WALL_LINK])],
) -> Response:
    """Trade a link for the read-only session of this display and show the wall."""
    now = clock.now()
    with db.transaction() as conn:
        key = keys.take_link(conn, link, now)
        if key is None:
            raise Problem(401, "this link was used or is too old: make a new one")
        token = keys.open_session(conn, key, now, WALL_LASTS)
    location = f"/wall?area={key.area or PROVINCE_CODE}"
    response = Response(status_code=303, headers={"Location": location})
    _set_cookie(request, response, token, WALL_LASTS)
    return response


def _own_key(request: Request, who: Caller) -> Key:
    """Return the key behind the caller: a link ends with the key that made it."""
    if not who.is_named:
        raise Problem(409, "authentication is off: a display simply opens /wall", code="auth_off")
    key = auth.key_of(request)
    if key is None:
        raise Problem(401, "this key is not known any more")
    return key


def _me(who: Caller) -> Me:
    may = [word for role, words in ROLE_MAY.items() if who.may(role) for word in words]
    return Me(name=who.name, role=who.role, area=who.area, authentication=who.is_named, may=may)


def _set_cookie(request: Request, response: Response, token: str, lasts: timedelta) -> None:
    auth.set_cookie(
        response, token, int(lasts.total_seconds()), is_https=request.url.scheme == "https"
    )
