"""What handlers' calls came to, counted in memory and added to the store every few seconds.

A process that is killed takes the last few seconds with it: these are figures, and no order depends on them.
"""

from __future__ import annotations

from collections import Counter
from threading import Lock

from app.core.clock import Clock
from app.core.db import Database
from app.engine import handler_hours
from app.engine.handler_hours import Counted


class Tally:
    """Safe to use from many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._counts: Counter[Counted] = Counter()

    def count(self, handler: str, outcome: str, seconds: float | None) -> None:
        """`seconds` is None for an attempt that was given up: its handler has not returned."""
        key = handler_hours.counted(self._clock.now(), handler, outcome, seconds)
        with self._lock:
            self._counts[key] += 1

    def store(self, database: Database) -> None:
        """Add what was counted since; what cannot be added now is added the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with database.transaction(synced=False) as tx:
                handler_hours.add(tx, counts)
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise
