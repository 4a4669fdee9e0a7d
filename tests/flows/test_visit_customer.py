"""processes/shared/visit_customer.bpmn: an appointment, from the booking to what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.shipped import Shipped, shipped

pytestmark = pytest.mark.by_turns

ORDER: dict[str, Any] = {"order_id": "ORD-1", "customer": {"name": "Ada Byron"}, "address": "1 Canal Street"}
MINE = {"order_id": "ORD-1"}


@pytest.fixture
def field(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    with shipped(database, clock, tmp_path) as made:
        made.deploy_shipped("visit_customer")
        yield made


def visit(field: Shipped, **changes: Any) -> str:
    return field.begin("visit_customer", **{**ORDER, **changes})


def test_a_visit_is_booked_told_and_done(field: Shipped) -> None:
    instance_id = visit(field)
    assert field.standing(instance_id)["await_visit"] == "message"
    assert field.told("ORD-1") == ["visit_planned"]
    assert field.listen(instance_id, seconds=3) == ["visit_outcome"]
    assert field.state(instance_id) == "completed"
    found = field.variables(instance_id)
    assert (found["visit_state"], found["technician"], found["appointment_id"]) == ("done", "G. Hopper", "APT-00001")
    assert field.came_by(instance_id) >= {"visited"}


def test_the_day_that_is_wanted_is_the_day_of_the_visit(field: Shipped) -> None:
    instance_id = visit(field, wanted_on="2099-03-04")
    assert field.variables(instance_id)["visit_at"] == "2099-03-04T10:00:00+00:00"


@pytest.mark.parametrize("address", [None, "Canal Street"])
def test_an_address_without_a_house_is_corrected_at_the_desk(field: Shipped, address: str | None) -> None:
    instance_id = visit(field, address=address)
    assert field.standing(instance_id) == {"correct_address": "user_task"}
    field.settle(instance_id, address="2 Canal Street")
    field.listen(instance_id, seconds=3)
    assert field.state(instance_id) == "completed"
    assert field.steps().count("book_visit") == 2


def test_when_nobody_is_free_a_visit_is_booked_twelve_hours_later(field: Shipped) -> None:
    field.lab.fault("no_slot", MINE)
    instance_id = visit(field)
    assert field.standing(instance_id) == {"slots_released": "timer"}
    field.later(instance_id, hours=12)
    assert field.standing(instance_id) == {"slots_released": "timer"}, "there is still nobody"
    field.lab.lift()
    field.later(instance_id, hours=11.9)
    assert field.standing(instance_id) == {"slots_released": "timer"}
    field.later(instance_id, hours=0.1)
    assert "await_visit" in field.standing(instance_id)


def test_a_customer_without_contact_is_called(field: Shipped) -> None:
    field.lab.fault("no_contact", MINE)
    instance_id = visit(field)
    assert field.standing(instance_id) == {"call_customer": "user_task"}
    field.settle(instance_id)
    field.listen(instance_id, seconds=3)
    assert field.state(instance_id) == "completed"
    assert field.told("ORD-1") == []


def test_the_customer_is_reminded_the_day_before(field: Shipped) -> None:
    instance_id = visit(field, wanted_on="2099-03-04")
    until = field.clock.now().replace(year=2099, month=3, day=3, hour=10, minute=0) - field.clock.now()
    field.clock.advance(until - timedelta(minutes=1))
    field.run(instance_id)
    assert field.told("ORD-1") == ["visit_planned"]
    field.later(instance_id, minutes=1)
    assert field.told("ORD-1") == ["visit_planned", "visit_reminder"]
    assert "await_visit" in field.standing(instance_id), "the visit is still to come"
    field.listen(instance_id, hours=1)
    assert field.state(instance_id) == "completed"
    assert field.came_by(instance_id) >= {"reminded", "visited"}


@pytest.mark.parametrize(("state", "end"), [("done", "visited"), ("no_access", "nobody_home")])
def test_a_visit_that_nobody_reports_is_asked_after(field: Shipped, state: str, end: str) -> None:
    field.lab.fault("field_silent", MINE)
    instance_id = visit(field)
    field.listen(instance_id, days=3)
    assert "await_visit" in field.standing(instance_id)
    field.listen(instance_id, days=2)
    assert field.standing(instance_id) == {"ask_field_force": "user_task"}
    field.settle(instance_id, visit_state=state)
    assert end in field.came_by(instance_id) | set(field.standing(instance_id))


def test_a_customer_who_moves_the_visit_is_told_the_new_date_and_visited_then(field: Shipped) -> None:
    field.lab.fault("customer_reschedules", MINE)
    instance_id = visit(field)
    first = field.variables(instance_id)["visit_at"]
    field.listen(instance_id, seconds=2)
    assert "await_visit" in field.standing(instance_id)
    assert field.told("ORD-1") == ["visit_planned", "visit_planned"]
    assert field.variables(instance_id)["visit_at"] > first
    field.listen(instance_id, seconds=3)
    assert field.state(instance_id) == "completed"
    assert field.steps().count("book_visit") == 1


def test_after_a_no_show_another_date_is_agreed_and_kept(field: Shipped) -> None:
    field.lab.fault("no_access", MINE)
    instance_id = visit(field)
    field.listen(instance_id, seconds=3)
    assert field.standing(instance_id) == {"nobody_home": "user_task"}
    field.lab.lift()
    field.settle(instance_id, next_step="again", wanted_on="2099-03-04")
    assert field.variables(instance_id)["visit_at"].startswith("2099-03-04")
    field.listen(instance_id, seconds=3)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["visit_state"] == "done"
    assert "move_visit" in field.steps()


def test_after_a_no_show_the_visit_may_be_given_up(field: Shipped) -> None:
    field.lab.fault("no_access", MINE)
    instance_id = visit(field)
    field.listen(instance_id, seconds=3)
    field.settle(instance_id, next_step="give_up")
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["visit_state"] == "no_access"
    assert field.came_by(instance_id) >= {"not_visited"}
    assert field.lab.client.get("/field/appointments/APT-00001").json()["state"] == "cancelled"


def test_a_restart_after_every_commit_changes_nothing(field: Shipped) -> None:
    field.lab.fault("no_access", MINE)
    instance_id = field.start("visit_customer", **ORDER)
    field.run(instance_id, between=field.restart)
    field.listen(instance_id, seconds=3)
    field.restart()
    field.lab.lift()
    field.complete(instance_id, next_step="again")
    field.run(instance_id, between=field.restart)
    field.restart()
    field.listen(instance_id, seconds=3)
    assert field.state(instance_id) == "completed"
    assert {
        name: seen["duplicate_calls"] for name, seen in field.lab.summary().items() if seen["duplicate_calls"]
    } == {}
