"""Snapshots of cameras, fetched from the hosts that a site names, and from nowhere else."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from connectors.outbound.address import Address, connector, inside, may_reach
from ioc.errors import ConfigError

URL_CHARACTERS_MAX = 2048
BYTES_MAX = 2 * 1024 * 1024
#: From the wish to the last byte: an operator looks at something else by then.
TIMEOUT_S = 3.0
#: A recorder serves few at a time, and each holds up to 2 MiB here.
FETCHING_MAX = 8
CHUNK_BYTES = 64 * 1024
#: What a file says that it is counts for nothing; browsers show what it is.
_FIRST_BYTES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class PictureError(Exception):
    """The picture did not come, or is none; the sentence never has the URL, which may be secret."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it came."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class MediaHosts:
    """Where pictures may come from: hosts by name, addresses and networks."""

    names: frozenset[str]
    networks: tuple[Network, ...]

    def has(self, url: object) -> bool:
        """Whether a URL names one of these hosts."""
        if not isinstance(url, str) or len(url) > URL_CHARACTERS_MAX or not url.isprintable():
            return False
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or not host or port == 0 or " " in url:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host in self.names
        return self._is_named(address)

    def may(self, address: Address) -> bool:
        """Whether to connect to an address: it is public, or in a network that the site names.

        A name alone opens no private network: whoever runs its DNS could point it anywhere.
        """
        found = inside(address)
        return may_reach(found, allow_private=self._is_named(found))

    def _is_named(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


@functools.lru_cache(maxsize=8)
def media_hosts(listed: tuple[str, ...]) -> MediaHosts:
    """Read the hosts that a site names.

    Raises:
        ConfigError: one of them is neither a name nor an address nor a network.
    """
    names, networks = set(), []
    for text in listed:
        word = text.strip().lower().rstrip(".")
        try:
            networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            if not word or any(sign in word for sign in "/:@ ?#"):
                raise ConfigError(
                    f"IOC_MEDIA_HOSTS: {text!r} is no host name, address or network"
                ) from None
            names.add(word)
    return MediaHosts(frozenset(names), tuple(networks))


class Pictures:
    """Fetches pictures; opened and closed inside a running event loop."""

    def __init__(self, hosts: MediaHosts) -> None:
        self._hosts = hosts
        self._turns = asyncio.Semaphore(FETCHING_MAX)
        self._session = aiohttp.ClientSession(
            connector=connector(hosts.may, "this address is not named by IOC_MEDIA_HOSTS"),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": "ioc-pictures/1", "accept-encoding": "identity"},
            auto_decompress=False,  # a small file that unpacks into a large one
            trust_env=False,  # a proxy would hide the address that is connected to
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._session.close()

    async def fetch(self, url: str) -> Picture:
        """Return the picture that stands at a URL of these hosts.

        Raises:
            PictureError: it did not come in time, is too large, or is no JPEG and no PNG.
        """
        if not self._hosts.has(url):
            raise PictureError("its host is not named by IOC_MEDIA_HOSTS")
        try:
            async with asyncio.timeout(TIMEOUT_S), self._turns:
                data = await self._read(url)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise PictureError(_why(error)) from error
        for first, media_type in _FIRST_BYTES.items():
            if data.startswith(first):
                return Picture(data, media_type)
        raise PictureError("what came is no JPEG and no PNG")

    async def _read(self, url: str) -> bytes:
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status != 200:  # a redirect could lead anywhere
                raise PictureError(f"its host answers {response.status}")
            data = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                data += chunk
                if len(data) > BYTES_MAX:
                    raise PictureError("it is larger than 2 MiB")
            return bytes(data)


def _why(error: Exception) -> str:
    match error:
        case TimeoutError():
            return f"its host did not answer within {TIMEOUT_S:g} s"
        case aiohttp.ClientConnectorError():
            inner = error.os_error
            return f"its host cannot be reached: {inner.strerror or type(inner).__name__}"[:200]
        case _:
            return f"the connection broke: {type(error).__name__}"
