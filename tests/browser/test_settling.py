"""An operator settles what fell out, and is told what came of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories.dashboards import World

pytestmark = pytest.mark.browser


@pytest.fixture
def fallen(world: World, operator: Page, site: str) -> str:
    """The page of an order whose port is taken."""
    world.olt.refuse["ALCL-ORD-3"] = "port_taken"
    instance_id = world.start("ORD-3")
    world.work()
    operator.goto(f"{site}/instances/{instance_id}")
    return instance_id


def test_a_retry_after_the_fault_is_lifted_passes_and_says_to_what(world: World, operator: Page, fallen: str) -> None:
    form = operator.locator("details.act").nth(0)
    form.locator("summary").click()
    form.get_by_label("Reason").fill("Port was freed")
    form.get_by_role("button", name="Retry").click()
    expect(operator.get_by_role("status").filter(has_text="is running…")).to_be_visible()
    world.olt.refuse.clear()
    world.work()
    expect(operator.locator(".settled")).to_contain_text(
        "Retry of Activate the ONT: passed to ONT online", timeout=6000
    )
    expect(operator.locator("h1")).to_contain_text("Active")
    expect(operator.locator("#history")).to_contain_text("“Port was freed”")
    expect(operator.locator("#history")).to_contain_text("by Grace")


def test_a_retry_that_fails_alike_says_so_and_can_be_tried_again(world: World, operator: Page, fallen: str) -> None:
    form = operator.locator("details.act").nth(0)
    form.locator("summary").click()
    form.get_by_label("Reason").fill("Hope")
    form.get_by_role("button", name="Retry").click()
    expect(operator.get_by_role("status").filter(has_text="is running…")).to_be_visible()
    world.work()
    expect(operator.locator(".settled")).to_contain_text("failed alike", timeout=6000)
    expect(operator.locator(".fallout")).to_have_count(1)
    expect(operator.locator("details.act").nth(0)).to_be_visible()


def test_corrected_inputs_show_their_difference_and_reach_the_handler(
    world: World, operator: Page, fallen: str
) -> None:
    form = operator.locator("details.act", has=operator.locator("form.correct"))
    form.locator("summary").click()
    form.get_by_label("port").fill("1/1/9")
    expect(form.locator(".diff")).to_contain_text("port 1/1/7 → 1/1/9")
    form.get_by_label("Reason").fill("The neighbour keeps 1/1/7")
    world.olt.refuse.clear()
    form.get_by_role("button", name="Correct and retry").click()
    expect(operator.locator(".outcome")).to_contain_text("is running…")
    world.work()
    expect(operator.locator(".settled")).to_contain_text("passed to ONT online", timeout=6000)
    assert world.olt.seen[-1]["port"] == "1/1/9"


def test_an_input_of_the_wrong_type_is_refused_beside_its_field(
    operator: Page, fallen: str, complaints: list[str]
) -> None:
    form = operator.locator("details.act", has=operator.locator("form.correct"))
    form.locator("summary").click()
    form.get_by_label("speed_mbps").fill("fast")
    form.get_by_label("Reason").fill("Guess")
    form.get_by_role("button", name="Correct and retry").click()
    expect(form.get_by_role("alert")).to_contain_text("speed_mbps must be a whole number")
    expect(form.get_by_label("speed_mbps")).to_be_focused()
    expect(form.get_by_label("speed_mbps")).to_have_attribute("aria-invalid", "true")
    complaints.clear()  # Chromium reports the 400 itself


def test_an_open_form_outlives_the_refresh_of_the_page_round_it(world: World, operator: Page, fallen: str) -> None:
    form = operator.locator("details.act").nth(0)
    form.locator("summary").click()
    form.get_by_label("Reason").fill("Half a sen")
    with operator.expect_response("**/live*"):
        pass
    with operator.expect_response("**/live*"):
        pass
    expect(form.get_by_label("Reason")).to_have_value("Half a sen")
    expect(form.get_by_label("Reason")).to_be_focused()


def test_a_skipped_step_counts_as_done_with_the_outputs_given(world: World, operator: Page, fallen: str) -> None:
    form = operator.locator(".fallout details.act").last
    form.locator("summary").click()
    form.get_by_label("Outputs, as JSON").fill('{"ont_id": "by-hand"}')
    form.get_by_label("Reason").fill("Put in service by hand")
    form.get_by_role("button", name="Skip the step").click()
    expect(operator.locator(".settled")).to_contain_text("Skip of Activate the ONT: passed to ONT online", timeout=6000)
    expect(operator.locator("#variables")).to_contain_text("by-hand")


def test_a_conflict_between_branches_is_settled_by_a_choice(world: World, operator: Page, site: str) -> None:
    world.deploy("branches")
    instance_id = world.start("ORD-5", "branches")
    world.work()
    operator.goto(f"{site}/instances/{instance_id}")
    operator.get_by_label("Take the new one").check()
    form = operator.locator("details.act").first
    form.get_by_label("Reason").fill("The later measurement")
    form.get_by_role("button", name="Use this value").click()
    world.work()
    expect(operator.locator("h1")).to_contain_text("Completed", timeout=6000)
    expect(operator.locator("#variables")).to_contain_text("slow")


def test_a_task_is_taken_and_completed_with_what_was_found_out(world: World, operator: Page, site: str) -> None:
    instance_id = world.start("ORD-6")
    world.send("ont_online", "ORD-6")
    world.work()
    operator.goto(f"{site}/tasks")
    operator.get_by_role("button", name="Take").click()
    expect(operator.locator(".task")).to_contain_text("with you")
    operator.locator(".task summary", has_text="Complete").first.click()
    operator.get_by_label("Name").first.fill("signal_dbm")
    operator.get_by_label("Value").first.fill("-19.5")
    operator.get_by_role("button", name="Complete the task").click()
    expect(operator.locator("#list")).to_contain_text("Nothing waits for a person")
    world.work()
    operator.goto(f"{site}/instances/{instance_id}")
    expect(operator.locator("h1")).to_contain_text("Completed")
    expect(operator.locator("#variables")).to_contain_text("-19.5")
