"""Gateways: conditions of the flows that they choose between, and what may follow an event-based one."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.diagram import Diagram, Element, Finding

CHOICES = frozenset({"exclusiveGateway", "inclusiveGateway"})  # what looks at the conditions of its flows
GATEWAYS = CHOICES | {"parallelGateway", "eventBasedGateway"}
AWAITED = frozenset({"message", "timer", "signal", "conditional"})


def check_gateways(diagram: Diagram) -> Iterator[Finding]:
    hosts = {element.attached_to for element in diagram.elements.values() if element.attached_to}
    for element in diagram.elements.values():
        if element.type in CHOICES:
            yield from _check_choice(diagram, element)
        elif element.type == "eventBasedGateway":
            yield from _check_race(diagram, element, hosts)


def _check_choice(diagram: Diagram, gateway: Element) -> Iterator[Finding]:
    if gateway.default_flow is not None and gateway.default_flow not in gateway.outgoing:
        message = f"The default flow '{gateway.default_flow}' does not leave this gateway."
        yield Finding.error(gateway, "bad_default_flow", message, "Choose the default flow again.")
    flows = [diagram.flows[flow] for flow in gateway.outgoing]
    kind = gateway.type.removesuffix("Gateway")
    for flow in flows:
        if flow.id == gateway.default_flow:
            if flow.condition is not None:
                message = "The condition of a default flow is never looked at."
                yield Finding.warning(flow, "condition_on_default", message, "Delete the condition.")
        elif len(flows) > 1 and flow.condition is None:
            message = f"This flow leaves the {kind} gateway '{gateway.id}' without a condition and is not its default."
            yield Finding.error(flow, "missing_condition", message, "Give it a condition or make it the default flow.")


def _check_race(diagram: Diagram, gateway: Element, hosts: set[str]) -> Iterator[Finding]:
    if len(gateway.outgoing) < 2:
        message = "An event-based gateway waits for the first of several events."
        remedy = "Let it lead to two events or more, or use the event alone."
        yield Finding.error(gateway, "few_events", message, remedy)
    names: dict[str, str] = {}
    for flow in gateway.outgoing:
        target = diagram.elements.get(diagram.flows[flow].target)
        if target is None:
            continue  # a dangling flow is told elsewhere
        yield from _check_awaited(gateway, target, hosts)
        name = f"message {target.message[0]}" if target.message else f"signal {target.signal}" if target.signal else ""
        if name and names.setdefault(name, target.id) != target.id:
            message = f"'{names[name]}' waits for the same {name[:60]} already."
            yield Finding.error(target, "same_event_twice", message, "Keep one, and choose after it which way to go.")


def _check_awaited(gateway: Element, target: Element, hosts: set[str]) -> Iterator[Finding]:
    waits = target.type == "intermediateCatchEvent" and target.event in AWAITED
    if not (waits or target.type == "receiveTask"):
        message = f"'{target.id}' follows the event-based gateway '{gateway.id}' and waits for nothing from outside."
        remedy = "Let a message, timer, signal or conditional catch event or a receive task follow the gateway."
        yield Finding.error(target, "no_event", message, remedy)
        return
    if len(target.incoming) > 1:
        message = f"Other flows than that of the event-based gateway '{gateway.id}' lead to this event."
        remedy = "Draw an event of its own for them, and let both lead to what follows."
        yield Finding.error(target, "shared_event", message, remedy)
    if target.id in hosts or target.loop is not None:
        message = f"A receive task after the event-based gateway '{gateway.id}' only waits for its message."
        remedy = "Delete its boundary events and its marker; for a time limit, let a timer follow the gateway."
        yield Finding.error(target, "no_plain_event", message, remedy)
