"""What the rows of an instance do not say, told to whoever tries a flow out; nobody listens to those of orders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.engine.spiff.faults import FlowFault
from app.engine.spiff.index import Node
from app.engine.spiff.mapping import Source


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition, what it read, and what came of it. `number` is the token that stands there, `target` where a
    gateway's flow leads, empty for an event that happens when its condition becomes true and for a loop that it ends.

    `fault` says why there is no value.
    """

    instance_id: str
    number: int
    definition_id: str
    element_id: str
    target: str
    condition: str
    read: dict[str, Any]
    value: Any
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """An activity with boundary events begins: they are children of the token `number`, and `came_from` led there."""

    instance_id: str
    number: int
    came_from: str


Watch = Callable[[Asked | Begun], None]


def begin(node: Node) -> None:
    """`node` starts an activity together with its boundary events."""
    live = node.workflow.top_workflow.live
    if live.watch is not None and node.parent is not None:
        live.watch(Begun(live.instance_id, node.id, node.parent.task_spec.bpmn_id))


def ask(node: Node, condition: Source, target: str, view: Mapping[str, Any], clock: Clock) -> Any:
    """The condition's value. A conditional event asks again each time that others have moved."""
    live = node.workflow.top_workflow.live
    if live.watch is None:
        return condition.value(view, clock)
    names = condition.expression.names if condition.expression else ()
    read = {name: view.get(name) for name in sorted(names)}
    place = (live.instance_id, node.id, node.workflow.definition_id, node.task_spec.bpmn_id)
    asked = (*place, target.partition(" ")[0], condition.literal, read)
    try:
        value = condition.value(view, clock)
    except FlowFault as error:
        live.watch(Asked(*asked, None, error.message))
        raise
    live.watch(Asked(*asked, value))
    return value
