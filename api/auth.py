"""Who asks: API keys, sessions of browsers, roles, and the one area that a key may be bound to."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer

from api.gate import is_loopback
from api.parts import parts
from api.problem import Problem
from connectors.timescale import keys
from connectors.timescale.database import Database, connect
from connectors.timescale.keys import Key, Role
from ioc import clock
from ioc.area import PROVINCE_CODE, gazetteer
from ioc.errors import ConfigError, DatabaseUnavailableError
from ioc.settings import Settings

COOKIE = "ioc_session"
#: A revoked key is refused after this long at most.
FRESH_S = 10.0
#: While the database is away, who was known goes on: sensors must not be turned away for it.
STALE_S = 3600.0
#: After a failed look-up, how long the database is not asked again about somebody known.
AWAY_S = 5.0
KEYS_REMEMBERED_MAX = 10_000

# For the OpenAPI page only; `caller` reads the headers itself, to answer with our own problems.
_SCHEMES = [
    Security(HTTPBearer(auto_error=False, description="An API key from `ioc key create`.")),
    Security(APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key.")),
    Security(APIKeyCookie(name=COOKIE, auto_error=False, description="From `POST /login`.")),
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `area` None: the whole province; `is_named`: authentication is on and passed."""

    name: str
    role: Role
    area: str | None
    is_named: bool

    def may(self, needed: Role) -> bool:
        """Whether this caller may do what `needed` may."""
        return self.role.includes(needed)


#: While authentication is off, whoever reaches the loopback address is trusted with everything.
ANYONE = Caller("local", Role.ADMIN, None, is_named=False)


class Keyring:
    """Remembers whom a token belonged to a moment ago; thread-safe, bounded, never a wrong token.

    Only tokens that were found are remembered, so guessing fills nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[bytes, tuple[Key, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._away_until = 0.0

    def key(self, token: str, *, is_session: bool, now: datetime) -> Key | None:
        """Return whose token this is; None when nobody's.

        Raises:
            DatabaseUnavailableError: it cannot be looked up and was not seen within the last hour.
        """
        known_by, at = keys.hashed(token), time.monotonic()
        with self._lock:
            remembered = self._known.get(known_by)
        if remembered is not None:
            key, seen_at = remembered
            if key.expires_at is not None and key.expires_at <= now:
                self.forget(token)
                return None
            patience = STALE_S if at < self._away_until else FRESH_S
            if at - seen_at < patience:
                return key
        try:
            key_now = self._look_up(token, is_session=is_session, now=now)
        except DatabaseUnavailableError:
            self._away_until = time.monotonic() + AWAY_S
            if remembered is not None and at - remembered[1] < STALE_S:
                return remembered[0]
            raise
        self._remember(known_by, key_now, at)
        return key_now

    def forget(self, token: str) -> None:
        """Ask the database the next time."""
        with self._lock:
            self._known.pop(keys.hashed(token), None)

    def _look_up(self, token: str, *, is_session: bool, now: datetime) -> Key | None:
        with self._database.reading() as conn:
            return keys.of_session(conn, token, now) if is_session else keys.of_token(conn, token)

    def _remember(self, known_by: bytes, key: Key | None, at: float) -> None:
        with self._lock:
            self._known.pop(known_by, None)
            if key is not None:
                self._known[known_by] = (key, at)
            while len(self._known) > KEYS_REMEMBERED_MAX:
                self._known.popitem(last=False)


def caller(request: Request) -> Caller:
    """Return who asks, by `Authorization: Bearer`, `X-API-Key` or the session cookie.

    Raises:
        Problem: 401, nobody that we know.
    """
    if not parts(request).settings.auth:
        return ANYONE
    key = key_of(request)
    if key is not None:
        return Caller(key.name, key.role, key.area, is_named=True)
    raise Problem(
        401,
        "send an API key as `Authorization: Bearer …` or `X-API-Key`, or log in",
        headers={"WWW-Authenticate": "Bearer"},
    )


def key_of(request: Request) -> Key | None:
    """Return the key or session that the request carries; None when it carries none that counts."""
    token, is_session = _token(request)
    if token is None or len(token) > keys.TOKEN_CHARACTERS_MAX:
        return None
    keyring: Keyring = request.app.state.keyring
    return keyring.key(token, is_session=is_session, now=clock.now())


def _token(request: Request) -> tuple[str | None, bool]:
    """Return the token and whether it is a session's; a header wins over a cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip(), False
    if (header := request.headers.get("x-api-key")) is not None:
        return header, False
    return request.cookies.get(COOKIE), True


def _allowed(found: Caller, *roles: Role) -> Caller:
    if not any(found.may(role) for role in roles):
        raise Problem(403, f"{found.name!r} has the role {found.role}; {roles[0]} is needed")
    return found


def viewer(found: Annotated[Caller, Depends(caller)]) -> Caller:
    """Let in viewers, operators and admins."""
    return _allowed(found, Role.VIEWER)


def operator(found: Annotated[Caller, Depends(caller)]) -> Caller:
    """Let in operators and admins."""
    return _allowed(found, Role.OPERATOR)


def admin(found: Annotated[Caller, Depends(caller)]) -> Caller:
    """Let in admins."""
    return _allowed(found, Role.ADMIN)


def sender(found: Annotated[Caller, Depends(caller)]) -> Caller:
    """Let in who may send events: connectors and admins."""
    return _allowed(found, Role.CONNECTOR, Role.ADMIN)


#: `def call(who: Viewer)`: 401 and 403 are answered before the call runs.
Viewer = Annotated[Caller, Depends(viewer)]
Operator = Annotated[Caller, Depends(operator)]
Admin = Annotated[Caller, Depends(admin)]
Sender = Annotated[Caller, Depends(sender)]
#: For the OpenAPI document of the whole application.
SECURITY = _SCHEMES


#: `def call(who: Viewer, area: AskedArea = None)`; what of it this caller sees says `seen_area`.
AskedArea = Annotated[
    str | None, Query(max_length=10, examples=["05443"], description="None: all that the key sees.")
]


def seen_area(found: Caller, area: str | None) -> str | None:
    """Return the one area that an answer may speak about; None: all of the province.

    Raises:
        Problem: 400 for a code that is none, 403 outside the area that the key is bound to.
    """
    asked = None if area in {None, "", PROVINCE_CODE} else area
    if asked is not None and gazetteer().by_code(asked) is None:
        raise Problem(400, f"{asked!r} is no area's code; `GET /areas` lists them", code="area")
    if found.area is None:
        return asked
    if asked not in {None, found.area}:
        raise Problem(403, f"this key sees area {found.area} only", code="other_area")
    return found.area


def whole_province(found: Caller) -> None:
    """Refuse a key that is bound to an area: what is asked for belongs to no area.

    Raises:
        Problem: 403.
    """
    if found.area is not None:
        raise Problem(403, f"this key sees area {found.area} only", code="other_area")


def check_start(settings: Settings) -> None:
    """Refuse to listen where strangers could come in without a key.

    Raises:
        ConfigError: authentication is off on an address that is not loopback, or no key exists.
    """
    if not settings.auth:
        if not is_loopback(settings.api_host):
            raise ConfigError(
                f"Authentication is off, so the API listens on loopback only, not on "
                f"{settings.api_host}: set IOC_AUTH=true and make a key with "
                "`ioc key create NAME --role admin`."
            )
        return
    try:
        with connect(settings.database_url.get_secret_value(), "ioc api start") as conn:
            has_key = keys.has_any(conn)
    except DatabaseUnavailableError:
        return  # nobody gets in without a key; the calls say that the database is away
    if not has_key:
        raise ConfigError(
            "Authentication is on, but there is no key: make one with "
            "`ioc key create NAME --role admin`."
        )


def set_cookie(response: Response, token: str, lasts_s: int, *, is_https: bool) -> None:
    """Give a browser its session: not readable by scripts, never sent along from other sites."""
    response.set_cookie(
        COOKIE, token, max_age=lasts_s, httponly=True, samesite="strict", secure=is_https, path="/"
    )
