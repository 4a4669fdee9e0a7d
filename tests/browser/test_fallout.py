"""Many orders fall out of one cause: they are found on the first page, tried again together, and told what came of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories.dashboards import World

pytestmark = pytest.mark.browser


@pytest.fixture
def fallen(world: World) -> None:
    for number in range(4):
        world.olt.refuse[f"ALCL-ORD-{number}"] = "port_taken"
        world.start(f"ORD-{number}", port=f"1/1/{number}")
        world.pass_time(1)


def test_a_cause_is_found_on_the_first_page_planned_tried_with_one_and_then_with_all(
    world: World, operator: Page, site: str, fallen: None
) -> None:
    operator.goto(site)
    operator.get_by_role("link", name="port_taken Activate the ONT").click()
    expect(operator.locator("#cause tbody tr")).to_have_count(4)
    operator.get_by_text("Retry all of these").click()
    operator.get_by_label("Why").fill("The neighbours moved out")
    operator.get_by_role("button", name="See which these are").click()
    expect(operator.locator("#job-says")).to_contain_text("These 4 and no others will be")
    expect(operator.locator("#job tbody tr")).to_have_count(4)
    world.olt.refuse = {"ALCL-ORD-3": "unknown_serial"}
    operator.get_by_role("button", name="Retry these 4 now").click()
    expect(operator.locator("#job-says")).to_contain_text("One is tried first")
    world.work_at_jobs(1)
    expect(operator.locator("#job-says")).to_contain_text("One is being tried first", timeout=6000)
    world.work_at_jobs(15)
    expect(operator.locator("#job-says")).to_contain_text("All have been tried; 1 failed.", timeout=6000)
    expect(operator.locator("#job")).to_contain_text("Passed to ONT online")
    expect(operator.locator("#item-3")).to_contain_text("Failed differently")
    operator.locator("#item-3").get_by_role("link").click()
    expect(operator.locator("h1")).to_contain_text("ORD-3")


def test_a_plan_that_makes_no_sense_is_refused_beside_its_field(
    operator: Page, site: str, fallen: None, complaints: list[str]
) -> None:
    operator.goto(f"{site}/incidents")
    operator.get_by_role("link", name="port_taken").click()
    operator.get_by_text("Retry all of these").click()
    operator.get_by_label("Retries a second").fill("fast")
    operator.get_by_label("Why").fill("Hope")
    operator.get_by_role("button", name="See which these are").click()
    expect(operator.get_by_role("alert")).to_contain_text("Write a number from 0.001")
    expect(operator.get_by_label("Retries a second")).to_be_focused()
    complaints.clear()  # Chromium reports the 400 itself


@pytest.mark.parametrize("width", [1440, 400])
def test_the_pages_of_fallout_fit_their_window(operator: Page, site: str, world: World, fallen: None, width: int) -> None:
    operator.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/incidents", "/incidents?view=list", "/jobs", "/handlers", "/workers", "/processes"):
        operator.goto(f"{site}{path}")
        expect(operator.locator("h1")).to_be_visible()
        assert operator.evaluate("document.documentElement.scrollWidth") <= width, path
    operator.goto(f"{site}/incidents")
    operator.get_by_role("link", name="port_taken").click()
    expect(operator.locator("#cause tbody tr")).to_have_count(4)
    operator.wait_for_load_state()
    assert operator.evaluate("document.documentElement.scrollWidth") <= width
    operator.get_by_text("Retry all of these").click()
    operator.get_by_label("Why").fill("Hope")
    operator.get_by_role("button", name="See which these are").click()
    expect(operator.locator("#job tbody tr")).to_have_count(4)
    operator.wait_for_load_state()
    assert operator.evaluate("document.documentElement.scrollWidth") <= width
