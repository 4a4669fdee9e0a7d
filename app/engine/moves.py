"""What an operator does to one token by hand, or to all of them; each refuses what would break the instance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from app.core.errors import Conflict, NotFound
from app.engine import steps
from app.engine.instances import CANCELLED
from app.engine.spiff import places
from app.engine.spiff.base import end_siblings
from app.engine.spiff.events import EventSubProcess, StandBy
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.handling.registry import Registry

BY_HAND = frozenset(
    {"job", "held", "claim", "retry", "callback", "user_task", "message", "timer", "signal", "condition"}
)
_INSTEAD = {
    "incident": "It has fallen out: skip it, with the outputs that later steps need.",
    "child": "It waits for what runs inside it: complete that, move this token on, or rewind.",
    "join": "It waits for other branches: complete those, or move this token.",
    "attached": "It listens for what its activity throws, which only the activity itself can do.",
}


def standing(live: Live, number: int) -> Node:
    """The open token with that number; Conflict if the instance has ended, NotFound if the token has moved on."""
    check_open(live)
    node = live.tree.find(number)
    if node is None:
        raise NotFound(
            f"Instance {live.instance_id} has no open token {number}. It may have moved on: reload to see where it is."
        )
    return node


def check_open(live: Live) -> None:
    if live.ended:
        raise Conflict(f"Instance {live.instance_id} is {live.state}: nothing in it can be moved any more.")


def complete(live: Live, node: Node, outputs: dict[str, Any], by: str, registry: Registry) -> None:
    """Done by hand: the token moves on with these outputs. What a running handler brings is kept in the history."""
    kind = kind_of(node)
    if kind not in BY_HAND:
        instead = _INSTEAD.get(kind, f"It stands for '{kind}'.")
        raise Conflict(f"'{node.task_spec.bpmn_id}' cannot be completed by hand. {instead}")
    if kind == "callback":  # the handler's part is done, and can be undone
        steps.called_back(live, node, outputs, registry)
        return
    if kind in ("claim", "retry", "held"):
        live.leave_gate(node)
        live.change(node, "job")
    elif kind == "user_task":
        node.wait.claimed_by = by
    steps.settle(live, node, outputs)


def move(live: Live, node: Node, element_id: str) -> Node:
    """End the token where it stands, and begin another on an element of the same scope and branch."""
    workflow, process = node.workflow, node.workflow.spec
    here = node.task_spec.bpmn_id
    if isinstance(node.task_spec, StandBy | EventSubProcess):
        raise Conflict(f"'{here}' stands beside the flow. Move the token of its activity, or rewind.")
    if workflow.iterates:
        raise Conflict(f"This is one iteration of '{here}'. Complete or skip it, or move '{here}' as a whole.")
    if element_id not in process.task_specs:
        raise _not_here(live, node, element_id)
    why = places.why_not(process, element_id)
    if process.task_specs[element_id].element_type == "startEvent":
        why = f"'{element_id}' is a start event. Name the element after it, or rewind to it."
    if why is None and not places.on_one_branch(node, element_id):
        why = f"'{element_id}' is not on the parallel branch of '{here}': a join would wait for ever. Rewind instead."
    if why is not None:
        raise Conflict(why, path="$.elementId")
    check_idle(running_in(live, [node]))
    branch = node.branch
    take_away(node)
    live.rewinds += 1  # it may pass elements again
    return places.put(workflow, element_id, branch)


@dataclass(frozen=True)
class MovePlan:
    """What a move would do; with `refusals` it is not done. `ends` are the tokens that it would end."""

    number: int
    element_id: str
    ends: list[tuple[int, str, str]]  # number, element, what it waits for
    refusals: list[str]


def plan_move(live: Live, number: int, element_id: str) -> MovePlan:
    """Make the move in memory, where nothing is stored: `live` is of no use afterwards."""
    before = {node.id: (node.id, node.task_spec.bpmn_id, kind_of(node)) for node in live.tree.nodes()}
    try:
        move(live, standing(live, number), element_id)
    except (Conflict, NotFound) as refused:
        return MovePlan(number, element_id, [], [refused.message])
    after = {node.id for node in live.tree.nodes()}
    ends = [was for each, was in before.items() if each not in after and was[1] is not None]
    return MovePlan(number, element_id, ends, [])


def cancel(live: Live) -> None:
    """End every token. Results of handlers that run still come and are kept in the history."""
    if live.ended:
        raise Conflict(f"Instance {live.instance_id} is {live.state}: there is nothing to cancel.")
    live.tree.cancel()
    live.state, live.ended_at = CANCELLED, live.now


def kind_of(node: Node) -> str:
    return "join" if node.wait is None else str(node.wait.kind)


def take_away(node: Node) -> None:
    """End a token, with the boundary events of its activity or the other events of its gateway."""
    if node.task_spec.has_boundary:
        end_siblings(node)
    node.cancel()


def running_in(live: Live, nodes: Iterable[Node]) -> list[Node]:
    """Steps among them or inside them whose handlers run now."""
    numbers = {node.id for node in nodes}
    return [node for node in live.waiting("claim") if not numbers.isdisjoint(each.id for each in _outwards(node))]


def check_idle(running: list[Node]) -> None:
    if running:
        raise Conflict(why_busy(running))


def why_busy(running: list[Node]) -> str:
    names = ", ".join(f"'{node.task_spec.bpmn_id}' (token {node.id})" for node in running)
    return f"A handler runs: {names}. Wait for its result, or complete it by hand first."


def _outwards(node: Node) -> Iterator[Node]:
    """The node, the activity that it runs in, the activity around that."""
    at: Node | None = node
    while at is not None:
        yield at
        at = getattr(at.workflow, "owner", None)


def _not_here(live: Live, node: Node, element_id: str) -> Conflict | NotFound:
    scope = node.workflow.spec.name
    element = live.program.diagram.elements.get(element_id)
    if element is None:
        return NotFound(f"There is no element '{element_id}' in '{scope}'.", path="$.elementId")
    if element.for_compensation:
        return Conflict(f"'{element_id}' takes work back: no flow leads there.", path="$.elementId")
    return Conflict(
        f"'{element_id}' is not in '{scope}', where the token stands: it would leave its scope. "
        "Rewind to the sub-process as a whole, or move a token that stands there.",
        path="$.elementId",
    )
