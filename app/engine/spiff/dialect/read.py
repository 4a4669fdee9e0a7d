"""From the XML tree to the neutral diagram. Reads past what the dialect refuses, so that one check tells all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from app.engine.diagram import INNER, Diagram, Element, Finding, Flow
from app.engine.lint.schema import read_schema
from app.engine.spiff.dialect.forms import read_forms, with_forms
from app.engine.spiff.dialect.places import associated, children, extension, local, namespace, report, text_of
from app.engine.spiff.dialect.read_events import declarations, is_trigger, read_event
from app.engine.spiff.dialect.read_steps import read_settings
from app.engine.spiff.dialect.table import ARTIFACTS, BPMN, MESSAGES_PROPERTY, SIGNALS_PROPERTY, VARIABLES_PROPERTY

MOST_NAMES = 200
NOT_NODES = {
    *ARTIFACTS.split(),
    *("documentation", "extensionElements", "incoming", "outgoing", "laneSet", "sequenceFlow"),
    *("property", "ioSpecification", "dataObject", "dataObjectReference", "dataStoreReference"),
    *("dataInputAssociation", "dataOutputAssociation"),
    *("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"),
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
    messages, wrong = _names(process, MESSAGES_PROPERTY, "messages")
    signals, also_wrong = _names(process, SIGNALS_PROPERTY, "signals")
    findings += [*wrong, *also_wrong]
    forms, more = read_forms(process)
    findings += more
    flows, tag = _flows(process), extension(process, "versionTag")
    diagram = Diagram(
        process_id=process.get("id", ""),
        name=process.get("name") or process.get("id") or "",
        document=document,
        digest=digest,
        elements=with_forms(_elements(root, process, flows), forms),
        flows=flows,
        variables_schema=schema,
        version_tag=None if tag is None else tag.get("value") or None,
        messages_from_outside=messages,
        signals_from_outside=signals,
    )
    return diagram, findings


def _scopes(process: etree._Element) -> Iterator[etree._Element]:
    """The process, then its sub-processes, outer before inner."""
    ahead = deque([process])
    while ahead:
        scope = ahead.popleft()
        yield scope
        ahead.extend(node for node in scope if namespace(node) == BPMN and local(node) in INNER)


def _flows(process: etree._Element) -> dict[str, Flow]:
    found = {}
    for scope in _scopes(process):
        for node in children(scope, "sequenceFlow"):
            condition = children(node, "conditionExpression")
            found[node.get("id", "")] = Flow(
                id=node.get("id", ""),
                source=node.get("sourceRef", ""),
                target=node.get("targetRef", ""),
                condition=text_of(condition[0]) if condition else None,
                name=node.get("name"),
                line=node.sourceline,
                parent=scope.get("id", ""),
            )
    found.pop("", None)
    return found


def _elements(root: etree._Element, process: etree._Element, flows: Mapping[str, Flow]) -> dict[str, Element]:
    declared, leads_to = declarations(root), associated(root)
    incoming: dict[str, list[str]] = {}
    outgoing: dict[str, list[str]] = {}
    for flow in flows.values():
        outgoing.setdefault(flow.source, []).append(flow.id)
        incoming.setdefault(flow.target, []).append(flow.id)
    found = {}
    for scope in _scopes(process):
        for node in scope:
            own = node.get("id")
            if own and namespace(node) == BPMN and local(node) not in NOT_NODES and not is_trigger(node):
                found[own] = Element(
                    id=own,
                    type=local(node),
                    name=node.get("name"),
                    parent=scope.get("id", ""),
                    line=node.sourceline,
                    incoming=tuple(incoming.get(own, ())),
                    outgoing=tuple(outgoing.get(own, ())),
                    default_flow=node.get("default"),
                    **read_settings(node),
                    **read_event(node, declared, leads_to),
                )
    return found


def _property(process: etree._Element, name: str) -> tuple[etree._Element | None, list[Finding]]:
    """The process's property of that name; more than one is wrong, and none of them is taken."""
    properties = extension(process, "properties")
    found = [] if properties is None else [node for node in properties if node.get("name") == name]
    if len(found) > 1:
        return None, [report(found[1], "repeated", f"There is more than one {name}.", "Keep one.")]
    return (found[0] if found else None), []


def _names(process: etree._Element, property_name: str, kind: str) -> tuple[frozenset[str], list[Finding]]:
    """The messages or signals that other systems send."""
    node, findings = _property(process, property_name)
    if node is None:
        return frozenset(), findings
    names = [name.strip() for name in node.get("value", "").split(",")]
    if not all(names) or len(names) > MOST_NAMES:
        message = f"{property_name} is no list of names: '{node.get('value', '')[:60]}'."
        remedy = f"Write the {kind} that other systems send, with commas between them: ont_online, order_withdrawn."
        code = "signals_property" if kind == "signals" else "messages_property"
        return frozenset(), [report(node, code, message, remedy)]
    return frozenset(names), []


def _variables_schema(process: etree._Element) -> tuple[dict[str, Any] | None, list[Finding]]:
    node, findings = _property(process, VARIABLES_PROPERTY)
    if node is None:
        return None, findings
    schema, problem = read_schema(node.get("value", ""))
    if problem is None:
        return schema, []
    remedy = "Correct the JSON Schema (Draft 2020-12) in the process's property, or delete it."
    return None, [report(node, "variables_schema", f"{VARIABLES_PROPERTY}: {problem}", remedy)]
