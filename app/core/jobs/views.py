"""What is read of jobs: how far each has come, and what came of its items."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.errors import NotFound
from app.core.jobs.tables import ItemState, JobState, job, job_item
from app.core.pages import literal


class UnknownJob(NotFound):
    """No job has that id."""


@dataclass(frozen=True)
class JobView:
    """`pending` is what `total` has beyond the other counts; `changed_by` without a name is the job itself.

    `one_first`: one has to pass before others are begun, and none has yet.
    """

    id: str
    kind: str
    title: str
    parameters: dict[str, Any]
    process_id: str | None
    state: JobState
    by: str
    reason: str
    rate_per_s: float
    stop_after_failures: int | None
    one_first: bool
    total: int
    begun: int
    done: int
    failed: int
    skipped: int
    changed_by: str | None
    changed_reason: str | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None

    @property
    def pending(self) -> int:
        return self.total - self.begun - self.done - self.failed - self.skipped


@dataclass(frozen=True)
class ItemView:
    """`outcome` has the error's code and message when it failed; while pending, why it could not be done yet."""

    position: int
    target: str
    state: ItemState
    tries: int
    outcome: dict[str, Any] | None
    at: datetime | None
    begun_at: datetime | None = None


_JOB = sa.select(*(column for column in job.columns if column.name not in ("begins_at", "next_at")))
_ITEM = sa.select(*(job_item.c[name] for name in ("position", "target", "state", "tries", "outcome", "at", "begun_at")))


def read(connection: sa.Connection, job_id: str) -> JobView:
    row = connection.execute(_JOB.where(job.c.id == job_id)).first()
    if row is None:
        raise unknown(job_id)
    return _view(row)


def unknown(job_id: str) -> UnknownJob:
    return UnknownJob(f"There is no job '{job_id}'.", job_id=job_id)


def list_jobs(
    connection: sa.Connection,
    *,
    state: str | None,
    kind: str | None,
    among: Collection[str] | None,
    limit: int,
    offset: int,
) -> tuple[list[JobView], int]:
    """The youngest first, and how many there are in all. `among`: only those of one of these processes."""
    query = _JOB
    if state is not None:
        query = query.where(job.c.state == state)
    if kind is not None:
        query = query.where(job.c.kind == kind)
    if among is not None:
        query = query.where(job.c.process_id.in_(sorted(among)))
    total = connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
    rows = connection.execute(query.order_by(job.c.id.desc()).limit(limit).offset(offset))  # ids sort by time
    return [_view(row) for row in rows], total


def list_items(
    connection: sa.Connection, job_id: str, *, state: str | None, limit: int, offset: int
) -> tuple[list[ItemView], int]:
    """In the order in which they were given, and how many there are in all; UnknownJob."""
    found = read(connection, job_id)
    query = _ITEM.where(job_item.c.job_id == job_id)
    if state is not None:
        query = query.where(job_item.c.state == literal(str(ItemState(state))))  # of what failed there is an index
    total = found.total if state is None else int(getattr(found, state))  # as the job has counted them
    rows = connection.execute(query.order_by(job_item.c.position).limit(limit).offset(offset))
    return [ItemView(**{**row._mapping, "state": ItemState(row.state)}) for row in rows], total


def _view(row: sa.Row[Any]) -> JobView:
    return JobView(**{**row._mapping, "state": JobState(row.state), "one_first": bool(row.one_first)})
