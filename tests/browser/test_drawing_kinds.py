"""Forms inside diagrams, messages that are published, decisions and forms of their own: what Camunda's modeler alone has not."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from app.drafts import store
from app.drafts.reading import DraftKind
from app.engine import queries
from app.engine.diagram import Diagram as Read
from app.engine.spiff.dialect.read import read_diagram
from app.engine.spiff.xml import read_xml
from tests.browser.test_modeler import checked, opened, shape
from tests.browser.test_round_trips import BY_HAND
from tests.factories.dashboards import DRAWN, World
from tests.factories.diagrams import Diagram
from tests.factories.layout import laid_out
from tests.factories.task_forms import VISIT, visit
from tests.factories.triggers import message

pytestmark = pytest.mark.browser


def kept(world: World, kind: DraftKind, document: bytes) -> str:
    with world.database.transaction() as tx:
        return store.make(tx, store.NewDraft(kind, "Mine", document), "Ada", world.clock.now()).id


def drawing(page: Page) -> Read:
    document = page.evaluate("drawing.text()").encode()
    diagram, findings = read_diagram(read_xml(document), b"", "")
    assert diagram is not None, findings
    return diagram


def test_a_tasks_form_is_drawn_in_the_diagram_and_stays_when_the_task_changes(
    world: World, operator: Page, site: str
) -> None:
    page = opened(operator, f"{site}/modeler/drafts/{kept(world, DraftKind.PROCESS, laid_out(visit().xml()))}")
    shape(page, "call_on").click()
    named = page.evaluate("""() => { const [task] = drawing.modeler.get("selection").get();
        drawing.modeler.get("modeling").updateProperties(task, { name: "Call" });
        const [first] = task.businessObject.extensionElements.values;
        drawing.modeler.get("modeling").updateModdleProperties(task, task.businessObject.extensionElements, {});
        return first.$type }""")
    assert named.startswith("zeebe:")
    assert drawing(page).elements["call_on"].form_schema == VISIT
    page.get_by_role("button", name="Draw its form").click()
    page.locator("#form-surface .fjs-element", has_text="Router swapped").last.click(force=True)
    page.locator(".fjs-context-pad-item").first.click()
    page.get_by_role("button", name="Keep it in the diagram").click()
    task = drawing(page).elements["call_on"]
    assert task.form_schema is not None
    assert [each.get("key") for each in task.form_schema["components"]] == [
        each.get("key") for each in VISIT["components"][:-1]
    ]
    expect(page.get_by_role("button", name="Draw its form")).to_be_focused()


def test_a_message_that_is_published_is_set_in_the_panel(world: World, operator: Page, site: str) -> None:
    sends = Diagram("p").start().throw("t", message("done"), handler="billing.start").end().chain("s", "t", "e")
    page = opened(operator, f"{site}/modeler/drafts/{kept(world, DraftKind.PROCESS, laid_out(sends.xml()))}")
    shape(page, "t").click()
    page.locator("#properties").get_by_text("Publish the message").click()
    page.locator("#properties .bio-properties-panel-entry", has_text="Time to live").locator("input").fill("PT1H")
    page.keyboard.press("Tab")
    page.wait_for_function("async () => (await drawing.text()).includes('PT1H')")
    published = drawing(page).elements["t"].publishes
    assert published is not None
    assert (published.name, published.time_to_live) == ("done", "PT1H")
    page.locator("#properties .bio-properties-panel-entry", has_text="Time to live").locator("input").fill("")
    page.keyboard.press("Tab")
    page.wait_for_function("async () => !(await drawing.text()).includes('publishMessage')")


def test_decisions_are_drawn_kept_and_deployed(world: World, operator: Page, site: str) -> None:
    page = opened(operator, f"{site}/modeler/new/decisions")
    page.locator("#surface .drill-down-overlay").click()
    page.locator("#surface .tjs-container").wait_for()
    page.locator("#surface .add-rule-add").first.click()
    checked(page)
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#kept")).to_have_text("Saved by Grace just now")
    page.get_by_role("button", name="Deploy…").click()
    page.get_by_label("Why").fill("A first rule")
    page.get_by_role("button", name="Deploy", exact=True).click()
    page.wait_for_url("**/decisions/decision_*")
    expect(page.locator("main h1")).to_contain_text("New decision")
    with world.database.reading() as connection:
        assert store.listed(connection, None).items == []


def test_a_form_is_drawn_on_a_phone_and_deployed_for_every_task_that_names_it(
    world: World, operator: Page, site: str
) -> None:
    page = opened(operator, f"{site}/modeler/new/form")
    page.set_viewport_size({"width": 400, "height": 800})
    page.locator("[data-field-type=number]").click()
    page.locator(".fjs-form-container .fjs-element", has_text="Number").last.click()
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#kept")).to_have_text("Saved by Grace just now")
    checked(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Deploy…").click()
    page.get_by_label("Why").fill("The first one")
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_text("The first one")).to_be_visible()
    with world.database.reading() as connection:
        (found,) = queries.list_forms(connection, limit=5, offset=0).items
        document = json.loads(queries.form_document(connection, found.id))
        assert store.listed(connection, None).items == []
    assert [each["type"] for each in document["components"]] == ["number"]
    assert page.url == f"{site}/forms/{document['id']}"


def test_a_form_is_drawn_and_kept(world: World, operator: Page, site: str) -> None:
    form = {"id": "visit_form", **VISIT}
    page = opened(operator, f"{site}/modeler/drafts/{kept(world, DraftKind.FORM, json.dumps(form).encode())}")
    page.locator("#surface .fjs-element", has_text="Router swapped").last.click(force=True)
    page.locator(".fjs-context-pad-item").first.click()
    checked(page)
    expect(page.locator("#lint-count")).to_have_text("nothing to say against it")
    expect(page.locator("#kept")).to_have_text("Unsaved changes")
    page.keyboard.press("Control+s")
    expect(page.locator("#kept")).to_have_text("Saved by Grace just now")
    with world.database.reading() as connection:
        found = store.read(connection, page.url.rpartition("/")[2])
    assert len(json.loads(found.document)["components"]) == len(VISIT["components"]) - 1


def test_what_cannot_all_be_drawn_is_looked_at_and_not_saved(world: World, operator: Page, site: str) -> None:
    document = laid_out((DRAWN / "modelers" / f"{BY_HAND}.bpmn").read_bytes())
    page = opened(operator, f"{site}/modeler/drafts/{kept(world, DraftKind.PROCESS, document)}")
    expect(page.locator("#told")).to_contain_text("it can be looked at but not saved")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Deploy…").click()
    expect(page.locator("#deploy-dialog")).not_to_be_visible()
    with world.database.reading() as connection:
        (found,) = store.listed(connection, None).items
    assert found.revision == 1
