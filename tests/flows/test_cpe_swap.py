"""processes/service/cpe_swap.bpmn: a new router takes over the line of the old one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.lab.homes import HOMES
from tests.factories.customers import HOME, an_order, done_twice, line_of, router_of, session_of
from tests.factories.shipped import Shipped

pytestmark = pytest.mark.by_turns

PROCESS = "cpe_swap"
NEW = "HWTC000000A1"
SWAP = {"operation": "acs.swap_device", "serial": HOME.serial}


def order(house: Shipped, **changes: Any) -> str:
    return house.begin(PROCESS, **an_order(**{"new_serial": NEW, **changes}))


def test_the_new_router_has_the_line_the_session_and_the_settings_of_the_old_one(house: Shipped) -> None:
    before = router_of(house)
    instance_id = order(house)
    assert house.standing(instance_id)["await_online"] == "message"
    assert house.listen(instance_id, seconds=1) == ["ont_online"]
    assert house.state(instance_id) == "completed"
    assert (line_of(house), line_of(house, NEW)["port"]) == ({}, HOME.port)
    assert session_of(house)["serial"] == NEW
    assert (router_of(house), router_of(house, NEW)["profile"]) == ({}, before["profile"])
    assert house.told("ORD-1") == ["router_swapped"]
    assert "push_profile" not in house.steps()


def test_a_router_that_the_acs_does_not_know_is_asked_for(house: Shipped) -> None:
    instance_id = order(house, serial="HWTC00000000")
    assert house.standing(instance_id) == {"identify_router": "user_task"}
    house.settle(instance_id, serial=HOME.serial)
    assert house.standing(instance_id)["await_online"] == "message"


def test_a_new_router_that_serves_somebody_else_is_looked_at_again(house: Shipped) -> None:
    instance_id = order(house, new_serial=HOMES[1].serial)
    assert house.standing(instance_id) == {"check_label": "user_task"}
    house.settle(instance_id, new_serial=NEW)
    house.listen(instance_id, seconds=1)
    assert house.state(instance_id) == "completed"
    assert line_of(house, NEW)["port"] == HOME.port


def test_a_new_router_that_is_not_seen_is_looked_at_again(house: Shipped) -> None:
    house.lab.fault("refused", {"operation": "access.replace_ont", "new_serial": NEW}, code="unknown_serial")
    instance_id = order(house)
    assert house.standing(instance_id) == {"check_label": "user_task"}
    house.settle(instance_id, new_serial="HWTC000000A2")
    assert house.standing(instance_id)["await_online"] == "message"


def test_a_router_that_is_busy_is_handed_over_ten_minutes_later(house: Shipped) -> None:
    house.lab.fault("refused", SWAP, code="cwmp_9002", calls=1)
    instance_id = order(house)
    house.later(instance_id, minutes=9.9)
    assert house.standing(instance_id) == {"some_time": "timer"}
    house.later(instance_id, minutes=0.1)
    assert house.standing(instance_id)["await_online"] == "message"


def test_a_router_that_serves_somebody_else_is_settled_by_a_person(house: Shipped) -> None:
    house.lab.fault("refused", SWAP, code="device_exists")
    instance_id = order(house)
    assert house.standing(instance_id) == {"settle_router": "user_task"}
    house.lab.lift()
    house.settle(instance_id)
    assert house.standing(instance_id)["await_online"] == "message"


def test_a_router_that_stays_dark_for_three_days_is_called_about(house: Shipped) -> None:
    house.lab.fault("never_online", {"serial": NEW})
    instance_id = order(house)
    house.listen(instance_id, days=2.9)
    assert house.standing(instance_id)["await_online"] == "message"
    house.listen(instance_id, days=0.1)
    assert house.standing(instance_id) == {"call_customer": "user_task"}
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


def test_a_router_that_did_not_take_over_the_profile_is_sent_it(house: Shipped) -> None:
    house.lab.fault("not_applied", {"operation": "acs.swap_device", "new_serial": NEW})
    instance_id = order(house)
    house.listen(instance_id, seconds=1)
    assert house.state(instance_id) == "completed"
    assert "push_profile" in house.steps()
    assert router_of(house, NEW)["profile"] == house.variables(instance_id)["device"]["profile"]


def test_a_restart_after_every_commit_changes_nothing(house: Shipped) -> None:
    house.lab.fault("refused", SWAP, code="cwmp_9002", calls=1)
    instance_id = house.start(PROCESS, **an_order(new_serial=NEW))
    house.run(instance_id, between=house.restart)
    house.clock.advance(timedelta(minutes=10))
    house.run(instance_id, between=house.restart)
    house.publish("ont_online", NEW)
    house.run(instance_id, between=house.restart)
    assert house.state(instance_id) == "completed"
    assert done_twice(house) == {}
