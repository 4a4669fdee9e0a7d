"""Jobs are created, paused, resumed, stopped and looked at here. Nothing here does their work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput
from app.core.ids import new_id
from app.core.jobs import views
from app.core.jobs.kinds import Kinds
from app.core.jobs.tables import JOB_MOVES, ItemState, JobState, job, job_item
from app.core.jobs.views import ItemView, JobView, UnknownJob

__all__ = ["JobRefused", "Jobs", "NewJob", "UnknownJob"]

MOST_ITEMS = 50_000
MOST_PER_S = 1000.0
SLOWEST_PER_S = 0.001
PLAN_HOLDS = timedelta(hours=1)  # what was frozen earlier is no longer what somebody has in mind


class JobRefused(InvalidInput):
    """A job that cannot be created as it was asked for."""


@dataclass(frozen=True)
class NewJob:
    """What is to be done to which targets, in which order, by whom and why.

    `targets` may be a query of ids, done in their order: then any number, and none of them passes through memory.
    `one_first`: others are begun when one has passed. `planned`: nothing is done before it is started.
    """

    kind: str
    title: str
    parameters: dict[str, Any]
    targets: Sequence[str] | sa.Select[str]
    by: str
    reason: str
    rate_per_s: float = 10
    stop_after_failures: int | None = None
    one_first: bool = False
    planned: bool = False


class Jobs:
    """Each door takes the caller's transaction or connection and commits nothing."""

    def __init__(self, kinds: Kinds, clock: Clock) -> None:
        self._kinds = kinds
        self._clock = clock

    def create(self, tx: Transaction, new: NewJob) -> str:
        """Freeze the targets and begin, unless it is only planned; the job's id."""
        self._check(new)
        job_id, now = new_id(), self._clock.now()
        if new.planned:
            _drop_plans(tx, now)
        tx.connection.execute(
            sa.insert(job).values(
                id=job_id,
                kind=new.kind,
                title=new.title,
                parameters=new.parameters,
                process_id=new.parameters.get("process_id"),
                state=JobState.PLANNED if new.planned else JobState.RUNNING,
                by=new.by,
                reason=new.reason,
                rate_per_s=new.rate_per_s,
                stop_after_failures=new.stop_after_failures,
                one_first=int(new.one_first),
                total=0,
                begun=0,
                done=0,
                failed=0,
                skipped=0,
                begins_at=now,
                next_at=None if new.planned else now,
                created_at=now,
                updated_at=now,
            )
        )
        total = _freeze(tx, job_id, new.targets, now)
        tx.connection.execute(sa.update(job).where(job.c.id == job_id).values(total=total))
        return job_id

    def _check(self, new: NewJob) -> None:
        if self._kinds.get(new.kind) is None:
            raise JobRefused(f"There is no bulk work '{new.kind}'. Known are: {', '.join(self._kinds.names())}.")
        if not new.reason.strip():
            raise JobRefused("Say why: bulk work needs a reason.", path="$.reason")
        if not isinstance(new.targets, sa.Select):
            _check_targets(new.targets)
        if not SLOWEST_PER_S <= new.rate_per_s <= MOST_PER_S:
            raise JobRefused(f"Expected a rate of {SLOWEST_PER_S} to {MOST_PER_S:g} a second, found {new.rate_per_s}.")
        if new.stop_after_failures is not None and new.stop_after_failures < 1:
            raise JobRefused(f"Expected to stop after 1 failure or more, found {new.stop_after_failures}.")

    def start(self, tx: Transaction, job_id: str, by: str) -> None:
        """Begin what was planned, in the name of whoever says so; Conflict where its list has grown old."""
        row = self._lock(tx, job_id)
        JOB_MOVES.check(JobState(row.state), JobState.RUNNING, "The job")
        now = self._clock.now()
        if JobState(row.state) is not JobState.PLANNED:
            raise Conflict("The job was started already. Resume it if it is paused.")
        if row.created_at <= now - PLAN_HOLDS:
            raise Conflict("Its list is over an hour old. Plan it again, and start that.")
        changed = {"state": JobState.RUNNING, "by": by, "begins_at": now, "next_at": now, "updated_at": now}
        tx.connection.execute(sa.update(job).where(job.c.id == job_id).values(changed))

    def pause(self, tx: Transaction, job_id: str, by: str, reason: str) -> None:
        """Begin no further item until it is resumed; one that is being done is waited for."""
        self._move(tx, job_id, JobState.PAUSED, by, reason)

    def resume(self, tx: Transaction, job_id: str, by: str, reason: str) -> None:
        """Go on where it was paused; Conflict for one that is only planned."""
        self._move(tx, job_id, JobState.RUNNING, by, reason)

    def stop(self, tx: Transaction, job_id: str, by: str, reason: str) -> None:
        """End it for good; what is pending stays undone."""
        self._move(tx, job_id, JobState.STOPPED, by, reason)

    def _move(self, tx: Transaction, job_id: str, after: JobState, by: str, reason: str) -> None:
        if not reason.strip():
            raise JobRefused("Say why: a change of a job needs a reason.", path="$.reason")
        row = self._lock(tx, job_id)
        JOB_MOVES.check(JobState(row.state), after, "The job")
        now = self._clock.now()
        if after is JobState.RUNNING and JobState(row.state) is JobState.PLANNED:
            raise Conflict("The job is only planned: start it.")
        changed = {"state": after, "changed_by": by, "changed_reason": reason, "updated_at": now}
        if JOB_MOVES.is_final(after):
            changed["ended_at"] = now
        else:  # a paused one is seen to as well: something of it may be under way
            changed["next_at"] = now
        tx.connection.execute(sa.update(job).where(job.c.id == job_id).values(changed))

    def _lock(self, tx: Transaction, job_id: str) -> Any:
        columns = (job.c.state, job.c.created_at)
        row = tx.connection.execute(sa.select(*columns).where(job.c.id == job_id).with_for_update()).first()
        if row is None:
            raise views.unknown(job_id)
        return row

    def read(self, connection: sa.Connection, job_id: str) -> JobView:
        """UnknownJob if there is none."""
        return views.read(connection, job_id)

    def list_jobs(
        self,
        connection: sa.Connection,
        *,
        state: str | None = None,
        kind: str | None = None,
        among: Collection[str] | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[JobView], int]:
        """The youngest first, and how many there are in all. `among`: only those of one of these processes."""
        return views.list_jobs(connection, state=state, kind=kind, among=among, limit=limit, offset=offset)

    def list_items(
        self, connection: sa.Connection, job_id: str, *, state: str | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[ItemView], int]:
        """In the order in which they were given, and how many there are in all."""
        return views.list_items(connection, job_id, state=state, limit=limit, offset=offset)


def _check_targets(targets: Sequence[str]) -> None:
    if not 1 <= len(targets) <= MOST_ITEMS:
        raise JobRefused(f"Expected 1 to {MOST_ITEMS:,} targets, found {len(targets):,}.")
    if len(set(targets)) < len(targets):
        twice = next(target for target in targets if targets.count(target) > 1)
        raise JobRefused(f"'{twice}' is given twice. Nothing is done twice: give it once.")


def _freeze(tx: Transaction, job_id: str, targets: Sequence[str] | sa.Select[str], now: datetime) -> int:
    """How many items there are; Conflict for a query that finds nothing."""
    fresh = {"job_id": job_id, "state": ItemState.PENDING, "tries": 0, "due_at": now}
    if not isinstance(targets, sa.Select):
        rows = [{**fresh, "position": position, "target": target} for position, target in enumerate(targets)]
        tx.connection.execute(sa.insert(job_item), rows)
        return len(rows)
    (target,) = (found := targets.subquery()).c
    constants = [sa.literal(value, job_item.c[name].type) for name, value in fresh.items()]
    numbered = sa.select(*constants, sa.func.row_number().over(order_by=target) - 1, target).select_from(found)
    frozen = sa.insert(job_item).from_select([*fresh, "position", "target"], numbered)
    if total := tx.connection.execute(frozen.execution_options(preserve_rowcount=True)).rowcount:
        return total
    raise Conflict("There is nothing to do it to any more. Reload to see how things stand.")


def _drop_plans(tx: Transaction, now: datetime) -> None:
    """Those that nobody has started, and nobody can start any more."""
    old = sa.select(job.c.id).where(job.c.state == JobState.PLANNED, job.c.created_at <= now - PLAN_HOLDS)
    ids = list(tx.connection.execute(old.limit(10)).scalars())
    if ids:
        tx.connection.execute(sa.delete(job_item).where(job_item.c.job_id.in_(ids)))
        tx.connection.execute(sa.delete(job).where(job.c.id.in_(ids)))
