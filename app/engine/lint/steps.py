"""What single activities say: their handlers, mappings, expressions and decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.expressions import check_feel, check_name, check_path, check_source, is_name
from app.engine.lint.variables import possible_variables
from app.handling.registry import Handler


def check_steps(
    diagram: Diagram, known_handlers: Callable[[str], Handler | None], handler_types: Sequence[str]
) -> Iterator[Finding]:
    possible = possible_variables(diagram, known_handlers)
    for flow in diagram.flows.values():
        if flow.condition is not None:
            yield from check_feel(flow, "the condition", flow.condition)
    for element in diagram.elements.values():
        yield from _check_mappings(element)
        if element.type == "serviceTask" or element.handler is not None:
            yield from _check_handler(element, known_handlers, handler_types, possible)
        elif element.type == "scriptTask":
            yield from _check_script(element)
        elif element.type == "businessRuleTask":
            yield from _check_decision(element)
        elif element.type == "task":
            message = "A task without a type does nothing: the token passes on."
            remedy = "Choose a type: a service task for a handler, a user task for a person, a script task for FEEL."
            yield Finding.warning(element, "does_nothing", message, remedy)
        for what, text in (
            ("the assignee", element.assignee),
            ("the candidate groups", element.candidate_groups),
            ("the due date", element.due),
            ("the follow-up date", element.follow_up),
        ):
            if text is not None:
                yield from check_source(element, what, text)
        if element.error_code is not None:
            yield from _check_refusal(diagram, element, known_handlers)


def _check_mappings(element: Element) -> Iterator[Finding]:
    for source, target in element.inputs:
        yield from check_source(element, f"the input '{target}'", source)
        yield from check_path(element, "the input target", target)
    for source, target in element.outputs:
        yield from check_source(element, f"the output '{target}'", source)
        yield from check_path(element, "the output target", target)


def _check_decision(element: Element) -> Iterator[Finding]:
    if element.decision is None or not element.decision[0].strip():
        message = "This business rule task calls no decision."
        remedy = "Choose the implementation 'DMN decision' and give the decision's id and a result variable."
        yield Finding.error(element, "no_decision", message, remedy)
    elif element.decision[0].startswith("="):
        message = f"The decision's id is an expression: {element.decision[0][:60]}."
        yield Finding.error(element, "no_decision", message, "Write the id itself.")
    else:
        yield from check_name(element, "the result variable", element.decision[1])


def _check_script(element: Element) -> Iterator[Finding]:
    if element.script is None:
        message = "This script task has no FEEL expression."
        yield Finding.error(element, "no_script", message, "Choose the implementation 'FEEL expression' and write one.")
        return
    expression, result = element.script
    yield from check_feel(element, "the script", expression)
    yield from check_name(element, "the result variable", result)


def _check_handler(
    element: Element,
    known_handlers: Callable[[str], Handler | None],
    handler_types: Sequence[str],
    possible: Mapping[str, str] | None,
) -> Iterator[Finding]:
    type = element.handler or ""
    if not type.strip() or type.startswith("="):
        message = f"This names no handler (found '{type[:60]}')."
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
    mapped = {target.partition(".")[0] for _, target in element.inputs}
    for target in sorted(mapped - set(names)):
        if is_name(target):
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
