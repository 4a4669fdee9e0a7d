"""Camunda 7's form fields as forms in the diagram (form-js)."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from app.conversion.camunda7.juel import is_expression
from app.conversion.camunda7.reading import inner, take, take_extras
from app.conversion.drawing import ZEEBE, Drawing, bpmn, extend, extensions

_EMBEDDED = "camunda-forms:bpmn:"
_DEPLOYED = "camunda-forms:deployment:"
VARIABLES = "turnup:variables"
_TYPES = {"long": "number", "boolean": "checkbox", "date": "datetime", "enum": "select"}
_JSON = {"string": "string", "long": "integer", "boolean": "boolean", "date": "string", "enum": "string"}
_RULES = {"min": "min", "max": "max", "minlength": "minLength", "maxlength": "maxLength"}
DRAW_FORM = "Draw the form in the modeler, and choose it for the task."


def convert_form(drawing: Drawing, task: etree._Element) -> None:
    key, ref = take(task, "formKey"), take(task, "formRef")
    binding, version = take(task, "formRefBinding"), take(task, "formRefVersion")
    if key is not None and key.startswith(_DEPLOYED):
        _name_form(drawing, task, key.removeprefix(_DEPLOYED).removesuffix(".form"), f"camunda:formKey {key}")
    elif key is not None:
        message = "A form of an application of yours is not shown here: the task has rows of name and value."
        drawing.lost(task, f"camunda:formKey {key}", message, DRAW_FORM)
    elif ref is not None:
        bound = "deployment" if binding == "deployment" else None
        extend(task, "formDefinition", {"formId": ref, "bindingType": bound})
        if binding == "version":
            message = "A task has the latest version of its form, that of its deployment, or one with a version tag."
            drawing.lost(task, f"camunda:formRefVersion {version}", message, "Give that version a tag, and name it.")
    fields = [field for holder in take_extras(task, "formData") for field in inner(holder, "formField")]
    if fields:
        _embed(drawing, task, fields)


def _name_form(drawing: Drawing, task: etree._Element, form_id: str, what: str) -> None:
    """A form that was deployed as a file, which is not there to be read."""
    extend(task, "formDefinition", {"formId": form_id, "bindingType": "deployment"})
    message = f"The task names the form '{form_id}' now: a form is found by the id in its file, not by the file's name."
    drawing.check(task, what, message, "Look whether the form's id is that, and deploy its file with the diagram.")


def convert_start_form(drawing: Drawing, start: etree._Element) -> None:
    """What a start form asks for is what a start request has to have: a schema of the process's variables."""
    fields = [field for holder in take_extras(start, "formData") for field in inner(holder, "formField")]
    key, ref = take(start, "formKey"), take(start, "formRef")
    if (named := key or ref) is not None:
        message = "Instances are started by requests, not by a form."
        drawing.lost(
            start,
            f"camunda:formKey {named}",
            message,
            "Declare the process's variables, if you like (turnup:variables).",
        )
    process = start.getparent()
    if not fields or process is None:
        return
    if process.tag != bpmn("process") or process.find(f".//{{{ZEEBE}}}property[@name='{VARIABLES}']") is not None:
        names = ", ".join(field.get("id", "") for field in fields)
        message = "Only one start of the process itself can say what a start request has to give."
        drawing.lost(start, f"camunda:formData {names}", message, f"Add them to {VARIABLES} of the process.")
        return
    required = [field.get("id", "") for field in fields if "required" in _constraints(field)]
    properties = {
        field.get("id", ""): {"type": _JSON.get(field.get("type", ""), "string"), **_title(field)} for field in fields
    }
    schema = {"type": "object", "required": required, "properties": properties}
    holder = extend(process, "properties", {})
    value = json.dumps(schema, ensure_ascii=False)
    etree.SubElement(holder, f"{{{ZEEBE}}}property", {"name": VARIABLES, "value": value})
    message = "The fields of the start form are what a start request has to give (turnup:variables of the process)."
    drawing.check(start, "camunda:formData", message, "Look whether the types and what is required are right.")


def _embed(drawing: Drawing, task: etree._Element, fields: list[etree._Element]) -> None:
    process = next((node for node in task.iterancestors(bpmn("process"))), None)
    if process is None:
        return
    components = [made for field in fields if (made := _component(drawing, task, field)) is not None]
    form_id = f"form_{task.get('id', 'task')}"
    form = etree.SubElement(extensions(process), f"{{{ZEEBE}}}userTaskForm", {"id": form_id})
    shown = {"type": "default", "schemaVersion": 18, "id": form_id, "components": components}
    form.text = json.dumps(shown, ensure_ascii=False)
    extend(task, "formDefinition", {"formKey": f"{_EMBEDDED}{form_id}"})


def _component(drawing: Drawing, task: etree._Element, field: etree._Element) -> dict[str, Any] | None:
    key, kind = field.get("id", ""), field.get("type", "string")
    if not key.isidentifier():
        message = "A field gives a variable, so its id has to be a plain name."
        drawing.lost(task, f"camunda:formField {key}", message, "Add the field to the form under another name.")
        return None
    made: dict[str, Any] = {"type": _TYPES.get(kind, "textfield"), "key": key, "label": field.get("label") or key}
    if kind == "date":
        made["subtype"] = "date"
    if kind == "enum":
        made["values"] = [{"label": each.get("name"), "value": each.get("id")} for each in inner(field, "value")]
    default = field.get("defaultValue")
    if default is not None and is_expression(default):
        message = "A field begins with the value of its variable, not with an expression."
        drawing.lost(task, f"camunda:formField {key} {default}", message, f"Map an input of the task to {key}.")
    elif default is not None:
        made["defaultValue"] = _value(kind, default)
    constraints = _constraints(field)
    if "readonly" in constraints:
        made["disabled"] = True
    rules = {_RULES[name]: _number(config) for name, config in constraints.items() if name in _RULES}
    if rules | ({"required": True} if "required" in constraints else {}):
        made["validate"] = rules | ({"required": True} if "required" in constraints else {})
    for name in sorted(set(constraints) - {*_RULES, "required", "readonly"}):
        message = "Such a rule is Java code."
        drawing.lost(task, f"camunda:constraint {name} {constraints[name]}", message, "Check it after the task.")
    return made


def _constraints(field: etree._Element) -> dict[str, str]:
    return {
        each.get("name", ""): each.get("config", "")
        for holder in inner(field, "validation")
        for each in inner(holder, "constraint")
    }


def _title(field: etree._Element) -> dict[str, str]:
    label = field.get("label")
    return {} if label is None else {"title": label}


def _value(kind: str, text: str) -> Any:
    if kind == "boolean":
        return text == "true"
    return _number(text) if kind == "long" else text


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text
