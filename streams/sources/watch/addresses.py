"""Refuse addresses that are not on the public network, also after name resolution and redirects (SSRF).

A feed is a stranger's text. Without this, its links could make Rasd read services of the machine or network it runs in.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# The only part of IPv6 that IANA allocates as global unicast. `is_global` is true outside of it too: for site-local
# addresses, for the NAT64 prefix of RFC 8215, and for IPv4-compatible addresses such as ::127.0.0.1.
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")


class AddressRefused(OSError):
    """An address is not on the public network, and no setting allows it."""


class AddressGuard:
    """Decide which addresses may be reached.

    Args:
        allowed: networks that are allowed although they are not public.
        setting: the setting that lists these, for messages.
    """

    def __init__(self, allowed: Sequence[str] = (), setting: str = "RASD_WATCH_ALLOW") -> None:
        self.setting = setting
        self._allowed: list[Network] = [ipaddress.ip_network(network, strict=False) for network in allowed]

    def permits(self, address: str) -> bool:
        """Return whether an IP address may be reached. A zone (`fe80::1%eth0`) is never public."""
        parsed = _unwrap(ipaddress.ip_address(address.partition("%")[0]))
        if any(parsed in network for network in self._allowed if network.version == parsed.version):
            return True
        if isinstance(parsed, ipaddress.IPv6Address) and parsed not in _PUBLIC_IPV6:
            return False
        return parsed.is_global and not parsed.is_multicast and "%" not in address

    def check(self, url: str) -> None:
        """Check an address before it is requested.

        Raises:
            AddressRefused: it is not http or https, or names an IP address that may not be reached.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise AddressRefused(f"{url} is not an http or https address")
        literal = _literal(parts.hostname)
        if literal is not None and not self.permits(literal):
            raise AddressRefused(f"{parts.hostname} is not a public address ({self.setting})")


class GuardedResolver(AbstractResolver):
    """A resolver that leaves out addresses that may not be reached.

    The connection is made to what is returned here, so that no second resolution can give another answer.
    """

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host that may be reached.

        Raises:
            AddressRefused: there are only others.
            OSError: the name cannot be resolved.
        """
        found = await self._resolver.resolve(host, port, family)
        permitted = [result for result in found if self._guard.permits(result["host"])]
        if found and not permitted:
            refused = f"{host} resolves to {found[0]['host']}, which is not public ({self._guard.setting})"
            raise AddressRefused(refused)
        return permitted

    async def close(self) -> None:
        """Release the resolver."""
        await self._resolver.close()


def _literal(host: str) -> str | None:
    """The IP address that a host names, in any notation that the C library accepts (`127.1`, `0x7f000001`)."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0])) + ("%" if "%" in host else "")
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _unwrap(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64), as it is what would be reached."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(address.packed[-4:])
    return address
