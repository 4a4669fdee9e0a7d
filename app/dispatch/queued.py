"""Wake-ups as jobs of Procrastinate, stored in the transaction of the state that they belong to.

They carry nothing and never hold a lock of the queue. Those of one instance coalesce; one that is coalesced onto a job
that already runs would be lost, hence the order on both sides: whoever wakes an instance has written its row first, and
the job reads that row, locked, before it looks (`wait_for_writers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.core.priority import LOWEST
from app.engine.tables import process_instance

TASK = "turnup.wake"
LOOK, WORK = "look", "work"  # the queues: whoever has time may look; what has steps to run waits for a free hand

# Straight into the table: its function raises where a job is pending, which would end the caller's transaction.
# The more urgent instance comes first. Of equal ones a fresh one, which has not been looked at by anybody, waits for a
# hand behind those that have begun.
_RANK = f"({LOWEST} - priority) * 2 + CASE WHEN revision = 0 THEN 0 ELSE 1 END"
_DEFER = sa.text(f"""
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
    SELECT queue, '{TASK}', rank, queue || ':' || id, jsonb_build_object('instance_id', id)
    FROM (
        SELECT id, CASE WHEN w.steps OR revision = 0 THEN '{WORK}' ELSE '{LOOK}' END AS queue,
               {_RANK} AS rank
        FROM unnest(CAST(:ids AS text[]), CAST(:steps AS boolean[])) AS w(instance, steps)
        JOIN process_instance ON id = w.instance
        ORDER BY id
    ) AS woken
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
""")  # noqa: S608  constants of our own
# Not to be coalesced with: a wake-up for now must not wait for one of later.
_DEFER_UNTIL = sa.text(f"""
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, scheduled_at)
    SELECT '{LOOK}', '{TASK}', {_RANK}, jsonb_build_object('instance_id', id), :at FROM process_instance WHERE id = :id
""")  # noqa: S608  constants of our own
_PENDING = sa.text("""
    SELECT args ->> 'instance_id' FROM procrastinate_jobs
    WHERE status = 'todo' AND queueing_lock = ANY(CAST(:locks AS text[]))
""")
MOST_URGENT = f"""
    SELECT {LOWEST} - priority / 2 AS priority FROM procrastinate_jobs
    WHERE status = 'todo' AND queue_name = '{WORK}' ORDER BY procrastinate_jobs.priority DESC, id LIMIT 1
"""  # noqa: S608  constants of our own; the priority of the instance that a hand would be given next
# Its worker was killed, or has been frozen for a minute (heartbeats come every 10 s).
_STALLED = sa.text("""
    DELETE FROM procrastinate_jobs WHERE status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers AS w WHERE w.id = worker_id AND w.last_heartbeat > now() - interval '60 s'
    )
""")


@dataclass(frozen=True, slots=True)
class _Wish:
    instance_id: str
    steps: bool  # it has ready steps that only a free hand should claim
    at: datetime | None = None


class QueuedWakeups:
    """For PostgreSQL. Each transaction's wake-ups are its last statements, so that its rows are written by then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wake(self, tx: Transaction, instance_id: str, at: datetime | None = None) -> None:
        later = at if at is not None and at > self._clock.now() else None
        tx.before_commit(_store, _Wish(instance_id, False, later))

    def hand_on(self, tx: Transaction, instance_id: str) -> None:
        """Have some worker with a free hand claim the instance's ready steps."""
        tx.before_commit(_store, _Wish(instance_id, True))

    def pending(self, connection: sa.Connection, instance_ids: Iterable[str]) -> set[str]:
        """Those of the instances for which a job waits that nobody has begun."""
        locks = [f"{queue}:{instance_id}" for instance_id in instance_ids for queue in (LOOK, WORK)]
        return set(connection.scalars(_PENDING, {"locks": locks})) if locks else set()

    def drop_stalled(self, tx: Transaction) -> int:
        """Delete jobs whose worker was killed over them. The rows still say what they woke for, and sweeps find it."""
        return int(tx.connection.execute(_STALLED).rowcount)


def _store(tx: Transaction, wishes: list[_Wish]) -> None:
    """In the order of the ids: two transactions that wake the same instances never wait for each other."""
    now = {wish for wish in wishes if wish.at is None}
    if now:
        given = {"ids": [wish.instance_id for wish in now], "steps": [wish.steps for wish in now]}
        tx.connection.execute(_DEFER, given)
    for wish in wishes:
        if wish.at is not None:
            tx.connection.execute(_DEFER_UNTIL, {"id": wish.instance_id, "at": wish.at})


def wait_for_writers(database: Database, instance_id: str) -> int | None:
    """Return once every transaction that wrote the instance before now is over. Stores nothing. Its priority."""
    row = sa.select(process_instance.c.priority).where(process_instance.c.id == instance_id)
    with database.engine.connect() as connection:  # ends without a commit: there is nothing to wait for the disk for
        return connection.execute(row.with_for_update()).scalar()
