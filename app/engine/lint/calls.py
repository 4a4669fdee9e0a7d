"""What call activities call and user tasks show: in which version, and whether calls ever end."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.diagram import Call, Diagram, Element, Finding, FormLink
from app.engine.lint.expressions import check_feel, is_feel
from app.engine.lint.graph import Graph, graphs


def check_calls(diagram: Diagram) -> Iterator[Finding]:
    calls = [element for element in diagram.elements.values() if element.type == "callActivity"]
    for element in calls:
        yield from _check_call(element, element.call)
    for element in diagram.elements.values():
        if element.linked_form is not None:
            yield from _check_form(element, element.linked_form)
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
    yield from _check_binding(element, "This call activity", call)


def _check_form(element: Element, link: FormLink) -> Iterator[Finding]:
    if is_feel(link.form_id):
        yield from check_feel(element, "the form's id", link.form_id)
    yield from _check_binding(element, "The form of this task", link)


def _check_binding(element: Element, what: str, link: Call | FormLink) -> Iterator[Finding]:
    tag = link.version_tag
    if link.binding == "versionTag" and not (tag or "").strip():
        message = f"{what} is bound to a version tag and names none."
        yield Finding.error(element, "bad_binding", message, "Give it a version tag, or bind it to the latest version.")
    elif link.binding != "versionTag" and tag is not None:
        message = f"The version tag '{tag[:60]}' is not looked at: the binding is '{link.binding}'."
        yield Finding.warning(element, "bad_binding", message, "Bind it to the version tag, or delete the tag.")
    if tag is not None and is_feel(tag):
        message = f"The version tag is an expression: {tag[:60]}."
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
