"""What an event of the XML says: its trigger and what that refers to, where it is attached, whether it interrupts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from app.engine.diagram import EventKind, Publication, TimerKind
from app.engine.spiff.dialect.places import children, extension, is_bpmn, local, namespace, text_of
from app.engine.spiff.dialect.table import BPMN
from app.engine.spiff.dialect.triggers import TIMES

DECLARATIONS = ("message", "error", "signal", "escalation")  # they stand beside the process, and events refer to them
Declared = Mapping[str, etree._Element]


def is_trigger(node: etree._Element) -> bool:
    return local(node).endswith("EventDefinition")


def declarations(root: etree._Element) -> dict[str, etree._Element]:
    return {node.get("id", ""): node for name in DECLARATIONS for node in children(root, name)}


def read_event(node: etree._Element, declared: Declared, leads_to: Mapping[str, list[str]]) -> dict[str, Any]:
    """Fields of Element; for an activity only the message that a receive task waits for."""
    facts: dict[str, Any] = {
        "attached_to": node.get("attachedToRef"),
        "interrupting": node.get("cancelActivity") != "false" and not _starts_beside(node),
    }
    if local(node) == "receiveTask":
        facts["message"] = _message(declared.get(node.get("messageRef", "")))
    elif local(node) == "sendTask":
        facts["publishes"] = _publication(node, node.get("messageRef"), declared)
    for trigger in node:
        reader = _TRIGGERS.get(local(trigger))
        if reader is not None and namespace(trigger) == BPMN:
            kind, read = reader
            facts["event"] = kind
            facts |= read(trigger, declared)
    if facts.get("event") == "message" and local(node) in ("intermediateThrowEvent", "endEvent"):
        facts["message"] = None
        trigger = children(node, "messageEventDefinition")[-1]
        facts["publishes"] = _publication(trigger, trigger.get("messageRef"), declared)
    elif facts.get("event") == "compensate" and local(node) == "boundaryEvent":
        facts["compensated_by"] = next(iter(leads_to.get(node.get("id", ""), ())), None)
    return facts


def _starts_beside(node: etree._Element) -> bool:
    parent = node.getparent()
    inside = parent is not None and parent.get("triggeredByEvent") == "true"
    return inside and local(node) == "startEvent" and node.get("isInterrupting") == "false"


def _publication(holder: etree._Element, reference: str | None, declared: Declared) -> Publication | None:
    published = extension(holder, "publishMessage")
    if published is None:
        return None
    message = declared.get(reference or "")
    name = "" if message is None else message.get("name", "")
    return Publication(name, published.get("correlationKey"), published.get("messageId"), published.get("timeToLive"))


def _message(node: etree._Element | None) -> tuple[str, str | None] | None:
    if node is None or not is_bpmn(node, "message"):
        return None
    subscription = extension(node, "subscription")
    return node.get("name", ""), None if subscription is None else subscription.get("correlationKey")


def _timer_of(trigger: etree._Element) -> tuple[TimerKind, str] | None:
    kinds: dict[str, TimerKind] = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
    return next(((kinds[local(time)], text_of(time)) for time in trigger if local(time) in TIMES), None)


def _referred(attribute: str, wanted: str, value: str) -> Callable[[etree._Element, Declared], str | None]:
    """Reads what the element that `attribute` names has as its `value`."""

    def read(trigger: etree._Element, declared: Declared) -> str | None:
        target = declared.get(trigger.get(attribute, ""))
        return None if target is None or not is_bpmn(target, wanted) else target.get(value, "")

    return read


def _condition(trigger: etree._Element) -> str:
    conditions = children(trigger, "condition")
    return text_of(conditions[0]) if conditions else ""


_signal = _referred("signalRef", "signal", "name")
_error_code = _referred("errorRef", "error", "errorCode")
_escalation_code = _referred("escalationRef", "escalation", "escalationCode")

_TRIGGERS: dict[str, tuple[EventKind, Callable[[etree._Element, Declared], dict[str, Any]]]] = {
    "timerEventDefinition": ("timer", lambda t, _: {"timer": _timer_of(t)}),
    "messageEventDefinition": ("message", lambda t, d: {"message": _message(d.get(t.get("messageRef", "")))}),
    "signalEventDefinition": ("signal", lambda t, d: {"signal": _signal(t, d)}),
    "errorEventDefinition": ("error", lambda t, d: {"error_code": _error_code(t, d)}),
    "escalationEventDefinition": ("escalation", lambda t, d: {"escalation_code": _escalation_code(t, d)}),
    "conditionalEventDefinition": ("conditional", lambda t, _: {"condition": _condition(t)}),
    "linkEventDefinition": ("link", lambda t, _: {"link": t.get("name", "")}),
    "compensateEventDefinition": ("compensate", lambda t, _: {"compensates": t.get("activityRef")}),
    "cancelEventDefinition": ("cancel", lambda *_: {}),
    "terminateEventDefinition": ("terminate", lambda *_: {}),
}
