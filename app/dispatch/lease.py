"""The worker's lease: its claims are good as long as it is renewed, and are taken over once it runs out."""

from __future__ import annotations

import os
import socket
from threading import Lock

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.log import Logger
from app.engine import workers


class Lease:
    """`owner` is the id that claims carry; it changes when a lease was lost, because its claims went with it."""

    def __init__(self, database: Database, clock: Clock, logger: Logger, lease_s: float) -> None:
        self._database = database
        self._clock = clock
        self._logger = logger
        self._lock = Lock()
        self.lease_s = lease_s
        self.owner = new_id()

    def begin(self, *, alone: bool) -> None:
        """`alone`: this installation has no other process, so every other lease is a dead one's and ends now."""
        with self._database.transaction(synced=False) as tx:
            gone = workers.retire_others(tx, self.owner) if alone else 0
            workers.enlist(tx, self.owner, socket.gethostname(), os.getpid(), self._clock.now(), self.lease_s)
        if gone:
            self._logger.info("took over from workers that are gone", workers=gone)

    def renew(self) -> bool:
        """False when the lease had run out: there is a new owner id, and what was claimed under the old is repeated."""
        with self._lock, self._database.transaction(synced=False) as tx:
            now = self._clock.now()
            if workers.renew(tx, self.owner, now, self.lease_s):
                return True
            lost, found = self.owner, new_id()
            workers.enlist(tx, found, socket.gethostname(), os.getpid(), now, self.lease_s)
        self.owner = found
        self._logger.error("lost the lease: it was not renewed in time", lost=lost, owner=found, lease_s=self.lease_s)
        return False

    def end(self) -> None:
        with self._lock, self._database.transaction(synced=False) as tx:
            workers.retire(tx, self.owner)
