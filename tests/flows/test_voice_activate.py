"""processes/service/voice_activate.bpmn: a telephone number, its SIP account, and a router that registers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.diagrams import Diagram
from tests.factories.shipped import Shipped, shipped

pytestmark = pytest.mark.by_turns

ORDER: dict[str, Any] = {"order_id": "ORD-1", "customer": {"name": "Ada Byron"}, "area": "020"}
MINE = {"order_id": "ORD-1"}
FIRST = "+442079460000"
SIP_USER = f"{FIRST}@ims.example.net"


@pytest.fixture
def voice(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    """Routers register at once."""
    with shipped(database, clock, tmp_path, registers_after_s=0) as made:
        made.deploy_shipped("voice_activate")
        yield made


def order(voice: Shipped, **changes: Any) -> str:
    return voice.begin("voice_activate", **{**ORDER, **changes})


def test_a_customer_gets_a_number_and_can_phone(voice: Shipped) -> None:
    instance_id = order(voice)
    assert voice.state(instance_id) == "completed"
    found = voice.variables(instance_id)
    assert (found["number"], found["sip_user"], found["registered"]) == (FIRST, SIP_USER, True)
    assert voice.told("ORD-1") == ["voice_ready"]
    published = voice.lab.client.get("/dns/records/0.0.0.0.6.4.9.7.0.2.4.4.e164.arpa/NAPTR").json()
    assert SIP_USER in published["value"]


def test_the_number_that_is_wanted_is_the_number_that_is_given(voice: Shipped) -> None:
    instance_id = order(voice, number="+441614960042")
    assert voice.variables(instance_id)["number"] == "+441614960042"


@pytest.mark.parametrize("number", [FIRST, "+442079460512"])
def test_a_number_that_cannot_be_had_is_exchanged_for_another(voice: Shipped, number: str) -> None:
    voice.lab.client.post("/voice/reservations", json={"order_id": "ORD-0", "number": FIRST}).raise_for_status()
    instance_id = order(voice, number=number)
    assert voice.standing(instance_id) == {"choose_number": "user_task"}
    voice.settle(instance_id, number="+442079460007")
    assert voice.state(instance_id) == "completed"
    assert voice.variables(instance_id)["number"] == "+442079460007"


def test_a_new_block_is_ordered_when_no_number_is_left(voice: Shipped) -> None:
    voice.lab.fault("block_exhausted", MINE)
    instance_id = order(voice)
    assert voice.standing(instance_id) == {"order_block": "user_task"}
    voice.settle(instance_id)
    assert voice.standing(instance_id) == {"order_block": "user_task"}, "it has not come yet"
    voice.lab.lift()
    voice.settle(instance_id)
    assert voice.state(instance_id) == "completed"


def test_an_account_from_before_is_cleared_and_made_anew(voice: Shipped) -> None:
    voice.lab.fault("identity_exists", MINE)
    instance_id = order(voice)
    assert voice.standing(instance_id) == {"clear_old_account": "user_task"}
    voice.lab.lift()
    voice.settle(instance_id)
    assert voice.state(instance_id) == "completed"
    assert voice.steps().count("reserve_number") == 1


def test_a_router_that_registers_late_is_looked_at_every_ten_seconds(voice: Shipped) -> None:
    voice.lab.fault("never_registers", {"sip_user": SIP_USER})
    instance_id = order(voice)
    assert "router_tries" in voice.standing(instance_id)
    voice.later(instance_id, seconds=9)
    assert voice.steps().count("read_account") == 1
    voice.later(instance_id, seconds=1)
    assert voice.steps().count("read_account") == 2
    voice.lab.lift()
    voice.later(instance_id, seconds=10)
    assert voice.state(instance_id) == "completed"


def test_a_router_that_is_silent_for_an_hour_is_helped(voice: Shipped) -> None:
    voice.lab.fault("never_registers", {"sip_user": SIP_USER})
    instance_id = order(voice)
    voice.later(instance_id, minutes=59)
    assert "router_tries" in voice.standing(instance_id)
    voice.later(instance_id, minutes=1)
    assert voice.standing(instance_id) == {"help_customer": "user_task"}
    voice.lab.lift()
    voice.settle(instance_id)
    assert voice.state(instance_id) == "completed"


def test_a_customer_without_contact_is_written_a_letter(voice: Shipped) -> None:
    voice.lab.fault("no_contact", MINE)
    instance_id = order(voice)
    assert voice.state(instance_id) == "completed"
    (told,) = voice.lab.client.get("/crm/notifications?order_id=ORD-1").json()["notifications"]
    assert (told["template"], told["channel"]) == ("voice_ready", "letter")


def test_an_area_without_numbers_falls_out(voice: Shipped) -> None:
    instance_id = order(voice, area="0999")
    (incident,) = voice.incidents(instance_id)
    assert (incident.element_id, incident.code) == ("reserve_number", "unknown_area")


def test_whoever_calls_it_has_the_number_and_the_account(voice: Shipped) -> None:
    caller = Diagram("caller").start("s").end("e")
    inputs = {"order_id": "=order_id", "customer": "=customer", "area": "=area"}
    caller.call("phone", "voice_activate", inputs=inputs, outputs={"number": "=number", "sip_user": "=sip_user"})
    instance_id = voice.start(caller.chain("s", "phone", "e"), **ORDER)
    voice.run(instance_id)
    assert voice.state(instance_id) == "completed"
    assert voice.variables(instance_id) == {**ORDER, "number": FIRST, "sip_user": SIP_USER}


def test_a_restart_after_every_commit_changes_nothing(voice: Shipped) -> None:
    voice.lab.fault("identity_exists", MINE)
    instance_id = voice.start("voice_activate", **ORDER)
    voice.run(instance_id, between=voice.restart)
    voice.lab.lift()
    voice.complete(instance_id)
    voice.run(instance_id, between=voice.restart)
    assert voice.state(instance_id) == "completed"
    assert {
        name: seen["duplicate_calls"] for name, seen in voice.lab.summary().items() if seen["duplicate_calls"]
    } == {}
