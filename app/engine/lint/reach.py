"""Starts, ends, and what lies between them: what never runs, stops without an end, or goes round for ever."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.graph import Graph, graphs


def check_reach(diagram: Diagram) -> Iterator[Finding]:
    for graph in graphs(diagram):
        yield from _check_starts(diagram, graph)
        yield from _check_reach(graph)


def _check_starts(diagram: Diagram, graph: Graph) -> Iterator[Finding]:
    starts = [node for node in graph.nodes.values() if node.type == "startEvent"]
    scope = diagram.elements.get(graph.scope)
    if not starts:
        line = scope.line if scope else None
        message = "There is no start event in it."
        remedy = "Draw a start event with a trigger." if scope and scope.is_event_sub else "Draw one empty start event."
        yield Finding("error", graph.scope, "no_start", message, remedy, line)
    if scope is None:
        starts = [start for start in starts if start.event is None]
    for extra in starts[1:]:
        message = f"'{starts[0].id}' is the start already."
        remedy = "Keep one start event per sub-process, and one without a trigger per process."
        yield Finding.error(extra, "several_starts", message, remedy)


def _check_reach(graph: Graph) -> Iterator[Finding]:
    reached = graph.reach(graph.starts())
    if reached:
        for name, node in graph.nodes.items():
            if name not in reached and node.attached_to is None and not _told_elsewhere(node):
                message = "No flow from the start leads here, so this never runs."
                yield Finding.warning(node, "unreachable", message, "Connect it or delete it.")
    stops = [name for name in reached if not graph.after[name]]
    for name in stops:
        node = graph.nodes[name]
        compensates = node.type == "boundaryEvent" and node.event == "compensate"
        if not (node.type == "endEvent" or node.is_event_sub or compensates or _told_elsewhere(node)):
            message = "The flow stops here without an end event."
            yield Finding.warning(node, "no_end", message, "Connect it to an end event.")
    endless = _rounds(graph, reached - graph.leading_to(stops))
    for name in [name for name in graph.nodes if name in endless][:1]:
        message = f"From here no end can be reached: {len(endless)} elements go round for ever."
        yield Finding.warning(graph.nodes[name], "endless", message, "Draw a way out of the loop.")


def _told_elsewhere(node: Element) -> bool:
    """Compensation and links lead on, and are led to, without flows; where that is missing is told with them."""
    return node.for_compensation or node.event == "link"


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
