"""The time limits of the handlers that run now. A Python thread cannot be killed: at the limit it is given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread

from app.engine.steps import ClaimedStep


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """A handler at work."""

    step: ClaimedStep
    thread: Thread
    limit_s: float
    ends_at: float  # on the monotonic clock
    started_at: datetime


class Limits:
    """Each call is either released by its own thread or expired by the watch, never both."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: set[Running] = set()

    def watch(self, running: Running) -> None:
        with self._lock:
            self._running.add(running)

    def release(self, running: Running) -> bool:
        """False when the call was expired before: its slot is taken, and its result is late."""
        with self._lock:
            if running not in self._running:
                return False
            self._running.remove(running)
            return True

    def expired(self, now: float) -> list[Running]:
        with self._lock:
            over = [running for running in self._running if running.ends_at <= now]
            self._running.difference_update(over)
            return over

    def count(self) -> int:
        with self._lock:
            return len(self._running)
