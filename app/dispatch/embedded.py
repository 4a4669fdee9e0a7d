"""Dispatch within one process: wake-ups go straight to the worker, which is the only one."""

from __future__ import annotations

from app.core.clock import Clock
from app.core.db import Database
from app.dispatch.gatekeeper import Gatekeeper
from app.dispatch.upkeep import Upkeep
from app.dispatch.wakeups import LocalWakeups
from app.dispatch.worker import Worker
from app.engine import sweeps


class Embedded:
    """The only process that works on its database: what other workers had claimed is taken over when it starts."""

    def __init__(
        self,
        database: Database,
        wakeups: LocalWakeups,
        upkeep: Upkeep,
        gatekeeper: Gatekeeper,
        clock: Clock,
        worker: Worker,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._clock = clock
        self._worker = worker
        self._gatekeeper = gatekeeper
        self.upkeep = upkeep

    def start(self) -> None:
        self._worker.start(alone=True, due=self.upkeep.due)
        self._wakeups.listen(self._worker.wake, self.upkeep.due)
        self.upkeep.start(self.sweep)
        self._gatekeeper.start()

    @property
    def is_running(self) -> bool:
        return self.upkeep.is_running and self._gatekeeper.is_running

    def stop(self, timeout_s: float) -> bool:
        """Whether every handler finished in time."""
        self.upkeep.stop()
        self._gatekeeper.stop()
        return self._worker.drain(timeout_s)

    def sweep(self) -> None:
        """Start and wake whatever is due, and whatever a lost wake-up has left lying."""
        self.upkeep.start_due()
        with self._database.reading() as connection:
            found = sweeps.due_instances(connection, self._clock.now())
        for instance_id, priority in found.items():
            self._worker.wake(instance_id, priority)
