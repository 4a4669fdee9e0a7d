"""Tasks of SpiffArena: connectors, scripts, decisions, people, calls, loops."""

from __future__ import annotations

import json
import re

from lxml import etree

from app.conversion.arena.reading import mapped, mapped_condition, take, take_all, tell_doubts, within
from app.conversion.arena.scripts import Assigned, context_of, map_script
from app.conversion.drawing import (
    ZEEBE,
    Drawing,
    bpmn,
    discard,
    extend,
    extensions,
    local,
    make_formal,
    map_input,
    map_output,
    remember,
    snake,
    text_of,
)
from app.conversion.terms import NotMapped, as_source, rounds

MADE = "made"  # what the result of a script of several assignments is called, inside its task
_TEMPLATE = re.compile(r"\{[{%]")
WRITE = "Write a handler of that name in Python (docs/authoring.md), or choose one in the modeler."


def convert_service(drawing: Drawing, node: etree._Element) -> None:
    for operator in take_all(node, "serviceTaskOperator"):
        name = operator.get("id", "")
        handler = ".".join(snake(part) for part in re.split(r"[/.]", name) if part) or "connector"
        message = f"Connectors are not run here. The task's handler is called {handler} now."
        drawing.lost(node, f"spiffworkflow:serviceTaskOperator {name}", message, WRITE)
        retry = next(iter(within(operator, "retry")), None)
        extend(node, "taskDefinition", {"type": handler, "retries": None if retry is None else retry.get("retries")})
        for parameter in within(operator, "parameter"):
            target, value = parameter.get("id") or parameter.get("name") or "", parameter.get("value") or ""
            source = mapped(drawing, node, f"parameter {target}", value) if value else None
            if target and source is not None:
                map_input(node, source, target)
        if (result := operator.get("resultVariable")) is not None:
            message = f"A handler's outputs become variables of their own names, not one that is called {result}."
            drawing.lost(node, f"resultVariable {result}", message, f"Map an output of the handler to {result}.")


def convert_script(drawing: Drawing, node: etree._Element) -> None:
    code = node.find(bpmn("script"))
    text = text_of(code)
    node.attrib.pop("scriptFormat", None)
    if code is not None:
        discard(code)
    try:
        assigned = map_script(text)
        _write(node, assigned)
        tell_doubts(drawing, node, f"script {text}", as_source(context_of(assigned)), list(assigned.doubts))
    except NotMapped as problem:
        message = f"A script task holds one FEEL expression, and this script is none: {problem}."
        remedy = "Write it in FEEL, or move it into a handler. It stands in the element's documentation."
        drawing.lost(node, f"script {text}", message, remedy)
        remember(node, f"The script was (Python):\n{text}")
        extend(node, "script", {"expression": "", "resultVariable": "result"})


def _write(node: etree._Element, assigned: Assigned) -> None:
    if len(assigned.steps) == 1:
        name, value = assigned.steps[0]
        extend(node, "script", {"expression": as_source(value), "resultVariable": name})
        return
    extend(node, "script", {"expression": as_source(context_of(assigned)), "resultVariable": MADE})
    for variable, step in assigned.results.items():
        map_output(node, f"={MADE}.{step}", variable)


def convert_scripts_around(drawing: Drawing, node: etree._Element) -> None:
    """What is run before a task and after it."""
    before, after = take(node, "preScript"), take(node, "postScript")
    if before is not None:
        try:
            assigned = map_script(before)
            if local(node) in ("task", "manualTask", "eventBasedGateway") or len(assigned.steps) > len(
                assigned.results
            ):
                raise NotMapped("the task has no place for it")
            for name, value in assigned.steps:
                map_input(node, as_source(value), name)
            names = ", ".join(name for name, _ in assigned.steps)
            message = f"It has become inputs, so {names} is a variable of this task alone."
            drawing.check(node, f"spiffworkflow:preScript {before}", message, "Put a script task before it if need be.")
        except NotMapped as problem:
            _lost_script(drawing, node, "preScript", before, str(problem))
    if after is not None:
        _lost_script(drawing, node, "postScript", after, "output mappings would take the place of what the task gives")


def _lost_script(drawing: Drawing, node: etree._Element, name: str, text: str, problem: str) -> None:
    place = "before" if name == "preScript" else "after"
    remedy = f"Put a script task {place} it, or output mappings on it. It stands in the element's documentation."
    drawing.lost(node, f"spiffworkflow:{name} {text}", f"No code is run from a diagram ({problem}).", remedy)
    remember(node, f"The script {place} it was (Python):\n{text}")


def convert_decision(drawing: Drawing, node: etree._Element) -> None:
    decision = take(node, "calledDecisionId")
    if decision is not None:
        result = re.sub(r"\W", "_", decision)
        extend(node, "calledDecision", {"decisionId": decision, "resultVariable": result})
        message = f"What the decision gives is in the variable {result}; outputs are no variables of their own."
        drawing.check(node, f"calledDecisionId {decision}", message, "Map outputs, or change what reads them.")


def convert_user_task(drawing: Drawing, node: etree._Element, lanes: dict[str, str]) -> None:
    extend(node, "userTask", {})
    if lane := lanes.get(node.get("id", "")):
        extend(node, "assignmentDefinition", {"candidateGroups": lane})
        message = f"The task is offered to the group {lane}, as its lane is called."
        drawing.check(node, f"lane {lane}", message, "Look whether there is a group of that name.")
    instructions = take(node, "instructionsForEndUser")
    if instructions is not None:
        remember(node, instructions)
        if _TEMPLATE.search(instructions):
            message = "A text is shown as it is; no values are put into it."
            drawing.lost(node, "instructionsForEndUser", message, "Show the values in fields of a form.")
    for holder in take_all(node, "properties"):
        for each in within(holder, "property"):
            _convert_property(drawing, node, each.get("name", ""), each.get("value", ""))


def _convert_property(drawing: Drawing, node: etree._Element, name: str, value: str) -> None:
    if name == "formJsonSchemaFilename":
        message = "A form stands in the diagram itself: without one the task has rows of name and value."
        drawing.lost(node, f"{name} {value}", message, "Draw the form in the modeler, and choose it for the task.")
    elif name != "formUiSchemaFilename":
        holder = extend(node, "properties", {})
        etree.SubElement(holder, f"{{{ZEEBE}}}property", {"name": name, "value": value})


def convert_manual_task(drawing: Drawing, node: etree._Element, lanes: dict[str, str]) -> None:
    """It waits for a person there, and does not here."""
    node.tag = bpmn("userTask")
    instructions = text_of(next(iter(take_all(node, "instructionsForEndUser")), None))
    convert_user_task(drawing, node, lanes)
    process = next(node.iterancestors(bpmn("process")), None)
    if instructions and process is not None:
        form_id = f"form_{node.get('id', 'task')}"
        shown = {"type": "default", "schemaVersion": 18, "components": [{"type": "text", "text": instructions}]}
        form = etree.SubElement(extensions(process), f"{{{ZEEBE}}}userTaskForm", {"id": form_id})
        form.text = json.dumps(shown, ensure_ascii=False)
        extend(node, "formDefinition", {"formKey": f"camunda-forms:bpmn:{form_id}"})
    message = "A manual task is passed over here; as a user task it waits for a person, as it did."
    drawing.check(node, "manualTask", message, "Nothing has to be done if that is right.")


def convert_call(drawing: Drawing, node: etree._Element) -> None:
    """Everything goes in and comes out there."""
    called = str(node.attrib.pop("calledElement", ""))
    passed = {"propagateAllParentVariables": "true", "propagateAllChildVariables": "true"}
    extend(node, "calledElement", {"processId": called, "bindingType": "latest", **passed})


def convert_loop(drawing: Drawing, loop: etree._Element) -> None:
    said = {local(child): child for child in loop if local(child) != "extensionElements"}
    item, made = (_named(said.get(name)) for name in ("inputDataItem", "outputDataItem"))
    items, results = (text_of(said.get(name)) for name in ("loopDataInputRef", "loopDataOutputRef"))
    cardinality = text_of(said.get("loopCardinality"))
    settings: dict[str, str | None] = {
        "inputCollection": f"={items}" if items else _rounds(drawing, loop, cardinality),
        "inputElement": item,
        "outputCollection": results or None,
        "outputElement": f"={made or item}" if results and (made or item) else None,
    }
    for name, child in said.items():
        if name != "completionCondition":
            discard(child)
    extend(loop, "loopCharacteristics", settings)
    done = said.get("completionCondition")
    if done is not None:
        done.text = mapped_condition(drawing, loop, "completionCondition", text_of(done)) or done.text
        make_formal(done)


def _named(node: etree._Element | None) -> str | None:
    return None if node is None else node.get("name") or node.get("id")


def _rounds(drawing: Drawing, loop: etree._Element, text: str) -> str:
    number = mapped(drawing, loop, "loopCardinality", text) if text else None
    return rounds(number) if number and number.startswith("=") else ""
