"""A Camunda 7 diagram, element by element; what nobody has taken at the end is noted and taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from app.conversion.camunda7 import activities, events, services
from app.conversion.camunda7.forms import convert_start_form
from app.conversion.camunda7.listeners import convert_listeners
from app.conversion.camunda7.mappings import convert_mappings
from app.conversion.camunda7.reading import mapped_condition, take
from app.conversion.drawing import BPMN, CAMUNDA, Drawing, extend, local
from app.conversion.leftovers import Words, take_rest_away
from app.conversion.rounds import convert_rounds

_HARMLESS = frozenset(  # each step commits here anyway; lists of tasks and templates of the modeler change no run
    {"async", "asyncBefore", "asyncAfter", "exclusive", "isStartableInTasklist", "diagramRelationId"}
    | {"modelerTemplate", "modelerTemplateVersion"}
)
_WORDS: Words = {
    "priority": ("A task has no priority of its own: an instance has.", "Give the instance its priority."),
    "jobPriority": ("A step has no priority of its own: an instance has.", "Give the instance its priority."),
    "taskPriority": ("A step has no priority of its own: an instance has.", "Give the instance its priority."),
    "candidateStarterGroups": ("Who may start a process, permissions say.", "Grant start rights for this process."),
    "candidateStarterUsers": ("Who may start a process, permissions say.", "Grant start rights for this process."),
    "initiator": ("Who starts an instance is in the audit log, not in a variable.", "Send it as a variable."),
    "formProperty": ("Form properties are not read.", "Draw a form in the modeler."),
    "failedJobRetryTimeCycle": (
        "Only a handler's step is tried again, as its handler says.",
        "Nothing has to be done.",
    ),
    "variableMappingClass": ("Java code is not run here.", "Map the variables in the diagram."),
    "variableMappingDelegateExpression": ("Java code is not run here.", "Map the variables in the diagram."),
}
Convert = Callable[[Drawing, etree._Element], None]


def convert_camunda7(drawing: Drawing) -> None:
    events.convert_declared(drawing)
    for node in list(drawing.root.iter(f"{{{BPMN}}}*")):
        convert_listeners(drawing, node)
        convert_mappings(drawing, node)
        if (convert := _CONVERTERS.get(local(node))) is not None:
            convert(drawing, node)
        elif local(node).endswith("EventDefinition"):
            events.convert_event(drawing, node)
    take_rest_away(drawing, CAMUNDA, "camunda", _WORDS, _HARMLESS)


def _process(drawing: Drawing, node: etree._Element) -> None:
    if (tag := take(node, "versionTag")) is not None:
        extend(node, "versionTag", {"value": tag})
    if (days := take(node, "historyTimeToLive")) is not None:  # every diagram of it has one by now
        message = "How long history is kept is not said in a diagram."
        drawing.check(node, f"camunda:historyTimeToLive {days}", message, "Nothing has to be done.")


def _service(drawing: Drawing, node: etree._Element) -> None:
    services.convert_service(drawing, node, node)


def _business_rule(drawing: Drawing, node: etree._Element) -> None:
    if not activities.convert_decision(drawing, node):
        _service(drawing, node)


def _receive(drawing: Drawing, node: etree._Element) -> None:
    events.needs_key(drawing, node, node.get("messageRef"))


def _rounds(drawing: Drawing, node: etree._Element) -> None:
    convert_rounds(drawing, node, mapped_condition)


_CONVERTERS: Mapping[str, Convert] = {
    "process": _process,
    "serviceTask": _service,
    "sendTask": _service,
    "businessRuleTask": _business_rule,
    "scriptTask": activities.convert_script,
    "userTask": activities.convert_user_task,
    "callActivity": activities.convert_call,
    "multiInstanceLoopCharacteristics": activities.convert_loop,
    "standardLoopCharacteristics": _rounds,
    "receiveTask": _receive,
    "startEvent": convert_start_form,
    "sequenceFlow": events.convert_flow,
}
