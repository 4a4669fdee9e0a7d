"""Addresses that come with an order: a URL in a variable or of somebody's hub must not lead into the network.

What the installation is configured with is trusted. Any other URL reaches public addresses, and the networks that
TURNUP_ALLOWED_NETWORKS names. The address that is looked at is the one that is connected to, whatever its name says
later.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from app.handling.faults import AddressRefused

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def read_networks(text: str) -> tuple[Network, ...]:
    """`10.20.0.0/16, 2001:db8::/32`. ValueError for what is no network."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def is_allowed(address: Address, allowed: Iterable[Network]) -> bool:
    """Public, or in one of these networks."""
    inner = address.ipv4_mapped or address.sixtofour if isinstance(address, IPv6Address) else None
    found = inner or address
    if any(found in network for network in allowed if network.version == found.version):
        return True
    return found.is_global and not found.is_multicast


class GuardedTransport(httpx.BaseTransport):
    """Connects to what is allowed. AddressRefused for the rest, before anything is sent."""

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._inner = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = self._look_up(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        # The name stays in the Host header and in what the certificate is held against.
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()

    def _look_up(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"no address is known for {host}: {error}") from error
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        for address in addresses:
            if not is_allowed(ip_address(address), self._allowed):
                raise AddressRefused(
                    f"{host} is {address}, which is no public address. If it is meant, put its network into "
                    "TURNUP_ALLOWED_NETWORKS and restart, or make it a setting.",
                    host=host,
                )
        return addresses[0]
