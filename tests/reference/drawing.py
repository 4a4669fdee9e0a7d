"""A diagram in the making: elements and flows as the reference reads them, and the XML that the engine reads."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape

from app.engine.diagram import Diagram, Element, Flow
from tests.factories.diagrams import definitions
from tests.factories.markup import extensions, tag
from tests.factories.triggers import timer_definition

TIMES = {"date": "timeDate", "duration": "timeDuration", "cycle": "timeCycle"}


class Drawing:
    """`add` and `flow` draw; ids are given by the caller."""

    def __init__(self, process_id: str, version_tag: str | None = None) -> None:
        self.process_id = process_id
        self.version_tag = version_tag
        self.elements: dict[str, Element] = {}
        self.flows: dict[str, Flow] = {}

    def add(self, type: str, id: str, parent: str, **facts: Any) -> str:
        self.elements[id] = Element(id=id, type=type, name=None, parent=parent, **facts)
        return id

    def change(self, id: str, **facts: Any) -> None:
        self.elements[id] = replace(self.elements[id], **facts)

    def flow(self, source: str, target: str, condition: str | None = None, *, default: bool = False) -> str:
        id = f"{source}_{target}"
        self.flows[id] = Flow(id, source, target, condition, parent=self.elements[source].parent)
        if default:
            self.change(source, default_flow=id)
        return id

    def chain(self, *ids: str) -> None:
        for source, target in itertools.pairwise(ids):
            self.flow(source, target)

    def diagram(self) -> Diagram:
        incoming, outgoing = defaultdict(list), defaultdict(list)
        for flow in self.flows.values():
            outgoing[flow.source].append(flow.id)
            incoming[flow.target].append(flow.id)
        elements = {
            id: replace(element, incoming=tuple(incoming[id]), outgoing=tuple(outgoing[id]))
            for id, element in self.elements.items()
        }
        return Diagram(
            self.process_id, self.process_id, b"", "", elements, dict(self.flows), None, version_tag=self.version_tag
        )

    def xml(self) -> bytes:
        return write(self.diagram())


def write(diagram: Diagram) -> bytes:
    roots: dict[str, str] = {}
    version = extensions(tag("zeebe:versionTag", {"value": diagram.version_tag})) if diagram.version_tag else ""
    content = version + _content(diagram, diagram.process_id, roots)
    process = tag("bpmn:process", {"id": diagram.process_id, "isExecutable": "true"}, content)
    return definitions([process, *roots.values()])


def _content(diagram: Diagram, home: str, roots: dict[str, str]) -> str:
    nodes = [_node(diagram, element, roots) for element in diagram.inside(home)]
    flows = [_flow(flow) for flow in diagram.flows.values() if flow.parent == home]
    links = [
        tag("bpmn:association", {"id": f"{each.id}_by", "sourceRef": each.id, "targetRef": each.compensated_by})
        for each in diagram.inside(home)
        if each.compensated_by is not None
    ]
    return "".join([*nodes, *flows, *links])


def _flow(flow: Flow) -> str:
    body = "" if flow.condition is None else _formal("bpmn:conditionExpression", flow.condition)
    return tag("bpmn:sequenceFlow", {"id": flow.id, "sourceRef": flow.source, "targetRef": flow.target}, body)


def _formal(name: str, text: str) -> str:
    return tag(name, {"xsi:type": "bpmn:tFormalExpression"}, escape(text))


def _node(diagram: Diagram, at: Element, roots: dict[str, str]) -> str:
    attributes: dict[str, object | None] = {"id": at.id, "default": at.default_flow, "attachedToRef": at.attached_to}
    if not at.interrupting:
        attributes["isInterrupting" if at.type == "startEvent" else "cancelActivity"] = "false"
    if at.is_event_sub:
        attributes["triggeredByEvent"] = "true"
    if at.for_compensation:
        attributes["isForCompensation"] = "true"
    if at.event is None and (at.message is not None or at.publishes is not None):
        attributes["messageRef"] = _message(at, roots)
    inner = _content(diagram, at.id, roots) if diagram.inside(at.id) else ""
    return tag(f"bpmn:{at.type}", attributes, _settings(at) + _trigger(at, roots) + _loop(at) + inner)


def _settings(at: Element) -> str:
    rows = [tag("zeebe:input", {"source": source, "target": target}) for source, target in at.inputs]
    rows += [tag("zeebe:output", {"source": source, "target": target}) for source, target in at.outputs]
    parts = [tag("zeebe:taskDefinition", {"type": at.handler})] if at.handler else []
    if rows:
        parts.append(tag("zeebe:ioMapping", {}, "".join(rows)))
    if at.type == "userTask":
        parts.append(tag("zeebe:userTask", {}))
    if at.script is not None:
        parts.append(tag("zeebe:script", {"expression": at.script[0], "resultVariable": at.script[1]}))
    if at.decision is not None:
        parts.append(tag("zeebe:calledDecision", {"decisionId": at.decision[0], "resultVariable": at.decision[1]}))
    if at.call is not None:
        called = {
            "processId": at.call.process,
            "bindingType": at.call.binding,
            "versionTag": at.call.version_tag,
            "propagateAllParentVariables": str(at.call.passes_all_in).lower(),
            "propagateAllChildVariables": str(at.call.passes_all_out).lower(),
        }
        parts.append(tag("zeebe:calledElement", called))
    if at.publishes is not None and at.event is None:
        parts.append(_publication(at))
    return extensions(*parts)


def _publication(at: Element) -> str:
    sent = at.publishes
    assert sent is not None
    return tag("zeebe:publishMessage", {"correlationKey": sent.key, "timeToLive": sent.time_to_live})


def _trigger(at: Element, roots: dict[str, str]) -> str:
    match at.event:
        case None:
            return ""
        case "timer":
            kind, text = at.timer or ("duration", "")
            return timer_definition(text, TIMES[kind])
        case "message":
            sent = extensions(_publication(at)) if at.publishes is not None else ""
            return tag("bpmn:messageEventDefinition", {"messageRef": _message(at, roots)}, sent)
        case "signal":
            return tag("bpmn:signalEventDefinition", {"signalRef": _root(roots, "signal", {"name": at.signal})})
        case "error":
            return tag("bpmn:errorEventDefinition", {"errorRef": _code(roots, "error", at.error_code)})
        case "escalation":
            ref = _code(roots, "escalation", at.escalation_code)
            return tag("bpmn:escalationEventDefinition", {"escalationRef": ref})
        case "conditional":
            return tag("bpmn:conditionalEventDefinition", {}, _formal("bpmn:condition", at.condition or ""))
        case "link":
            return tag("bpmn:linkEventDefinition", {"name": at.link})
        case "compensate":
            return tag("bpmn:compensateEventDefinition", {"activityRef": at.compensates})
        case "cancel" | "terminate":
            return tag(f"bpmn:{at.event}EventDefinition", {})


def _code(roots: dict[str, str], kind: str, code: str | None) -> str | None:
    return None if code is None else _root(roots, kind, {f"{kind}Code": code})


def _message(at: Element, roots: dict[str, str]) -> str:
    name, key = at.message or (at.publishes.name if at.publishes else at.id, None)
    subscription = "" if key is None else extensions(tag("zeebe:subscription", {"correlationKey": key}))
    return _root(roots, "message", {"name": name}, subscription)


def _root(roots: dict[str, str], kind: str, attributes: dict[str, str | None], content: str = "") -> str:
    id = f"{kind}_{len(roots)}"
    roots[id] = tag(f"bpmn:{kind}", {"id": id, **attributes}, content)
    return id


def _loop(at: Element) -> str:
    loop = at.loop
    if loop is None:
        return ""
    settings = {
        "inputCollection": loop.input_collection,
        "inputElement": loop.input_element,
        "outputCollection": loop.output_collection,
        "outputElement": loop.output_element,
    }
    condition = loop.completion_condition
    enough = "" if condition is None else _formal("bpmn:completionCondition", condition)
    content = extensions(tag("zeebe:loopCharacteristics", settings)) + enough
    return tag("bpmn:multiInstanceLoopCharacteristics", {"isSequential": str(loop.sequential).lower()}, content)
