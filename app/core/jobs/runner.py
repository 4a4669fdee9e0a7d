"""Does the work of jobs, an item at a time, as fast as each of them allows."""

import time
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.core.errors import TurnupError
from app.core.jobs import progress
from app.core.jobs.kinds import Begun, Failed, Item, Kind, Kinds, NotYet, Passed, Skipped, Worked
from app.core.jobs.progress import Found
from app.core.jobs.tables import ItemState, job, job_item
from app.core.log import Logger

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
        return query.order_by(job.c.next_at, job.c.id)

    def _is_due(self) -> bool:
        with self._database.reading() as connection:
            return connection.execute(self._due().limit(1)).first() is not None

    def _take(self, tx: Transaction) -> sa.Row[Any] | None:
        """The job that has waited longest, locked until the transaction ends."""
        return tx.connection.execute(self._due().limit(1).with_for_update(skip_locked=True)).first()

    def _work(self, tx: Transaction, row: sa.Row[Any]) -> int:
        """One item that is under way is looked at, or else another begun."""
        now, before = self._clock.now(), dict(row._mapping)
        changed, ended = dict[str, Any](), 0
        found = progress.find_due(tx, before, now)
        if found is not None:
            state, worked = self._do(tx, before, found)
            _set_item(tx, row.id, found, state, worked, now)
            changed, ended = progress.after(before, found, state, worked, now), int(state in progress.ENDED)
        changed["next_at"] = progress.next_at(tx, {**before, **changed}, now)
        tx.connection.execute(sa.update(job).where(job.c.id == row.id).values(changed))
        return ended

    def _do(self, tx: Transaction, row: dict[str, Any], found: Found) -> tuple[ItemState, Worked]:
        kind = self._kinds.get(row["kind"])
        assert kind is not None
        item = Item(row["id"], found.target, row["parameters"], row["by"], row["reason"], found.begun_at)
        worked = self._try(tx, kind, item)
        state = progress.STATES[type(worked)]
        if isinstance(worked, NotYet) and found.tries + 1 >= MOST_TRIES:
            return ItemState.FAILED, Failed(worked.code, worked.message, differs=True)
        return state, worked

    def _try(self, tx: Transaction, kind: Kind, item: Item) -> Worked:
        try:
            with tx.connection.begin_nested():
                return kind(tx, item)
        except TurnupError as error:
            return Failed(error.code, error.message, differs=True)
        except (sa.exc.OperationalError, sa.exc.InterfaceError):  # the store's, not the item's
            raise
        except Exception as error:  # the scheduler tick's broad except, for each item: the others must not wait for it
            self._logger.exception("an item of a job failed", job=item.job_id, target=item.target)
            return Failed(type(error).__name__, str(error), differs=True)


def _set_item(tx: Transaction, job_id: str, found: Found, state: ItemState, worked: Worked, now: datetime) -> None:
    changed: dict[str, Any] = {"state": state, "outcome": _told(worked), "at": now}
    if found.begun_at is None:
        changed["tries"] = found.tries + 1
    if state is ItemState.PENDING:
        changed["due_at"] = now + timedelta(seconds=BUSY_S)
    elif state is ItemState.BEGUN:
        changed |= {"begun_at": found.begun_at or now, "due_at": progress.look_again(found.begun_at, now)}
    this = (job_item.c.job_id == job_id, job_item.c.position == found.position)
    tx.connection.execute(sa.update(job_item).where(*this).values(changed))


def _told(worked: Worked) -> dict[str, Any] | None:
    match worked:
        case Passed(detail=detail):
            return detail
        case Skipped(message=message):
            return {"message": message}
        case NotYet(code=code, message=message):
            return {"code": code, "message": message}
        case Failed(code=code, message=message, detail=detail):
            return {**detail, "code": code, "message": message}
        case Begun():
            return None
