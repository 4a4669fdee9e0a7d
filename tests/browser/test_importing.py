"""A diagram of another dialect on the page that draws, and handlers from its picker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.engine.spiff.xml import read_xml
from app.handling.registry import Registry
from app.handling.templates import element_templates
from app.handling.versions import VersionsKept
from tests.factories.dialects import camunda7

pytestmark = pytest.mark.browser

FLOW = """
<bpmn:startEvent id="begin" /><bpmn:sequenceFlow id="f" sourceRef="begin" targetRef="tell" />
<bpmn:serviceTask id="tell" name="Tell the customer" camunda:delegateExpression="${notifyCustomer}" />
<bpmn:sequenceFlow id="g" sourceRef="tell" targetRef="over" /><bpmn:endEvent id="over" />
"""
MISFITS = """(templates) => {
  const found = [], bus = drawing.modeler.get("eventBus");
  const hear = ({ errors }) => found.push(...errors.map(({ message }) => message));
  bus.on("elementTemplates.errors", hear);
  drawing.modeler.get("elementTemplatesLoader").setTemplates(templates);
  bus.off("elementTemplates.errors", hear);
  return found;
}"""
PICK = """(template) => {
  const chosen = () => drawing.modeler.get("elementRegistry").get("tell");
  drawing.modeler.get("elementTemplates").applyTemplate(chosen(), template);
  drawing.modeler.get("selection").select(chosen());
}"""
# What an author does in the properties panel, through the same commands: an older template, a value of one's own, the upgrade
UPGRADE = """([older, newer]) => {
  const modeler = drawing.modeler, found = [];
  modeler.get("eventBus").on("elementTemplates.errors", ({ errors }) => found.push(...errors.map(({ message }) => message)));
  modeler.get("elementTemplatesLoader").setTemplates([older, newer]);
  const templates = modeler.get("elementTemplates"), registry = modeler.get("elementRegistry");
  const source = (target) => {
    const io = registry.get("tell").businessObject.extensionElements.values.find(({ $type }) => $type === "zeebe:IoMapping");
    return io.inputParameters.find((each) => each.target === target);
  };
  templates.applyTemplate(registry.get("tell"), older);
  const element = registry.get("tell");
  const changes = { element, moddleElement: source("serial"), properties: { source: "=customer.serial" } };
  modeler.get("modeling").updateModdleProperties(element, changes.moddleElement, changes.properties);
  templates.applyTemplate(registry.get("tell"), newer);
  const bo = registry.get("tell").businessObject;
  return { found, serial: source("serial").source, speed: source("speed_mbps")?.source, added: source("added")?.source,
           type: bo.$type, version: bo.get("zeebe:modelerTemplateVersion") };
}"""


def templates_of(page: Page) -> list[dict[str, Any]]:
    return json.loads(page.evaluate("fetch(document.getElementById('drawing').dataset.templates).then((answer) => answer.text())"))


@pytest.fixture
def imported(operator: Page, site: str, tmp_path: Path) -> Page:
    """Camunda 7's diagram, without layout, from a file."""
    file = tmp_path / "line.bpmn"
    file.write_bytes(camunda7(FLOW))
    operator.goto(f"{site}/modeler")
    operator.locator("#import [type=file]").set_input_files(file)
    operator.get_by_role("button", name="Keep it as a draft").click()
    operator.locator("#drawing[data-ready]").wait_for()
    return operator


def test_a_diagram_of_camunda_7_is_converted_laid_out_and_told_of_and_then_checked_and_given_a_handler(imported: Page) -> None:
    expect(imported.locator("#brought summary")).to_have_text("From Camunda 7: 1 could not be converted, 0 to look at")
    expect(imported.locator("#brought li")).to_contain_text("Java code is not run here")
    text = imported.evaluate("drawing.text()")
    assert (text.count("<bpmndi:BPMNShape"), text.count("<bpmndi:BPMNEdge")) == (3, 2)
    assert "camunda.org/schema/1.0" not in text
    expect(imported.locator("#findings li")).to_contain_text("No handler is known as 'notify_customer'")
    imported.locator("#brought li button").click()
    assert imported.evaluate("drawing.modeler.get('selection').get().map(({ id }) => id)") == ["tell"]
    expect(imported.locator("#kept")).to_have_text("Unsaved changes")

    shipped = element_templates(Registry.scan(), VersionsKept())
    assert len(shipped) > 50
    assert imported.evaluate(MISFITS, shipped) == []  # by the published schema, as the modeler holds it
    (misfit,) = imported.evaluate(MISFITS, [{**shipped[0], "icon": 7}])
    assert misfit.endswith("must be object")
    template = next(each for each in templates_of(imported) if each["metadata"]["turnup"]["handler"] == "olt.activate_ont")
    newer = {**template, "version": 2, "properties": [*template["properties"], added("added", "new")]}
    done = imported.evaluate(UPGRADE, [template, newer])
    assert done == {
        "found": [],
        "serial": "=customer.serial",  # the author's own
        "speed": "=speed_mbps",
        "added": "new",
        "type": "bpmn:ServiceTask",
        "version": 2,
    }


def test_what_a_handler_refuses_with_is_caught_by_a_click(imported: Page) -> None:
    template = next(each for each in templates_of(imported) if each["metadata"]["turnup"]["refusals"])
    imported.evaluate(PICK, template)
    codes = list(template["metadata"]["turnup"]["refusals"])
    buttons = imported.locator("#refusals button")
    expect(buttons).to_have_text(codes)
    buttons.first.click()
    expect(buttons).to_have_text(codes[1:])
    root = read_xml(imported.evaluate("drawing.text()").encode())
    (event,) = root.iter("{*}boundaryEvent")
    (error,) = root.iter("{*}error")
    assert (event.get("attachedToRef"), error.get("errorCode")) == ("tell", codes[0])
    assert event.find("{*}errorEventDefinition").get("errorRef") == error.get("id")


def test_a_file_of_another_dialect_takes_the_place_of_what_was_drawn(operator: Page, site: str, tmp_path: Path) -> None:
    operator.goto(f"{site}/modeler/new/process")
    operator.locator("#drawing[data-ready]").wait_for()
    (tmp_path / "line.bpmn").write_bytes(camunda7(FLOW))
    operator.locator("#file").set_input_files(tmp_path / "line.bpmn")
    expect(operator.locator("#brought summary")).to_contain_text("From Camunda 7")
    expect(operator.locator("#findings li")).to_contain_text("No handler is known as 'notify_customer'")


def added(name: str, value: str) -> dict[str, Any]:
    binding = {"type": "zeebe:input", "name": name}
    return {"label": name, "type": "String", "feel": "optional", "optional": True, "value": value, "binding": binding}
