"""Events: waiting, happening, throwing, and who catches what was thrown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.core.types import to_microseconds
from app.decisions.feel.temporal import parse_instant
from app.engine.diagram import Element
from tests.reference import activities, compensation
from tests.reference.tokens import Frame, Sent, Token, Variables

if TYPE_CHECKING:
    from tests.reference.interpreter import Reference

KINDS = {"message": "message", "timer": "timer", "signal": "signal", "conditional": "condition"}


def enter(ref: Reference, token: Token) -> None:
    if token.at.type == "intermediateCatchEvent" and token.at.event != "link":
        wait(ref, token)
    elif token.at.type in ("intermediateThrowEvent", "endEvent"):
        _throw(ref, token)
    else:
        ref.leave(token)


def wait(ref: Reference, token: Token) -> None:
    """Stand there until it happens; what only its activity or scope can bring about is `attached`."""
    at, view = token.at, token.scope.view()
    token.kind = KINDS.get(at.event or "", "attached")
    if at.type == "receiveTask":
        token.kind = "message"
    if at.message is not None:
        token.name, token.key = at.message[0], str(ref.value(at.message[1] or "", view))
    elif at.event == "signal":
        token.name = ref.value(at.signal or "", view)
    elif at.event == "timer":
        assert at.timer is not None
        _set(token, at.timer[0], ref.value(at.timer[1], view), ref.now)


def _set(token: Token, kind: str, text: str, now: int) -> None:
    if kind == "date":
        token.due, token.rounds = to_microseconds(parse_instant(text)), 1
        return
    read = re.fullmatch(r"(?:R(\d*)/)?PT(\d+)S", text)
    assert read is not None, f"this interpreter reads PT<n>S and R<n>/PT<n>S, found {text}"
    token.rounds = None if kind == "cycle" and not read[1] else int(read[1] or 1)
    token.due = now + int(read[2]) * 1_000_000


def look(ref: Reference) -> bool:
    """Let the first conditional event happen whose condition has come true since it was last seen to be false."""
    waiting = sorted((token for token in ref.tokens() if token.kind == "condition"), key=lambda token: token.number)
    true = [token for token in waiting if ref.value(token.at.condition or "", token.scope.view()) is True]
    for token in waiting:
        token.held = token.held and token in true
    risen = next((token for token in true if not token.held), None)
    if risen is None:
        return False
    risen.held = True
    happen(ref, risen, {})
    return True


def take(ref: Reference) -> bool:
    """Give a message of the inbox to whoever has waited longest for it."""
    waiting = [token for token in ref.tokens() if token.kind in ("message", "callback")]
    ref.inbox = [sent for sent in ref.inbox if sent.until > ref.now]
    for token in sorted(waiting, key=lambda token: token.number):
        for sent in ref.inbox:
            if (sent.name, sent.key) == (token.name, token.key):
                ref.inbox.remove(sent)
                happen(ref, token, sent.variables)
                return True
    return False


def come_due(ref: Reference) -> bool:
    """Let happen all that is due by now."""
    due = [token for token in ref.tokens() if token.due is not None and token.due <= ref.now]
    for token in sorted(due, key=lambda token: (token.due, token.number)):
        if token.over:
            continue
        if token.kind == "retry":
            activities.ask(ref, token)
        else:
            happen(ref, token, {})
    return bool(due)


def broadcast(ref: Reference, name: str, variables: dict[str, Any]) -> None:
    waiting = [token for token in ref.tokens() if token.kind == "signal" and token.name == name]
    for token in sorted(waiting, key=lambda token: token.number):
        if not token.over:
            happen(ref, token, variables)


def happen(ref: Reference, token: Token, values: dict[str, Any]) -> None:
    """What the token waited for has come."""
    if token.host is not None:
        _at_border(ref, token, token.host, values)
    elif token in token.frame.listeners:
        _in_event_sub(ref, token, values)
    else:
        activities.finish(ref, token, values)


def _at_border(ref: Reference, guard: Token, host: Token, values: dict[str, Any]) -> None:
    ref.write(guard, values)
    if guard.at.interrupting:
        ref.cancel(host)
    _again(guard)
    ref.completed[guard.at.id] += 1
    for flow in guard.at.outgoing:
        ref.put(guard.frame.diagram.elements[guard.frame.diagram.flows[flow].target], guard.frame, flow)
    ref.look_for_end(guard.frame)


def _again(token: Token) -> None:
    """What does not interrupt stands by for the next time; a timer for as often as it was told."""
    if token.kind != "timer" or token.due is None or token.at.timer is None:
        return
    token.rounds = None if token.rounds is None else token.rounds - 1
    if token.rounds == 0:
        token.over = True
        if token.host is not None:
            token.host.guards.remove(token)
        elif token in token.frame.listeners:
            token.frame.listeners.remove(token)
    else:
        _, _, seconds = token.at.timer[1].rpartition("PT")
        token.due += int(seconds.removesuffix("S")) * 1_000_000


def _in_event_sub(ref: Reference, listener: Token, values: dict[str, Any]) -> None:
    frame, start = listener.frame, listener.at
    if start.interrupting:
        for token in list(frame.tokens):
            ref.cancel(token)
        for other in frame.listeners:
            other.over = True
        frame.listeners.clear()
    else:
        _again(listener)
    ref.put(frame.diagram.elements[start.parent], frame).brought = values


def _throw(ref: Reference, token: Token) -> None:
    at = token.at
    if at.inputs:
        token.scope = Variables(token.frame.variables)
        for source, target in at.inputs:
            token.scope[target] = ref.value(source, token.scope.view())
    match at.event:
        case "message" if at.handler is not None:
            activities.ask(ref, token)
        case "message":
            publish(ref, token)
            ref.leave(token)
        case "signal":
            broadcast(ref, ref.value(at.signal or "", token.scope.view()), _brought(token))
            _go_on(ref, token)
        case "error":
            throw_error(ref, token, ref.value(at.error_code or "", token.scope.view()), _brought(token))
        case "escalation":
            _escalate(ref, token)
        case "link":
            ref.put(link_target(token.frame, at), token.frame)
            ref.leave(token)
        case "terminate":
            _terminate(ref, token)
        case "compensate":
            compensation.throw(ref, token)
        case "cancel":
            compensation.cancel(ref, token)
        case _:
            ref.leave(token)


def _brought(token: Token) -> dict[str, Any]:
    """What a throwing event sends: its inputs."""
    return {target: token.scope[target] for _, target in token.at.inputs}


def _go_on(ref: Reference, token: Token) -> None:
    if not token.over:  # what it threw may have ended the scope that it was in
        ref.leave(token)


def publish(ref: Reference, token: Token) -> None:
    sent = token.at.publishes
    assert sent is not None
    view = token.scope.view()
    lives_s = int(sent.time_to_live[1:-1]) * 86_400 if sent.time_to_live is not None else 0  # P<n>D
    name, key = ref.value(sent.name, view), str(ref.value(sent.key or "", view))
    ref.inbox.append(Sent(name, key, _brought(token), ref.now + lives_s * 1_000_000))


def link_target(frame: Frame, thrown: Element) -> Element:
    inner = frame.diagram.inside(thrown.parent)
    return next(each for each in inner if each.type == "intermediateCatchEvent" and each.link == thrown.link)


def _terminate(ref: Reference, token: Token) -> None:
    ref.drop(token)
    ref.completed[token.at.id] += 1
    for other in list(token.frame.tokens):
        ref.cancel(other)
    ref.look_for_end(token.frame)


def throw_error(ref: Reference, token: Token, code: str, detail: dict[str, Any]) -> None:
    """Uncaught, it is an incident where it was thrown."""
    found = _catcher(token, "error", code)
    if found is None:
        token.kind = "incident"
    else:
        happen(ref, found, {**detail, "errorCode": code} if found.at.outputs else detail)


def _escalate(ref: Reference, token: Token) -> None:
    """Uncaught, the flow goes on as if nothing had been thrown."""
    code = ref.value(token.at.escalation_code or "", token.scope.view())
    found = _catcher(token, "escalation", code)
    if found is not None:
        happen(ref, found, _brought(token))
    _go_on(ref, token)


def _catcher(thrower: Token, event: str, code: str) -> Token | None:
    """The nearest that catches it: on the activity, in the scope, on the activity around it, and so on outwards."""
    at: Token | None = thrower
    while at is not None:
        for near in (at.guards, at.frame.listeners):
            catching = [each for each in near if not each.over and each.at.event == event]
            for wanted in (code, None):
                for each in catching:
                    if wanted == (each.at.error_code if event == "error" else each.at.escalation_code):
                        return each
        at = at.frame.owner
    return None
