"""Gives turns at gates: whenever a call there is over, and some times a second while steps are held.

Any number of processes may do so for one database: a turn is an instance that is asked for a look, once per revision.
"""

from __future__ import annotations

import threading

from app.core.clock import Clock
from app.core.db import Database
from app.core.log import Logger
from app.core.types import to_microseconds
from app.core.wakeups import Wakeups
from app.engine import sweeps
from app.engine.gates import rows
from app.engine.gates.doors import Gates

EVERY_S = 0.25
REFRESH_EVERY = 4  # rounds
SWEEP_EVERY = 240


class Gatekeeper:
    """One thread."""

    def __init__(self, database: Database, gates: Gates, wakeups: Wakeups, clock: Clock, logger: Logger) -> None:
        self._database = database
        self._gates = gates
        self._wakeups = wakeups
        self._clock = clock
        self._logger = logger
        self._wanted = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._keep, name="turnup-gates", daemon=True)

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def soon(self) -> None:
        """A call at a gate is over. Never waits; several at a time are one."""
        self._wanted.set()

    def _keep(self) -> None:
        round = 0
        while not self._stopping:
            try:
                if round % REFRESH_EVERY == 0:
                    self.refresh()
                if round % SWEEP_EVERY == SWEEP_EVERY - 1:
                    self.sweep()
                self.give_turns()
            except Exception:  # the scheduler tick's broad except: the next round looks again
                self._logger.exception("giving turns at gates failed")
            if not self._wanted.wait(EVERY_S):
                round += 1
            self._wanted.clear()

    def refresh(self) -> None:
        with self._database.reading() as connection:
            self._gates.refresh(connection)

    def give_turns(self) -> list[str]:
        """Ask for a look at the instances whose turn it is; which."""
        now = self._clock.now()
        with self._database.reading() as connection:
            seen = self._gates.whose_turn(connection, to_microseconds(now))
        if not seen:
            return []
        with self._database.transaction(synced=False) as tx:
            asked = sweeps.ask(tx, seen, now)
            for instance_id in asked:
                self._wakeups.wake(tx, instance_id)
        return asked

    def sweep(self) -> None:
        with self._database.transaction(synced=False) as tx:
            rows.sweep(tx)
