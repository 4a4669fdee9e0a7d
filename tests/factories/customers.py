"""Orders of somebody who is a customer of the laboratory's operator already."""

from __future__ import annotations

from typing import Any

from app.lab.homes import HOMES, Home
from tests.factories.shipped import Shipped

HOME: Home = HOMES[0]  # a Huawei line of 300 Mbit/s on lon-1
NOKIA = next(home for home in HOMES if home.serial.startswith("ALCL"))


def an_order(home: Home = HOME, **more: Any) -> dict[str, Any]:
    return {
        "order_id": "ORD-1",
        "customer": {"name": home.customer, "address": home.address},
        "serial": home.serial,
        "subscriber": home.subscriber,
        **more,
    }


def line_of(house: Shipped, serial: str = HOME.serial) -> dict[str, Any]:
    """The ONT as the access network has it; {} when it is active nowhere."""
    answer = house.lab.client.get(f"/access/onts/{serial}")
    found: dict[str, Any] = answer.json()
    return found if answer.is_success else {}


def session_of(house: Shipped, subscriber: str = HOME.subscriber) -> dict[str, Any]:
    answer = house.lab.client.get(f"/aaa/subscribers/{subscriber}")
    found: dict[str, Any] = answer.json()
    return found if answer.is_success else {}


def router_of(house: Shipped, serial: str = HOME.serial) -> dict[str, Any]:
    answer = house.lab.client.get(f"/acs/devices/{serial}")
    found: dict[str, Any] = answer.json()
    return found if answer.is_success else {}


def address_state(house: Shipped, ip_address: str) -> str:
    return str(house.lab.client.get(f"/ipam/addresses/{ip_address}").json()["state"])


def done_twice(house: Shipped) -> dict[str, int]:
    """By operation, what was called again after it was done."""
    summary = house.lab.summary()
    return {name: seen["duplicate_calls"] for name, seen in summary.items() if seen["duplicate_calls"]}
