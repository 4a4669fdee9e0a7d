"""Jobs are created, paused, resumed, stopped and looked at here. Nothing here does their work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.core.ids import new_id
from app.core.jobs import views
from app.core.jobs.kinds import Kinds
from app.core.jobs.tables import JOB_MOVES, ItemState, JobState, job, job_item
from app.core.jobs.views import ItemView, JobView, UnknownJob

__all__ = ["JobRefused", "Jobs", "NewJob", "UnknownJob"]

MOST_ITEMS = 50_000
MOST_PER_S = 1000.0
SLOWEST_PER_S = 0.001


class JobRefused(InvalidInput):
    """A job that cannot be created as it was asked for."""


@dataclass(frozen=True)
class NewJob:
    """What is to be done to which targets, in which order, by whom and why."""

    kind: str
    title: str
    parameters: dict[str, Any]
    targets: Sequence[str]
    by: str
    reason: str
    rate_per_s: float = 10
    stop_after_failures: int | None = None


class Jobs:
    """Each door takes the caller's transaction or connection and commits nothing."""

    def __init__(self, kinds: Kinds, clock: Clock) -> None:
        self._kinds = kinds
        self._clock = clock

    def create(self, tx: Transaction, new: NewJob) -> str:
        """Freeze the targets and begin; the job's id."""
        self._check(new)
        job_id, now = new_id(), self._clock.now()
        tx.connection.execute(
            sa.insert(job).values(
                id=job_id,
                kind=new.kind,
                title=new.title,
                parameters=new.parameters,
                state=JobState.RUNNING,
                by=new.by,
                reason=new.reason,
                rate_per_s=new.rate_per_s,
                stop_after_failures=new.stop_after_failures,
                total=len(new.targets),
                done=0,
                failed=0,
                skipped=0,
                next_at=now,
                created_at=now,
                updated_at=now,
            )
        )
        fresh = {"job_id": job_id, "state": ItemState.PENDING, "tries": 0, "due_at": now}
        rows = [{**fresh, "position": position, "target": target} for position, target in enumerate(new.targets)]
        tx.connection.execute(sa.insert(job_item), rows)
        return job_id

    def _check(self, new: NewJob) -> None:
        if self._kinds.get(new.kind) is None:
            raise JobRefused(f"There is no bulk work '{new.kind}'. Known are: {', '.join(self._kinds.names())}.")
        if not new.reason.strip():
            raise JobRefused("Say why: bulk work needs a reason.", path="$.reason")
        if not 1 <= len(new.targets) <= MOST_ITEMS:
            raise JobRefused(f"Expected 1 to {MOST_ITEMS:,} targets, found {len(new.targets):,}.")
        if len(set(new.targets)) < len(new.targets):
            twice = next(target for target in new.targets if new.targets.count(target) > 1)
            raise JobRefused(f"'{twice}' is given twice. Nothing is done twice: give it once.")
        if not SLOWEST_PER_S <= new.rate_per_s <= MOST_PER_S:
            raise JobRefused(f"Expected a rate of {SLOWEST_PER_S} to {MOST_PER_S:g} a second, found {new.rate_per_s}.")
        if new.stop_after_failures is not None and new.stop_after_failures < 1:
            raise JobRefused(f"Expected to stop after 1 failure or more, found {new.stop_after_failures}.")

    def pause(self, tx: Transaction, job_id: str, by: str, reason: str) -> None:
        """Begin no further item until it is resumed; one that is being done is waited for."""
        self._move(tx, job_id, JobState.PAUSED, by, reason)

    def resume(self, tx: Transaction, job_id: str, by: str, reason: str) -> None:
        """Go on where it was paused."""
        self._move(tx, job_id, JobState.RUNNING, by, reason)

    def stop(self, tx: Transaction, job_id: str, by: str, reason: str) -> None:
        """End it for good; what is pending stays undone."""
        self._move(tx, job_id, JobState.STOPPED, by, reason)

    def _move(self, tx: Transaction, job_id: str, after: JobState, by: str, reason: str) -> None:
        if not reason.strip():
            raise JobRefused("Say why: a change of a job needs a reason.", path="$.reason")
        row = tx.connection.execute(sa.select(job.c.state).where(job.c.id == job_id).with_for_update()).first()
        if row is None:
            raise views.unknown(job_id)
        JOB_MOVES.check(JobState(row.state), after, "The job")
        now = self._clock.now()
        changed = {"state": after, "changed_by": by, "changed_reason": reason, "updated_at": now}
        if JOB_MOVES.is_final(after):
            changed["ended_at"] = now
        tx.connection.execute(sa.update(job).where(job.c.id == job_id).values(changed))

    def read(self, connection: sa.Connection, job_id: str) -> JobView:
        """UnknownJob if there is none."""
        return views.read(connection, job_id)

    def list_jobs(
        self,
        connection: sa.Connection,
        *,
        state: str | None = None,
        kind: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[JobView], int]:
        """The youngest first, and how many there are in all."""
        return views.list_jobs(connection, state=state, kind=kind, limit=limit, offset=offset)

    def list_items(
        self, connection: sa.Connection, job_id: str, *, state: str | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[ItemView], int]:
        """In the order in which they were given, and how many there are in all."""
        return views.list_items(connection, job_id, state=state, limit=limit, offset=offset)
