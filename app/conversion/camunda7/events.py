"""Events and flows: messages, signals, errors, times, conditions."""

from __future__ import annotations

import re

from lxml import etree

from app.conversion.camunda7.reading import mapped, mapped_condition, mapped_or_left, take, take_extras
from app.conversion.camunda7.services import convert_service
from app.conversion.drawing import Drawing, bpmn, discard, local, map_input, map_output, remember, text_of

TIMES = ("timeDate", "timeDuration", "timeCycle")
_THROWING = ("intermediateThrowEvent", "endEvent")
_ISO_TIME = re.compile(r"^(?:R\d*/|P|\d{4}-)")
_CODE_VARIABLES = {"errorCodeVariable": "=errorCode", "errorMessageVariable": "=errorMessage"}
_CODE_VARIABLES |= {"escalationCodeVariable": "=errorCode"}


def convert_event(drawing: Drawing, definition: etree._Element) -> None:
    """What triggers an event, or what an event triggers."""
    event = definition.getparent()
    if event is None:
        return
    match local(definition):
        case "messageEventDefinition":
            _convert_message(drawing, definition, event)
        case "signalEventDefinition":
            _convert_signal(drawing, definition, event)
        case "timerEventDefinition":
            _convert_timer(drawing, definition)
        case "conditionalEventDefinition":
            _convert_conditional(drawing, definition)
        case "errorEventDefinition" | "escalationEventDefinition":
            for name, source in _CODE_VARIABLES.items():
                if (variable := take(definition, name)) is not None:
                    map_output(event, source, variable)


def needs_key(drawing: Drawing, node: etree._Element, message_ref: str | None) -> None:
    """Camunda 7 is told by its API whose a message is; here the diagram says so."""
    message = drawing.by_id("message", message_ref)
    name = "" if message is None else message.get("name", "")
    reason = "Whose a message is, the diagram says: the message has no correlation key."
    drawing.lost(node, f"message {name}", reason, "Give the message a correlation key, such as =order_id.")


def _convert_message(drawing: Drawing, definition: etree._Element, event: etree._Element) -> None:
    if local(event) in _THROWING:
        convert_service(drawing, definition, event)
    elif local(event) != "startEvent" or _is_event_sub(event.getparent()):
        needs_key(drawing, event, definition.get("messageRef"))


def _is_event_sub(node: etree._Element | None) -> bool:
    return node is not None and node.get("triggeredByEvent") == "true"


def _convert_signal(drawing: Drawing, definition: etree._Element, event: etree._Element) -> None:
    for passing in take_extras(definition, "in"):
        if passing.get("variables") == "all":
            message = "A signal carries what its input mappings name."
            drawing.lost(event, "camunda:in variables=all", message, "Map each variable that it has to carry.")
            continue
        name, expression = passing.get("source"), passing.get("sourceExpression")
        source = f"={name}" if name else mapped(drawing, event, "camunda:in", expression or "")
        target = passing.get("target") or name
        if source is not None and target:
            map_input(event, source, target)


def _convert_timer(drawing: Drawing, definition: etree._Element) -> None:
    for name in TIMES:
        time = definition.find(bpmn(name))
        if time is None:
            continue
        text = text_of(time)
        if "${" not in text and "#{" not in text and not _ISO_TIME.match(text):
            message = "A time is ISO 8601, such as R/PT15M; cron is not read."
            drawing.lost(time, f"{name} {text}", message, "Write it in ISO 8601, or as a FEEL expression.")
        else:
            time.text = mapped_or_left(drawing, time, name, text)


def _convert_conditional(drawing: Drawing, definition: etree._Element) -> None:
    for name in ("variableName", "variableEvents"):
        if (value := take(definition, name)) is not None:
            message = "The condition is looked at after every change of any variable."
            drawing.check(definition, f"camunda:{name} {value}", message, "Nothing has to be done if that will do.")
    condition = definition.find(bpmn("condition"))
    if condition is not None:
        _convert_condition(drawing, condition)


def convert_flow(drawing: Drawing, flow: etree._Element) -> None:
    condition = flow.find(bpmn("conditionExpression"))
    if condition is not None:
        _convert_condition(drawing, condition)


def _convert_condition(drawing: Drawing, condition: etree._Element) -> None:
    owner = condition.getparent()
    language, text = (condition.attrib.pop("language", "") or "").lower(), text_of(condition)
    resource = take(condition, "resource")
    if language == "feel":
        condition.text = f"={text.removeprefix('=')}"
    elif language in ("", "juel") and resource is None:
        condition.text = mapped_condition(drawing, condition, "condition", text) or text
    elif owner is not None:
        message = "No code is run from a diagram: a condition is a FEEL expression."
        remedy = "Write it in FEEL. It stands in the element's documentation."
        drawing.lost(condition, f"condition ({language}) {text or resource}", message, remedy)
        discard(condition)
        remember(owner, f"The condition was ({language or 'a resource'}):\n{text or resource}")


def convert_declared(drawing: Drawing) -> None:
    """Names and codes of messages, signals, errors and escalations."""
    for kind, name in (
        ("message", "name"),
        ("signal", "name"),
        ("error", "errorCode"),
        ("escalation", "escalationCode"),
    ):
        for node in drawing.nodes(kind):
            value = node.get(name)
            if value is not None:
                node.set(name, mapped_or_left(drawing, node, f"{kind} {name}", value))
            if (text := take(node, "errorMessage")) is not None:
                drawing.lost(node, f"camunda:errorMessage {text}", "An error has a code alone.", "Its name says it.")
