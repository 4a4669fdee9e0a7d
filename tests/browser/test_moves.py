"""An operator picks an element on the diagram, sees what a move would do, and does it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories.dashboards import World

pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(world: World, operator: Page, site: str) -> str:
    """The page of an order that waits for its ONT."""
    instance_id = world.start("ORD-1")
    world.work()
    world.pass_time(60)
    operator.goto(f"{site}/instances/{instance_id}")
    return instance_id


def pick(page: Page, element_id: str) -> None:
    page.locator(f'[data-element-id="{element_id}"] .djs-hit').first.click()


def test_a_rewind_is_picked_previewed_done_and_verified(world: World, operator: Page, waiting: str) -> None:
    pick(operator, "activate_ont")
    operator.get_by_role("button", name="Rewind to here…").click()
    plan = operator.locator("#plan")
    expect(plan).to_contain_text("ends ONT online waits for a message")
    plan.get_by_label("Reason").fill("The port was wrong")
    plan.get_by_role("button", name="Rewind").click()
    expect(operator.locator("#acted")).to_contain_text("Rewind to Activate the ONT: stands there")
    expect(plan).to_have_count(0)
    world.olt.refuse[""] = "port_taken"
    world.work()
    expect(operator.locator("#acted")).to_contain_text("failed differently: port_taken", timeout=6000)
    expect(operator.locator(".fallout")).to_be_visible()


def test_a_token_is_moved_to_the_element_that_is_picked(world: World, operator: Page, waiting: str) -> None:
    pick(operator, "bill")
    operator.get_by_role("button", name="Move here from ONT online…").click()
    operator.locator("#plan").get_by_label("Reason").fill("Online, says the customer")
    operator.get_by_role("button", name="Move the token").click()
    world.work()
    expect(operator.locator("#acted")).to_contain_text("passed to In service", timeout=6000)
    expect(operator.locator("h1")).to_contain_text("Completed")


def test_a_move_that_cannot_be_is_refused_before_it_is_asked_for(operator: Page, waiting: str) -> None:
    pick(operator, "received")
    operator.get_by_role("button", name="Move here from ONT online…").click()
    expect(operator.locator("#plan").get_by_role("alert")).to_contain_text("is a start event")
    expect(operator.locator("#plan form")).to_have_count(0)


def test_a_link_leads_to_the_element_that_was_looked_at(operator: Page, site: str, waiting: str) -> None:
    pick(operator, "activate_ont")
    expect(operator).to_have_url(f"{site}/instances/{waiting}?element=activate_ont")
    operator.reload()
    expect(operator.locator(".element-card")).to_contain_text("Activate the ONT")
    expect(operator.locator(".element-card")).to_contain_text("ont-ALCL-ORD-1")


def test_it_is_suspended_and_the_page_then_offers_to_resume_it(operator: Page, waiting: str) -> None:
    moves = operator.locator("#moves")
    moves.locator("summary", has_text="Suspend").click()
    moves.get_by_label("Reason").locator("visible=true").fill("The customer moves house")
    moves.get_by_role("button", name="Suspend it").click()
    expect(operator.locator("h1")).to_contain_text("Suspended")
    expect(moves.locator("summary", has_text="Resume")).to_be_visible()
    expect(operator.locator("#acted")).to_contain_text("Suspension: stands still")


def test_the_audit_of_an_instance_is_asked_for_when_it_is_unfolded(operator: Page, waiting: str) -> None:
    operator.locator("#audit summary").click()
    expect(operator.locator("#audit .entries")).to_contain_text("Nobody has done anything to it by hand")
