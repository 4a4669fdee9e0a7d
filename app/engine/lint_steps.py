"""What single elements say: their handlers, mappings, expressions, timers and messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from app.core.errors import InvalidInput
from app.decisions.feel import compile_feel
from app.decisions.feel.temporal import parse_duration, parse_instant
from app.engine.diagram import Diagram, Element, Finding, Flow
from app.engine.lint_variables import possible_variables
from app.handling.registry import Handler

NAME = re.compile(r"[^\W\d]\w*")
WORDS = "true false null if then else for in return some every satisfies and or not between instance of function"
RESERVED = frozenset(WORDS.split())
THROWING = {"intermediateThrowEvent", "endEvent"}
LONGEST = 10_000
EXAMPLES = {"duration": "PT2H or P3D", "date": "2026-11-23T10:00:00Z"}


def check_steps(
    diagram: Diagram, known_handlers: Callable[[str], Handler | None], handler_types: Sequence[str]
) -> Iterator[Finding]:
    possible = possible_variables(diagram, known_handlers)
    for flow in diagram.flows.values():
        if flow.condition is not None:
            yield from _check_feel(flow, "the condition", flow.condition)
    for element in diagram.elements.values():
        yield from _check_mappings(element)
        yield from _check_event(element, diagram.process_id)
        if element.type == "serviceTask" or element.handler is not None:
            yield from _check_handler(element, known_handlers, handler_types, possible)
        elif element.type == "scriptTask":
            yield from _check_script(element)
        elif element.type == "businessRuleTask":
            yield from _check_decision(element)
        for what, text in (("the assignee", element.assignee), ("the candidate groups", element.candidate_groups)):
            if text is not None:
                yield from _check_source(element, what, text)
        if element.error_code is not None:
            yield from _check_refusal(diagram, element, known_handlers)


def _check_feel(place: Element | Flow, what: str, text: str) -> Iterator[Finding]:
    """An expression that has to be FEEL, with its leading `=`."""
    if not text.startswith("="):
        message = f"{what[0].upper()}{what[1:]} is no FEEL expression: '{text[:60]}'."
        yield Finding.error(place, "no_expression", message, "Write '=' before it, as in =speed_mbps > 100.")
        return
    if len(text) > LONGEST:
        message = f"{what[0].upper()}{what[1:]} has {len(text)} characters; {LONGEST} are allowed."
        yield Finding.error(place, "long_expression", message, "Let a handler do it.")
        return
    try:
        compile_feel(text[1:].strip())
    except InvalidInput as error:
        message = f"{what[0].upper()}{what[1:]} cannot be read: {error.message}"
        yield Finding.error(place, "bad_expression", message, f"Correct the expression: {text[:200]}")


def _check_source(place: Element, what: str, text: str) -> Iterator[Finding]:
    """FEEL after `=`, else a literal."""
    if text.strip().startswith("="):
        yield from _check_feel(place, what, text.strip())
    elif not text.strip():
        yield Finding.error(
            place, "empty_expression", f"{what[0].upper()}{what[1:]} is empty.", "Fill it in or delete it."
        )


def _check_mappings(element: Element) -> Iterator[Finding]:
    for source, target in element.inputs:
        yield from _check_source(element, f"the input '{target}'", source)
        if not _is_name(target):
            remedy = "Use one name of letters, digits and '_', such as speed_mbps."
            yield Finding.error(element, "bad_name", f"The input target '{target[:60]}' is no variable name.", remedy)
    for source, target in element.outputs:
        yield from _check_source(element, f"the output '{target}'", source)
        if not all(_is_name(part) for part in target.split(".")):
            remedy = "Use names of letters, digits and '_', with dots between them, such as order.ont_id."
            yield Finding.error(element, "bad_name", f"The output target '{target[:60]}' is no variable name.", remedy)


def _is_name(text: str) -> bool:
    return NAME.fullmatch(text) is not None and text not in RESERVED


def _check_decision(element: Element) -> Iterator[Finding]:
    if element.decision is None or not element.decision[0].strip():
        message = "This business rule task calls no decision."
        remedy = "Choose the implementation 'DMN decision' and give the decision's id and a result variable."
        yield Finding.error(element, "no_decision", message, remedy)
    elif element.decision[0].startswith("="):
        message = f"The decision's id is an expression: {element.decision[0][:60]}."
        yield Finding.error(element, "no_decision", message, "Write the id itself.")
    elif not _is_name(element.decision[1]):
        message = f"The result variable '{element.decision[1][:60]}' is no variable name."
        yield Finding.error(element, "bad_name", message, "Use one name of letters, digits and '_'.")


def _check_script(element: Element) -> Iterator[Finding]:
    if element.script is None:
        message = "This script task has no FEEL expression."
        yield Finding.error(element, "no_script", message, "Choose the implementation 'FEEL expression' and write one.")
        return
    expression, result = element.script
    yield from _check_feel(element, "the script", expression)
    if not _is_name(result):
        message = f"The result variable '{result[:60]}' is no variable name."
        yield Finding.error(element, "bad_name", message, "Use one name of letters, digits and '_'.")


def _check_event(element: Element, process_id: str) -> Iterator[Finding]:
    if element.event == "timer":
        yield from _check_timer(element)
    elif (element.event == "message" or element.type == "receiveTask") and element.type not in THROWING:
        name, key = element.message or ("", None)
        if not name.strip() or name.startswith("="):
            message = f"The event waits for no message with a fixed name (found '{name[:60]}')."
            yield Finding.error(
                element, "no_message", message, "Choose a message and give it a name that is no expression."
            )
        elif element.type == "startEvent" and element.parent == process_id:
            return
        elif not (key or "").strip():
            message = f"The message '{name}' has no correlation key, so nobody could tell whose it is."
            yield Finding.error(element, "no_correlation_key", message, "Give it one, such as =order_id.")
        else:
            yield from _check_source(element, "the correlation key", key or "")


def _check_timer(element: Element) -> Iterator[Finding]:
    kind, text = element.timer or ("duration", "")
    if not text:
        message = "This timer has no time."
        yield Finding.error(element, "no_time", message, f"Give it a duration ({EXAMPLES['duration']}) or a date.")
    elif text.startswith("="):
        yield from _check_feel(element, "the timer", text)
    elif kind != "cycle":
        try:
            parse_duration(text) if kind == "duration" else parse_instant(text)
        except InvalidInput as error:
            message = f"The timer is no {kind}: {error.message}"
            yield Finding.error(
                element, "bad_time", message, f"Write it as {EXAMPLES[kind]}, or '=' and an expression."
            )


def _check_handler(
    element: Element,
    known_handlers: Callable[[str], Handler | None],
    handler_types: Sequence[str],
    possible: Mapping[str, str] | None,
) -> Iterator[Finding]:
    type = element.handler or ""
    if not type.strip() or type.startswith("="):
        message = f"This service task names no handler (found '{type[:60]}')."
        yield Finding.error(element, "no_handler", message, "Choose one in the modeler, such as olt.activate_ont.")
        return
    handler = known_handlers(type)
    if handler is None:
        near = get_close_matches(type[:100], handler_types, n=3, cutoff=0.5)
        remedy = f"Did you mean {' or '.join(near)}?" if near else "Correct the name, or install the handler first."
        yield Finding.error(element, "unknown_handler", f"No handler is known as '{type[:100]}'.", remedy)
        return
    yield from _check_parameters(element, handler, possible)


def _check_parameters(element: Element, handler: Handler, possible: Mapping[str, str] | None) -> Iterator[Finding]:
    names = [parameter.name for parameter in handler.parameters]
    mapped = {target for _, target in element.inputs}
    for target in sorted(mapped - set(names)):
        if _is_name(target):
            near = get_close_matches(target[:100], names, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(names) or 'nothing'}."
            message = f"The handler {handler.type} has no parameter '{target}'."
            yield Finding.error(element, "unknown_parameter", message, remedy)
    if possible is None:
        return
    for parameter in handler.parameters:
        if parameter.required and parameter.name not in mapped and parameter.name not in possible:
            message = f"Nothing gives the handler {handler.type} its parameter '{parameter.name}'."
            remedy = f"Map an input to {parameter.name}, or declare it in the variables of the process."
            yield Finding.warning(element, "missing_parameter", message, remedy)


def _check_refusal(
    diagram: Diagram, event: Element, known_handlers: Callable[[str], Handler | None]
) -> Iterator[Finding]:
    host = diagram.elements.get(event.attached_to or "")
    handler = known_handlers(host.handler) if host is not None and host.handler else None
    if handler is None or not handler.about.refusals or event.error_code in handler.about.refusals:
        return
    message = f"The handler {handler.type} does not say that it refuses with '{event.error_code}'."
    remedy = f"It says that it refuses with {' or '.join(handler.about.refusals)}."
    yield Finding.warning(event, "never_refused", message, remedy)
