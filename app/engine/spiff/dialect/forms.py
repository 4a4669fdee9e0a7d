"""Forms inside a diagram: `zeebe:userTaskForm` of the process, named by user tasks as `camunda-forms:bpmn:<id>`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lxml import etree

from app.engine.diagram import Element, Finding
from app.engine.forms import read_form
from app.engine.spiff.dialect.places import report, text_of
from app.engine.spiff.dialect.table import BPMN, ZEEBE

EMBEDDED = "camunda-forms:bpmn:"
Forms = Mapping[str, dict[str, Any]]


def read_forms(process: etree._Element) -> tuple[Forms, list[Finding]]:
    """By id; and what is wrong with the others, or with tasks that name one that is not there."""
    forms: dict[str, dict[str, Any]] = {}
    findings, known = [], set[str]()
    for node in process.iterfind(f"{{{BPMN}}}extensionElements/{{{ZEEBE}}}userTaskForm"):
        form_id = node.get("id", "")
        known.add(form_id)
        schema, problems = read_form(text_of(node))
        if schema is not None:
            forms[form_id] = schema
        remedy = "Correct the form in the modeler, or leave it out: then the task shows rows of name and value."
        findings += [report(node, "form", f"The form '{form_id[:60]}': {each}", remedy) for each in problems]
    for node in process.iter(f"{{{ZEEBE}}}formDefinition"):
        named = _embedded(node.get("formKey"))
        if named is not None and named not in known:
            message = f"There is no form '{named[:60]}' in this diagram."
            findings.append(report(node, "no_form", message, "Save the form in the modeler again."))
    return forms, findings


def with_forms(elements: dict[str, Element], forms: Forms) -> dict[str, Element]:
    """The elements, user tasks with the forms that they name."""
    return {
        name: replace(each, form_schema=forms.get(_embedded(each.form) or "")) if each.type == "userTask" else each
        for name, each in elements.items()
    }


def _embedded(key: str | None) -> str | None:
    return key.removeprefix(EMBEDDED) if key is not None and key.startswith(EMBEDDED) else None
