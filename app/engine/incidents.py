"""What operators do about incidents; each action is recorded, and so is what came of it."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict, NotFound
from app.engine.actions import Action, note
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.engine.tables import incident


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
        raise Conflict(f"{row.message} No action on a step can help: move a token, rewind or cancel the instance.")
    return row


def standing(live: Live, row: sa.Row[Any]) -> Node:
    """The token that fell out."""
    node = live.tree.find(row.number)
    if node is None or node.wait is None or node.wait.kind != "incident":
        raise Conflict("The step has moved on meanwhile. Reload to see where the instance is.")
    return node


def record(tx: Transaction, live: Live, node: Node, row: sa.Row[Any], action: Action, now: datetime) -> None:
    """Write down the action; its outcome follows when the step has passed or failed again."""
    chosen = incident.c.id == row.id
    tx.connection.execute(sa.update(incident).where(chosen).values(state="acted_on", **_told(action, now)))
    node.internal_data["incident"] = [row.id, row.signature]
    live.settled += 1
    note(live, node, action)


def settle_by(
    tx: Transaction, live: Live, action: Action, outcome: Literal["passed", "cancelled"], now: datetime
) -> None:
    """A move that was no answer to an incident settles what fell out on its way, and the stall of the instance.

    The checkpoint resolves those of tokens that were ended.
    """
    here = sa.and_(incident.c.instance_id == live.instance_id, incident.c.state == "open")
    if live.dropped:
        ended = incident.c.number.in_([node.id for node in live.dropped])
        tx.connection.execute(sa.update(incident).where(here, ended).values(_told(action, now)))
    if live.incidents:
        came = {"outcome": outcome, "outcome_detail": action.detail.get("to"), "ended_at": now}
        resolved = {"state": "resolved", **came, **_told(action, now)}
        stalled = tx.connection.execute(sa.update(incident).where(here, incident.c.number == 0).values(resolved))
        live.settled += stalled.rowcount


def _told(action: Action, now: datetime) -> dict[str, Any]:
    return {
        "action": action.name,
        "action_by": action.by,
        "action_reason": action.reason,
        "action_detail": action.detail,
        "acted_at": now,
    }
