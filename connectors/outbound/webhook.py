"""One signed message to one address (Standard Webhooks), to public addresses unless allowed."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp

from connectors.outbound.address import connector, may_reach
from ioc.errors import ConfigError
from ioc.notify import Outcome, Retry, outcome_of

SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix, not a secret
SECRET_BYTES = 32
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
#: Both secrets of a rotation, and no more: each costs the receiver a comparison.
SECRETS_MAX = 2
URL_CHARACTERS_MAX = 2048
USER_AGENT = "ioc-webhook/1"
#: What the receiver says besides its status is of no use to us; it gets this much of our time.
DRAIN_BYTES_MAX = 16 * 1024
DRAIN_S = 0.5


# Signature --------------------------------------------------------------------------------------


def new_secret() -> str:
    """Return a fresh `whsec_…` secret."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_secret(secret: str) -> None:
    """Refuse what is no secret; two, separated by a space, stand for a rotation.

    Raises:
        ConfigError: the text is not `whsec_` and base64 of 24 to 64 bytes.
    """
    parts = secret.split()
    if not 0 < len(parts) <= SECRETS_MAX:
        raise ConfigError("secret: one whsec_… is expected, or two while it is being changed")
    for part in parts:
        if not SECRET_BYTES_MIN <= len(_key(part)) <= SECRET_BYTES_MAX:
            raise ConfigError(
                f"secret: whsec_ and base64 of {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes"
                " is expected"
            )


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` header: one `v1,…` per secret."""
    content = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    digests = (hmac.new(_key(part), content, hashlib.sha256).digest() for part in secret.split())
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def _key(secret: str) -> bytes:
    if not secret.startswith(SECRET_PREFIX):
        raise ConfigError("secret: it starts with whsec_")
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ConfigError("secret: what follows whsec_ is base64") from error


# Addresses --------------------------------------------------------------------------------------


def check_url(url: str, allow_private: bool) -> None:
    """Refuse a URL that no webhook can go to. Names are looked up, and checked, at each attempt.

    Raises:
        ConfigError: the URL is not http(s) with a host, or names a private address.
    """
    if len(url) > URL_CHARACTERS_MAX or not url.isprintable() or " " in url:
        raise ConfigError(f"url: at most {URL_CHARACTERS_MAX} printable characters are expected")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError("url: this is not a URL") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ConfigError("url: http://host/… or https://host/… is expected")
    if parts.fragment:
        raise ConfigError("url: a #fragment is never sent, leave it out")
    name = host.rstrip(".").lower()
    try:
        is_refused = not may_reach(ipaddress.ip_address(name), allow_private)
    except ValueError:
        is_refused = not allow_private and (name == "localhost" or name.endswith(".localhost"))
    if is_refused:
        raise ConfigError(
            f"url: {host} is a private address; IOC_WEBHOOK_ALLOW_PRIVATE=true allows those"
        )


def redacted(url: str) -> str:
    """Return a URL for logs: paths, queries and passwords of webhooks are secrets."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "…"
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    hidden = "/…" if parts.path.strip("/") or parts.query or parts.username else ""
    return f"{parts.scheme}://{host}{port}{hidden}"


# Sending ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to whom; `id` is the same in every attempt."""

    id: str
    url: str
    secret: str
    body: bytes


class Sender:
    """Sends messages; opened and closed inside a running event loop."""

    def __init__(self, *, allow_private: bool, timeout_s: float) -> None:
        self.allow_private = allow_private
        self.timeout_s = timeout_s
        # A new connection for each message: one kept open may be closed by the receiver just as
        # we write, which would look like a failure and cost an alarm seconds.
        self._session = aiohttp.ClientSession(
            connector=connector(
                lambda address: may_reach(address, allow_private),
                "private address refused (IOC_WEBHOOK_ALLOW_PRIVATE)",
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            auto_decompress=False,
            trust_env=False,  # a proxy would hide the address that is connected to
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._session.close()

    async def send(self, message: Message, now: datetime) -> Outcome:
        """Make one attempt; `now` becomes `webhook-timestamp`. Never raises for the receiver."""
        timestamp = int(now.timestamp())
        try:
            check_url(message.url, self.allow_private)
            headers = {
                "content-type": "application/json",
                "user-agent": USER_AGENT,
                "webhook-id": message.id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signature(message.secret, message.id, timestamp, message.body),
            }
        except ConfigError as error:
            return Retry(None, str(error))
        try:
            async with self._session.post(
                message.url, data=message.body, headers=headers, allow_redirects=False
            ) as response:
                retry_after = response.headers.get("retry-after")
                outcome = outcome_of(response.status, retry_after, now)
                await _drain(response)
                return outcome
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Retry(None, _why(error, self.timeout_s))


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Take a small answer, so that the receiver is not cut off while it writes it."""
    with contextlib.suppress(aiohttp.ClientError, OSError, EOFError):
        async with asyncio.timeout(DRAIN_S):
            await response.content.readexactly(DRAIN_BYTES_MAX)


def _why(error: Exception, timeout_s: float) -> str:
    """Say what went wrong without the URL, which may hold secrets."""
    match error:
        case TimeoutError():
            return f"no answer within {timeout_s:g} s"
        case aiohttp.ClientConnectorCertificateError():
            return "the certificate is not valid"
        case aiohttp.ClientConnectorDNSError():
            return f"the name cannot be looked up: {error.os_error.strerror or 'no address'}"
        case aiohttp.ClientConnectorError():
            inner = error.os_error
            return f"cannot connect: {inner.strerror or type(inner).__name__}"[:200]
        case aiohttp.InvalidURL():
            return "this URL cannot be used"
        case _:
            return f"the connection broke: {type(error).__name__}"
