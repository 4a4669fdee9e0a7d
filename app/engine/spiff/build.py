"""A checked diagram to SpiffWorkflow's process specs.

The specs are built straight from the diagram's elements, not by Spiff's own parser: no recursion (any number of steps
in a row), no clash of ids with Spiff's internal names, no guess at an element that it would ignore.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from app.decisions.feel import compile_feel
from app.engine.diagram import INNER, Diagram, Element
from app.engine.spiff import activities, base, events, gateways, inner
from app.engine.spiff.mapping import Source, VariableMapping
from app.engine.spiff.timers import Timer


class ProcessSpec(BpmnProcessSpec):
    """A process or sub-process; begins with its start event, and ends when nothing in it is open."""

    def __init__(self, name: str) -> None:
        WorkflowSpec.__init__(self, name=name)
        self.description = name
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.io_specification = None
        self.bpmn_start_events: list[Any] = []


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
    specs = {scope: _process(diagram, scope, elements) for scope, elements in scopes.items()}
    for element in diagram.elements.values():
        if element.type in INNER:
            specs[element.parent].task_specs[element.id].inner = specs[element.id]
    return Program(definition_id, diagram.process_id, version, specs[diagram.process_id], diagram)


def _process(diagram: Diagram, scope: str, elements: list[Element]) -> ProcessSpec:
    process = ProcessSpec(scope)
    hosts: set[str | None] = {element.attached_to for element in elements if element.attached_to}
    loops = _in_loops(diagram, elements)
    for element in elements:
        spec = _spec(process, element)
        spec.bpmn_name, spec.element_type = element.name or element.id, element.type
        spec.repeatable = element.id in loops
        spec.has_boundary = element.id in hosts
        if element.id in hosts:
            base.HostSplit(process, _split(element.id)).connect(spec)
        if element.type == "startEvent":
            process.start = spec
    for element in elements:
        if element.attached_to:
            process.task_specs[_split(element.attached_to)].connect(process.task_specs[element.id])
    for element in elements:
        _connect(diagram, process, element, hosts)
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
        if element.type != "exclusiveGateway":
            continue
        if flow.id == element.default_flow or flow.condition is None:
            spec.default = target
        else:
            choices.append((_source(flow.condition, f"the condition of flow '{flow.id}'"), target))
    if choices:
        spec.choices = tuple(choices)


def _spec(process: ProcessSpec, element: Element) -> Any:
    made = _MAKERS[element.type](process, element)
    made.inputs_ = _mappings(element, element.inputs, "input")
    made.outputs_ = _mappings(element, element.outputs, "output")
    return made


def _mappings(element: Element, rows: Iterable[tuple[str, str]], kind: str) -> tuple[VariableMapping, ...]:
    return tuple(
        VariableMapping(_source(source, f"{kind} '{target}' of '{element.id}'"), target) for source, target in rows
    )


def _source(text: str, place: str) -> Source:
    text = text.strip()
    return Source(place, text, compile_feel(text[1:].strip()) if text.startswith("=") else None)


def _service_task(process: ProcessSpec, element: Element) -> Any:
    spec = activities.HandlerTask(process, element.id)
    spec.handler = element.handler or ""
    spec.tries = element.retries
    return spec


def _script_task(process: ProcessSpec, element: Element) -> Any:
    spec = activities.ScriptTask(process, element.id)
    expression, spec.result = element.script or ("", "")
    spec.script = _source(expression, f"the script of '{element.id}'")
    return spec


def _rule_task(process: ProcessSpec, element: Element) -> Any:
    spec = activities.RuleTask(process, element.id)
    spec.decision, spec.result = element.decision or ("", "")
    return spec


def _catch_event(process: ProcessSpec, element: Element) -> Any:
    if element.timer is not None:
        spec = events.TimerCatch(process, element.id)
        spec.timer = _timer(element)
        return spec
    name, key = element.message or ("", None)
    spec = events.MessageCatch(process, element.id)
    spec.message_name = name
    spec.key = _source(key or "", f"the correlation key of '{element.id}'")
    return spec


def _boundary_event(process: ProcessSpec, element: Element) -> Any:
    if element.timer is not None:
        spec = events.BoundaryTimer(process, element.id)
        spec.timer = _timer(element)
    else:
        spec = events.BoundaryError(process, element.id)
        spec.error_code = element.error_code
    spec.interrupting = element.interrupting
    return spec


def _timer(element: Element) -> Timer:
    kind, text = element.timer or ("duration", "")
    return Timer(kind, _source(text, f"the timer of '{element.id}'"))


_MAKERS: dict[str, Callable[[ProcessSpec, Element], Any]] = {
    "startEvent": lambda process, element: base.PassSpec(process, element.id),
    "endEvent": lambda process, element: base.PassSpec(process, element.id),
    "serviceTask": _service_task,
    "scriptTask": _script_task,
    "businessRuleTask": _rule_task,
    "userTask": lambda process, element: activities.UserTask(process, element.id),
    "exclusiveGateway": lambda process, element: gateways.ExclusiveGateway(process, element.id),
    "parallelGateway": lambda process, element: gateways.ParallelGateway(process, element.id),
    "intermediateCatchEvent": _catch_event,
    "boundaryEvent": _boundary_event,
    "subProcess": lambda process, element: inner.SubProcess(process, element.id),
}


def _in_loops(diagram: Diagram, elements: list[Element]) -> set[str]:
    """Elements that may be visited more than once: on a loop, or anywhere after one."""
    after: dict[str, list[str]] = {e.id: [diagram.flows[f].target for f in e.outgoing] for e in elements}
    for element in elements:
        if element.attached_to:
            after[element.attached_to].append(element.id)
    incoming = Counter(target for targets in after.values() for target in targets)
    once = [element_id for element_id in after if not incoming[element_id]]
    for element_id in once:  # grows as elements lose their last incoming flow
        for target in after[element_id]:
            incoming[target] -= 1
            if not incoming[target]:
                once.append(target)
    return set(after) - set(once)
