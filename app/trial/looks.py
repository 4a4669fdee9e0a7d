"""What a trial has come to, for whoever looks at it: the path, what is waited for, what conditions said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.engine import queries
from app.engine.diagram import Diagram
from app.engine.queries import PassageView
from app.engine.steps import ClaimedStep
from app.trial.answers import Answer, stub
from app.trial.laboratory import Notice
from app.trial.trial import Trial

# What nobody outside can do anything about: boundary events for errors stand by as `attached`
BESIDE = frozenset({"claim", "child", "join", "job", "held", "attached"})
NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class PendingView:
    """A step that waits for its answer. `refusals` are the codes that its handler documents."""

    place: str
    element_id: str
    handler: str
    inputs: dict[str, Any]
    attempt: int
    refusals: tuple[str, ...]


@dataclass(frozen=True)
class StandingView:
    """What is waited for from outside. `name` and `key` are a message's; `error` why a step fell out."""

    place: str
    element_id: str
    kind: str
    name: str | None
    key: str | None
    due_at: datetime | None
    error: dict[str, Any] | None


@dataclass(frozen=True)
class ConditionView:
    """What a gateway asked about a flow, or an event or a loop about itself: there `target` is empty.

    `flow_id` is None where the diagram has several between the two.
    """

    place: str
    element_id: str
    flow_id: str | None
    target: str
    condition: str
    read: dict[str, Any]
    value: Any
    fault: str | None


@dataclass(frozen=True)
class TrialView:
    """`path` is what the tried process itself has passed, in order; `flows` what it took of its sequence flows.

    `coming` is what the laboratory will tell it.
    """

    process_id: str
    state: str
    now: datetime
    next_due: datetime | None
    answered: int
    pending: list[PendingView]
    standing: list[StandingView]
    conditions: list[ConditionView]
    path: list[str]
    flows: list[str]
    variables: dict[str, Any]
    others: int
    coming: list[Notice]


def look(trial: Trial) -> TrialView:
    """Everything, as it stands now."""
    scratch = trial.scratch
    diagram = scratch.needed.tried
    state, passages, variables = NOT_BEGUN, list[PassageView](), dict[str, Any]()
    if trial.instance_id is not None:
        with scratch.database.reading() as connection:
            state = queries.get_instance(connection, trial.instance_id).state
            passages = [each for each in scratch.passages(connection, trial.instance_id) if not each.call]
            found = queries.variables(connection, trial.instance_id)
        variables = {each.name: each.value for each in found if not each.scope}
    standing = list(_standing(trial))
    return TrialView(
        trial.process_id,
        state,
        scratch.clock.now(),
        trial.next_due(),
        trial.answered,
        [_pending(trial, step) for step in trial.pending],
        standing,
        list(_conditions(trial)),
        path_of(passages),
        sorted(flows_of(diagram, passages)),
        variables,
        len(trial.instances()) - (trial.instance_id is not None),
        list(trial.coming),
    )


def path_of(passages: Iterable[PassageView]) -> list[str]:
    """The elements that were completed, in the order in which they were entered."""
    return [each.element_id for each in passages if each.state == "completed"]


def reached(diagram: Diagram, passages: Iterable[PassageView]) -> list[PassageView]:
    """Without the events that did not happen: whose tokens ended with what they stood by, or still wait.

    An activity that was begun counts, whatever ended it.
    """
    return [each for each in passages if each.state == "completed" or not _is_event(diagram, each.element_id)]


def flows_of(diagram: Diagram, passages: Iterable[PassageView]) -> set[str]:
    """Which were taken. Of several between the same two elements, all: which of them it was is not recorded."""
    pairs = {(each.came_from, each.element_id) for each in reached(diagram, passages)}
    return {flow.id for flow in diagram.flows.values() if (flow.source, flow.target) in pairs}


def _is_event(diagram: Diagram, element_id: str) -> bool:
    element = diagram.elements.get(element_id)
    return element is not None and element.type.endswith("Event")


def _pending(trial: Trial, step: ClaimedStep) -> PendingView:
    handler = trial.scratch.registry.get(step.handler)
    refusals = () if handler is None else tuple(handler.about.refusals)
    place = trial.place_of(step)
    return PendingView(place, step.element_id, step.handler, step.inputs, step.attempt, refusals)


def suggest(trial: Trial) -> Answer | None:
    """What the first step that waits would be made up to answer."""
    if not trial.pending:
        return None
    step = trial.pending[0]
    handler = trial.scratch.registry.get(step.handler)
    return None if handler is None else stub(handler, undo=step.undoes is not None)


def _standing(trial: Trial) -> Iterator[StandingView]:
    for instance_id, token in trial.tokens():
        if token.kind is None or token.kind in BESIDE or token.element_id is None:
            continue
        place = trial.place(instance_id, token.element_id, token.call)
        error = token.error if token.kind in ("incident", "retry") else None
        due = token.due_at
        yield StandingView(place, token.element_id, token.kind, token.name, token.correlation, due, error)


def _conditions(trial: Trial) -> Iterator[ConditionView]:
    scratch = trial.scratch
    for asked in scratch.asked:
        process_id = scratch.definitions.get(asked.definition_id, trial.process_id)
        diagram = scratch.needed.diagram(process_id)
        flows = [] if diagram is None else list(diagram.flows.values())
        found = [each.id for each in flows if (each.source, each.target) == (asked.element_id, asked.target)]
        place = asked.element_id if process_id == trial.process_id else f"{process_id}/{asked.element_id}"
        flow_id = found[0] if len(found) == 1 else None
        facts = (asked.target, asked.condition, asked.read, asked.value, asked.fault)
        yield ConditionView(place, asked.element_id, flow_id, *facts)
