"""Workers that the store knows: who is alive, since when, and how busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.core.pages import literal
from app.engine.tables import token, worker


@dataclass(frozen=True)
class WorkerView:
    """`busy` of its `hands` ran a handler at `renewed_at`, its last sign of life. `claims` are steps it has claimed."""

    id: str
    host: str
    pid: int
    started_at: datetime
    renewed_at: datetime
    lease_until: datetime
    hands: int
    busy: int
    claims: int
    is_alive: bool


def list_workers(connection: sa.Connection, now: datetime) -> list[WorkerView]:
    """Those alive first, the oldest first among them. One whose lease is over is forgotten after a while."""
    claims = sa.select(token.c.claimed_by, sa.func.count()).where(token.c.kind == literal("claim"))
    claimed = {row[0]: row[1] for row in connection.execute(claims.group_by(token.c.claimed_by))}
    rows = connection.execute(sa.select(worker).order_by(worker.c.started_at, worker.c.id))
    views = [
        WorkerView(**row._mapping, claims=claimed.get(row.id, 0), is_alive=row.lease_until >= now) for row in rows
    ]
    return sorted(views, key=lambda view: not view.is_alive)
