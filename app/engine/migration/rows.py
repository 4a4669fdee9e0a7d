"""An instance's rows, rewritten in the new version's names: what the loader of that version expects.

What is done keeps the names under which it was done; only what can still be taken back says what it is called by now.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.engine import past
from app.engine.diagram import Element
from app.engine.migration.arrivals import find_arrivals
from app.engine.migration.obstacles import own_workflows
from app.engine.migration.plan import Plan
from app.engine.migration.renaming import Renaming, is_own, iterates
from app.engine.signatures import cause_of, rename
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live, Outcome
from app.engine.tables import arrival, incident, process_instance, token, variable

OPEN_INCIDENT = ("open", "acted_on")


def rewrite(tx: Transaction, plan: Plan, live: Live, renaming: Renaming) -> None:
    """Give the rows of the instance the new version's names, and the instance the new version."""
    sources: dict[int, str] = {}
    for workflow in own_workflows(live):
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
    _rewrite_incidents(tx, plan, live)
    _rewrite_undo(tx, live, renaming)
    _rewrite_arrivals(tx, plan, live)
    begins_at = live.start_element
    if begins_at is not None and not live.begun:
        begins_at = plan.elements[begins_at]
    tx.connection.execute(
        sa.update(process_instance)
        .where(process_instance.c.id == live.instance_id)
        .values(
            definition_id=plan.target.definition_id,
            version=plan.target.version,
            next_number=live.tree.next_number,
            start_element=begins_at,
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
    alone = not node.task_spec.has_boundary and not iterates(node.workflow)
    return alone and any(attached(plan, plan.elements[node.task_spec.bpmn_id]))


def attached(plan: Plan, element_id: str) -> Iterator[Element]:
    """The boundary events of an activity of the new version that stand beside it."""
    elements = plan.target.diagram.elements.values()
    return (each for each in elements if each.attached_to == element_id and each.event != "compensate")


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


def _rewrite_incidents(tx: Transaction, plan: Plan, live: Live) -> None:
    """What is open stands where its token stands."""
    standing = {node.id for node in live.tree.nodes() if is_own(node.workflow)}
    rows = tx.connection.execute(
        sa.select(incident.c.id, incident.c.number, incident.c.element_id, incident.c.signature).where(
            incident.c.instance_id == live.instance_id, incident.c.state.in_(OPEN_INCIDENT)
        )
    ).all()
    for row in rows:
        if row.number in standing:
            element_id = plan.elements[row.element_id]
            renamed = rename(row.signature, row.element_id, element_id)
            changed = {"element_id": element_id, "signature": renamed, "cause": cause_of(renamed)}
            tx.connection.execute(sa.update(incident).where(incident.c.id == row.id).values(changed))


def _rewrite_undo(tx: Transaction, live: Live, renaming: Renaming) -> None:
    for row in past.read_rows(tx.connection, live.instance_id):
        before = row.undo or {}
        after = renaming.undo(past.name_now(row), before) if row.call == 0 else before
        if after is not before:
            where = (token.c.instance_id == live.instance_id, token.c.number == row.number)
            tx.connection.execute(sa.update(token).where(*where).values(undo=dict(after)))


def _rewrite_arrivals(tx: Transaction, plan: Plan, live: Live) -> None:
    """What is on its way to a suspended instance, which has not taken it."""
    of_instance = arrival.c.instance_id == live.instance_id
    for row in tx.connection.execute(sa.select(arrival.c.number, arrival.c.element_id).where(of_instance)).all():
        node = live.tree.find(row.number)
        if row.element_id in plan.elements and (node is None or is_own(node.workflow)):
            changed = {"element_id": plan.elements[row.element_id]}
            tx.connection.execute(sa.update(arrival).where(of_instance, arrival.c.number == row.number).values(changed))


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
