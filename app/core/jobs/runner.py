"""Does the work of jobs, an item at a time, as fast as each of them allows."""

import time
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.core.errors import TurnupError
from app.core.jobs.kinds import Item, Kind, Kinds, NotYet, Passed, Skipped, Worked
from app.core.jobs.tables import JOB_MOVES, ItemState, JobState, job, job_item
from app.core.log import Logger

BURST = timedelta(seconds=1)  # how far a job that was kept waiting may catch up
BUSY_S = 5  # before a target that was not ready is tried again
MOST_TRIES = 24


class JobRunner:
    """Any number of them may tick at once, in one process or several: a job is in one transaction's hands at a time."""

    def __init__(self, database: Database, kinds: Kinds, clock: Clock, logger: Logger) -> None:
        self._database = database
        self._kinds = kinds
        self._clock = clock
        self._logger = logger

    def tick(self, budget_s: float = 0.5) -> int:
        """Do what may be done now, for about that long; how many items came to an end."""
        ends_at, worked = time.monotonic() + budget_s, 0
        while time.monotonic() < ends_at and self._is_due():
            with self._database.transaction() as tx:
                row = self._take(tx)
                if row is None:  # another process was first
                    break
                worked += self._work(tx, row)
        return worked

    def _due(self) -> sa.Select[Any]:
        query = sa.select(job).where(job.c.kind.in_(self._kinds.names()), job.c.next_at <= self._clock.now())
        return query.where(job.c.state == sa.literal(JobState.RUNNING, literal_execute=True)).order_by(
            job.c.next_at, job.c.id
        )

    def _is_due(self) -> bool:
        with self._database.reading() as connection:
            return connection.execute(self._due().limit(1)).first() is not None

    def _take(self, tx: Transaction) -> sa.Row[Any] | None:
        """The job that has waited longest, locked until the transaction ends."""
        return tx.connection.execute(self._due().limit(1).with_for_update(skip_locked=True)).first()

    def _work(self, tx: Transaction, row: sa.Row[Any]) -> int:
        kind, now = self._kinds.get(row.kind), self._clock.now()
        assert kind is not None  # nosec B101  # states an invariant
        next_one = tx.connection.execute(
            sa.select(job_item.c.position, job_item.c.target, job_item.c.tries, job_item.c.due_at)
            .where(job_item.c.job_id == row.id, job_item.c.state == sa.literal("pending", literal_execute=True))
            .order_by(job_item.c.due_at, job_item.c.position)
            .limit(1)
        ).one()
        if next_one.due_at > now:  # all that is left was busy
            _set_job(tx, row.id, next_at=next_one.due_at)
            return 0
        item = Item(row.id, next_one.target, row.parameters, row.by, row.reason)
        state, outcome = self._do(tx, kind, item, next_one.tries + 1)
        changed = {"state": state, "tries": next_one.tries + 1, "outcome": outcome, "at": now}
        if state is ItemState.PENDING:
            changed["due_at"] = now + timedelta(seconds=BUSY_S)
        tx.connection.execute(
            sa.update(job_item)
            .where(job_item.c.job_id == row.id, job_item.c.position == next_one.position)
            .values(changed)
        )
        _set_job(tx, row.id, **_progress(row, state, now))
        return int(state is not ItemState.PENDING)

    def _do(self, tx: Transaction, kind: Kind, item: Item, tries: int) -> tuple[ItemState, dict[str, Any]]:
        try:
            with tx.connection.begin_nested():
                return _ended(kind(tx, item), tries)
        except TurnupError as error:
            return ItemState.FAILED, {"code": error.code, "message": error.message}
        except (sa.exc.OperationalError, sa.exc.InterfaceError):  # the store's, not the item's
            raise
        except Exception as error:  # the scheduler tick's broad except, for each item: the others must not wait for it
            self._logger.exception("an item of a job failed", job=item.job_id, target=item.target)
            return ItemState.FAILED, {"code": type(error).__name__, "message": str(error)}


def _ended(worked: Worked, tries: int) -> tuple[ItemState, dict[str, Any]]:
    match worked:
        case Passed(detail=detail):
            return ItemState.DONE, detail
        case Skipped(message=message):
            return ItemState.SKIPPED, {"message": message}
        case NotYet(code=code, message=message):
            state = ItemState.PENDING if tries < MOST_TRIES else ItemState.FAILED
            return state, {"code": code, "message": message}


def _progress(row: sa.Row[Any], state: ItemState, now: datetime) -> dict[str, Any]:
    """The job after one more of its items."""
    counts = {name: getattr(row, name) + (state == name) for name in ("done", "failed", "skipped")}
    next_at = max(row.next_at, now - BURST) + timedelta(seconds=1 / row.rate_per_s)
    changed = {**counts, "next_at": next_at, "updated_at": now}
    after = None
    if sum(counts.values()) == row.total:
        after = JobState.COMPLETED
    elif row.stop_after_failures is not None and counts["failed"] >= row.stop_after_failures:
        after = JobState.STOPPED
        changed |= {"changed_by": None, "changed_reason": f"{counts['failed']} failures"}
    if after is not None:
        JOB_MOVES.check(JobState(row.state), after, "The job")
        changed |= {"state": after, "ended_at": now}
    return changed


def _set_job(tx: Transaction, job_id: str, **changed: Any) -> None:
    tx.connection.execute(sa.update(job).where(job.c.id == job_id).values(changed))
