"""The worker's lease: its claims are good as long as it is renewed, and are taken over once it runs out."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from threading import Lock

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.core.ids import new_id
from app.core.log import Logger
from app.engine import workers
from app.engine.workers import IDLE, Busy


class Lease:
    """`owner` is the id that claims carry; it changes when a lease was lost, because its claims went with it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        logger: Logger,
        lease_s: float,
        busy: Callable[[], Busy] = lambda: IDLE,
    ) -> None:
        """`busy` is asked at each renewal; it must not wait for anything."""
        self._database = database
        self._clock = clock
        self._logger = logger
        self._busy = busy
        self._lock = Lock()
        self._renewed_at = time.monotonic()
        self.lease_s = lease_s
        self.owner = new_id()

    def is_over(self) -> bool:
        """Whether this process let the lease run out, standing still perhaps, and may not know it yet."""
        return time.monotonic() - self._renewed_at > self.lease_s

    def begin(self, *, alone: bool) -> None:
        """`alone`: this installation has no other process, so every other lease is a dead one's and ends now."""
        began = time.monotonic()
        with self._database.transaction(synced=False) as tx:
            gone = workers.retire_others(tx, self.owner) if alone else 0
            self._enlist(tx, self.owner)
        self._renewed_at = began
        if gone:
            self._logger.info("took over from workers that are gone", workers=gone)

    def renew(self) -> bool:
        """False when the lease had run out: there is a new owner id, and what was claimed under the old is repeated."""
        with self._lock:
            began, lost = time.monotonic(), self.owner
            with self._database.transaction(synced=False) as tx:
                renewed = workers.renew(tx, lost, self._clock.now(), self.lease_s, self._busy())
                found = lost if renewed else new_id()
                if not renewed:
                    self._enlist(tx, found)
            self.owner, self._renewed_at = found, began
        if not renewed:
            self._logger.error("lost the lease: it was not renewed in time", lost=lost, owner=found)
        return renewed

    def _enlist(self, tx: Transaction, owner: str) -> None:
        now, busy = self._clock.now(), self._busy()
        workers.enlist(tx, owner, socket.gethostname(), os.getpid(), now, self.lease_s, busy)

    def end(self) -> None:
        with self._lock, self._database.transaction(synced=False) as tx:
            workers.retire(tx, self.owner)
