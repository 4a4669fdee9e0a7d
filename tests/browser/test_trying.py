"""A version is tried in a real Chromium: steps are answered, the path is drawn, conditions say what they read."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories.dashboards import World
from tests.factories.diagrams import Diagram
from tests.factories.layout import laid_out
from tests.factories.triggers import error, timer

pytestmark = pytest.mark.browser


def line() -> bytes:
    made = Diagram("line", "A line").start("s").xor("fast", default="slow").service("a", "olt.activate_ont")
    made.boundary("taken", "a", error("port_taken")).user("u").catch("hour", timer("PT1H")).end("e").end("out")
    made.chain("s", "fast").flow("fast", "a", "=speed_mbps > 100", id="quick").flow("fast", "u", id="slow")
    return laid_out(made.chain("a", "hour", "e").chain("taken", "u", "out").xml())


def test_how_far_saved_scenarios_come_is_painted_on_the_process(world: World, operator: Page, site: str) -> None:
    with world.database.transaction() as tx:
        world.engine.deploy(tx, line())
    operator.goto(f"{site}/processes/line/1")
    expect(operator.get_by_text("No scenario of this process is saved.")).to_be_visible()
    world.scenarios.mkdir()
    (world.scenarios / "line_slow.yaml").write_text("process: line\ntitle: Slow\nstart: {speed_mbps: 50}\n")
    operator.reload()
    expect(operator.get_by_text("1 of 1 saved scenarios goes as expected.")).to_be_visible()
    expect(operator.locator('[data-element-id="fast"].mark-done')).to_be_visible()
    expect(operator.locator('[data-element-id="a"].mark-missed')).to_be_visible()
    expect(operator.locator('[data-element-id="slow"].mark-taken')).to_be_visible()
    expect(operator.locator(".legend .missed")).to_be_visible()


def test_a_flow_is_tried_step_by_step_until_it_goes_wrong_and_then_right(
    world: World, operator: Page, site: str
) -> None:
    with world.database.transaction() as tx:
        world.engine.deploy(tx, line())
    operator.goto(f"{site}/processes/line/1")
    operator.get_by_role("link", name="Try it").click()
    operator.get_by_label("Start variables, as JSON").fill('{"speed_mbps": 500, "serial": "A1", "port": "1/1/7"}')
    operator.get_by_role("button", name="Begin").click()
    expect(operator.get_by_role("heading", name="Next: a")).to_be_visible()
    expect(operator.locator(".said.holds")).to_have_text("true: speed_mbps = 500")
    expect(operator.locator('[data-element-id="quick"].mark-taken')).to_be_visible()

    operator.get_by_label("refuses", exact=True).check()
    operator.get_by_label("Code, or the message's name").fill("port_taken")
    operator.get_by_role("button", name="Step", exact=True).click()
    expect(operator.locator('[data-element-id="taken"].mark-done')).to_be_visible()
    expect(operator.locator('[data-element-id="u"].mark-active')).to_be_visible()
    operator.get_by_text("Complete the task").click()
    operator.get_by_role("button", name="Complete it").click()
    expect(operator.locator("h1")).to_contain_text("Completed")

    operator.get_by_role("button", name="Begin again").click()
    operator.get_by_label("Start variables, as JSON").fill('{"speed_mbps": 500, "serial": "A1", "port": "1/1/7"}')
    operator.get_by_role("button", name="Begin").click()
    operator.get_by_role("button", name="Run on").click()
    expect(operator.locator('[data-element-id="hour"].mark-active')).to_be_visible()
    operator.get_by_role("button", name="To the next time").click()
    expect(operator.locator("h1")).to_contain_text("Completed")
    with operator.expect_download() as kept:
        operator.get_by_role("button", name="Download the scenario").click()
    assert "wait: next" in kept.value.path().read_text()
    assert world.olt.seen == []
