"""What stands by: boundary events on their activities, event sub-processes, transactions and how they are cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.diagram import ACTIVITIES, Diagram, Element, Finding
from app.engine.lint.gateways import GATEWAYS
from app.engine.lint.graph import Graph, around, graphs

CATCH_ALL = frozenset({"error", "escalation"})  # without a code they catch every one
ONE_EACH = CATCH_ALL | {"message", "signal"}  # of those with the same name or code only one may stand at a place


def check_borders(diagram: Diagram) -> Iterator[Finding]:
    """Assumes nothing of the diagram but that nesting is no circle."""
    elements = diagram.elements.values()
    fails = around(diagram, (each for each in elements if may_fail(each)))
    escalates = around(diagram, (each for each in elements if _may_escalate(each)))
    cancels = {each.parent for each in elements if each.type == "endEvent" and each.event == "cancel"}
    for element in elements:
        if element.type == "boundaryEvent":
            yield from _check_host(diagram, element, fails, escalates)
        elif element.type == "endEvent" and element.event == "cancel":
            yield from _check_cancel(diagram, element)
        elif element.is_event_sub:
            yield from _check_event_sub(element)
    yield from _check_cancelled(elements, cancels)
    yield from _check_twins(diagram)
    for graph in graphs(diagram):
        yield from _check_retries(graph)


def may_fail(element: Element) -> bool:
    """Can an error come from it, itself?"""
    throws = element.type == "endEvent" and element.event == "error"
    return throws or element.handler is not None or element.type in ("serviceTask", "callActivity")


def _may_escalate(element: Element) -> bool:
    throws = element.event == "escalation" and element.type in ("endEvent", "intermediateThrowEvent")
    return throws or element.type == "callActivity"


def _check_host(diagram: Diagram, event: Element, fails: set[str], escalates: set[str]) -> Iterator[Finding]:
    host = diagram.elements.get(event.attached_to or "")
    if host is None or host.type not in ACTIVITIES or host.parent != event.parent:
        message = (
            f"This boundary event is not attached to an activity beside it (attached to '{event.attached_to or ''}')."
        )
        yield Finding.error(event, "not_attached", message, "Move it onto the border of a task or a sub-process.")
    elif host.is_event_sub:
        message = f"An event sub-process has no boundary events, and '{host.id}' is one."
        yield Finding.error(
            event, "not_attached", message, "Put an embedded sub-process inside it, and the event on that."
        )
    elif host.for_compensation:
        message = f"'{host.id}' takes work back, and has no boundary events."
        yield Finding.error(
            event, "not_attached", message, "Put an embedded sub-process inside it, and the event on that."
        )
    elif event.event == "cancel" and host.type != "transaction":
        message = f"'{host.id}' is no transaction, so it is never cancelled."
        yield Finding.error(event, "cancel_outside", message, "Make it a transaction, or use an error event.")
    elif event.event == "error" and not (may_fail(host) or host.id in fails):
        remedy = "Delete it, or attach it to a service task, a call activity, or a sub-process that holds one."
        yield Finding.warning(
            event, "never_happens", f"'{host.id}' never refuses, so this event never happens.", remedy
        )
    elif event.event == "escalation" and not (_may_escalate(host) or host.id in escalates):
        message = f"Nothing in '{host.id}' throws an escalation, so this event never happens."
        remedy = "Delete it, or attach it to a sub-process that throws one or to a call activity."
        yield Finding.warning(event, "never_happens", message, remedy)


def _check_retries(graph: Graph) -> Iterator[Finding]:
    """Errors after which nothing but gateways and passing events lead back to the activity that they come from."""
    for event in graph.nodes.values():
        if event.type != "boundaryEvent" or event.event != "error" or event.attached_to not in graph.nodes:
            continue
        passed, ahead = {event.id}, [event.id]
        ends = set[str]()
        for name in ahead:  # grows
            for target in graph.after[name]:
                if not _passes(graph.nodes[target]):
                    ends.add(target)
                elif target not in passed:
                    passed.add(target)
                    ahead.append(target)
        if ends == {event.attached_to}:
            message = f"After this error '{event.attached_to}' is done again at once, for ever if it goes on refusing."
            remedy = "Wait before it, change what it is given, or let a person decide."
            yield Finding.warning(event, "endless_retry", message, remedy)


def _passes(node: Element) -> bool:
    """Nothing happens there: the token is through at once, and everything is as it was."""
    return node.type in GATEWAYS or (node.type == "intermediateThrowEvent" and node.event in (None, "link"))


def _check_cancel(diagram: Diagram, end: Element) -> Iterator[Finding]:
    holder = diagram.elements.get(end.parent)
    if holder is None or holder.type != "transaction":
        message = "A cancel end event ends the transaction that it stands in, and it stands in none."
        remedy = "Put it directly into a transaction, or use an error end event."
        yield Finding.error(end, "cancel_outside", message, remedy)


def _check_cancelled(elements: Iterable[Element], cancels: set[str]) -> Iterator[Finding]:
    """A transaction that can be cancelled has one cancel boundary event, and the other way round."""
    caught: dict[str, Element] = {}
    for element in elements:
        if element.type == "boundaryEvent" and element.event == "cancel" and element.attached_to is not None:
            first = caught.setdefault(element.attached_to, element)
            if first is not element:
                message = f"'{first.id}' catches the cancellation already."
                yield Finding.error(element, "same_event_twice", message, "Keep one of them.")
    for element in elements:
        if element.type != "transaction":
            continue
        if element.id in cancels and element.id not in caught:
            message = "Nothing says how it goes on after this transaction is cancelled."
            yield Finding.error(element, "cancel_uncaught", message, "Attach a cancel boundary event to it.")
        elif element.id in caught and element.id not in cancels:
            message = f"'{element.id}' has no cancel end event, so this event never happens."
            remedy = "Delete it, or draw a cancel end event directly in the transaction."
            yield Finding.warning(caught[element.id], "never_happens", message, remedy)


def _check_event_sub(sub: Element) -> Iterator[Finding]:
    for what, found in (("a multi-instance marker", sub.loop is not None), ("compensation", sub.for_compensation)):
        if found:
            message = f"An event sub-process is started by its event, and takes no {what.removeprefix('a ')}."
            remedy = f"Remove {what}, or put an embedded sub-process that has it inside."
            yield Finding.error(sub, "bad_event_sub", message, remedy)


def _check_twins(diagram: Diagram) -> Iterator[Finding]:
    """Two that stand by for the same thing at the same place: nobody could say which one takes it."""
    seen: dict[tuple[str, str, str, str], str] = {}
    for element in diagram.elements.values():
        place = _stands_by(diagram, element)
        what = _awaited(element)
        if place is None or element.event not in ONE_EACH or not (what or element.event in CATCH_ALL):
            continue
        twin = seen.setdefault((*place, element.event, what), element.id)
        if twin != element.id:
            code = f"same_{element.event}_twice" if element.event in CATCH_ALL else "same_event_twice"
            thing = f"the {element.event} '{what[:60]}'" if what else f"every {element.event}"
            message = f"'{twin}' catches {thing} of '{place[1]}' already."
            yield Finding.error(element, code, message, f"Keep one of them, or choose another {element.event}.")


def _stands_by(diagram: Diagram, event: Element) -> tuple[str, str] | None:
    """Where an event listens: (how, of what)."""
    holder = diagram.elements.get(event.parent)
    if event.type == "boundaryEvent":
        return "border", event.attached_to or ""
    if event.type == "startEvent" and holder is None:
        return "start", diagram.process_id
    if event.type == "startEvent" and holder is not None and holder.is_event_sub:
        return "event sub-process", holder.parent
    return None


def _awaited(element: Element) -> str:
    """Code or name; empty when it catches all."""
    match element.event:
        case "error":
            return element.error_code or ""
        case "escalation":
            return element.escalation_code or ""
        case "signal":
            return element.signal or ""
    return element.message[0] if element.message else ""
