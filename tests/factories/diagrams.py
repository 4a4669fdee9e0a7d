"""BPMN text for tests, in the dialect that Camunda Modeler (Camunda 8) writes.

    d = Diagram("activate")
    d.start("s").service("a", "olt.activate_ont", inputs={"serial": "=order.serial"}).end("e")
    d.chain("s", "a", "e")
    document = d.xml()

Every method returns the diagram. Expressions are passed as the modeler writes them: a leading `=` is FEEL, else a
literal.

Events take a trigger (tests.factories.triggers), whatever they are:

    d.start("s", message("order placed")).catch("c", timer("PT1H")).throw("t", escalation("late"))
    d.boundary("b", "a", signal("halt"), interrupting=False).end("e", error("no_port"))
    d.throw("t", publish("done", "=order_id"), inputs={"at": "=now()"})       # the engine publishes it
    d.throw("t", message("done"), handler="crm.tell")                          # a handler sends it

An event sub-process is a sub-process whose start has a trigger: d.event_sub("es", inner).
What follows an activity says more about it:

    d.service("a", "t.x", inputs={"x": "=item"}).each("=items", "item", collect=("results", "=r"))
    d.service("back", "t.undo").undoes("a")           # with the boundary event `undo_a` on `a`, and the association

What the methods do not know is added with `raw` (inside the process) and `root` (beside it).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from tests.factories.markup import extensions, tag
from tests.factories.triggers import Trigger, compensate, error, message, timer

NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
    "modeler": "http://camunda.org/schema/modeler/1.0",
}


def mappings(inputs: Mapping[str, str] | None, outputs: Mapping[str, str] | None) -> str:
    """`zeebe:ioMapping`; both mappings read target -> source."""
    rows = [tag("zeebe:input", {"source": source, "target": target}) for target, source in (inputs or {}).items()]
    rows += [tag("zeebe:output", {"source": source, "target": target}) for target, source in (outputs or {}).items()]
    return tag("zeebe:ioMapping", {}, "".join(rows)) if rows else ""


Mapped = Mapping[str, str] | None


@dataclass
class _Node:
    """An element of the process, written when the document is."""

    name: str
    attributes: dict[str, object | None]
    extended: str = ""
    content: str = ""

    def __str__(self) -> str:
        return tag(f"bpmn:{self.name}", self.attributes, self.extended + self.content)


class Diagram:
    """One process, or (given to `sub`) the content of a sub-process."""

    def __init__(self, process_id: str, name: str | None = None, *, executable: bool = True) -> None:
        self.process_id = process_id
        self.name = name
        self.executable = executable
        self._nodes: list[_Node | str] = []
        self._flows: list[str] = []
        self._properties: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        self._version_tag: str | None = None
        self._forms = ""

    # the process

    def variables(self, schema: Mapping[str, Any] | str) -> Diagram:
        """The JSON Schema that variables of a start request are checked against."""
        return self.property("turnup:variables", schema if isinstance(schema, str) else json.dumps(schema))

    def property(self, name: str, value: str) -> Diagram:
        self._properties[name] = value
        return self

    def version_tag(self, tag: str) -> Diagram:
        self._version_tag = tag
        return self

    def embed(self, form_id: str, schema: Mapping[str, Any]) -> Diagram:
        """A form inside the diagram; user tasks name it `camunda-forms:bpmn:<form_id>`."""
        self._forms += tag("zeebe:userTaskForm", {"id": form_id}, escape(json.dumps(schema)))
        return self

    def raw(self, text: str) -> Diagram:
        """Any XML inside the process."""
        self._nodes.append(text)
        return self

    def root(self, text: str) -> Diagram:
        """Any XML beside the process."""
        self._roots[text] = text
        return self

    # events

    def start(
        self,
        id: str = "s",
        trigger: Trigger | None = None,
        *,
        interrupting: bool = True,
        outputs: Mapped = None,
        name: str | None = None,
    ) -> Diagram:
        """`interrupting` is of the start of an event sub-process."""
        attributes = {"id": id, "name": name, "isInterrupting": None if interrupting else "false"}
        return self._event("startEvent", attributes, trigger, mappings(None, outputs))

    def end(
        self,
        id: str = "e",
        trigger: Trigger | None = None,
        *,
        inputs: Mapped = None,
        outputs: Mapped = None,
        handler: str | None = None,
        name: str | None = None,
    ) -> Diagram:
        """`handler` sends the message of a message end."""
        parts = _task(handler) + mappings(inputs, outputs)
        return self._event("endEvent", {"id": id, "name": name}, trigger, parts)

    def catch(self, id: str, trigger: Trigger, *, outputs: Mapped = None) -> Diagram:
        return self._event("intermediateCatchEvent", {"id": id}, trigger, mappings(None, outputs))

    def throw(
        self,
        id: str,
        trigger: Trigger | None = None,
        *,
        inputs: Mapped = None,
        outputs: Mapped = None,
        handler: str | None = None,
    ) -> Diagram:
        """`handler` sends the message of a message event."""
        parts = _task(handler) + mappings(inputs, outputs)
        return self._event("intermediateThrowEvent", {"id": id}, trigger, parts)

    def boundary(
        self, id: str, on: str, trigger: Trigger, *, interrupting: bool = True, outputs: Mapped = None
    ) -> Diagram:
        attributes = {"id": id, "attachedToRef": on, "cancelActivity": None if interrupting else "false"}
        return self._event("boundaryEvent", attributes, trigger, mappings(None, outputs))

    def message(self, id: str, name: str, key: str | None, *, outputs: Mapped = None) -> Diagram:
        """An intermediate catch event for a message; `key` is the correlation key, such as `=order_id`."""
        return self.catch(id, message(name, key), outputs=outputs)

    def timer(self, id: str, duration: str, *, kind: str = "timeDuration") -> Diagram:
        """An intermediate catch event; `kind` is timeDuration, timeDate or timeCycle."""
        return self.catch(id, timer(duration, kind))

    def boundary_timer(
        self, id: str, on: str, duration: str, interrupting: bool = True, *, kind: str = "timeDuration"
    ) -> Diagram:
        return self.boundary(id, on, timer(duration, kind), interrupting=interrupting)

    def boundary_error(self, id: str, on: str, code: str | None = None, *, outputs: Mapped = None) -> Diagram:
        """Without a code it catches every error."""
        return self.boundary(id, on, error(code), outputs=outputs)

    # activities

    def service(
        self,
        id: str,
        type: str,
        inputs: Mapped = None,
        outputs: Mapped = None,
        *,
        name: str | None = None,
        headers: Mapped = None,
        retries: int | None = None,
    ) -> Diagram:
        rows = "".join(tag("zeebe:header", {"key": key, "value": value}) for key, value in (headers or {}).items())
        parts = (_task(type, retries), mappings(inputs, outputs), tag("zeebe:taskHeaders", {}, rows) if rows else "")
        return self._activity("serviceTask", {"id": id, "name": name}, *parts)

    def script(self, id: str, expr: str, var: str, *, inputs: Mapped = None, outputs: Mapped = None) -> Diagram:
        """`expr` with its leading `=`; the result goes to the variable `var`."""
        script = tag("zeebe:script", {"expression": expr, "resultVariable": var})
        return self._activity("scriptTask", {"id": id}, script, mappings(inputs, outputs))

    def decision(
        self, id: str, decision_id: str, var: str, *, inputs: Mapped = None, outputs: Mapped = None
    ) -> Diagram:
        """A business rule task; the value goes to the variable `var`."""
        called = tag("zeebe:calledDecision", {"decisionId": decision_id, "resultVariable": var})
        return self._activity("businessRuleTask", {"id": id}, called, mappings(inputs, outputs))

    def user(
        self,
        id: str,
        *,
        name: str | None = None,
        form: str | None = None,
        linked: Mapping[str, str] | None = None,
        assignee: str | None = None,
        groups: str | None = None,
        due: str | None = None,
        follow_up: str | None = None,
        inputs: Mapped = None,
        outputs: Mapped = None,
    ) -> Diagram:
        """`form` is the key of one that `embed` has put into the diagram, or what another program shows; `linked` says
        which form it has that is deployed by itself."""
        named = "formKey" if form and form.startswith("camunda-forms:") else "externalReference"
        shown = {named: form} if form else dict(linked or {})
        scheduled = {"dueDate": due, "followUpDate": follow_up}
        assigned = {"assignee": assignee, "candidateGroups": groups}
        return self._activity(
            "userTask",
            {"id": id, "name": name},
            tag("zeebe:userTask", {}),
            tag("zeebe:formDefinition", shown) if shown else "",
            tag("zeebe:assignmentDefinition", assigned) if assignee or groups else "",
            tag("zeebe:taskSchedule", scheduled) if due or follow_up else "",
            mappings(inputs, outputs),
        )

    def manual(self, id: str) -> Diagram:
        return self._activity("manualTask", {"id": id})

    def task(self, id: str) -> Diagram:
        """A task without a type; it does nothing."""
        return self._activity("task", {"id": id})

    def receive(self, id: str, name: str, key: str | None, *, outputs: Mapped = None) -> Diagram:
        attributes = {"id": id, "messageRef": self._refer(message(name, key))}
        return self._activity("receiveTask", attributes, mappings(None, outputs))

    def send(
        self,
        id: str,
        what: Trigger | None = None,
        *,
        handler: str | None = None,
        inputs: Mapped = None,
        outputs: Mapped = None,
    ) -> Diagram:
        """`what` is a `publish(...)` that the engine puts into the inbox; without it a handler sends."""
        published = "" if what is None else what.content
        published = published.removeprefix("<bpmn:extensionElements>").removesuffix("</bpmn:extensionElements>")
        attributes = {"id": id, "messageRef": None if what is None else self._refer(what)}
        return self._activity("sendTask", attributes, _task(handler), published, mappings(inputs, outputs))

    def call(
        self,
        id: str,
        process: str,
        *,
        binding: str | None = None,
        version_tag: str | None = None,
        all_in: bool | None = None,
        all_out: bool | None = None,
        inputs: Mapped = None,
        outputs: Mapped = None,
    ) -> Diagram:
        """A call activity; `binding` is latest (as without it), deployment or versionTag."""
        settings = {
            "processId": process,
            "bindingType": binding,
            "versionTag": version_tag,
            "propagateAllParentVariables": None if all_in is None else str(all_in).lower(),
            "propagateAllChildVariables": None if all_out is None else str(all_out).lower(),
        }
        return self._activity(
            "callActivity", {"id": id}, tag("zeebe:calledElement", settings), mappings(inputs, outputs)
        )

    def sub(self, id: str, inner: Diagram, *, inputs: Mapped = None, outputs: Mapped = None) -> Diagram:
        """An embedded sub-process with the content of `inner`, whose own process id is not used."""
        return self._holder("subProcess", {"id": id}, inner, mappings(inputs, outputs))

    def transaction(self, id: str, inner: Diagram, *, inputs: Mapped = None, outputs: Mapped = None) -> Diagram:
        return self._holder("transaction", {"id": id}, inner, mappings(inputs, outputs))

    def event_sub(self, id: str, inner: Diagram, *, inputs: Mapped = None, outputs: Mapped = None) -> Diagram:
        """A sub-process that the trigger of its start event starts; no flow leads to it."""
        attributes: dict[str, object | None] = {"id": id, "triggeredByEvent": "true"}
        return self._holder("subProcess", attributes, inner, mappings(inputs, outputs))

    # what is said about the activity before

    def each(
        self,
        collection: str,
        element: str | None = None,
        *,
        collect: tuple[str, str] | None = None,
        until: str | None = None,
        sequential: bool = False,
    ) -> Diagram:
        """Multi-instance: once for each item. `collect` is (output collection, output element as FEEL)."""
        into, gives = collect or (None, None)
        items = {
            "inputCollection": collection,
            "inputElement": element,
            "outputCollection": into,
            "outputElement": gives,
        }
        content = extensions(tag("zeebe:loopCharacteristics", items))
        if until is not None:
            content += tag("bpmn:completionCondition", {"xsi:type": "bpmn:tFormalExpression"}, escape(until))
        attributes = {"isSequential": "true" if sequential else None}
        self._last().extended += tag("bpmn:multiInstanceLoopCharacteristics", attributes, content)
        return self

    def undoes(self, activity: str, boundary: str | None = None) -> Diagram:
        """The activity before takes back `activity`, on whose border a compensation event is put."""
        handler, event = self._last(), boundary or f"undo_{activity}"
        handler.attributes["isForCompensation"] = "true"
        self.boundary(event, activity, compensate())
        return self.association(event, str(handler.attributes["id"]))

    def association(self, a: str, b: str) -> Diagram:
        attributes = {"id": f"{a}_to_{b}", "sourceRef": a, "targetRef": b, "associationDirection": "One"}
        return self.raw(tag("bpmn:association", attributes))

    def _last(self) -> _Node:
        return next(node for node in reversed(self._nodes) if isinstance(node, _Node))

    # gateways and flows

    def xor(self, id: str, default: str | None = None) -> Diagram:
        """`default` is the id of the default flow (`a_b` for `flow("a", "b")`)."""
        return self._add(_Node("exclusiveGateway", {"id": id, "default": default}))

    def inclusive(self, id: str, default: str | None = None) -> Diagram:
        return self._add(_Node("inclusiveGateway", {"id": id, "default": default}))

    def parallel(self, id: str) -> Diagram:
        return self._add(_Node("parallelGateway", {"id": id}))

    def event_gateway(self, id: str) -> Diagram:
        return self._add(_Node("eventBasedGateway", {"id": id}))

    def flow(self, a: str, b: str, condition: str | None = None, *, id: str | None = None) -> Diagram:
        """A sequence flow, named `a_b` unless told."""
        attributes = {"id": id or f"{a}_{b}", "sourceRef": a, "targetRef": b}
        body = ""
        if condition is not None:
            body = tag("bpmn:conditionExpression", {"xsi:type": "bpmn:tFormalExpression"}, escape(condition))
        self._flows.append(tag("bpmn:sequenceFlow", attributes, body))
        return self

    def chain(self, *ids: str) -> Diagram:
        """Flows without conditions from each id to the next."""
        for a, b in itertools.pairwise(ids):
            self.flow(a, b)
        return self

    # writing

    def content(self) -> str:
        return "".join([*map(str, self._nodes), *self._flows])

    def xml(self) -> bytes:
        properties = [tag("zeebe:property", {"name": key, "value": value}) for key, value in self._properties.items()]
        declared = tag("zeebe:properties", {}, "".join(properties)) if properties else ""
        if self._version_tag is not None:
            declared += tag("zeebe:versionTag", {"value": self._version_tag})
        attributes = {"id": self.process_id, "name": self.name, "isExecutable": str(self.executable).lower()}
        process = tag("bpmn:process", attributes, extensions(declared + self._forms) + self.content())
        return definitions([process, *self._roots.values()])

    def _add(self, node: _Node) -> Diagram:
        self._nodes.append(node)
        return self

    def _event(self, name: str, attributes: dict[str, Any], trigger: Trigger | None, extended: str) -> Diagram:
        content = ""
        if trigger is not None:
            reference = {} if trigger.root is None else {f"{trigger.kind}Ref": self._refer(trigger)}
            content = tag(f"bpmn:{trigger.kind}EventDefinition", {**reference, **trigger.attributes}, trigger.content)
        return self._add(_Node(name, attributes, extensions(extended), content))

    def _activity(self, name: str, attributes: dict[str, Any], *extended: str) -> Diagram:
        return self._add(_Node(name, attributes, extensions(*extended)))

    def _holder(self, name: str, attributes: dict[str, Any], inner: Diagram, extended: str) -> Diagram:
        self._roots.update(inner._roots)
        return self._add(_Node(name, attributes, extensions(extended), inner.content()))

    def _refer(self, trigger: Trigger) -> str | None:
        """Put a message, an error, ... beside the process, once; its id is the same wherever the same one is used."""
        if trigger.root is None:
            return None
        kind, attributes, content = trigger.root
        ref = f"{kind}_{'|'.join([*attributes.values(), content]).encode().hex()}"
        self._roots[ref] = tag(f"bpmn:{kind}", {"id": ref, **attributes}, content)
        return ref


def _task(type: str | None, retries: int | None = None) -> str:
    return "" if type is None else tag("zeebe:taskDefinition", {"type": type, "retries": retries})


def definitions(content: Iterable[str], **attributes: str) -> bytes:
    """A whole document around the given parts."""
    spaces = {f"xmlns:{prefix}": uri for prefix, uri in NAMESPACES.items()}
    fixed = {
        "id": "Definitions_1",
        "targetNamespace": "http://bpmn.io/schema/bpmn",
        "exporter": "Camunda Modeler",
        "exporterVersion": "5.30.0",
        "modeler:executionPlatform": "Camunda Cloud",
        "modeler:executionPlatformVersion": "8.6.0",
    }
    text = tag("bpmn:definitions", {**spaces, **fixed, **attributes}, "".join(content))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
