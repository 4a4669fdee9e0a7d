"""processes/service/ftth_cease.bpmn: a line ends on its last day, and the router comes back or is charged for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.customers import HOME, address_state, an_order, done_twice, line_of, session_of
from tests.factories.shipped import Shipped

pytestmark = pytest.mark.by_turns

PROCESS = "ftth_cease"
SUBSCRIPTION = f"sub-{HOME.order_id}"


def order(house: Shipped, **changes: Any) -> str:
    return house.begin(PROCESS, **an_order(**{"subscription_id": SUBSCRIPTION, **changes}))


def billing_state(house: Shipped) -> str:
    found = house.lab.client.get("/billing/subscriptions", params={"subscription_id": SUBSCRIPTION}).json()
    return str(found["state"])


def test_the_line_is_taken_out_everywhere_and_the_router_comes_back(house: Shipped) -> None:
    house.lab.fault("router_returned", {"serial": HOME.serial})
    instance_id = order(house)
    house.later(instance_id, seconds=0)
    assert house.standing(instance_id)["router_back"] == "message"
    assert (line_of(house), session_of(house)) == ({}, {})
    assert address_state(house, HOME.ip_address) == "released"
    assert billing_state(house) == "closed"
    assert house.lab.client.get(f"/access/ports/{HOME.olt}/{HOME.port}").json()["state"] == "free"
    assert house.told("ORD-1") == ["line_ended"]
    assert house.listen(instance_id, seconds=3) == ["equipment_returned"]
    assert house.state(instance_id) == "completed"
    assert "charge_router" not in house.came_by(instance_id)


def test_a_router_that_does_not_come_back_is_charged_for_after_four_weeks(house: Shipped) -> None:
    instance_id = order(house)
    house.later(instance_id, seconds=0)
    house.later(instance_id, days=27.9)
    assert house.standing(instance_id)["router_back"] == "message"
    house.later(instance_id, days=0.1)
    assert house.standing(instance_id) == {"charge_router": "user_task"}
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


def test_nothing_ends_before_the_last_day(house: Shipped) -> None:
    last_day = house.clock.now() + timedelta(days=30)
    instance_id = order(house, wanted_at=last_day.isoformat())
    house.later(instance_id, days=29.9)
    assert house.standing(instance_id)["last_day"] == "timer"
    assert line_of(house)["serial"] == HOME.serial
    house.later(instance_id, days=0.1)
    assert house.standing(instance_id)["router_back"] == "message"
    assert line_of(house) == {}


def test_an_order_that_is_withdrawn_in_time_leaves_the_line_as_it_is(house: Shipped) -> None:
    instance_id = order(house, wanted_at=(house.clock.now() + timedelta(days=30)).isoformat())
    house.publish("order_withdrawn", "ORD-1")
    house.run(instance_id)
    assert house.state(instance_id) == "completed"
    assert house.told("ORD-1") == ["cease_withdrawn"]
    assert line_of(house)["serial"] == HOME.serial
    assert billing_state(house) == "active"


def test_a_line_that_was_never_billed_is_looked_into(house: Shipped) -> None:
    instance_id = order(house, subscription_id="sub-nobody")
    house.later(instance_id, seconds=0)
    assert house.standing(instance_id) == {"check_bill": "user_task"}
    house.settle(instance_id)
    assert house.standing(instance_id)["router_back"] == "message"
    assert line_of(house) == {}


def test_a_subscriber_who_is_gone_already_has_no_address_to_release(house: Shipped) -> None:
    house.lab.client.delete(f"/aaa/subscribers/{HOME.subscriber}").raise_for_status()
    instance_id = order(house)
    house.later(instance_id, seconds=0)
    assert house.standing(instance_id)["router_back"] == "message"
    assert address_state(house, HOME.ip_address) == "assigned"
    assert "release_address" not in house.steps()


def test_a_line_that_is_nowhere_is_looked_for(house: Shipped) -> None:
    house.lab.client.delete(f"/access/onts/{HOME.serial}").raise_for_status()
    instance_id = order(house)
    house.later(instance_id, seconds=0)
    assert house.standing(instance_id)["look_for_line"] == "user_task"
    house.settle(instance_id)
    assert house.standing(instance_id)["router_back"] == "message"


def test_a_restart_after_every_commit_changes_nothing(house: Shipped) -> None:
    instance_id = house.start(PROCESS, **an_order(subscription_id=SUBSCRIPTION))
    house.run(instance_id, between=house.restart)
    house.clock.advance(timedelta(seconds=1))
    house.run(instance_id, between=house.restart)
    house.publish("equipment_returned", HOME.serial)
    house.run(instance_id, between=house.restart)
    assert house.state(instance_id) == "completed"
    assert done_twice(house) == {}
