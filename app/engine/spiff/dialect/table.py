"""The dialect as data: every element, attribute, event definition and extension that a diagram may hold.

What is not here is refused at deployment (`dialect`), so a construct is supported from the moment that it has a row
and a case in the crash-at-every-step test, which takes its list from `constructs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.engine.spiff.dialect.triggers import EVENTS, TIMES, event_constructs

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"  # Camunda 7
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
    """`attributes` may have any value, those in `values` only what their pattern says. Names are parted by spaces.

    What is a text holds nothing else: modelers lose the text beside it.
    """
    named = dict.fromkeys(attributes.split(), ANY)
    held = f"{children} documentation extensionElements" if "id" in named and not text else children
    return Row({**named, **values}, frozenset(held.split()), frozenset(f"{extensions} properties".split()), text)


FLOW_NODES = (
    "startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent"
    " serviceTask userTask manualTask scriptTask sendTask receiveTask businessRuleTask task"
    " exclusiveGateway parallelGateway inclusiveGateway eventBasedGateway"
    " subProcess transaction callActivity"
)
ARTIFACTS = "textAnnotation association group"
SCOPE = f"{FLOW_NODES} sequenceFlow {ARTIFACTS}"
LINKS = "incoming outgoing"
LOOPED = f"{LINKS} multiInstanceLoopCharacteristics"
TRIGGERS = (
    "messageEventDefinition timerEventDefinition signalEventDefinition errorEventDefinition"
    " escalationEventDefinition conditionalEventDefinition linkEventDefinition compensateEventDefinition"
    " cancelEventDefinition terminateEventDefinition"
)
ACTIVITY_VALUES = {"isForCompensation": YES_OR_NO, "startQuantity": "1", "completionQuantity": "1"}
TASK_VALUES = {"implementation": "##unspecified", **ACTIVITY_VALUES}
SERVICE_VALUES = {"implementation": "##unspecified|##WebService", **ACTIVITY_VALUES}
SENDING = "taskDefinition ioMapping taskHeaders"
FOR_PEOPLE = "userTask formDefinition assignmentDefinition taskSchedule"
DIRECTION = {"gatewayDirection": "Unspecified|Converging|Diverging|Mixed"}
ONE_TRIGGER = {"parallelMultiple": "false"}

ELEMENTS: dict[str, Row] = {
    "definitions": row(
        "id name targetNamespace exporter exporterVersion",
        "process collaboration message error signal escalation category",
        "",
        {"typeLanguage": "http://www.w3.org/2001/XMLSchema"},
    ),
    "process": row(
        "id name",
        f"laneSet {SCOPE}",
        "versionTag userTaskForm",
        {"isExecutable": YES_OR_NO, "processType": "None|Private|Public", "isClosed": "false"},
    ),
    # events; which trigger may stand where is in triggers
    "startEvent": row("id name", f"{LINKS} {TRIGGERS}", "ioMapping", {"isInterrupting": YES_OR_NO, **ONE_TRIGGER}),
    "intermediateCatchEvent": row("id name", f"{LINKS} {TRIGGERS}", "ioMapping", ONE_TRIGGER),
    "intermediateThrowEvent": row("id name", f"{LINKS} {TRIGGERS}", SENDING),
    "boundaryEvent": row(
        "id name attachedToRef", f"{LINKS} {TRIGGERS}", "ioMapping", {"cancelActivity": YES_OR_NO, **ONE_TRIGGER}
    ),
    "endEvent": row("id name", f"{LINKS} {TRIGGERS}", SENDING),
    # activities
    "serviceTask": row("id name", LOOPED, SENDING, SERVICE_VALUES),
    "userTask": row("id name", LOOPED, f"{FOR_PEOPLE} ioMapping taskHeaders", TASK_VALUES),
    "manualTask": row("id name", LOOPED, "", ACTIVITY_VALUES),
    "task": row("id name", LOOPED, "", ACTIVITY_VALUES),
    "scriptTask": row("id name", LOOPED, "script ioMapping", ACTIVITY_VALUES),
    "sendTask": row("id name messageRef", LOOPED, f"publishMessage {SENDING}", SERVICE_VALUES),
    "receiveTask": row("id name messageRef", LOOPED, "ioMapping", {"instantiate": "false", **SERVICE_VALUES}),
    "businessRuleTask": row("id name", LOOPED, "calledDecision ioMapping", TASK_VALUES),
    "subProcess": row("id name", f"{LOOPED} {SCOPE}", "ioMapping", {"triggeredByEvent": YES_OR_NO, **ACTIVITY_VALUES}),
    "transaction": row(
        "id name",
        f"{LOOPED} {SCOPE}",
        "ioMapping",
        {"triggeredByEvent": "false", "method": "##Compensate", **ACTIVITY_VALUES},
    ),
    "callActivity": row("id name", LOOPED, "calledElement ioMapping", ACTIVITY_VALUES),
    "multiInstanceLoopCharacteristics": row(
        "id", "completionCondition", "loopCharacteristics", {"isSequential": YES_OR_NO, "behavior": "All"}
    ),
    "completionCondition": row("id", text=True),
    # gateways
    "exclusiveGateway": row("id name default", LINKS, "", DIRECTION),
    "parallelGateway": row("id name", LINKS, "", DIRECTION),
    "inclusiveGateway": row("id name default", LINKS, "", DIRECTION),
    "eventBasedGateway": row(
        "id name", LINKS, "", {"instantiate": "false", "eventGatewayType": "Exclusive", **DIRECTION}
    ),
    # what triggers events
    "timerEventDefinition": row("id", " ".join(TIMES)),
    "messageEventDefinition": row("id messageRef", "", "publishMessage"),
    "signalEventDefinition": row("id signalRef"),
    "errorEventDefinition": row("id errorRef"),
    "escalationEventDefinition": row("id escalationRef"),
    "conditionalEventDefinition": row("id", "condition"),
    "linkEventDefinition": row("id name"),
    "compensateEventDefinition": row("id activityRef", "", "", {"waitForCompletion": "true"}),
    "cancelEventDefinition": row("id"),
    "terminateEventDefinition": row("id"),
    **{time: row("id", text=True) for time in TIMES},
    "condition": row("id", text=True),
    "message": row("id name", "", "subscription"),
    "error": row("id name errorCode"),
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
    "loopCharacteristics": Row(
        dict.fromkeys(("inputCollection", "inputElement", "outputCollection", "outputElement"), ANY)
    ),
    "calledElement": Row(
        {
            "processId": ANY,
            "bindingType": "latest|deployment|versionTag",
            "versionTag": ANY,
            "propagateAllParentVariables": YES_OR_NO,
            "propagateAllChildVariables": YES_OR_NO,
        }
    ),
    "publishMessage": Row({"correlationKey": ANY, "messageId": ANY, "timeToLive": ANY}),
    "calledDecision": Row({"decisionId": ANY, "resultVariable": ANY, "bindingType": "latest"}),
    "subscription": Row({"correlationKey": ANY}),
    "userTask": Row(),
    "formDefinition": Row(
        {
            **dict.fromkeys(("formId", "formKey", "externalReference", "versionTag"), ANY),
            "bindingType": "latest|deployment|versionTag",
        }
    ),
    "assignmentDefinition": Row({"assignee": ANY, "candidateGroups": ANY}),
    "userTaskForm": Row({"id": ANY}, text=True),
    "taskSchedule": Row({"dueDate": ANY, "followUpDate": ANY}),
    "versionTag": Row({"value": ANY}),
}

# Attributes from other namespaces: namespace -> element, or ANYWHERE -> attribute -> pattern
FOREIGN_ATTRIBUTES: dict[str, dict[str, dict[str, str]]] = {
    ZEEBE: {ANYWHERE: {"modelerTemplate": ANY, "modelerTemplateVersion": ANY, "modelerTemplateIcon": ANY}},
    MODELER: {"definitions": {"executionPlatform": "Camunda Cloud", "executionPlatformVersion": ANY}},
    CAMUNDA: {"definitions": {"diagramRelationId": ANY}},  # Camunda's web modeler writes it for Camunda 8 as well
    XSI: {
        "definitions": {"schemaLocation": ANY},
        "conditionExpression": {"type": FORMAL},
        "completionCondition": {"type": FORMAL},
        "condition": {"type": FORMAL},
        **{time: {"type": FORMAL} for time in TIMES},
    },
}

SEVERAL = frozenset({"userTaskForm"})  # extensions that an element may hold more than one of
ONCE = {
    *("extensionElements", "text", "laneSet", "collaboration"),
    *("conditionExpression", "condition", "completionCondition", "multiInstanceLoopCharacteristics", *TIMES),
}
REFERENCES = {  # (element, attribute) -> the element that must have that id
    ("messageEventDefinition", "messageRef"): "message",
    ("sendTask", "messageRef"): "message",
    ("receiveTask", "messageRef"): "message",
    ("signalEventDefinition", "signalRef"): "signal",
    ("errorEventDefinition", "errorRef"): "error",
    ("escalationEventDefinition", "escalationRef"): "escalation",
    ("participant", "processRef"): "process",
    ("group", "categoryValueRef"): "categoryValue",
}
OTHER_CONSTRUCTS = (
    "sendTask:handler",
    "callActivity:deployment",
    "callActivity:versionTag",
    *(
        f"multiInstance:{order}{of}"
        for order in ("parallel", "sequential")
        for of in ("", ":subProcess", ":callActivity")
    ),
    "multiInstance:completionCondition",
    "sequenceFlow:condition",
    "sequenceFlow:default",
)
VARIABLES_PROPERTY = "turnup:variables"
MESSAGES_PROPERTY = "turnup:messages"
SIGNALS_PROPERTY = "turnup:signals"
# zeebe:property names that mean something to Turnup
PROCESS_PROPERTIES = {VARIABLES_PROPERTY, MESSAGES_PROPERTY, SIGNALS_PROPERTY}


def constructs() -> list[str]:
    """Every construct a token can meet, such as `boundaryEvent:timer:timeDuration:non-interrupting`."""
    nodes = [name for name in FLOW_NODES.split() if name not in EVENTS]
    return [*event_constructs(), *nodes, *OTHER_CONSTRUCTS]
