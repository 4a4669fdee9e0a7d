"""Which item of a job comes next, and how far the job is after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.jobs.kinds import Begun, Failed, NotYet, Passed, Skipped, Worked
from app.core.jobs.tables import JOB_MOVES, ItemState, JobState, job_item
from app.core.pages import literal

BURST = timedelta(seconds=1)  # how far a job that was kept waiting may catch up
LOOK_S, LONGEST_LOOK_S = 1.0, 600.0  # before one that is under way is looked at again: a tenth of how long it has been
# What comes of the first is to be able to stop the rest: of those begun within that time so many may be under way. One
# that takes longer waits for something else, and nobody waits for it.
SETTLING = timedelta(seconds=60)
MOST_SETTLING = 50

STATES: dict[type[Worked], ItemState] = {
    Passed: ItemState.DONE,
    Skipped: ItemState.SKIPPED,
    Failed: ItemState.FAILED,
    NotYet: ItemState.PENDING,
    Begun: ItemState.BEGUN,
}
ENDED = frozenset({ItemState.DONE, ItemState.SKIPPED, ItemState.FAILED})
Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """An item whose turn it is; one with `begun_at` is under way."""

    position: int
    target: str
    tries: int
    due_at: datetime
    begun_at: datetime | None

    @property
    def state(self) -> ItemState:
        return ItemState.PENDING if self.begun_at is None else ItemState.BEGUN


def find_due(tx: Transaction, row: Row, now: datetime) -> Found | None:
    """One that is under way and is to be looked at, else one that may be begun."""
    found = _first(tx, row["id"], ItemState.BEGUN) if row["begun"] else None
    if found is not None and found.due_at <= now:
        return found
    if row["begins_at"] > now or not _may_begin(tx, row, now):
        return None
    found = _first(tx, row["id"], ItemState.PENDING)
    return found if found is not None and found.due_at <= now else None


def next_at(tx: Transaction, row: Row, now: datetime) -> datetime | None:
    """When the job is to be seen to again."""
    times = []
    if row["begun"] and (looked_at := _first(tx, row["id"], ItemState.BEGUN)) is not None:
        times.append(looked_at.due_at)
    if _may_begin(tx, row, now):
        pending = _first(tx, row["id"], ItemState.PENDING)
        times += [] if pending is None else [max(row["begins_at"], pending.due_at)]
    elif _begins(row):
        times.append(now + timedelta(seconds=LOOK_S))
    return min(times, default=None)


def look_again(begun_at: datetime | None, now: datetime) -> datetime:
    """The longer it has been under way, the less often."""
    age_s = 0.0 if begun_at is None else (now - begun_at).total_seconds()
    return now + timedelta(seconds=min(max(LOOK_S, age_s / 10), LONGEST_LOOK_S))


def after(row: Row, found: Found, state: ItemState, worked: Worked, now: datetime) -> Row:
    """What changes of the job with one more of its items."""
    names = ("begun", "done", "failed", "skipped")
    counts = {name: row[name] + (state == name) - (found.state == name) for name in names}
    changed: Row = {**counts, "updated_at": now}
    if found.begun_at is None:
        changed["begins_at"] = max(row["begins_at"], now - BURST) + timedelta(seconds=1 / row["rate_per_s"])
    if row["one_first"] and state in (ItemState.DONE, ItemState.FAILED):
        changed["one_first"] = 0
    moved, why = _move(row, counts, state, worked)
    if moved is not None and moved is not JobState(row["state"]):
        JOB_MOVES.check(JobState(row["state"]), moved, "The job")
        changed |= {"state": moved, "ended_at": now if JOB_MOVES.is_final(moved) else None}
        if why is not None:
            changed |= {"changed_by": None, "changed_reason": why}
    return changed


def _move(row: Row, counts: dict[str, int], state: ItemState, worked: Worked) -> tuple[JobState | None, str | None]:
    """Where the job goes by itself, and why, if that needs a word."""
    if JobState(row["state"]) is JobState.STOPPED:
        return None, None
    if counts["done"] + counts["failed"] + counts["skipped"] == row["total"]:
        return JobState.COMPLETED, None
    if row["one_first"] and isinstance(worked, Failed) and state is ItemState.FAILED:
        if worked.differs:
            return JobState.PAUSED, "The first one failed otherwise than before."
        return JobState.STOPPED, "The first one failed as before."
    if row["stop_after_failures"] is not None and counts["failed"] >= row["stop_after_failures"]:
        return JobState.STOPPED, f"{counts['failed']} failures"
    return None, None


def _begins(row: Row) -> bool:
    """Whether it begins items at all as it stands, be it later."""
    return JobState(row["state"]) is JobState.RUNNING and not (row["one_first"] and row["begun"])


def _may_begin(tx: Transaction, row: Row, now: datetime) -> bool:
    if not _begins(row):
        return False
    if row["begun"] < MOST_SETTLING:
        return True
    of_job = (job_item.c.job_id == row["id"], job_item.c.state == literal(str(ItemState.BEGUN)))
    recent = sa.select(job_item.c.position).where(*of_job, job_item.c.begun_at > now - SETTLING)
    return len(tx.connection.execute(recent.limit(MOST_SETTLING)).all()) < MOST_SETTLING


_COLUMNS = [job_item.c[name] for name in Found.__dataclass_fields__]


def _first(tx: Transaction, job_id: str, state: ItemState) -> Found | None:
    """By the time when it is due; the state is written out, for each has a partial index."""
    query = sa.select(*_COLUMNS).where(job_item.c.job_id == job_id, job_item.c.state == literal(str(state)))
    row = tx.connection.execute(query.order_by(job_item.c.due_at, job_item.c.position).limit(1)).first()
    return None if row is None else Found(**row._mapping)
