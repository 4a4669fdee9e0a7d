"""Whole processes: whether they stand still, and who let them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.engine import definitions
from app.engine.queries.instances import count_by_state
from app.engine.tables import process_instance, suspended_process


@dataclass(frozen=True)
class ProcessView:
    """`instances` is how many there are in each state. The three about its suspension are None while it goes."""

    process_id: str
    suspended_at: datetime | None
    suspended_by: str | None
    reason: str | None
    instances: dict[str, int]


def get_process(connection: sa.Connection, process_id: str) -> ProcessView:
    """UnknownProcess if no version of it is deployed."""
    definitions.find(connection, process_id)
    row = connection.execute(sa.select(suspended_process).where(suspended_process.c.process_id == process_id)).first()
    counts = count_by_state(connection, process_id)
    if row is None:
        return ProcessView(process_id, None, None, None, counts)
    return ProcessView(process_id, row.suspended_at, row.suspended_by, row.reason, counts)


def open_by_version(connection: sa.Connection, process_id: str | None = None) -> dict[tuple[str, int], int]:
    """How many instances of each version are not over, by (process id, version)."""
    table = process_instance.c
    query = sa.select(table.process_id, table.version, sa.func.count()).where(table.state.in_(("active", "suspended")))
    if process_id is not None:
        query = query.where(table.process_id == process_id)
    rows = connection.execute(query.group_by(table.process_id, table.version))
    return {(row[0], row[1]): row[2] for row in rows}
