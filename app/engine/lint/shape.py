"""The shape of a diagram: where flows may lead, and what may split."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.diagram import Diagram, Element, Finding, Flow
from app.engine.lint.gateways import CHOICES, GATEWAYS


def check_shape(diagram: Diagram) -> Iterator[Finding]:
    for flow in diagram.flows.values():
        yield from _check_flow(diagram, flow)
    for element in diagram.elements.values():
        if len(element.outgoing) > 1 and element.type not in GATEWAYS:
            yield Finding.error(
                element,
                "several_outgoing_flows",
                f"{len(element.outgoing)} flows leave this {element.type}; only a gateway may split.",
                "Let one flow lead to a parallel gateway (all branches) or an exclusive gateway (one of them).",
            )


def _check_flow(diagram: Diagram, flow: Flow) -> Iterator[Finding]:
    source, target = diagram.elements.get(flow.source), diagram.elements.get(flow.target)
    if source is None or target is None:
        missing = "source" if source is None else "target"
        message = f"The {missing} of this flow, '{flow.source if source is None else flow.target}', does not exist."
        yield Finding.error(flow, "dangling_flow", message, "Delete the flow and draw it again.")
        return
    if not (source.parent == target.parent == flow.parent):
        message = f"This flow from '{source.id}' to '{target.id}' crosses the border of a sub-process."
        remedy = "Let the flow end inside, and draw another one from or to the sub-process itself."
        yield Finding.error(flow, "crosses_border", message, remedy)
    if (reason := _without_incoming(target)) is not None:
        message = f"No flow may lead to '{target.id}': {reason}"
        yield Finding.error(flow, "flow_into_start", message, "Let it lead to what follows.")
    if (reason := _without_outgoing(source)) is not None:
        message = f"No flow may leave '{source.id}': {reason}"
        yield Finding.error(flow, "flow_out_of_end", message, "Delete the flow.")
    if flow.condition is not None and source.type not in CHOICES:
        message = (
            f"The condition of this flow would be ignored: it leaves '{source.id}', which is no exclusive gateway."
        )
        yield Finding.error(flow, "ignored_condition", message, f"Draw an exclusive gateway after '{source.id}'.")


def _without_incoming(node: Element) -> str | None:
    """Why no flow may lead to it."""
    if node.type == "startEvent":
        return "it is a start."
    if node.type == "boundaryEvent":
        return "its activity starts it."
    if node.type == "intermediateCatchEvent" and node.event == "link":
        return "the link that is thrown leads to it."
    return _beside_the_flow(node)


def _without_outgoing(node: Element) -> str | None:
    """Why no flow may leave it."""
    if node.type == "endEvent":
        return "it is an end."
    if node.type == "boundaryEvent" and node.event == "compensate":
        return "an association leads from it to what takes the work back."
    if node.type == "intermediateThrowEvent" and node.event == "link":
        return "it leads to where the link is caught."
    return _beside_the_flow(node)


def _beside_the_flow(node: Element) -> str | None:
    if node.is_event_sub:
        return "it is an event sub-process, and its start event starts it."
    if node.for_compensation:
        return "it takes work back, and a compensation event starts it."
    return None
