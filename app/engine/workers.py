"""Who runs handlers: each worker renews one lease, and its claims last as long as the lease."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.core.db import Transaction
from app.engine.tables import worker


class Busy(NamedTuple):
    """How many hands a worker has, and how many of them run handlers."""

    hands: int
    busy: int


IDLE = Busy(0, 0)


def enlist(
    tx: Transaction, worker_id: str, host: str, pid: int, now: datetime, lease_s: float, busy: Busy = IDLE
) -> None:
    """Begin to hold claims; a worker that was taken for dead enlists again under a new id."""
    row = {"id": worker_id, "host": host, "pid": pid, "started_at": now, **_alive(now, lease_s, busy)}
    tx.connection.execute(sa.insert(worker).values(row))


def renew(tx: Transaction, worker_id: str, now: datetime, lease_s: float, busy: Busy = IDLE) -> bool:
    """False if the lease ran out meanwhile: others may have taken the claims over."""
    mine = (worker.c.id == worker_id, worker.c.lease_until >= now)
    renewed = tx.connection.execute(sa.update(worker).where(*mine).values(_alive(now, lease_s, busy)))
    return bool(renewed.rowcount == 1)


def _alive(now: datetime, lease_s: float, busy: Busy) -> dict[str, Any]:
    return {"renewed_at": now, "lease_until": now + timedelta(seconds=lease_s), **busy._asdict()}


def lease_until(connection: sa.Connection, worker_id: str) -> datetime | None:
    """When the worker's lease ends, or ended; None for one that is not enlisted."""
    row = connection.execute(sa.select(worker.c.lease_until).where(worker.c.id == worker_id)).first()
    return None if row is None else row.lease_until


def retire(tx: Transaction, worker_id: str) -> None:
    """Give up the lease now; whatever it still claims is taken over."""
    tx.connection.execute(sa.delete(worker).where(worker.c.id == worker_id))


def retire_others(tx: Transaction, worker_id: str) -> int:
    """For the one process of an embedded installation: no other worker can be alive."""
    return int(tx.connection.execute(sa.delete(worker).where(worker.c.id != worker_id)).rowcount)


def dead_among(connection: sa.Connection, owners: Iterable[str], now: datetime) -> set[str]:
    """Those of the owners whose lease is over."""
    asked = set(owners)
    if not asked:
        return set()
    alive = connection.execute(sa.select(worker.c.id).where(worker.c.id.in_(asked), worker.c.lease_until >= now))
    return asked - {row.id for row in alive}


def forget_dead(tx: Transaction, since: datetime) -> int:
    """Drop the workers whose lease was over by then. An id that is not there counts as dead, as one past its lease."""
    return int(tx.connection.execute(sa.delete(worker).where(worker.c.lease_until < since)).rowcount)
