"""A checked diagram to SpiffWorkflow's process specs.

The specs are built straight from the diagram's elements, not by Spiff's own parser: no recursion (any number of steps
in a row), no clash of ids with Spiff's internal names, no guess at an element that it would ignore.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.engine.diagram import INNER, Diagram, Element
from app.engine.spiff import activities, base, calls, events, gateways, inner
from app.engine.spiff.build_compensation import build_undoing, connect_compensation
from app.engine.spiff.build_events import EVENTS, handler_task, message_throw, trigger_of
from app.engine.spiff.build_loops import activity_of, loop_over
from app.engine.spiff.mapping import mappings_of, source_of
from app.engine.spiff.process_spec import ProcessSpec
from app.engine.spiff.user_tasks import UserTask


@dataclass(frozen=True)
class Program:
    """What runs: specs are frozen and shared by all instances of a definition."""

    definition_id: str
    process_id: str
    version: int
    process: ProcessSpec
    diagram: Diagram


def build(diagram: Diagram, definition_id: str = "", version: int = 0) -> Program:
    """Specs of a diagram that deployment has accepted."""
    scopes: dict[str, list[Element]] = {diagram.process_id: []}
    for element in diagram.elements.values():
        if element.type in INNER:
            scopes.setdefault(element.id, [])
    for element in diagram.elements.values():
        scopes[element.parent].append(element)
    undoing = build_undoing(diagram, _spec)
    specs = {scope: _process(diagram, scope, _running(elements)) for scope, elements in scopes.items()}
    for element in diagram.elements.values():
        if element.type in INNER:
            home = undoing if element.for_compensation else specs[element.parent]
            activity_of(home, element).inner = specs[element.id]
        if element.is_event_sub:
            _stand_by(specs[element.parent], element, scopes[element.id])
    connect_compensation(diagram, specs, undoing)
    return Program(definition_id, diagram.process_id, version, specs[diagram.process_id], diagram)


def _running(elements: list[Element]) -> list[Element]:
    """Without what no token of the flow ever meets: what takes work back, and the events that lead there."""
    return [
        each
        for each in elements
        if not each.for_compensation and (each.type, each.event) != ("boundaryEvent", "compensate")
    ]


def _process(diagram: Diagram, scope: str, elements: list[Element]) -> ProcessSpec:
    process = ProcessSpec(scope)
    hosts: set[str | None] = {element.attached_to for element in elements if element.attached_to}
    loops = _in_loops(diagram, elements)
    for element in elements:
        spec = _spec(process, element)
        spec.bpmn_name, spec.element_type = element.name or element.id, element.type
        spec.repeatable = spec.repeatable or element.id in loops
        spec.has_boundary = element.id in hosts
        if element.id in hosts:
            base.HostSplit(process, _split(element.id)).connect(spec)
        if element.type == "startEvent" and (element.event is None or process.start is None):
            process.start = spec
    for element in elements:
        if element.attached_to:
            process.task_specs[_split(element.attached_to)].connect(process.task_specs[element.id])
    for element in elements:
        _connect(diagram, process, element, hosts)
    _link(process, elements)
    for spec in list(process.task_specs.values()):
        if isinstance(spec, gateways.InclusiveGateway) and len(spec._inputs) > 1:
            spec.upstream = {source: _leading_to(process, source, spec.name) for source in spec._inputs}
    return process


def _split(element_id: str) -> str:
    return f"{element_id} split"  # no XML id holds a space


def _connect(diagram: Diagram, process: ProcessSpec, element: Element, hosts: set[str | None]) -> None:
    spec = process.task_specs[element.id]
    choices = []
    for flow_id in element.outgoing:
        flow = diagram.flows[flow_id]
        target = _split(flow.target) if flow.target in hosts else flow.target
        spec.connect(process.task_specs[target])
        if element.type == "eventBasedGateway":
            process.task_specs[flow.target].has_boundary = True  # the first of them to happen ends its siblings
        if not isinstance(spec, gateways.Choice):
            continue
        if flow.id == element.default_flow or flow.condition is None:
            spec.default = target
        else:
            choices.append((source_of(flow.condition, f"the condition of flow '{flow.id}'"), target))
    if choices:
        spec.choices = tuple(choices)


def _link(process: ProcessSpec, elements: list[Element]) -> None:
    """A link is a flow that nobody drew."""
    catches = _link_catches(elements)
    for element in elements:
        if element.event == "link" and element.type == "intermediateThrowEvent":
            process.task_specs[element.id].connect(process.task_specs[catches[element.link].id])


def _link_catches(elements: list[Element]) -> dict[str | None, Element]:
    return {each.link: each for each in elements if each.event == "link" and each.type == "intermediateCatchEvent"}


def _leading_to(process: ProcessSpec, source: str, past: str) -> frozenset[str]:
    """Names of the specs from which `source` can be reached without passing `past`, itself included."""
    found, ahead = {source}, [source]
    while ahead:
        for name in process.task_specs[ahead.pop()]._inputs:
            if name not in found and name != past:
                found.add(name)
                ahead.append(name)
    return frozenset(found - {past})


def _stand_by(process: ProcessSpec, element: Element, inside: list[Element]) -> None:
    """What waits for the start event of an event sub-process, in the process around it."""
    start = next(each for each in inside if each.type == "startEvent")
    spec = process.task_specs[element.id]
    spec.brings = mappings_of(start, start.outputs, "output")
    spec.inner.task_specs[start.id].outputs_ = ()
    listener = events.Listener(process, f"{start.id} listener")
    listener.bpmn_id, listener.bpmn_name, listener.element_type = start.id, start.name or start.id, start.type
    listener.trigger, listener.interrupting, listener.event_sub = trigger_of(start), start.interrupting, spec
    listener.repeatable = spec.repeatable = not start.interrupting
    process.listeners.append(listener)


def _spec(process: ProcessSpec, element: Element) -> Any:
    made = (_MAKERS.get(element.type) or EVENTS[element.type])(process, element)
    made.inputs_ = mappings_of(element, element.inputs, "input")
    made.outputs_ = mappings_of(element, element.outputs, "output")
    return made if element.loop is None else loop_over(process, element, element.loop, made)


def _service_task(process: ProcessSpec, element: Element) -> Any:
    return handler_task(process, element)


def _send_task(process: ProcessSpec, element: Element) -> Any:
    return message_throw(process, element) if element.publishes else handler_task(process, element)


def _receive_task(process: ProcessSpec, element: Element) -> Any:
    spec = events.ReceiveTask(process, element.id)
    spec.trigger = trigger_of(element)
    return spec


def _user_task(process: ProcessSpec, element: Element) -> Any:
    spec = UserTask(process, element.id)
    said = {
        "assignee": (element.assignee, "the assignee"),
        "groups": (element.candidate_groups, "the candidate groups"),
        "due": (element.due, "the due date"),
        "follow_up": (element.follow_up, "the follow-up date"),
    }
    spec.assignment = {
        name: source_of(text, f"{what} of '{element.id}'") for name, (text, what) in said.items() if text is not None
    }
    spec.form, spec.linked = element.form_schema, element.linked_form
    if spec.linked is not None:
        spec.form_id = source_of(spec.linked.form_id, f"the form of '{element.id}'")
    return spec


def _script_task(process: ProcessSpec, element: Element) -> Any:
    spec = activities.ScriptTask(process, element.id)
    expression, spec.result = element.script or ("", "")
    spec.script = source_of(expression, f"the script of '{element.id}'")
    return spec


def _rule_task(process: ProcessSpec, element: Element) -> Any:
    spec = activities.RuleTask(process, element.id)
    spec.decision, spec.result = element.decision or ("", "")
    return spec


def _sub_process(process: ProcessSpec, element: Element) -> Any:
    return (events.EventSubProcess if element.is_event_sub else inner.SubProcess)(process, element.id)


def _call_activity(process: ProcessSpec, element: Element) -> Any:
    spec, call = calls.CallActivity(process, element.id), element.call
    assert call is not None
    spec.process = source_of(call.process, f"the called process of '{element.id}'")
    spec.binding, spec.version_tag = call.binding, call.version_tag
    spec.passes_all_in, spec.passes_all_out = call.passes_all_in, call.passes_all_out
    return spec


_MAKERS: dict[str, Callable[[ProcessSpec, Element], Any]] = {
    "serviceTask": _service_task,
    "sendTask": _send_task,
    "receiveTask": _receive_task,
    "scriptTask": _script_task,
    "businessRuleTask": _rule_task,
    "userTask": _user_task,
    "manualTask": lambda process, element: activities.PassTask(process, element.id),
    "task": lambda process, element: activities.PassTask(process, element.id),
    "exclusiveGateway": lambda process, element: gateways.ExclusiveGateway(process, element.id),
    "parallelGateway": lambda process, element: gateways.ParallelGateway(process, element.id),
    "inclusiveGateway": lambda process, element: gateways.InclusiveGateway(process, element.id),
    "eventBasedGateway": lambda process, element: gateways.EventGateway(process, element.id),
    "subProcess": _sub_process,
    "callActivity": _call_activity,
    "transaction": _sub_process,
}


def _in_loops(diagram: Diagram, elements: list[Element]) -> set[str]:
    """Elements that may be visited more than once: on a loop, or anywhere after one."""
    links = _link_catches(elements)
    after: dict[str, list[str]] = {e.id: [diagram.flows[f].target for f in e.outgoing] for e in elements}
    for element in elements:
        if element.attached_to:
            after[element.attached_to].append(element.id)
        if element.event == "link" and element.type == "intermediateThrowEvent":
            after[element.id].append(links[element.link].id)
    incoming = Counter(target for targets in after.values() for target in targets)
    once = [element_id for element_id in after if not incoming[element_id]]
    for element_id in once:  # grows as elements lose their last incoming flow
        for target in after[element_id]:
            incoming[target] -= 1
            if not incoming[target]:
                once.append(target)
    return set(after) - set(once)
