"""From the XML tree to the neutral diagram. Reads past what the dialect refuses, so that one check tells all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from app.engine.diagram import Diagram, Element, EventKind, Finding, Flow, TimerKind
from app.engine.lint_variables import read_schema
from app.engine.spiff.dialect_places import children, extension, is_bpmn, local, namespace, report
from app.engine.spiff.dialect_table import ARTIFACTS, BPMN, VARIABLES_PROPERTY, ZEEBE

NOT_NODES = {
    *ARTIFACTS.split(),
    *("documentation", "extensionElements", "incoming", "outgoing", "laneSet", "sequenceFlow"),
    *("property", "ioSpecification", "dataObject", "dataObjectReference", "dataStoreReference"),
    *("dataInputAssociation", "dataOutputAssociation"),
    *("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"),
}
TIMERS: dict[str, TimerKind] = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
EVENTS: dict[str, EventKind] = {
    "timerEventDefinition": "timer",
    "messageEventDefinition": "message",
    "errorEventDefinition": "error",
}


def read_diagram(root: etree._Element, document: bytes, digest: str) -> tuple[Diagram | None, list[Finding]]:
    """None unless exactly one process with an id is executable."""
    processes = [process for process in children(root, "process") if process.get("isExecutable") == "true"]
    if not processes:
        message = "No process in this diagram is executable."
        return None, [report(root, "no_executable_process", message, "Tick 'Executable' in the process's properties.")]
    if len(processes) > 1:
        message = "More than one process in this diagram is executable."
        return None, [report(processes[1], "several_executable_processes", message, "Keep one process per file.")]
    process = processes[0]
    if not process.get("id"):
        return None, []
    schema, findings = _variables_schema(process)
    flows = _flows(process)
    diagram = Diagram(
        process_id=process.get("id", ""),
        name=process.get("name") or process.get("id") or "",
        document=document,
        digest=digest,
        elements=_elements(root, process, flows),
        flows=flows,
        variables_schema=schema,
    )
    return diagram, findings


def _scopes(process: etree._Element) -> Iterator[etree._Element]:
    """The process, then its sub-processes, outer before inner."""
    ahead = deque([process])
    while ahead:
        scope = ahead.popleft()
        yield scope
        ahead.extend(children(scope, "subProcess"))


def _flows(process: etree._Element) -> dict[str, Flow]:
    found = {}
    for scope in _scopes(process):
        for node in children(scope, "sequenceFlow"):
            condition = children(node, "conditionExpression")
            found[node.get("id", "")] = Flow(
                id=node.get("id", ""),
                source=node.get("sourceRef", ""),
                target=node.get("targetRef", ""),
                condition=_text(condition[0]) if condition else None,
                name=node.get("name"),
                line=node.sourceline,
                parent=scope.get("id", ""),
            )
    found.pop("", None)
    return found


def _elements(root: etree._Element, process: etree._Element, flows: Mapping[str, Flow]) -> dict[str, Element]:
    declared = {node.get("id", ""): node for name in ("message", "error") for node in children(root, name)}
    incoming: dict[str, list[str]] = {}
    outgoing: dict[str, list[str]] = {}
    for flow in flows.values():
        outgoing.setdefault(flow.source, []).append(flow.id)
        incoming.setdefault(flow.target, []).append(flow.id)
    found = {}
    for scope in _scopes(process):
        for node in scope:
            own = node.get("id")
            if own and namespace(node) == BPMN and local(node) not in NOT_NODES and not _is_trigger(node):
                found[own] = Element(
                    id=own,
                    type=local(node),
                    name=node.get("name"),
                    parent=scope.get("id", ""),
                    line=node.sourceline,
                    incoming=tuple(incoming.get(own, ())),
                    outgoing=tuple(outgoing.get(own, ())),
                    default_flow=node.get("default"),
                    **_settings(node),
                    **_event(node, declared),
                )
    return found


def _is_trigger(node: etree._Element) -> bool:
    return local(node).endswith("EventDefinition")


def _settings(node: etree._Element) -> dict[str, Any]:
    """What the modeler's extensions say."""
    task, form = extension(node, "taskDefinition"), extension(node, "formDefinition")
    script, assigned = extension(node, "script"), extension(node, "assignmentDefinition")
    mapping, headers = extension(node, "ioMapping"), extension(node, "taskHeaders")
    called = extension(node, "calledDecision")
    retries = None if task is None else task.get("retries")
    return {
        "handler": None if task is None else task.get("type"),
        "retries": int(retries) if retries is not None and retries.isdecimal() and len(retries) < 4 else None,
        "inputs": _pairs(mapping, "input", "source", "target"),
        "outputs": _pairs(mapping, "output", "source", "target"),
        "headers": dict(_pairs(headers, "header", "key", "value")),
        "script": None if script is None else (script.get("expression", "").strip(), script.get("resultVariable", "")),
        "decision": None if called is None else (called.get("decisionId", ""), called.get("resultVariable", "")),
        "form": None if form is None else form.get("formId") or form.get("externalReference") or form.get("formKey"),
        "assignee": None if assigned is None else assigned.get("assignee"),
        "candidate_groups": None if assigned is None else assigned.get("candidateGroups"),
    }


def _pairs(holder: etree._Element | None, name: str, left: str, right: str) -> tuple[tuple[str, str], ...]:
    if holder is None:
        return ()
    return tuple((row.get(left, ""), row.get(right, "")) for row in holder.iterchildren(f"{{{ZEEBE}}}{name}"))


def _event(node: etree._Element, declared: Mapping[str, etree._Element]) -> dict[str, Any]:
    """What triggers an event, and where it is attached."""
    facts: dict[str, Any] = {
        "attached_to": node.get("attachedToRef"),
        "interrupting": node.get("cancelActivity") != "false",
    }
    for trigger in node:
        if not _is_trigger(trigger) or namespace(trigger) != BPMN:
            continue
        facts["event"] = EVENTS.get(local(trigger))
        if is_bpmn(trigger, "timerEventDefinition"):
            facts["timer"] = next(((TIMERS[local(t)], _text(t)) for t in trigger if local(t) in TIMERS), None)
        elif is_bpmn(trigger, "messageEventDefinition"):
            message = declared.get(trigger.get("messageRef", ""))
            facts["message"] = None if message is None else _message(message)
        elif is_bpmn(trigger, "errorEventDefinition"):
            error = declared.get(trigger.get("errorRef", ""))
            facts["error_code"] = None if error is None else error.get("errorCode")
    return facts


def _message(node: etree._Element) -> tuple[str, str | None]:
    subscription = extension(node, "subscription")
    return node.get("name", ""), None if subscription is None else subscription.get("correlationKey")


def _text(node: etree._Element) -> str:
    return (node.text or "").strip()


def _variables_schema(process: etree._Element) -> tuple[dict[str, Any] | None, list[Finding]]:
    properties = extension(process, "properties")
    found = [] if properties is None else list(properties)
    declared = [node for node in found if node.get("name") == VARIABLES_PROPERTY]
    if not declared:
        return None, []
    if len(declared) > 1:
        return None, [report(declared[1], "repeated", f"There is more than one {VARIABLES_PROPERTY}.", "Keep one.")]
    schema, problem = read_schema(declared[0].get("value", ""))
    if problem is None:
        return schema, []
    remedy = "Correct the JSON Schema (Draft 2020-12) in the process's property, or delete it."
    return None, [report(declared[0], "variables_schema", f"{VARIABLES_PROPERTY}: {problem}", remedy)]
