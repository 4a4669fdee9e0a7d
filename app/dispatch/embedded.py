"""Dispatch within one process: APScheduler holds the next due time and the sweeps, the worker does the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.core.clock import Clock
from app.core.db import Database
from app.core.jobs import JobRunner
from app.core.log import Logger
from app.dispatch.wakeups import LocalWakeups
from app.dispatch.witness import Witness
from app.dispatch.worker import Worker
from app.engine import inbox, sweeps, watchdog
from app.engine.doors import Engine

SWEEP_S = 1
JOBS_S = 1
WATCHDOG_S = 20
EXPIRED_S = 60
SWEEP_LIMIT = 500


class Embedded:
    """The only process that works on its database: what other workers had claimed is taken over when it starts."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        worker: Worker,
        wakeups: LocalWakeups,
        jobs: JobRunner,
        clock: Clock,
        logger: Logger,
        witness: Witness | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._worker = worker
        self._wakeups = wakeups
        self._jobs = jobs
        self._clock = clock
        self._logger = logger
        self._witness = witness or Witness()
        self._due_lock = Lock()
        self._next_due: datetime | None = None
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(3)},  # bulk work keeps no sweep waiting
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        # It warns whenever a job takes longer than its interval; `coalesce` is our answer to that.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def start(self) -> None:
        self._worker.start(alone=True, due=self.due)
        self._wakeups.listen(self._worker.wake, self.due)
        self._every(SWEEP_S, self.sweep)
        self._every(JOBS_S, self.work_at_jobs)
        self._every(WATCHDOG_S, self.watch)
        self._every(EXPIRED_S, self.drop_expired)
        self._scheduler.start()

    @property
    def is_running(self) -> bool:
        return bool(self._scheduler.running)

    def stop(self, timeout_s: float) -> bool:
        """Whether every handler finished in time."""
        self._scheduler.shutdown(wait=True)
        return self._worker.drain(timeout_s)

    def due(self, at: datetime) -> None:
        """Something falls due at that instant; only the earliest is kept, the next is looked up when it comes."""
        with self._due_lock:
            if self._next_due is not None and self._next_due <= at:
                return
            self._next_due = at
            wait = max(timedelta(0), at - self._clock.now())
            self._scheduler.add_job(
                self._tick(self._fall_due), "date", run_date=datetime.now(UTC) + wait, id="due", replace_existing=True
            )

    def _fall_due(self) -> None:
        with self._due_lock:
            self._next_due = None
        self.sweep()
        with self._database.reading() as connection:
            following = sweeps.next_due(connection)
        # What is overdue was woken by this sweep; were it woken in vain, the next one looks again.
        if following is not None and following > self._clock.now():
            self.due(following)

    def sweep(self) -> None:
        """Start and wake whatever is due, and whatever a lost wake-up has left lying."""
        with self._database.reading() as connection:
            found = sweeps.due_instances(connection, self._clock.now(), SWEEP_LIMIT)
            starts_due = sweeps.are_starts_due(connection, self._clock.now())
        if starts_due:
            with self._database.transaction(synced=False) as tx:
                self._engine.start_due(tx)
        for instance_id in found:
            self._worker.wake(instance_id)

    def work_at_jobs(self) -> None:
        """Do what bulk work may be done now."""
        self._jobs.tick()

    def watch(self) -> None:
        """Turn instances that nothing can move into incidents (DESIGN promise 6)."""
        with self._database.reading() as connection:
            stalled = watchdog.find_stalled(connection, self._clock.now())
        for stall in stalled:
            with self._database.transaction() as tx:
                if watchdog.report(tx, stall, self._clock.now()):
                    self._witness.stalled()
                    self._logger.error("stalled", instance=stall.instance_id, elements=list(stall.elements))

    def drop_expired(self) -> None:
        with self._database.transaction(synced=False) as tx:
            inbox.drop_expired(tx, self._clock)

    def _every(self, seconds: int, work: Callable[[], None]) -> None:
        self._scheduler.add_job(self._tick(work), "interval", seconds=seconds, id=work.__name__)

    def _tick(self, work: Callable[[], None]) -> Callable[[], None]:
        def tick() -> None:
            try:
                work()
            except Exception:  # the scheduler tick's broad except: the next tick looks again
                self._logger.exception("a periodic job failed", job=work.__name__)

        return tick
