"""processes/service/ftth_activate.bpmn with its own handlers against the laboratory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.customers import address_state, done_twice, line_of, session_of
from tests.factories.shipped import Shipped, shipped

pytestmark = pytest.mark.by_turns

PROCESS = "ftth_activate"
SERIAL = "ALCL0000A001"
ORDER: dict[str, Any] = {
    "order_id": "ORD-1",
    "customer": {"name": "Ada Byron"},
    "olt": "lon-3",
    "port": "1/1/1",
    "serial": SERIAL,
    "speed_mbps": 500,
}
AT_HOME = {**ORDER["customer"], "address": "1 Canal Street"}
MINE = {"order_id": "ORD-1"}


@pytest.fixture
def field(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    """Routers register with the voice core at once."""
    with shipped(database, clock, tmp_path, registers_after_s=0) as made:
        made.deploy_shipped(PROCESS, "visit_customer", "voice_activate")
        yield made


def begin(field: Shipped, **changes: Any) -> str:
    return field.begin(PROCESS, **{**ORDER, **changes})


def come_online(field: Shipped, instance_id: str) -> None:
    field.publish("ont_online", SERIAL, online_at_s=1)
    field.run(instance_id)
    field.later(instance_id, seconds=1)


def test_an_order_is_activated_configured_proven_and_billed(field: Shipped) -> None:
    instance_id = begin(field)
    assert field.standing(instance_id)["wait_online"] == "message"
    come_online(field, instance_id)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id) == {
        **ORDER,
        "profile": "fast",
        "line_profile": "nk-500",
        "port_state": "free",
        "ip_address": "100.64.0.57",
        "ont_id": f"lon-3:1/1/1:{SERIAL}",
        "push_id": 1,
        "online_at_s": 1,
        "level_dbm": -19.4,
        "subscriber": "ftth-ORD-1",
        "line": {"olt": "lon-3", "port": "1/1/1", "serial": SERIAL, "speed_mbps": 500, "line_profile": "nk-500"},
        "subscription_id": "sub-ORD-1",
        "told_live": "CN-000001",
    }
    assert session_of(field, "ftth-ORD-1")["ip_address"] == "100.64.0.57"
    assert field.told("ORD-1") == ["service_live"]
    assert field.lab.client.get("/billing/subscriptions/ORD-1").json()["customer"] == "Ada Byron"


@pytest.mark.parametrize(("speed_mbps", "profile"), [(100, "basic"), (300, "fast"), (899, "fast"), (900, "gigabit")])
def test_the_router_gets_the_profile_of_the_speed(field: Shipped, speed_mbps: int, profile: str) -> None:
    begin(field, speed_mbps=speed_mbps)
    assert field.lab.client.get(f"/acs/devices/{SERIAL}").json()["profile"] == profile


def test_a_business_gets_the_better_router_at_any_speed(field: Shipped) -> None:
    begin(field, speed_mbps=100, segment="business")
    assert field.lab.client.get(f"/acs/devices/{SERIAL}").json()["profile"] == "fast"


def test_a_report_that_comes_before_anybody_waits_for_it_is_not_lost(field: Shipped) -> None:
    field.publish("ont_online", SERIAL)
    instance_id = begin(field)
    field.later(instance_id, seconds=1)
    assert field.state(instance_id) == "completed"


@pytest.mark.parametrize("port", ["1/1/15", "1/1/16"])
def test_a_port_that_cannot_serve_is_replaced_before_activation(field: Shipped, port: str) -> None:
    instance_id = begin(field, port=port)
    assert field.steps()[:2] == ["check_port", "replace_port"]
    come_online(field, instance_id)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["port"] == "1/8/1"


def test_a_port_that_was_taken_meanwhile_is_replaced_by_the_error_boundary(field: Shipped) -> None:
    field.lab.fault("port_taken", {"serial": SERIAL}, calls=1)
    instance_id = begin(field)
    assert [step for step in field.steps() if "port" in step or "ont" in step] == [
        "check_port",
        "reserve_port",
        "activate_ont",
        "find_other_port",
        "activate_ont",
    ]
    come_online(field, instance_id)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["ont_id"] == f"lon-3:1/8/1:{SERIAL}"
    assert field.lab.client.get("/access/ports/lon-3/1/1/1").json()["state"] == "free", "it is held no more"


def test_an_ont_that_stays_dark_for_four_hours_is_visited(field: Shipped) -> None:
    instance_id = begin(field)
    field.later(instance_id, hours=3.9)
    assert "wait_online" in field.standing(instance_id)
    field.later(instance_id, hours=0.2)
    assert field.standing(instance_id) == {"send_engineer": "user_task"}
    field.complete(instance_id)
    field.run(instance_id)
    assert field.state(instance_id) == "completed"


def test_too_little_light_is_fixed_and_measured_again(field: Shipped) -> None:
    field.lab.fault("low_light", {"serial": SERIAL})
    instance_id = begin(field)
    come_online(field, instance_id)
    assert field.standing(instance_id) == {"fix_optical_level": "user_task"}
    field.complete(instance_id)
    field.run(instance_id)
    assert field.standing(instance_id) == {"fix_optical_level": "user_task"}, "the light is as weak as before"
    field.lab.lift()
    field.complete(instance_id)
    field.run(instance_id)
    assert field.state(instance_id) == "completed"
    assert field.steps().count("read_optical_level") == 3


def test_a_speed_corrected_by_an_operator_lets_the_order_go_on(field: Shipped) -> None:
    instance_id = begin(field, speed_mbps=99.5)
    (incident,) = field.incidents(instance_id)
    assert (incident.element_id, incident.code) == ("activate_ont", "BadParameter")
    assert "speed_mbps must be a whole number, found the number 99.5" in incident.message


def test_a_restart_after_every_commit_changes_nothing(field: Shipped) -> None:
    field.lab.fault("port_taken", {"serial": SERIAL}, calls=1)
    instance_id = field.start("ftth_activate", **ORDER)
    field.run(instance_id, between=field.restart)
    field.publish("ont_online", SERIAL)
    field.run(instance_id, between=field.restart)
    field.clock.advance(timedelta(seconds=1))
    field.run(instance_id, between=field.restart)
    assert field.state(instance_id) == "completed"
    assert done_twice(field) == {}


def test_the_profile_is_decided_by_a_rule_that_the_history_names(field: Shipped) -> None:
    instance_id = begin(field, speed_mbps=1000)
    (row, _) = reversed([row for row in field.history(instance_id) if row.kind == "decision"])
    assert (row.detail["decision"], row.detail["value"]) == ("choose_profile", "gigabit")
    assert [matched["rule"] for matched in row.detail["matched"]] == [4]


def test_a_port_that_goes_while_it_is_reserved_is_replaced(field: Shipped) -> None:
    field.lab.fault("refused", {"operation": "access.hold_port", "port": "1/1/1"}, code="port_taken")
    begin(field)
    assert field.steps()[:3] == ["check_port", "reserve_port", "replace_port"]
    assert line_of(field, SERIAL)["port"] == "1/8/1"


def test_a_town_without_addresses_gets_a_network(field: Shipped) -> None:
    field.lab.fault("refused", {"operation": "ipam.assign", "owner": "ORD-1"}, code="pool_exhausted")
    instance_id = begin(field)
    assert field.standing(instance_id) == {"add_network": "user_task"}
    field.lab.lift()
    field.settle(instance_id)
    assert field.standing(instance_id)["wait_online"] == "message"


def test_a_technician_comes_only_if_the_order_wants_one(field: Shipped) -> None:
    instance_id = begin(field, visit=True, customer=AT_HOME)
    assert field.standing(instance_id)["await_visit"] == "message"
    assert "wait_online" not in field.standing(instance_id)
    field.listen(instance_id, seconds=3)
    field.listen(instance_id, seconds=1)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["technician"] == "G. Hopper"
    assert field.told("ORD-1") == ["visit_planned", "service_live"]


def no_show(field: Shipped) -> str:
    field.lab.fault("no_access", MINE)
    instance_id = begin(field, visit=True, customer=AT_HOME)
    field.listen(instance_id, seconds=3)
    field.settle(instance_id, element="nobody_home", next_step="give_up")
    assert field.standing(instance_id) == {"ask_customer": "user_task"}
    field.lab.lift()
    return instance_id


def test_a_customer_who_was_not_at_home_and_wants_it_still_is_visited_again(field: Shipped) -> None:
    instance_id = no_show(field)
    field.settle(instance_id, next_step="visit_again")
    field.listen(instance_id, seconds=3)
    field.listen(instance_id, seconds=1)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["visit_state"] == "done"


def test_a_customer_who_wants_it_no_more_leaves_nothing_in_the_network(field: Shipped) -> None:
    instance_id = no_show(field)
    address = field.lab.client.get("/ipam/pools/lon-dynamic/ORD-1").json()["ip_address"]
    field.settle(instance_id, next_step="withdraw")
    assert field.state(instance_id) == "completed"
    assert field.came_by(instance_id) >= {"withdrawn"}
    assert line_of(field, SERIAL) == {}
    assert field.lab.client.get("/access/ports/lon-3/1/1/1").json()["state"] == "free"
    assert address_state(field, address) == "released"
    assert field.lab.client.get("/field/appointments", params=MINE).json()["state"] == "cancelled"
    assert field.told("ORD-1")[-1] == "order_withdrawn"


def test_a_subscriber_from_before_is_settled_and_made_anew(field: Shipped) -> None:
    body = {"order_id": "ORD-1", "serial": SERIAL, "speed_mbps": 100}
    field.lab.client.post("/aaa/subscribers", json=body).raise_for_status()
    instance_id = begin(field)
    come_online(field, instance_id)
    assert field.standing(instance_id) == {"settle_subscriber": "user_task"}
    field.lab.client.delete("/aaa/subscribers/ftth-ORD-1").raise_for_status()
    field.settle(instance_id)
    assert field.state(instance_id) == "completed"
    assert session_of(field, "ftth-ORD-1")["speed_mbps"] == 500


@pytest.mark.parametrize(
    ("wanted", "number"), [({"number": "+442079460007"}, "+442079460007"), ({"area": "0161"}, "+441614960000")]
)
def test_an_order_with_telephony_can_phone(field: Shipped, wanted: dict[str, str], number: str) -> None:
    instance_id = begin(field, **wanted)
    come_online(field, instance_id)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["sip_user"] == f"{number}@ims.example.net"


def test_an_order_without_telephony_has_no_number(field: Shipped) -> None:
    instance_id = begin(field)
    come_online(field, instance_id)
    assert "phone" not in field.came_by(instance_id)


def test_a_speed_that_was_not_applied_is_seen_before_it_is_billed(field: Shipped) -> None:
    field.lab.fault("not_applied", {"operation": "access.activate_ont", "serial": SERIAL})
    instance_id = begin(field)
    come_online(field, instance_id)
    assert field.standing(instance_id) == {"compare_line": "user_task"}
    field.lab.client.patch(f"/access/onts/{SERIAL}", json={"speed_mbps": 500}).raise_for_status()
    field.settle(instance_id)
    assert field.state(instance_id) == "completed"


def test_a_customer_without_contact_is_written_a_letter(field: Shipped) -> None:
    field.lab.fault("no_contact", MINE)
    instance_id = begin(field)
    come_online(field, instance_id)
    assert field.state(instance_id) == "completed"
    (told,) = field.lab.client.get("/crm/notifications", params=MINE).json()["notifications"]
    assert (told["template"], told["channel"]) == ("service_live", "letter")
