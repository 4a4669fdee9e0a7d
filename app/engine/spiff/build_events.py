"""Events of a diagram to specs: what they wait for, what they throw."""

from collections.abc import Callable, Mapping
from typing import Any

from app.engine.diagram import Element
from app.engine.spiff import activities, base, compensation, events, throws
from app.engine.spiff.mapping import source_of
from app.engine.spiff.timers import Timer
from app.engine.spiff.triggers import OnCondition, OnMessage, OnSignal, OnThrown, OnTimer, Trigger


def trigger_of(element: Element) -> Trigger:
    """What a catching event or a receive task waits for."""
    match element.event:
        case "timer":
            kind, text = element.timer or ("duration", "")
            return OnTimer(Timer(kind, source_of(text, f"the timer of '{element.id}'")))
        case "signal":
            return OnSignal(source_of(element.signal or "", f"the signal of '{element.id}'"))
        case "conditional":
            return OnCondition(source_of(element.condition or "", f"the condition of '{element.id}'"))
        case "error":
            return OnThrown("error", element.error_code)
        case "escalation":
            return OnThrown("escalation", element.escalation_code)
        case "cancel":
            return OnThrown("cancel")
    name, key = element.message or ("", None)
    return OnMessage(name, source_of(key or "", f"the correlation key of '{element.id}'"), element.id)


def handler_task(process: Any, element: Element) -> Any:
    spec = activities.HandlerTask(process, element.id)
    spec.handler = element.handler or ""
    spec.tries = element.retries
    return spec


def message_throw(process: Any, element: Element) -> Any:
    """A message that the house itself delivers."""
    sent, place = element.publishes, f"of '{element.id}'"
    assert sent is not None  # nosec B101  # states an invariant
    spec = throws.MessageThrow(process, element.id)
    spec.message = source_of(sent.name, f"the message {place}")
    if sent.key is not None:
        spec.key = source_of(sent.key, f"the correlation key {place}")
    if sent.message_id is not None:
        spec.message_id = source_of(sent.message_id, f"the message id {place}")
    if sent.time_to_live is not None:
        spec.time_to_live = Timer("duration", source_of(sent.time_to_live, f"the time to live {place}"))
    return spec


def _catch(process: Any, element: Element) -> Any:
    if element.event == "link":
        return base.PassSpec(process, element.id)
    spec = events.CatchEvent(process, element.id)
    spec.trigger = trigger_of(element)
    return spec


def _boundary(process: Any, element: Element) -> Any:
    spec = events.Boundary(process, element.id)
    spec.trigger, spec.interrupting, spec.host = trigger_of(element), element.interrupting, element.attached_to or ""
    spec.repeatable = not element.interrupting and spec.trigger.repeats
    return spec


def _throw(process: Any, element: Element) -> Any:
    """An intermediate throw event or an end event."""
    if element.publishes is not None:
        return message_throw(process, element)
    if element.handler is not None:
        return handler_task(process, element)
    maker = _THROWS.get(element.event or "")
    return base.PassSpec(process, element.id) if maker is None else maker(process, element)


def _error(process: Any, element: Element) -> Any:
    spec = throws.ErrorEnd(process, element.id)
    spec.code = source_of(element.error_code or "", f"the error code of '{element.id}'")
    return spec


def _escalation(process: Any, element: Element) -> Any:
    spec = throws.Escalation(process, element.id)
    spec.code = source_of(element.escalation_code or "", f"the escalation code of '{element.id}'")
    return spec


def _signal(process: Any, element: Element) -> Any:
    spec = throws.SignalThrow(process, element.id)
    spec.signal = source_of(element.signal or "", f"the signal of '{element.id}'")
    return spec


def _compensation(process: Any, element: Element) -> Any:
    spec = compensation.Compensation(process, element.id)
    spec.activity = element.compensates
    return spec


_THROWS: Mapping[str, Callable[[Any, Element], Any]] = {
    "error": _error,
    "escalation": _escalation,
    "signal": _signal,
    "compensate": _compensation,
    "cancel": lambda process, element: compensation.CancelEnd(process, element.id),
    "terminate": lambda process, element: throws.Terminate(process, element.id),
}
EVENTS: Mapping[str, Callable[[Any, Element], Any]] = {
    "startEvent": lambda process, element: base.StartEvent(process, element.id),
    "intermediateCatchEvent": _catch,
    "intermediateThrowEvent": _throw,
    "boundaryEvent": _boundary,
    "endEvent": _throw,
}
