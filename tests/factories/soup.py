"""Diagrams thrown together by lot from every element, trigger and attribute: mostly nonsense, always well-formed XML."""

from __future__ import annotations

import random

from lxml import etree

from app.engine.spiff.dialect.table import FLOW_NODES
from tests.factories.diagrams import definitions
from tests.factories.markup import extensions, tag

TRIGGERS = "message timer signal error escalation conditional link compensate cancel terminate".split()
TIMES = {"timeDate": "2026-11-23T10:00:00Z", "timeDuration": "PT1H", "timeCycle": "R/PT1H"}
HOLDERS = ("subProcess", "transaction")
DECLARED = {
    "message": tag(
        "bpmn:message", {"id": "message_1", "name": "m"}, extensions('<zeebe:subscription correlationKey="=id"/>')
    ),
    "signal": tag("bpmn:signal", {"id": "signal_1", "name": "sig"}),
    "error": tag("bpmn:error", {"id": "error_1", "errorCode": "bad"}),
    "escalation": tag("bpmn:escalation", {"id": "escalation_1", "escalationCode": "late"}),
}


class Soup:
    """`sense` is how often a choice is a sensible one, from 0 to 1."""

    def __init__(self, seed: int, size: int, sense: float = 0.7) -> None:
        self.draw = random.Random(seed)
        self.sense = sense
        self.ids = [f"n{number}" for number in range(size)]
        self.unused = list(self.ids)

    def document(self) -> bytes:
        content = self.scope(depth=0)
        process = tag("bpmn:process", {"id": "p", "isExecutable": "true"}, content)
        return definitions([process, *DECLARED.values()])

    def scope(self, depth: int) -> str:
        """A process or sub-process: nodes, and flows and associations between any of them."""
        parts, here = [], []
        for _ in range(self.draw.randint(2, 8)):
            if self.unused:
                own = self.unused.pop()
                parts.append(self.node(own, here, depth))
                here.append(own)
        parts += [self.flow(here, f"{depth}_{len(self.unused)}_{number}") for number in range(self.draw.randint(1, 9))]
        return "".join(parts)

    def node(self, own: str, here: list[str], depth: int) -> str:
        kind = self.draw.choice(FLOW_NODES.split())
        if not here and self.sensibly():
            kind = "startEvent"
        attributes: dict[str, object | None] = {"id": own}
        content = ""
        if kind.endswith("Event"):
            content = self.trigger(kind)
            if kind == "boundaryEvent":
                attributes |= {"attachedToRef": self.other(here), "cancelActivity": self.flag("false")}
            elif kind == "startEvent":
                attributes["isInterrupting"] = self.flag("false")
        else:
            content = self.activity(kind, attributes)
        if kind in HOLDERS and depth < 30:
            attributes["triggeredByEvent"] = self.flag("true") if kind == "subProcess" else None
            content += self.scope(depth + 1)
        return tag(f"bpmn:{kind}", attributes, content)

    def activity(self, kind: str, attributes: dict[str, object | None]) -> str:
        extended = {
            "serviceTask": '<zeebe:taskDefinition type="net.ping"/>',
            "sendTask": '<zeebe:taskDefinition type="net.ping"/>',
            "scriptTask": '<zeebe:script expression="=1" resultVariable="x"/>',
            "businessRuleTask": '<zeebe:calledDecision decisionId="d" resultVariable="y"/>',
            "callActivity": f'<zeebe:calledElement processId="{self.draw.choice(["p", "other", "=which"])}"/>',
        }.get(kind, "")
        if kind.endswith("Gateway"):
            if kind in ("exclusiveGateway", "inclusiveGateway"):
                attributes["default"] = self.draw.choice([None, "f0_0_0", self.other(self.ids)])
            return ""
        attributes["isForCompensation"] = self.flag("true")
        if kind == "receiveTask":
            attributes["messageRef"] = "message_1"
        if self.draw.random() > 0.8:
            extended += '<zeebe:ioMapping><zeebe:output source="=1" target="z"/></zeebe:ioMapping>'
        content = extensions(extended)
        if self.draw.random() > 0.8:
            items = '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>'
            settings = {"isSequential": self.flag("true")}
            content += tag("bpmn:multiInstanceLoopCharacteristics", settings, extensions(items))
        return content

    def trigger(self, kind: str) -> str:
        if kind in ("startEvent", "endEvent") and self.draw.random() > 0.5:
            return ""
        name = self.draw.choice(TRIGGERS)
        attributes: dict[str, object | None] = {}
        content = ""
        if name in DECLARED:
            attributes[f"{name}Ref"] = f"{name}_1" if self.sensibly() else "gone"
        elif name == "link":
            attributes["name"] = self.draw.choice(["one", "two"])
        elif name == "compensate":
            attributes["activityRef"] = self.draw.choice([None, self.other(self.ids)])
        elif name == "timer":
            time = self.draw.choice(list(TIMES))
            content = tag(f"bpmn:{time}", {}, TIMES[time])
        elif name == "conditional":
            content = tag("bpmn:condition", {}, "=x = 1")
        return tag(f"bpmn:{name}EventDefinition", attributes, content)

    def flow(self, here: list[str], name: str) -> str:
        ends = {"sourceRef": self.other(here), "targetRef": self.other(here)}
        if self.draw.random() > 0.85:
            return tag("bpmn:association", {"id": f"f{name}", **ends})
        condition = tag("bpmn:conditionExpression", {}, "=x = 1") if self.draw.random() > 0.7 else ""
        return tag("bpmn:sequenceFlow", {"id": f"f{name}", **ends}, condition)

    def other(self, here: list[str]) -> str:
        """The id of a neighbour, or of anything."""
        return self.draw.choice(here) if here and self.sensibly() else self.draw.choice([*self.ids, "gone"])

    def flag(self, value: str) -> str | None:
        return value if self.draw.random() > 0.8 else None

    def sensibly(self) -> bool:
        return self.draw.random() < self.sense


def repaired(document: bytes, wrong: set[str]) -> bytes:
    """The document without the elements of these ids: what is left has fewer faults."""
    root = etree.fromstring(document)
    for node in [node for node in root.iter(etree.Element) if node.get("id") in wrong]:
        parent = node.getparent()
        if parent is not None:
            parent.remove(node)
    return etree.tostring(root)
