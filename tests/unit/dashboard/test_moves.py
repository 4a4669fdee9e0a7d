"""What operators do by hand, from the page: planned first, done with a reason, and told what came of it."""

from __future__ import annotations

import pytest

from app.engine import queries
from tests.factories.dashboards import World
from tests.unit.dashboard.conftest import Operator, somebody


@pytest.fixture
def waiting(world: World) -> str:
    """An order that waits for its ONT."""
    instance_id = world.start("ORD-1")
    world.work()
    world.pass_time(60)
    return instance_id


def number(world: World, instance_id: str) -> int:
    with world.database.reading() as connection:
        (token,) = queries.open_tokens(connection, instance_id)
    return token.number


def standing(world: World, instance_id: str) -> list[str | None]:
    with world.database.reading() as connection:
        return [token.element_id for token in queries.open_tokens(connection, instance_id)]


def page_of(operator: Operator, instance_id: str) -> str:
    return " ".join(operator.get(f"/instances/{instance_id}").text.split())


def test_a_rewind_is_planned_with_what_ends_and_what_was_done_since(operator: Operator, waiting: str) -> None:
    plan = operator.get(f"/instances/{waiting}/rewind-plan?element_id=activate_ont").text
    assert "ONT online" in plan
    assert "waits for a message" in plan
    assert "Done since" in plan
    assert "olt.activate_ont" in plan
    assert 'name="reason"' in plan


def test_a_plan_that_is_refused_says_why_and_offers_no_button(operator: Operator, waiting: str) -> None:
    plan = operator.get(f"/instances/{waiting}/rewind-plan?element_id=bill").text
    assert "was not passed in this instance" in plan
    assert "<form" not in plan


def test_a_rewind_goes_back_and_tells_where_the_token_is(world: World, operator: Operator, waiting: str) -> None:
    answer = operator.post(f"/instances/{waiting}/rewind", {"element_id": "activate_ont", "reason": "Wrong port"})
    assert answer.status_code == 303
    assert standing(world, waiting) == ["activate_ont"]
    world.work()
    page = page_of(operator, waiting)
    assert '<strong>Rewind</strong> to Activate the ONT: <strong class="result">passed to ONT online</strong>' in page
    assert "“Wrong port”" in page


def test_a_token_is_moved_after_a_plan(world: World, operator: Operator, waiting: str) -> None:
    token = number(world, waiting)
    plan = operator.get(f"/instances/{waiting}/move-plan?element_id=bill&token={token}").text
    assert "Move the token" in plan
    assert standing(world, waiting) == ["online"]
    moved = {"element_id": "bill", "token": str(token), "reason": "Seen to by phone"}
    assert 'id="moves' not in operator.post(f"/instances/{waiting}/move", moved, htmx=True).text[:20]
    world.work()
    assert "<strong>Move to another element</strong> to Start billing:" in page_of(operator, waiting)
    assert "passed to In service" in page_of(operator, waiting)


def test_what_is_waited_for_is_completed_by_hand(world: World, operator: Operator, waiting: str) -> None:
    done = {"token": str(number(world, waiting)), "outputs": '{"signal_dbm": -19}', "reason": "Measured"}
    assert operator.post(f"/instances/{waiting}/complete", done).status_code == 303
    assert standing(world, waiting) == ["visit"]
    assert 'Completion by hand</strong> of ONT online: <strong class="result">passed to Visit the customer' in page_of(
        operator, waiting
    )


def test_a_message_is_sent_and_its_taker_named(world: World, operator: Operator, waiting: str) -> None:
    sent = {"name": "ont_online", "key": "ORD-1", "variables": "{}", "reason": "The node forgot"}
    operator.post(f"/instances/{waiting}/send", sent)
    world.work()
    assert standing(world, waiting) == ["visit"]
    assert "taken by ONT online" in page_of(operator, waiting)
    operator.post(f"/instances/{waiting}/send", {**sent, "key": "nobody"})
    assert "nobody has taken it yet" in page_of(operator, waiting)


def test_an_instance_is_suspended_resumed_and_cancelled(operator: Operator, waiting: str) -> None:
    operator.post(f"/instances/{waiting}/suspend", {"reason": "The customer moves"})
    page = page_of(operator, waiting)
    assert "stands still" in page
    assert "Resume it" in page
    assert "Suspend it" not in page
    operator.post(f"/instances/{waiting}/resume", {"reason": "They are back"})
    assert "goes on" in page_of(operator, waiting)
    operator.post(f"/instances/{waiting}/cancel", {"reason": "Withdrawn"})
    page = page_of(operator, waiting)
    assert "was cancelled" in page
    assert "Cancel the instance" not in page


@pytest.mark.parametrize("move", ["rewind", "move", "complete", "cancel", "suspend", "resume", "send"])
def test_no_move_without_a_reason(operator: Operator, waiting: str, move: str) -> None:
    given = {"element_id": "activate_ont", "token": "3", "name": "x", "reason": " "}
    answer = operator.post(f"/instances/{waiting}/{move}", given, htmx=True)
    assert answer.status_code == 400
    assert 'data-field="reason"' in answer.text


@pytest.mark.parametrize(
    ("move", "field"), [("rewind", "element_id"), ("move", "element_id"), ("complete", "token"), ("send", "name")]
)
def test_what_is_missing_is_named(operator: Operator, waiting: str, move: str, field: str) -> None:
    answer = operator.post(f"/instances/{waiting}/{move}", {"reason": "Why not"}, htmx=True)
    assert f'data-field="{field}"' in answer.text


def test_who_only_looks_is_offered_no_move_and_may_make_none(world: World, waiting: str) -> None:
    viewer = somebody(world, "Vera", "viewer")
    page = page_of(viewer, waiting)
    assert "Cancel the instance" not in page
    element = viewer.get(f"/instances/{waiting}/elements/activate_ont").text
    assert "Rewind to here" not in element
    for move in ("rewind", "move", "complete", "cancel", "suspend", "resume", "send"):
        assert viewer.post(f"/instances/{waiting}/{move}", {"reason": "I can"}).status_code == 403


def test_an_element_tells_its_attempts_inputs_and_outputs(world: World, operator: Operator) -> None:
    world.olt.silent.add("")
    instance_id = world.start("ORD-4")
    world.work()
    world.olt.silent.clear()
    world.pass_time(10)
    card = " ".join(operator.get(f"/instances/{instance_id}/elements/activate_ont").text.split())
    assert "lon-3 did not answer within 4 s" in card
    assert "tried again after 10 s" in card
    assert "ont-ALCL-ORD-4" in card
    assert "<h4>Inputs</h4>" in card


def test_a_variable_tells_where_it_was_set(world: World, operator: Operator, waiting: str) -> None:
    page = page_of(operator, waiting)
    assert '<dt>serial</dt><dd><span class="value text">ALCL-ORD-1</span><span class="origin">the start,' in page
    assert 'data-show-element="activate_ont">Activate the ONT</button>, <time' in page


def test_the_audit_of_an_instance_has_what_was_done_to_its_incidents_too(world: World, operator: Operator) -> None:
    world.olt.refuse["ALCL-ORD-3"] = "port_taken"
    instance_id = world.start("ORD-3")
    world.work()
    assert "Nobody has done anything" in operator.get(f"/instances/{instance_id}/audit").text
    with world.database.reading() as connection:
        incident = queries.list_incidents(connection, instance_id=instance_id).items[0]
    operator.post(f"/incidents/{incident.id}/retry", {"reason": "Freed"})
    operator.post(f"/instances/{instance_id}/suspend", {"reason": "Night"})
    told = operator.get(f"/instances/{instance_id}/audit").text
    assert "incident.retry" in told
    assert "instance.suspend" in told
    assert "“Freed”" in told
