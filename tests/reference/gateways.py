"""Gateways: where a token goes, and what it waits for before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine.diagram import Element
from tests.reference import events
from tests.reference.tokens import Fault, Frame, Token

if TYPE_CHECKING:
    from tests.reference.interpreter import Reference


def enter(ref: Reference, token: Token) -> None:
    match token.at.type:
        case "exclusiveGateway":
            ref.leave(token, _true(ref, token)[:1])
        case "eventBasedGateway":
            _wait_for_first(ref, token)
        case "parallelGateway" if len(token.at.incoming) > 1:
            token.kind = "join"
            _join_parallel(ref, token.at, token.frame)
        case "inclusiveGateway" if len(token.at.incoming) > 1:
            token.kind = "join"  # until nothing else is ready
        case "inclusiveGateway":
            ref.leave(token, _true(ref, token))
        case _:
            ref.leave(token)


def _true(ref: Reference, token: Token) -> list[str]:
    """The flows whose conditions hold, else the default."""
    flows = [token.frame.diagram.flows[flow] for flow in token.at.outgoing]
    if len(flows) == 1 and flows[0].condition is None:
        return [flows[0].id]
    view = token.scope.view()
    true = [flow.id for flow in flows if flow.condition is not None and flow.id != token.at.default_flow]
    true = [flow for flow in true if ref.value(token.frame.diagram.flows[flow].condition or "", view) is True]
    if not true and token.at.default_flow is None:
        raise Fault(f"{token.at.id}: no condition is true")
    return true or [str(token.at.default_flow)]


def _wait_for_first(ref: Reference, token: Token) -> None:
    """A token at each event behind the gateway; the first that happens ends the others."""
    diagram = token.frame.diagram
    ref.drop(token)
    ref.completed[token.at.id] += 1
    rivals = [ref.put(diagram.elements[diagram.flows[flow].target], token.frame, flow) for flow in token.at.outgoing]
    for rival in rivals:
        rival.rivals = rivals


def _arrived(at: Element, frame: Frame) -> dict[str, list[Token]]:
    """The tokens that wait at a join, by the flow that they came by."""
    found: dict[str, list[Token]] = {flow: [] for flow in at.incoming}
    for token in frame.tokens:
        if token.at is at and token.kind == "join":
            found[str(token.came_by)].append(token)
    return found


def _join_parallel(ref: Reference, at: Element, frame: Frame) -> None:
    arrived = _arrived(at, frame)
    if all(arrived.values()):
        _merge(ref, [tokens[0] for tokens in arrived.values()], None)


def _merge(ref: Reference, tokens: list[Token], flows: list[str] | None) -> None:
    """Several tokens become one, which goes on."""
    *others, last = tokens
    for token in others:
        ref.drop(token)
        ref.completed[token.at.id] += 1
    ref.leave(last, flows)


def join(ref: Reference) -> bool:
    """Let the first inclusive join go on that no other token can still reach."""
    waiting = [each for each in ref.tokens() if each.at.type == "inclusiveGateway" and each.kind == "join"]
    for token in sorted(waiting, key=lambda token: token.number):
        arrived = _arrived(token.at, token.frame)
        empty = {flow for flow, tokens in arrived.items() if not tokens}
        others = {each.at.id for each in token.frame.tokens if each.at is not token.at}
        if empty & _ahead(token.frame, others, token.at.id):
            continue
        taken = [tokens[0] for tokens in arrived.values() if tokens]
        try:
            _merge(ref, taken, _true(ref, taken[-1]) if len(token.at.outgoing) > 1 else None)
        except Fault:
            taken[-1].kind = "incident"
        return True
    return False


def _ahead(frame: Frame, standing: set[str], without: str) -> set[str]:
    """The flows that tokens at these elements can still take, never passing through `without`."""
    elements, flows = frame.diagram.elements, frame.diagram.flows
    ahead, seen = sorted(standing), set(standing)
    found: set[str] = set()
    while ahead:
        at = elements[ahead.pop()]
        found.update(at.outgoing)
        following = [flows[flow].target for flow in at.outgoing]
        following += [each.id for each in elements.values() if each.attached_to == at.id]
        if at.event == "link" and at.type == "intermediateThrowEvent":
            following.append(events.link_target(frame, at).id)
        for each in following:
            if each not in seen and each != without:
                seen.add(each)
                ahead.append(each)
    return found
