"""What is done by code or workers in Camunda 7: here by a handler."""

from __future__ import annotations

import re

from lxml import etree

from app.conversion.camunda7.juel import is_expression
from app.conversion.camunda7.reading import inner, take, take_extras
from app.conversion.drawing import Drawing, bpmn, extend, local, snake, text_of

WRITE = "Write a handler of that name in Python (docs/authoring.md), or choose one in the modeler."
_SUFFIX = re.compile(r"(?:Java)?(?:Delegate|Handler|Impl|Worker|Task)$")
_BEAN = re.compile(r"^[#$]\{\s*(\w+)(?:\.(\w+))?\s*(?:\(.*\))?\s*\}$", re.DOTALL)
_LONGEST = 1000
_TRIES = re.compile(r"^R(\d{1,3})/")


def convert_service(drawing: Drawing, holder: etree._Element, owner: etree._Element) -> None:
    """`holder` says what is done: a task, or the message definition of the event `owner`."""
    topic, kind = take(holder, "topic"), take(holder, "type")
    result = take(holder, "resultVariable")
    handler = _from_topic(drawing, owner, topic) if topic or kind == "external" else _from_code(drawing, holder, owner)
    if kind not in (None, "external"):
        drawing.lost(owner, f"camunda:type {kind}", "Nothing of that kind is done here.", WRITE)
    if handler is None:
        return
    if local(owner) == "businessRuleTask":
        owner.tag = bpmn("serviceTask")
        message = "A business rule task only calls decisions: this is a service task now."
        drawing.check(owner, "businessRuleTask", message, "Nothing has to be done if that is right.")
    extend(owner, "taskDefinition", {"type": handler, "retries": _tries(drawing, owner)})
    if result is not None:
        message = f"A handler's outputs become variables of their own names, not one that is called {result}."
        drawing.lost(owner, f"camunda:resultVariable {result}", message, f"Map an output of the handler to {result}.")
    for mapping in take_extras(owner, "errorEventDefinition"):
        what = f"camunda:errorEventDefinition {mapping.get('expression', '')}"
        message = "Which failure is an error of the process, the handler says: Refused with the error's code."
        drawing.lost(owner, what, message, "Let the handler return Refused(code) in that case.")


def _from_topic(drawing: Drawing, owner: etree._Element, topic: str | None) -> str | None:
    if topic is None or is_expression(topic):
        message = "Which handler works on it has to be written down; an expression cannot say so."
        drawing.lost(owner, f"camunda:topic {topic or ''}", message, "Draw a gateway, and a task for each handler.")
        return None
    return topic


def _from_code(drawing: Drawing, holder: etree._Element, owner: etree._Element) -> str | None:
    code = [(name, take(holder, name)) for name in ("class", "delegateExpression", "expression")]
    for name, text in code:
        if text is not None:
            handler = handler_name(name, text)
            message = f"Java code is not run here. The task's handler is called {handler} now."
            drawing.lost(owner, f'camunda:{name}="{text}"', message, WRITE)
            return handler
    connectors = take_extras(holder, "connector")
    if not connectors:
        return None
    named = inner(connectors[0], "connectorId")
    handler = (text_of(named[0]) if named else "") or "connector"
    message = f"Connectors are not run here. The task's handler is called {handler} now; its parameters are gone."
    drawing.lost(owner, f"camunda:connector {handler}", message, WRITE)
    return handler


def handler_name(kind: str, text: str) -> str:
    """com.example.ActivateLineDelegate as activate_line, ${crm.notify(x)} as crm.notify."""
    bean = _BEAN.match(text[:_LONGEST])
    if bean is not None:
        parts = [snake(_SUFFIX.sub("", part) or part) for part in bean.groups() if part and part != "execute"]
        return ".".join(parts)
    last = re.split(r"[.$]", text.strip("#${} "))[-1] if kind == "class" else text
    plain = re.sub(r"\W+", "_", _SUFFIX.sub("", last) or last).strip("_")
    return snake(plain) or "handler"


def _tries(drawing: Drawing, owner: etree._Element) -> str | None:
    cycles = take_extras(owner, "failedJobRetryTimeCycle")
    text = text_of(cycles[0]) if cycles else ""
    if not text:
        return None
    tries = _TRIES.match(text)
    message = "How long it waits between tries, its handler says (retry)."
    drawing.check(owner, f"camunda:failedJobRetryTimeCycle {text}", message, "Look whether the handler's suit.")
    return tries[1] if tries else None
