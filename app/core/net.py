"""Where this installation may send requests: systems that its settings name, the public internet, networks allowed.

An address that came with an order may lead inside: to a neighbour's port, to a cloud's metadata (169.254.169.254).
What is checked is the address that is connected to, after the name was looked up, for every connection anew. So
neither a name that changes its mind between two questions nor a redirect leads further than the address itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import ClassVar, Final
from urllib.parse import urlsplit

import httpcore
import httpx

from app.core.errors import Unprocessable

Address = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network
_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ip_network("64:ff9b::/96")


class AddressRefused(Unprocessable):
    """The address leads to where nobody allowed this installation to send anything. Another attempt does not help."""

    retried: ClassVar[bool] = False


@dataclass(frozen=True)
class Network:
    """`allowed` are those of the networks inside that any address may lead to."""

    allowed: tuple[IpNetwork, ...] = ()

    def client(self, base_url: str = "", *, is_configured: bool = False) -> httpx.Client:
        """A client that reaches what is allowed, and if it is configured the host and port of `base_url` too.

        It follows no redirect, and asks no proxy of the environment: those are not for traffic inside.
        """
        trusted = frozenset([_origin(base_url)]) if is_configured else frozenset()
        return httpx.Client(base_url=base_url, trust_env=False, transport=_Transport(self, trusted))

    def permits(self, address: str) -> bool:
        """Whether an IP address lies outside, or in a network that is allowed."""
        return all(_is_outside(each) or any(each in net for net in self.allowed) for each in _meant(address))


class _Transport(httpx.HTTPTransport):
    """httpx's own, but for how it gets its connections."""

    def __init__(self, network: Network, trusted: frozenset[tuple[str, int]]) -> None:
        super().__init__(trust_env=False)
        self._pool.close()
        # httpx takes no network backend, and httpcore documents them as what decides on connections.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_Guard(network, trusted),
        )


class _Guard(httpcore.NetworkBackend):
    """Looks a name up, and connects to the first address that answers only if none of them leads inside."""

    def __init__(self, network: Network, trusted: frozenset[tuple[str, int]]) -> None:
        self._network = network
        self._trusted = trusted
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if (host.lower(), port) in self._trusted:
            return self._real.connect_tcp(host, port, timeout, local_address, socket_options)
        found = _look_up(host, port)
        for address in found:
            if not self._network.permits(address):
                raise AddressRefused(
                    f"{host}:{port} is {address}, which lies inside, and no setting names it. Correct the address, or "
                    "have an administrator add its network to TURNUP_ALLOWED_NETWORKS.",
                    host=host,
                    address=address,
                )
        for address in found[:-1]:
            try:
                return self._real.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return self._real.connect_tcp(found[-1], port, timeout, local_address, socket_options)


def read_networks(text: str) -> tuple[IpNetwork, ...]:
    """`10.0.0.0/8, fd00::/8`. ValueError for what is none."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def _origin(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM)
    except (gaierror, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} cannot be looked up: {error}") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _is_outside(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _meant(address: str) -> list[Address]:
    """The address, and those that it carries within it: some networks unpack them."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return [found]
    if found.ipv4_mapped is not None:
        return [found.ipv4_mapped]
    carried: list[Address] = [each for each in (found.sixtofour, *(found.teredo or ())) if each is not None]
    if found in _NAT64:
        carried.append(IPv4Address(int(found) & 0xFFFFFFFF))
    return [found, *carried]
