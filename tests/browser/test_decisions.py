"""A decision is deployed, read and tried out in a real Chromium."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.engine.decisions import accept
from tests.factories.dashboards import DRAWN, World

pytestmark = pytest.mark.browser

MODEL = DRAWN / "router_profile.dmn"


@pytest.fixture
def deployed(world: World, operator: Page, site: str) -> Page:
    with world.database.transaction() as tx:
        world.engine.deploy_decisions(tx, accept(MODEL.read_bytes()))
    operator.goto(f"{site}/decisions/router_profile")
    return operator


def photograph(page: Page, name: str) -> None:
    """Pictures for whoever wants to look, in the folder that TURNUP_PICTURES names."""
    if folder := os.environ.get("TURNUP_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_model_is_deployed_from_the_page(operator: Page, site: str) -> None:
    operator.get_by_role("link", name="Decisions").click()
    expect(operator.get_by_role("heading", name="No decision is deployed yet")).to_be_visible()
    photograph(operator, "empty")
    operator.get_by_label("Deploy a decision model").set_input_files(MODEL)
    operator.get_by_role("button", name="Check and deploy").click()
    expect(operator.get_by_role("status").filter(has_text="is deployed")).to_be_visible()
    operator.locator("table.list").get_by_role("link", name="Router profile").click()
    expect(operator.get_by_role("heading", name="Router profile")).to_be_visible()


def test_a_decision_is_tried_from_the_keyboard_and_the_inputs_stay(deployed: Page) -> None:
    deployed.get_by_label("line").select_option("fibre")
    deployed.get_by_label("speed_mbps").fill("2500")
    deployed.keyboard.press("Enter")
    expect(deployed.locator("#answer")).to_contain_text("HGW-9000")
    expect(deployed.locator("#logic tr.matched .rule-number")).to_contain_text("1")
    expect(deployed.locator("#required tr.matched .rule-number")).to_contain_text("3")
    expect(deployed.get_by_label("speed_mbps")).to_be_focused()
    expect(deployed.get_by_label("line")).to_have_value("fibre")
    deployed.get_by_label("line").select_option("dsl")
    deployed.keyboard.press("Control+Enter")
    expect(deployed.locator("#logic tr.matched .rule-number")).to_contain_text("3")
    expect(deployed.locator("#logic tr.matched")).to_have_count(1)
    expect(deployed.get_by_label("line")).to_have_value("dsl")


def test_a_wrong_input_is_said_beside_its_field_until_it_is_right(deployed: Page) -> None:
    speed = deployed.get_by_label("speed_mbps")
    speed.fill("fast")
    deployed.get_by_role("button", name="Evaluate").click()
    expect(deployed.get_by_role("alert")).to_contain_text("Expected a number such as 12.5")
    expect(speed).to_be_focused()
    expect(speed).to_have_attribute("aria-invalid", "true")
    photograph(deployed, "wrong_input")
    speed.fill("50")
    deployed.keyboard.press("Enter")
    expect(deployed.locator("#required tr.matched .rule-number")).to_contain_text("1")
    expect(deployed.get_by_role("alert")).to_have_count(0)
    expect(speed).not_to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("width", [1440, 400])
def test_the_pages_of_decisions_fit_their_window(deployed: Page, site: str, width: int) -> None:
    deployed.set_viewport_size({"width": width, "height": 900})
    for path in ("/decisions", "/decisions/speed_class", "/decisions/loyalty", "/decisions/router_profile"):
        deployed.goto(f"{site}{path}")
        expect(deployed.locator("h1")).to_be_visible()
        assert deployed.evaluate("document.documentElement.scrollWidth") <= width, path
        photograph(deployed, f"{path.rsplit('/', 1)[-1]}_{width}")
    deployed.get_by_label("line").select_option("fibre")
    deployed.get_by_label("speed_mbps").fill("500")
    deployed.get_by_role("button", name="Evaluate").click()
    expect(deployed.locator("#answer")).to_contain_text("HGW-500")
    assert deployed.evaluate("document.documentElement.scrollWidth") <= width
    photograph(deployed, f"evaluated_{width}")
