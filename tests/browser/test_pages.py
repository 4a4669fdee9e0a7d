"""Every page is drawn by a real Chromium without a complaint, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories.dashboards import World
from tests.factories.people import PASSWORD, add_user

pytestmark = pytest.mark.browser


@pytest.fixture
def fallen(world: World) -> str:
    """An order that fell out, beside one that waits and one with a task."""
    world.start("ORD-1")
    world.start("ORD-2")
    world.olt.refuse["ALCL-ORD-3"] = "port_taken"
    fallen = world.start("ORD-3")
    world.send("ont_online", "ORD-2")
    world.work()
    return fallen


def test_a_stranger_is_led_to_the_login_and_back_to_the_page_they_wanted(page: Page, site: str, world: World) -> None:
    page.goto(f"{site}/incidents?process=activate")
    expect(page).to_have_url(f"{site}/login?next=/incidents?process%3Dactivate")
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site}/incidents?process=activate")


@pytest.mark.parametrize("width", [1440, 400])
def test_every_page_fits_its_window(operator: Page, site: str, fallen: str, width: int) -> None:
    operator.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/instances", f"/instances/{fallen}", "/tasks", "/incidents", "/processes", "/processes/activate/1"):
        operator.goto(f"{site}{path}")
        expect(operator.locator("h1")).to_be_visible()
        assert operator.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_diagram_shows_what_is_done_and_what_failed(operator: Page, site: str, fallen: str) -> None:
    operator.goto(f"{site}/instances/{fallen}")
    expect(operator.locator('[data-element-id="received"].mark-done')).to_be_visible()
    expect(operator.locator('[data-element-id="activate_ont"].mark-failed')).to_be_visible()
    expect(operator.locator('[data-element-id="received_activate_ont"].mark-taken')).to_be_attached()
    expect(operator.locator(".token.failed")).to_have_text("!")
    expect(operator.locator(".bjs-powered-by")).to_be_visible()


def test_a_click_on_an_element_tells_about_it(operator: Page, site: str, fallen: str) -> None:
    operator.goto(f"{site}/instances/{fallen}")
    operator.locator('[data-element-id="activate_ont"] .djs-hit').click()
    facts = operator.locator("#element-facts")
    expect(facts).to_contain_text("Service task")
    expect(facts).to_contain_text("1/1/7 on lon-3 serves another ONT")


def test_a_token_moves_on_the_diagram_without_a_reload(operator: Page, site: str, world: World, fallen: str) -> None:
    instance_id = world.start("ORD-9")
    world.work()
    operator.goto(f"{site}/instances/{instance_id}")
    expect(operator.locator('[data-element-id="online"].mark-active')).to_be_visible()
    world.send("ont_online", "ORD-9")
    world.work()
    expect(operator.locator('[data-element-id="online"].mark-done')).to_be_visible()
    expect(operator.locator('[data-element-id="visit"].mark-active')).to_be_visible()
    expect(operator.locator("#waits")).to_contain_text("Waits for a person")


def test_slash_finds_an_order_by_a_part_of_its_key(operator: Page, site: str, fallen: str) -> None:
    operator.goto(f"{site}/instances")
    expect(operator.locator("#list tbody tr")).to_have_count(3)
    operator.keyboard.press("/")
    operator.keyboard.type("ord-3")
    expect(operator.locator("#list tbody tr")).to_have_count(1)
    expect(operator.locator("#search")).to_be_focused()
    expect(operator).to_have_url(f"{site}/instances?q=ord-3")
    operator.keyboard.press("Escape")
    expect(operator.locator("#list tbody tr")).to_have_count(3)


def test_the_list_refreshes_and_keeps_focus_and_what_is_typed(operator: Page, site: str, world: World) -> None:
    operator.goto(f"{site}/instances")
    expect(operator.locator("#list")).to_contain_text("No order has come in yet")
    operator.keyboard.press("/")
    operator.keyboard.type("ORD")
    expect(operator.locator("#list")).to_contain_text("Nothing matches")
    world.start("ORD-7")
    expect(operator.get_by_role("link", name="ORD-7")).to_be_visible(timeout=6000)
    expect(operator.locator("#search")).to_be_focused()
    assert operator.locator("#search").input_value() == "ORD"


def test_a_tile_filters_by_state(operator: Page, site: str, fallen: str) -> None:
    operator.goto(f"{site}/instances")
    operator.get_by_role("link", name="1 Fallen out").click()
    expect(operator.locator("#list tbody tr")).to_have_count(1)
    expect(operator.locator("#list tbody tr")).to_contain_text("ORD-3")


def test_a_server_that_falls_silent_is_said(operator: Page, site: str, fallen: str, complaints: list[str]) -> None:
    operator.goto(f"{site}/instances")
    operator.route("**/*", lambda route: route.abort())
    expect(operator.locator("#connection")).to_be_visible(timeout=6000)
    operator.unroute("**/*")
    expect(operator.locator("#connection")).to_be_hidden(timeout=6000)
    complaints[:] = [said for said in complaints if "ERR_FAILED" not in said and "Failed to fetch" not in said]


def test_a_tab_that_is_hidden_asks_nothing(operator: Page, site: str, fallen: str) -> None:
    asked: list[str] = []
    operator.goto(f"{site}/instances", wait_until="networkidle")  # the icon, too, has come
    operator.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    operator.on("request", lambda request: asked.append(request.url))
    operator.wait_for_timeout(3000)
    assert asked == []


def test_an_unknown_address_is_answered_in_style(operator: Page, site: str, complaints: list[str]) -> None:
    operator.goto(f"{site}/instances/none")
    expect(operator.get_by_role("heading", name="There is nothing here")).to_be_visible()
    complaints.clear()  # Chromium reports the 404 itself


def test_a_diagram_is_deployed_from_the_page_or_refused_with_its_findings(
    operator: Page, site: str, complaints: list[str]
) -> None:
    operator.goto(f"{site}/processes")
    chooser = operator.get_by_label("Deploy a diagram")
    chooser.set_input_files(files=[{"name": "bad.bpmn", "mimeType": "text/xml", "buffer": b"<not-bpmn/>"}])
    operator.get_by_role("button", name="Check and deploy").click()
    expect(operator.get_by_role("alert")).to_contain_text("bad.bpmn was refused")
    expect(operator.locator(".findings li")).not_to_have_count(0)
    complaints.clear()  # Chromium reports the 422 itself


@pytest.mark.parametrize("width", [1440, 400])
def test_the_pages_of_users_and_accounts_fit_their_window(operator: Page, site: str, world: World, width: int) -> None:
    add_user(world.identity, "someone.with.a.long.name@telecom.example", "viewer", "operator@activate")
    operator.set_viewport_size({"width": width, "height": 800})
    for path in ("/account", "/users"):
        operator.goto(f"{site}{path}")
        expect(operator.locator("h1")).to_be_visible()
        assert operator.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_account_menu_opens_by_keyboard_and_leads_out(operator: Page, site: str) -> None:
    menu = operator.locator("details.who")
    menu.locator("summary").focus()
    operator.keyboard.press("Enter")
    expect(operator.get_by_role("button", name="Log out everywhere")).to_be_visible()
    operator.keyboard.press("Escape")
    expect(operator.get_by_role("button", name="Log out everywhere")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    operator.keyboard.press("Enter")
    operator.get_by_role("button", name="Log out", exact=True).click()
    expect(operator.get_by_role("heading", name="Log in to Turnup")).to_be_visible()
    operator.goto(f"{site}/tasks")
    expect(operator).to_have_url(f"{site}/login?next=/tasks")


def test_a_token_is_made_shown_once_and_revoked(operator: Page) -> None:
    operator.locator("details.who summary").click()
    operator.get_by_role("link", name="Account and tokens").click()
    operator.get_by_label("Name").fill("nightly")
    operator.get_by_label("May do what").fill("viewer")
    operator.get_by_role("button", name="Make a token").click()
    expect(operator.locator(".secret")).to_contain_text("turnup_")
    operator.get_by_role("button", name="Revoke nightly").click()
    expect(operator.locator(".secret")).to_have_count(0)
    expect(operator.get_by_text("revoked")).to_be_visible()
