"""Activities: tasks, what runs inside another, and how each is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engine.diagram import INNER
from tests.reference import compensation, events, loops
from tests.reference.tokens import Frame, Token, Variables

if TYPE_CHECKING:
    from tests.reference.interpreter import Reference


def enter(ref: Reference, token: Token) -> None:
    """Arm the boundary events, then begin."""
    if token.turn is None and not token.guards:
        for each in ref.inner(token.frame):
            if each.attached_to == token.at.id and each.event != "compensate":
                guard = Token(next(ref.numbers), each, token.frame, token.frame.variables, host=token)
                token.guards.append(guard)
                events.wait(ref, guard)
    if token.at.loop is not None and token.turn is None:
        loops.begin(ref, token)
    else:
        begin(ref, token)


def begin(ref: Reference, token: Token) -> None:
    at, around = token.at, token.frame.variables
    if token.turn is None and (at.inputs or at.type in INNER):
        token.scope = Variables(around)
    for source, target in at.inputs:
        token.scope[target] = ref.value(source, token.scope.view())
    match at.type:
        case "serviceTask":
            ask(ref, token)
        case "sendTask" if at.handler is not None:
            ask(ref, token)
        case "sendTask":
            events.publish(ref, token)
            ref.leave(token)
        case "userTask":
            token.kind = "user_task"
        case "receiveTask":
            events.wait(ref, token)
        case "manualTask" | "task":
            ref.leave(token)
        case "scriptTask":
            assert at.script is not None
            finish(ref, token, {at.script[1]: ref.value(at.script[0], token.scope.view())})
        case "businessRuleTask":
            assert at.decision is not None
            assert ref.decide is not None
            finish(ref, token, {at.decision[1]: ref.decide(at.decision[0], token.scope.view())})
        case "callActivity":
            _call(ref, token)
        case _:
            _run_inside(ref, token, Frame(token.frame.diagram, at.id, token, token.scope))


def ask(ref: Reference, token: Token) -> None:
    """A handler is to do it."""
    if token.kind != "retry":
        ref.asked[token.at.id] += 1
    token.kind, token.due = "job", None


def finish(ref: Reference, token: Token, outputs: dict[str, Any]) -> None:
    """It is done, with these results; what was taken back has none."""
    if not token.is_undo:
        ref.write(token, outputs)
        token.can_undo = token.at.handler in ref.undoable
    ref.leave(token)


def _call(ref: Reference, token: Token) -> None:
    call = token.at.call
    assert call is not None
    diagram = ref.diagrams[ref.value(call.process, token.scope.view())]
    if call.passes_all_in:
        passed = token.scope.view()
    else:
        passed = {target: token.scope[target] for _, target in token.at.inputs}
    _run_inside(ref, token, Frame(diagram, diagram.process_id, token, Variables(None, passed)))


def _run_inside(ref: Reference, token: Token, frame: Frame) -> None:
    token.kind = "child"
    token.inside = [frame]
    starts = [each for each in ref.inner(frame) if each.type == "startEvent"]
    start = next(each for each in starts if token.at.is_event_sub or each.event is None)
    ref.begin(frame, start, token.brought)


def inside_done(ref: Reference, token: Token) -> None:
    """Nothing runs inside the token's activity any more."""
    frame, token.ended = token.ended, None
    assert frame is not None
    if token.at.event in ("compensate", "cancel"):
        compensation.go_on(ref, token)
        return
    if token.at.loop is not None and token.turn is None:
        loops.finish(ref, token, frame)
        return
    if token.at.outputs or (token.at.call is not None and token.at.call.passes_all_out):
        ref.write(token, frame.variables)
    ref.leave(token)
