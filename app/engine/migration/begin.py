"""What is new in the version that an instance has moved to begins; what it no longer knows has ended before."""

from dataclasses import dataclass
from typing import Any

from app.engine.migration.obstacles import chosen_by, is_dropped, own_workflows
from app.engine.migration.plan import Plan, chooser_of
from app.engine.migration.renaming import Renaming, is_own
from app.engine.migration.rows import attached
from app.engine.spiff.activities import HandlerTask
from app.engine.spiff.branches import Branch
from app.engine.spiff.events import EventSubProcess
from app.engine.spiff.gateways import ParallelGateway
from app.engine.spiff.index import COMPLETED, WAITING, Node, SubTree
from app.engine.spiff.live import Live


@dataclass(frozen=True)
class Chosen:
    """An event that the new version waits for at an event-based gateway where a token stands."""

    inside: int
    parent: int
    spec: str
    branch: str
    counters: tuple[int, ...]


def drop_listeners(plan: Plan, live: Live) -> bool:
    """End the tokens of events that the new version does not know; False if there are none."""
    dropped = [node for node in live.tree.nodes() if is_dropped(plan, node)]
    for node in dropped:
        node.cancel()
    return bool(dropped)


def find_chosen(plan: Plan, live: Live, renaming: Renaming) -> list[Chosen]:
    """Of an instance in the old version, before anything of it is dropped."""
    groups: dict[tuple[int, str], Node] = {}
    for node in live.tree.nodes():
        if is_own(node.workflow) and (chooser := plan.elements.get(chosen_by(plan, node) or "")) is not None:
            groups.setdefault((node._up.id, chooser), node)
    new = plan.target.diagram
    return [
        Chosen(
            node.workflow.owner.id if isinstance(node.workflow, SubTree) else 0,
            parent,
            each.id,
            renaming.path(node.branch.path) if node.branch is not None else "",
            node.branch.counters if node.branch is not None else (),
        )
        for (parent, chooser), node in groups.items()
        for each in new.elements.values()
        if chooser_of(new, each) == chooser and each.id not in plan.targets
    ]


def begin_anew(plan: Plan, live: Live, chosen: list[Chosen]) -> None:
    """In the loaded new version: listen for what is new, go on where nothing is left to wait for."""
    for event in chosen:
        _wait_for_chosen(live, event)
    for workflow in own_workflows(live):
        for node in workflow.tokens():
            _stand_by(plan, node)
            _offer_again(live, node)
        _listen(plan, workflow)
        for node in workflow.tokens():
            if node._state == WAITING and isinstance(node.task_spec, ParallelGateway):
                node.task_spec.arrive_again(node)


def _wait_for_chosen(live: Live, event: Chosen) -> None:
    workflow: Any = live.tree
    if event.inside:
        owner = live.tree.find(event.inside)
        assert owner is not None  # nosec B101  # states an invariant
        workflow = live.tree.subprocesses.get(event.inside) or owner.task_spec.open_inside(owner)
    parents = {node._up.id: node._up for node in workflow.tokens() if node._up is not None}
    parent = parents.get(event.parent)
    if parent is None:
        parent = Node(workflow, workflow.spec.start, id=event.parent)
        parent._state = COMPLETED
    node = Node(workflow, workflow.spec.task_specs[event.spec], parent)
    node.branch = Branch(event.branch, event.counters) if event.branch else None
    node._ready()


def _stand_by(plan: Plan, host: Node) -> None:
    """Begin the boundary events that are new; one that has a counterpart goes on, or has happened already."""
    for element in attached(plan, host.task_spec.bpmn_id):
        if element.id not in plan.targets:
            node = Node(host.workflow, host.workflow.spec.task_specs[element.id], host._up)
            node.branch = host.branch
            node._ready()


def _listen(plan: Plan, workflow: Any) -> None:
    """Stand by for new event sub-processes, unless one has interrupted what they would listen to."""
    listeners = workflow.spec.listeners
    running = {node.task_spec for node in workflow.open.values() if isinstance(node.task_spec, EventSubProcess)}
    if any(listener.interrupting and listener.event_sub in running for listener in listeners):
        return
    for listener in listeners:
        if listener.bpmn_id not in plan.targets:
            Node(workflow, listener)._ready()


def _offer_again(live: Live, node: Node) -> None:
    """A step that nobody has tried yet and that another handler does now: its inputs are that one's."""
    spec, wait = node.task_spec, node.wait
    untried = isinstance(spec, HandlerTask) and wait is not None and wait.step_key is not None and wait.attempt == 0
    if not untried or wait.name == spec.handler:
        return
    node.internal_data.pop("scope", None)
    if wait.kind == "incident":  # until it is retried
        wait.step_key = None
        live.tree.changed[node.id] = node
    else:
        live.resume(node)
