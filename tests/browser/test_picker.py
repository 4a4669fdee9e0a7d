"""Handlers picked in the modeler: every shipped one becomes a step that can be deployed, and an upgrade keeps what was written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from app.engine.definitions import examine
from app.handling.registry import Registry
from app.handling.templates import element_templates
from app.handling.versions import VersionsKept
from tests.browser.test_modeler import opened

pytestmark = pytest.mark.browser

OFFER = """(templates) => { const found = []; drawing.modeler.on("elementTemplates.errors", ({ errors }) => found.push(...errors.map(({ message }) => message)));
  drawing.modeler.get("elementTemplatesLoader").setTemplates(templates); return found; }"""
PICK = """(ids) => { const { modeler } = drawing;
  const [registry, factory, modeling, templates] = ["elementRegistry", "elementFactory", "modeling", "elementTemplates"].map((name) => modeler.get(name));
  let last = registry.get("begin");
  for (const [at, id] of ids.entries()) {
    const made = modeling.appendShape(last, factory.createShape({ type: "bpmn:Task" }), { x: 400 + 200 * at, y: 178 });
    last = templates.applyTemplate(made, templates.getLatest(id)[0]);
  }
  modeling.appendShape(last, factory.createShape({ type: "bpmn:EndEvent" }), { x: 400 + 200 * ids.length, y: 178 });
  return drawing.text(); }"""
UPGRADE = """([id, value]) => { const { modeler } = drawing;
  const templates = modeler.get("elementTemplates");
  let [step] = modeler.get("elementRegistry").filter((each) => templates.get(each)?.id === id);
  const mapping = step.businessObject.extensionElements.values.find(({ $type }) => $type === "zeebe:IoMapping");
  modeler.get("modeling").updateModdleProperties(step, mapping.inputParameters[0], { source: value });
  step = templates.applyTemplate(step, templates.getLatest(id)[0]);
  return drawing.text(); }"""


@pytest.fixture
def page(operator: Page, site: str) -> Page:
    return opened(operator, f"{site}/modeler/new/process")


def shipped() -> tuple[Registry, list[dict[str, Any]]]:
    registry = Registry.scan()
    return registry, element_templates(registry, VersionsKept())


def test_every_shipped_handler_is_picked_and_can_be_deployed(page: Page) -> None:
    registry, templates = shipped()
    assert page.evaluate(OFFER, templates) == []
    types = sorted(registry.types())
    assert len(types) > 20
    document = page.evaluate(PICK, [f"turnup.{type}" for type in types]).encode()
    diagram, findings = examine(document, registry)
    assert [each for each in findings if each.severity == "error"] == []
    assert diagram is not None
    assert all(each.name for each in diagram.elements.values() if each.handler)
    assert sorted(each.handler for each in diagram.elements.values() if each.handler) == types


def test_an_upgrade_keeps_what_an_author_has_written(page: Page) -> None:
    _, templates = shipped()
    first = next(each for each in templates if each["id"] == "turnup.olt.activate_ont" and each["version"] == 1)
    page.evaluate(OFFER, [first])
    page.evaluate(PICK, [first["id"]])
    added = {
        "label": "Slot",
        "type": "String",
        "feel": "optional",
        "value": "=slot",
        "binding": {"type": "zeebe:input", "name": "slot"},
    }
    later = {**first, "version": 2, "properties": [*first["properties"], added]}
    assert page.evaluate(OFFER, [later, first]) == []
    saved = page.evaluate(UPGRADE, [first["id"], "=order.of_mine"])
    assert 'modelerTemplateVersion="2"' in saved
    assert 'source="=order.of_mine"' in saved
    assert 'source="=slot" target="slot"' in saved
    assert json.dumps(first["id"]).strip('"') in saved
