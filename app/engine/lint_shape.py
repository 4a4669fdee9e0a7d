"""The shape of a diagram: where flows lead, what starts, ends and stands at a border."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.diagram import ACTIVITIES, INNER, Diagram, Element, Finding, Flow
from app.engine.lint_graph import Graph, graphs

CHOICES = {"exclusiveGateway", "inclusiveGateway"}  # what looks at the conditions of its flows
GATEWAYS = CHOICES | {"parallelGateway", "eventBasedGateway"}
MAY_FAIL = INNER | {"serviceTask", "sendTask", "callActivity"}  # what an error boundary event can catch something from


def check_shape(diagram: Diagram) -> Iterator[Finding]:
    for flow in diagram.flows.values():
        yield from _check_flow(diagram, flow)
    catching: dict[tuple[str | None, str | None], str] = {}
    for element in diagram.elements.values():
        if element.type in CHOICES:
            yield from _check_choice(diagram, element)
        elif element.type == "boundaryEvent":
            yield from _check_boundary(diagram, element, catching)
        if len(element.outgoing) > 1 and element.type not in GATEWAYS:
            yield Finding.error(
                element,
                "several_outgoing_flows",
                f"{len(element.outgoing)} flows leave this {element.type}; only a gateway may split.",
                "Let one flow lead to a parallel gateway (all branches) or an exclusive gateway (one of them).",
            )
    for graph in graphs(diagram):
        yield from _check_starts(diagram, graph)
        yield from _check_reach(graph)


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
    if target.type in ("startEvent", "boundaryEvent"):
        yield Finding.error(
            flow, "flow_into_start", f"No flow may lead to '{target.id}'.", "Let it lead to what follows."
        )
    if source.type == "endEvent":
        yield Finding.error(
            flow, "flow_out_of_end", f"No flow may leave the end '{source.id}'.", "Delete it or the end."
        )
    if flow.condition is not None and source.type not in CHOICES:
        message = (
            f"The condition of this flow would be ignored: it leaves '{source.id}', which is no exclusive gateway."
        )
        yield Finding.error(flow, "ignored_condition", message, f"Draw an exclusive gateway after '{source.id}'.")


def _check_choice(diagram: Diagram, gateway: Element) -> Iterator[Finding]:
    if gateway.default_flow is not None and gateway.default_flow not in gateway.outgoing:
        message = f"The default flow '{gateway.default_flow}' does not leave this gateway."
        yield Finding.error(gateway, "bad_default_flow", message, "Choose the default flow again.")
    flows = [diagram.flows[flow] for flow in gateway.outgoing]
    for flow in flows:
        if flow.id == gateway.default_flow:
            if flow.condition is not None:
                message = "The condition of a default flow is never looked at."
                yield Finding.warning(flow, "condition_on_default", message, "Delete the condition.")
        elif len(flows) > 1 and flow.condition is None:
            message = (
                f"This flow leaves the exclusive gateway '{gateway.id}' without a condition and is not its default."
            )
            yield Finding.error(flow, "missing_condition", message, "Give it a condition or make it the default flow.")


def _check_boundary(
    diagram: Diagram, event: Element, catching: dict[tuple[str | None, str | None], str]
) -> Iterator[Finding]:
    """`catching` holds the events seen so far: (activity, error code) -> event."""
    host = diagram.elements.get(event.attached_to or "")
    if host is None or host.type not in ACTIVITIES or host.parent != event.parent:
        message = (
            f"This boundary event is not attached to an activity beside it (attached to '{event.attached_to or ''}')."
        )
        yield Finding.error(event, "not_attached", message, "Move it onto the border of a task or a sub-process.")
        return
    if event.event != "error":
        return
    if host.type not in MAY_FAIL:
        message = f"'{host.id}' never refuses, so this event never happens."
        yield Finding.warning(
            event, "never_happens", message, "Delete it, or attach it to a service task or sub-process."
        )
    twin = catching.setdefault((host.id, event.error_code), event.id)
    if twin != event.id:
        code = f"the error '{event.error_code}'" if event.error_code else "every error"
        message = f"'{twin}' catches {code} of '{host.id}' already."
        yield Finding.error(event, "same_error_twice", message, "Keep one of them, or choose another error.")


def _check_starts(diagram: Diagram, graph: Graph) -> Iterator[Finding]:
    starts = [node for node in graph.nodes.values() if node.type == "startEvent"]
    scope = diagram.elements.get(graph.scope)
    if not starts:
        line = scope.line if scope else None
        message = "There is no start event in it."
        yield Finding("error", graph.scope, "no_start", message, "Draw one empty start event.", line)
    if scope is None:
        starts = [start for start in starts if start.event is None]
    for extra in starts[1:]:
        message = f"'{starts[0].id}' is the start already."
        remedy = "Keep one start event per sub-process, and one without a trigger per process."
        yield Finding.error(extra, "several_starts", message, remedy)


def _check_reach(graph: Graph) -> Iterator[Finding]:
    reached = graph.reach(name for name, node in graph.nodes.items() if node.type == "startEvent" or node.is_event_sub)
    if reached:
        for name, node in graph.nodes.items():
            if name not in reached and node.attached_to is None:
                message = "No flow from the start leads here, so this never runs."
                yield Finding.warning(node, "unreachable", message, "Connect it or delete it.")
    stops = [name for name in reached if not graph.after[name]]
    for name in stops:
        node = graph.nodes[name]
        if not (node.type == "endEvent" or node.is_event_sub or node.for_compensation or node.event == "compensate"):
            message = "The flow stops here without an end event."
            yield Finding.warning(graph.nodes[name], "no_end", message, "Connect it to an end event.")
    endless = _rounds(graph, reached - graph.leading_to(stops))
    for name in [name for name in graph.nodes if name in endless][:1]:
        message = f"From here no end can be reached: {len(endless)} elements go round for ever."
        yield Finding.warning(graph.nodes[name], "endless", message, "Draw a way out of the loop.")


def _rounds(graph: Graph, names: set[str]) -> set[str]:
    """What is left of `names` without those that only lead to a loop."""
    before = {name: sum(other in names for other in graph.before[name]) for name in names}
    leading = [name for name, count in before.items() if count == 0]
    for name in leading:  # grows as elements lose their last predecessor
        for target in graph.after[name]:
            before[target] -= 1
            if before[target] == 0:
                leading.append(target)
    return names - set(leading)
