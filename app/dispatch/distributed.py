"""Dispatch among many processes on PostgreSQL: Procrastinate carries the wake-ups, whoever has a hand free takes them.

The rows are the truth here too. Each process sweeps and keeps watch, with or without a worker of its own, so that the
end of any of them loses nothing.
"""

from __future__ import annotations

from datetime import timedelta

from app.core.clock import Clock
from app.core.db import Database
from app.core.log import Logger
from app.dispatch.gatekeeper import Gatekeeper
from app.dispatch.puller import Puller
from app.dispatch.queued import QueuedWakeups
from app.dispatch.upkeep import Upkeep
from app.dispatch.worker import Worker
from app.engine import sweeps, workers

# After that, a wake-up that was stored and not followed counts as lost.
LOST_AFTER = timedelta(seconds=5)
PAUSE = timedelta(milliseconds=500)
FORGOTTEN_AFTER = timedelta(hours=1)
TIDY_S = 60


class Distributed:
    """`worker` is None in a process that only serves."""

    def __init__(
        self,
        database: Database,
        wakeups: QueuedWakeups,
        upkeep: Upkeep,
        gatekeeper: Gatekeeper,
        clock: Clock,
        logger: Logger,
        worker: Worker | None,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._clock = clock
        self._logger = logger
        self._worker = worker
        self._gatekeeper = gatekeeper
        self.upkeep = upkeep
        self.puller = None if worker is None else Puller(database, worker, logger)

    def start(self) -> None:
        if self._worker is not None and self.puller is not None:
            self._worker.start(due=self.upkeep.due, on_free=self.puller.hand_is_free)
            self.puller.start()
        self.upkeep.every(TIDY_S, self.tidy)
        self.upkeep.start(self.sweep, PAUSE)
        self._gatekeeper.start()

    @property
    def is_running(self) -> bool:
        upkeeps = self.upkeep.is_running and self._gatekeeper.is_running
        return upkeeps and (self.puller is None or self.puller.is_pulling)

    def stop(self, timeout_s: float) -> bool:
        """Whether every handler finished in time. What is left is handed over: other workers are woken for it now."""
        self.upkeep.stop()
        self._gatekeeper.stop()
        if self._worker is None or self.puller is None:
            return True
        self.puller.stop()
        finished = self._worker.drain(timeout_s)
        left = self._worker.unfinished()
        with self._database.transaction() as tx:
            for instance_id in left:
                self._wakeups.wake(tx, instance_id)
        self._logger.info("handed over", instances=len(left))
        return finished

    def sweep(self) -> None:
        """Start and wake whatever is due, and whatever a lost wake-up left lying; each once, whoever else sweeps."""
        self.upkeep.start_due()
        now = self._clock.now()
        with self._database.reading() as connection:
            found = sweeps.due_instances(connection, now)
            queued = self._wakeups.pending(connection, found)
            seen = sweeps.unasked(connection, [one for one in found if one not in queued], now, LOST_AFTER)
        if seen:
            with self._database.transaction() as tx:
                for instance_id in sweeps.ask(tx, seen, now):
                    self._wakeups.wake(tx, instance_id)

    def tidy(self) -> None:
        """Drop what processes left behind that were killed."""
        with self._database.transaction() as tx:
            workers.forget_dead(tx, self._clock.now() - FORGOTTEN_AFTER)
            self._wakeups.drop_stalled(tx)
