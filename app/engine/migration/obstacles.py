"""What keeps one instance from moving."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from app.engine.migration.arrivals import find_arrivals, starving_joins
from app.engine.migration.plan import Plan, chooser_of
from app.engine.migration.renaming import is_own, iterates
from app.engine.spiff.branches import BESIDE, segments
from app.engine.spiff.compensation import Compensation
from app.engine.spiff.events import StandBy
from app.engine.spiff.index import Node, SubTree
from app.engine.spiff.live import Live

RUNNING = "running"
CODES = (RUNNING, "no_counterpart", "other_handler", "branch", "arrival", "join", "compensation")


@dataclass(frozen=True)
class Obstacle:
    """`code` is one of CODES; `message` says what would help."""

    code: str
    element_id: str
    message: str


def find_obstacles(plan: Plan, live: Live) -> list[Obstacle]:
    """Everything that stands in the way; nothing is changed."""
    found = list(_of_start(plan, live))
    for node in live.tree.nodes():
        if node.wait is not None and node.wait.kind == "claim":
            message = f"A handler runs for '{node.task_spec.bpmn_id}'. Wait until it has answered."
            found.append(Obstacle(RUNNING, node.task_spec.bpmn_id, message))
        if is_own(node.workflow) and not _takes_back(node.workflow):
            found += _of_node(plan, node)
    found += chain.from_iterable(_of_arrivals(plan, workflow) for workflow in own_workflows(live))
    if all(each.code == RUNNING for each in found):  # it is known where every token goes
        found += chain.from_iterable(_of_joins(plan, workflow) for workflow in own_workflows(live))
    return found


def _of_start(plan: Plan, live: Live) -> Iterator[Obstacle]:
    """An instance that no worker has seen yet begins in the new version."""
    if live.begun:
        return
    begins_at = live.start_element or plan.source.process.start.bpmn_id
    start = plan.target.diagram.elements[plan.target.process.start.bpmn_id]
    if live.start_element is None and start.event is not None:
        message = f"It begins at '{begins_at}', and the new version begins only with events. Wait until it has begun."
        yield Obstacle("no_counterpart", begins_at, message)
    elif live.start_element is not None and live.start_element not in plan.elements:
        yield _no_counterpart(plan, begins_at)


def _takes_back(workflow: Any) -> bool:
    owner = getattr(workflow, "owner", None)
    return owner is not None and (isinstance(owner.task_spec, Compensation) or _takes_back(owner.workflow))


def own_workflows(live: Live) -> list[Any]:
    """The process and its sub-processes that run."""
    known = (live.tree, *live.tree.subprocesses.values())
    return [workflow for workflow in known if is_own(workflow) and not iterates(workflow)]


def is_dropped(plan: Plan, node: Node) -> bool:
    """Does it stop to listen? So do events without a counterpart whose surroundings have one."""
    if node.task_spec.bpmn_id in plan.elements or not is_own(node.workflow):
        return False
    return isinstance(node.task_spec, StandBy) or chosen_by(plan, node) in plan.elements


def chosen_by(plan: Plan, node: Node) -> str | None:
    """The event-based gateway, in the old version, at which the token waits for one of several events."""
    return chooser_of(plan.source.diagram, plan.source.diagram.elements[node.task_spec.bpmn_id])


def _of_node(plan: Plan, node: Node) -> Iterator[Obstacle]:
    element_id = node.task_spec.bpmn_id
    goes_to = plan.elements.get(element_id)
    if goes_to is None:
        if not is_dropped(plan, node):
            yield _no_counterpart(plan, element_id)
        return
    if isinstance(node.task_spec, Compensation):
        message = f"What was done is being taken back for '{element_id}'. Wait until that has ended."
        yield Obstacle("compensation", element_id, message)
    yield from _of_handler(plan, node, goes_to)
    for segment in segments(node.path):
        split, _, rest = segment.partition("#")
        known = plan.target.diagram.elements.keys() if BESIDE in rest else ()
        if split not in plan.elements and (BESIDE not in rest or split in known):
            why = plan.unfit.get(split, "the new version has no such element")
            message = f"'{element_id}' is on a branch of '{split}', which has no counterpart: {why}. Map '{split}'."
            yield Obstacle("branch", element_id, message)


def _no_counterpart(plan: Plan, element_id: str) -> Obstacle:
    why = plan.unfit.get(element_id)
    if why is None:
        mapped = element_id in plan.given
        why = "the mapping gives it none" if mapped else "the new version has no element of that id"
    message = f"A token stands at '{element_id}', which has no counterpart: {why}. Map it, or move the token first."
    return Obstacle("no_counterpart", element_id, message)


def _of_handler(plan: Plan, node: Node, goes_to: str) -> Iterator[Obstacle]:
    """A step that may have been done must not be somebody else's under the same key."""
    element_id = node.task_spec.bpmn_id
    before = plan.source.diagram.elements[element_id].handler
    after = plan.target.diagram.elements[goes_to].handler
    if before != after and node.wait is not None and node.wait.attempt > 0:
        message = (
            f"'{before}' was already asked to do '{element_id}', which '{after}' does in the new version. "
            "Let it end, or skip it first."
        )
        yield Obstacle("other_handler", element_id, message)


def _of_arrivals(plan: Plan, workflow: Any) -> Iterator[Obstacle]:
    for element_id, source in find_arrivals(plan, workflow).lost:
        message = (
            f"A branch has come to '{element_id}' from '{source}', which no longer leads there. "
            f"Map the flow that it came by to a flow of the new version to '{plan.elements[element_id]}'."
        )
        yield Obstacle("arrival", element_id, message)


def _of_joins(plan: Plan, workflow: Any) -> Iterator[Obstacle]:
    """Joins that a token will come to, or has come to, and that would wait for one that cannot come."""
    places = [place for node in workflow.tokens() for place in (node.task_spec.bpmn_id, chosen_by(plan, node) or "")]
    standing = {plan.elements[place] for place in places if place in plan.elements}
    arrived = Counter(find_arrivals(plan, workflow).places())
    scope = plan.elements[workflow.owner.task_spec.bpmn_id] if isinstance(workflow, SubTree) else plan.source.process_id
    for join, source in starving_joins(plan.target.diagram, scope, standing, arrived):
        message = (
            f"'{join}' of the new version would wait for ever: nothing of this instance comes to it from '{source}'. "
            "Migrate before the branches split, or after they have joined."
        )
        yield Obstacle("join", join, message)
