"""The design in a real Chromium: light and dark, the keyboard, and how much a page weighs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.factories.dashboards import World
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.browser

MOST_BYTES = 300_000


@pytest.fixture
def orders(world: World) -> list[str]:
    """The ids of three: two wait, the last has fallen out."""
    world.olt.refuse["ALCL-ORD-3"] = "port_taken"
    started = [world.start(f"ORD-{number}") for number in (1, 2, 3)]
    world.work()
    return started


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_the_colours_are_the_systems_until_somebody_chooses(operator: Page, site: str) -> None:
    operator.emulate_media(color_scheme="light")
    light = ground(operator)
    operator.emulate_media(color_scheme="dark")
    dark = ground(operator)
    assert light != dark
    operator.locator("details.who summary").click()
    operator.get_by_text("Light", exact=True).click()
    assert ground(operator) == light
    operator.goto(f"{site}/tasks")
    assert ground(operator) == light
    operator.locator("details.who summary").click()
    expect(operator.get_by_label("Light")).to_be_checked()
    operator.get_by_text("System", exact=True).click()
    assert ground(operator) == dark


def test_j_and_k_go_through_a_list_and_enter_opens_a_row(operator: Page, site: str, orders: list[str]) -> None:
    operator.goto(f"{site}/instances")
    operator.keyboard.press("j")
    expect(operator.get_by_role("link", name="ORD-3")).to_be_focused()
    operator.keyboard.press("j")
    operator.keyboard.press("j")
    operator.keyboard.press("j")
    expect(operator.get_by_role("link", name="ORD-1")).to_be_focused()
    operator.keyboard.press("k")
    expect(operator.get_by_role("link", name="ORD-2")).to_be_focused()
    operator.keyboard.press("Enter")
    expect(operator).to_have_url(f"{site}/instances/{orders[1]}")


def test_what_is_typed_into_a_field_moves_nothing(operator: Page, site: str, orders: list[str]) -> None:
    operator.goto(f"{site}/instances")
    operator.keyboard.press("/")
    operator.keyboard.type("j?k/")
    expect(operator.locator("#search")).to_have_value("j?k/")
    expect(operator.locator("#help")).to_be_hidden()


def test_slash_leads_to_the_search_from_a_page_that_has_none(operator: Page, site: str, orders: list[str]) -> None:
    operator.goto(f"{site}/processes")
    operator.keyboard.press("/")
    expect(operator.locator("#search")).to_be_focused()
    expect(operator.get_by_role("heading", name="Instances")).to_be_visible()


def test_the_question_mark_tells_the_keys_and_they_can_be_turned_off(
    operator: Page, site: str, orders: list[str]
) -> None:
    operator.goto(f"{site}/instances")
    operator.keyboard.press("?")
    help_ = operator.get_by_role("dialog", name="Keyboard")
    expect(help_).to_contain_text("the next and the last row of a list")
    help_.get_by_label("Keys without Ctrl act").uncheck()
    operator.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    operator.reload()
    operator.keyboard.press("j")
    operator.keyboard.press("?")
    expect(help_).to_be_hidden()
    expect(operator.get_by_role("link", name="ORD-3")).not_to_be_focused()
    operator.get_by_role("button", name="Keyboard shortcuts").click()
    help_.get_by_label("Keys without Ctrl act").check()
    help_.get_by_role("button", name="Close").click()
    operator.keyboard.press("?")
    expect(help_).to_be_visible()


def test_an_instant_is_in_the_readers_zone_and_exact_on_hover(browser: Browser, site: str, orders: list[str]) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    log_in(page, site)
    page.goto(f"{site}/instances/{orders[0]}")
    started = page.locator("#facts time").first
    expect(started).to_have_attribute("datetime", "2026-11-23T12:00:00.000Z")
    expect(started).to_have_attribute("title", re.compile("23 Nov 2026.*21:00:00"))
    context.close()


def test_no_page_weighs_more_than_300_kilobytes(browser: Browser, site: str, orders: list[str]) -> None:
    """As they travel, from an empty cache, the viewer of diagrams included."""
    visited = browser.new_context()
    log_in(visited.new_page(), site)
    paths = ("/", "/instances", f"/instances/{orders[2]}", "/incidents", "/jobs", "/handlers", "/tasks", "/processes/activate/1")
    weights = {path: weigh(browser, visited.cookies(), f"{site}{path}") for path in paths}
    visited.close()
    assert all(20_000 < weight < MOST_BYTES for weight in weights.values()), weights


def weigh(browser: Browser, cookies: list[Any], url: str) -> int:
    context = browser.new_context()
    context.add_cookies(cookies)
    page = context.new_page()
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))  # Playwright marks what it calls
    page.goto(url, wait_until="load")
    page.wait_for_timeout(500)  # the diagram is asked for by a script
    sizes = [request.sizes() for request in asked]
    context.close()
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)


def log_in(page: Page, site: str) -> None:
    page.goto(f"{site}/login")
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="What needs you now")).to_be_visible()
