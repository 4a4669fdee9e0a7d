"""Taking completed work back, and cancelling a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.engine.diagram import INNER
from tests.reference import activities, events
from tests.reference.tokens import Done, Frame, Token, Variables

if TYPE_CHECKING:
    from tests.reference.interpreter import Reference


def remember(token: Token) -> None:
    """An element has done its work: keep what could take it back.

    What is drawn for a multi-instance activity takes all of it back; the undo of a handler, each instance.
    """
    at, frame = token.at, token.frame
    if at.for_compensation or token.is_undo:
        return
    elements = frame.diagram.elements.values()
    borders = [each for each in elements if each.attached_to == at.id and each.event == "compensate"]
    by = frame.diagram.elements[borders[0].compensated_by or ""] if borders and token.turn is None else None
    inside: list[Done] = []
    known: dict[str, Any] = {}
    if at.type in INNER:
        inside = [done for each in token.inside for done in each.done]
        known = {name: value for each in token.inside for name, value in each.variables.items()}
    elif at.loop is not None and token.turn is None:
        inside = [done for each in token.inside for done in each.done]
    if by is not None or token.can_undo or inside:
        frame.done.append(Done(at, by, token.can_undo, inside, known))


def throw(ref: Reference, token: Token) -> None:
    """Take back what is completed in the scope; from within an event sub-process, then in the scope around that too."""
    frame = token.frame
    token.kind = "child"
    while True:
        chosen = [done for done in frame.done if token.at.compensates in (None, done.at.id)]
        frame.done = [done for done in frame.done if done not in chosen]
        token.undoing += _last_first(chosen, {})
        if frame.owner is None or not frame.owner.at.is_event_sub:
            break
        frame = frame.owner.frame
    go_on(ref, token)


def _last_first(done: list[Done], known: dict[str, Any]) -> Iterator[tuple[Done, dict[str, Any]]]:
    """With what the sub-process around each knew when it was done."""
    for each in reversed(done):
        if each.by is None and not each.undo:
            yield from _last_first(each.inside, {**known, **each.known})
        else:
            yield each, known


def go_on(ref: Reference, token: Token) -> None:
    """Take back the next one, or go on when all is taken back."""
    if token.undoing:
        done, known = token.undoing.pop(0)
        frame = Frame(token.frame.diagram, "", token, Variables(token.frame.variables, known))
        token.inside = [frame]
        if done.by is not None:
            ref.put(done.by, frame)
        else:
            undo = ref.put(done.at, frame, kind="job")
            undo.is_undo = True
            activities.ask(ref, undo)
    elif token.at.event == "cancel":
        _leave_transaction(ref, token)
    else:
        ref.leave(token)


def cancel(ref: Reference, token: Token) -> None:
    """End all else in the transaction and take back what is completed in it."""
    frame = token.frame
    for other in list(frame.tokens):
        if other is not token:
            ref.cancel(other)
    for listener in frame.listeners:
        listener.over = True
    frame.listeners.clear()
    token.kind, token.undoing, frame.done = "child", list(_last_first(frame.done, {})), []
    go_on(ref, token)


def _leave_transaction(ref: Reference, token: Token) -> None:
    """By the cancel boundary event; a multi-instance transaction is cancelled as a whole."""
    owner = token.frame.owner
    assert owner is not None
    if owner.turn is not None:
        owner = owner.frame.owner
        assert owner is not None
    events.happen(ref, next(guard for guard in owner.guards if guard.at.event == "cancel"), {})
