"""processes/service/ftth_modify_speed.bpmn: a line gets another speed, everywhere at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.customers import HOME, NOKIA, an_order, done_twice, line_of, router_of, session_of
from tests.factories.shipped import Shipped

pytestmark = pytest.mark.by_turns

PROCESS = "ftth_modify_speed"
SUBSCRIPTION = f"sub-{HOME.order_id}"
MINE = {"subscriber": HOME.subscriber}


def order(house: Shipped, **changes: Any) -> str:
    return house.begin(PROCESS, **an_order(**{"subscription_id": SUBSCRIPTION, "speed_mbps": 900, **changes}))


def test_line_session_router_and_bill_have_the_new_speed(house: Shipped) -> None:
    instance_id = order(house)
    assert house.state(instance_id) == "completed"
    assert (line_of(house)["speed_mbps"], line_of(house)["line_profile"]) == (900, "hw-1g")
    assert session_of(house)["speed_mbps"] == 900
    assert router_of(house)["profile"] == "gigabit"
    billed = house.lab.client.get("/billing/subscriptions", params={"subscription_id": SUBSCRIPTION}).json()
    assert billed["speed_mbps"] == 900
    assert house.told("ORD-1") == ["speed_changed"]


@pytest.mark.parametrize(
    ("vendor", "speed_mbps", "profile"),
    [
        ("Huawei", 100, "hw-100"),
        ("Huawei", 101, "hw-500"),
        ("Huawei", 500, "hw-500"),
        ("Huawei", 501, "hw-1g"),
        ("Nokia", 100, "nk-100"),
        ("Nokia", 500, "nk-500"),
        ("Nokia", 1000, "nk-1g"),
    ],
)
def test_the_line_gets_the_profile_of_its_speed_and_vendor(
    house: Shipped, vendor: str, speed_mbps: int, profile: str
) -> None:
    home = {"Huawei": HOME, "Nokia": NOKIA}[vendor]
    facts = {"serial": home.serial, "subscriber": home.subscriber, "subscription_id": f"sub-{home.order_id}"}
    instance_id = order(house, speed_mbps=speed_mbps, **facts)
    assert house.state(instance_id) == "completed"
    assert line_of(house, home.serial)["line_profile"] == profile


@pytest.mark.parametrize(("speed_mbps", "profile"), [(500, "gen-500"), (501, "gen-1g")])
def test_an_ont_of_another_vendor_gets_what_every_ont_understands(
    house: Shipped, speed_mbps: int, profile: str
) -> None:
    serial = "ZTEG00000001"
    body = {"olt": "lon-3", "port": "1/1/1", "serial": serial, "speed_mbps": 100}
    house.lab.client.post("/access/onts", json=body).raise_for_status()
    order(house, serial=serial, speed_mbps=speed_mbps)
    assert line_of(house, serial)["line_profile"] == profile


def test_nothing_changes_before_the_agreed_time(house: Shipped) -> None:
    night = house.clock.now() + timedelta(hours=9)
    instance_id = order(house, wanted_at=night.isoformat())
    assert house.standing(instance_id) == {"change_night": "timer"}
    house.later(instance_id, hours=8.9)
    assert line_of(house)["speed_mbps"] == HOME.speed_mbps
    house.later(instance_id, hours=0.1)
    assert house.state(instance_id) == "completed"


def test_a_line_that_is_not_there_is_found_by_a_person(house: Shipped) -> None:
    instance_id = order(house, serial="HWTC00000000")
    assert house.standing(instance_id) == {"find_line": "user_task"}
    house.settle(instance_id, serial=HOME.serial)
    assert house.state(instance_id) == "completed"
    assert line_of(house)["speed_mbps"] == 900


def test_a_profile_that_the_node_lacks_is_rolled_out(house: Shipped) -> None:
    house.lab.fault("refused", {"operation": "access.modify_ont", "serial": HOME.serial}, code="unknown_line_profile")
    instance_id = order(house)
    assert house.standing(instance_id)["roll_out_profile"] == "user_task"
    house.lab.lift()
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"
    assert house.steps().count("change_session") == 1


@pytest.mark.parametrize("code", ["session_missing", "session_limit"])
def test_a_session_that_reconnects_is_changed_five_minutes_later(house: Shipped, code: str) -> None:
    house.lab.fault("refused", {"operation": "aaa.change", **MINE}, code=code)
    instance_id = order(house)
    for tried in (1, 2, 3):
        assert house.standing(instance_id)["some_minutes"] == "timer"
        house.later(instance_id, minutes=4.9)
        assert house.steps().count("change_session") == tried
        house.later(instance_id, minutes=0.1)
    assert house.steps().count("change_session") == 4
    assert house.standing(instance_id)["settle_session"] == "user_task", "it does not pass by itself"
    house.settle(instance_id)
    assert house.standing(instance_id)["some_minutes"] == "timer", "it is tried as often again"
    house.lab.lift()
    house.later(instance_id, minutes=5)
    assert house.state(instance_id) == "completed"


def test_a_refusal_that_trying_again_cannot_help_goes_to_a_person_at_once(house: Shipped) -> None:
    house.lab.fault("refused", {"operation": "aaa.change", **MINE}, code="speed_not_supported")
    instance_id = order(house)
    assert house.standing(instance_id)["settle_session"] == "user_task"
    house.lab.lift()
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


def test_a_speed_that_was_not_applied_is_seen_and_not_billed(house: Shipped) -> None:
    house.lab.fault("not_applied", {"serial": HOME.serial})
    instance_id = order(house)
    assert house.standing(instance_id) == {"compare_line": "user_task"}
    assert "bill_speed" not in house.steps()
    house.lab.lift()
    body = {"speed_mbps": 900, "line_profile": "hw-1g"}
    house.lab.client.patch(f"/access/onts/{HOME.serial}", json=body).raise_for_status()
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"
    assert "bill_speed" in house.steps()


def test_a_restart_after_every_commit_changes_nothing(house: Shipped) -> None:
    house.lab.fault("refused", {"operation": "aaa.change", **MINE}, code="session_missing", calls=1)
    instance_id = house.start(PROCESS, **an_order(subscription_id=SUBSCRIPTION, speed_mbps=900))
    house.run(instance_id, between=house.restart)
    house.clock.advance(timedelta(minutes=5))
    house.run(instance_id, between=house.restart)
    assert house.state(instance_id) == "completed"
    assert done_twice(house) == {}
