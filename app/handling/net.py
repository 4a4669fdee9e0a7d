"""Addresses that come with an order: a URL in a variable or of somebody's hub must not lead into the network.

What the installation is configured with is trusted. Any other URL reaches public addresses, and the networks that
TURNUP_ALLOWED_NETWORKS names. The address that is looked at is the one that is connected to, whatever its name says
later, and every connection is looked at anew: a redirect or an absolute path leads no further.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import httpcore
import httpx

from app.handling.faults import AddressRefused

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Origin = tuple[str, int]
_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ip_network("64:ff9b::/96")


def read_networks(text: str) -> tuple[Network, ...]:
    """`10.20.0.0/16, 2001:db8::/32`. ValueError for what is no network."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def is_allowed(address: Address, allowed: Iterable[Network]) -> bool:
    """Public, or in one of these networks; so is each address that it carries."""
    networks = tuple(allowed)
    return all(
        any(each in network for network in networks) or (each.is_global and not each.is_multicast)
        for each in _meant(address)
    )


def origin(url: str) -> Origin:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


class GuardedTransport(httpx.HTTPTransport):
    """Connects to what is allowed, and to `trusted`. AddressRefused for the rest, before anything is sent."""

    def __init__(self, allowed: Iterable[Network] = (), trusted: Origin | None = None) -> None:
        super().__init__(trust_env=False)
        self._pool.close()
        # httpx hands no network backend on, and httpcore has one for deciding on connections. To put the address into
        # the URL instead would let two names at one address share a connection that is proven to be one of them.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),  # SSL_CERT_FILE: an authority of the installation's own
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_Guard(tuple(allowed), trusted),
        )


class _Guard(httpcore.NetworkBackend):
    """Looks a name up and connects, if none of its addresses is refused."""

    def __init__(self, allowed: tuple[Network, ...], trusted: Origin | None) -> None:
        self._allowed = allowed
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
        if (host.lower(), port) == self._trusted:
            return self._real.connect_tcp(host, port, timeout, local_address, socket_options)
        *others, last = self._look_up(host, port)
        for address in others:
            try:
                return self._real.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return self._real.connect_tcp(last, port, timeout, local_address, socket_options)

    def _look_up(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address is known for {host}: {error}") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not is_allowed(ip_address(address.partition("%")[0]), self._allowed):
                raise AddressRefused(
                    f"{host} is {address}, which is no public address. If it is meant, put its network into "
                    "TURNUP_ALLOWED_NETWORKS and restart, or make it a setting.",
                    host=host,
                )
        return addresses


def _meant(address: Address) -> list[Address]:
    """The address, or where it really leads: some networks unpack those that carry another."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
