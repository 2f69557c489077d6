"""The gate before every call: which names we answer to, which pages may ask, how much they send.

Also on loopback: a page on the internet can point its own name at 127.0.0.1 (DNS rebinding) or send
a form to it, and the browser of whoever runs `ioc up` would carry that out.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import Problem, answer
from ioc.metrics import API_REQUEST_SECONDS

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: A stream of alarms is worth guarding although it is a GET: it stays open and holds a queue.
LIVE_PATH = "/api/v1/live"
EVENTS_PATH = "/api/v1/events"
#: Asked by the machine itself (Kubernetes asks a pod by its address); they say nothing personal.
HEALTH_PATHS = frozenset({"/livez", "/readyz"})

EVENTS_BODY_BYTES_MAX = 5 * 1024 * 1024
BODY_BYTES_MAX = 1024 * 1024
#: A sender that stops half-way must not hold its connection for ever.
BODY_SILENCE_S = 20.0

#: Our screens: nothing that is not a file of ours, nothing inline, no markup made from text.
SCREEN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
DOCS_PATH = "/api/docs"
#: Swagger makes its markup from text and draws the arrows of its forms as `data:` images.
DOCS_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": SCREEN_POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Gate:
    """ASGI middleware around the whole application; refuses with a problem, never silently."""

    def __init__(self, app: ASGIApp, *, host: str, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._is_local = is_loopback(host)
        self._allowed = frozenset(name.strip().lower() for name in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # nothing here speaks it, so nothing checks it
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        send = _timed(_with_security_headers(send, scope["path"]), scope)
        refusal = self._refusal(scope)
        if refusal is not None:
            await answer(refusal)(scope, receive, send)
            return
        limit = EVENTS_BODY_BYTES_MAX if scope["path"] == EVENTS_PATH else BODY_BYTES_MAX
        await self._app(scope, _bounded(receive, limit), send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        path = scope["path"]
        host = headers.get("host", "")
        if path not in HEALTH_PATHS and not self.answers_to(host):
            return Problem(
                403,
                "this Host is not one of ours; name it in IOC_API_ALLOWED_HOSTS if it should be",
                code="host_not_allowed",
            )
        if "\0" in path or b"%00" in scope["query_string"]:
            return Problem(400, "an address holds no NUL: no text in the database can")
        origin = headers.get("origin")
        is_guarded = scope["method"] not in SAFE_METHODS or path == LIVE_PATH
        if is_guarded and origin is not None and not self.is_own_page(origin, host):
            return Problem(403, "only pages of this service may do that", code="cross_origin")
        return None

    def answers_to(self, host: str) -> bool:
        """Whether a Host header means us: a loopback name, an allowed one, or a plain address.

        A name is what rebinding needs; an address in the Host is one that the browser really
        went to. On a loopback listener only loopback addresses can be that.
        """
        name = _name(host)
        if name is None:
            return False
        if is_loopback(name) or name in self._allowed or host.lower() in self._allowed:
            return True
        return not self._is_local and _address(name) is not None

    def is_own_page(self, origin: str, host: str) -> bool:
        """Whether the page that asks came from the place that it asks."""
        try:
            parts = urlsplit(origin.lower())
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            return False
        return _place(parts.netloc) == _place(host.lower()) or parts.netloc in self._allowed


def is_loopback(host: str) -> bool:
    """Whether this name or address can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _name(host: str) -> str | None:
    """Return the name in a Host header without its port; None when it is not one."""
    try:
        parts = urlsplit(f"//{host.lower()}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    # Anything but name and port (user@, a path) is a trick.
    return name if name and parts.netloc == host.lower() and "@" not in host else None


def _place(netloc: str) -> str:
    # Browsers leave the default port out, proxies sometimes put it in.
    return netloc.removesuffix(":80").removesuffix(":443")


def _bounded(receive: Receive, limit: int) -> Receive:
    """Count the body while it comes in, so that nobody can make us hold more than `limit` bytes."""
    received = 0
    is_complete = False

    async def bounded() -> Message:
        nonlocal received, is_complete
        if is_complete:  # what comes now is the disconnect, which may take as long as it likes
            return await receive()
        try:
            async with asyncio.timeout(BODY_SILENCE_S):
                message = await receive()
        except TimeoutError:
            raise Problem(408, "the body did not come", headers={"Connection": "close"}) from None
        received += len(message.get("body", b""))
        is_complete = not message.get("more_body", False)
        if received > limit:
            raise Problem(
                413,
                f"the body is larger than {limit} bytes",
                headers={"Connection": "close"},  # the rest of it must not be read as a request
            )
        return message

    return bounded


def _timed(send: Send, scope: Scope) -> Send:
    """Count the request by its route's pattern; up to the first byte, because a live view stays."""
    began_s = time.monotonic()

    async def timed(message: Message) -> None:
        if message["type"] == "http.response.start":
            route = getattr(scope.get("route"), "path", "none")
            API_REQUEST_SECONDS.labels(route, f"{message['status'] // 100}xx").observe(
                time.monotonic() - began_s
            )
        await send(message)

    return timed


def _with_security_headers(send: Send, path: str) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if path == DOCS_PATH:
                headers.setdefault("Content-Security-Policy", DOCS_POLICY)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if path.startswith("/api/"):
                # Answers are about now, and some are personal: no proxy or browser keeps them.
                headers.setdefault("Cache-Control", "no-store")
            elif path.startswith("/web/"):
                # Asked again each time (304): no screen may run the scripts of the version before.
                headers.setdefault("Cache-Control", "no-cache")
        await send(message)

    return secured
