"""No silent stall (DESIGN promise 6): an instance that nothing recorded can move becomes an incident."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.ids import new_id
from app.engine.tables import incident, process_instance, token

# What can move an instance, or has a person looking at it. A join or a sub-process waits for other tokens, and a
# boundary event that listens for errors waits for its activity: none of them moves anything by itself.
MOVING = ("job", "claim", "retry", "timer", "message", "callback", "user_task", "incident")
CODE = "Stalled"


@dataclass(frozen=True)
class Stall:
    """An instance that nothing will ever move."""

    instance_id: str
    elements: tuple[str, ...]  # where its tokens stand


def find_stalled(connection: sa.Connection, now: datetime, limit: int = 100) -> list[Stall]:
    """Active instances that were left alone for half a minute with no reason recorded that could move them."""
    quiet_since = now - timedelta(seconds=30)
    moving = sa.select(token.c.number).where(
        token.c.instance_id == process_instance.c.id, token.c.open == 1, token.c.kind.in_(MOVING)
    )
    rows = connection.execute(
        sa.select(process_instance.c.id)
        .where(
            process_instance.c.state == "active",
            process_instance.c.incidents == 0,
            process_instance.c.wake_at.is_(None),
            process_instance.c.updated_at <= quiet_since,
            ~moving.exists(),
        )
        .limit(limit)
    ).all()
    return [Stall(row.id, _standing(connection, row.id)) for row in rows]


def _standing(connection: sa.Connection, instance_id: str) -> tuple[str, ...]:
    rows = connection.execute(
        sa.select(token.c.element_id).where(token.c.instance_id == instance_id, token.c.open == 1)
    )
    return tuple(sorted({row.element_id for row in rows}))


def report(tx: Transaction, stall: Stall, now: datetime) -> bool:
    """Raise the incident; False if the instance moved meanwhile."""
    marked = tx.connection.execute(
        sa.update(process_instance)
        .where(
            process_instance.c.id == stall.instance_id,
            process_instance.c.state == "active",
            process_instance.c.incidents == 0,
        )
        .values(incidents=1, revision=process_instance.c.revision + 1)
    )
    if marked.rowcount != 1:
        return False
    places = ", ".join(stall.elements) or "no element at all"
    tx.connection.execute(
        sa.insert(incident).values(
            id=new_id(),
            instance_id=stall.instance_id,
            number=0,
            element_id=stall.elements[0] if stall.elements else None,
            code=CODE,
            message=f"Nothing can move this instance: its tokens stand at {places} and wait for each other. "
            "Correct the diagram (a parallel gateway that joins what an exclusive one split?).",
            signature=f"{CODE} {places}"[:500],
            detail={"elements": list(stall.elements)},
            attempt=0,
            state="open",
            raised_at=now,
        )
    )
    return True
