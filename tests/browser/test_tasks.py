"""A task's form, shown by form-js, filled in and sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from app.engine import queries
from tests.browser.test_accessible import WINDOWS, violations
from tests.browser.test_design import MOST_BYTES, weigh
from tests.factories.dashboards import World
from tests.factories.task_forms import visit

pytestmark = pytest.mark.browser


@pytest.fixture
def task(world: World) -> str:
    """The id of a task that Grace has taken."""
    with world.database.transaction() as tx:
        world.engine.deploy(tx, visit(assignee="Grace", due="2026-11-01").xml())
    instance_id = world.start("ORD-7", "visit", technician="Ada Byron")
    world.work()
    with world.database.reading() as connection:
        (found,) = queries.list_user_tasks(connection, instance_id=instance_id).items
    return found.id


def test_a_form_is_filled_in_and_its_answers_become_variables(
    world: World, operator: Page, site: str, task: str
) -> None:
    operator.goto(f"{site}/tasks?whose=mine")
    expect(operator.locator(".task")).to_contain_text("Overdue")
    operator.keyboard.press("j")
    operator.keyboard.press("Enter")
    expect(operator.get_by_label("Technician")).to_have_value("Ada Byron")
    expect(operator.locator(".fjs-powered-by")).to_be_visible()
    operator.get_by_role("button", name="Complete the task").click()
    expect(operator.locator(".fjs-form-field-error").first).to_be_visible()
    operator.get_by_label("Optical power, dBm").fill("-18.5")
    operator.locator(".fjs-select-display").click()
    operator.get_by_text("In service", exact=True).click()
    operator.get_by_label("Router swapped").check()
    operator.get_by_role("button", name="Complete the task").click()
    expect(operator).to_have_url(f"{site}/tasks")
    world.work()
    operator.goto(f"{site}/instances/{task.rpartition(':')[0]}")
    expect(operator.locator("h1")).to_contain_text("Completed")
    expect(operator.locator("#variables")).to_contain_text("-18.5")
    expect(operator.locator("#variables")).to_contain_text("Call on the customer")


def test_a_form_weighs_no_more_than_another_page(browser: Browser, operator: Page, site: str, task: str) -> None:
    assert 100_000 < weigh(browser, operator.context.cookies(), f"{site}/tasks/{task}") < MOST_BYTES


@pytest.mark.parametrize(("theme", "width"), WINDOWS)
def test_a_form_breaks_no_rule_of_wcag_and_fits(operator: Page, site: str, task: str, theme: str, width: int) -> None:
    operator.set_viewport_size({"width": width, "height": 900})
    operator.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of two words
    operator.goto(f"{site}/tasks/{task}")
    expect(operator.locator("#task-form[data-ready]")).to_be_visible()
    assert violations(operator) == []
    assert operator.evaluate("document.documentElement.scrollWidth") <= width
