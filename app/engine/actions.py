"""What people do to instances: who, why and what, as rows of the history."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.engine.tables import history, process_instance


@dataclass(frozen=True)
class Action:
    """Who does what, and why: without a reason it is refused."""

    name: str  # retry | retry_with_inputs | skip | choose | complete | move | rewind | cancel | suspend | resume | send
    by: str
    reason: str
    detail: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise InvalidInput("Say why: what an operator does needs a reason.", path="$.reason")

    @property
    def facts(self) -> dict[str, Any]:
        return {"action": self.name, "reason": self.reason, **self.detail}


def note(live: Live, node: Node | None, action: Action) -> None:
    """A row of the history, with the instance's next checkpoint."""
    live.note("action", node, action.by, **action.facts)


def record(tx: Transaction, instance_ids: Sequence[str], action: Action, at: datetime, **changes: Any) -> int:
    """One revision of each instance, with a row of the history; the number changed. For what needs nothing loaded."""
    chosen = process_instance.c.id.in_(instance_ids)
    revision = process_instance.c.revision + 1
    changed = tx.connection.execute(
        sa.update(process_instance).where(chosen).values(revision=revision, updated_at=at, **changes)
    )
    row = {
        "instance_id": process_instance.c.id,
        "revision": process_instance.c.revision,
        "position": sa.literal(0),
        "at": sa.literal(at, history.c.at.type),
        "kind": sa.literal("action"),
        "actor": sa.literal(action.by),
        "detail": sa.literal(action.facts, history.c.detail.type),
    }
    tx.connection.execute(sa.insert(history).from_select(list(row), sa.select(*row.values()).where(chosen)))
    return int(changed.rowcount)
