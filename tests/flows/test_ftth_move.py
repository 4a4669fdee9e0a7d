"""processes/service/ftth_move.bpmn: a line moves to another address, or stays whole where it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.customers import HOME, address_state, an_order, done_twice, line_of, session_of
from tests.factories.shipped import Shipped

pytestmark = pytest.mark.by_turns

PROCESS = "ftth_move"
ACTIVATE = {"operation": "access.activate_ont", "olt": "man-1"}


def order(house: Shipped, **changes: Any) -> str:
    instance_id = house.begin(PROCESS, **an_order(**{"olt": "man-1", "port": "1/1/1", **changes}))
    house.later(instance_id, seconds=0)
    return instance_id


def port_state(house: Shipped, olt: str, port: str) -> str:
    return str(house.lab.client.get(f"/access/ports/{olt}/{port}").json()["state"])


def test_the_line_is_in_service_at_the_new_place_with_an_address_of_that_town(house: Shipped) -> None:
    instance_id = order(house)
    assert house.standing(instance_id)["await_online"] == "message"
    house.listen(instance_id, seconds=1)
    assert house.state(instance_id) == "completed"
    moved = line_of(house)
    assert (moved["olt"], moved["port"], moved["speed_mbps"]) == ("man-1", "1/1/1", HOME.speed_mbps)
    assert port_state(house, HOME.olt, HOME.port) == "free"
    assert session_of(house)["ip_address"].startswith("100.65.")
    assert address_state(house, HOME.ip_address) == "released"
    assert house.told("ORD-1") == ["line_moved"]


def test_a_line_that_is_not_there_is_found_by_a_person(house: Shipped) -> None:
    instance_id = order(house, serial="HWTC00000000")
    assert house.standing(instance_id) == {"find_line": "user_task"}
    house.settle(instance_id, serial=HOME.serial)
    house.later(instance_id, seconds=0)
    assert house.standing(instance_id)["await_online"] == "message"


@pytest.mark.parametrize("port", ["1/1/15", "1/1/16"])
def test_a_port_that_cannot_be_had_is_exchanged_for_another(house: Shipped, port: str) -> None:
    instance_id = order(house, port=port)
    house.listen(instance_id, seconds=1)
    assert house.state(instance_id) == "completed"
    assert line_of(house)["port"] == "1/8/1"


def test_a_town_without_addresses_gets_a_network(house: Shipped) -> None:
    house.lab.fault("refused", {"operation": "ipam.assign", "owner": "ORD-1"}, code="pool_exhausted")
    instance_id = order(house)
    assert house.standing(instance_id) == {"add_network": "user_task"}
    house.lab.lift()
    house.settle(instance_id)
    house.later(instance_id, seconds=0)
    assert house.standing(instance_id)["await_online"] == "message"


def test_the_line_stays_until_moving_day(house: Shipped) -> None:
    instance_id = order(house, wanted_at=(house.clock.now() + timedelta(days=20)).isoformat())
    house.later(instance_id, days=19.9)
    assert house.standing(instance_id) == {"moving_day": "timer"}
    assert line_of(house)["olt"] == HOME.olt
    assert port_state(house, "man-1", "1/1/1") == "held"
    house.later(instance_id, days=0.1)
    assert line_of(house)["olt"] == "man-1"


@pytest.mark.parametrize("code", ["port_faulty", "unknown_serial"])
def test_a_line_that_cannot_be_put_in_service_there_is_turned_back(house: Shipped, code: str) -> None:
    house.lab.fault("refused", ACTIVATE, code=code)
    before = line_of(house)
    instance_id = order(house)
    assert house.standing(instance_id) == {"plan_again": "user_task"}
    assert line_of(house) == before, "the customer is not left without a line"
    assert port_state(house, "man-1", "1/1/1") == "free"
    assert address_state(house, house.variables(instance_id)["ip_address"]) == "released"
    house.lab.lift()
    house.settle(instance_id, olt="man-2", port="1/1/2")
    house.later(instance_id, seconds=0)
    house.listen(instance_id, seconds=1)
    assert house.state(instance_id) == "completed"
    assert (line_of(house)["olt"], line_of(house)["port"]) == ("man-2", "1/1/2")


def test_a_session_that_is_not_there_gets_its_address_five_minutes_later(house: Shipped) -> None:
    house.lab.fault(
        "refused", {"operation": "aaa.change", "subscriber": HOME.subscriber}, code="session_missing", calls=1
    )
    instance_id = order(house)
    assert house.standing(instance_id) == {"reconnects": "timer"}
    house.later(instance_id, minutes=4.9)
    assert house.standing(instance_id) == {"reconnects": "timer"}
    house.later(instance_id, minutes=0.1)
    assert house.standing(instance_id)["await_online"] == "message"


def test_an_ont_that_stays_dark_for_four_hours_is_helped(house: Shipped) -> None:
    house.lab.fault("never_online", {"serial": HOME.serial})
    instance_id = order(house)
    house.listen(instance_id, hours=3.9)
    assert house.standing(instance_id)["await_online"] == "message"
    house.listen(instance_id, hours=0.1)
    assert house.standing(instance_id) == {"help_customer": "user_task"}
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"


def test_too_little_light_is_fixed_and_measured_again(house: Shipped) -> None:
    house.lab.fault("low_light", {"serial": HOME.serial})
    instance_id = order(house)
    house.listen(instance_id, seconds=1)
    assert house.standing(instance_id) == {"fix_optical_level": "user_task"}
    house.lab.lift()
    house.settle(instance_id)
    assert house.state(instance_id) == "completed"
    assert house.steps().count("read_optical_level") == 2


def test_a_restart_after_every_commit_changes_nothing(house: Shipped) -> None:
    house.lab.fault("refused", ACTIVATE, code="port_faulty", calls=1)
    instance_id = house.start(PROCESS, **an_order(olt="man-1", port="1/1/1"))
    house.run(instance_id, between=house.restart)
    house.clock.advance(timedelta(seconds=1))
    house.run(instance_id, between=house.restart)
    house.complete(instance_id, olt="man-1", port="1/1/2")
    house.run(instance_id, between=house.restart)
    house.clock.advance(timedelta(seconds=1))
    house.run(instance_id, between=house.restart)
    house.publish("ont_online", HOME.serial)
    house.run(instance_id, between=house.restart)
    assert house.state(instance_id) == "completed"
    assert line_of(house)["port"] == "1/1/2"
    assert done_twice(house) == {}
