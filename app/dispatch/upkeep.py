"""What has to be done from time to time whatever happens: sweeps, the watchdog, messages past their time to live."""

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
from app.dispatch.tally import Tally
from app.dispatch.witness import Witness
from app.engine import handler_hours, inbox, sweeps, watchdog
from app.engine.doors import Engine
from app.identity.audit import seal
from app.migrations.run import steps_ahead

SWEEP_S = 1
JOBS_S = 1
WATCHDOG_S = 20
EXPIRED_S = 60
SEAL_S = 5
TALLY_S = 10
FIGURES_KEPT = timedelta(hours=48)


class Upkeep:
    """APScheduler holds the next due time and the rounds. Any number of processes may keep up one database."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        jobs: JobRunner,
        clock: Clock,
        logger: Logger,
        witness: Witness | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._jobs = jobs
        self._clock = clock
        self._logger = logger
        self._witness = witness or Witness()
        self._tally = tally or Tally(clock)
        self._sweep: Callable[[], None] = lambda: None
        self._pause = timedelta(0)
        self._due_lock = Lock()
        self._next_due: datetime | None = None
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(3)},  # bulk work keeps no sweep waiting
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        # It warns whenever a job takes longer than its interval; `coalesce` is our answer to that.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def start(self, sweep: Callable[[], None], pause: timedelta = timedelta(0)) -> None:
        """`sweep` starts and wakes whatever is due, and whatever a lost wake-up has left lying. Due times closer
        together than `pause` are swept together."""
        self._sweep, self._pause = sweep, pause
        self.every(SWEEP_S, sweep)
        self.every(JOBS_S, self.work_at_jobs)
        self.every(WATCHDOG_S, self.watch)
        self.every(EXPIRED_S, self.drop_expired)
        self.every(SEAL_S, self.seal_audit)
        self.every(TALLY_S, self.store_tally)
        self._scheduler.start()

    def stop(self) -> None:
        if self.is_running:
            self._scheduler.shutdown(wait=True)

    @property
    def is_running(self) -> bool:
        return bool(self._scheduler.running)

    def every(self, seconds: int, work: Callable[[], None]) -> None:
        self._scheduler.add_job(self._tick(work), "interval", seconds=seconds, id=work.__name__)

    def due(self, at: datetime) -> None:
        """Something falls due at that instant; only the earliest is kept, the next is looked up when it comes."""
        with self._due_lock:
            if self._next_due is not None and self._next_due <= at:
                return
            self._next_due = at
            wait = max(self._pause, at - self._clock.now())
            self._scheduler.add_job(
                self._tick(self._fall_due), "date", run_date=datetime.now(UTC) + wait, id="due", replace_existing=True
            )

    def _fall_due(self) -> None:
        with self._due_lock:
            self._next_due = None
        self._sweep()
        with self._database.reading() as connection:
            following = sweeps.next_due(connection)
        # What is overdue was woken by this sweep; were it woken in vain, the next one looks again.
        if following is not None and following > self._clock.now():
            self.due(following)

    def start_due(self) -> None:
        """Start the processes whose time has come."""
        with self._database.reading() as connection:
            are_due = sweeps.are_starts_due(connection, self._clock.now())
        if are_due:
            with self._database.transaction(synced=False) as tx:
                self._engine.start_due(tx)

    def work_at_jobs(self) -> None:
        """Do what bulk work may be done now."""
        self._jobs.tick()

    def watch(self) -> None:
        """Turn instances that nothing can move into incidents (DESIGN promise 6).

        Not while a later version has the schema: what it waits for may have no name here.
        """
        with self._database.reading() as connection:
            stalled = watchdog.find_stalled(connection, self._clock.now()) if steps_ahead(connection) <= 0 else []
        for stall in stalled:
            with self._database.transaction() as tx:
                if watchdog.report(tx, stall, self._clock.now()):
                    self._witness.stalled()
                    self._logger.error("stalled", instance=stall.instance_id, elements=list(stall.elements))
        with self._database.transaction(synced=False) as tx:
            watchdog.settle_failing(tx, self._clock.now())

    def drop_expired(self) -> None:
        with self._database.transaction(synced=False) as tx:
            inbox.drop_expired(tx, self._clock)
            handler_hours.forget(tx, self._clock.now() - FIGURES_KEPT)

    def store_tally(self) -> None:
        """What handlers' calls came to since."""
        self._tally.store(self._database)

    def seal_audit(self) -> None:
        """Seal what the audit has been told since."""
        with self._database.reading() as connection:
            is_wanted = seal.is_wanted(connection)
        while is_wanted:
            with self._database.transaction(synced=False) as tx:
                is_wanted = seal.seal(tx) == seal.AT_ONCE

    def _tick(self, work: Callable[[], None]) -> Callable[[], None]:
        def tick() -> None:
            try:
                work()
            except Exception:  # the scheduler tick's broad except: the next tick looks again
                self._logger.exception("a periodic job failed", job=work.__name__)

        return tick
