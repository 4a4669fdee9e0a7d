"""Multi-instance as Camunda 8 has it: a body that holds one instance of the activity for each item."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.reference.tokens import Frame, Token, Variables

if TYPE_CHECKING:
    from tests.reference.interpreter import Reference


def begin(ref: Reference, token: Token) -> None:
    loop = token.at.loop
    assert loop is not None
    items = ref.value(loop.input_collection, token.scope.view())
    token.kind = "child"
    body = Frame(token.frame.diagram, "", token, Variables(token.frame.variables))
    body.variables.update({"": items})  # no name in a diagram is empty
    token.inside = [body]
    if loop.output_collection is not None:
        body.variables[loop.output_collection] = [None] * len(items)
    for turn in range(min(len(items), 1) if loop.sequential else len(items)):
        _turn(ref, token, body, turn)
    ref.look_for_end(body)


def _turn(ref: Reference, owner: Token, body: Frame, turn: int) -> None:
    loop = owner.at.loop
    assert loop is not None
    token = ref.put(owner.at, body)
    token.turn, token.scope = turn, Variables(body.variables, {"loopCounter": turn + 1})
    if loop.input_element is not None:
        token.scope[loop.input_element] = body.variables[""][turn]
    named = re.fullmatch(r"=\s*(\w+)(\.\w+)*\s*", loop.output_element or "")
    if named is not None:
        token.scope.setdefault(named[1], None)


def turn_done(ref: Reference, token: Token) -> None:
    """One instance is done: its output, and whether that is enough."""
    loop, body, owner = token.at.loop, token.frame, token.frame.owner
    assert loop is not None
    assert owner is not None
    assert token.turn is not None
    if loop.output_collection is not None and loop.output_element is not None:
        collected = list(body.variables[loop.output_collection])
        collected[token.turn] = ref.value(loop.output_element, token.scope.view())
        body.variables[loop.output_collection] = collected
    items = body.variables[""]
    owner.rounds = (owner.rounds or 0) + 1
    if loop.completion_condition is not None:
        counts = {
            "numberOfInstances": token.turn + 1 if loop.sequential else len(items),  # those that were begun
            "numberOfActiveInstances": len(body.tokens),
            "numberOfCompletedInstances": owner.rounds,
            "numberOfTerminatedInstances": 0,
        }
        if ref.value(loop.completion_condition, {**token.scope.view(), **counts}) is True:
            for other in list(body.tokens):
                ref.cancel(other)
            return
    if loop.sequential and token.turn + 1 < len(items):
        _turn(ref, owner, body, token.turn + 1)


def finish(ref: Reference, owner: Token, body: Frame) -> None:
    """All instances are done: what they gave goes out as a whole."""
    loop = owner.at.loop
    assert loop is not None
    if loop.output_collection is not None:
        owner.frame.variables.put(loop.output_collection, body.variables[loop.output_collection])
    ref.leave(owner)
