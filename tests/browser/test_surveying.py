"""Where a request tests too little, a job tests all that is open: of an upload, of a drawing, of a mapping."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.factories.dashboards import World
from tests.factories.labs import serving
from tests.factories.versioned import deploy_second, place_orders, second

pytestmark = pytest.mark.browser


@pytest.fixture
def site(world: World) -> Iterator[str]:
    with serving(world.serve(most_tested=2)) as url:
        yield url


def test_all_that_is_open_is_tested_from_wherever_a_version_is_looked_at(
    world: World, operator: Page, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.dashboard.migrations.FIRST_TESTED", 1)
    place_orders(world)
    file = FilePayload(name="activate.bpmn", mimeType="text/xml", buffer=second())
    operator.goto(f"{site}/processes")
    operator.get_by_label("Deploy a diagram").set_input_files(files=[file])
    operator.get_by_role("button", name="Test it first").click()
    operator.get_by_role("button", name="Test all 3").click()
    expect(operator.locator("h1")).to_have_text("Test version 2 of activate on what is open")
    expect(operator.locator("#job-says")).to_contain_text("Nothing is changed.")
    world.work_at_jobs()
    expect(operator.locator("#job-says")).to_contain_text("All that was open is tested.", timeout=6000)
    expect(operator.locator(".tile.blocked")).to_contain_text("2")
    operator.get_by_role("link", name="The 2 that are blocked at visit").click()
    expect(operator.locator(".items tbody tr")).to_have_count(2)

    deploy_second(world)
    operator.goto(f"{site}/processes/activate/migrate?from=1&to=2")
    expect(operator.locator("#findings")).to_contain_text("The 2 oldest of 3 were tested.")  # asked for once it is there
    expect(operator.locator("#verdicts tbody tr")).to_have_count(2)
    operator.get_by_label("What Visit the customer becomes").select_option("call_on")
    expect(operator.locator(".tile.can_move")).to_contain_text("2")
    operator.get_by_role("button", name="Test all 3 with this mapping").click()
    expect(operator.locator("h1")).to_have_text("Test version 2 of activate on what is open")
    world.work_at_jobs()
    expect(operator.locator(".tile.can_move")).to_contain_text("3", timeout=6000)

    operator.goto(f"{site}/modeler/processes/activate/1")
    expect(operator.locator("#drawing[data-ready]")).to_be_visible(timeout=20_000)
    operator.get_by_role("button", name="Deploy…").click()
    operator.get_by_role("button", name="Test all 3 by a job").click()
    expect(operator.get_by_role("link", name="its own page")).to_be_visible()
    world.work_at_jobs()
    operator.goto(f"{site}{operator.get_by_role('link', name='its own page').get_attribute('href')}")
    expect(operator.locator("h1")).to_have_text("Test version 3 of activate on what is open")
