"""One signed message to one address (Standard Webhooks), to public addresses unless allowed."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import errno
import hashlib
import hmac
import ipaddress
import secrets
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

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
#: A lookup that hangs holds one thread; these bound them, apart from the threads for the database.
LOOKUPS_MAX = 32


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


class AddressRefusedError(OSError):
    """The address that was about to be connected to is not one that webhooks may reach."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "private address refused (IOC_WEBHOOK_ALLOW_PRIVATE)")


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


def may_reach(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allow_private: bool) -> bool:
    """Whether a webhook may go to this address.

    Link-local ones (where clouds keep their credentials), multicast and «any» are never reached.
    """
    inner = _inside(address)
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        return False
    if inner.version == 4 and inner.is_reserved:
        return False
    if inner.is_loopback or inner.is_private:
        return allow_private
    if isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local:
        return allow_private
    if inner in _SHARED:
        return allow_private
    return inner.is_global and not inner.is_reserved


_SHARED = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def _inside(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 one carries (mapped, 6to4, NAT64, Teredo), or itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


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


class _Lookup(AbstractResolver):
    """Name lookups in threads of their own: hanging ones must not take those of the database."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_MAX, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, _addresses, host, port, family
        )
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=found_family,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found_family, proto, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, port: int, family: int) -> list[tuple[int, int, str]]:
    infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [(info[0], info[2], str(info[4][0])) for info in infos]


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
            connector=aiohttp.TCPConnector(
                resolver=_Lookup(),
                socket_factory=self._socket,
                force_close=True,
                limit=0,  # the notifier bounds how many run
                ttl_dns_cache=10,
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

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Make the socket for this very address, whatever name led to it; or refuse to."""
        family, kind, proto, _, address = info
        ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if not may_reach(ip, self.allow_private):
            raise AddressRefusedError
        return socket.socket(family, kind, proto)


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
