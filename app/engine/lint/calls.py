"""Call activities: which process they call, in which version, and whether that ever ends."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.diagram import Call, Diagram, Element, Finding
from app.engine.lint.expressions import check_feel, is_feel
from app.engine.lint.graph import Graph, graphs


def check_calls(diagram: Diagram) -> Iterator[Finding]:
    calls = [element for element in diagram.elements.values() if element.type == "callActivity"]
    for element in calls:
        yield from _check_call(element, element.call)
    recursive = [element for element in calls if element.call and element.call.process == diagram.process_id]
    if recursive and _always(diagram, {element.id for element in recursive}):
        message = "Every way through this process calls the process itself, so it never ends."
        remedy = "Let an exclusive gateway lead past the call, or call another process."
        yield Finding.warning(recursive[0], "endless_call", message, remedy)


def _check_call(element: Element, call: Call | None) -> Iterator[Finding]:
    if call is None or not call.process:
        message = "This call activity calls no process."
        yield Finding.error(element, "no_process", message, "Give it the id of a process, or FEEL that gives one.")
        return
    if is_feel(call.process):
        yield from check_feel(element, "the process id", call.process)
    if call.binding == "versionTag" and not (call.version_tag or "").strip():
        message = "This call activity is bound to a version tag and names none."
        yield Finding.error(element, "bad_binding", message, "Give it a version tag, or bind it to the latest version.")
    elif call.binding != "versionTag" and call.version_tag is not None:
        message = f"The version tag '{call.version_tag[:60]}' is not looked at: the binding is '{call.binding}'."
        yield Finding.warning(element, "bad_binding", message, "Bind the call to the version tag, or delete the tag.")
    if call.version_tag is not None and is_feel(call.version_tag):
        message = f"The version tag is an expression: {call.version_tag[:60]}."
        yield Finding.error(element, "bad_binding", message, "Write the tag itself.")


def _always(diagram: Diagram, calls: set[str]) -> bool:
    """Does every way from the start to an end lead through one of the calls?"""
    blocked = set(calls)
    for graph in reversed(graphs(diagram)):  # inner before outer
        if _blocked(graph, blocked):
            blocked.add(graph.scope)
    return diagram.process_id in blocked


def _blocked(graph: Graph, blocked: set[str]) -> bool:
    starts = [name for name, node in graph.nodes.items() if node.type == "startEvent"]
    if graph.nodes.keys().isdisjoint(blocked) or not starts:
        return False
    reached = graph.reach(starts, without=blocked)
    return all(graph.after[name] or graph.nodes[name].for_compensation for name in reached)
