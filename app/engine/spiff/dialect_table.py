"""The dialect as data: every element, attribute, event definition and extension that a diagram may hold.

What is not here is refused at deployment (`dialect`), so a construct is supported from the moment that it has a row
and a case in the crash-at-every-step test, which takes its list from `constructs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
MODELER = "http://camunda.org/schema/modeler/1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

LAYOUT = {
    "http://www.omg.org/spec/BPMN/20100524/DI",
    "http://www.omg.org/spec/DD/20100524/DC",
    "http://www.omg.org/spec/DD/20100524/DI",
}
HARMLESS = {  # colours and the like: they change what is seen, never what runs
    "http://bpmn.io/schema/bpmn/biocolor/1.0",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
    "http://www.w3.org/XML/1998/namespace",
}

ANY = ".*"
YES_OR_NO = "true|false"
FORMAL = r"([\w.-]+:)?t(Formal)?Expression"
ANYWHERE = "*"


@dataclass(frozen=True)
class Row:
    """What one element may hold. An attribute's value must match its pattern as a whole."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    text: bool = False


def row(
    attributes: str = "id",
    children: str = "",
    extensions: str = "",
    values: Mapping[str, str] = MappingProxyType({}),
    *,
    text: bool = False,
) -> Row:
    """`attributes` may have any value, those in `values` only what their pattern says. Names are parted by spaces."""
    named = dict.fromkeys(attributes.split(), ANY)
    held = f"{children} documentation extensionElements" if "id" in named else children
    return Row({**named, **values}, frozenset(held.split()), frozenset(f"{extensions} properties".split()), text)


FLOW_NODES = (
    "startEvent endEvent serviceTask scriptTask businessRuleTask userTask exclusiveGateway parallelGateway"
    " intermediateCatchEvent boundaryEvent subProcess"
)
ACTIVITIES = ("serviceTask", "scriptTask", "businessRuleTask", "userTask", "subProcess")
ARTIFACTS = "textAnnotation association group"
SCOPE = f"{FLOW_NODES} sequenceFlow {ARTIFACTS}"
LINKS = "incoming outgoing"
TASK_VALUES = {"isForCompensation": "false", "startQuantity": "1", "completionQuantity": "1"}
DIRECTIONS = "Unspecified|Converging|Diverging|Mixed"

ELEMENTS: dict[str, Row] = {
    "definitions": row(
        "id name targetNamespace exporter exporterVersion",
        "process collaboration message error signal escalation category",
    ),
    "process": row(
        "id name",
        f"laneSet {SCOPE}",
        "versionTag",
        {"isExecutable": YES_OR_NO, "processType": "None", "isClosed": "false"},
    ),
    # flow nodes
    "startEvent": row("id name", LINKS, "", {"isInterrupting": "true", "parallelMultiple": "false"}),
    "endEvent": row("id name", LINKS),
    "serviceTask": row(
        "id name",
        LINKS,
        "taskDefinition ioMapping taskHeaders",
        {"implementation": "##unspecified|##WebService", **TASK_VALUES},
    ),
    "scriptTask": row("id name", LINKS, "script ioMapping", TASK_VALUES),
    "businessRuleTask": row(
        "id name", LINKS, "calledDecision ioMapping", {"implementation": "##unspecified", **TASK_VALUES}
    ),
    "userTask": row(
        "id name",
        LINKS,
        "userTask formDefinition assignmentDefinition ioMapping taskHeaders",
        {"implementation": "##unspecified", **TASK_VALUES},
    ),
    "exclusiveGateway": row("id name default", LINKS, "", {"gatewayDirection": DIRECTIONS}),
    "parallelGateway": row("id name", LINKS, "", {"gatewayDirection": DIRECTIONS}),
    "intermediateCatchEvent": row(
        "id name", f"{LINKS} messageEventDefinition timerEventDefinition", "ioMapping", {"parallelMultiple": "false"}
    ),
    "boundaryEvent": row(
        "id name attachedToRef",
        f"{LINKS} timerEventDefinition errorEventDefinition",
        "ioMapping",
        {"cancelActivity": YES_OR_NO, "parallelMultiple": "false"},
    ),
    "subProcess": row("id name", f"{LINKS} {SCOPE}", "ioMapping", {"triggeredByEvent": "false", **TASK_VALUES}),
    # what triggers events
    "timerEventDefinition": row("id", "timeDate timeDuration"),
    "messageEventDefinition": row("id messageRef"),
    "errorEventDefinition": row("id errorRef"),
    "timeDate": row("id", text=True),
    "timeDuration": row("id", text=True),
    "message": row("id name", "", "subscription"),
    "error": row("id name errorCode"),
    # modelers leave these behind when the event that used them is deleted; the events themselves are refused
    "signal": row("id name"),
    "escalation": row("id name escalationCode"),
    # flows
    "sequenceFlow": row("id name sourceRef targetRef", "conditionExpression", "", {"isImmediate": "true"}),
    "conditionExpression": row("id", text=True),
    "incoming": row("", text=True),
    "outgoing": row("", text=True),
    # what is drawn for readers
    "documentation": Row({"id": ANY, "textFormat": ANY}, text=True),
    "collaboration": row("id name", f"participant messageFlow {ARTIFACTS}", "", {"isClosed": "false"}),
    "participant": row("id name processRef"),
    "messageFlow": row("id name sourceRef targetRef"),
    "laneSet": row("id name", "lane"),
    "lane": row("id name", "flowNodeRef childLaneSet"),
    "childLaneSet": row("id name", "lane"),
    "flowNodeRef": row("", text=True),
    "textAnnotation": row("id textFormat", "text"),
    "text": row("", text=True),
    "association": row("id sourceRef targetRef", "", "", {"associationDirection": "None|One|Both"}),
    "group": row("id categoryValueRef"),
    "category": row("id name", "categoryValue"),
    "categoryValue": row("id value"),
    "extensionElements": Row(),  # its content is ruled by the element that holds it
}

EXTENSIONS: dict[str, Row] = {
    "taskDefinition": Row({"type": ANY, "retries": r"\d{1,3}"}),
    "ioMapping": Row(children=frozenset({"input", "output"})),
    "input": Row({"source": ANY, "target": ANY}),
    "output": Row({"source": ANY, "target": ANY}),
    "taskHeaders": Row(children=frozenset({"header"})),
    "header": Row({"key": ANY, "value": ANY}),
    "properties": Row(children=frozenset({"property"})),
    "property": Row({"name": ANY, "value": ANY}),
    "script": Row({"expression": ANY, "resultVariable": ANY}),
    "calledDecision": Row({"decisionId": ANY, "resultVariable": ANY, "bindingType": "latest"}),
    "subscription": Row({"correlationKey": ANY}),
    "userTask": Row(),
    "formDefinition": Row({"formId": ANY, "formKey": ANY, "externalReference": ANY, "bindingType": "latest"}),
    "assignmentDefinition": Row({"assignee": ANY, "candidateGroups": ANY}),
    "versionTag": Row({"value": ANY}),
}

# Attributes from other namespaces: namespace -> element, or ANYWHERE -> attribute -> pattern
FOREIGN_ATTRIBUTES: dict[str, dict[str, dict[str, str]]] = {
    ZEEBE: {ANYWHERE: {"modelerTemplate": ANY, "modelerTemplateVersion": ANY, "modelerTemplateIcon": ANY}},
    MODELER: {"definitions": {"executionPlatform": "Camunda Cloud", "executionPlatformVersion": ANY}},
    XSI: {
        "definitions": {"schemaLocation": ANY},
        "conditionExpression": {"type": FORMAL},
        "timeDate": {"type": FORMAL},
        "timeDuration": {"type": FORMAL},
    },
}

ONCE = {"extensionElements", "conditionExpression", "timeDate", "timeDuration", "text", "laneSet", "collaboration"}
REFERENCES = {  # (element, attribute) -> the element that must have that id
    ("messageEventDefinition", "messageRef"): "message",
    ("errorEventDefinition", "errorRef"): "error",
    ("participant", "processRef"): "process",
    ("group", "categoryValueRef"): "categoryValue",
}
TRIGGERED = {"intermediateCatchEvent", "boundaryEvent"}  # exactly one event definition each
NON_INTERRUPTING = {"timerEventDefinition"}
EVENT_MAPPINGS = {  # events that may hold zeebe:ioMapping, and only outputs
    ("intermediateCatchEvent", "messageEventDefinition"),
    ("boundaryEvent", "errorEventDefinition"),
}
PROCESS_PROPERTIES = {"turnup:variables"}  # zeebe:property names that mean something to Turnup
VARIABLES_PROPERTY = "turnup:variables"


def constructs() -> list[str]:
    """Every construct a token can meet, such as `boundaryEvent:timer:timeDuration:non-interrupting`."""
    return [name for kind in FLOW_NODES.split() for name in _variants(kind)] + [
        "sequenceFlow:condition",
        "sequenceFlow:default",
    ]


def _variants(kind: str) -> list[str]:
    if kind not in TRIGGERED:
        return [kind]
    names: list[str] = []
    for definition in sorted(child for child in ELEMENTS[kind].children if child.endswith("EventDefinition")):
        trigger = f"{kind}:{definition.removesuffix('EventDefinition')}"
        times = sorted(ELEMENTS[definition].children & {"timeDate", "timeDuration", "timeCycle"})
        forms = [f"{trigger}:{time}" for time in times] or [trigger]
        names += forms
        if kind == "boundaryEvent" and definition in NON_INTERRUPTING:
            names += [f"{form}:non-interrupting" for form in forms]
    return names
