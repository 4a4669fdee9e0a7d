"""A diagram of another dialect on the page that draws."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.drafts.reading import DraftKind
from app.engine.spiff.xml import read_xml
from tests.browser.test_drawing_kinds import kept
from tests.browser.test_modeler import checked, opened
from tests.factories.dashboards import World
from tests.factories.dialects import camunda7, model

pytestmark = pytest.mark.browser

# Without layout, and its shapes name no flows
FLOW = """
<bpmn:startEvent id="begin" /><bpmn:sequenceFlow id="f" sourceRef="begin" targetRef="tell" />
<bpmn:serviceTask id="tell" name="Tell the customer" camunda:delegateExpression="${notifyCustomer}" />
<bpmn:sequenceFlow id="g" sourceRef="tell" targetRef="over" /><bpmn:endEvent id="over" />
"""
PICK = """(template) => {
  const chosen = () => drawing.modeler.get("elementRegistry").get("tell");
  drawing.modeler.get("elementTemplates").applyTemplate(chosen(), template);
  drawing.modeler.get("selection").select(chosen());
}"""
TEMPLATES = "fetch(document.getElementById('drawing').dataset.templates).then((answer) => answer.text())"
CHOSEN = "drawing.modeler.get('selection').get().map(({ id }) => id)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "line.bpmn"
    made.write_bytes(camunda7(FLOW))
    return made


def test_a_diagram_of_camunda_7_is_converted_laid_out_told_of_checked_and_given_a_handler_whose_refusal_is_caught(
    operator: Page, site: str, file: Path
) -> None:
    operator.goto(f"{site}/modeler")
    operator.locator("#import [type=file]").set_input_files(file)
    operator.get_by_role("button", name="Keep it as a draft").click()
    operator.locator("#drawing[data-ready]").wait_for()
    expect(operator.locator("#brought summary")).to_have_text("From Camunda 7: 1 could not be converted, 0 to look at")
    expect(operator.locator("#brought li")).to_contain_text("Java code is not run here")
    expect(operator.locator("#kept")).to_have_text("Unsaved changes")
    text = operator.evaluate("drawing.text()")
    assert (text.count("<bpmndi:BPMNShape"), text.count("<bpmndi:BPMNEdge")) == (3, 2)
    assert "camunda.org/schema/1.0" not in text
    expect(operator.locator("#findings li")).to_contain_text("No handler is known as 'notify_customer'")
    operator.locator("#brought li button").click()
    assert operator.evaluate(CHOSEN) == ["tell"]

    template = next(each for each in json.loads(operator.evaluate(TEMPLATES)) if each["metadata"]["turnup"]["refusals"])
    operator.evaluate(PICK, template)
    codes, buttons = list(template["metadata"]["turnup"]["refusals"]), operator.locator("#refusals button")
    expect(buttons).to_have_text(codes)
    buttons.first.click()
    expect(buttons).to_have_text(codes[1:])
    root = read_xml(operator.evaluate("drawing.text()").encode())
    (event,), (error,) = root.iter("{*}boundaryEvent"), root.iter("{*}error")
    assert (event.get("attachedToRef"), error.get("errorCode")) == ("tell", codes[0])
    (caught,) = event.iter("{*}errorEventDefinition")
    assert caught.get("errorRef") == error.get("id")


def test_a_file_of_another_dialect_takes_the_place_of_what_was_drawn(operator: Page, site: str, file: Path) -> None:
    operator.goto(f"{site}/modeler/new/process")
    operator.locator("#drawing[data-ready]").wait_for()
    operator.locator("#file").set_input_files(file)
    expect(operator.locator("#brought summary")).to_contain_text("From Camunda 7")
    expect(operator.locator("#findings li")).to_contain_text("No handler is known as 'notify_customer'")


def test_decisions_of_camunda_7_are_converted_where_they_are_opened(world: World, operator: Page, site: str) -> None:
    document = model(asks="${speed}", gives="${bean.name(speed)}")
    page = opened(operator, f"{site}/modeler/drafts/{kept(world, DraftKind.DECISIONS, document)}")
    expect(page.locator("#brought summary")).to_have_text("From Camunda 7: 1 could not be converted, 2 to look at")
    checked(page)
    expect(page.locator("#findings")).to_contain_text("not in FEEL")
    assert "${speed}" not in page.evaluate("drawing.text()")
