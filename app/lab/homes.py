"""Who is a customer of the laboratory's operator on the first day: a street of lines on every OLT.

Flows that change, move and end lines have somebody to do it to. All systems seed their tables from `HOMES`, so that
what they say of a line agrees.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_network

OLTS = ("lon-1", "lon-2", "lon-3", "lon-4", "man-1", "man-2", "bir-1", "lee-1")
VENDORS = {"lon": "Huawei", "man": "Nokia", "bir": "Huawei", "lee": "Nokia"}
TOWNS = {"lon": "London", "man": "Manchester", "bir": "Birmingham", "lee": "Leeds"}
SERIAL_PREFIXES = {"Huawei": "HWTC", "Nokia": "ALCL"}
DYNAMIC = {"lon": "100.64.0.0/16", "man": "100.65.0.0/16", "bir": "100.66.0.0/16", "lee": "100.67.0.0/16"}
STATIC = {"lon": "203.0.113.0/25", "man": "203.0.113.128/25", "bir": "198.51.100.0/25", "lee": "198.51.100.128/25"}
HOME_SLOT = 9
HOME_PORTS = range(1, 15)
SPEEDS_MBPS = (100, 300, 500, 900)
NAMES = ("Okafor", "Lindqvist", "Haddad", "Marchetti", "O'Brien", "Kowalska", "Banerjee", "Duarte", "Nakamura", "Price")


@dataclass(frozen=True)
class Home:
    order_id: str  # of the order that once brought it
    subscriber: str
    serial: str
    olt: str
    port: str
    speed_mbps: int
    customer: str
    address: str
    ip_address: str


def town_of(olt: str) -> str:
    """The first part of an OLT's name: where it is, and which address pools serve it."""
    return olt.partition("-")[0]


def vendor_of(olt: str) -> str:
    return VENDORS.get(town_of(olt), "Huawei")


def _homes() -> tuple[Home, ...]:
    found, in_town = [], Counter[str]()
    for number, olt in enumerate(OLTS, 1):
        town = town_of(olt)
        for port in HOME_PORTS:
            in_town[town] += 1
            found.append(
                Home(
                    order_id=f"H{number:02d}{port:02d}",
                    subscriber=f"ftth-H{number:02d}{port:02d}",
                    serial=f"{SERIAL_PREFIXES[VENDORS[town]]}0E{number:02d}00{port:02d}",
                    olt=olt,
                    port=f"1/{HOME_SLOT}/{port}",
                    speed_mbps=SPEEDS_MBPS[port % len(SPEEDS_MBPS)],
                    customer=f"{'ABCDEFGH'[number - 1]}. {NAMES[port % len(NAMES)]}",
                    address=f"{port} Exchange Row, {TOWNS[town]}",
                    ip_address=str(ip_network(DYNAMIC[town])[in_town[town]]),
                )
            )
    return tuple(found)


HOMES = _homes()
