"""Which addresses we connect to on the word of others: looked at on the socket, not on the name."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

#: A lookup that hangs holds one thread; these bound them, apart from the threads for the database.
LOOKUPS_MAX = 32

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefusedError(OSError):
    """The address that was about to be connected to is not one that may be reached."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EACCES, why)


def connector(may: Callable[[Address], bool], refusal: str) -> aiohttp.TCPConnector:
    """Return a connector that asks `may` about each address, whatever name led to it.

    A new connection for each request: one that is kept open may be closed by the other side just
    as we write. How many run at a time, the caller bounds.
    """

    def checked(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, address = info
        if not may(ipaddress.ip_address(str(address[0]).partition("%")[0])):
            raise AddressRefusedError(refusal)
        return socket.socket(family, kind, proto)

    return aiohttp.TCPConnector(
        resolver=_Lookup(), socket_factory=checked, force_close=True, limit=0, ttl_dns_cache=10
    )


def may_reach(address: Address, allow_private: bool) -> bool:
    """Whether something of ours may go to this address.

    Link-local ones (where clouds keep their credentials), multicast and «any» are never reached.
    """
    inner = inside(address)
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


def inside(address: Address) -> Address:
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
