"""A flow is drawn in a real Chromium, corrected where the checks say so, kept as a draft, deployed and run."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.drafts import store
from app.drafts.reading import DraftKind
from app.engine import queries
from tests.factories.dashboards import DRAWN, World
from tests.factories.diagrams import Diagram
from tests.factories.layout import laid_out

pytestmark = pytest.mark.browser


def opened(page: Page, address: str) -> Page:
    """In a window whose complaints nobody collects: Chromium reports what is refused itself."""
    page = page.context.new_page()
    page.goto(address)
    page.locator("#drawing[data-ready]").wait_for()
    return page


def checked(page: Page) -> None:
    """What stands there has been looked at."""
    page.locator("#drawing[data-checked='true']").wait_for()


def shape(page: Page, id: str) -> Locator:
    return page.locator(f".djs-shape[data-element-id='{id}']").first


def append(page: Page, after: str, what: str) -> None:
    """By keyboard, from the same list for steps, events and handlers."""
    shape(page, after).click()
    page.keyboard.press("a")
    page.locator(".djs-popup-search input").press_sequentially(what)
    expect(page.locator(".djs-popup .entry.selected")).to_contain_text(what)
    page.keyboard.press("Enter")
    expect(page.locator(".djs-popup")).to_have_count(0)


def test_a_flow_is_drawn_corrected_tried_deployed_and_seen_to_run(world: World, operator: Page, site: str) -> None:
    operator.get_by_role("link", name="Modeler").click()
    operator.get_by_role("button", name="New process").click()
    operator.locator("#drawing[data-ready]").wait_for()
    checked(operator)
    expect(operator.locator("#lint-count")).to_have_text("1 warning")

    append(operator, "begin", "olt.activate_ont")
    step = operator.locator(".djs-shape[data-element-id^='Activity_']").first.get_attribute("data-element-id")
    assert step is not None
    assert '"Put the customer\'s ONT in service"' in operator.evaluate("drawing.text()").replace("&#39;", "'")
    operator.locator("#properties").get_by_text("What it takes").click()
    speed = operator.locator("#properties .bio-properties-panel-entry", has_text="Speed mbps").locator("[contenteditable]")
    speed.fill("speed_mbps +")
    expect(operator.locator(".lint-mark.error")).to_have_count(1)
    wrong = operator.locator("#findings li.error")
    expect(wrong).to_contain_text(step)
    shape(operator, "begin").click()
    wrong.get_by_role("button").click()
    expect(operator.locator(f".djs-shape.selected[data-element-id='{step}']")).to_have_count(1)

    speed.fill("speed_mbps")
    append(operator, step, "End event")
    checked(operator)
    expect(operator.locator("#findings li.error")).to_have_count(0)
    expect(operator.locator(".lint-mark.error")).to_have_count(0)

    operator.get_by_label("Name of the draft").fill("Only the ONT")
    operator.keyboard.press("Control+s")
    expect(operator.locator("#kept")).to_have_text("Saved by Grace just now")
    draft_id = operator.url.rpartition("/")[2]
    operator.reload()
    operator.locator("#drawing[data-ready]").wait_for()
    expect(shape(operator, step)).to_be_visible()

    operator.get_by_role("button", name="Try it").click()
    operator.get_by_label("Start variables, as JSON").fill('{"speed_mbps": 500, "serial": "A1", "port": "1/1/7"}')
    operator.get_by_role("button", name="Begin").click()
    operator.get_by_role("button", name="Run on").click()
    expect(operator.locator("h1")).to_contain_text("Completed")
    assert world.olt.seen == []

    operator.goto(f"{site}/modeler/drafts/{draft_id}")
    operator.locator("#drawing[data-ready]").wait_for()
    operator.get_by_role("button", name="Deploy…").click()
    expect(operator.locator("#deploy-outlook")).to_contain_text("It is a new process")
    operator.get_by_label("Why").fill("A line for those who have the rest already")
    operator.get_by_role("button", name="Deploy", exact=True).click()
    operator.wait_for_url(re.compile("/processes/process_[0-9a-f]+/1$"))
    expect(operator.locator("main h1")).to_contain_text("Only the ONT")
    process_id = operator.url.split("/")[-2]
    with world.database.reading() as connection, pytest.raises(store.UnknownDraft):
        store.read(connection, draft_id)

    instance_id = world.start("ORD-1", process_id)
    world.work()
    operator.goto(f"{site}/instances/{instance_id}")
    expect(operator.locator("main h1")).to_contain_text("ORD-1")
    expect(operator.locator(f"[data-element-id='{step}'].mark-done")).to_have_count(1)
    assert [each["serial"] for each in world.olt.seen] == ["ALCL-ORD-1"]


def test_what_has_errors_is_not_deployed_and_says_where(world: World, operator: Page, site: str) -> None:
    page = opened(operator, f"{site}/modeler/processes/activate/1")
    page.evaluate("drawing.modeler.get('modeling').removeShape(drawing.modeler.get('elementRegistry').get('received'))")
    checked(page)
    page.get_by_role("button", name="Deploy…").click()
    expect(page.locator("#deploy-warnings")).to_contain_text("it will be refused")
    page.get_by_label("Why").fill("To see")
    with page.expect_response("**/modeler/deploy") as answered:
        page.get_by_role("button", name="Deploy", exact=True).click()
    assert answered.value.status == 422
    expect(page.locator("#deploy-dialog .refused")).to_be_visible()
    with world.database.reading() as connection:
        assert queries.get_definition(connection, "activate", None).version == 1


def test_nobody_leaves_unsaved_work_unasked_or_saves_over_anothers(world: World, operator: Page, site: str) -> None:
    with world.database.transaction() as tx:
        new = store.NewDraft(DraftKind.PROCESS, "Ours", laid_out(Diagram("p").start().end().chain("s", "e").xml()))
        made = store.make(tx, new, "Ada", world.clock.now())
    page = opened(operator, f"{site}/modeler/drafts/{made.id}")
    expect(page.locator("#kept")).to_contain_text("Saved by Ada")
    page.get_by_label("Name of the draft").fill("Mine")
    with world.database.transaction() as tx:
        store.save(tx, made.id, "Theirs", new.document, 1, "Bob", world.clock.now())
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]  # playwright's
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    page.evaluate("location.assign('/processes')")
    expect(page.get_by_label("Name of the draft")).to_have_value("Mine")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#told")).to_contain_text("Bob has saved this draft since you opened it")
    expect(page.locator("#kept")).to_have_text("Unsaved changes")


def test_whoever_began_from_an_older_version_is_told_before_they_deploy(
    world: World, operator: Page, site: str
) -> None:
    with world.database.transaction() as tx:
        newer = (DRAWN / "activate.bpmn").read_bytes().replace(b"Start billing", b"Begin to bill")
        world.engine.deploy(tx, newer, by="Bob", reason="Words")
    page = opened(operator, f"{site}/modeler/processes/activate/1")
    page.get_by_role("button", name="Deploy…").click()
    expect(page.locator("#deploy-outlook")).to_contain_text("v2 was deployed after v1, from which this was begun")
