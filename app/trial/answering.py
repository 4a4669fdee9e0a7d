"""Who answers for the handlers of a trial: made-up results, written ones or those of a past order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import sqlalchemy as sa

from app.engine import queries
from app.engine.outcomes import Attempted, Failed
from app.engine.steps import ClaimedStep
from app.handling.contract import Done, Refused, Waiting
from app.handling.registry import Handler
from app.trial.answers import Answer, stub

UNDO = "!undo"  # ends the place of a step that takes work back
MOST_CALLS = 50


class Answering(Protocol):
    """What the next attempt at a place comes to. `place` is an element's id; of a called process, `process/element`."""

    def answer(self, place: str, step: ClaimedStep, handler: Handler) -> Answer: ...


class Stubs:
    """Every handler is done, with outputs of the types that it documents."""

    def answer(self, place: str, step: ClaimedStep, handler: Handler) -> Answer:
        return stub(handler, undo=step.undoes is not None)


class Written:
    """By place, attempt by attempt; the last one again when there is no other. What is not written is made up."""

    def __init__(self, results: Mapping[str, Sequence[Answer]], otherwise: Answering | None = None) -> None:
        self._ahead = {place: list(answers) for place, answers in results.items() if answers}
        self._otherwise = otherwise or Stubs()

    def answer(self, place: str, step: ClaimedStep, handler: Handler) -> Answer:
        ahead = self._ahead.get(place)
        if ahead is None:
            return self._otherwise.answer(place, step, handler)
        return ahead.pop(0) if len(ahead) > 1 else ahead[0]


def answer_of(outcome: Attempted) -> Answer:
    match outcome:
        case Done(outputs=outputs):
            return Answer("done", outputs)
        case Refused(code=code, message=message, detail=detail):
            return Answer("refused", code=code, message=message, detail=detail)
        case Waiting(message=name, key=key):
            return Answer("waiting", code=name, key=key)
        case Failed(code=code, message=message, retry=retry):
            return Answer("failed", code=code, message=message, retry=retry)
    return Answer("failed", code="TimedOut")


def recorded(connection: sa.Connection, instance_id: str) -> dict[str, list[Answer]]:
    """What the handlers of a past order came to, attempt by attempt, as far as its history has it."""
    instance = queries.get_instance(connection, instance_id, waits=False)
    found: dict[str, list[Answer]] = {}
    _record(connection, instance.id, 0, "", found)
    return found


def _record(
    connection: sa.Connection, instance_id: str, call: int, before: str, found: dict[str, list[Answer]]
) -> None:
    steps = queries.list_steps(connection, instance_id, call=call)
    elements = dict.fromkeys(step.element_id for step in steps if step.step_key is not None)
    for element_id in elements:
        visits = queries.list_steps(connection, instance_id, call=call, element_id=element_id)
        answers = [answer for visit in visits for answer in _of_visit(visit)]
        if answers:
            found.setdefault(before + element_id, []).extend(answers)
    for called in queries.list_calls(connection, instance_id, call, MOST_CALLS):
        _record(connection, instance_id, called.number, f"{called.process_id}/", found)


def _of_visit(visit: queries.StepView) -> list[Answer]:
    tried = [
        Answer(each.kind, code=each.code, message=each.message or "")
        for each in visit.tries
        if each.kind in ("refused", "failed") and each.code
    ]
    return [*tried, Answer("done", visit.outputs)] if visit.done and isinstance(visit.outputs, dict) else tried
