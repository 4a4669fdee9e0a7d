"""One instance, moved: its rows are rewritten, loaded in the new version, and what is new there begins.

After `rewrite` the database holds what the loader of the new version expects, and all that follows are the engine's
ordinary moves. The caller's transaction holds both: another process sees the instance before or after, never between.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.engine.diagram import Element
from app.engine.migration.arrivals import find_arrivals
from app.engine.migration.obstacles import chosen_by, is_dropped, is_own, own_workflows, scope_of
from app.engine.migration.plan import Plan, chooser_of
from app.engine.migration.renaming import Renaming, owner_number
from app.engine.spiff.activities import HandlerTask
from app.engine.spiff.base import scopes_of
from app.engine.spiff.branches import Branch
from app.engine.spiff.events import EventSubProcess
from app.engine.spiff.gateways import ParallelGateway
from app.engine.spiff.index import COMPLETED, WAITING, Node
from app.engine.spiff.live import Live, Outcome
from app.engine.tables import incident, process_instance, token, variable

OPEN_INCIDENT = ("open", "acted_on")


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
            owner_number(node.workflow),
            parent,
            each.id,
            renaming.branch(node),
            node.branch.counters if node.branch is not None else (),
        )
        for (parent, chooser), node in groups.items()
        for each in new.elements.values()
        if chooser_of(new, each) == chooser and each.id not in plan.targets
    ]


def rewrite(tx: Transaction, plan: Plan, live: Live, renaming: Renaming) -> None:
    """Give the rows of the instance the new version's names; nothing that is done is touched."""
    sources: dict[int, str] = {}
    for workflow in own_workflows(live):
        if plan.scope(scope_of(plan, workflow)) is not None:
            sources |= find_arrivals(plan, workflow).sources
    of_instance = token.c.instance_id == live.instance_id
    stored = tx.connection.execute(sa.select(token.c.number, token.c.internal).where(of_instance, token.c.open == 1))
    internals = {row.number: row.internal for row in stored}
    for node in live.tree.nodes():
        changed: dict[str, Any] = {"internal": renaming.internal(node, internals[node.id], sources)}
        if is_own(node.workflow):
            changed |= _names(plan, node)
            if _gains_boundary(plan, node):  # tokens of one parent are an activity and its boundary events
                changed["parent"] = live.tree.next_number
                live.tree.next_number += 1
        tx.connection.execute(sa.update(token).where(of_instance, token.c.number == node.id).values(changed))
    _rewrite_variables(tx, live, renaming)
    _rewrite_incidents(tx, plan, live, renaming)
    tx.connection.execute(
        sa.update(process_instance)
        .where(process_instance.c.id == live.instance_id)
        .values(
            definition_id=plan.target.definition_id,
            version=plan.target.version,
            next_number=live.tree.next_number,
            rewinds=process_instance.c.rewinds + 1,  # the new version may come again to what the old one has done
        )
    )


def _names(plan: Plan, node: Node) -> dict[str, Any]:
    before = node.task_spec.bpmn_id
    after = plan.elements[before]
    changed: dict[str, Any] = {"element_id": after, "spec": after + node.task_spec.name.removeprefix(before)}
    if node.wait is not None and node.wait.kind == "attached":  # it listens for what the new version says
        element = plan.target.diagram.elements[after]
        changed["name"] = element.escalation_code if element.event == "escalation" else element.error_code
    return changed


def _gains_boundary(plan: Plan, node: Node) -> bool:
    goes_to = plan.elements[node.task_spec.bpmn_id]
    return not node.task_spec.has_boundary and any(_attached(plan, goes_to))


def _attached(plan: Plan, element_id: str) -> Iterator[Element]:
    return (each for each in plan.target.diagram.elements.values() if each.attached_to == element_id)


def _rewrite_variables(tx: Transaction, live: Live, renaming: Renaming) -> None:
    columns = (variable.c.scope, variable.c.kind, variable.c.name, variable.c.value)
    of_instance = variable.c.instance_id == live.instance_id
    before = {tuple(row) for row in tx.connection.execute(sa.select(*columns).where(of_instance))}
    after = set(renaming.variables(sorted(before)))
    for scope, kind, name, _ in before - after:
        key = (variable.c.scope == scope, variable.c.kind == kind, variable.c.name == name)
        tx.connection.execute(sa.delete(variable).where(of_instance, *key))
    names = [column.name for column in columns]
    rows = [{"instance_id": live.instance_id, **dict(zip(names, row, strict=True))} for row in sorted(after - before)]
    if rows:
        tx.connection.execute(sa.insert(variable), rows)


def _rewrite_incidents(tx: Transaction, plan: Plan, live: Live, renaming: Renaming) -> None:
    """What is open stands where its token stands."""
    standing = {node.id for node in live.tree.nodes() if is_own(node.workflow)}
    rows = tx.connection.execute(
        sa.select(incident.c.id, incident.c.number, incident.c.element_id, incident.c.signature).where(
            incident.c.instance_id == live.instance_id, incident.c.state.in_(OPEN_INCIDENT)
        )
    ).all()
    for row in rows:
        if row.number in standing:
            changed = {
                "element_id": plan.elements[row.element_id],
                "signature": renaming.signature(row.element_id, row.signature),
            }
            tx.connection.execute(sa.update(incident).where(incident.c.id == row.id).values(changed))


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
        assert owner is not None
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
    for element in _attached(plan, host.task_spec.bpmn_id):
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
    scope = node.internal_data.pop("scope", None)
    if scope is not None:
        scopes_of(node).close(scope)
    if wait.kind == "incident":  # until it is retried
        wait.step_key = None
        live.tree.changed[node.id] = node
    else:
        live.resume(node)


def settle_stall(tx: Transaction, live: Live, version: int) -> None:
    """An incident of the instance as a whole was about the old version; the watchdog looks again."""
    rows = tx.connection.execute(
        sa.select(incident.c.id).where(
            incident.c.instance_id == live.instance_id, incident.c.number == 0, incident.c.state == "open"
        )
    ).all()
    for row in rows:
        live.outcomes.append(Outcome(row.id, "passed", f"migrated to version {version}"))
        live.settled += 1


def repeatable_ids(process: Any) -> frozenset[str]:
    """Elements, of a process and all inside it, whose visits are counted."""
    found: set[str] = set()
    ahead = [process]
    while ahead:
        for spec in ahead.pop().task_specs.values():
            element_id = getattr(spec, "bpmn_id", None)
            if element_id is not None and spec.repeatable:
                found.add(element_id)
            inside = getattr(spec, "inner", None)
            if inside is not None:
                ahead.append(inside)
    return frozenset(found)


def given_text(given: Mapping[str, str | None]) -> dict[str, str | None]:
    """The mapping as the history keeps it."""
    return dict(sorted(given.items()))
