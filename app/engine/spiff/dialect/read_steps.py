"""What an activity of the XML says: its handler, mappings and script, what it calls, and how often it runs."""

from __future__ import annotations

from typing import Any, cast

from lxml import etree

from app.engine.diagram import Binding, Call, FormLink, Loop
from app.engine.spiff.dialect.places import children, extension, extensions, local, text_of
from app.engine.spiff.dialect.table import ZEEBE

BINDINGS = ("latest", "deployment", "versionTag")


def read_settings(node: etree._Element) -> dict[str, Any]:
    """Fields of Element."""
    held = extensions(node)
    task, form = held.get("taskDefinition"), held.get("formDefinition")
    script, assigned = held.get("script"), held.get("assignmentDefinition")
    mapping, headers = held.get("ioMapping"), held.get("taskHeaders")
    called, schedule = held.get("calledDecision"), held.get("taskSchedule")
    retries = None if task is None else task.get("retries")
    return {
        "handler": None if task is None else task.get("type"),
        "retries": int(retries) if retries is not None and retries.isdecimal() and len(retries) < 4 else None,
        "inputs": _pairs(mapping, "input", "source", "target"),
        "outputs": _pairs(mapping, "output", "source", "target"),
        "headers": dict(_pairs(headers, "header", "key", "value")),
        "script": None if script is None else (script.get("expression", "").strip(), script.get("resultVariable", "")),
        "decision": None if called is None else (called.get("decisionId", ""), called.get("resultVariable", "")),
        "is_event_sub": node.get("triggeredByEvent") == "true",
        "for_compensation": node.get("isForCompensation") == "true",
        "loop": _loop(node),
        "call": _call(node, held.get("calledElement")),
        "due": None if schedule is None else schedule.get("dueDate") or None,
        "follow_up": None if schedule is None else schedule.get("followUpDate") or None,
        "form": None if form is None else form.get("externalReference") or form.get("formKey"),
        "linked_form": _form_link(form),
        "assignee": None if assigned is None else assigned.get("assignee"),
        "candidate_groups": None if assigned is None else assigned.get("candidateGroups"),
    }


def _pairs(holder: etree._Element | None, name: str, left: str, right: str) -> tuple[tuple[str, str], ...]:
    if holder is None:
        return ()
    return tuple((row.get(left, ""), row.get(right, "")) for row in holder.iterchildren(f"{{{ZEEBE}}}{name}"))


def _loop(node: etree._Element) -> Loop | None:
    loops = children(node, "multiInstanceLoopCharacteristics")
    if not loops:
        return None
    items, condition = extension(loops[0], "loopCharacteristics"), children(loops[0], "completionCondition")
    said: dict[str, str] = {} if items is None else {str(key): str(value) for key, value in items.attrib.items()}
    return Loop(
        sequential=loops[0].get("isSequential") == "true",
        input_collection=said.get("inputCollection", "").strip(),
        input_element=said.get("inputElement") or None,
        output_collection=said.get("outputCollection") or None,
        output_element=(said.get("outputElement") or "").strip() or None,
        completion_condition=(text_of(condition[0]) or None) if condition else None,
    )


def _form_link(form: etree._Element | None) -> FormLink | None:
    if form is None or not form.get("formId", "").strip():
        return None
    binding = form.get("bindingType", "latest")
    return FormLink(
        form_id=form.get("formId", "").strip(),
        binding=cast(Binding, binding if binding in BINDINGS else "latest"),  # another one is refused by the table
        version_tag=form.get("versionTag") or None,
    )


def _call(node: etree._Element, called: etree._Element | None) -> Call | None:
    if called is None or local(node) != "callActivity":
        return None
    binding = called.get("bindingType", "latest")
    return Call(
        process=called.get("processId", "").strip(),
        binding=cast(Binding, binding if binding in BINDINGS else "latest"),  # another one is refused by the table
        version_tag=called.get("versionTag") or None,
        passes_all_in=called.get("propagateAllParentVariables") != "false",
        passes_all_out=called.get("propagateAllChildVariables") != "false",
    )
