"""BPMN text for tests, in the dialect that Camunda Modeler (Camunda 8) writes.

    d = Diagram("activate")
    d.start("s").service("a", "olt.activate_ont", inputs={"serial": "=order.serial"}).end("e")
    d.chain("s", "a", "e")
    document = d.xml()

Every method returns the diagram. Expressions are passed as the modeler writes them: a leading `=` is FEEL, else a
literal.
What the methods do not know is added with `raw` (inside the process) and `root` (beside it).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
    "modeler": "http://camunda.org/schema/modeler/1.0",
}


def tag(name: str, attributes: Mapping[str, object | None], content: str = "") -> str:
    """An element; attributes that are None are left out."""
    written = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items() if value is not None)
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def extensions(*parts: str) -> str:
    content = "".join(parts)
    return tag("bpmn:extensionElements", {}, content) if content else ""


def mappings(inputs: Mapping[str, str] | None, outputs: Mapping[str, str] | None) -> str:
    """`zeebe:ioMapping`; both mappings read target -> source."""
    rows = [tag("zeebe:input", {"source": source, "target": target}) for target, source in (inputs or {}).items()]
    rows += [tag("zeebe:output", {"source": source, "target": target}) for target, source in (outputs or {}).items()]
    return tag("zeebe:ioMapping", {}, "".join(rows)) if rows else ""


class Diagram:
    """One process, or (given to `sub`) the content of a sub-process."""

    def __init__(self, process_id: str, name: str | None = None, *, executable: bool = True) -> None:
        self.process_id = process_id
        self.name = name
        self.executable = executable
        self._nodes: list[str] = []
        self._flows: list[str] = []
        self._properties: dict[str, str] = {}
        self._roots: dict[str, str] = {}

    # the process

    def variables(self, schema: Mapping[str, Any] | str) -> Diagram:
        """The JSON Schema that variables of a start request are checked against."""
        return self.property("turnup:variables", schema if isinstance(schema, str) else json.dumps(schema))

    def property(self, name: str, value: str) -> Diagram:
        self._properties[name] = value
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

    def start(self, id: str = "s", *, name: str | None = None) -> Diagram:
        return self.raw(tag("bpmn:startEvent", {"id": id, "name": name}))

    def end(self, id: str = "e", *, name: str | None = None) -> Diagram:
        return self.raw(tag("bpmn:endEvent", {"id": id, "name": name}))

    def message(self, id: str, name: str, key: str | None, *, outputs: Mapping[str, str] | None = None) -> Diagram:
        """An intermediate catch event for a message; `key` is the correlation key, such as `=order_id`."""
        definition = tag("bpmn:messageEventDefinition", {"messageRef": self._message(name, key)})
        content = extensions(mappings(None, outputs)) + definition
        return self.raw(tag("bpmn:intermediateCatchEvent", {"id": id}, content))

    def timer(self, id: str, duration: str, *, kind: str = "timeDuration") -> Diagram:
        """An intermediate catch event; `kind` is timeDuration, timeDate or timeCycle."""
        return self.raw(tag("bpmn:intermediateCatchEvent", {"id": id}, timer_definition(duration, kind)))

    def boundary_timer(
        self, id: str, on: str, duration: str, interrupting: bool = True, *, kind: str = "timeDuration"
    ) -> Diagram:
        attributes = {"id": id, "attachedToRef": on, "cancelActivity": None if interrupting else "false"}
        return self.raw(tag("bpmn:boundaryEvent", attributes, timer_definition(duration, kind)))

    def boundary_error(
        self, id: str, on: str, code: str | None = None, *, outputs: Mapping[str, str] | None = None
    ) -> Diagram:
        """Without a code it catches every error."""
        definition = tag("bpmn:errorEventDefinition", {"errorRef": None if code is None else self._error(code)})
        content = extensions(mappings(None, outputs)) + definition
        return self.raw(tag("bpmn:boundaryEvent", {"id": id, "attachedToRef": on}, content))

    # activities

    def service(
        self,
        id: str,
        type: str,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Diagram:
        rows = "".join(tag("zeebe:header", {"key": key, "value": value}) for key, value in (headers or {}).items())
        content = extensions(
            tag("zeebe:taskDefinition", {"type": type, "retries": retries}),
            mappings(inputs, outputs),
            tag("zeebe:taskHeaders", {}, rows) if rows else "",
        )
        return self.raw(tag("bpmn:serviceTask", {"id": id, "name": name}, content))

    def script(
        self,
        id: str,
        expr: str,
        var: str,
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
    ) -> Diagram:
        """`expr` with its leading `=`; the result goes to the variable `var`."""
        script = tag("zeebe:script", {"expression": expr, "resultVariable": var})
        return self.raw(tag("bpmn:scriptTask", {"id": id}, extensions(script, mappings(inputs, outputs))))

    def decision(self, id: str, decision_id: str, var: str) -> Diagram:
        """A business rule task; the value goes to the variable `var`."""
        called = tag("zeebe:calledDecision", {"decisionId": decision_id, "resultVariable": var})
        return self.raw(tag("bpmn:businessRuleTask", {"id": id}, extensions(called)))

    def user(
        self,
        id: str,
        *,
        name: str | None = None,
        form: str | None = None,
        assignee: str | None = None,
        groups: str | None = None,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
    ) -> Diagram:
        assigned = {"assignee": assignee, "candidateGroups": groups}
        content = extensions(
            tag("zeebe:userTask", {}),
            tag("zeebe:formDefinition", {"formId": form}) if form else "",
            tag("zeebe:assignmentDefinition", assigned) if assignee or groups else "",
            mappings(inputs, outputs),
        )
        return self.raw(tag("bpmn:userTask", {"id": id, "name": name}, content))

    def sub(
        self,
        id: str,
        inner: Diagram,
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
    ) -> Diagram:
        """An embedded sub-process with the content of `inner`, whose own process id is not used."""
        self._roots.update(inner._roots)
        content = extensions(mappings(inputs, outputs)) + inner.content()
        return self.raw(tag("bpmn:subProcess", {"id": id}, content))

    # gateways and flows

    def xor(self, id: str, default: str | None = None) -> Diagram:
        """`default` is the id of the default flow (`a_b` for `flow("a", "b")`)."""
        return self.raw(tag("bpmn:exclusiveGateway", {"id": id, "default": default}))

    def parallel(self, id: str) -> Diagram:
        return self.raw(tag("bpmn:parallelGateway", {"id": id}))

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
        return "".join([*self._nodes, *self._flows])

    def xml(self) -> bytes:
        properties = [tag("zeebe:property", {"name": key, "value": value}) for key, value in self._properties.items()]
        declared = tag("zeebe:properties", {}, "".join(properties)) if properties else ""
        attributes = {"id": self.process_id, "name": self.name, "isExecutable": str(self.executable).lower()}
        process = tag("bpmn:process", attributes, extensions(declared) + self.content())
        return definitions([process, *self._roots.values()])

    def _message(self, name: str, key: str | None) -> str:
        subscription = "" if key is None else extensions(tag("zeebe:subscription", {"correlationKey": key}))
        return self._rooted("Message", f"{name}|{key}", {"name": name}, subscription)

    def _error(self, code: str) -> str:
        return self._rooted("Error", code, {"name": code, "errorCode": code}, "")

    def _rooted(self, kind: str, key: str, attributes: Mapping[str, str], content: str) -> str:
        """Put a message or an error beside the process, once; its id is the same wherever the same one is used."""
        ref = f"{kind}_{key.encode().hex()}"
        self._roots[ref] = tag(f"bpmn:{kind.lower()}", {"id": ref, **attributes}, content)
        return ref


def timer_definition(text: str, kind: str = "timeDuration") -> str:
    body = tag(f"bpmn:{kind}", {"xsi:type": "bpmn:tFormalExpression"}, escape(text))
    return tag("bpmn:timerEventDefinition", {}, body)


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
