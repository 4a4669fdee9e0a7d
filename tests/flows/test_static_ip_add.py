"""processes/service/static_ip_add.bpmn: a static address, in the session and in the router."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.customers import HOME, address_state, an_order, done_twice, router_of, session_of
from tests.factories.shipped import Shipped

pytestmark = pytest.mark.by_turns

PROCESS = "static_ip_add"
FIRST = "203.0.113.1"
SET = "Device.IP.Interface.1.IPv4Address.1.IPAddress"
SESSION = {"operation": "aaa.change", "subscriber": HOME.subscriber}
ROUTER = {"operation": "acs.set_parameters", "serial": HOME.serial}


def order(house: Shipped, **changes: Any) -> str:
    return house.begin(PROCESS, **an_order(**{"olt": HOME.olt, **changes}))


def test_session_and_router_have_the_static_address_and_the_shared_one_is_returned(house: Shipped) -> None:
    instance_id = order(house)
    assert house.state(instance_id) == "completed"
    assert session_of(house)["ip_address"] == FIRST
    assert router_of(house)["parameters"][SET] == FIRST
    assert address_state(house, HOME.ip_address) == "released"
    assert house.told("ORD-1") == ["address_ready"]


def test_a_pool_that_is_used_up_gets_another_network(house: Shipped) -> None:
    house.lab.fault("refused", {"operation": "ipam.assign", "owner": HOME.subscriber}, code="pool_exhausted")
    instance_id = order(house)
    assert house.standing(instance_id) == {"add_network": "user_task"}
    house.lab.lift()
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


def test_a_session_that_reconnects_gets_its_address_later(house: Shipped) -> None:
    house.lab.fault("refused", SESSION, code="session_missing", calls=1)
    instance_id = order(house)
    assert house.standing(instance_id) == {"session_minutes": "timer"}
    house.later(instance_id, minutes=5)
    assert house.state(instance_id) == "completed"


def test_an_address_that_another_session_has_is_settled_by_a_person(house: Shipped) -> None:
    house.lab.fault("refused", SESSION, code="address_in_use")
    instance_id = order(house)
    assert house.standing(instance_id) == {"settle_session": "user_task"}
    house.lab.lift()
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


@pytest.mark.parametrize(("code", "minutes"), [("cwmp_9002", 10), ("device_offline", 360)])
def test_a_router_that_cannot_be_reached_now_is_set_up_later(house: Shipped, code: str, minutes: int) -> None:
    house.lab.fault("refused", ROUTER, code=code, calls=1)
    instance_id = order(house)
    house.later(instance_id, minutes=minutes - 0.1)
    assert house.standing(instance_id) == {"router_minutes": "timer"}
    house.later(instance_id, minutes=0.1)
    assert house.state(instance_id) == "completed"


def test_a_router_without_memory_is_restarted_and_set_up_two_minutes_later(house: Shipped) -> None:
    house.lab.fault("refused", ROUTER, code="cwmp_9004", calls=1)
    instance_id = order(house)
    assert router_of(house)["reboots"] == 1
    house.later(instance_id, minutes=1.9)
    assert house.standing(instance_id) == {"router_minutes": "timer"}
    house.later(instance_id, minutes=0.1)
    assert house.state(instance_id) == "completed"


@pytest.mark.parametrize("code", ["cwmp_9002", "device_offline", "cwmp_9004"])
def test_a_router_that_fails_four_times_is_set_up_by_telephone(house: Shipped, code: str) -> None:
    house.lab.fault("refused", ROUTER, code=code)
    instance_id = order(house)
    for _ in range(3):
        assert house.standing(instance_id) == {"router_minutes": "timer"}
        house.later(instance_id, hours=6)
    assert house.standing(instance_id) == {"set_by_phone": "user_task"}
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"
    assert SET not in router_of(house)["parameters"]


def test_a_router_that_has_no_such_parameter_is_set_up_by_telephone_at_once(house: Shipped) -> None:
    house.lab.fault("refused", ROUTER, code="cwmp_9005")
    instance_id = order(house)
    assert house.standing(instance_id) == {"set_by_phone": "user_task"}
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


def test_a_session_that_has_another_address_is_compared_and_read_again(house: Shipped) -> None:
    house.lab.fault("not_applied", {"subscriber": HOME.subscriber})
    instance_id = order(house)
    assert house.standing(instance_id) == {"compare_session": "user_task"}
    assert address_state(house, HOME.ip_address) == "assigned", "it is still in use"
    house.lab.lift()
    house.lab.client.patch(f"/aaa/subscribers/{HOME.subscriber}", json={"ip_address": FIRST}).raise_for_status()
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


def test_a_restart_after_every_commit_changes_nothing(house: Shipped) -> None:
    house.lab.fault("refused", ROUTER, code="cwmp_9004", calls=1)
    instance_id = house.start(PROCESS, **an_order(olt=HOME.olt))
    house.run(instance_id, between=house.restart)
    house.clock.advance(timedelta(minutes=2))
    house.run(instance_id, between=house.restart)
    assert house.state(instance_id) == "completed"
    assert done_twice(house) == {}
