"""Scripts, decisions, people's tasks, calls and loops."""

from __future__ import annotations

import re

from lxml import etree

from app.conversion.camunda7.forms import convert_form
from app.conversion.camunda7.juel import is_expression
from app.conversion.camunda7.reading import mapped, mapped_condition, mapped_or_left, take, take_extras
from app.conversion.drawing import Drawing, bpmn, discard, extend, make_formal, map_input, map_output, remember, text_of
from app.conversion.terms import rounds

_NAME = re.compile(r"[A-Za-z_]\w*")


def convert_script(drawing: Drawing, node: etree._Element) -> None:
    code = node.find(bpmn("script"))
    kind, text = node.get("scriptFormat", ""), text_of(code)
    result, resource = take(node, "resultVariable"), take(node, "resource")
    node.attrib.pop("scriptFormat", None)
    if code is not None:
        discard(code)
    expression: str | None = None
    if kind.lower() == "feel":
        expression = f"={text.removeprefix('=')}"
    elif kind.lower() in ("juel", "") and is_expression(text):
        expression = mapped(drawing, node, "script", text)
    elif text or resource:
        what = f"script ({kind or 'no format'}) {text or resource}"
        message = "No code is run from a diagram: a script task holds one FEEL expression."
        remedy = "Write it in FEEL, or move it into a handler. It stands in the element's documentation."
        drawing.lost(node, what, message, remedy)
        remember(node, f"The script was ({kind or 'no format'}):\n{text or resource}")
    extend(node, "script", {"expression": expression or "", "resultVariable": result or "result"})
    if result is None and expression is not None:
        drawing.check(node, "script", "What it gives becomes the variable `result`.", "Give the variable a name.")


def convert_decision(drawing: Drawing, node: etree._Element) -> bool:
    """Whether the node calls a decision."""
    decision = take(node, "decisionRef")
    if decision is None:
        return False
    result, shape = take(node, "resultVariable"), take(node, "mapDecisionResult")
    binding, version = take(node, "decisionRefBinding"), take(node, "decisionRefVersion")
    if is_expression(decision):
        message = "Which decision is called has to be written down; an expression cannot say so."
        drawing.lost(node, f"camunda:decisionRef {decision}", message, "Write the decision's id.")
    extend(node, "calledDecision", {"decisionId": decision, "resultVariable": result or decision})
    if binding not in (None, "latest"):
        what = f"camunda:decisionRefBinding {binding} {version or ''}".strip()
        drawing.lost(
            node, what, "The latest version of a decision is called, always.", "Nothing has to be done if that will do."
        )
    if shape != "singleEntry":
        message = (
            "The result is what the decision gives: the value of its only output, an object of several, a list where "
            f"several rules may match ({shape or 'resultList'} gave another shape)."
        )
        drawing.check(node, f"camunda:mapDecisionResult {shape or ''}".strip(), message, "Look at what reads it.")
    return True


def convert_user_task(drawing: Drawing, node: etree._Element) -> None:
    extend(node, "userTask", {})
    assigned = {
        place: mapped(drawing, node, f"camunda:{name}", value)
        for name, place in (("assignee", "assignee"), ("candidateGroups", "candidateGroups"))
        if (value := take(node, name)) is not None
    }
    if any(value is not None for value in assigned.values()):
        extend(node, "assignmentDefinition", assigned)
    users = take(node, "candidateUsers")
    if users is not None:
        message = "A task is offered to groups, or is one person's."
        drawing.lost(node, f"camunda:candidateUsers {users}", message, "Name a candidate group, or an assignee.")
    for name in ("dueDate", "followUpDate"):
        value = take(node, name)
        when = None if value is None else mapped(drawing, node, f"camunda:{name}", value)
        if when is not None:
            extend(node, "taskSchedule", {name: when})
    convert_form(drawing, node)


def convert_call(drawing: Drawing, node: etree._Element) -> None:
    called = node.attrib.pop("calledElement", None)
    process = None if called is None else mapped_or_left(drawing, node, "calledElement", str(called))
    if (case := take(node, "caseRef")) is not None:
        drawing.lost(node, f"camunda:caseRef {case}", "There are no CMMN cases here.", "Draw the case as a process.")
    binding, tag = take(node, "calledElementBinding") or "latest", take(node, "calledElementVersionTag")
    version = take(node, "calledElementVersion")
    if binding == "version":
        message = "A call goes to the latest version, to that of the deployment, or to one with a version tag."
        drawing.lost(node, f"camunda:calledElementVersion {version}", message, "Give that version a tag, and name it.")
        binding = "latest"
    passes_all = {"in": False, "out": False}
    for direction in passes_all:
        for each in take_extras(node, direction):
            passes_all[direction] |= _convert_passing(drawing, node, direction, each)
    settings = {
        "processId": process or "",
        "bindingType": binding,
        "versionTag": tag if binding == "versionTag" else None,
        "propagateAllParentVariables": "true" if passes_all["in"] else "false",
        "propagateAllChildVariables": "true" if passes_all["out"] else "false",
    }
    extend(node, "calledElement", settings)


def _convert_passing(drawing: Drawing, node: etree._Element, direction: str, passing: etree._Element) -> bool:
    """Whether it passes everything. Otherwise it is one mapping."""
    what = f"camunda:{direction}"
    if passing.get("variables") == "all":
        return True
    if (key := passing.get("businessKey")) is not None:
        if key.replace(" ", "") not in ("#{execution.processBusinessKey}", "${execution.processBusinessKey}"):
            message = "A called process runs in its caller's instance, and has its business key."
            drawing.lost(node, f"{what} businessKey {key}", message, "Pass the value as a variable.")
        return False
    expression, name = passing.get("sourceExpression"), passing.get("source")
    source = f"={name}" if name else mapped(drawing, node, f"{what} sourceExpression", expression or "")
    target = passing.get("target") or name or ""
    if source is not None and target:
        (map_input if direction == "in" else map_output)(node, source, target)
    return False


def convert_loop(drawing: Drawing, loop: etree._Element) -> None:
    """`multiInstanceLoopCharacteristics`."""
    collection, item = take(loop, "collection"), take(loop, "elementVariable")
    cardinality = loop.find(bpmn("loopCardinality"))
    source: str | None = None
    if collection is not None:
        is_name = _NAME.fullmatch(collection) is not None
        source = f"={collection}" if is_name else mapped(drawing, loop, "camunda:collection", collection)
    elif cardinality is not None:
        source = _rounds(drawing, loop, text_of(cardinality))
        item = item or "round"
    if cardinality is not None:
        discard(cardinality)
    settings = {"inputCollection": source or "", "inputElement": item}
    extend(loop, "loopCharacteristics", settings)
    done = loop.find(bpmn("completionCondition"))
    if done is not None:
        done.text = mapped_condition(drawing, loop, "completionCondition", text_of(done)) or done.text
        make_formal(done)


def _rounds(drawing: Drawing, loop: etree._Element, text: str) -> str | None:
    number = mapped(drawing, loop, "loopCardinality", text)
    return rounds(number) if number and (number.isdecimal() or number.startswith("=")) else None
