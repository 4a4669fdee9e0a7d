"""What operators do about incidents; each action is recorded, and so is what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput, NotFound
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.engine.tables import incident


@dataclass(frozen=True)
class Action:
    """Who does what, and why; `reason` is mandatory."""

    name: str  # retry | retry_with_inputs | skip | choose
    by: str
    reason: str
    detail: dict[str, Any]


def find_open(tx: Transaction, incident_id: str) -> sa.Row[Any]:
    """The incident, if it can still be acted on; NotFound or Conflict."""
    row = tx.connection.execute(sa.select(incident).where(incident.c.id == incident_id)).first()
    if row is None:
        raise NotFound(f"There is no incident '{incident_id}'.")
    if row.state != "open":
        chosen = f"{row.action_by} has already chosen to {row.action.replace('_', ' ')}" if row.action else None
        done = chosen or "it is resolved"
        raise Conflict(f"This incident cannot be acted on: {done}. Reload to see what came of it.")
    if row.number == 0:
        raise Conflict(f"{row.message} No action on the step can help.")
    return row


def standing(live: Live, row: sa.Row[Any]) -> Node:
    """The token that fell out."""
    node = live.tree.find(row.number)
    if node is None or node.wait is None or node.wait.kind != "incident":
        raise Conflict("The step has moved on meanwhile. Reload to see where the instance is.")
    return node


def record(tx: Transaction, live: Live, node: Node, row: sa.Row[Any], action: Action, now: datetime) -> None:
    """Write down the action; its outcome follows when the step has passed or failed again."""
    if not action.reason.strip():
        raise InvalidInput("Say why: an action on an incident needs a reason.", path="$.reason")
    tx.connection.execute(
        sa.update(incident)
        .where(incident.c.id == row.id)
        .values(
            state="acted_on",
            action=action.name,
            action_by=action.by,
            action_reason=action.reason,
            action_detail=action.detail,
            acted_at=now,
        )
    )
    node.internal_data["incident"] = [row.id, row.signature]
    live.settled += 1
    live.note("action", node, action.by, action=action.name, reason=action.reason, **action.detail)
