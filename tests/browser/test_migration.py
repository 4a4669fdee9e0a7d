"""Versions in a browser: two diagrams side by side, a mapping picked on them, and the orders that move."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from app.engine import queries
from tests.factories.dashboards import World
from tests.factories.versioned import deploy_second, place_orders

pytestmark = pytest.mark.browser


def drawn(page: Page, side: str, element_id: str) -> Locator:
    return page.locator(f'[data-side="{side}"] [data-element-id="{element_id}"]').first


def test_orders_move_to_a_version_by_a_mapping_picked_on_the_two_diagrams(
    world: World, operator: Page, site: str
) -> None:
    ids = place_orders(world)
    deploy_second(world)
    operator.goto(f"{site}/processes/activate")
    expect(operator.get_by_text("Customers want to be told")).to_be_visible()
    operator.get_by_role("button", name="Compare").click()
    expect(operator.locator("#two-diagrams[data-ready]")).to_be_visible()
    expect(drawn(operator, "old", "visit")).to_have_class("djs-element djs-shape mark-removed")
    expect(drawn(operator, "new", "tell")).to_have_class("djs-element djs-shape mark-added")
    operator.get_by_role("button", name="Bill it", exact=True).click()
    for side in ("old", "new"):
        expect(drawn(operator, side, "bill")).to_have_class("djs-element djs-shape mark-changed mark-chosen")
    operator.get_by_role("link", name="Move instances from v1 to v2").click()
    expect(operator.locator("#two-diagrams[data-ready]")).to_be_visible()
    expect(operator.locator(".tile.blocked")).to_contain_text("2")
    drawn(operator, "old", "visit").click()
    expect(operator.locator("#picking")).to_contain_text("what Visit the customer becomes")
    drawn(operator, "new", "bill").click()  # that it cannot be
    expect(operator.get_by_role("alert")).to_contain_text("it was a userTask and is a serviceTask")
    operator.get_by_label("What Visit the customer becomes").select_option("call_on")
    expect(operator.locator(".tile.can_move")).to_contain_text("3")
    expect(operator.locator(".tile.blocked")).to_contain_text("0")
    operator.get_by_label("Reason").fill("Customers want to be told")
    operator.get_by_role("button", name="Move to v2").click()
    expect(operator.locator("h1")).to_have_text("Migrate activate from version 1 to version 2")
    world.work_at_jobs(3)
    expect(operator.locator("#job-says")).to_contain_text("All are done", timeout=6000)
    operator.goto(f"{site}/instances/{ids['ORD-2']}")
    expect(operator.locator("#waits")).to_contain_text("Call on the customer")
    with world.database.reading() as connection:
        assert {queries.get_instance(connection, each).version for each in ids.values()} == {2}


def test_before_it_is_deployed_the_modeler_says_what_it_would_mean_to_what_is_open(
    world: World, operator: Page, site: str
) -> None:
    place_orders(world)
    operator.goto(f"{site}/modeler/processes/activate/1")
    expect(operator.locator("#drawing[data-ready]")).to_be_visible(timeout=20_000)
    operator.get_by_role("button", name="Deploy…").click()
    expect(operator.locator("#deploy-outlook")).to_contain_text("3 instances are open on v1: 3 unaffected")
