"""Taking completed work back, and cancelling a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.reference import events
from tests.reference.tokens import ACTIVITIES, Done, Frame, Token

if TYPE_CHECKING:
    from tests.reference.interpreter import Reference


def remember(token: Token) -> None:
    """An activity is completed: keep what could take it back. A multi-instance activity counts as one."""
    at, frame = token.at, token.frame
    if at.type not in ACTIVITIES or at.for_compensation or token.turn is not None:
        return
    elements = frame.diagram.elements
    borders = [each for each in elements.values() if each.attached_to == at.id and each.event == "compensate"]
    by = elements[borders[0].compensated_by or ""] if borders else None
    inside = [done for each in token.inside for done in each.done] if at.call is None and at.loop is None else []
    if by is not None or token.can_undo or inside:
        frame.done.append(Done(at, by, token.can_undo, inside))


def throw(ref: Reference, token: Token) -> None:
    """Take back what is completed in the scope; from within an event sub-process, in the scope around that."""
    frame = _compensated(token)
    chosen = [done for done in frame.done if token.at.compensates in (None, done.at.id)]
    frame.done = [done for done in frame.done if done not in chosen]
    token.kind, token.undoing = "compensation", list(_last_first(chosen))
    go_on(ref, token)


def _compensated(token: Token) -> Frame:
    frame = token.frame
    while frame.owner is not None and frame.owner.at.is_event_sub:
        frame = frame.owner.frame
    return frame


def _last_first(done: list[Done]) -> Iterator[Done]:
    for each in reversed(done):
        if each.by is None and not each.undo:
            yield from _last_first(each.inside)
        else:
            yield each


def go_on(ref: Reference, token: Token) -> None:
    """Take back the next one, or go on when all is taken back."""
    if token.undoing:
        done = token.undoing.pop(0)
        undoer = ref.put(done.by or done.at, _compensated(token), kind=None if done.by is not None else "undo")
        undoer.undoes_for = token
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
    token.kind, token.undoing, frame.done = "compensation", list(_last_first(frame.done)), []
    go_on(ref, token)


def _leave_transaction(ref: Reference, token: Token) -> None:
    ref.completed[token.at.id] += 1
    owner = token.frame.owner
    assert owner is not None
    if owner.turn is not None:
        owner = owner.frame.owner
        assert owner is not None
    events.happen(ref, next(guard for guard in owner.guards if guard.at.event == "cancel"), {})
